/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operator's policy of a gated session: the reserved route-map stands in its place, and it is kept meanwhile.
 *
 * bgpd has one place for each family and direction. Its reserved tenant, PEERING-DENY-ALL, is never defined, and bgpd
 * denies everything to a neighbor that names an undefined route-map. Where somebody defines that name, another one takes
 * over that nobody has defined (PEERING-DENY-ALL-2, and so on). bgpd's main thread only.
 */
#ifndef PEERING_GATE_POLICY_H
#define PEERING_GATE_POLICY_H

#include "bgpd-peering/connection/connection.h"

#define GATE_ROUTE_MAP "PEERING-DENY-ALL"

/* The reserved name of a closed gate, which is defined nowhere now. Static, until the next call. */
const char *gate_policy_reserved_name(void);
/* Whether a name is one of the reserved ones, those of drain_policy.h included: nothing that the operator wants. */
bool gate_policy_is_reserved(const char *name);
/* Whether what stands in the place denies everything. O(1). */
bool gate_policy_stands(const struct peer *peer, afi_t afi, safi_t safi, int direction);

/* What bgpd does about the peer's routes when its inbound policy changes. */
enum gate_policy_learning {
	LEARN_NOTHING = 0,  /* it takes notice of the new policy alone */
	ASK_THE_PEER = 1,   /* by a ROUTE-REFRESH, where the peer takes one */
	TAKE_KEPT = 2,	    /* what `soft-reconfiguration inbound` has kept */
	ASK_OR_TAKE = 1 | 2 /* as bgpd does by itself */
};

/*
 * Puts the reserved name into both places of a family, where it does not stand already, and keeps what stood there.
 * `typed`: a line has just been typed at the neighbor, so that an empty place says that nothing is wanted. Returns whether
 * anything of somebody's had to give way.
 */
bool gate_policy_deny(struct session *session, struct peer *peer, afi_t afi, safi_t safi, bool typed,
		      enum gate_policy_learning learning);

/*
 * The same for a gate that drains: the operator's own policy, and graceful shutdown behind it (drain_policy.h). `typed` also
 * where the gate was open: an empty place says then that nothing is wanted.
 */
bool gate_policy_drain(struct session *session, struct peer *peer, afi_t afi, safi_t safi, bool typed,
		       enum gate_policy_learning learning);

/*
 * Puts what is wanted back where a reserved name stands. A place of which nobody has said what is wanted stays denied.
 */
void gate_policy_restore(struct session *session, struct peer *peer, afi_t afi, safi_t safi,
			 enum gate_policy_learning learning);

/* What applies or will apply: the name of the route-map that the operator wants there; NULL: none. */
const char *gate_policy_wanted(const struct session *session, afi_t afi, safi_t safi, int direction);
/* Whether anybody has said what the operator wants there, "nothing" included. */
bool gate_policy_is_known(const struct session *session, afi_t afi, safi_t safi, int direction);

/* The operator's line `peering gated neighbor …`, as typed or read, or the journal's. NULL: what the peer-group says. */
void gate_policy_want(struct session *session, afi_t afi, safi_t safi, int direction, const char *name);
void gate_policy_want_nothing(struct session *session, afi_t afi, safi_t safi, int direction);
/* The neighbor is gone from the configuration: nothing is wanted of it any more. */
void gate_policy_forget(struct session *session);

#endif
