/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who goes by a policy: sessions, whatever their gate, declarations, and other policies, pushed or typed. All of it is gone
 * through at once, for however many policies: some milliseconds for ten thousand neighbors. bgpd's main thread only.
 */
#ifndef PEERING_POLICY_USES_H
#define PEERING_POLICY_USES_H

#include "bgpd-peering/frr_compat.h"

#include "lib/peering.pb-c.h"

/*
 * One use of a policy. The kind is 0 where a rule of a route-map has the name, that of a list or something else, unless the
 * rule is FRR's own match of a prefix-list.
 */
typedef void policy_use(Peering__PolicyKind kind, const char *name, void *context);

/* Every one, as often as there are. */
void policy_uses_each(policy_use *found, void *context);
/* Those of bgpd's neighbors and groups. */
void policy_uses_by_neighbors(policy_use *found, void *context);
/* Those of all route-maps. */
void policy_uses_by_maps(policy_use *found, void *context);
/* Those of one route-map, of what it calls and matches. */
void policy_uses_of_map(const struct route_map *map, policy_use *found, void *context);
/* Redistribution, networks, aggregates: of a route-map FRR counts them. */
bool policy_is_counted(const char *route_map);

#endif
