/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate: the only file that writes a peer's policy in bgpd.
 *
 * Closed (DENY ALL) it stands on two walls. The reserved route-map PEERING-DENY-ALL takes the operator's place in every
 * configured family and both directions; it is never defined, and bgpd denies everything to a neighbor that names an
 * undefined route-map, with or without this module. And the families that the session has negotiated are taken out of
 * bgpd's sight, so that the peer joins no update-subgroup: no announcement, no originated default, no conditional
 * advertisement is made for it. What the operator wants is kept in the session and given back at opening.
 *
 * bgpd's main thread only. Nothing here blocks, deletes a peer, or resets a session, but for gate_open() as it says.
 */
#ifndef PEERING_GATE_H
#define PEERING_GATE_H

#include "bgpd-peering/connection.h"

#define GATE_ROUTE_MAP "PEERING-DENY-ALL"

/*
 * Makes bgpd be as the session's gate prescribes. Closed: both walls stand afterwards, also where the neighbor has just
 * been made anew or somebody has typed another policy, which is kept as what is wanted now. Open: a reserved name that
 * an old file has brought back is replaced by what is wanted. Costs a look at each family where nothing is to do.
 * Safe in every hook of bgpd, and where bgpd has no such neighbor.
 */
void gate_assert(struct session *session);

/* Sets the gate and asserts it. Closed when it returns. */
void gate_close(struct session *session);

/*
 * Gives the operator's policy back, both directions, and lets bgpd announce. What the peer had sent is asked for again
 * by route refresh, or taken from soft-reconfiguration. Returns false where neither is to be had: then the session is
 * reset, the only way to learn those routes.
 */
bool gate_open(struct session *session);

/* Whether both walls stand on an established session, and nothing has passed: what the check gate-holds asks. O(1). */
struct gate_facts {
	bool walls;	     /* reserved route-map in place, and in no update-subgroup */
	uint64_t installed;  /* paths from the peer in the RIBs */
	uint64_t advertised; /* prefixes sent to the peer and not withdrawn */
};
void gate_inspect(const struct session *session, struct gate_facts *facts);

/* Paths from the peer in the RIB, and prefixes sent to it, of one family. O(1). */
uint64_t session_installed_count(const struct session *session, afi_t afi, safi_t safi);
uint64_t session_advertised_count(const struct session *session, afi_t afi, safi_t safi);

/* What applies or will apply: the name of the route-map that the operator wants there; NULL: none. */
const char *gate_operator_policy(const struct session *session, afi_t afi, safi_t safi, int direction);

/* The operator's line `peering gated neighbor …`, as typed or read from a file. NULL: inherit. */
void gate_want(struct session *session, afi_t afi, safi_t safi, int direction, const char *name);
void gate_want_nothing(struct session *session, afi_t afi, safi_t safi, int direction);

/* Keeps the neighbor administratively down with an RFC 9003 message, or takes that back where we had done it. */
void gate_shut(struct session *session, const char *message);
void gate_unshut(struct session *session);

#endif
