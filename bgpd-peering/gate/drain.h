/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When gates drain: a connection of PendingRemove, until its drain ends, and an Active one in maintenance. What draining
 * does to a session is gate.h's.
 *
 * A drain ends with its timer, or before it where nothing has passed over the ports for a while. Maintenance ends by
 * itself only where it was told to. Both survive a restart of bgpd. bgpd's main thread only.
 */
#ifndef PEERING_DRAIN_H
#define PEERING_DRAIN_H

#include "bgpd-peering/connection/transition.h"

/* The connection has become PendingRemove. Where nothing is up and open there is nothing to drain, unless it is held: then what is down drains too. */
void drain_begin(struct connection *connection);
/* Whether it drains before it goes. */
bool drain_is_on(const struct connection *connection);
/* The drain is over: its gates close, and what can be shut is. Nothing where none is on. */
void drain_end(struct connection *connection, const char *why);

/* It ends by itself again, in its own time from now. Nothing where it is not held. */
void drain_release(struct connection *connection);

/*
 * `peering NAME maintenance on|off`: `seconds` 0: until somebody ends it; `reason` "" for none. Typed again it takes the
 * new time and reason. False with a refusal.
 */
bool drain_maintenance(struct connection *connection, bool on, uint32_t seconds, const char *actor, const char *reason,
		       struct verdict *verdict);
/*
 * The same for every Active connection with a session on `interface` (NULL: for every one), in slices. False with a
 * refusal where one that was asked for before is not done yet.
 */
bool drain_maintenance_of_port(const char *interface, bool on, uint32_t seconds, const char *actor, const char *reason,
			       struct verdict *verdict);

/*
 * What the journal says of a drain, or of a maintenance, and in which boot of the machine. In another one a drain begins
 * anew, and a maintenance ends when the wall clock says so.
 */
void drain_restored(struct connection *connection, const char *boot_id);
/* Looks from time to time at what drains. After a start, for each connection; idempotent. */
void drain_watch(struct connection *connection);

#endif
