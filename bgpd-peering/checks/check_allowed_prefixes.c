// SPDX-License-Identifier: GPL-2.0-or-later
/* The peer announces only what a prefix-list of the operator allows. */
#include "bgpd-peering/checks/check_routes.h"
#include "bgpd-peering/checks/inbound_audit.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	const struct connection *connection = session->connection;
	bool named = false;

	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	for (int family = 0; family < FAMILY_COUNT; family++) {
		const char *list = connection->allowed_prefixes[family];

		if (!session_carries(session, peer, family_afi(family), SAFI_UNICAST))
			continue;
		if (list[0] && !prefix_list_lookup(family_afi(family), list)) {
			result->verdict = CHECK_FAIL;
			snprintf(result->reason, sizeof(result->reason), "%s prefix-list %s does not exist; define it",
				 family_name(family), list);
			return;
		}
		if (list[0]) {
			named = true;
			continue;
		}
		snprintf(result->reason, sizeof(result->reason), "no list is named; `peering %s allowed-prefixes %s NAME`",
			 connection->name, family_name(family));
		return;
	}
	if (named && !inbound_audit_lists_stand(session)) {
		snprintf(result->reason, sizeof(result->reason),
			 "the list was named after routes had come; `clear bgp %s` has them judged", session->address);
		return;
	}
	check_routes(session, peer, RULE_ALLOWED_PREFIXES, "prefixes that the list does not allow", result);
}

const struct check check_allowed_prefixes = {
	.name = "allowed-prefixes",
	.level = CHECK_ADVISORY,
	.of_routes = true,
	.run = run,
};
