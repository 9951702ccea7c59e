/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `peering bypass`: a person gives sessions their own policy at once, whatever their connection's state, until the same
 * person or another one takes that back. It needs neither disk nor controller, resets nothing, and is remembered over a
 * restart where the journal can be written. It moves no state. bgpd's main thread only.
 */
#ifndef PEERING_BYPASS_H
#define PEERING_BYPASS_H

#include "bgpd-peering/connection/connection.h"

/* Of one connection, or, with NULL, of every session there is and will be. */
void bypass_begin(struct connection *connection, const char *actor, const char *reason);
/* Ends that one; where there is none, nothing happens. Gates close as the states prescribe, in slices. */
void bypass_end(struct connection *connection);

/* Whether the connection's sessions are open for a bypass. */
bool bypass_covers(const struct connection *connection);
/* The one of all sessions, NULL where there is none. */
const struct bypass *bypass_of_all(void);
/* How many connections have one of their own. */
unsigned int bypass_count(void);

/* What the journal says, at start only. `name` is NULL for that of all. */
void bypass_restore(const char *name, const struct bypass *bypass);

#endif
