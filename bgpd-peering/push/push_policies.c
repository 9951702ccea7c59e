// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/push_policies.h"

#include "bgpd-peering/policy/policy_install.h"
#include "bgpd-peering/push/push_record.h"

#include "lib/journal_json.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_FORMER, "Peering policies before a push");

static const char *const change_names[PUSH_POLICY_CHANGES] = {
	[PUSH_POLICY_MADE] = "made",
	[PUSH_POLICY_CHANGED] = "changed",
	[PUSH_POLICY_WITHDRAWN] = "withdrawn",
};

void push_policies_begin(struct push_policies *policies, size_t most)
{
	*policies = (struct push_policies){.list = XCALLOC(MTYPE_PEERING_FORMER, (most + 1) * sizeof(*policies->list))};
}

void push_policies_add(struct push_policies *policies, const char *name, enum push_policy_change change)
{
	struct push_policy *policy = &policies->list[policies->count++];

	strlcpy(policy->name, name, sizeof(policy->name));
	policy->change = change;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct push_policy *)a)->name, ((const struct push_policy *)b)->name);
}

void push_policies_sort(struct push_policies *policies)
{
	if (policies->count)
		qsort(policies->list, policies->count, sizeof(*policies->list), by_name);
}

static int compare_name(const void *name, const void *policy)
{
	return strcmp(name, ((const struct push_policy *)policy)->name);
}

struct push_policy *push_policies_find(const struct push_policies *policies, const char *name)
{
	return policies->count ? bsearch(name, policies->list, policies->count, sizeof(*policies->list), compare_name) : NULL;
}

struct push_policy *push_policies_look_for(const struct push_policies *policies, const char *name)
{
	for (size_t i = 0; i < policies->count; i++)
		if (strcmp(policies->list[i].name, name) == 0)
			return &policies->list[i];
	return NULL;
}

void push_policies_clear(struct push_policies *policies)
{
	for (size_t i = 0; i < policies->count; i++)
		if (policies->list[i].former)
			policy_discard(NULL, policies->list[i].former);
	XFREE(MTYPE_PEERING_FORMER, policies->list);
	*policies = (struct push_policies){.list = NULL};
}

void push_policies_move(struct push_policies *from, struct push_policies *to)
{
	for (size_t i = 0; i < from->count; i++) {
		struct push_policy *policy = push_policies_find(to, from->list[i].name);

		if (!policy || policy->former || policy->change != PUSH_POLICY_CHANGED)
			continue;
		policy->former = from->list[i].former;
		policy->former_withdrawn = from->list[i].former_withdrawn;
		from->list[i].former = NULL;
	}
}

/* ---- JSON ---- */

json_object *push_policies_to_json(const struct push_policies *policies)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < policies->count; i++) {
		json_object *one = json_object_new_object();

		/* No `name`: those of a line that cannot be read close connections. */
		journal_add_text(one, "policy", policies->list[i].name);
		journal_add_text(one, "change", change_names[policies->list[i].change]);
		json_object_array_add(array, one);
	}
	return array;
}

static int change_from_name(const char *name)
{
	for (int change = 0; name && change < PUSH_POLICY_CHANGES; change++)
		if (strcmp(change_names[change], name) == 0)
			return change;
	return -1;
}

bool push_policies_from_json(json_object *array, struct push_policies *policies)
{
	if (json_object_array_length(array) > PUSH_OPERATIONS_MAX)
		return false;
	push_policies_begin(policies, json_object_array_length(array));
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i);
		const char *name = json_object_is_type(one, json_type_object) ? journal_text(one, "policy") : NULL;
		int change = name ? change_from_name(journal_text(one, "change")) : -1;

		if (change < 0 || policy_name_error(name))
			return false;
		push_policies_add(policies, name, (enum push_policy_change)change);
	}
	push_policies_sort(policies);
	return true;
}

/* ---- at start ---- */

/* In front of the line `pushes` that names them. */
static struct push_policies read_before;
static char read_id[PUSH_ID_MAX];

void push_policies_read(const char *id, Peering__Policy *policy, bool withdrawn)
{
	struct push_policy *former;

	if (strcmp(read_id, id) != 0)
		push_policies_clear(&read_before);
	strlcpy(read_id, id, sizeof(read_id));
	if (!read_before.list)
		push_policies_begin(&read_before, PUSH_OPERATIONS_MAX);
	former = push_policies_look_for(&read_before, policy->name);
	if (!former && read_before.count < PUSH_OPERATIONS_MAX) {
		push_policies_add(&read_before, policy->name, PUSH_POLICY_CHANGED);
		former = &read_before.list[read_before.count - 1];
	}
	if (!former || former->former) {
		policy_discard(NULL, policy);
		return;
	}
	former->former = policy;
	former->former_withdrawn = withdrawn;
}

void push_policies_take_read(const char *id, struct push_policies *policies)
{
	if (strcmp(read_id, id) == 0)
		push_policies_move(&read_before, policies);
	push_policies_clear(&read_before);
}
