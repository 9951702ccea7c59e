/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the peer of a session in service announces: counted as it is while the gate is closed, and judged by the checks that
 * look at routes. Nothing is kept and nothing rewritten; bgpd reads each message as it came.
 *
 * There is a watch where a required check of the connection looks at routes, from the session's start or the gate's opening
 * until the session ends: also while its gate is closed in between, so that what it said before is known. It costs 43 to 85
 * bytes for each prefix, at most twice the limit or 100,000 a family. bgpd's main thread only.
 */
#ifndef PEERING_WATCH_H
#define PEERING_WATCH_H

#include "bgpd-peering/connection/connection.h"

/* The session is up and in service. `from_the_start`: what it announces now comes by from here on. Where there is a watch
 * already, or no check of the connection needs one, nothing happens. Safe in a hook. */
void watch_begin(struct session *session, struct peer *peer, bool from_the_start);
/* The session is down, or its connection out of service. */
void watch_end(struct session *session);
/* Its gate has closed. A peer that can be asked says again what was not heard. */
void watch_gate_closed(struct session *session);

/* Of every received UPDATE of a peer, before bgpd parses it. `again`: it was judged when it first came. */
void watch_take(struct session *session, const uint8_t *message, size_t size, bool again);

/* Whether the watch has seen all that the peer announces. False where there is none. */
bool watch_is_complete(const struct session *session);

uint64_t watch_count(const struct session *session, enum counted_family family);
uint64_t watch_default_count(const struct session *session, enum counted_family family);
bool watch_overflow(const struct session *session, enum counted_family family);
bool watch_malformed(const struct session *session);

#endif
