// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/pushed_declarations.h"

#include "bgpd-peering/frr_compat.h"
#include "bgpd-peering/router.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_PUSHED, "Peering pushed declaration");


PREDECL_RBTREE_UNIQ(pushed_tree);
struct pushed {
	struct pushed_tree_item item;
	Peering__DeclareConnection *declaration;
};

static int by_name(const struct pushed *a, const struct pushed *b)
{
	return strcmp(a->declaration->name, b->declaration->name);
}

DECLARE_RBTREE_UNIQ(pushed_tree, struct pushed, item, by_name);

static struct pushed_tree_head pushed;

static struct pushed *find(const char *name)
{
	Peering__DeclareConnection declaration = {.name = (char *)name};
	struct pushed key = {.declaration = &declaration};

	return pushed_tree_find(&pushed, &key);
}

void pushed_declaration_keep(Peering__DeclareConnection *declaration)
{
	struct pushed *entry = find(declaration->name);

	router.changes++;
	if (entry) {
		peering__declare_connection__free_unpacked(entry->declaration, NULL);
		entry->declaration = declaration;
		return;
	}
	entry = XCALLOC(MTYPE_PEERING_PUSHED, sizeof(*entry));
	entry->declaration = declaration;
	pushed_tree_add(&pushed, entry);
}

void pushed_declaration_drop(const char *name)
{
	struct pushed *entry = find(name);

	if (!entry)
		return;
	router.changes++;
	pushed_tree_del(&pushed, entry);
	peering__declare_connection__free_unpacked(entry->declaration, NULL);
	XFREE(MTYPE_PEERING_PUSHED, entry);
}

const Peering__DeclareConnection *pushed_declaration(const char *name)
{
	const struct pushed *entry = find(name);

	return entry ? entry->declaration : NULL;
}

void pushed_declarations_init(void)
{
	pushed_tree_init(&pushed);
}
