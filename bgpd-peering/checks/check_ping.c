// SPDX-License-Identifier: GPL-2.0-or-later
/* The peer answers echoes from the session's address, nearly all of them. */
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/port/link_test.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	const struct prober_outcome *outcome = link_test_of_session(session);

	if (!outcome) {
		link_test_say_missing(session, result->reason, sizeof(result->reason));
		return;
	}
	snprintf(result->figures, sizeof(result->figures), "%u of %u lost, rtt %.2f/%.2f/%.2f ms", outcome->sent - outcome->received,
		 outcome->sent, outcome->rtt_min / 1000.0, outcome->rtt_average / 1000.0, outcome->rtt_max / 1000.0);
	result->verdict = prober_lost_too_many(outcome) ? CHECK_FAIL : CHECK_PASS;
	if (result->verdict == CHECK_FAIL)
		snprintf(result->reason, sizeof(result->reason), "echoes are lost; `show peering %s link`",
			 session->connection->name);
}

const struct check check_ping = {.name = "ping", .level = CHECK_OFF, .run = run};
