/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who goes by a policy: bgpd's neighbors and groups, sessions, whatever their gate, declarations, and route-maps, pushed or
 * typed.
 *
 * There may be ten thousand neighbors: the names that they and the connections go by are gathered some at a time, and kept. A
 * line that is typed may make a new use, and what was gathered is worth nothing then. What else changes, policies of sessions
 * and declarations, is about route-maps alone: of lists, what was gathered is right all the same. bgpd's main thread only.
 */
#ifndef PEERING_POLICY_USES_H
#define PEERING_POLICY_USES_H

#include "bgpd-peering/frr_compat.h"

#include "lib/peering.pb-c.h"

/* ---- neighbors, groups and connections ---- */

enum {
	POLICY_USED_BY_FILTER = 1,     /* a neighbor or a group */
	POLICY_USED_BY_CONNECTION = 2, /* or one of its sessions, or what it is declared with */
	POLICY_USED_BY_INDEX = 4,      /* FRR has an index of the prefix-list, for a route-map that was typed */
	POLICY_USED_BY_ANYBODY = 7
};

/*
 * Gathers some of the names, a fraction of a millisecond's work. False: all are gathered, and nothing was typed since.
 * `anew`: and nothing else had changed when the gathering began.
 */
bool policy_uses_gather(bool anew);
/* Whether all are gathered, and nothing at all has changed since the gathering began. */
bool policy_uses_are_exact(void);
/* Who goes by it; ANYBODY, where not all are gathered. */
unsigned int policy_uses_of(Peering__PolicyKind kind, const char *name);
/* Rises with whatever may have made a new use, or ended one. */
uint64_t policy_uses_changes(void);

/* A line is about to be executed that may change the configuration. */
void policy_uses_typed(void);
/* What the operator wants of a session is another now, or what a rollback would put back. Connections and declarations count for themselves. */
void policy_uses_changed(void);
/* At the end of bgpd. */
void policy_uses_stop(void);

/* ---- route-maps, gone through at once ---- */

/*
 * One use of a policy. The kind is 0 where a rule of a route-map has the name, that of a list or something else, unless the
 * rule is FRR's own match of a prefix-list.
 */
typedef void policy_use(Peering__PolicyKind kind, const char *name, void *context);

/* Those of all route-maps, as often as there are. */
void policy_uses_by_maps(policy_use *found, void *context);
/* Those of one route-map, of what it calls and matches. */
void policy_uses_of_map(const struct route_map *map, policy_use *found, void *context);
/* Redistribution, networks, aggregates: of a route-map FRR counts them. */
bool policy_is_counted(const char *route_map);

#endif
