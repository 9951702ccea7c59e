// SPDX-License-Identifier: GPL-2.0-or-later
/* The peer is a neighbor indeed: its address is in a network of the link that the session runs over. */
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/checks/inbound_audit.h"

#include "lib/route_audit.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	const struct route_audit *routes = inbound_audit_routes(session);
	char remote[SU_ADDRSTRLEN];

	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	snprintf(result->figures, sizeof(result->figures), "%s",
		 sockunion2str(peer_remote_address(peer), remote, sizeof(remote)));
	if (route_audit_peer_is_on_link(routes)) {
		result->verdict = CHECK_PASS;
	} else if (!route_audit_knows_link(routes)) {
		snprintf(result->reason, sizeof(result->reason), "the networks of the link are not known; does zebra run?");
	} else {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason),
			 "the address is in no network of the link; where that is meant, `peering %s check addresses off`",
			 session->connection->name);
	}
}

const struct check check_addresses = {.name = "addresses", .level = CHECK_ADVISORY, .run = run};
