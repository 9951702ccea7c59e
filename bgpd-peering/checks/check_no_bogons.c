// SPDX-License-Identifier: GPL-2.0-or-later
/* The peer announces no prefix of special purpose (lib/special_purpose.c). */
#include "bgpd-peering/checks/check_routes.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	check_routes(session, peer, RULE_NO_BOGONS, "prefixes of special purpose", result);
}

const struct check check_no_bogons = {.name = "no-bogons", .level = CHECK_ADVISORY, .of_routes = true, .run = run};
