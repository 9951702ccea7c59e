// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy_install.h"

#include "bgpd-peering/policy_text.h"
#include "bgpd-peering/policy_timer.h"
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
static bool is_typed(Peering__PolicyKind kind, const char *name)
{
	if (kind == K(ROUTE_MAP))
		return yang_dnode_existsf(running_config->dnode, "/frr-route-map:lib/route-map[name='%s']", name);
	return yang_dnode_existsf(running_config->dnode, "/frr-filter:lib/prefix-list[type='%s'][name='%s']",
				  kind == K(PREFIX_LIST_IPV4) ? "ipv4" : "ipv6", name);
}

static bool forget_prefix_list(Peering__PolicyKind kind, const char *name)
{
	return run_format("no %s prefix-list %s", kind == K(PREFIX_LIST_IPV4) ? "ip" : "ipv6", name);
}

/* ---- prefix-lists ---- */

PREDECL_DLIST(discarded_list);
struct discarded {
	struct discarded_list_item item;
	struct prefix_list *list;
	Peering__Policy *policy;
};
DECLARE_DLIST(discarded_list, struct discarded, item);

static struct discarded_list_head discarded = INIT_DLIST(discarded);
static event_ref *discard_event;

/* Among the filters that peers send: there nobody looks for it, and bgpd does not go through its sessions for each entry. */
struct prefix_list *policy_stage(Peering__PolicyKind kind)
{
	static unsigned int number;
	char name[48];

	snprintf(name, sizeof(name), "PEERING-STAGED-%u", ++number);
	return prefix_list_get(afi_of(kind), 1, name);
}

void policy_stage_add(struct prefix_list *staged, const Peering__PolicyEntry *wanted)
{
	struct prefix_list_entry *entry = prefix_list_entry_new();

	entry->pl = staged;
	entry->seq = wanted->sequence;
	entry->type = wanted->action == PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT ? PREFIX_PERMIT : PREFIX_DENY;
	str2prefix(wanted->prefix, &entry->prefix);
	entry->ge = (int)wanted->ge;
	entry->le = (int)wanted->le;
	prefix_list_entry_update_finish(entry);
}

/* Some of it; true when nothing is left. */
static bool discard_part(struct discarded *one)
{
	if (one->list && one->list->tail) {
		prefix_list_entry_delete(one->list, one->list->tail, 0);
		return false;
	}
	if (one->policy && one->policy->n_entries) {
		peering__policy_entry__free_unpacked(one->policy->entries[--one->policy->n_entries], NULL);
		return false;
	}
	if (one->list)
		prefix_list_delete(one->list);
	if (one->policy)
		peering__policy__free_unpacked(one->policy, NULL);
	return true;
}

static void discard_some(event_ref *event)
{
	struct discarded *first;
	struct timeval begun;
	TURN(TURN_CONTROLLER);

	monotime(&begun);
	while ((first = discarded_list_first(&discarded))) {
		if (monotime_since(&begun, NULL) > SLICE_MICROSECONDS) {
			event_add_now(discard_some, NULL, &discard_event);
			return;
		}
		for (int part = 0; part < PARTS_AT_A_TIME && first; part++) {
			if (!discard_part(first))
				continue;
			discarded_list_del(&discarded, first);
			XFREE(MTYPE_PEERING_POLICY, first);
			first = NULL;
		}
	}
}

void policy_discard(struct prefix_list *staged, Peering__Policy *policy)
{
	struct discarded *one = XCALLOC(MTYPE_PEERING_POLICY, sizeof(*one));

	one->list = staged;
	one->policy = policy;
	discarded_list_add_tail(&discarded, one);
	event_add_now(discard_some, NULL, &discard_event);
}

void policy_install_stop(void)
{
	struct discarded *one;

	event_stop(discard_event);
	while ((one = discarded_list_pop(&discarded))) {
		while (!discard_part(one))
			;
		XFREE(MTYPE_PEERING_POLICY, one);
	}
}

static void own_entries(struct prefix_list *list)
{
	for (struct prefix_list_entry *entry = list->head; entry; entry = entry->next)
		entry->pl = list;
}

/*
 * The two change places, but for their names. Route-maps that were typed have an index of the list's entries, which is
 * told of each as if it were deleted and added; the last one is in fact, which has bgpd go through what uses the list.
 */
static void exchange(struct prefix_list *list, struct prefix_list *staged)
{
	struct prefix_list *other = staged, old = *list;

	for (struct prefix_list_entry *entry = list->head; entry; entry = entry->next) {
		route_map_notify_pentry_dependencies(list->name, entry, RMAP_EVENT_PLIST_DELETED);
		list->count--;
	}
	list->head = other->head;
	list->tail = other->tail;
	list->trie = other->trie;
	other->count = old.count;
	other->head = old.head;
	other->tail = old.tail;
	other->trie = old.trie;
	own_entries(list);
	own_entries(other);
	for (struct prefix_list_entry *entry = list->head; entry; entry = entry->next) {
		list->count++;
		route_map_notify_pentry_dependencies(list->name, entry, RMAP_EVENT_PLIST_ADDED);
	}
	if (list->tail) {
		struct prefix_list_entry *last = list->tail;

		prefix_list_entry_update_start(last);
		prefix_list_entry_update_finish(last);
	}
}

static void install_prefix_list(const Peering__Policy *policy, struct prefix_list *staged)
{
	if (is_typed(policy->kind, policy->name))
		forget_prefix_list(policy->kind, policy->name);
	exchange(prefix_list_get(afi_of(policy->kind), 0, policy->name), staged);
	policy_discard(staged, NULL);
}

static void uninstall_prefix_list(const Peering__Policy *policy)
{
	struct prefix_list *list;

	if (is_typed(policy->kind, policy->name))
		forget_prefix_list(policy->kind, policy->name);
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

static void delete_entry(struct route_map_index *index)
{
	struct route_map_rule *rule;

	while ((rule = index->match_list.head)) {
		char *argument = rule->rule_str ? XSTRDUP(MTYPE_TMP, rule->rule_str) : NULL;
		const char *name = rule->cmd->str;

		route_map_delete_match(index, name, argument, event_of(name, false));
		XFREE(MTYPE_TMP, argument);
		if (index->match_list.head == rule)
			break;
	}
	if (index->nextrm)
		route_map_upd8_dependency(RMAP_EVENT_CALL_DELETED, index->nextrm, index->map->name);
	route_map_index_delete(index, 1);
}

/* An entry that was typed is taken out of FRR's tree first, which deletes it; the route-map itself stays where it is. */
static void empty(struct route_map *map)
{
	bool typed = is_typed(K(ROUTE_MAP), map->name);
	struct route_map_index *index;

	while ((index = map->head)) {
		if (typed &&
		    yang_dnode_existsf(running_config->dnode, "/frr-route-map:lib/route-map[name='%s']/entry[sequence='%d']",
				       map->name, index->pref) &&
		    run_format("no route-map %s %s %d", map->name, index->type == RMAP_PERMIT ? "permit" : "deny", index->pref) &&
		    map->head != index)
			continue;
		delete_entry(index);
	}
}

struct building {
	struct route_map_index *index;
	bool good;
};

static void add_match(struct building *building, const char *rule, const char *argument)
{
	if (argument[0] && building->good)
		building->good = route_map_add_match(building->index, rule, argument, event_of(rule, true)) == RMAP_COMPILE_SUCCESS;
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
	if (clause->call[0]) {
		building->index->nextrm = XSTRDUP(MTYPE_ROUTE_MAP_NAME, clause->call);
		route_map_upd8_dependency(RMAP_EVENT_CALL_ADDED, clause->call, building->index->map->name);
	}
	if (clause->on_match == PEERING__ON_MATCH__ON_MATCH_NEXT) {
		building->index->exitpolicy = RMAP_NEXT;
	} else if (clause->on_match == PEERING__ON_MATCH__ON_MATCH_GOTO) {
		building->index->exitpolicy = RMAP_GOTO;
		building->index->nextpref = (int)clause->goto_sequence;
	}
}

/* An entry that bgpd does not take whole denies, and so does all behind it: nothing passes for want of a match. */
static bool install_route_map(const Peering__Policy *policy)
{
	struct route_map *map = route_map_get(policy->name);

	empty(map);
	for (size_t i = 0; i < policy->n_entries; i++) {
		const Peering__PolicyEntry *entry = policy->entries[i];
		bool permits = entry->action == PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT;
		struct building building = {.good = true};

		building.index = route_map_index_get(map, permits ? RMAP_PERMIT : RMAP_DENY, (int)entry->sequence);
		if (entry->clause)
			add_clause(&building, entry->clause);
		if (building.good)
			continue;
		empty(map);
		return false;
	}
	return true;
}

static void uninstall_route_map(const char *name)
{
	struct route_map *map = route_map_lookup_by_name(name);

	if (!map)
		return;
	empty(map);
	if (is_typed(K(ROUTE_MAP), name))
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

static bool install_list(const Peering__Policy *policy)
{
	const char *words = policy_list_words(policy->kind);
	char entry[LINE_MOST - 256];

	if (policy_is_there(policy->kind, policy->name) && !run_format("no %s %s", words, policy->name))
		return false;
	for (size_t i = 0; i < policy->n_entries; i++) {
		policy_entry_words(policy->entries[i], entry, sizeof(entry));
		if (!run_format("%s %s%s", words, policy->name, entry))
			return false;
	}
	return true;
}

/* ---- any of them ---- */

bool policy_install(const Peering__Policy *policy, struct prefix_list *staged, struct verdict *verdict)
{
	bool good = true;

	policy_timer_hold();
	if (staged)
		install_prefix_list(policy, staged);
	else if (policy->kind == K(ROUTE_MAP))
		good = install_route_map(policy);
	else
		good = install_list(policy);
	policy_timer_release();
	if (!good)
		verdict_refuse(verdict, "bgpd-refused", "bgpd does not take the policy %s; its log says why", policy->name);
	return good;
}

void policy_uninstall(const Peering__Policy *policy)
{
	policy_timer_hold();
	if (policy_kind_is_prefix_list(policy->kind))
		uninstall_prefix_list(policy);
	else if (policy->kind == K(ROUTE_MAP))
		uninstall_route_map(policy->name);
	else if (policy_is_there(policy->kind, policy->name))
		run_format("no %s %s", policy_list_words(policy->kind), policy->name);
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
