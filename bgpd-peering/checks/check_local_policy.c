// SPDX-License-Identifier: GPL-2.0-or-later
/* The operator's own policy, which the gate gives back: is there one, and does it exist? */
#include "bgpd-peering/address_family.h"
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/gate/gate_policy.h"

static const char *const direction_names[RMAP_MAX] = {[RMAP_IN] = "import", [RMAP_OUT] = "export"};

/* Whether one direction of one family is as it should be; else `reason` says what to do. */
static bool is_defined(const struct session *session, const struct peer *peer, afi_t afi, safi_t safi, int direction,
		       char *reason, size_t size)
{
	const char *name = gate_policy_wanted(session, afi, safi, direction);

	if (name && route_map_lookup_by_name(name))
		return true;
	if (name)
		snprintf(reason, size, "%s %s %s route-map %s does not exist; define it", afi_word(afi), safi_word(safi),
			 direction_names[direction], name);
	else if (!gate_policy_is_known(session, afi, safi, direction))
		snprintf(reason, size, "nobody has said which %s %s %s route-map applies; give `neighbor %s route-map NAME %s`",
			 afi_word(afi), safi_word(safi), direction_names[direction], session->address,
			 direction == RMAP_IN ? "in" : "out");
	else if (CHECK_FLAG(peer->bgp->flags, BGP_FLAG_EBGP_REQUIRES_POLICY))
		snprintf(reason, size, "no %s %s %s route-map; give `neighbor %s route-map NAME %s`", afi_word(afi),
			 safi_word(safi), direction_names[direction], session->address,
			 direction == RMAP_IN ? "in" : "out");
	else
		return true;
	return false;
}

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	unsigned int places = 0, defined = 0;
	afi_t afi;
	safi_t safi;

	result->verdict = CHECK_PASS;
	if (!peer) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason), "there is no neighbor %s", session->address);
		return;
	}
	FOREACH_AFI_SAFI (afi, safi) {
		if (!session_carries(session, peer, afi, safi))
			continue;
		for (int direction = 0; direction < RMAP_MAX; direction++) {
			places++;
			if (is_defined(session, peer, afi, safi, direction, result->reason, sizeof(result->reason)))
				defined++;
			else
				result->verdict = CHECK_FAIL;
		}
	}
	snprintf(result->figures, sizeof(result->figures), "%u of %u defined", defined, places);
}

const struct check check_local_policy = {.name = "local-policy", .level = CHECK_REQUIRED, .run = run};
