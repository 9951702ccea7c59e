/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks that look at routes have in common. Main thread only. */
#ifndef PEERING_CHECK_ROUTES_H
#define PEERING_CHECK_ROUTES_H

#include "bgpd-peering/checks/check.h"

#include "lib/route_audit.h"

/* Judges a session by one rule. `offence` says what the peer sends then: "prefixes of special purpose". */
void check_routes(const struct session *session, struct peer *peer, enum route_rule rule, const char *offence,
		  struct check_result *result);

#endif
