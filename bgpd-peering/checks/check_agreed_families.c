// SPDX-License-Identifier: GPL-2.0-or-later
/* Both sides have agreed on the families that are meant to be exchanged. */
#include "bgpd-peering/address_family.h"
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/gate/gate_policy.h"

/*
 * Whether somebody means it: bgpd activates IPv4 for every neighbor by itself, and a peer-group its families for members of
 * either. It is the family of the session's own addresses, or has a route-map and was activated for this neighbor.
 */
static bool is_meant(const struct session *session, const struct peer *peer, afi_t afi, safi_t safi)
{
	sa_family_t family = peer_remote_address(peer)->sa.sa_family;

	/* What both sides need for their traffic; others are had or not, and shown. */
	if (safi != SAFI_UNICAST)
		return false;
	if (!peer->conf_if && afi == (family == AF_INET ? AFI_IP : AFI_IP6))
		return true;
	if (peer->group && peer->group->conf->afc[afi][safi])
		return false;
	return gate_policy_wanted(session, afi, safi, RMAP_IN) || gate_policy_wanted(session, afi, safi, RMAP_OUT);
}

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	size_t used = 0;
	afi_t afi;
	safi_t safi;

	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	result->verdict = CHECK_PASS;
	FOREACH_AFI_SAFI (afi, safi) {
		if (!peer->afc[afi][safi])
			continue;
		if (session_carries(session, peer, afi, safi)) {
			if (used < sizeof(result->figures))
				used += (size_t)snprintf(result->figures + used, sizeof(result->figures) - used,
							 "%s%s %s", used ? ", " : "", afi_word(afi), safi_word(safi));
		} else if (is_meant(session, peer, afi, safi)) {
			result->verdict = CHECK_FAIL;
			snprintf(result->reason, sizeof(result->reason),
				 "the peer does not offer %s %s; it is to activate it there, or `no neighbor %s activate` here",
				 afi_word(afi), safi_word(safi), session->address);
		}
	}
	if (used == 0 && result->verdict == CHECK_PASS) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason), "no family is agreed on; activate one on both sides");
	}
}

const struct check check_agreed_families = {.name = "agreed-families", .level = CHECK_REQUIRED, .run = run};
