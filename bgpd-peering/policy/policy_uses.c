// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_uses.h"

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/router.h"

#include "lib/jhash.h"
#include "lib/linklist.h"
#include "lib/northbound.h"

#include "lib/policy_object.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_USES, "Peering uses of policies");

#define K(name) PEERING__POLICY_KIND__POLICY_KIND_##name
#define AT_A_TIME 32

/* ---- names ---- */

PREDECL_HASH(used_table);
struct used {
	struct used_table_item item;
	Peering__PolicyKind kind;
	const char *name; /* behind the structure */
	unsigned int by;
};

static int used_compare(const struct used *a, const struct used *b)
{
	return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->name, b->name);
}

static uint32_t used_hash(const struct used *used)
{
	return jhash(used->name, (uint32_t)strlen(used->name), (uint32_t)used->kind);
}

DECLARE_HASH(used_table, struct used, item, used_compare, used_hash);

static struct used_table_head names = INIT_HASH(names);

/* Lists of the same name are the same one, whatever their style. */
static Peering__PolicyKind place_of(Peering__PolicyKind kind)
{
	if (kind == K(COMMUNITY_LIST_EXPANDED))
		return K(COMMUNITY_LIST);
	return kind == K(LARGE_COMMUNITY_LIST_EXPANDED) ? K(LARGE_COMMUNITY_LIST) : kind;
}

static void note(Peering__PolicyKind kind, const char *name, unsigned int by)
{
	struct used *used;
	size_t length = name ? strlen(name) : 0;

	/* Nothing that is pushed has such a name. */
	if (!length || length >= POLICY_NAME_MAX)
		return;
	kind = place_of(kind);
	used = used_table_find(&names, &(struct used){.kind = kind, .name = name});
	if (!used) {
		char *copy;

		used = XCALLOC(MTYPE_PEERING_USES, sizeof(*used) + length + 1);
		copy = (char *)(used + 1);
		memcpy(copy, name, length);
		used->kind = kind;
		used->name = copy;
		used_table_add(&names, used);
	}
	used->by |= by;
}

/* ---- by bgpd's neighbors and groups ---- */

static void note_filter(const struct bgp_filter *filter, afi_t afi)
{
	for (int way = 0; way < RMAP_MAX; way++)
		note(K(ROUTE_MAP), filter->map[way].name, POLICY_USED_BY_FILTER);
	for (int way = 0; way < FILTER_MAX; way++) {
		note(afi == AFI_IP ? K(PREFIX_LIST_IPV4) : K(PREFIX_LIST_IPV6), filter->plist[way].name, POLICY_USED_BY_FILTER);
		note(K(AS_PATH_LIST), filter->aslist[way].name, POLICY_USED_BY_FILTER);
	}
	note(K(ROUTE_MAP), filter->usmap.name, POLICY_USED_BY_FILTER);
	note(K(ROUTE_MAP), filter->advmap.aname, POLICY_USED_BY_FILTER);
	note(K(ROUTE_MAP), filter->advmap.cname, POLICY_USED_BY_FILTER);
}

static void note_peer(const struct peer *peer)
{
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi) {
		note_filter(&peer->filter[afi][safi], afi);
		note(K(ROUTE_MAP), peer->default_rmap[afi][safi].name, POLICY_USED_BY_FILTER);
	}
}

/* ---- by connections, while a reserved route-map stands in its place too ---- */

static void note_wanted(const struct session *session)
{
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi)
		for (int way = 0; way < RMAP_MAX; way++)
			note(K(ROUTE_MAP), session->wanted[afi][safi][way].name, POLICY_USED_BY_CONNECTION);
}

static void note_declaration(const Peering__DeclareConnection *declaration)
{
	for (size_t i = 0; declaration && i < declaration->n_neighbors; i++) {
		const Peering__Neighbor *neighbor = declaration->neighbors[i];

		for (size_t j = 0; j < neighbor->n_families; j++) {
			note(K(ROUTE_MAP), neighbor->families[j]->import_policy, POLICY_USED_BY_CONNECTION);
			note(K(ROUTE_MAP), neighbor->families[j]->export_policy, POLICY_USED_BY_CONNECTION);
		}
	}
}

static void note_connection(const struct connection *connection)
{
	static const Peering__PolicyKind lists[FAMILY_COUNT] = {
		[FAMILY_IPV4] = K(PREFIX_LIST_IPV4), [FAMILY_IPV6] = K(PREFIX_LIST_IPV6)};
	const struct session *session;

	for (int family = 0; family < FAMILY_COUNT; family++)
		note(lists[family], connection->allowed_prefixes[family], POLICY_USED_BY_CONNECTION);
	/* What has ended is not wanted any more, but for a neighbor that is there. */
	frr_each (session_list_const, &connection->sessions, session)
		if (connection->state != STATE_NONE || session_peer(session))
			note_wanted(session);
	if (connection->state != STATE_NONE)
		note_declaration(durable_state_pushed_of(connection->name));
}

/* ---- by a rollback, which puts them back as they were, with what they refer to ---- */

static void note_policy(const Peering__Policy *policy)
{
	for (size_t i = 0; i < policy->n_entries; i++) {
		const Peering__RouteMapClause *clause = policy->entries[i]->clause;

		if (!clause)
			continue;
		note(K(PREFIX_LIST_IPV4), clause->match_prefix_list_ipv4, POLICY_USED_BY_CONNECTION);
		note(K(PREFIX_LIST_IPV6), clause->match_prefix_list_ipv6, POLICY_USED_BY_CONNECTION);
		note(K(AS_PATH_LIST), clause->match_as_path, POLICY_USED_BY_CONNECTION);
		note(K(COMMUNITY_LIST), clause->match_community, POLICY_USED_BY_CONNECTION);
		note(K(LARGE_COMMUNITY_LIST), clause->match_large_community, POLICY_USED_BY_CONNECTION);
		note(K(ROUTE_MAP), clause->call, POLICY_USED_BY_CONNECTION);
	}
}

static void note_rollback(const struct unconfirmed_push *unconfirmed)
{
	for (size_t i = 0; i < unconfirmed->before_count; i++)
		note_declaration(unconfirmed->before[i].declaration);
	for (size_t i = 0; i < unconfirmed->policies.count; i++) {
		const struct push_policy *policy = &unconfirmed->policies.list[i];
		const struct policy_object *object = policy_object_find(policy->name);

		if (object && policy->change != PUSH_POLICY_MADE)
			note(object->policy->kind, policy->name, POLICY_USED_BY_CONNECTION);
		if (policy->former)
			note_policy(policy->former);
	}
}

/* ---- by route-maps ---- */

/* "LIST exact-match", "as-path-access-list LIST": a name that stands anywhere there is taken for a use. */
static void rule_uses(const struct route_map_rule *rule, policy_use *found, void *context)
{
	const char *word = rule->rule_str;
	char name[POLICY_NAME_MAX];

	if (word && (strcmp(rule->cmd->str, "ip address prefix-list") == 0 ||
		     strcmp(rule->cmd->str, "ipv6 address prefix-list") == 0)) {
		found(rule->cmd->str[2] == ' ' ? K(PREFIX_LIST_IPV4) : K(PREFIX_LIST_IPV6), word, context);
		return;
	}
	while (word && *word) {
		size_t length = strcspn(word, " ");

		if (length > 0 && length < sizeof(name)) {
			memcpy(name, word, length);
			name[length] = '\0';
			found(K(UNSPECIFIED), name, context);
		}
		word += length + strspn(word + length, " ");
	}
}

void policy_uses_of_map(const struct route_map *map, policy_use *found, void *context)
{
	for (const struct route_map_index *index = map->head; index; index = index->next) {
		if (index->nextrm)
			found(K(ROUTE_MAP), index->nextrm, context);
		for (const struct route_map_rule *rule = index->match_list.head; rule; rule = rule->next)
			rule_uses(rule, found, context);
		for (const struct route_map_rule *rule = index->set_list.head; rule; rule = rule->next)
			rule_uses(rule, found, context);
	}
}

/* Who is told of each use. */
struct listener {
	policy_use *found;
	void *context;
};

static void map_uses(struct hash_bucket *bucket, void *context)
{
	const struct listener *listener = context;
	const struct route_map *map = bucket->data;

	if (!map->deleted)
		policy_uses_of_map(map, listener->found, listener->context);
}

void policy_uses_by_maps(policy_use *found, void *context)
{
	hash_iterate(route_map_master_hash, map_uses, &(struct listener){.found = found, .context = context});
}

bool policy_is_counted(const char *route_map)
{
	const struct route_map *map = route_map_lookup_by_name(route_map);

	return map && map->use_count > 0;
}

/* ---- gathering ---- */

static struct {
	enum { NOTHING, NEIGHBORS, CONNECTIONS, ALL } until;
	/* All that there were at the beginning, locked. What bgpd makes of itself since goes by its group's policies, or its twin's. */
	struct peer **peers;
	size_t count, next;
	char position[CONNECTION_NAME_MAX]; /* the connection to go on with */
	uint64_t lines, changes; /* at the beginning */
} gathered;
static uint64_t lines_typed, changes;

/* What FRR takes from elsewhere than a vty counts for it. */
static uint64_t lines(void)
{
	return lines_typed + running_config->version;
}

uint64_t policy_uses_changes(void)
{
	return lines() + changes + router.changes;
}

static void let_go_of_peers(void)
{
	while (gathered.next < gathered.count)
		peer_unlock(gathered.peers[gathered.next++]);
	XFREE(MTYPE_PEERING_USES, gathered.peers);
	gathered.count = gathered.next = 0;
}

static void forget(void)
{
	struct used *used;

	let_go_of_peers();
	while ((used = used_table_pop(&names)))
		XFREE(MTYPE_PEERING_USES, used);
	gathered.until = NOTHING;
}

static void begin(void)
{
	const struct listnode *instance, *node;
	struct peer_group *group;
	struct peer *peer;
	struct bgp *bgp;
	size_t count = 0;

	forget();
	for (ALL_LIST_ELEMENTS_RO(bm->bgp, instance, bgp))
		count += listcount(bgp->peer) + listcount(bgp->group);
	gathered.peers = XCALLOC(MTYPE_PEERING_USES, (count + 1) * sizeof(*gathered.peers));
	for (ALL_LIST_ELEMENTS_RO(bm->bgp, instance, bgp)) {
		for (ALL_LIST_ELEMENTS_RO(bgp->peer, node, peer))
			gathered.peers[gathered.count++] = peer_lock(peer);
		for (ALL_LIST_ELEMENTS_RO(bgp->group, node, group))
			gathered.peers[gathered.count++] = peer_lock(group->conf);
	}
	gathered.position[0] = '\0';
	gathered.lines = lines();
	gathered.changes = policy_uses_changes();
	gathered.until = NEIGHBORS;
}

static void gather_peers(void)
{
	for (int i = 0; i < AT_A_TIME && gathered.next < gathered.count; i++) {
		note_peer(gathered.peers[gathered.next]);
		peer_unlock(gathered.peers[gathered.next++]);
	}
	if (gathered.next < gathered.count)
		return;
	let_go_of_peers();
	gathered.until = CONNECTIONS;
}

static void note_index(Peering__PolicyKind kind, const char *name, void *context)
{
	if (policy_kind_is_prefix_list(kind))
		note(kind, name, POLICY_USED_BY_INDEX);
}

static void gather_rest(void)
{
	if (push_unconfirmed())
		note_rollback(push_unconfirmed());
	policy_uses_by_maps(note_index, NULL);
	gathered.until = ALL;
}

static void gather_connections(void)
{
	const struct connection *connection;
	struct connection key;

	strlcpy(key.name, gathered.position, sizeof(key.name));
	connection = connection_tree_const_find_gteq(&connections, &key);
	for (int i = 0; i < AT_A_TIME && connection; i++) {
		note_connection(connection);
		connection = connection_tree_const_next(&connections, connection);
	}
	if (connection)
		strlcpy(gathered.position, connection->name, sizeof(gathered.position));
	else
		gather_rest();
}

bool policy_uses_gather(bool anew)
{
	if (gathered.until == NOTHING || gathered.lines != lines() ||
	    (anew && gathered.until == ALL && !policy_uses_are_exact()))
		begin();
	else if (gathered.until == NEIGHBORS)
		gather_peers();
	else if (gathered.until == CONNECTIONS)
		gather_connections();
	return gathered.until != ALL;
}

bool policy_uses_are_exact(void)
{
	return gathered.until == ALL && gathered.changes == policy_uses_changes();
}

unsigned int policy_uses_of(Peering__PolicyKind kind, const char *name)
{
	const struct used *used;

	if (gathered.until != ALL || gathered.lines != lines())
		return POLICY_USED_BY_ANYBODY;
	used = used_table_find(&names, &(struct used){.kind = place_of(kind), .name = name});
	return used ? used->by : 0;
}

void policy_uses_typed(void)
{
	lines_typed++;
}

void policy_uses_changed(void)
{
	changes++;
}

void policy_uses_stop(void)
{
	forget();
	used_table_fini(&names);
}
