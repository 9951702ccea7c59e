// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_put_back.h"

#include "bgpd-peering/frr_compat.h"
#include "bgpd-peering/journal/durable_state.h"

#include "lib/policy_object.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_PUT_BACK, "Peering policy that was put back");

PREDECL_RBTREE_UNIQ(put_back_tree);
struct put_back {
	struct put_back_tree_item item;
	char name[POLICY_NAME_MAX];
};

static int by_name(const struct put_back *a, const struct put_back *b)
{
	return strcmp(a->name, b->name);
}

DECLARE_RBTREE_UNIQ(put_back_tree, struct put_back, item, by_name);

static struct put_back_tree_head all = INIT_RBTREE_UNIQ(all);

static struct put_back *find(const char *name)
{
	struct put_back key;

	/* A word of a line may be anything. */
	return strlcpy(key.name, name, sizeof(key.name)) < sizeof(key.name) ? put_back_tree_find(&all, &key) : NULL;
}

bool policy_put_back_has(const char *name)
{
	return find(name) != NULL;
}

void policy_put_back_restore(const char *name, bool ended)
{
	struct put_back *one = find(name);

	if (ended && one) {
		put_back_tree_del(&all, one);
		XFREE(MTYPE_PEERING_PUT_BACK, one);
	} else if (!ended && !one) {
		one = XCALLOC(MTYPE_PEERING_PUT_BACK, sizeof(*one));
		strlcpy(one->name, name, sizeof(one->name));
		put_back_tree_add(&all, one);
	}
}

static void change(const char *name, bool ended)
{
	if (policy_put_back_has(name) != ended)
		return;
	policy_put_back_restore(name, ended);
	durable_state_put_back(name, ended);
}

void policy_put_back_note(const char *name)
{
	change(name, false);
}

void policy_put_back_end(const char *name)
{
	change(name, true);
}
