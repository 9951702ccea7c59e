// SPDX-License-Identifier: GPL-2.0-or-later
/* The peer offers what every speaker should today: four-octet AS numbers and route refresh. */
#include "bgpd-peering/checks/check.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	bool four_octets, refresh;

	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	four_octets = CHECK_FLAG(peer->cap, PEER_CAP_AS4_RCV);
	refresh = peer_can_refresh(peer);
	snprintf(result->figures, sizeof(result->figures), "%s%s%s", four_octets ? "as4" : "as2", refresh ? ", refresh" : "",
		 CHECK_FLAG(peer->cap, PEER_CAP_RESTART_RCV) ? ", restart" : "");
	result->verdict = four_octets && refresh ? CHECK_PASS : CHECK_FAIL;
	if (!four_octets)
		snprintf(result->reason, sizeof(result->reason), "the peer knows no four-octet AS numbers (RFC 6793)");
	else if (!refresh)
		snprintf(result->reason, sizeof(result->reason),
			 "the peer sends its routes only once (no RFC 2918): later changes of policy may need a reset");
}

const struct check check_capabilities = {.name = "capabilities", .level = CHECK_ADVISORY, .run = run};
