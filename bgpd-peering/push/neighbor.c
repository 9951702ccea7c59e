// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/neighbor.h"

bool neighbor_address_fits(const union sockunion *address)
{
	if (address->sa.sa_family == AF_INET) {
		in_addr_t host = ntohl(address->sin.sin_addr.s_addr);

		return host >> 24 != 0 && host >> 24 != 127 && host >> 28 < 14;
	}
	return !IN6_IS_ADDR_UNSPECIFIED(&address->sin6.sin6_addr) && !IN6_IS_ADDR_LOOPBACK(&address->sin6.sin6_addr) &&
	       !IN6_IS_ADDR_MULTICAST(&address->sin6.sin6_addr) && !IN6_IS_ADDR_LINKLOCAL(&address->sin6.sin6_addr) &&
	       !IN6_IS_ADDR_V4MAPPED(&address->sin6.sin6_addr);
}

bool neighbor_exists(const struct bgp *bgp, const union sockunion *address)
{
	return peer_lookup((struct bgp *)bgp, (union sockunion *)address) != NULL;
}

struct peer *neighbor_make(struct bgp *bgp, const char *address, as_t asn)
{
	union sockunion su;
	struct peer *peer;
	int error;

	if (str2sockunion(address, &su) != 0)
		return NULL;
	error = peer_create_external(bgp, &su, asn);
	peer = peer_lookup(bgp, &su);
	if (error || !peer) {
		zlog_err("peering: bgpd does not take the neighbor %s AS%u: error %d", address, asn, error);
		return NULL;
	}
	return peer;
}

void neighbor_delete(struct peer *peer)
{
	struct peer *other = peer->doppelganger;

	peer_say_unconfigured(peer);
	peer_delete(peer);
	if (other && peer_fsm_status(other) != Deleted) {
		peer_say_unconfigured(other);
		peer_delete(other);
	}
}

void neighbor_set_asn(struct peer *peer, as_t asn)
{
	if (peer->as != asn)
		peer_change_asn(peer, asn);
}

void neighbor_describe(struct peer *peer, const char *description)
{
	if (description[0])
		peer_description_set(peer, description);
	else
		peer_description_unset(peer);
}

void neighbor_activate(struct peer *peer, afi_t afi)
{
	if (!peer->afc[afi][SAFI_UNICAST])
		peer_activate(peer, afi, SAFI_UNICAST);
}

void neighbor_deactivate(struct peer *peer, afi_t afi)
{
	if (peer->afc[afi][SAFI_UNICAST])
		peer_deactivate(peer, afi, SAFI_UNICAST);
}

void neighbor_limit(struct peer *peer, afi_t afi, uint32_t limit)
{
	if (limit)
		peer_maximum_prefix_set(peer, afi, SAFI_UNICAST, limit, MAXIMUM_PREFIX_THRESHOLD_DEFAULT, 0, 0, false);
	else if (CHECK_FLAG(peer->af_flags[afi][SAFI_UNICAST], PEER_FLAG_MAX_PREFIX))
		peer_maximum_prefix_unset(peer, afi, SAFI_UNICAST);
}
