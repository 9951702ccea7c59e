// SPDX-License-Identifier: GPL-2.0-or-later
/* Both sides have said what they are to each other (RFC 9234). Roles that do not fit bgpd refuses itself. */
#include "bgpd-peering/checks/check.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	if (peer->local_role == ROLE_UNDEFINED) {
		snprintf(result->reason, sizeof(result->reason), "no role is set; `neighbor %s local-role ROLE`",
			 session->address);
		return;
	}
	snprintf(result->figures, sizeof(result->figures), "we %s, the peer %s", bgp_get_name_by_role(peer->local_role),
		 bgp_get_name_by_role(peer->remote_role));
	if (peer->remote_role == ROLE_UNDEFINED) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason), "the peer says no role; ask it to set one");
	} else {
		result->verdict = CHECK_PASS;
	}
}

const struct check check_role = {.name = "role", .level = CHECK_ADVISORY, .cause = "role", .run = run};
