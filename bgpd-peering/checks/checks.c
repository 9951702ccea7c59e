// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/checks/check.h"

#include "bgpd-peering/checks/watch.h"
#include "bgpd-peering/connection/profile.h"

const struct check *const checks[] = {
	&check_profile,
	&check_local_policy,
	&check_session_stable,
	&check_remote_asn,
	&check_addresses,
	&check_agreed_families,
	&check_capabilities,
	&check_role,
	&check_end_of_rib,
	&check_received_limit,
	&check_no_default,
	&check_no_bogons,
	&check_prefix_length,
	&check_no_own_prefix,
	&check_allowed_prefixes,
	&check_first_as,
	&check_path_asn,
	&check_no_transit,
	&check_path_length,
	&check_next_hop,
	&check_rpki,
	&check_bfd,
	&check_ttl_security,
	&check_ping,
	&check_path_mtu,
	&check_gate_holds,
};
const size_t check_count = array_size(checks);
_Static_assert(array_size(checks) <= CHECKS_MAX, "a connection has room for the level of CHECKS_MAX checks");

const char *check_verdict_name(enum check_verdict verdict)
{
	static const char *const names[CHECK_VERDICT_COUNT] = {"pass", "running", "FAIL", "unknown"};

	return verdict < CHECK_VERDICT_COUNT ? names[verdict] : "unknown";
}

static const char *const level_names[CHECK_LEVEL_COUNT] = {
	[CHECK_LEVEL_DEFAULT] = "default",
	[CHECK_REQUIRED] = "required",
	[CHECK_ADVISORY] = "advisory",
	[CHECK_OFF] = "off",
};

const char *check_level_name(enum check_level level)
{
	return level < CHECK_LEVEL_COUNT ? level_names[level] : "default";
}

int check_level_from_name(const char *name)
{
	for (int level = CHECK_REQUIRED; name && level < CHECK_LEVEL_COUNT; level++)
		if (strcmp(name, level_names[level]) == 0)
			return level;
	return -1;
}

int check_find(const char *name)
{
	for (size_t i = 0; name && i < check_count; i++)
		if (strcmp(name, checks[i]->name) == 0)
			return (int)i;
	return -1;
}

enum check_level check_level(const struct connection *connection, size_t place)
{
	const struct check *check = checks[place];
	const struct profile *profile = profile_of(connection);

	if (check->concerns && !check->concerns(connection))
		return CHECK_OFF;
	if (!check->fixed && connection->check_levels[place] != CHECK_LEVEL_DEFAULT)
		return connection->check_levels[place];
	if (!check->fixed && profile && profile->check_levels[place] != CHECK_LEVEL_DEFAULT)
		return profile->check_levels[place];
	if (connection_kind_to_be(connection) == KIND_ROUTE_SERVER && check->route_server_level != CHECK_LEVEL_DEFAULT)
		return check->route_server_level;
	return check->level;
}

bool check_applies(const struct session *session)
{
	struct peer *peer = session_peer(session);

	return session->required || (peer && peer_is_established(peer));
}

void check_knows_all(const struct session *session, struct check_result *result)
{
	if (result->verdict != CHECK_PASS || session->gate != GATE_DENY || !session->watch ||
	    watch_is_complete(session))
		return;
	result->verdict = CHECK_UNKNOWN;
	snprintf(result->reason, sizeof(result->reason),
		 "not all that the peer announces is known; it is asked again, or `clear bgp %s`", session->address);
}

void check_run(const struct check *check, const struct session *session, struct check_result *result)
{
	*result = (struct check_result){.verdict = CHECK_UNKNOWN};
	check->run(session, session_peer(session), result);
}
