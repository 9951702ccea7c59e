// SPDX-License-Identifier: GPL-2.0-or-later
/* The AS number of the peer's OPEN is the one that the connection was declared with. */
#include "bgpd-peering/checks/check.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	as_t expected = session->connection->remote_as;

	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	/* bgpd itself refuses an OPEN that differs from `neighbor X remote-as N`. */
	if (!expected && peer->as_type == AS_SPECIFIED)
		expected = peer->as;
	snprintf(result->figures, sizeof(result->figures), "AS%u", peer->as);
	if (!peer_sort_is_external(peer) && !peer_sort_is_confederation(peer)) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason),
			 "an internal session is no peering; `no peering %s neighbor %s`",
			 session->connection->name, session->address);
	} else if (!expected) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason),
			 "no AS number is expected; give `peering %s remote-as %u` if that is the peer",
			 session->connection->name, peer->as);
	} else if (expected != peer->as) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason), "AS%u is expected", expected);
	} else {
		result->verdict = CHECK_PASS;
	}
}

const struct check check_remote_asn = {.name = "remote-asn", .level = CHECK_REQUIRED, .run = run};
