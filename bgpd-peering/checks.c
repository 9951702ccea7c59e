// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/check.h"

const struct check *const checks[] = {
	&check_local_policy, &check_session_stable, &check_remote_asn,
	&check_received_limit, &check_no_default, &check_gate_holds,
};
const size_t check_count = array_size(checks);

const char *check_verdict_name(enum check_verdict verdict)
{
	static const char *const names[CHECK_VERDICT_COUNT] = {"pass", "running", "FAIL", "unknown"};

	return verdict < CHECK_VERDICT_COUNT ? names[verdict] : "unknown";
}

bool check_applies(const struct session *session)
{
	struct peer *peer = session_peer(session);

	return session->required || (peer && peer_is_established(peer));
}

void check_run(const struct check *check, const struct session *session, struct check_result *result)
{
	*result = (struct check_result){.verdict = CHECK_UNKNOWN};
	check->run(session, session_peer(session), result);
}
