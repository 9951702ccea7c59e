/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares what should be with what is, for every gated session that is up: whether the walls stand, and whether anything
 * has passed all the same.
 *
 * Every two seconds a look at each session, O(1) a family: its update-groups, its place in the policy, what bgpd counts
 * of it. And a walk over every table of every instance, in which no path may come from a gated peer, nor be a copy of one
 * that does (VPN, VRF leaking, EVPN import); it takes a hundredth of the main thread while it runs, rests in between, and
 * serves all sessions at once. Nothing runs while no session is gated.
 *
 * A wall that is missing is put up again, and said. Where something has passed the session is shut, and stays so until a
 * person has looked at it (`clear peering violation`). bgpd's main thread only, never more than a few milliseconds.
 */
#ifndef PEERING_AUDIT_H
#define PEERING_AUDIT_H

#include "bgpd-peering/connection/connection.h"

/* A session is gated and up: the audit runs from now on. Safe in a hook. */
void audit_begin(void);

/* Whether the session is shut for a violation. */
bool audit_keeps_shut(const struct session *session);
/* A person has looked at it. */
void audit_forgive(struct connection *connection);

/* Since bgpd's start. */
struct audit_figures {
	uint64_t looks;		  /* at sessions */
	uint64_t walks;		  /* over all tables, whole ones */
	uint64_t paths;		  /* seen on them */
	uint64_t repairs;	  /* of walls */
	uint64_t violations;
	uint64_t longest_microseconds; /* that the main thread was held by it at a time */
};
const struct audit_figures *audit_figures(void);

#endif
