// SPDX-License-Identifier: GPL-2.0-or-later
/* The peer has said that its first announcement is complete (RFC 4724), so that counts mean something. */
#include "bgpd-peering/checks/check.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	bool all = true;
	size_t used = 0;

	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	for (int family = 0; family < FAMILY_COUNT; family++) {
		if (!session_carries(session, peer, family_afi(family), SAFI_UNICAST))
			continue;
		all &= session->end_of_rib[family];
		used += (size_t)snprintf(result->figures + used, sizeof(result->figures) - used, "%s%s %s",
					 used ? ", " : "", family_name(family),
					 session->end_of_rib[family] ? "complete" : "not yet");
	}
	if (all) {
		result->verdict = CHECK_PASS;
	} else if (CHECK_FLAG(peer->cap, PEER_CAP_RESTART_RCV)) {
		result->verdict = CHECK_RUNNING;
		snprintf(result->reason, sizeof(result->reason), "the peer may have more to send");
	} else {
		snprintf(result->reason, sizeof(result->reason),
			 "the peer has not offered to say when it has sent all (RFC 4724)");
	}
}

const struct check check_end_of_rib = {.name = "end-of-rib", .level = CHECK_ADVISORY, .run = run};
