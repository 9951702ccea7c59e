/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of a session: closed (DENY ALL) nothing passes in either direction, in any address family. Open, the operator's
 * policy applies; draining, it applies too, and graceful shutdown behind it (drain_policy.h).
 *
 * Outbound two walls stand. The session's families are taken out of bgpd's sight, so that the peer is in no
 * update-subgroup: no announcement, no originated default, no conditional advertisement is made for it. And the reserved
 * route-map stands in the operator's place (gate_policy.h). Inbound the reserved route-map stands too, and what the peer
 * announces is taken out of its messages before bgpd reads them (inbound.h).
 *
 * These files alone write a peer's policy in bgpd: gate.c, gate_policy.c, gate_closing.c, inbound.c. bgpd's main thread
 * only. Nothing here blocks, deletes a peer, or resets a session, but for gate_open() as it says.
 */
#ifndef PEERING_GATE_H
#define PEERING_GATE_H

#include "bgpd-peering/connection/connection.h"

/*
 * Makes bgpd be as the session's gate prescribes. Closed: the walls stand afterwards, also where the neighbor has just
 * been made anew or somebody has typed another policy, which is kept as what is wanted now; what had passed is taken back
 * (gate_closing.h). Open: a reserved name that an old file has brought back is replaced by what is wanted. Costs a look at
 * each family where nothing is to do. Safe in every hook of bgpd, and where bgpd has no such neighbor.
 */
void gate_assert(struct session *session);

/*
 * The same behind a line that somebody has typed at the neighbor: what the line has put into the operator's place, or has
 * taken out of it, is what the operator wants now, and is counted as an attempt.
 */
void gate_assert_typed(struct session *session, const char *line);

/* Of a gate that drains: bgpd makes its default anew in a moment, which is to be marked then. */
void gate_mark_default(struct session *session);

/* Sets the gate and asserts it. Closed when it returns. Routes of a peer that is down and restarts gracefully go too. */
void gate_close(struct session *session);

/* How the routes of the peer get into the table when the gate opens. */
enum gate_opening {
	OPENS_WITH_KEPT = 0,   /* those that were kept while it was closed */
	OPENS_WITH_REFRESH,    /* the peer is asked for them again */
	OPENS_WITH_RESET,      /* neither is to be had: the session is reset */
};
enum gate_opening gate_opening(const struct session *session);

/*
 * Gives the operator's policy back, both directions in one step, and lets bgpd take what was kept and announce; `position`
 * says whether the session is to be drained by it. From one of the two to the other no route goes: bgpd announces and
 * takes all of them anew. Returns false where the session had to be reset. Where a closing is still going on it opens at
 * its end.
 */
bool gate_open(struct session *session, enum gate_position position);

/* Whether an opening or closing of the session is still going on. */
bool gate_is_busy(const struct session *session);

/* The session has come up, and its gate is closed: the hook at Established, before its first route. */
void gate_session_up(struct session *session, struct peer *peer);
/* What a hook may not do: stale routes of the peer leave, and it is told that none of ours will come. */
void gate_session_settle(struct session *session);
/* It is down, or its neighbor gone. */
void gate_session_down(struct session *session);

/* Whether the walls stand on an established session, and nothing has passed: what the check gate-holds asks. O(1). */
struct gate_facts {
	bool walls;	     /* reserved route-map in place, families hidden, messages rewritten */
	bool in_group;	     /* in an update-subgroup of some family: bgpd may send to it */
	bool closing;	     /* what had passed before is being taken back */
	uint64_t installed;  /* paths from the peer in the RIBs */
	uint64_t advertised; /* prefixes sent to the peer and not withdrawn */
};
void gate_inspect(const struct session *session, struct gate_facts *facts);

/* Paths from the peer in the RIB, and prefixes sent to it, of one family. O(1). */
uint64_t session_installed_count(const struct session *session, afi_t afi, safi_t safi);
uint64_t session_advertised_count(const struct session *session, afi_t afi, safi_t safi);

/* Keeps the neighbor administratively down with an RFC 9003 message, or takes that back where we had done it. */
void gate_shut(struct session *session, const char *message);
void gate_unshut(struct session *session);
bool gate_is_shut_by_us(const struct session *session);

#endif
