// SPDX-License-Identifier: GPL-2.0-or-later
/* The peer announces nothing of what this router originates. */
#include "bgpd-peering/checks/check_routes.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	check_routes(session, peer, RULE_NO_OWN_PREFIX, "prefixes of our own networks", result);
}

const struct check check_no_own_prefix = {
	.name = "no-own-prefix",
	.level = CHECK_ADVISORY,
	.of_routes = true,
	.run = run,
};
