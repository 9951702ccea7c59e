/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a gated peer sends: counted, kept, and made to announce nothing before bgpd looks at it.
 *
 * Hangs on bgpd's hook for received messages, as the last one: it runs before the message is parsed, on the very bytes
 * that will be. An UPDATE is taken into the session's Adj-RIB-In and then rewritten in place; the families of a CAPABILITY
 * message are noted and hidden. For any other peer it costs one look-up, and nothing where no session is gated. Whatever
 * the configuration says, bgpd meets no announcement of a gated peer. bgpd's main thread only.
 */
#ifndef PEERING_INBOUND_H
#define PEERING_INBOUND_H

#include "bgpd-peering/connection/connection.h"

#define INBOUND_KEPT_LEAST 100000u	   /* prefixes of a session and family; twice its limit where that is more */
#define INBOUND_KEPT_MOST (256u << 20) /* bytes, of all sessions */

void inbound_init(void);

/* From now on the established peer is gated. `from_the_start`: nothing of it has been parsed yet. */
void inbound_begin(struct session *session, struct peer *peer, bool from_the_start);
/* For watch.c: counts what the peer of a session announces, and keeps nothing of it. NULL where memory is short. */
struct adj_rib_in *inbound_counter(const struct session *session, const struct peer *peer);
/* Frees it, in slices. NULL is fine. */
void inbound_discard(struct adj_rib_in *rib);
/* An End-of-RIB has come. */
void inbound_note_end_of_rib(struct session *session, const struct bgp_update_summary *summary);

/* The session is down, or leaves the gate: nothing more is taken in, and what was kept is freed in slices. */
void inbound_end(struct session *session);

/* Whether what is kept is all that the peer announces now, so that it can be given to bgpd. */
bool inbound_is_complete(const struct session *session);

/*
 * The gate opens: gives bgpd what is kept, in front of whatever has come in meanwhile, in slices; then inbound_end(). What
 * the peer sends meanwhile overrules what it said before.
 */
void inbound_replay(struct session *session);

/* Whether the counts are all that the peer announces; else, and with an overflow, they are lower bounds. */
bool inbound_is_counted(const struct session *session);
uint64_t inbound_count(const struct session *session, enum counted_family family);
uint64_t inbound_default_count(const struct session *session, enum counted_family family);
bool inbound_overflow(const struct session *session, enum counted_family family);
/* A message could not be read to its end: the counts are not certain. */
bool inbound_malformed(const struct session *session);

#endif
