// SPDX-License-Identifier: GPL-2.0-or-later
/* Traffic goes to the peer, or at an exchange to another router of the exchange's network. */
#include "bgpd-peering/checks/check_routes.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	check_routes(session, peer, RULE_NEXT_HOP, "next hops that are not the peer's", result);
}

const struct check check_next_hop = {.name = "next-hop", .level = CHECK_ADVISORY, .of_routes = true, .run = run};
