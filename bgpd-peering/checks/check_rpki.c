// SPDX-License-Identifier: GPL-2.0-or-later
/* No route of the peer's has an origin that RPKI says may not announce it (RFC 6811), by bgpd's own rpki module. */
#include "bgpd-peering/checks/check_routes.h"
#include "bgpd-peering/checks/inbound_audit.h"
#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/preview/preview.h"

static void judge(const struct preview *preview, struct check_result *result)
{
	uint64_t counts[ORIGIN_VALIDITY_COUNT] = {0};
	const struct preview_example *example = NULL;

	for (int family = 0; family < FAMILY_COUNT; family++) {
		const struct preview_count *by_origin = preview->families[family].by_origin;

		for (int validity = 0; validity < ORIGIN_VALIDITY_COUNT; validity++)
			counts[validity] += by_origin[validity].routes;
		if (!example && by_origin[ORIGIN_INVALID].routes)
			example = &by_origin[ORIGIN_INVALID].examples[0];
	}
	if (counts[ORIGIN_UNKNOWN]) {
		snprintf(result->reason, sizeof(result->reason),
			 "bgpd has no RPKI cache that is synchronised; `show rpki cache-connection`");
		return;
	}
	snprintf(result->figures, sizeof(result->figures), "%llu valid, %llu not-found, %llu invalid",
		 (unsigned long long)counts[ORIGIN_VALID], (unsigned long long)counts[ORIGIN_NOT_FOUND],
		 (unsigned long long)counts[ORIGIN_INVALID]);
	result->verdict = example ? CHECK_FAIL : CHECK_PASS;
	if (example)
		snprintfrr(result->reason, sizeof(result->reason), "routes that their origin may not announce: %pFX path %s",
			   &example->prefix, example->as_path);
}

/* Whether the cache still says of one of the examples that it is invalid. */
static bool stands(const struct session *session, struct peer *peer)
{
	for (size_t i = 0; i < ROUTE_AUDIT_EXAMPLES; i++) {
		const struct route_audit_example *example =
			route_audit_example_at(inbound_audit_routes(session), RULE_RPKI, i);
		struct prefix prefix = {0};

		if (!example)
			continue;
		prefix.family = example->prefix.afi == BGP_UPDATE_AFI_IPV4 ? AF_INET : AF_INET6;
		prefix.prefixlen = example->prefix.length;
		memcpy(&prefix.u.prefix, example->prefix.address, prefix.family == AF_INET ? 4 : 16);
		if (asn_origin_validity(peer, example->origin, &prefix) == ORIGIN_INVALID)
			return true;
	}
	return false;
}

/* Nothing is kept of what bgpd has taken: each route was judged when it came, by what the cache said then. */
static void judge_open(const struct session *session, struct peer *peer, struct check_result *result)
{
	const char *why = NULL;

	check_routes(session, peer, RULE_RPKI, "routes that their origin may not announce", result);
	if (result->verdict == CHECK_FAIL && !stands(session, peer))
		why = "the RPKI cache has changed since routes were judged";
	else if (result->verdict == CHECK_PASS && !inbound_audit_origins_known(session))
		why = "routes came while no RPKI cache was synchronised";
	if (!why)
		return;
	result->verdict = CHECK_UNKNOWN;
	snprintf(result->reason, sizeof(result->reason), "%s; `clear bgp %s in` has them sent again", why, session->address);
}

static void run(const struct session *session, struct peer *peer, struct check_result *result)
{
	const struct preview *preview;

	if (!peer || !peer_is_established(peer)) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
	} else if (!origin_validation_is_loaded()) {
		snprintf(result->reason, sizeof(result->reason),
			 "bgpd runs without its rpki module; `-M rpki`, behind `-M peering`, loads it");
	} else if (session->gate != GATE_DENY) {
		judge_open(session, peer, result);
	} else if (!inbound_is_complete(session)) {
		snprintf(result->reason, sizeof(result->reason),
			 "not all that the peer sends is kept; `clear bgp %s` has it sent again", session->address);
	} else if (!(preview = preview_recent(session))) {
		result->verdict = CHECK_RUNNING;
		snprintf(result->reason, sizeof(result->reason), "the routes are being looked at");
	} else {
		judge(preview, result);
	}
}

const struct check check_rpki = {
	.name = "rpki",
	.level = CHECK_ADVISORY,
	.of_routes = true,
	.cause = "rpki-invalid",
	.run = run,
};
