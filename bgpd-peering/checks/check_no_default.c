// SPDX-License-Identifier: GPL-2.0-or-later
/* A peer announces no default route. */
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/gate/inbound.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	result->verdict = CHECK_PASS;
	for (int family = 0; family < FAMILY_COUNT; family++) {
		if (inbound_default_count(session, family) == 0)
			continue;
		result->verdict = CHECK_FAIL;
		snprintf(result->figures, sizeof(result->figures), "%s",
			 family == FAMILY_IPV4 ? "0.0.0.0/0" : "::/0");
		snprintf(result->reason, sizeof(result->reason),
			 "the peer sends a default route; judged again when it is withdrawn");
	}
	check_knows_all(session, result);
}

const struct check check_no_default = {
	.name = "no-default",
	.level = CHECK_REQUIRED,
	.of_routes = true,
	.cause = "default-route",
	.urgent = true,
	.run = run,
};
