/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile: levels of checks and a window that many connections have in common. A connection names one; what the
 * connection says itself goes first. One that is named and does not exist opens nothing: check_profile.c.
 *
 * A profile is there as long as it has a line. It belongs to the instance (VRF) whose connections name it. bgpd's main
 * thread only.
 */
#ifndef PEERING_PROFILE_H
#define PEERING_PROFILE_H

#include "bgpd-peering/connection/connection.h"

PREDECL_RBTREE_UNIQ(profile_tree);

struct profile {
	struct profile_tree_item item;
	char vrf[VRF_NAME_MAX];
	char name[PROFILE_NAME_MAX];
	enum check_level check_levels[CHECKS_MAX]; /* by place in the table of checks */
	uint32_t validation_window;		   /* seconds; 0: not set */
	bool read;	 /* a line of the configuration that is read at start speaks of it */
	bool unwritten;	 /* the journal has not been told */
	uint64_t serial; /* of its last change */
};

/* Why a profile cannot be called so; NULL where it can. */
const char *profile_name_error(const char *name);

/* NULL where there is none. */
struct profile *profile_find(const char *vrf, const char *name);
/* The one that the connection names; NULL where it names none or that does not exist. */
const struct profile *profile_of(const struct connection *connection);

/* The profile of that name, made where there is none. Whoever changes it then calls profile_changed(). */
struct profile *profile_make(const char *vrf, const char *name);
/*
 * A line of it was typed, or read from a file: what begins a profile in the file of a start replaces what the journal
 * remembers of it. profile_line() comes in front of the change, profile_changed() behind: that journals it, removes a
 * profile that has no line left, and has the connections that name it judged anew, in slices.
 */
void profile_line(struct profile *profile, bool reading);
void profile_changed(struct profile *profile, bool reading);
/* The end of a file: what its lines have changed is journalled, and connections are judged anew. */
void profile_file_end(void);

/* What the journal says of it; nothing set: it is gone. */
void profile_restore(const char *vrf, const char *name, const enum check_level levels[CHECKS_MAX], uint32_t window);

/* In the order of names. */
void profile_each(const char *vrf, void (*visit)(const struct profile *profile, void *context), void *context);

#endif
