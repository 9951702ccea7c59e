// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy_uses.h"

#include "bgpd-peering/connection.h"
#include "bgpd-peering/durable_state.h"
#include "bgpd-peering/policy_text.h"

#include "lib/linklist.h"

#include "lib/policy_object.h"

#define K(name) PEERING__POLICY_KIND__POLICY_KIND_##name

struct sought {
	Peering__PolicyKind kind;
	const char *name;
};

static bool is_it(const struct sought *sought, const char *name)
{
	return name && strcmp(name, sought->name) == 0;
}

/* ---- by bgpd's neighbors and groups ---- */

static bool filter_uses(const struct sought *sought, const struct bgp_filter *filter, afi_t afi)
{
	afi_t own = sought->kind == K(PREFIX_LIST_IPV4) ? AFI_IP : AFI_IP6;

	for (int way = 0; way < RMAP_MAX; way++)
		if (sought->kind == K(ROUTE_MAP) && is_it(sought, filter->map[way].name))
			return true;
	for (int way = 0; way < FILTER_MAX; way++)
		if ((policy_kind_is_prefix_list(sought->kind) && afi == own && is_it(sought, filter->plist[way].name)) ||
		    (sought->kind == K(AS_PATH_LIST) && is_it(sought, filter->aslist[way].name)))
			return true;
	return sought->kind == K(ROUTE_MAP) && (is_it(sought, filter->usmap.name) || is_it(sought, filter->advmap.aname) ||
						is_it(sought, filter->advmap.cname));
}

static bool peer_uses(const struct sought *sought, const struct peer *peer)
{
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi)
		if (filter_uses(sought, &peer->filter[afi][safi], afi) ||
		    (sought->kind == K(ROUTE_MAP) && is_it(sought, peer->default_rmap[afi][safi].name)))
			return true;
	return false;
}

static bool neighbors_use(const struct sought *sought)
{
	const struct listnode *instance, *node;
	const struct peer_group *group;
	const struct peer *peer;
	const struct bgp *bgp;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, instance, bgp)) {
		for (ALL_LIST_ELEMENTS_RO(bgp->peer, node, peer))
			if (peer_uses(sought, peer))
				return true;
		for (ALL_LIST_ELEMENTS_RO(bgp->group, node, group))
			if (peer_uses(sought, group->conf))
				return true;
	}
	return false;
}

/* ---- by connections, while a reserved route-map stands in its place too ---- */

static bool session_wants(const struct sought *sought, const struct session *session)
{
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi)
		for (int way = 0; way < RMAP_MAX; way++)
			if (is_it(sought, session->wanted[afi][safi][way].name))
				return true;
	return false;
}

static bool is_declared(const struct sought *sought, const Peering__DeclareConnection *declaration)
{
	for (size_t i = 0; declaration && i < declaration->n_neighbors; i++) {
		const Peering__Neighbor *neighbor = declaration->neighbors[i];

		for (size_t j = 0; j < neighbor->n_families; j++)
			if (is_it(sought, neighbor->families[j]->import_policy) ||
			    is_it(sought, neighbor->families[j]->export_policy))
				return true;
	}
	return false;
}

static bool connections_use(const struct sought *sought)
{
	static const Peering__PolicyKind lists[FAMILY_COUNT] = {
		[FAMILY_IPV4] = K(PREFIX_LIST_IPV4), [FAMILY_IPV6] = K(PREFIX_LIST_IPV6)};
	const struct connection *connection;
	const struct session *session;

	frr_each (connection_tree_const, &connections, connection) {
		for (int family = 0; family < FAMILY_COUNT; family++)
			if (sought->kind == lists[family] && is_it(sought, connection->allowed_prefixes[family]))
				return true;
		if (sought->kind != K(ROUTE_MAP))
			continue;
		frr_each (session_list_const, &connection->sessions, session)
			if (session_wants(sought, session))
				return true;
		/* What has ended is not wanted any more. */
		if (connection->state != STATE_NONE && is_declared(sought, durable_state_pushed_of(connection->name)))
			return true;
	}
	return false;
}

/* ---- by route-maps ---- */

static bool rule_names(const struct sought *sought, const struct route_map_rule *rule)
{
	size_t length = strlen(sought->name);

	/* "LIST exact-match", "as-path-access-list LIST": a name that stands anywhere there is taken for a use. */
	for (const char *at = rule->rule_str; at && (at = strstr(at, sought->name)); at += length)
		if ((at == rule->rule_str || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
			return true;
	return false;
}

static bool map_uses(const struct sought *sought, const struct route_map *map)
{
	for (const struct route_map_index *index = map->head; index; index = index->next) {
		if (sought->kind == K(ROUTE_MAP)) {
			if (is_it(sought, index->nextrm))
				return true;
			continue;
		}
		for (const struct route_map_rule *rule = index->match_list.head; rule; rule = rule->next)
			if (rule_names(sought, rule))
				return true;
		for (const struct route_map_rule *rule = index->set_list.head; rule; rule = rule->next)
			if (rule_names(sought, rule))
				return true;
	}
	return false;
}

/* FRR has them in one list, and shows neither of its ends: it is walked both ways from one that is put there for that. */
static bool route_maps_use(const struct sought *sought)
{
	struct route_map *stake = route_map_get("PEERING-LOOKS-FOR-USES");
	const struct route_map *map;
	bool found = false;

	for (map = stake->next; map && !found; map = map->next)
		found = !map->deleted && map_uses(sought, map);
	for (map = stake->prev; map && !found; map = map->prev)
		found = !map->deleted && map_uses(sought, map);
	stake->to_be_processed = false;
	route_map_delete(stake);
	return found;
}

/* Redistribution, networks, aggregates: of a route-map FRR counts them. */
static bool is_counted(const struct sought *sought)
{
	const struct route_map *map = sought->kind == K(ROUTE_MAP) ? route_map_lookup_by_name(sought->name) : NULL;

	return map && map->use_count > 0;
}

bool policy_is_used(Peering__PolicyKind kind, const char *name)
{
	struct sought sought = {.kind = kind, .name = name};

	return is_counted(&sought) || neighbors_use(&sought) || connections_use(&sought) || route_maps_use(&sought);
}
