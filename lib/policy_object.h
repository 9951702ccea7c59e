/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy objects as a push carries them: prefix-lists, as-path lists, community lists and route-maps, judged by
 * themselves, and their JSON, which the API, the journal and the shows have in common. What an object refers to is the
 * router's to know.
 *
 * Pure; any thread. doc/controller.md describes the JSON.
 */
#ifndef PEERING_POLICY_OBJECT_H
#define PEERING_POLICY_OBJECT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/peering.pb-c.h"

#define POLICY_NAME_MAX 64	    /* with the final NUL */
#define POLICY_PREFIXES_MAX 10000   /* entries of a prefix-list */
#define POLICY_ENTRIES_MAX 200	    /* of every other object */
#define POLICY_REGEX_MAX 200
#define POLICY_COMMUNITIES_MAX 32   /* of an entry */
#define POLICY_PREPEND_MAX 20
#define POLICY_SEQUENCE_MAX 65535u  /* of a route-map's entry; FRR takes no more */
#define POLICY_KINDS 9		    /* PolicyKind's numbers are below that */
#define POLICY_RESERVED "PEERING-"  /* names that the module keeps for itself begin so, in upper or lower case */

struct policy_error {
	const char *code; /* static: "bad-name", "bad-policy", "unknown-key", … */
	char sentence[256];
};

/* "prefix-list-ipv4", …; NULL for what is none. */
const char *policy_kind_name(Peering__PolicyKind kind);
/* POLICY_KIND_UNSPECIFIED where there is no such kind; `name` may be NULL. */
Peering__PolicyKind policy_kind_from_name(const char *name);
bool policy_kind_is_prefix_list(Peering__PolicyKind kind);
/* Whether FRR takes one for the other by its name: community lists of either style are in one place. */
bool policy_kind_same_place(Peering__PolicyKind a, Peering__PolicyKind b);

/* NULL, or what is wrong with it. */
const char *policy_name_error(const char *name);

/* The object without its entries, and one entry after another: `before` is the one in front, NULL for the first. */
bool policy_check_head(const Peering__Policy *policy, struct policy_error *error);
bool policy_check_entry(const Peering__Policy *policy, const Peering__PolicyEntry *entry,
			const Peering__PolicyEntry *before, struct policy_error *error);
bool policy_check(const Peering__Policy *policy, struct policy_error *error);

/* Whether both are the same to the last bit. */
bool policy_entry_same(const Peering__PolicyEntry *a, const Peering__PolicyEntry *b);

/*
 * NULL with *error set; else checked. The caller frees with peering__policy__free_unpacked(policy, NULL). `name` is for
 * a body that may leave the name out; NULL where it must be there.
 */
Peering__Policy *policy_from_json(json_object *body, const char *name, struct policy_error *error);
/* The caller puts it. */
json_object *policy_to_json(const Peering__Policy *policy);
/* The same as text, without a tree of thousands of objects; the caller frees. NULL where memory is short. */
char *policy_to_text(const Peering__Policy *policy);
json_object *policy_entry_to_json(const Peering__Policy *policy, const Peering__PolicyEntry *entry);

#endif
