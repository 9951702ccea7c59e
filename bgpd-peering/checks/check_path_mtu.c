// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets of the MTU of this side's interface come back from the peer whole. */
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/port/link_test.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	const struct prober_outcome *outcome = link_test_of_session(session);
	uint32_t mtu;

	if (!outcome) {
		link_test_say_missing(session, result->reason, sizeof(result->reason));
		return;
	}
	mtu = link_test_figures(session->connection)->before.self.link.mtu;
	result->limit = mtu;
	snprintf(result->figures, sizeof(result->figures), "%u of %u bytes", outcome->mtu, mtu);
	if (!outcome->received) {
		snprintf(result->reason, sizeof(result->reason), "no echo comes back, of whatever size");
		return;
	}
	result->verdict = outcome->mtu >= mtu ? CHECK_PASS : CHECK_FAIL;
	if (result->verdict == CHECK_FAIL)
		snprintf(result->reason, sizeof(result->reason),
			 "packets of more than %u bytes do not come back; set the same MTU on both sides", outcome->mtu);
}

const struct check check_path_mtu = {.name = "path-mtu", .level = CHECK_OFF, .run = run};
