/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy objects that a controller has pushed: what is in force of them, what somebody has changed since, and when one
 * that is withdrawn may go. They are kept in the journal alone, and made from it before any configuration is read: no
 * saved file brings one back.
 *
 * One name is one object, whatever its kind. bgpd's main thread only.
 */
#ifndef PEERING_POLICY_OBJECTS_H
#define PEERING_POLICY_OBJECTS_H

#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/policy/policy_install.h"

#include "lib/policy_object.h"

#define POLICY_OBJECTS_MAX 4096
#define POLICY_OBJECTS_PREFIXES_MAX 250000u /* entries of all prefix-lists together */
#define POLICY_OBJECTS_ENTRIES_MAX 25000u   /* of all others */

PREDECL_RBTREE_UNIQ(policy_tree);
PREDECL_DLIST(fresh_list);
struct policy_object {
	struct policy_tree_item item;
	struct fresh_list_item in_fresh; /* while its fingerprint is 0 */
	Peering__Policy *policy; /* as it was pushed */
	uint64_t fingerprint;	 /* of what bgpd made of it; 0 until that is known */
	uint64_t digest;	 /* of `policy`, policy_digest(); 0 until somebody has asked */
	unsigned int uses;	 /* by route-maps, as they are counted for what is withdrawn */
	bool look;		 /* it is to be looked at */
	bool withdrawn;		 /* and still used */
	bool drifted;		 /* not as it was pushed: somebody has typed at it */
};

/* In frr_late_init; behind the fork; at the end of bgpd. */
void policy_objects_init(void);
void policy_objects_start(void);
void policy_objects_stop(void);

const struct policy_object *policy_object_find(const char *name);
/* The next one in the order of names; NULL where none is behind it. */
const struct policy_object *policy_object_behind(const char *name);
/* Of one that is there. The first time it takes a millisecond for each 10,000 entries. */
uint64_t policy_object_digest(const char *name);
struct policy_totals {
	size_t objects, prefixes, entries;
};
struct policy_totals policy_objects_totals(void);

/* ---- pushes ---- */

/* What was in force under a name before a push. */
struct former_policy {
	Peering__Policy *policy; /* NULL: nothing */
	bool withdrawn;
};

/*
 * Puts it in force. Takes the policy, which was checked, and what was staged of it, where it does not refuse; `former` is the
 * caller's then. `line` is the journal's, made before.
 */
bool policy_object_push(Peering__Policy *policy, struct staged_policy *staged, const char *line,
			struct former_policy *former, struct verdict *verdict);
/* Whether somebody has typed at the pushed policy of that name; false where there is none. */
bool policy_object_is_typed_at(const char *name);
/* What is in force under the name, where it is wanted, and as it was pushed; else NULL. */
const Peering__Policy *policy_object_as_pushed(const char *name);
/*
 * Behind the last policy of a push, in the same turn: neighbors' own filters go by them, too. Where a filter goes by one, bgpd
 * goes through all its neighbors, once for each kind of list.
 */
void policy_objects_switched(void);
/* Goes now, where policy_uses_are_exact(), or as soon as nothing uses it. */
void policy_object_withdraw(const char *name, struct verdict *verdict);
/* One that is withdrawn, and still there, is wanted as before. */
void policy_object_want_again(const char *name);
/* Notes what bgpd has made of one that was pushed, before anybody can type at it. False: nothing is left to note. */
bool policy_objects_measure(void);
/* ---- the journal ---- */

/* Takes the policy; NULL: the object is gone. */
void policy_object_restore(const char *name, Peering__Policy *policy, bool withdrawn);
/* The journal has been read: makes them in bgpd. */
void policy_objects_restored(void);

/* The end of the file of a start: what it has of lines that were put back goes again (policy_put_back.h). */
void policy_objects_file_end(void);

/* ---- what people type ---- */

/* Looks whether those that `is_edited` names are still as they were pushed, in slices; `done`, maybe at once, at their end. */
void policy_objects_look(bool (*is_edited)(const char *name), void (*done)(void));
/* One that the route-map, pushed or typed, comes to, and that is not as it was pushed; NULL: none. */
const struct policy_object *policy_object_drifted_below(const char *route_map);

/* A `no …` was typed for the prefix-list or route-map: whether it is pushed, and the line has changed nothing of it. */
bool policy_object_is_untouched(Peering__PolicyKind kind, const char *name);

/* Whether the line of bgpd's configuration is an entry of a pushed list, as it was pushed. */
bool policy_object_has_line(Peering__PolicyKind kind, const char *name, const char *line);

/*
 * Calls `each` for every policy that a route-map comes to, itself first, each once: what it matches and calls. The kind
 * says what is meant; whether it is there is another question.
 */
void policy_objects_below(const char *route_map,
			  void (*each)(Peering__PolicyKind kind, const char *name, void *context), void *context);

#endif
