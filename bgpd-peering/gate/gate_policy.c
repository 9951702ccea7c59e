// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/gate_policy.h"

#include "bgpd-peering/gate/drain_policy.h"
#include "bgpd-peering/gate/walls.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/policy/policy_uses.h"

/* ---- the reserved name ---- */

const char *gate_policy_reserved_name(void)
{
	static char name[sizeof(GATE_ROUTE_MAP) + 16] = GATE_ROUTE_MAP;

	/* The plain name comes back as soon as nobody defines it any more. */
	strlcpy(name, GATE_ROUTE_MAP, sizeof(name));
	for (unsigned int number = 2; route_map_lookup_by_name(name); number++)
		snprintf(name, sizeof(name), GATE_ROUTE_MAP "-%u", number);
	return name;
}

static bool denies(const char *name)
{
	size_t length = strlen(GATE_ROUTE_MAP);

	if (!name || strncmp(name, GATE_ROUTE_MAP, length) != 0)
		return false;
	if (name[length] == '\0')
		return true;
	return name[length] == '-' && name[length + 1] != '\0' &&
	       strspn(name + length + 1, "0123456789") == strlen(name + length + 1);
}

bool gate_policy_is_reserved(const char *name)
{
	return denies(name) || drain_policy_is_name(name);
}

static const char *name_in_place(const struct peer *peer, afi_t afi, safi_t safi, int direction)
{
	return peer->filter[afi][safi].map[direction].name;
}

bool gate_policy_stands(const struct peer *peer, afi_t afi, safi_t safi, int direction)
{
	const char *name = name_in_place(peer, afi, safi, direction);

	return denies(name) && !route_map_lookup_by_name(name);
}

/* ---- what is wanted ---- */

static bool same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void want(struct session *session, afi_t afi, safi_t safi, int direction, const char *name, bool said)
{
	struct wanted_policy *wanted = &session->wanted[afi][safi][direction];
	bool changes = !wanted->known || !same_name(wanted->name, name);

	wanted->said |= said;
	if (!changes)
		return;
	XFREE(MTYPE_PEERING_TEXT, wanted->name);
	wanted->name = name ? XSTRDUP(MTYPE_PEERING_TEXT, name) : NULL;
	wanted->known = true;
	wanted->said = said;
	policy_uses_changed();
	durable_state_policy(session);
}

void gate_policy_want(struct session *session, afi_t afi, safi_t safi, int direction, const char *name)
{
	want(session, afi, safi, direction, name, true);
}

void gate_policy_want_nothing(struct session *session, afi_t afi, safi_t safi, int direction)
{
	struct wanted_policy *wanted = &session->wanted[afi][safi][direction];

	if (!wanted->known)
		return;
	XFREE(MTYPE_PEERING_TEXT, wanted->name);
	*wanted = (struct wanted_policy){0};
	policy_uses_changed();
	durable_state_policy(session);
}

void gate_policy_forget(struct session *session)
{
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi)
		for (int direction = 0; direction < RMAP_MAX; direction++)
			gate_policy_want_nothing(session, afi, safi, direction);
}

/* Of one whose place a reserved name holds. */
static const char *wanted_name(const struct session *session, const struct peer *peer, afi_t afi, safi_t safi, int direction)
{
	const struct wanted_policy *wanted = &session->wanted[afi][safi][direction];

	if (wanted->known && wanted->name)
		return wanted->name;
	if (wanted->known && peer && peer_group_active((struct peer *)peer))
		return peer->group->conf->filter[afi][safi].map[direction].name;
	return NULL;
}

const char *gate_policy_wanted(const struct session *session, afi_t afi, safi_t safi, int direction)
{
	struct peer *peer = session_peer(session);
	const char *name = peer ? name_in_place(peer, afi, safi, direction) : NULL;

	/* Of an open gate the place itself says it, an empty one too. */
	if (peer && !gate_policy_is_reserved(name) && (name || session->gate == GATE_ALLOW))
		return name;
	return wanted_name(session, peer, afi, safi, direction);
}

bool gate_policy_is_known(const struct session *session, afi_t afi, safi_t safi, int direction)
{
	struct peer *peer = session_peer(session);

	return session->wanted[afi][safi][direction].known ||
	       (peer && !gate_policy_is_reserved(name_in_place(peer, afi, safi, direction)));
}

/*
 * Keeps what stands in the operator's place, before the reserved name takes it. An empty place says something only where
 * a line has just emptied it: a neighbor that was made anew has none yet, and the file that is read may have been saved
 * while the reserved name stood there.
 */
static void remember(struct session *session, struct peer *peer, afi_t afi, safi_t safi, int direction, bool typed)
{
	bool own = CHECK_FLAG(peer->filter_override[afi][safi][direction], PEER_FT_ROUTE_MAP);
	const char *name = own ? name_in_place(peer, afi, safi, direction) : NULL;

	if (name || typed)
		want(session, afi, safi, direction, name, true);
	else if (!session->wanted[afi][safi][direction].known)
		want(session, afi, safi, direction, NULL, false);
}

/* ---- in the place ---- */

/* What of bgpd's ways to learn the routes again has been hidden from it. */
struct hidden {
	uint64_t refresh;
	bool kept;
};

static struct hidden hide(struct peer *peer, afi_t afi, safi_t safi, enum gate_policy_learning learning)
{
	struct hidden hidden = {0};

	if (!(learning & ASK_THE_PEER))
		hidden.refresh = peer_refresh_hide(peer);
	if (!(learning & TAKE_KEPT)) {
		hidden.kept = CHECK_FLAG(peer->af_flags[afi][safi], PEER_FLAG_SOFT_RECONFIG);
		UNSET_FLAG(peer->af_flags[afi][safi], PEER_FLAG_SOFT_RECONFIG);
	}
	return hidden;
}

static void show(struct peer *peer, afi_t afi, safi_t safi, struct hidden hidden)
{
	peer_refresh_show(peer, hidden.refresh);
	if (hidden.kept)
		SET_FLAG(peer->af_flags[afi][safi], PEER_FLAG_SOFT_RECONFIG);
}

static void put_in_place(struct peer *peer, afi_t afi, safi_t safi, int direction, const char *name,
			 enum gate_policy_learning learning)
{
	const struct bgp_filter *filter = &peer->filter[afi][safi];
	struct route_map *map = name ? route_map_lookup_by_name(name) : NULL;
	struct hidden hidden = hide(peer, afi, safi, learning);

	/*
	 * bgpd ignores a name that stands there, and with it a route-map that was made since: a file that was saved while
	 * the session drained names what is made only now. By way of one that denies it gets there.
	 */
	if (map && filter->map[direction].map != map && filter->map[direction].name &&
	    strcmp(filter->map[direction].name, name) == 0)
		peer_route_map_set(peer, afi, safi, direction, gate_policy_reserved_name(), NULL);
	if (name)
		peer_route_map_set(peer, afi, safi, direction, name, map);
	else
		peer_route_map_unset(peer, afi, safi, direction);
	show(peer, afi, safi, hidden);
}

bool gate_policy_deny(struct session *session, struct peer *peer, afi_t afi, safi_t safi, bool typed,
		      enum gate_policy_learning learning)
{
	bool changed = false;

	if (!peer->afc[afi][safi] || !wall_stands(WALL_POLICY))
		return false;
	for (int direction = 0; direction < RMAP_MAX; direction++) {
		if (gate_policy_stands(peer, afi, safi, direction))
			continue;
		/* A reserved name that somebody has defined is nothing that the operator wants. */
		if (!gate_policy_is_reserved(name_in_place(peer, afi, safi, direction))) {
			remember(session, peer, afi, safi, direction, typed);
			changed = true;
		}
		put_in_place(peer, afi, safi, direction, gate_policy_reserved_name(), learning);
	}
	return changed;
}

bool gate_policy_drain(struct session *session, struct peer *peer, afi_t afi, safi_t safi, bool typed,
		       enum gate_policy_learning learning)
{
	bool changed = false;

	if (!peer->afc[afi][safi])
		return false;
	for (int direction = 0; direction < RMAP_MAX; direction++) {
		const char *name = name_in_place(peer, afi, safi, direction);

		if (!gate_policy_is_reserved(name)) {
			remember(session, peer, afi, safi, direction, typed);
			changed = true;
		}
		/* As long as nobody has said what is wanted there, nothing passes. */
		name = session->wanted[afi][safi][direction].known
			       ? drain_policy_name(afi, safi, direction, wanted_name(session, peer, afi, safi, direction))
			       : NULL;
		put_in_place(peer, afi, safi, direction, name ? name : gate_policy_reserved_name(), learning);
	}
	drain_policy_default(peer, afi, safi, true);
	return changed;
}

void gate_policy_restore(struct session *session, struct peer *peer, afi_t afi, safi_t safi,
			 enum gate_policy_learning learning)
{
	bool drained = gate_policy_is_reserved(name_in_place(peer, afi, safi, RMAP_OUT));

	if (!peer->afc[afi][safi])
		return;
	for (int direction = 0; direction < RMAP_MAX; direction++) {
		const struct wanted_policy *wanted = &session->wanted[afi][safi][direction];

		if (gate_policy_is_reserved(name_in_place(peer, afi, safi, direction)) && wanted->known)
			put_in_place(peer, afi, safi, direction, wanted->name, learning);
	}
	if (drained)
		drain_policy_default(peer, afi, safi, false);
}
