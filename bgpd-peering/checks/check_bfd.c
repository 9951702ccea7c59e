// SPDX-License-Identifier: GPL-2.0-or-later
/* BFD watches the session, and is up. */
#include "bgpd-peering/checks/check.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	if (!peer->bfd_config || !peer->bfd_config->session) {
		snprintf(result->reason, sizeof(result->reason), "BFD is not configured; `neighbor %s bfd`",
			 session->address);
		return;
	}
	if (bfd_sess_status(peer->bfd_config->session) == BSS_UP) {
		result->verdict = CHECK_PASS;
		return;
	}
	result->verdict = CHECK_FAIL;
	snprintf(result->reason, sizeof(result->reason), "BFD is not up; does bfdd run here, and BFD at the peer?");
}

const struct check check_bfd = {.name = "bfd", .level = CHECK_ADVISORY, .cause = "bfd-down", .run = run};
