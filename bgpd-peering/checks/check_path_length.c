// SPDX-License-Identifier: GPL-2.0-or-later
/* No path is longer than what is met on the Internet. */
#include "bgpd-peering/checks/check_routes.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	check_routes(session, peer, RULE_PATH_LENGTH, "paths of more than 50 AS numbers", result);
}

const struct check check_path_length = {.name = "path-length", .level = CHECK_ADVISORY, .of_routes = true, .run = run};
