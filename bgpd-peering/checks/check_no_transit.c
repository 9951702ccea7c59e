// SPDX-License-Identifier: GPL-2.0-or-later
/* The peer passes on no routes of its provider, which nobody meant to get from it. */
#include "bgpd-peering/checks/check_routes.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	check_routes(session, peer, RULE_NO_TRANSIT, "paths through a network that buys no transit", result);
}

const struct check check_no_transit = {.name = "no-transit", .level = CHECK_ADVISORY, .of_routes = true, .run = run};
