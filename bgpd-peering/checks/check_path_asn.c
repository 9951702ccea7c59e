// SPDX-License-Identifier: GPL-2.0-or-later
/* No path holds an AS number of ours, nor one that is nobody's. */
#include "bgpd-peering/checks/check_routes.h"

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	check_routes(session, peer, RULE_PATH_ASN, "paths with an AS number that does not belong there", result);
}

const struct check check_path_asn = {.name = "path-asn", .level = CHECK_ADVISORY, .of_routes = true, .run = run};
