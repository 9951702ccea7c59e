// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/pushed_declarations.h"

#include "bgpd-peering/frr_compat.h"
#include "bgpd-peering/router.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_PUSHED, "Peering pushed declaration");

PREDECL_RBTREE_UNIQ(pushed_tree);
PREDECL_RBTREE_UNIQ(removed_tree);
PREDECL_DLIST(removed_list);

struct pushed {
	struct pushed_tree_item item;
	Peering__DeclareConnection *declaration;
	struct removed_list_head removed; /* the oldest first */
};

struct removed_neighbor {
	struct removed_tree_item by_address;
	struct removed_list_item in_pushed;
	struct pushed *from;
	char address[SESSION_ADDRESS_MAX];
};

static int by_name(const struct pushed *a, const struct pushed *b)
{
	return strcmp(a->declaration->name, b->declaration->name);
}

static int by_address(const struct removed_neighbor *a, const struct removed_neighbor *b)
{
	return strcmp(a->address, b->address);
}

DECLARE_RBTREE_UNIQ(pushed_tree, struct pushed, item, by_name);
DECLARE_RBTREE_UNIQ(removed_tree, struct removed_neighbor, by_address, by_address);
DECLARE_DLIST(removed_list, struct removed_neighbor, in_pushed);

static struct pushed_tree_head pushed;
static struct removed_tree_head removed;

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
	removed_list_init(&entry->removed);
	pushed_tree_add(&pushed, entry);
}

static void forget_removed(struct removed_neighbor *one)
{
	removed_tree_del(&removed, one);
	removed_list_del(&one->from->removed, one);
	XFREE(MTYPE_PEERING_PUSHED, one);
}

void pushed_declaration_drop(const char *name)
{
	struct pushed *entry = find(name);

	if (!entry)
		return;
	router.changes++;
	while (removed_list_first(&entry->removed))
		forget_removed(removed_list_first(&entry->removed));
	pushed_tree_del(&pushed, entry);
	peering__declare_connection__free_unpacked(entry->declaration, NULL);
	XFREE(MTYPE_PEERING_PUSHED, entry);
}

const Peering__DeclareConnection *pushed_declaration(const char *name)
{
	const struct pushed *entry = find(name);

	return entry ? entry->declaration : NULL;
}

/* ---- neighbors that were left out ---- */

static struct removed_neighbor *find_removed(const char *address)
{
	struct removed_neighbor key;

	if (strlcpy(key.address, address, sizeof(key.address)) >= sizeof(key.address))
		return NULL;
	return removed_tree_find(&removed, &key);
}

void pushed_removed_add(const char *name, const char *address)
{
	struct pushed *from = find(name);
	struct removed_neighbor *one;

	pushed_removed_drop(address);
	if (removed_list_count(&from->removed) == PUSHED_REMOVED_MAX)
		forget_removed(removed_list_first(&from->removed));
	one = XCALLOC(MTYPE_PEERING_PUSHED, sizeof(*one));
	one->from = from;
	strlcpy(one->address, address, sizeof(one->address));
	removed_tree_add(&removed, one);
	removed_list_add_tail(&from->removed, one);
}

void pushed_removed_drop(const char *address)
{
	struct removed_neighbor *one = find_removed(address);

	if (one)
		forget_removed(one);
}

const char *pushed_removed_from(const char *address)
{
	const struct removed_neighbor *one = find_removed(address);

	return one ? one->from->declaration->name : NULL;
}

size_t pushed_removed_of(const char *name, char addresses[][SESSION_ADDRESS_MAX])
{
	struct pushed *from = find(name);
	struct removed_neighbor *one;
	size_t count = 0;

	if (!from)
		return 0;
	frr_each (removed_list, &from->removed, one)
		strlcpy(addresses[count++], one->address, SESSION_ADDRESS_MAX);
	return count;
}

void pushed_removed_each(void (*each)(const char *name, const char *address))
{
	struct removed_neighbor *one;

	frr_each_safe (removed_tree, &removed, one)
		each(one->from->declaration->name, one->address);
}

void pushed_declarations_init(void)
{
	pushed_tree_init(&pushed);
	removed_tree_init(&removed);
}
