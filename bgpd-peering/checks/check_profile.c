// SPDX-License-Identifier: GPL-2.0-or-later
/* What the connection names as its profile exists: without it nobody knows what was to be required. */
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/connection/profile.h"

static bool names_one(const struct connection *connection)
{
	return connection->profile[0] != '\0';
}

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	const struct connection *connection = session->connection;

	(void)peer;
	snprintf(result->figures, sizeof(result->figures), "%s", connection->profile);
	result->verdict = CHECK_PASS;
	if (profile_of(connection))
		return;
	result->verdict = CHECK_FAIL;
	snprintf(result->reason, sizeof(result->reason),
		 "there is no such profile; `peering profile %s check …` under `router bgp` makes it", connection->profile);
}

const struct check check_profile = {
	.name = "profile",
	.level = CHECK_REQUIRED,
	.fixed = true,
	.of_turn_up = true,
	.concerns = names_one,
	.run = run,
};
