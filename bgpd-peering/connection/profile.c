// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/profile.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/connection/connection_walk.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/router.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_PROFILE, "Peering profile");

static int compare(const struct profile *a, const struct profile *b)
{
	int order = strcmp(a->vrf, b->vrf);

	return order ? order : strcmp(a->name, b->name);
}

DECLARE_RBTREE_UNIQ(profile_tree, struct profile, item, compare);
static struct profile_tree_head profiles = INIT_RBTREE_UNIQ(profiles);
static uint64_t newest_serial;

const char *profile_name_error(const char *name)
{
	/* A connection's name and a profile's are made of the same characters. */
	return connection_name_error(name);
}

struct profile *profile_find(const char *vrf, const char *name)
{
	struct profile wanted;

	strlcpy(wanted.vrf, vrf, sizeof(wanted.vrf));
	strlcpy(wanted.name, name, sizeof(wanted.name));
	return profile_tree_find(&profiles, &wanted);
}

const struct profile *profile_of(const struct connection *connection)
{
	return connection->profile[0] ? profile_find(connection->vrf, connection->profile) : NULL;
}

struct profile *profile_make(const char *vrf, const char *name)
{
	struct profile *profile = profile_find(vrf, name);

	if (profile)
		return profile;
	profile = XCALLOC(MTYPE_PEERING_PROFILE, sizeof(*profile));
	strlcpy(profile->vrf, vrf, sizeof(profile->vrf));
	strlcpy(profile->name, name, sizeof(profile->name));
	profile_tree_add(&profiles, profile);
	return profile;
}

static void clear(struct profile *profile)
{
	memset(profile->check_levels, 0, sizeof(profile->check_levels));
	profile->validation_window = 0;
}

static bool has_lines(const struct profile *profile)
{
	bool any = profile->validation_window != 0;

	for (size_t i = 0; i < check_count; i++)
		any |= profile->check_levels[i] != CHECK_LEVEL_DEFAULT;
	return any;
}

static void drop(struct profile *profile)
{
	profile_tree_del(&profiles, profile);
	XFREE(MTYPE_PEERING_PROFILE, profile);
}

/* ---- changes ---- */

/* What a connection was validated by is no more what it was: a pass counts for the new generation alone. */
static void judge_anew(struct connection *connection)
{
	const struct profile *profile = profile_of(connection);
	uint64_t serial = profile ? profile->serial : connection->profile[0] ? newest_serial : 0;

	if (serial <= connection->profile_serial)
		return;
	connection->profile_serial = serial;
	if (connection->declared)
		configuration_changed(connection, false, "operator");
}

static struct connection_walk walk = {.visit = judge_anew};

static void write_down(struct profile *profile)
{
	durable_state_profile(profile);
	profile->unwritten = false;
	if (!has_lines(profile))
		drop(profile);
}

void profile_line(struct profile *profile, bool reading)
{
	if (!reading || !router.booting || profile->read)
		return;
	profile->read = true;
	clear(profile);
}

void profile_changed(struct profile *profile, bool reading)
{
	if (!router.booting)
		profile->serial = ++newest_serial;
	if (reading) {
		profile->unwritten = true;
		return;
	}
	write_down(profile);
	connection_walk_begin(&walk);
}

void profile_file_end(void)
{
	struct profile *profile;
	bool any = false;

	frr_each_safe (profile_tree, &profiles, profile) {
		/* The file of a start that has lines of ours is right: what it does not name is gone. */
		if (router.booting && router.lines_read && !profile->read) {
			clear(profile);
			profile->unwritten = true;
		}
		any |= profile->unwritten;
		if (profile->unwritten)
			write_down(profile);
	}
	/* At start everything is judged anew as it is. */
	if (any && !router.booting)
		connection_walk_begin(&walk);
}

void profile_restore(const char *vrf, const char *name, const enum check_level levels[CHECKS_MAX], uint32_t window)
{
	struct profile *profile = profile_make(vrf, name);

	memcpy(profile->check_levels, levels, sizeof(profile->check_levels));
	profile->validation_window = window;
	if (!has_lines(profile))
		drop(profile);
}

void profile_each(const char *vrf, void (*visit)(const struct profile *profile, void *context), void *context)
{
	struct profile *profile;

	frr_each (profile_tree, &profiles, profile)
		if (strcmp(profile->vrf, vrf) == 0)
			visit(profile, context);
}
