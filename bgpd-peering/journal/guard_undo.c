// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guard takes its lines out of a file itself before vtysh gives it to a bgpd with the module. They come here where
 * bgpd was started past the wrapper, with what was saved while sessions were guarded.
 */
#include "bgpd-peering/journal/guard_undo.h"

#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/router.h"

#include "lib/guard_words.h"
#include "lib/linklist.h"

/* What the guard has to say of the neighbor or peer-group, behind the word that it is the guard; NULL: nothing. */
static const char *guard_says(const struct peer *peer)
{
	if (!CHECK_FLAG(peer->flags, PEER_FLAG_SHUTDOWN) || !peer->tx_shutdown_message ||
	    strncmp(peer->tx_shutdown_message, GUARD_MESSAGE, strlen(GUARD_MESSAGE)) != 0)
		return NULL;
	return peer->tx_shutdown_message + strlen(GUARD_MESSAGE);
}

bool guard_keeps_shut(const struct peer *peer)
{
	return guard_says(peer) && !session_of_peer(peer) && default_deny_covers(peer) &&
	       default_deny_mode(bgp_vrf_name(peer->bgp)) != DEFAULT_DENY_ON && !durable_state_lost_a_line();
}

static bool undo_neighbor(struct peer *peer)
{
	const char *says = guard_says(peer), *vrf = bgp_vrf_name(peer->bgp);

	if (!says)
		return false;
	if (guard_keeps_shut(peer)) {
		alert_as(EC_PEERING_GUARD, "%s (vrf %s) was shut by the boot guard: %s. Neither journal nor configuration knows it now, and it stays shut: declare it with `peering NAME neighbor %s`, or `no neighbor %s shutdown` where it is to run as it is",
		      peer_key(peer), vrf, says, peer_key(peer), peer_key(peer));
		return false;
	}
	if (strncmp(says, GUARD_DYNAMIC, strlen(GUARD_DYNAMIC)) == 0) {
		/* It is dynamic again. */
		peer_delete(peer);
		return true;
	}
	peer_tx_shutdown_message_unset(peer);
	peer_flag_unset(peer, PEER_FLAG_SHUTDOWN);
	return true;
}

/* ---- listen ranges ---- */

static bool read_range(const char *says, struct prefix *range, const char **group)
{
	const char *behind = strstr(says, GUARD_RANGE_GROUP);
	char text[PREFIX2STR_BUFFER];

	if (strncmp(says, GUARD_RANGE, strlen(GUARD_RANGE)) != 0 || !behind)
		return false;
	says += strlen(GUARD_RANGE);
	snprintf(text, sizeof(text), "%.*s", (int)MAX(behind - says, 0), says);
	*group = behind + strlen(GUARD_RANGE_GROUP);
	if (str2prefix(text, range) <= 0)
		return false;
	apply_mask(range);
	return true;
}

/* What the guard has left of the range goes: bgpd takes no range that overlaps another. */
static void remove_pieces(struct peer_group *group, const struct prefix *range)
{
	afi_t afi = family2afi(range->family);
	struct listnode *node, *next;
	struct prefix *piece;

	for (ALL_LIST_ELEMENTS(group->listen_range[afi], node, next, piece)) {
		struct prefix copy = *piece;

		if (prefix_match(range, piece))
			peer_group_listen_range_del(group, &copy);
	}
}

static bool undo_group(struct bgp *bgp, struct peer_group *withheld)
{
	const char *says = guard_says(withheld->conf), *name;
	struct peer_group *group;
	struct prefix range;

	if (!says || strncmp(withheld->name, GUARD_GROUP, strlen(GUARD_GROUP)) != 0 || !read_range(says, &range, &name))
		return false;
	group = peer_group_lookup(bgp, name);
	if (default_deny_mode(bgp_vrf_name(bgp)) != DEFAULT_DENY_ON) {
		alert_as(EC_PEERING_GUARD, "the boot guard had taken out `bgp listen range %pFX peer-group %s` (vrf %s) under default-deny, which is not on now: the range stays out. `peering default-deny` first and load the file again, or `no neighbor %s peer-group` and that line again where it is to run as it is",
		      &range, name, bgp_vrf_name(bgp), withheld->name);
		return false;
	}
	if (group) {
		remove_pieces(group, &range);
		peer_group_listen_range_add(group, &range);
	} else {
		alert_as(EC_PEERING_GUARD, "the boot guard had taken out `bgp listen range %pFX peer-group %s`, and that peer-group is gone: the range stays out",
		      &range, name);
	}
	peer_group_delete(withheld);
	return true;
}

void guard_undo(void)
{
	struct listnode *node, *inner, *next;
	struct peer_group *group;
	struct peer *peer;
	struct bgp *bgp;
	unsigned int count = 0;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, node, bgp)) {
		for (ALL_LIST_ELEMENTS(bgp->peer, inner, next, peer))
			count += undo_neighbor(peer);
		for (ALL_LIST_ELEMENTS(bgp->group, inner, next, group))
			count += undo_group(bgp, group);
	}
	if (count)
		zlog_notice("peering: %u neighbors and listen ranges that the boot guard had shut are under the module again; `write memory` saves them so",
			    count);
}
