// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets from further away than the peer cannot reach the session (RFC 5082). */
#include "bgpd-peering/checks/check.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	if (peer->gtsm_hops > 0) {
		result->verdict = CHECK_PASS;
		snprintf(result->figures, sizeof(result->figures), "%d hops", peer->gtsm_hops);
		return;
	}
	result->verdict = CHECK_FAIL;
	snprintf(result->reason, sizeof(result->reason), "not configured; `neighbor %s ttl-security hops 1` on both sides",
		 session->address);
}

const struct check check_ttl_security = {.name = "ttl-security", .level = CHECK_ADVISORY, .run = run};
