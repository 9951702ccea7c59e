// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/preview/bgpd_routes.h"

struct peer *bgpd_routes_peer(const struct session *session)
{
	struct peer *peer;

	if (session->replay || session->counted_peer)
		return NULL;
	peer = session_peer(session);
	return peer && peer_is_established(peer) ? peer : NULL;
}

bool bgpd_routes_has_rejected(const struct peer *peer, enum counted_family family)
{
	return CHECK_FLAG(peer->af_flags[family_afi(family)][SAFI_UNICAST], PEER_FLAG_SOFT_RECONFIG);
}

uint64_t bgpd_routes_taken(const struct peer *peer)
{
	return atomic_load_explicit(&peer->update_in, memory_order_relaxed);
}

/* Not what is being taken out, nor what dampening remembers of a route that was withdrawn. */
static bool is_of(const struct bgp_path_info *path, const struct peer *peer)
{
	return path->peer == peer && path->type == ZEBRA_ROUTE_BGP && path->sub_type == BGP_ROUTE_NORMAL &&
	       !CHECK_FLAG(path->flags, BGP_PATH_REMOVED | BGP_PATH_HISTORY);
}

bool bgpd_routes_visit(struct bgp_dest *dest, const struct peer *peer, bool as_sent, bgpd_route_visit visit,
		       void *context)
{
	const struct bgp_path_info *path;
	const struct bgp_adj_in *kept;

	for (kept = as_sent ? dest->adj_in : NULL; kept; kept = kept->next)
		if (kept->peer == peer && !visit(dest, kept->addpath_rx_id, kept->attr, context))
			return false;
	for (path = as_sent ? NULL : bgp_dest_get_bgp_path_info(dest); path; path = path->next)
		if (is_of(path, peer) && !visit(dest, path->addpath_rx_id, path->attr, context))
			return false;
	return true;
}
