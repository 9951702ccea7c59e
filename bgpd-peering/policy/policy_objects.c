// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_objects.h"

#include "bgpd-peering/connection/policy_edits.h"
#include "bgpd-peering/gate/walls.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/snapshots.h"
#include "bgpd-peering/policy/policy_install.h"
#include "bgpd-peering/policy/policy_list.h"
#include "bgpd-peering/policy/policy_put_back.h"
#include "bgpd-peering/policy/policy_text.h"
#include "bgpd-peering/policy/policy_uses.h"
#include "bgpd-peering/push/push.h"
#include "bgpd-peering/turn.h"

#include "lib/policy_digest.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_OBJECT, "Peering policy object");

#define K(name) PEERING__POLICY_KIND__POLICY_KIND_##name
#define SLICE_MICROSECONDS 5000
#define WITHDRAWN_SLICE_MICROSECONDS 2000
#define WITHDRAWN_PAUSE 10 /* milliseconds between slices: lines that are typed begin the look anew, many of them */
#define WITHDRAWN_LOOK 5   /* seconds, while one that is withdrawn is used */
#define PUSH_LOOK 100	   /* milliseconds, while a push goes on */
#define NOT_COUNTED UINT64_MAX
#define DEPTH_MOST 10	 /* of route-maps that call each other, as FRR's own */
#define BELOW_MOST 256
#define NEVER_TAKEN 1 /* a fingerprint: of one that bgpd did not take, and that nothing is like */

static int by_name(const struct policy_object *a, const struct policy_object *b)
{
	return strcmp(a->policy->name, b->policy->name);
}

DECLARE_RBTREE_UNIQ(policy_tree, struct policy_object, item, by_name);
DECLARE_DLIST(fresh_list, struct policy_object, in_fresh);

static struct policy_tree_head objects;
static struct fresh_list_head fresh = INIT_DLIST(fresh);
static struct policy_totals totals;
static size_t drifted_count, withdrawn_count;
static uint64_t counted = NOT_COUNTED; /* uses were, when policy_uses_changes() was so */
static event_ref *withdrawn_event, *look_event;
static void (*looked)(void);

static struct policy_object *find(const char *name)
{
	Peering__Policy policy = {.name = (char *)name};
	struct policy_object key = {.policy = &policy};

	return policy_tree_find(&objects, &key);
}

const struct policy_object *policy_object_find(const char *name)
{
	return find(name);
}

const struct policy_object *policy_object_behind(const char *name)
{
	Peering__Policy policy = {.name = (char *)name};
	struct policy_object key = {.policy = &policy}, *object = policy_tree_find_gteq(&objects, &key);

	return object && strcmp(object->policy->name, name) == 0 ? policy_tree_next(&objects, object) : object;
}

uint64_t policy_object_digest(const char *name)
{
	struct policy_object *object = find(name);

	if (!object->digest)
		object->digest = policy_digest(object->policy);
	return object->digest;
}

struct policy_totals policy_objects_totals(void)
{
	return totals;
}

static void count(const Peering__Policy *policy, bool comes)
{
	size_t *entries = policy_kind_is_prefix_list(policy->kind) ? &totals.prefixes : &totals.entries;

	totals.objects += comes ? 1 : (size_t)-1;
	*entries += comes ? policy->n_entries : (size_t)0 - policy->n_entries;
}

static void set_drifted(struct policy_object *object, bool drifted)
{
	if (drifted != object->drifted)
		snapshots_policy_changed(object->policy->name);
	drifted_count += drifted - object->drifted;
	object->drifted = drifted;
}

static void set_withdrawn(struct policy_object *object, bool withdrawn)
{
	withdrawn_count += withdrawn - object->withdrawn;
	object->withdrawn = withdrawn;
}

static void drop(struct policy_object *object)
{
	set_drifted(object, false);
	set_withdrawn(object, false);
	snapshots_policy_changed(object->policy->name);
	if (!object->fingerprint)
		fresh_list_del(&fresh, object);
	policy_tree_del(&objects, object);
	count(object->policy, false);
	policy_discard(NULL, object->policy);
	XFREE(MTYPE_PEERING_OBJECT, object);
}

/* Takes the policy. */
static struct policy_object *keep(Peering__Policy *policy, struct former_policy *former)
{
	struct policy_object *object = find(policy->name);

	*former = (struct former_policy){.policy = NULL};
	if (object) {
		count(object->policy, false);
		*former = (struct former_policy){.policy = object->policy, .withdrawn = object->withdrawn};
		object->policy = policy;
		if (object->fingerprint)
			fresh_list_add_tail(&fresh, object);
	} else {
		object = XCALLOC(MTYPE_PEERING_OBJECT, sizeof(*object));
		object->policy = policy;
		policy_tree_add(&objects, object);
		fresh_list_add_tail(&fresh, object);
	}
	count(policy, true);
	object->fingerprint = 0;
	object->digest = 0;
	set_withdrawn(object, false);
	set_drifted(object, false);
	snapshots_policy_changed(policy->name);
	return object;
}

/* ---- whether it is as it was pushed ---- */

static void settle(struct policy_object *object, uint64_t found)
{
	bool drifted = object->fingerprint != found;

	if (drifted != object->drifted)
		zlog_notice("peering: the pushed policy %s is %s", object->policy->name,
			    drifted ? "not as it was pushed any more: somebody has typed at it" : "as it was pushed again");
	set_drifted(object, drifted);
}

static void look_at_some(event_ref *event)
{
	struct policy_object *object;
	struct timeval begun;
	TURN(TURN_LIFECYCLE);

	monotime(&begun);
	frr_each (policy_tree, &objects, object) {
		if (!object->look)
			continue;
		object->look = false;
		/* A push that goes on has put it in force, and measures it at its end. */
		if (!object->fingerprint)
			continue;
		settle(object, policy_fingerprint(object->policy->kind, object->policy->name));
		if (monotime_since(&begun, NULL) > SLICE_MICROSECONDS) {
			event_add_now(look_at_some, NULL, &look_event);
			return;
		}
	}
	looked();
}

void policy_objects_look(bool (*is_edited)(const char *name), void (*done)(void))
{
	struct policy_object *object;

	frr_each (policy_tree, &objects, object)
		object->look |= is_edited(object->policy->name);
	looked = done;
	look_at_some(NULL);
}

bool policy_object_is_untouched(Peering__PolicyKind kind, const char *name)
{
	const struct policy_object *object = find(name);

	return object && object->policy->kind == kind && !policy_is_typed(kind, name) && policy_is_there(kind, name);
}

bool policy_objects_measure(void)
{
	struct policy_object *object = fresh_list_pop(&fresh);

	if (!object)
		return false;
	object->fingerprint = policy_fingerprint(object->policy->kind, object->policy->name);
	if (!object->fingerprint) {
		object->fingerprint = NEVER_TAKEN;
		set_drifted(object, true);
	}
	return fresh_list_first(&fresh);
}

bool policy_object_has_line(Peering__PolicyKind kind, const char *name, const char *line)
{
	const struct policy_object *object = find(name);

	return object && object->policy->kind == kind && policy_list_has_line(object->policy, line);
}

/* ---- what a route-map comes to ---- */

struct below {
	struct {
		Peering__PolicyKind kind;
		char name[POLICY_NAME_MAX];
	} seen[BELOW_MOST];
	size_t count;
	void (*each)(Peering__PolicyKind kind, const char *name, void *context);
	void *context;
};

static bool come_to(struct below *below, Peering__PolicyKind kind, const char *text)
{
	size_t length = strcspn(text, " ");

	for (size_t i = 0; i < below->count; i++)
		if (below->seen[i].kind == kind && strlen(below->seen[i].name) == length &&
		    memcmp(below->seen[i].name, text, length) == 0)
			return false;
	if (!length || length >= POLICY_NAME_MAX || below->count == BELOW_MOST)
		return false;
	memcpy(below->seen[below->count].name, text, length);
	below->seen[below->count].name[length] = '\0';
	below->seen[below->count].kind = kind;
	below->each(kind, below->seen[below->count++].name, below->context);
	return true;
}

/* A rule does not say of which style its community list is; that of a pushed one is known. */
static Peering__PolicyKind kind_of_community_list(const char *text, Peering__PolicyKind standard)
{
	char name[POLICY_NAME_MAX];
	const struct policy_object *object;

	strlcpy(name, text, sizeof(name));
	name[strcspn(name, " ")] = '\0';
	object = find(name);
	if (object && (object->policy->kind == standard || object->policy->kind == standard + 1))
		return object->policy->kind;
	return standard;
}

static void rule_comes_to(struct below *below, const struct route_map_rule *rule)
{
	static const struct {
		const char *rule;
		Peering__PolicyKind kind;
	} rules[] = {
		{POLICY_RULE_IPV4, K(PREFIX_LIST_IPV4)},      {"ip address prefix-list", K(PREFIX_LIST_IPV4)},
		{POLICY_RULE_IPV6, K(PREFIX_LIST_IPV6)},      {"ipv6 address prefix-list", K(PREFIX_LIST_IPV6)},
		{"as-path", K(AS_PATH_LIST)},		      {"community", K(COMMUNITY_LIST)},
		{"large-community", K(LARGE_COMMUNITY_LIST)},
	};

	for (size_t i = 0; rule->rule_str && i < array_size(rules); i++) {
		Peering__PolicyKind kind = rules[i].kind;

		if (strcmp(rules[i].rule, rule->cmd->str) != 0)
			continue;
		if (kind == K(COMMUNITY_LIST) || kind == K(LARGE_COMMUNITY_LIST))
			kind = kind_of_community_list(rule->rule_str, kind);
		come_to(below, kind, rule->rule_str);
	}
}

static void map_comes_to(struct below *below, const char *name, unsigned int depth)
{
	const struct route_map *map;

	if (depth > DEPTH_MOST || !come_to(below, K(ROUTE_MAP), name))
		return;
	map = route_map_lookup_by_name(name);
	for (const struct route_map_index *index = map ? map->head : NULL; index; index = index->next) {
		for (const struct route_map_rule *rule = index->match_list.head; rule; rule = rule->next)
			rule_comes_to(below, rule);
		if (index->nextrm)
			map_comes_to(below, index->nextrm, depth + 1);
	}
}

void policy_objects_below(const char *route_map,
			  void (*each)(Peering__PolicyKind kind, const char *name, void *context), void *context)
{
	struct below below = {.each = each, .context = context};

	map_comes_to(&below, route_map, 0);
}

static void note_drifted(Peering__PolicyKind kind, const char *name, void *context)
{
	const struct policy_object **drifted = context, *object = find(name);

	if (object && object->policy->kind == kind && object->drifted && !*drifted)
		*drifted = object;
}

const struct policy_object *policy_object_drifted_below(const char *route_map)
{
	const struct policy_object *drifted = NULL;

	if (drifted_count)
		policy_objects_below(route_map, note_drifted, &drifted);
	return drifted;
}

/* ---- pushes ---- */

static void count_use(Peering__PolicyKind kind, const char *name, void *context)
{
	int change = *(const int *)context;
	struct policy_object *object = find(name);

	if (object &&
	    (kind ? policy_kind_same_place(object->policy->kind, kind) : object->policy->kind != K(ROUTE_MAP)))
		object->uses += (unsigned int)change;
}

/* By route-maps; those of what is removed are taken off. */
static void count_uses(void)
{
	struct policy_object *object;
	int more = 1;

	if (counted == policy_uses_changes())
		return;
	counted = policy_uses_changes();
	frr_each (policy_tree, &objects, object)
		object->uses = 0;
	policy_uses_by_maps(count_use, &more);
}

/* Or it cannot be removed now, or nobody knows. */
static bool is_used(const struct policy_object *object)
{
	char why[TRANSITION_MESSAGE_MAX];

	return !policy_uses_are_exact() || policy_uses_of(object->policy->kind, object->policy->name) || object->uses ||
	       policy_is_locked(object->policy->kind, object->policy->name, why, sizeof(why)) ||
	       (object->policy->kind == K(ROUTE_MAP) && policy_is_counted(object->policy->name));
}

/* What a route-map that goes was the last to use goes with it, whichever stands in front. */
static void remove_unused(struct policy_object *object)
{
	const char *name = object->policy->name;
	const struct route_map *map = object->policy->kind == K(ROUTE_MAP) ? route_map_lookup_by_name(name) : NULL;
	int less = -1;

	zlog_notice("peering: the policy %s was withdrawn and is not used any more: removed", name);
	if (map)
		policy_uses_of_map(map, count_use, &less);
	policy_uninstall(object->policy);
	durable_state_policy_object(name, NULL, false, NULL);
	policy_put_back_end(name);
	drop(object);
}

static void look_at_withdrawn(event_ref *event)
{
	struct policy_object *object, *used = NULL;
	bool removed = false;
	struct timeval begun;
	TURN(TURN_LIFECYCLE);

	/* What a push refers to was there when it was checked. */
	if (push_goes_on()) {
		event_add_milliseconds(look_at_withdrawn, NULL, PUSH_LOOK, &withdrawn_event);
		return;
	}
	monotime(&begun);
	while (withdrawn_count && policy_uses_gather(true)) {
		if (monotime_since(&begun, NULL) > WITHDRAWN_SLICE_MICROSECONDS || !wall_stands(WALL_WALKS)) {
			event_add_milliseconds(look_at_withdrawn, NULL, WITHDRAWN_PAUSE, &withdrawn_event);
			return;
		}
	}
	if (withdrawn_count)
		count_uses();
	frr_each_safe (policy_tree, &objects, object) {
		if (!object->withdrawn)
			continue;
		if (is_used(object)) {
			used = object;
			continue;
		}
		remove_unused(object);
		removed = true;
		if (monotime_since(&begun, NULL) > WITHDRAWN_SLICE_MICROSECONDS) {
			event_add_now(look_at_withdrawn, NULL, &withdrawn_event);
			return;
		}
	}
	if (used && removed)
		event_add_now(look_at_withdrawn, NULL, &withdrawn_event);
	else if (used)
		event_add_seconds(look_at_withdrawn, NULL, WITHDRAWN_LOOK, &withdrawn_event);
}

/* What was typed a moment ago is looked at later. */
static bool is_typed_at(const struct policy_object *object)
{
	const char *name = object->policy->name;

	return object->drifted ||
	       (policy_edits_wait(name) && policy_fingerprint(object->policy->kind, name) != object->fingerprint);
}

bool policy_object_is_typed_at(const char *name)
{
	const struct policy_object *object = find(name);

	return object && is_typed_at(object);
}

const Peering__Policy *policy_object_as_pushed(const char *name)
{
	const struct policy_object *object = find(name);

	return object && !object->withdrawn && !is_typed_at(object) ? object->policy : NULL;
}

bool policy_object_push(Peering__Policy *policy, struct staged_policy *staged, const char *line,
			struct former_policy *former, struct verdict *verdict)
{
	const struct policy_object *object = find(policy->name);
	bool puts_back = object && (object->drifted || policy_edits_wait(policy->name));

	*verdict = (struct verdict){.code = ""};
	if (!policy_install(policy, staged, policy_uses_of(policy->kind, policy->name) & POLICY_USED_BY_INDEX, verdict))
		return false;
	counted = NOT_COUNTED;
	/* Nobody goes by a new one yet. */
	if (object)
		policy_edits_object(policy->name);
	keep(policy, former);
	durable_state_policy_object(policy->name, policy, false, line);
	if (puts_back)
		policy_put_back_note(policy->name);
	verdict->accepted = true;
	snprintf(verdict->message, sizeof(verdict->message), "%s: %s of %zu entries", policy->name,
		 policy_kind_name(policy->kind), policy->n_entries);
	return true;
}

void policy_objects_switched(void)
{
	bool told[POLICY_KINDS] = {false};
	struct policy_object *object;

	frr_each (fresh_list, &fresh, object) {
		Peering__PolicyKind kind = object->policy->kind;

		if (kind == K(ROUTE_MAP) || !(policy_uses_of(kind, object->policy->name) & POLICY_USED_BY_FILTER))
			continue;
		policy_tell_filters(object->policy, told[kind]);
		told[kind] = true;
	}
}

void policy_object_withdraw(const char *name, struct verdict *verdict)
{
	struct policy_object *object = find(name);

	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (!object) {
		verdict->unchanged = true;
		snprintf(verdict->message, sizeof(verdict->message), "%s is no pushed policy of this router", name);
		return;
	}
	count_uses();
	if (is_used(object)) {
		snprintf(verdict->message, sizeof(verdict->message), "%s is still used, and goes as soon as nothing uses it any more",
			 name);
		if (!object->withdrawn)
			durable_state_policy_object(name, object->policy, true, NULL);
		set_withdrawn(object, true);
		snapshots_policy_changed(name);
	} else {
		snprintf(verdict->message, sizeof(verdict->message), "%s is removed", name);
		remove_unused(object);
	}
	/* It may have been the last to use another one. */
	event_stop(withdrawn_event);
	event_add_now(look_at_withdrawn, NULL, &withdrawn_event);
}

void policy_object_want_again(const char *name)
{
	struct policy_object *object = find(name);

	if (!object || !object->withdrawn)
		return;
	durable_state_policy_object(name, object->policy, false, NULL);
	set_withdrawn(object, false);
	snapshots_policy_changed(name);
}

/* ---- the journal ---- */

void policy_object_restore(const char *name, Peering__Policy *policy, bool withdrawn)
{
	struct policy_object *object;
	struct former_policy former;

	if (policy) {
		set_withdrawn(keep(policy, &former), withdrawn);
		if (former.policy)
			policy_discard(NULL, former.policy);
		return;
	}
	object = find(name);
	if (object)
		drop(object);
}

static void make_again(struct policy_object *object)
{
	struct staged_policy *staged = policy_stage(object->policy->kind, object->policy->name);
	struct verdict verdict;
	bool good = true;

	for (size_t i = 0; i < object->policy->n_entries && good; i++)
		good = policy_stage_add(staged, object->policy->entries[i]);
	if (good && policy_install(object->policy, staged, true, &verdict))
		return;
	policy_discard(staged, NULL);
	zlog_err("peering: bgpd does not take the policy %s", object->policy->name);
}

void policy_objects_restored(void)
{
	struct policy_object *object;

	frr_each (policy_tree, &objects, object)
		make_again(object);
	while (policy_objects_measure())
		;
}

/* Before a session can be up, so in one go. */
void policy_objects_file_end(void)
{
	struct policy_object *object;

	frr_each (policy_tree, &objects, object) {
		uint64_t found = policy_fingerprint(object->policy->kind, object->policy->name);

		if (found != object->fingerprint && policy_put_back_has(object->policy->name)) {
			zlog_notice("peering: the configuration file has lines of the pushed policy %s that a push has put back since: they are not brought back; type them again where they are wanted",
				    object->policy->name);
			make_again(object);
			found = policy_fingerprint(object->policy->kind, object->policy->name);
		}
		settle(object, found);
	}
}

void policy_objects_start(void)
{
	event_add_seconds(look_at_withdrawn, NULL, WITHDRAWN_LOOK, &withdrawn_event);
}

void policy_objects_init(void)
{
	policy_tree_init(&objects);
	policy_install_init();
	policy_text_init();
}

void policy_objects_stop(void)
{
	event_stop(withdrawn_event);
	event_stop(look_event);
	policy_uses_stop();
	policy_install_stop();
}
