/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What policies were before a push that waits to be confirmed: what a rollback puts back. Their names stand in the
 * journal's line `pushes`, what the changed ones had in lines `policyObject` of their own, with `before`.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSH_POLICIES_H
#define PEERING_PUSH_POLICIES_H

#include "bgpd-peering/frr_compat.h"

#include "lib/peering.pb-c.h"
#include "lib/policy_object.h"

#include <json-c/json.h>

/* Of what has to be put back as it was; a push that changes more than that is not taken with a time to confirm it. */
#define PUSH_FORMER_PREFIXES_MAX 20000u /* entries of prefix-lists */
#define PUSH_FORMER_ENTRIES_MAX 2000u	/* of all others */
#define PUSH_FORMER_BYTES_MAX (2u * 1024u * 1024u) /* of the journal's lines */

/* What the push has done to a policy. */
enum push_policy_change {
	PUSH_POLICY_MADE,      /* there was none of its name */
	PUSH_POLICY_CHANGED,   /* it has other contents, or is wanted again */
	PUSH_POLICY_WITHDRAWN, /* it is not wanted any more, and stays until the push is confirmed */
	PUSH_POLICY_CHANGES
};

struct push_policy {
	char name[POLICY_NAME_MAX];
	enum push_policy_change change;
	Peering__Policy *former; /* of a changed one; NULL: the push is not applied yet, or its line was lost */
	bool former_withdrawn;	 /* it was not wanted then, and still used */
};

struct push_policies {
	struct push_policy *list; /* in the order of names once they are sorted, each name once */
	size_t count;
};

/* `most` can be added. */
void push_policies_begin(struct push_policies *policies, size_t most);
void push_policies_add(struct push_policies *policies, const char *name, enum push_policy_change change);
void push_policies_sort(struct push_policies *policies);
/* NULL: it is none of them. The second one does not need them sorted. */
struct push_policy *push_policies_find(const struct push_policies *policies, const char *name);
struct push_policy *push_policies_look_for(const struct push_policies *policies, const char *name);
/* Frees all; contents some time after, in slices. */
void push_policies_clear(struct push_policies *policies);

/* The array in the line `pushes`, without contents, and back: false where it is out of range. */
json_object *push_policies_to_json(const struct push_policies *policies);
bool push_policies_from_json(json_object *array, struct push_policies *policies);

/* What `from` has of contents goes to those of the same names that lack them. */
void push_policies_move(struct push_policies *from, struct push_policies *to);

/* At start: takes what a line with `before` says of the push `id`; and gives `policies` of that push all that was read so far. */
void push_policies_read(const char *id, Peering__Policy *policy, bool withdrawn);
void push_policies_take_read(const char *id, struct push_policies *policies);

#endif
