// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything in a report is malloc'd, as in report.c. */
#include "bgpd-peering/policy/policy_reports.h"

#include "bgpd-peering/policy/policy_objects.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_POLICY_REPORT, "Peering policy that is to be reported");

#define PIECE_MOST 200		/* policies in one message: some 20 KiB */
#define SLICE_MICROSECONDS 3000 /* to find out what they are */

PREDECL_RBTREE_UNIQ(waiting_tree);
struct waiting {
	struct waiting_tree_item item;
	char name[POLICY_NAME_MAX];
};

static int by_name(const struct waiting *a, const struct waiting *b)
{
	return strcmp(a->name, b->name);
}

DECLARE_RBTREE_UNIQ(waiting_tree, struct waiting, item, by_name);

static struct waiting_tree_head waiting = INIT_RBTREE_UNIQ(waiting);
static bool listened;
static struct {
	bool wanted, begun;
	char behind[POLICY_NAME_MAX]; /* the last one that was told */
} all;

static void forget(void)
{
	struct waiting *entry;

	while ((entry = waiting_tree_pop(&waiting)))
		XFREE(MTYPE_PEERING_POLICY_REPORT, entry);
}

void policy_reports_begin(void)
{
	forget();
	listened = true;
	all.wanted = true;
	all.begun = false;
	all.behind[0] = '\0';
}

void policy_reports_end(void)
{
	forget();
	listened = false;
}

bool policy_reports_changed(const char *name)
{
	struct waiting key;

	if (!listened)
		return false;
	strlcpy(key.name, name, sizeof(key.name));
	if (!waiting_tree_find(&waiting, &key)) {
		struct waiting *entry = XCALLOC(MTYPE_PEERING_POLICY_REPORT, sizeof(*entry));

		strlcpy(entry->name, name, sizeof(entry->name));
		waiting_tree_add(&waiting, entry);
	}
	return true;
}

/* `object` NULL: it is gone. */
static void add(Peering__Snapshot *snapshot, const char *name, const struct policy_object *object)
{
	Peering__PolicyStatus *status = malloc(sizeof(*status));

	if (!status)
		memory_oom(sizeof(*status), "report");
	peering__policy_status__init(status);
	status->name = strdup(name);
	if (!status->name)
		memory_oom(strlen(name), "report");
	status->gone = !object;
	if (object) {
		status->kind = object->policy->kind;
		status->digest = policy_object_digest(name);
		status->entries = (uint32_t)object->policy->n_entries;
		status->drifted = object->drifted;
		status->withdrawn = object->withdrawn;
	}
	snapshot->policies[snapshot->n_policies++] = status;
}

static const struct policy_object *next_of_all(void)
{
	const struct policy_object *object = all.wanted ? policy_object_behind(all.behind) : NULL;

	if (object)
		strlcpy(all.behind, object->policy->name, sizeof(all.behind));
	else
		all.wanted = false;
	return object;
}

static bool add_next(Peering__Snapshot *snapshot)
{
	const struct policy_object *object = next_of_all();
	struct waiting *entry;

	if (object) {
		add(snapshot, object->policy->name, object);
		return true;
	}
	entry = waiting_tree_pop(&waiting);
	if (!entry)
		return false;
	add(snapshot, entry->name, policy_object_find(entry->name));
	XFREE(MTYPE_PEERING_POLICY_REPORT, entry);
	return true;
}

bool policy_reports_add(Peering__Snapshot *snapshot)
{
	struct timeval begun;

	monotime(&begun);
	snapshot->policies_full = all.wanted && !all.begun;
	all.begun = true;
	snapshot->policies = calloc(PIECE_MOST, sizeof(*snapshot->policies));
	if (!snapshot->policies)
		memory_oom(0, "report");
	while (snapshot->n_policies < PIECE_MOST && monotime_since(&begun, NULL) <= SLICE_MICROSECONDS)
		if (!add_next(snapshot))
			break;
	return !all.wanted;
}
