// SPDX-License-Identifier: GPL-2.0-or-later
/* The operator's own policy, which the gate gives back: is there one, and does it exist? */
#include "bgpd-peering/check.h"
#include "bgpd-peering/gate.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	static const char *const direction_names[RMAP_MAX] = {[RMAP_IN] = "import", [RMAP_OUT] = "export"};
	unsigned int places = 0, defined = 0;

	result->verdict = CHECK_PASS;
	if (!peer) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason), "there is no neighbor %s", session->address);
		return;
	}
	for (int family = 0; family < FAMILY_COUNT; family++) {
		afi_t afi = family_afi(family);

		if (!session_carries(session, peer, afi, SAFI_UNICAST))
			continue;
		for (int direction = 0; direction < RMAP_MAX; direction++) {
			const char *name = gate_operator_policy(session, afi, SAFI_UNICAST, direction);

			places++;
			if (name && route_map_lookup_by_name(name)) {
				defined++;
			} else if (name) {
				result->verdict = CHECK_FAIL;
				snprintf(result->reason, sizeof(result->reason),
					 "%s %s route-map %s does not exist; define it", family_name(family),
					 direction_names[direction], name);
			} else if (CHECK_FLAG(peer->bgp->flags, BGP_FLAG_EBGP_REQUIRES_POLICY)) {
				result->verdict = CHECK_FAIL;
				snprintf(result->reason, sizeof(result->reason),
					 "no %s %s route-map; give `neighbor %s route-map NAME %s`",
					 family_name(family), direction_names[direction], session->address,
					 direction == RMAP_IN ? "in" : "out");
			} else {
				defined++;
			}
		}
	}
	snprintf(result->figures, sizeof(result->figures), "%u of %u defined", defined, places);
}

const struct check check_local_policy = {.name = "local-policy", .required = true, .run = run};
