// SPDX-License-Identifier: GPL-2.0-or-later
/* What the peer sends stays within the limit; counted although every prefix is denied. */
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/checks/watch.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/inbound.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	const struct connection *connection = session->connection;
	size_t used = 0;

	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	result->verdict = CHECK_PASS;
	for (int family = 0; family < FAMILY_COUNT; family++) {
		uint32_t limit = connection->received_limit[family];
		uint64_t count = inbound_count(session, family);

		/* Before what it announces was watched: what bgpd has taken of it is the least. */
		if (session->gate == GATE_ALLOW && !watch_is_complete(session))
			count = MAX(count, session_installed_count(session, family_afi(family), SAFI_UNICAST));
		if (!session_carries(session, peer, family_afi(family), SAFI_UNICAST))
			continue;
		used += (size_t)snprintf(result->figures + used, sizeof(result->figures) - used, "%s%s%llu %s of %u",
					 used ? ", " : "", inbound_overflow(session, family) ? "over " : "",
					 (unsigned long long)count, family_name(family), limit);
		if (used >= sizeof(result->figures))
			used = sizeof(result->figures) - 1;
		result->limit = MAX(result->limit, limit);
		if (!limit) {
			/* An adopted connection may have none, and nothing of the peer's offends against it. */
			result->verdict = session->gate == GATE_ALLOW ? CHECK_UNKNOWN : CHECK_FAIL;
			snprintf(result->reason, sizeof(result->reason),
				 "no limit is set; give `peering %s received-limit %s N`", connection->name,
				 family_name(family));
		} else if (count > limit || inbound_overflow(session, family)) {
			result->verdict = CHECK_FAIL;
			snprintf(result->reason, sizeof(result->reason),
				 "the peer sends %llu %s prefixes, limit %u; judged again when it sends fewer",
				 (unsigned long long)count, family_name(family), limit);
		} else if (inbound_malformed(session)) {
			result->verdict = CHECK_FAIL;
			snprintf(result->reason, sizeof(result->reason),
				 "an UPDATE could not be read, the count is not certain; reset the session");
		}
	}
	check_knows_all(session, result);
}

const struct check check_received_limit = {
	.name = "received-limit",
	.level = CHECK_REQUIRED,
	.of_routes = true,
	.cause = "limit",
	.urgent = true,
	.run = run,
};
