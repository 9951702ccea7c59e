// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_check.h"

#include "bgpd-peering/policy/policy_install.h"
#include "bgpd-peering/policy/policy_list.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/policy/policy_staging.h"
#include "bgpd-peering/policy/policy_text.h"

#include "lib/utf8.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_POLICY_PLAN, "Peering plan of policies");

#define K(name) PEERING__POLICY_KIND__POLICY_KIND_##name
#define CALLS_MOST 8 /* of route-maps one behind the other; FRR denies from the eleventh on */

PREDECL_RBTREE_UNIQ(planned_tree);
struct planned_policy {
	struct planned_tree_item item;
	char name[POLICY_NAME_MAX];
	const Peering__Policy *policy; /* NULL: withdrawn */
};

static int by_name(const struct planned_policy *a, const struct planned_policy *b)
{
	return strcmp(a->name, b->name);
}

DECLARE_RBTREE_UNIQ(planned_tree, struct planned_policy, item, by_name);

struct policy_plan {
	struct planned_tree_head policies;
	struct policy_totals totals;
};

struct policy_plan *policy_plan_new(void)
{
	struct policy_plan *plan = XCALLOC(MTYPE_PEERING_POLICY_PLAN, sizeof(*plan));

	planned_tree_init(&plan->policies);
	plan->totals = policy_objects_totals();
	return plan;
}

void policy_plan_free(struct policy_plan *plan)
{
	struct planned_policy *planned;

	while ((planned = planned_tree_pop(&plan->policies)))
		XFREE(MTYPE_PEERING_POLICY_PLAN, planned);
	XFREE(MTYPE_PEERING_POLICY_PLAN, plan);
}

static struct planned_policy *find(const struct policy_plan *plan, const char *name)
{
	struct planned_policy key;

	if (strlcpy(key.name, name, sizeof(key.name)) >= sizeof(key.name))
		return NULL;
	return planned_tree_find((struct planned_tree_head *)&plan->policies, &key);
}

static void put(struct policy_plan *plan, const char *name, const Peering__Policy *policy)
{
	struct planned_policy *planned = find(plan, name);

	if (!planned) {
		planned = XCALLOC(MTYPE_PEERING_POLICY_PLAN, sizeof(*planned));
		strlcpy(planned->name, name, sizeof(planned->name));
		planned_tree_add(&plan->policies, planned);
	}
	planned->policy = policy;
}

/* The pushed one as it will be; NULL where there is none, or it is withdrawn. */
static const Peering__Policy *pushed(const struct policy_plan *plan, const char *name)
{
	const struct planned_policy *planned = find(plan, name);
	const struct policy_object *object;

	if (planned)
		return planned->policy;
	object = policy_object_find(name);
	return object ? object->policy : NULL;
}

bool policy_plan_has(const struct policy_plan *plan, Peering__PolicyKind kind, const char *name)
{
	const Peering__Policy *policy = pushed(plan, name);
	const struct planned_policy *planned = find(plan, name);
	const struct policy_object *object = policy_object_find(name);

	if (policy && policy_kind_same_place(policy->kind, kind))
		return true;
	/* What is withdrawn by this push goes, as far as anybody may rely on it. */
	if (planned && object && policy_kind_same_place(object->policy->kind, kind))
		return false;
	return policy_is_there(kind, name);
}

/* ---- what an entry refers to ---- */

static bool refers(const struct policy_plan *plan, const Peering__Policy *policy, uint32_t sequence,
		   Peering__PolicyKind kind, const char *name, struct verdict *verdict)
{
	if (!name[0] || policy_plan_has(plan, kind, name))
		return true;
	verdict_refuse(verdict, "unknown-policy", "%s entry %u: there is no %s '%s'; push it in front of this one", policy->name,
		       sequence, policy_kind_name(kind), name);
	return false;
}

static bool calls_end(const struct policy_plan *plan, const char *name, unsigned int depth);

static bool typed_calls_end(const struct policy_plan *plan, const char *name, unsigned int depth)
{
	const struct route_map *map = route_map_lookup_by_name(name);

	for (const struct route_map_index *index = map ? map->head : NULL; index; index = index->next)
		if (index->nextrm && !calls_end(plan, index->nextrm, depth + 1))
			return false;
	return true;
}

static bool calls_end(const struct policy_plan *plan, const char *name, unsigned int depth)
{
	const Peering__Policy *policy = pushed(plan, name);

	if (depth > CALLS_MOST)
		return false;
	if (!policy || policy->kind != K(ROUTE_MAP))
		return typed_calls_end(plan, name, depth);
	for (size_t i = 0; i < policy->n_entries; i++) {
		const Peering__RouteMapClause *clause = policy->entries[i]->clause;

		if (clause && clause->call[0] && !calls_end(plan, clause->call, depth + 1))
			return false;
	}
	return true;
}

static bool check_route_map(const struct policy_plan *plan, const Peering__Policy *policy, struct verdict *verdict)
{
	for (size_t i = 0; i < policy->n_entries; i++) {
		const Peering__RouteMapClause *clause = policy->entries[i]->clause;
		uint32_t sequence = policy->entries[i]->sequence;

		if (!clause)
			continue;
		if (!refers(plan, policy, sequence, K(PREFIX_LIST_IPV4), clause->match_prefix_list_ipv4, verdict) ||
		    !refers(plan, policy, sequence, K(PREFIX_LIST_IPV6), clause->match_prefix_list_ipv6, verdict) ||
		    !refers(plan, policy, sequence, K(AS_PATH_LIST), clause->match_as_path, verdict) ||
		    !refers(plan, policy, sequence, K(COMMUNITY_LIST), clause->match_community, verdict) ||
		    !refers(plan, policy, sequence, K(LARGE_COMMUNITY_LIST), clause->match_large_community, verdict) ||
		    !refers(plan, policy, sequence, K(ROUTE_MAP), clause->call, verdict))
			return false;
		if (!clause->call[0] || calls_end(plan, clause->call, 1))
			continue;
		verdict_refuse(verdict, "call-circle", "%s entry %u calls %s, which comes back to it, or calls more than %d others",
			       policy->name, sequence, clause->call, CALLS_MOST);
		return false;
	}
	return true;
}

static bool check_regexes(const Peering__Policy *policy, struct verdict *verdict)
{
	for (size_t i = 0; i < policy->n_entries; i++) {
		if (policy_list_takes(policy->kind, policy->entries[i]->regex))
			continue;
		verdict_refuse(verdict, "bad-regex", "%s entry %u: bgpd cannot read the regular expression '%s'", policy->name,
			       policy->entries[i]->sequence, policy->entries[i]->regex);
		return false;
	}
	return true;
}

/* ---- the operations ---- */

static bool check_name(const struct policy_plan *plan, const Peering__Policy *policy, struct verdict *verdict)
{
	const struct policy_object *object = policy_object_find(policy->name);
	const struct planned_policy *planned = find(plan, policy->name);
	const Peering__Policy *before = planned && planned->policy ? planned->policy : object ? object->policy : NULL;
	char why[TRANSITION_MESSAGE_MAX / 2];

	if (before && before->kind != policy->kind) {
		verdict_refuse(verdict, "policy-taken", "%s is a pushed %s; withdraw that first, and push this one once it is gone",
			       policy->name, policy_kind_name(before->kind));
		return false;
	}
	if (policy_is_locked(policy->kind, policy->name, why, sizeof(why))) {
		verdict_refuse(verdict, "configuration-locked", "%s; push it again later", why);
		return false;
	}
	if (!before && policy_is_there(policy->kind, policy->name)) {
		verdict_refuse(verdict, "policy-taken",
			       "%s is a %s that somebody has typed on the router, and is left to him; choose another name",
			       policy->name, policy_kind_name(policy->kind));
		return false;
	}
	return true;
}

static bool check_room(struct policy_plan *plan, const Peering__Policy *policy, struct verdict *verdict)
{
	const Peering__Policy *before = pushed(plan, policy->name);
	struct policy_totals totals = plan->totals;
	size_t *entries = policy_kind_is_prefix_list(policy->kind) ? &totals.prefixes : &totals.entries;

	totals.objects += !before;
	*entries += policy->n_entries - (before ? before->n_entries : 0);
	if (totals.objects > POLICY_OBJECTS_MAX || totals.prefixes > POLICY_OBJECTS_PREFIXES_MAX ||
	    totals.entries > POLICY_OBJECTS_ENTRIES_MAX) {
		verdict_refuse(verdict, "too-many",
			       "with %s the router would have more than %d policies, %u entries of prefix-lists or %u of others; withdraw what is not wanted any more",
			       policy->name, POLICY_OBJECTS_MAX, POLICY_OBJECTS_PREFIXES_MAX, POLICY_OBJECTS_ENTRIES_MAX);
		return false;
	}
	plan->totals = totals;
	return true;
}

bool policy_plan_push(struct policy_plan *plan, const Peering__Policy *policy, struct verdict *verdict)
{
	if (!policy_staging_is_good(policy, verdict) || !check_name(plan, policy, verdict) ||
	    !check_regexes(policy, verdict) || !policy_staging_is_made(policy, verdict))
		return false;
	if (policy->kind == K(ROUTE_MAP) && !check_route_map(plan, policy, verdict))
		return false;
	if (!check_room(plan, policy, verdict))
		return false;
	put(plan, policy->name, policy);
	/* Another one of this push may have come to call it. */
	if (policy->kind == K(ROUTE_MAP) && !calls_end(plan, policy->name, 0)) {
		verdict_refuse(verdict, "call-circle", "%s is called by what it calls", policy->name);
		return false;
	}
	return true;
}

bool policy_plan_withdraw(struct policy_plan *plan, const char *name, struct verdict *verdict)
{
	if (policy_name_error(name)) {
		verdict_refuse(verdict, "bad-name", "'%.60s' is no name of a policy", utf8_is_clean(name) ? name : "?");
		return false;
	}
	put(plan, name, NULL);
	return true;
}
