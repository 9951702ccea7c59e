// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_uses.h"

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/push/push_confirm.h"

#include "lib/linklist.h"

#include "lib/policy_object.h"

#define K(name) PEERING__POLICY_KIND__POLICY_KIND_##name

/* Who is told of each use. */
struct uses {
	policy_use *found;
	void *context;
	const struct route_map *known; /* one that bgpd has */
};

static void use(struct uses *uses, Peering__PolicyKind kind, const char *name)
{
	if (!name || !name[0])
		return;
	if (kind == K(ROUTE_MAP) && !uses->known)
		uses->known = route_map_lookup_by_name(name);
	uses->found(kind, name, uses->context);
}

/* ---- by bgpd's neighbors and groups ---- */

static void filter_uses(struct uses *uses, const struct bgp_filter *filter, afi_t afi)
{
	for (int way = 0; way < RMAP_MAX; way++)
		use(uses, K(ROUTE_MAP), filter->map[way].name);
	for (int way = 0; way < FILTER_MAX; way++) {
		use(uses, afi == AFI_IP ? K(PREFIX_LIST_IPV4) : K(PREFIX_LIST_IPV6), filter->plist[way].name);
		use(uses, K(AS_PATH_LIST), filter->aslist[way].name);
	}
	use(uses, K(ROUTE_MAP), filter->usmap.name);
	use(uses, K(ROUTE_MAP), filter->advmap.aname);
	use(uses, K(ROUTE_MAP), filter->advmap.cname);
}

static void peer_uses(struct uses *uses, const struct peer *peer)
{
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi) {
		filter_uses(uses, &peer->filter[afi][safi], afi);
		use(uses, K(ROUTE_MAP), peer->default_rmap[afi][safi].name);
	}
}

static void neighbors_use(struct uses *uses)
{
	const struct listnode *instance, *node;
	const struct peer_group *group;
	const struct peer *peer;
	const struct bgp *bgp;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, instance, bgp)) {
		for (ALL_LIST_ELEMENTS_RO(bgp->peer, node, peer))
			peer_uses(uses, peer);
		for (ALL_LIST_ELEMENTS_RO(bgp->group, node, group))
			peer_uses(uses, group->conf);
	}
}

/* ---- by connections, while a reserved route-map stands in its place too ---- */

static void session_wants(struct uses *uses, const struct session *session)
{
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi)
		for (int way = 0; way < RMAP_MAX; way++)
			use(uses, K(ROUTE_MAP), session->wanted[afi][safi][way].name);
}

static void declaration_uses(struct uses *uses, const Peering__DeclareConnection *declaration)
{
	for (size_t i = 0; declaration && i < declaration->n_neighbors; i++) {
		const Peering__Neighbor *neighbor = declaration->neighbors[i];

		for (size_t j = 0; j < neighbor->n_families; j++) {
			use(uses, K(ROUTE_MAP), neighbor->families[j]->import_policy);
			use(uses, K(ROUTE_MAP), neighbor->families[j]->export_policy);
		}
	}
}

static void policy_uses(struct uses *uses, const Peering__Policy *policy)
{
	for (size_t i = 0; i < policy->n_entries; i++) {
		const Peering__RouteMapClause *clause = policy->entries[i]->clause;

		if (!clause)
			continue;
		use(uses, K(PREFIX_LIST_IPV4), clause->match_prefix_list_ipv4);
		use(uses, K(PREFIX_LIST_IPV6), clause->match_prefix_list_ipv6);
		use(uses, K(AS_PATH_LIST), clause->match_as_path);
		use(uses, K(COMMUNITY_LIST), clause->match_community);
		use(uses, K(LARGE_COMMUNITY_LIST), clause->match_large_community);
		use(uses, K(ROUTE_MAP), clause->call);
	}
}

/* By a rollback, which puts them back as they were, with what they refer to. */
static void rollback_uses(struct uses *uses, const struct unconfirmed_push *unconfirmed)
{
	for (size_t i = 0; i < unconfirmed->before_count; i++)
		declaration_uses(uses, unconfirmed->before[i].declaration);
	for (size_t i = 0; i < unconfirmed->policies.count; i++) {
		const struct push_policy *policy = &unconfirmed->policies.list[i];
		const struct policy_object *object = policy_object_find(policy->name);

		if (object && policy->change != PUSH_POLICY_MADE)
			use(uses, object->policy->kind, policy->name);
		if (policy->former)
			policy_uses(uses, policy->former);
	}
}

static void connections_use(struct uses *uses)
{
	static const Peering__PolicyKind lists[FAMILY_COUNT] = {
		[FAMILY_IPV4] = K(PREFIX_LIST_IPV4), [FAMILY_IPV6] = K(PREFIX_LIST_IPV6)};
	const struct unconfirmed_push *unconfirmed = push_unconfirmed();
	const struct connection *connection;
	const struct session *session;

	frr_each (connection_tree_const, &connections, connection) {
		for (int family = 0; family < FAMILY_COUNT; family++)
			use(uses, lists[family], connection->allowed_prefixes[family]);
		/* What has ended is not wanted any more, but for a neighbor that is there. */
		frr_each (session_list_const, &connection->sessions, session)
			if (connection->state != STATE_NONE || session_peer(session))
				session_wants(uses, session);
		if (connection->state != STATE_NONE)
			declaration_uses(uses, durable_state_pushed_of(connection->name));
	}
	if (unconfirmed)
		rollback_uses(uses, unconfirmed);
}

/* ---- by route-maps ---- */

/* "LIST exact-match", "as-path-access-list LIST": a name that stands anywhere there is taken for a use. */
static void rule_uses(struct uses *uses, const struct route_map_rule *rule)
{
	const char *word = rule->rule_str;
	char name[POLICY_NAME_MAX];

	if (strcmp(rule->cmd->str, "ip address prefix-list") == 0 || strcmp(rule->cmd->str, "ipv6 address prefix-list") == 0) {
		use(uses, rule->cmd->str[2] == ' ' ? K(PREFIX_LIST_IPV4) : K(PREFIX_LIST_IPV6), word);
		return;
	}
	while (word && *word) {
		size_t length = strcspn(word, " ");

		if (length < sizeof(name)) {
			memcpy(name, word, length);
			name[length] = '\0';
			use(uses, K(UNSPECIFIED), name);
		}
		word += length + strspn(word + length, " ");
	}
}

void policy_uses_of_map(const struct route_map *map, policy_use *found, void *context)
{
	struct uses uses = {.found = found, .context = context};

	for (const struct route_map_index *index = map->head; index; index = index->next) {
		use(&uses, K(ROUTE_MAP), index->nextrm);
		for (const struct route_map_rule *rule = index->match_list.head; rule; rule = rule->next)
			rule_uses(&uses, rule);
		for (const struct route_map_rule *rule = index->set_list.head; rule; rule = rule->next)
			rule_uses(&uses, rule);
	}
}

/*
 * FRR has them in one list, and shows neither of its ends: it is walked both ways from one that is known, or, where neighbors
 * know of none, from one that is put there for that. bgpd goes through its tables some seconds after that one is gone.
 */
static void route_maps_use(struct uses *uses)
{
	struct route_map *stake = uses->known ? NULL : route_map_get("PEERING-LOOKS-FOR-USES");
	const struct route_map *known = uses->known ? uses->known : stake;

	for (const struct route_map *map = known; map; map = map->next)
		if (!map->deleted)
			policy_uses_of_map(map, uses->found, uses->context);
	for (const struct route_map *map = known->prev; map; map = map->prev)
		if (!map->deleted)
			policy_uses_of_map(map, uses->found, uses->context);
	if (stake)
		route_map_delete(stake);
}

void policy_uses_each(policy_use *found, void *context)
{
	struct uses uses = {.found = found, .context = context};

	neighbors_use(&uses);
	connections_use(&uses);
	route_maps_use(&uses);
}

static void nobody(Peering__PolicyKind kind, const char *name, void *context)
{
}

void policy_uses_by_maps(policy_use *found, void *context)
{
	struct uses uses = {.found = nobody};

	neighbors_use(&uses);
	uses.found = found;
	uses.context = context;
	route_maps_use(&uses);
}

void policy_uses_by_neighbors(policy_use *found, void *context)
{
	struct uses uses = {.found = found, .context = context};

	neighbors_use(&uses);
}

bool policy_is_counted(const char *route_map)
{
	const struct route_map *map = route_map_lookup_by_name(route_map);

	return map && map->use_count > 0;
}
