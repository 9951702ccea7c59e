/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes back what the boot guard has shut while the module was not there: peering-boot-guard's own lines, told by their
 * words (lib/guard_words.h). bgpd's main thread only.
 */
#ifndef PEERING_GUARD_UNDO_H
#define PEERING_GUARD_UNDO_H

#include "bgpd-peering/frr_compat.h"

/*
 * At the end of a file, before connections settle: each session is as its own lines say then, and gated where it is. One
 * look at each neighbor. What the operator has shut stays shut, and what guard_keeps_shut() says.
 */
void guard_undo(void);

/* The guard has shut it, and nothing tells now whether it was gated: no session is known, and default-deny is not on. */
bool guard_keeps_shut(const struct peer *peer);

#endif
