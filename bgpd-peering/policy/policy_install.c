// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_install.h"

#include "bgpd-peering/policy/policy_list.h"
#include "bgpd-peering/policy/policy_text.h"
#include "bgpd-peering/policy/policy_timer.h"
#include "bgpd-peering/turn.h"

#include "lib/linklist.h"
#include "lib/northbound.h"
#include "lib/northbound_cli.h"
#include "lib/plist_int.h"

#include "lib/policy_object.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_POLICY, "Peering pushed policy");

#define K(name) PEERING__POLICY_KIND__POLICY_KIND_##name
#define SLICE_MICROSECONDS 3000
#define PARTS_AT_A_TIME 64
#define LINE_MOST 2048
#define FINGERPRINT_BASE UINT64_C(14695981039346656037)

static afi_t afi_of(Peering__PolicyKind kind)
{
	return kind == K(PREFIX_LIST_IPV4) ? AFI_IP : AFI_IP6;
}

uint64_t policy_fingerprint_add(uint64_t fingerprint, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	if (!fingerprint)
		fingerprint = FINGERPRINT_BASE;
	for (size_t i = 0; i < size; i++)
		fingerprint = (fingerprint ^ at[i]) * UINT64_C(1099511628211);
	return fingerprint ? fingerprint : 1;
}

/* ---- what a pushed route-map matches a prefix-list with ---- */

/*
 * FRR's own match makes a second index of the list, for each route-map, that a change of thousands of entries would have
 * to rebuild at once. This one asks the list.
 */
static enum route_map_cmd_result_t match_list(const char *name, afi_t afi, const struct prefix *prefix)
{
	struct prefix_list *list = prefix->family == afi2family(afi) ? prefix_list_lookup(afi, name) : NULL;

	return list && prefix_list_apply(list, prefix) == PREFIX_PERMIT ? RMAP_MATCH : RMAP_NOMATCH;
}

static enum route_map_cmd_result_t match_ipv4(void *name, const struct prefix *prefix, void *object)
{
	return match_list(name, AFI_IP, prefix);
}

static enum route_map_cmd_result_t match_ipv6(void *name, const struct prefix *prefix, void *object)
{
	return match_list(name, AFI_IP6, prefix);
}

static void *rule_compile(const char *name)
{
	return XSTRDUP(MTYPE_PEERING_POLICY, name);
}

static void rule_free(void *name)
{
	XFREE(MTYPE_PEERING_POLICY, name);
}

static const struct route_map_rule_cmd rule_ipv4 = {POLICY_RULE_IPV4, match_ipv4, rule_compile, rule_free};
static const struct route_map_rule_cmd rule_ipv6 = {POLICY_RULE_IPV6, match_ipv6, rule_compile, rule_free};

void policy_install_init(void)
{
	route_map_install_match(&rule_ipv4);
	route_map_install_match(&rule_ipv6);
}

/* ---- lines, for what bgpd has no other way to do ---- */

static bool run(const char *line)
{
	struct vty *vty = vty_new();
	vector words = cmd_make_strvec(line);
	char *said = NULL;
	size_t size;
	int result;

	vty->type = VTY_SHELL;
	vty->of = open_memstream(&said, &size);
	vty->node = CONFIG_NODE;
	vty->config = true;
	vty->candidate_config = vty_shared_candidate_config;
	result = vty->of && words ? cmd_execute_command(words, vty, NULL, 0) : CMD_WARNING;
	if (vty->of)
		fclose(vty->of);
	vty->of = NULL;
	vty->node = VIEW_NODE;
	vty->config = false;
	vty->candidate_config = NULL;
	vty_close(vty);
	if (words)
		cmd_free_strvec(words);
	if (result != CMD_SUCCESS)
		zlog_err("peering: bgpd does not take `%s`: %s", line, said ? said : "");
	free(said);
	return result == CMD_SUCCESS;
}

__attribute__((format(printf, 1, 2))) static bool run_format(const char *format, ...)
{
	char line[LINE_MOST];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	return run(line);
}

/* FRR's northbound tree, which holds what was typed, and pointers to it: those must never outlive what they point to. */
bool policy_is_typed(Peering__PolicyKind kind, const char *name)
{
	if (kind == K(ROUTE_MAP))
		return yang_dnode_existsf(running_config->dnode, "/frr-route-map:lib/route-map[name='%s']", name);
	return yang_dnode_existsf(running_config->dnode, "/frr-filter:lib/prefix-list[type='%s'][name='%s']",
				  kind == K(PREFIX_LIST_IPV4) ? "ipv4" : "ipv6", name);
}

bool policy_is_locked(Peering__PolicyKind kind, const char *name, char *why, size_t size)
{
	bool locked = nb_running_lock_check(NB_CLIENT_NONE, NULL) != 0;

	if (policy_list_words(kind) || (!locked && frr_get_cli_mode() == FRR_CLI_CLASSIC) || !policy_is_typed(kind, name))
		return false;
	snprintf(why, size, "%s was typed at on the router, and FRR's configuration %s: nothing can be taken out of it now", name,
		 locked ? "is locked by another session" : "is changed by transactions alone (--tcli)");
	return true;
}

static bool forget_prefix_list(Peering__PolicyKind kind, const char *name)
{
	return run_format("no %s prefix-list %s", kind == K(PREFIX_LIST_IPV4) ? "ip" : "ipv6", name);
}

/* ---- what is staged, and what is not wanted any more ---- */

#define STAGED_NAME_MAX 32

PREDECL_DLIST(staged_list);
struct staged_policy {
	struct staged_list_item item; /* while it is discarded */
	Peering__PolicyKind kind;
	char name[STAGED_NAME_MAX];	/* of a list; in bgpd it is there with the first entry */
	struct prefix_list *prefixes;	/* NULL for other kinds */
	struct prefix_list *owner;	/* that its entries say they are of: the one in force when they were added, or itself */
	struct route_map *route_map;	/* likewise; in none of bgpd's tables */
	bool typed;			/* somebody had typed at what is to give way, as of this version of FRR's tree */
	uint32_t version;
	Peering__Policy *policy;	/* to be freed with it */
};
DECLARE_DLIST(staged_list, struct staged_policy, item);

static struct staged_list_head discarded = INIT_DLIST(discarded);
static event_ref *discard_event;
static bool ending; /* bgpd frees its lists itself */

/*
 * bgpd knows nothing of it, and does nothing for its entries: it is told by names, and finds no route-map of this one. Some
 * versions make its tables with the first entry, others with the route-map.
 */
static struct route_map *stage_route_map(void)
{
	struct route_map *map = XCALLOC(MTYPE_PEERING_POLICY, sizeof(*map));

	map->name = XSTRDUP(MTYPE_PEERING_POLICY, POLICY_STAGED);
	map->ipv4_prefix_table = route_table_init();
	map->ipv6_prefix_table = route_table_init();
	/* In front of all others; see install_route_map(). */
	route_map_index_get(map, RMAP_DENY, 0);
	return map;
}

struct staged_policy *policy_stage(Peering__PolicyKind kind, const char *name)
{
	struct staged_policy *staged = XCALLOC(MTYPE_PEERING_POLICY, sizeof(*staged));
	static unsigned int number;

	staged->kind = kind;
	do {
		snprintf(staged->name, sizeof(staged->name), POLICY_STAGED "-%u", ++number);
	} while (policy_list_words(kind) && policy_is_there(kind, staged->name));
	/* Among the filters that peers send: there nobody looks for it, and bgpd does not go through its sessions for each entry. */
	if (policy_kind_is_prefix_list(kind)) {
		staged->prefixes = prefix_list_get(afi_of(kind), 1, staged->name);
		staged->owner = prefix_list_lookup(afi_of(kind), name);
		if (!staged->owner)
			staged->owner = staged->prefixes;
	} else if (kind == K(ROUTE_MAP)) {
		staged->route_map = stage_route_map();
	}
	staged->version = running_config->version;
	staged->typed = !policy_list_words(kind) && policy_is_typed(kind, name);
	return staged;
}

static bool add_prefix(struct staged_policy *staged, const Peering__PolicyEntry *wanted)
{
	struct prefix_list_entry *entry = prefix_list_entry_new();

	entry->pl = staged->prefixes;
	entry->seq = wanted->sequence;
	entry->type = wanted->action == PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT ? PREFIX_PERMIT : PREFIX_DENY;
	str2prefix(wanted->prefix, &entry->prefix);
	entry->ge = (int)wanted->ge;
	entry->le = (int)wanted->le;
	prefix_list_entry_update_finish(entry);
	entry->pl = staged->owner;
	return true;
}

static bool add_list_entry(Peering__PolicyKind kind, const char *name, const Peering__PolicyEntry *entry)
{
	char words[LINE_MOST - 256];

	if (!policy_list_takes(kind, entry->regex))
		return false;
	if (kind == K(AS_PATH_LIST) && policy_list_append_path(name, entry))
		return true;
	policy_entry_words(entry, words, sizeof(words));
	return run_format("%s %s%s", policy_list_words(kind), name, words);
}

static bool add_map_entry(struct route_map *map, const Peering__PolicyEntry *entry);

bool policy_stage_add(struct staged_policy *staged, const Peering__PolicyEntry *entry)
{
	if (staged->prefixes)
		return add_prefix(staged, entry);
	if (staged->route_map)
		return add_map_entry(staged->route_map, entry);
	return add_list_entry(staged->kind, staged->name, entry);
}

static void forget_list(Peering__PolicyKind kind, const char *name)
{
	if (policy_is_there(kind, name))
		run_format("no %s %s", policy_list_words(kind), name);
}

static void free_route_map(struct route_map *map)
{
	if (map->ipv4_prefix_table)
		route_table_finish(map->ipv4_prefix_table);
	if (map->ipv6_prefix_table)
		route_table_finish(map->ipv6_prefix_table);
	XFREE(MTYPE_PEERING_POLICY, map->name);
	XFREE(MTYPE_PEERING_POLICY, map);
}

/* Some of it; true when nothing is left. */
static bool discard_part(struct staged_policy *one)
{
	if (one->prefixes && one->prefixes->tail) {
		prefix_list_entry_delete(one->prefixes, one->prefixes->tail, 0);
		return false;
	}
	if (one->route_map && one->route_map->head) {
		route_map_index_delete(one->route_map->head, 0);
		return false;
	}
	if (one->policy && one->policy->n_entries) {
		peering__policy_entry__free_unpacked(one->policy->entries[--one->policy->n_entries], NULL);
		return false;
	}
	if (one->prefixes)
		prefix_list_delete(one->prefixes);
	if (one->route_map)
		free_route_map(one->route_map);
	if (policy_list_words(one->kind) && !ending)
		forget_list(one->kind, one->name);
	if (one->policy)
		peering__policy__free_unpacked(one->policy, NULL);
	XFREE(MTYPE_PEERING_POLICY, one);
	return true;
}

static void discard_some(event_ref *event)
{
	struct staged_policy *first;
	struct timeval begun;
	TURN(TURN_CONTROLLER);

	monotime(&begun);
	while ((first = staged_list_first(&discarded))) {
		if (monotime_since(&begun, NULL) > SLICE_MICROSECONDS) {
			event_add_now(discard_some, NULL, &discard_event);
			return;
		}
		staged_list_del(&discarded, first);
		for (int part = 0; part < PARTS_AT_A_TIME && first; part++)
			if (discard_part(first))
				first = NULL;
		if (first)
			staged_list_add_head(&discarded, first);
	}
}

void policy_discard(struct staged_policy *staged, Peering__Policy *policy)
{
	struct staged_policy *one = staged ? staged : XCALLOC(MTYPE_PEERING_POLICY, sizeof(*one));

	one->policy = policy;
	staged_list_add_tail(&discarded, one);
	event_add_now(discard_some, NULL, &discard_event);
}

void policy_install_stop(void)
{
	struct staged_policy *one;

	event_stop(discard_event);
	ending = true;
	while ((one = staged_list_pop(&discarded)))
		while (!discard_part(one))
			;
}

/* ---- prefix-lists ---- */

/*
 * The two change places, but for their names. Route-maps that were typed have an index of the list's entries, which is
 * told of each as if it were deleted and added, and looks how many are left.
 */
static void exchange(struct prefix_list *list, struct staged_policy *staged, bool indexed)
{
	struct prefix_list *other = staged->prefixes;
	struct prefix_list old = *list;

	for (struct prefix_list_entry *entry = indexed ? list->head : NULL; entry; entry = entry->next) {
		route_map_notify_pentry_dependencies(list->name, entry, RMAP_EVENT_PLIST_DELETED);
		list->count--;
	}
	list->count = indexed ? 0 : other->count;
	list->head = other->head;
	list->tail = other->tail;
	list->trie = other->trie;
	other->count = old.count;
	other->head = old.head;
	other->tail = old.tail;
	other->trie = old.trie;
	for (struct prefix_list_entry *entry = indexed || staged->owner != list ? list->head : NULL; entry; entry = entry->next) {
		entry->pl = list;
		if (!indexed)
			continue;
		list->count++;
		route_map_notify_pentry_dependencies(list->name, entry, RMAP_EVENT_PLIST_ADDED);
	}
	route_map_notify_dependencies(list->name, RMAP_EVENT_PLIST_ADDED);
}

/* As if its last entry were deleted and added: bgpd then goes through all that goes by the list itself. */
static void touch_prefix_list(Peering__PolicyKind kind, const char *name)
{
	struct prefix_list *list = prefix_list_lookup(afi_of(kind), name);

	if (list && list->tail) {
		struct prefix_list_entry *last = list->tail;

		prefix_list_entry_update_start(last);
		prefix_list_entry_update_finish(last);
	}
}

/* FRR takes long to answer: where nothing was typed since, it is as it was. */
static bool is_typed(const Peering__Policy *policy, const struct staged_policy *staged)
{
	return staged->version == running_config->version ? staged->typed : policy_is_typed(policy->kind, policy->name);
}

static bool install_prefix_list(const Peering__Policy *policy, struct staged_policy *staged, bool indexed)
{
	if (is_typed(policy, staged) && !forget_prefix_list(policy->kind, policy->name))
		return false;
	exchange(prefix_list_get(afi_of(policy->kind), 0, policy->name), staged, indexed);
	return true;
}

static void uninstall_prefix_list(const Peering__Policy *policy)
{
	struct prefix_list *list;

	if (policy_is_typed(policy->kind, policy->name) && !forget_prefix_list(policy->kind, policy->name))
		return;
	list = prefix_list_lookup(afi_of(policy->kind), policy->name);
	if (list)
		prefix_list_delete(list);
}

static uint64_t prefix_list_fingerprint(const struct prefix_list *list)
{
	uint64_t fingerprint = FINGERPRINT_BASE;

	for (const struct prefix_list_entry *entry = list->head; entry; entry = entry->next) {
		int64_t words[5] = {entry->seq, entry->type, entry->ge, entry->le, entry->prefix.prefixlen};

		fingerprint = policy_fingerprint_add(fingerprint, words, sizeof(words));
		fingerprint = policy_fingerprint_add(fingerprint, &entry->prefix.u,
						     entry->prefix.family == AF_INET ? 4 : 16);
	}
	return fingerprint;
}

/* ---- route-maps ---- */

/* Rules that name something, and what bgpd has to be told of it. */
static const struct {
	const char *rule;
	route_map_event_t added, deleted;
} named_rules[] = {
	{POLICY_RULE_IPV4, RMAP_EVENT_PLIST_ADDED, RMAP_EVENT_PLIST_DELETED},
	{POLICY_RULE_IPV6, RMAP_EVENT_PLIST_ADDED, RMAP_EVENT_PLIST_DELETED},
	{"ip address prefix-list", RMAP_EVENT_PLIST_ADDED, RMAP_EVENT_PLIST_DELETED},
	{"ipv6 address prefix-list", RMAP_EVENT_PLIST_ADDED, RMAP_EVENT_PLIST_DELETED},
	{"as-path", RMAP_EVENT_ASLIST_ADDED, RMAP_EVENT_ASLIST_DELETED},
	{"community", RMAP_EVENT_CLIST_ADDED, RMAP_EVENT_CLIST_DELETED},
	{"large-community", RMAP_EVENT_LLIST_ADDED, RMAP_EVENT_LLIST_DELETED},
};

static route_map_event_t event_of(const char *rule, bool added)
{
	for (size_t i = 0; i < array_size(named_rules); i++)
		if (strcmp(named_rules[i].rule, rule) == 0)
			return added ? named_rules[i].added : named_rules[i].deleted;
	return added ? RMAP_EVENT_MATCH_ADDED : RMAP_EVENT_MATCH_DELETED;
}

static bool entry_is_typed(const struct route_map_index *index)
{
	return yang_dnode_existsf(running_config->dnode, "/frr-route-map:lib/route-map[name='%s']/entry[sequence='%d']",
				  index->map->name, index->pref);
}

/*
 * An entry that was typed is taken out of FRR's tree first, which deletes it; the route-map itself stays where it is. False
 * where FRR does not do that, and then nothing is.
 */
static bool forget_typed(struct route_map *map)
{
	struct route_map_index *index, *next;

	for (index = map->head; index; index = next) {
		next = index->next;
		if (entry_is_typed(index) &&
		    !run_format("no route-map %s %s %d", map->name, index->type == RMAP_PERMIT ? "permit" : "deny", index->pref))
			return false;
	}
	return true;
}

/*
 * What FRR notes by name of a route-map that names others: so that they tell it of their changes. A rule of a staged entry is
 * noted when that takes its place, and no more when it goes.
 */
static void note_names(const struct route_map *map, const char *name, bool added)
{
	for (const struct route_map_index *index = map->head; index; index = index->next) {
		for (const struct route_map_rule *rule = index->match_list.head; rule; rule = rule->next) {
			route_map_event_t event = event_of(rule->cmd->str, added);
			const char *key = rule->rule_str;

			if (event == RMAP_EVENT_MATCH_ADDED || event == RMAP_EVENT_MATCH_DELETED || !key)
				continue;
			if (rule->cmd->func_get_rmap_rule_key)
				key = rule->cmd->func_get_rmap_rule_key(rule->value);
			route_map_upd8_dependency(event, key, name);
		}
		if (index->nextrm)
			route_map_upd8_dependency(added ? RMAP_EVENT_CALL_ADDED : RMAP_EVENT_CALL_DELETED, index->nextrm, name);
	}
}

static void swap_tables(struct route_table **a, struct route_table **b)
{
	struct route_table *table = *a;

	*a = *b;
	*b = table;
}

static void own_indexes(struct route_map *map)
{
	for (struct route_map_index *index = map->head; index; index = index->next)
		index->map = map;
}

/* The two change places, but for their names and what bgpd counts. */
static void exchange_maps(struct route_map *map, struct route_map *staged)
{
	struct route_map_index *head = map->head, *tail = map->tail;

	note_names(map, map->name, false);
	note_names(staged, map->name, true);
	map->head = staged->head;
	map->tail = staged->tail;
	staged->head = head;
	staged->tail = tail;
	swap_tables(&map->ipv4_prefix_table, &staged->ipv4_prefix_table);
	swap_tables(&map->ipv6_prefix_table, &staged->ipv6_prefix_table);
	own_indexes(map);
	own_indexes(staged);
}

struct building {
	struct route_map_index *index;
	bool good;
};

static void add_match(struct building *building, const char *rule, const char *argument)
{
	if (argument[0] && building->good)
		building->good = route_map_add_match(building->index, rule, argument, RMAP_EVENT_MATCH_ADDED) == RMAP_COMPILE_SUCCESS;
}

static void add_set(struct building *building, const char *rule, const char *argument)
{
	if (building->good)
		building->good = route_map_add_set(building->index, rule, argument) == RMAP_COMPILE_SUCCESS;
}

static void add_number(struct building *building, const char *rule, const Peering__Number *number)
{
	char text[16];

	if (!number)
		return;
	snprintf(text, sizeof(text), "%u", number->value);
	add_set(building, rule, text);
}

static void add_texts(struct building *building, const char *rule, char *const *texts, size_t count, bool additive)
{
	char text[LINE_MOST] = "";

	if (!count)
		return;
	for (size_t i = 0; i < count; i++) {
		strlcat(text, i ? " " : "", sizeof(text));
		strlcat(text, texts[i], sizeof(text));
	}
	strlcat(text, additive ? " additive" : "", sizeof(text));
	add_set(building, rule, text);
}

static void add_prepend(struct building *building, const uint32_t *asns, size_t count)
{
	char text[LINE_MOST] = "";

	if (!count)
		return;
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u", i ? " " : "", asns[i]);
	add_set(building, "as-path prepend", text);
}

static void add_clause(struct building *building, const Peering__RouteMapClause *clause)
{
	char community[POLICY_NAME_MAX + 16];

	add_match(building, POLICY_RULE_IPV4, clause->match_prefix_list_ipv4);
	add_match(building, POLICY_RULE_IPV6, clause->match_prefix_list_ipv6);
	add_match(building, "as-path", clause->match_as_path);
	snprintf(community, sizeof(community), "%s%s", clause->match_community,
		 clause->match_community_exact ? " exact-match" : "");
	add_match(building, "community", community);
	add_match(building, "large-community", clause->match_large_community);
	add_number(building, "local-preference", clause->set_local_preference);
	add_number(building, "metric", clause->set_med);
	add_texts(building, "community", clause->set_communities, clause->n_set_communities, clause->set_communities_additive);
	add_texts(building, "large-community", clause->set_large_communities, clause->n_set_large_communities,
		  clause->set_large_communities_additive);
	add_prepend(building, clause->set_as_path_prepend, clause->n_set_as_path_prepend);
	if (clause->set_next_hop == PEERING__NEXT_HOP__NEXT_HOP_PEER_ADDRESS) {
		add_set(building, "ip next-hop", "peer-address");
		add_set(building, "ipv6 next-hop peer-address", NULL);
	} else if (clause->set_next_hop == PEERING__NEXT_HOP__NEXT_HOP_UNCHANGED) {
		add_set(building, "ip next-hop", "unchanged");
	}
	if (clause->call[0])
		building->index->nextrm = XSTRDUP(MTYPE_ROUTE_MAP_NAME, clause->call);
	if (clause->on_match == PEERING__ON_MATCH__ON_MATCH_NEXT) {
		building->index->exitpolicy = RMAP_NEXT;
	} else if (clause->on_match == PEERING__ON_MATCH__ON_MATCH_GOTO) {
		building->index->exitpolicy = RMAP_GOTO;
		building->index->nextpref = (int)clause->goto_sequence;
	}
}

static bool add_map_entry(struct route_map *map, const Peering__PolicyEntry *entry)
{
	bool permits = entry->action == PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT;
	struct building building = {.good = true};

	building.index = route_map_index_get(map, permits ? RMAP_PERMIT : RMAP_DENY, (int)entry->sequence);
	if (entry->clause)
		add_clause(&building, entry->clause);
	return building.good;
}

/*
 * bgpd hears of a change by an entry that goes, of one more in front; after its delay it goes through what goes by the
 * route-map.
 */
static bool install_route_map(const Peering__Policy *policy, struct staged_policy *staged)
{
	struct route_map *map = route_map_get(policy->name);

	if (is_typed(policy, staged) && !forget_typed(map))
		return false;
	exchange_maps(map, staged->route_map);
	route_map_index_delete(map->head, 1);
	return true;
}

static void uninstall_route_map(const char *name)
{
	struct route_map *map = route_map_lookup_by_name(name);

	if (!map || (policy_is_typed(K(ROUTE_MAP), name) && !forget_typed(map)))
		return;
	note_names(map, name, false);
	while (map->head)
		route_map_index_delete(map->head, 1);
	if (policy_is_typed(K(ROUTE_MAP), name))
		run_format("no route-map %s", name);
	else
		route_map_delete(map);
}

static uint64_t text_fingerprint(Peering__PolicyKind kind, const char *name)
{
	uint64_t fingerprint;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return 0;
	policy_write(to, kind, name);
	fclose(to);
	fingerprint = policy_fingerprint_add(0, text, size);
	free(text);
	return fingerprint;
}

/* ---- as-path and community lists ---- */

void policy_entry_words(const Peering__PolicyEntry *entry, char *words, size_t size)
{
	size_t used = (size_t)snprintf(words, size, " seq %u %s", entry->sequence,
				       entry->action == PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT ? "permit" : "deny");

	if (entry->regex[0] && used < size)
		snprintf(words + used, size - used, " %s", entry->regex);
	for (size_t i = 0; i < entry->n_communities && used < size; i++)
		used += (size_t)snprintf(words + used, size - used, " %s", entry->communities[i]);
}

/* bgpd makes a list with its first entry, and goes through all its neighbors for one of as-paths. */
static bool install_list(const Peering__Policy *policy, struct staged_policy *staged)
{
	bool there = policy_is_there(policy->kind, policy->name);

	if (!policy_is_there(policy->kind, staged->name))
		return false;
	if (!there && policy->kind != K(AS_PATH_LIST) && !add_list_entry(policy->kind, policy->name, policy->entries[0]))
		return false;
	if (!there && policy->kind == K(AS_PATH_LIST))
		policy_list_rename_paths(staged->name, policy->name);
	else
		policy_list_exchange(policy->kind, policy->name, staged->name);
	route_map_notify_dependencies(policy->name, policy->kind == K(AS_PATH_LIST) ? RMAP_EVENT_ASLIST_ADDED
				      : policy_kind_same_place(policy->kind, K(COMMUNITY_LIST)) ? RMAP_EVENT_CLIST_ADDED
												: RMAP_EVENT_LLIST_ADDED);
	return true;
}

/* The same for an as-path list; no other one is a neighbor's own filter. */
static void touch_as_path_list(const Peering__Policy *policy)
{
	char words[LINE_MOST - 256];

	policy_entry_words(policy->entries[policy->n_entries - 1], words, sizeof(words));
	if (run_format("no %s %s%s", policy_list_words(policy->kind), policy->name, words))
		run_format("%s %s%s", policy_list_words(policy->kind), policy->name, words);
}

/* ---- any of them ---- */

bool policy_install(const Peering__Policy *policy, struct staged_policy *staged, bool indexed, struct verdict *verdict)
{
	bool good;

	policy_timer_hold();
	if (staged->prefixes)
		good = install_prefix_list(policy, staged, indexed);
	else if (staged->route_map)
		good = install_route_map(policy, staged);
	else
		good = install_list(policy, staged);
	policy_timer_release();
	if (good)
		policy_discard(staged, NULL);
	else
		verdict_refuse(verdict, "bgpd-refused", "bgpd does not take the policy %s; its log says why", policy->name);
	return good;
}

/* What bgpd sends goes by it; which list a neighbor's filter is, every neighbor has been asked already. */
static void tell_update_groups(const Peering__Policy *policy)
{
	enum bgp_policy_type type = policy->kind == K(AS_PATH_LIST) ? BGP_POLICY_FILTER_LIST : BGP_POLICY_PREFIX_LIST;
	const struct listnode *node;
	struct bgp *bgp;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, node, bgp))
		update_group_policy_update(bgp, type, policy->name, true, 0);
}

void policy_tell_filters(const Peering__Policy *policy, bool told)
{
	policy_timer_hold();
	if (told)
		tell_update_groups(policy);
	else if (policy_kind_is_prefix_list(policy->kind))
		touch_prefix_list(policy->kind, policy->name);
	else if (policy->kind == K(AS_PATH_LIST))
		touch_as_path_list(policy);
	policy_timer_release();
}

void policy_uninstall(const Peering__Policy *policy)
{
	policy_timer_hold();
	if (policy_kind_is_prefix_list(policy->kind))
		uninstall_prefix_list(policy);
	else if (policy->kind == K(ROUTE_MAP))
		uninstall_route_map(policy->name);
	else
		forget_list(policy->kind, policy->name);
	policy_timer_release();
}

uint64_t policy_fingerprint(Peering__PolicyKind kind, const char *name)
{
	const struct prefix_list *list;

	if (!policy_kind_is_prefix_list(kind))
		return policy_is_there(kind, name) ? text_fingerprint(kind, name) : 0;
	list = prefix_list_lookup(afi_of(kind), name);
	return list ? prefix_list_fingerprint(list) : 0;
}
