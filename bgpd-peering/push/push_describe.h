/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operation of a push would do, in a sentence: the answer to a dry run. bgpd's main thread only. */
#ifndef PEERING_PUSH_DESCRIBE_H
#define PEERING_PUSH_DESCRIBE_H

#include "bgpd-peering/connection/connection.h"

#include "lib/peering.pb-c.h"

/* `before` is NULL where no push had declared it; `declaration` is another one. */
void push_describe_declaration(const Peering__DeclareConnection *before, const Peering__DeclareConnection *declaration,
			       enum connection_state from, enum connection_state to, char *text, size_t size);
void push_describe_verb(const char *name, enum lifecycle_event event, enum connection_state from,
			const struct lifecycle_outcome *outcome, char *text, size_t size);

#endif
