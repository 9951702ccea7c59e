// SPDX-License-Identifier: GPL-2.0-or-later
/* Each path begins with the peer's own AS number; a route server puts in none. */
#include "bgpd-peering/checks/check_routes.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	check_routes(session, peer, RULE_FIRST_AS, "paths that do not begin with the peer's AS number", result);
}

const struct check check_first_as = {
	.name = "first-as",
	.level = CHECK_ADVISORY,
	.route_server_level = CHECK_OFF,
	.of_routes = true,
	.run = run,
};
