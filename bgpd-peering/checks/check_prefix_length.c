// SPDX-License-Identifier: GPL-2.0-or-later
/* No prefix is shorter or longer than what is routed between networks. */
#include "bgpd-peering/checks/check_routes.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	check_routes(session, peer, RULE_PREFIX_LENGTH, "prefixes not of 8 to 24 bits, for IPv6 16 to 48", result);
}

const struct check check_prefix_length = {
	.name = "prefix-length",
	.level = CHECK_ADVISORY,
	.of_routes = true,
	.run = run,
};
