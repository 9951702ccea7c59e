// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing has been sent to the peer and nothing of it is installed. */
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/gate/gate.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	struct gate_facts facts;

	gate_inspect(session, &facts);
	snprintf(result->figures, sizeof(result->figures), "%llu sent, %llu installed",
		 (unsigned long long)facts.advertised, (unsigned long long)facts.installed);
	if (session->gate != GATE_DENY || session->hands_off) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason), "the gate is open");
	} else if (facts.closing) {
		result->verdict = CHECK_RUNNING;
		snprintf(result->reason, sizeof(result->reason), "what had passed before is being taken back");
	} else if (!facts.walls || facts.in_group || facts.advertised || facts.installed) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason),
			 "routes pass although the gate is closed; shut the neighbor and report it");
	} else {
		result->verdict = CHECK_PASS;
	}
}

const struct check check_gate_holds = {
	.name = "gate-holds",
	.level = CHECK_REQUIRED,
	.fixed = true,
	.of_turn_up = true,
	.run = run,
};
