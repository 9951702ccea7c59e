// SPDX-License-Identifier: GPL-2.0-or-later
/* The session has been up for the whole window. A flap starts the window again. */
#include "bgpd-peering/checks/check.h"

#include "bgpd-peering/connection/timers.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	uint32_t window = timers_seconds(session->connection, TIMER_WINDOW);
	time_t up;

	if (!peer || !peer_is_established(peer)) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	up = monotime(NULL) - peer->uptime;
	snprintf(result->figures, sizeof(result->figures), "up %llds of %us", (long long)up, window);
	if (up < (time_t)window) {
		result->verdict = CHECK_RUNNING;
		snprintf(result->reason, sizeof(result->reason), "%llds to go", (long long)(window - up));
	} else {
		result->verdict = CHECK_PASS;
	}
}

const struct check check_session_stable = {
	.name = "session-stable",
	.level = CHECK_REQUIRED,
	.of_turn_up = true,
	.run = run,
};
