// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/checks/check_routes.h"

#include "bgpd-peering/checks/inbound_audit.h"
#include "bgpd-peering/gate/inbound.h"

/* "203.0.113.0/24 path 64512 64499: why"; "" where there is none at hand. */
static void write_example(const struct route_audit_example *example, char *text, size_t size)
{
	struct prefix prefix = {0};
	size_t used;

	text[0] = '\0';
	if (!example)
		return;
	prefix.family = example->prefix.afi == BGP_UPDATE_AFI_IPV4 ? AF_INET : AF_INET6;
	prefix.prefixlen = example->prefix.length;
	memcpy(&prefix.u.prefix, example->prefix.address, prefix.family == AF_INET ? 4 : 16);
	used = (size_t)snprintfrr(text, size, "%pFX path", &prefix);
	for (size_t i = 0; i < MIN(example->path_count, (size_t)ROUTE_AUDIT_PATH) && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, " %u", example->path[i]);
	if (example->path_count == 0 && used < size)
		used += (size_t)snprintf(text + used, size - used, " empty");
	if (example->path_count > ROUTE_AUDIT_PATH && used < size)
		used += (size_t)snprintf(text + used, size - used, " …");
	if (example->why[0] && used < size)
		snprintf(text + used, size - used, " (%s)", example->why);
}

void check_routes(const struct session *session, struct peer *peer, enum route_rule rule, const char *offence,
		  struct check_result *result)
{
	const struct route_audit *routes = inbound_audit_routes(session);
	size_t count = route_audit_count(routes, rule);
	bool overflow = route_audit_overflow(routes, rule);
	char example[160];

	if (!peer || !peer_is_established(peer) || !routes) {
		snprintf(result->reason, sizeof(result->reason), "the session is not up");
		return;
	}
	snprintf(result->figures, sizeof(result->figures), "%s%zu of %llu prefixes", overflow ? "over " : "", count,
		 (unsigned long long)(inbound_count(session, FAMILY_IPV4) + inbound_count(session, FAMILY_IPV6)));
	if (overflow) {
		result->verdict = CHECK_FAIL;
		snprintf(result->reason, sizeof(result->reason),
			 "%s: more than are told apart; once they are gone, `clear bgp %s` counts anew", offence,
			 session->address);
	} else if (count) {
		result->verdict = CHECK_FAIL;
		write_example(route_audit_example(routes, rule), example, sizeof(example));
		snprintf(result->reason, sizeof(result->reason), "%s%s%s", offence, example[0] ? ": " : "", example);
	} else if (!inbound_audit_is_whole(session)) {
		snprintf(result->reason, sizeof(result->reason),
			 "what came before the gate closed is not known; `clear bgp %s` has it sent again",
			 session->address);
	} else if (inbound_malformed(session)) {
		snprintf(result->reason, sizeof(result->reason), "an UPDATE could not be read; reset the session");
	} else {
		result->verdict = CHECK_PASS;
	}
}
