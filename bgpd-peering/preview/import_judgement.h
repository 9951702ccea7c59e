/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bgpd would do with a route of a peer, by the policy that applies once the gate is open: taken, or which rule
 * rejects it. The rules are those of bgp_update() and of bgpd's parser, in their order where that shows.
 *
 * No RIB is touched; the counters that `show route-map` prints go up, as they do when bgpd looks at a route. A route-map
 * that is not there denies, an access-list, prefix-list or as-path list that is not there too. bgpd's main thread only.
 */
#ifndef PEERING_IMPORT_JUDGEMENT_H
#define PEERING_IMPORT_JUDGEMENT_H

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/preview/kept_attributes.h"

enum import_rule {
	IMPORT_ACCEPTED = 0,
	IMPORT_MALFORMED,
	IMPORT_PATH_ATTRIBUTE,
	IMPORT_AS_PATH,
	IMPORT_FIRST_AS,
	IMPORT_FAMILY,	/* the session does not carry it */
	IMPORT_PREFIX,	/* multicast or link-local */
	IMPORT_OWN_ASN,
	IMPORT_ORIGINATOR,
	IMPORT_CLUSTER,
	IMPORT_POLICY_UNKNOWN, /* nobody has said what applies: the gate opens none of it */
	IMPORT_NO_POLICY,      /* RFC 8212 */
	IMPORT_LOCAL_ADDRESS,
	IMPORT_DISTRIBUTE_LIST,
	IMPORT_PREFIX_LIST,
	IMPORT_FILTER_LIST,
	IMPORT_NODE_TARGET,
	IMPORT_AS_SET,
	IMPORT_ROUTE_MAP,
	IMPORT_NEXT_HOP,
	IMPORT_OWN_MAC,
	IMPORT_ROLE, /* RFC 9234 */
	IMPORT_RULE_COUNT
};

/* "accepted", "own-asn", …; a sentence without its end for people. */
const char *import_rule_name(enum import_rule rule);
const char *import_rule_text(enum import_rule rule);

/* What applies to a session in one family. Valid until the event loop is entered again. */
struct import_policy {
	const struct session *session;
	struct peer *peer;
	afi_t afi;
	struct bgp_filter filter; /* the peer's, with the operator's route-map in it */
	bool carries, known;
};
void import_policy_begin(struct import_policy *policy, const struct session *session, struct peer *peer,
			 enum counted_family family);
/* The name of the list or route-map that a rule is; NULL where it has none. */
const char *import_policy_name(const struct import_policy *policy, enum import_rule rule);

/* `kept` are the attributes that the prefix came with. */
enum import_rule import_judge(const struct import_policy *policy, const struct prefix *prefix,
			      const struct kept_attributes *kept);

#endif
