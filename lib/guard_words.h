/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By which the boot guard's lines are told from an operator's: in the configuration, and in bgpd. */
#ifndef PEERING_GUARD_WORDS_H
#define PEERING_GUARD_WORDS_H

/* What a shutdown message begins with, */
#define GUARD_MESSAGE "peering guard: "
/* what goes on where the neighbor is dynamic, and the guard has made one of that address to shut it, */
#define GUARD_DYNAMIC "dynamic, "
/* what goes on where it is a peer-group's: the range and group that are taken out, "listen range P peer-group G", */
#define GUARD_RANGE "listen range "
#define GUARD_RANGE_GROUP " peer-group "
/* and what the names of such groups begin with. */
#define GUARD_GROUP "PEERING-GUARD-"

#endif
