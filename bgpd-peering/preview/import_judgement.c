// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/preview/import_judgement.h"

#include "bgpd-peering/gate/gate_policy.h"

#include "bgpd/bgp_aspath.h"
#include "bgpd/bgp_filter.h"

static const struct {
	const char *name, *text;
} rules[IMPORT_RULE_COUNT] = {
	[IMPORT_ACCEPTED] = {"accepted", "accepted"},
	[IMPORT_MALFORMED] = {"malformed", "an attribute is missing or malformed"},
	[IMPORT_PATH_ATTRIBUTE] = {"path-attribute", "an attribute that `path-attribute` refuses"},
	[IMPORT_AS_PATH] = {"as-path", "AS 0 or a confederation in the path"},
	[IMPORT_FIRST_AS] = {"first-as", "the path does not begin with the peer (enforce-first-as)"},
	[IMPORT_FAMILY] = {"family", "the session does not carry the family"},
	[IMPORT_PREFIX] = {"prefix", "a multicast or link-local prefix"},
	[IMPORT_OWN_ASN] = {"own-asn", "our own AS number in the path"},
	[IMPORT_ORIGINATOR] = {"originator", "this router is the originator"},
	[IMPORT_CLUSTER] = {"cluster", "our own cluster in the cluster list"},
	[IMPORT_POLICY_UNKNOWN] = {"policy-unknown", "nobody has said what policy is wanted"},
	[IMPORT_NO_POLICY] = {"no-policy", "no import policy (ebgp-requires-policy)"},
	[IMPORT_LOCAL_ADDRESS] = {"local-address", "an address of this router"},
	[IMPORT_DISTRIBUTE_LIST] = {"distribute-list", "distribute-list"},
	[IMPORT_PREFIX_LIST] = {"prefix-list", "prefix-list"},
	[IMPORT_FILTER_LIST] = {"filter-list", "filter-list"},
	[IMPORT_NODE_TARGET] = {"node-target", "for other routers than this one (node target)"},
	[IMPORT_AS_SET] = {"as-set", "an AS_SET in the path (reject-as-sets)"},
	[IMPORT_ROUTE_MAP] = {"route-map", "route-map"},
	[IMPORT_NEXT_HOP] = {"next-hop", "the next hop is this router or no address of a router"},
	[IMPORT_OWN_MAC] = {"own-mac", "a MAC address of this router's as its router's (extended community)"},
	[IMPORT_ROLE] = {"role", "a route leak by the peer's role (only-to-customer)"},
};

static const enum import_rule of_fault[] = {
	[ATTRIBUTES_FINE] = IMPORT_ACCEPTED,	 [ATTRIBUTES_MALFORMED] = IMPORT_MALFORMED,
	[ATTRIBUTES_DISCOURAGED] = IMPORT_PATH_ATTRIBUTE, [ATTRIBUTES_PATH] = IMPORT_AS_PATH,
	[ATTRIBUTES_FIRST_AS] = IMPORT_FIRST_AS, [ATTRIBUTES_NEXT_HOP] = IMPORT_NEXT_HOP,
};

const char *import_rule_name(enum import_rule rule)
{
	return rules[rule].name;
}

const char *import_rule_text(enum import_rule rule)
{
	return rules[rule].text;
}

void import_policy_begin(struct import_policy *policy, const struct session *session, struct peer *peer,
			 enum counted_family family)
{
	afi_t afi = family_afi(family);
	const char *wanted = gate_policy_wanted(session, afi, SAFI_UNICAST, RMAP_IN);

	*policy = (struct import_policy){
		.session = session,
		.peer = peer,
		.afi = afi,
		.filter = peer->filter[afi][SAFI_UNICAST],
		.carries = session_carries(session, peer, afi, SAFI_UNICAST),
		.known = gate_policy_is_known(session, afi, SAFI_UNICAST, RMAP_IN),
	};
	policy->filter.map[RMAP_IN].name = (char *)(uintptr_t)wanted;
	policy->filter.map[RMAP_IN].map = wanted ? route_map_lookup_by_name(wanted) : NULL;
}

const char *import_policy_name(const struct import_policy *policy, enum import_rule rule)
{
	switch (rule) {
	case IMPORT_DISTRIBUTE_LIST:
		return policy->filter.dlist[FILTER_IN].name;
	case IMPORT_PREFIX_LIST:
		return policy->filter.plist[FILTER_IN].name;
	case IMPORT_FILTER_LIST:
		return policy->filter.aslist[FILTER_IN].name;
	case IMPORT_ROUTE_MAP:
		return policy->filter.map[RMAP_IN].name;
	default:
		return NULL;
	}
}

/* ---- the rules ---- */

static bool prefix_is_none(const struct prefix *prefix)
{
	if (prefix->family == AF_INET)
		return IN_CLASSD(ntohl(prefix->u.prefix4.s_addr));
	return IN6_IS_ADDR_LINKLOCAL(&prefix->u.prefix6) || IN6_IS_ADDR_MULTICAST(&prefix->u.prefix6);
}

static enum import_rule by_lists(const struct import_policy *policy, const struct prefix *prefix, struct attr *attr)
{
	const struct bgp_filter *filter = &policy->filter;

	if (filter->dlist[FILTER_IN].name && access_list_apply(filter->dlist[FILTER_IN].alist, prefix) == FILTER_DENY)
		return IMPORT_DISTRIBUTE_LIST;
	if (filter->plist[FILTER_IN].name && prefix_list_apply(filter->plist[FILTER_IN].plist, prefix) == PREFIX_DENY)
		return IMPORT_PREFIX_LIST;
	if (filter->aslist[FILTER_IN].name &&
	    as_list_apply(filter->aslist[FILTER_IN].aslist, attr->aspath) == AS_FILTER_DENY)
		return IMPORT_FILTER_LIST;
	return IMPORT_ACCEPTED;
}

/* What the route-map leaves of the attributes is looked at, too. */
static enum import_rule by_route_map(const struct import_policy *policy, const struct prefix *prefix,
				     struct bgp_dest *dest, struct attr *attr)
{
	struct peer *peer = policy->peer;
	struct bgp_path_info_extra extra = {0};
	struct bgp_path_info path = {.peer = peer, .attr = attr, .extra = &extra, .net = dest};
	route_map_result_t result;

	if (peer->weight[policy->afi][SAFI_UNICAST])
		attr->weight = peer->weight[policy->afi][SAFI_UNICAST];
	if (policy->filter.map[RMAP_IN].name) {
		if (!policy->filter.map[RMAP_IN].map)
			return IMPORT_ROUTE_MAP;
		SET_FLAG(peer->rmap_type, PEER_RMAP_TYPE_IN);
		result = route_map_apply(policy->filter.map[RMAP_IN].map, prefix, &path);
		peer->rmap_type = 0;
		if (result == RMAP_DENYMATCH)
			return IMPORT_ROUTE_MAP;
	}
	if (bgp_update_martian_nexthop(peer->bgp, policy->afi, SAFI_UNICAST, ZEBRA_ROUTE_BGP, BGP_ROUTE_NORMAL, attr,
				       dest))
		return IMPORT_NEXT_HOP;
	return IMPORT_ACCEPTED;
}

static bool leaks_by_role(const struct peer *peer, const struct kept_attributes *kept)
{
	if (!kept->has_otc)
		return false;
	return peer->local_role == ROLE_PROVIDER || peer->local_role == ROLE_RS_SERVER ||
	       (peer->local_role == ROLE_PEER && kept->otc != peer->as);
}

enum import_rule import_judge(const struct import_policy *policy, const struct prefix *prefix,
			      const struct kept_attributes *kept)
{
	struct peer *peer = policy->peer;
	struct attr attr = kept->attr;
	struct outside_dest outside;
	struct bgp_dest *dest;
	enum import_rule rule;

	if (kept->fault)
		return of_fault[kept->fault];
	if (!policy->carries)
		return IMPORT_FAMILY;
	if (prefix_is_none(prefix))
		return IMPORT_PREFIX;
	dest = outside_dest_set(&outside, peer->bgp->rib[policy->afi][SAFI_UNICAST], prefix);
	if (peer_finds_own_asn(peer, dest, &attr, policy->afi, SAFI_UNICAST))
		return IMPORT_OWN_ASN;
	if (kept->has_originator && IPV4_ADDR_SAME(&peer->bgp->router_id, &kept->originator))
		return IMPORT_ORIGINATOR;
	if (kept->in_our_cluster)
		return IMPORT_CLUSTER;
	if (!policy->known)
		return IMPORT_POLICY_UNKNOWN;
	if (CHECK_FLAG(peer->bgp->flags, BGP_FLAG_EBGP_REQUIRES_POLICY) &&
	    !bgp_inbound_policy_exists(peer, (struct bgp_filter *)(uintptr_t)&policy->filter))
		return IMPORT_NO_POLICY;
	if (bgp_refuses_local_address(peer->bgp, prefix))
		return IMPORT_LOCAL_ADDRESS;
	rule = by_lists(policy, prefix, &attr);
	if (rule != IMPORT_ACCEPTED)
		return rule;
	if (attr_is_for_other_nodes(peer, &attr))
		return IMPORT_NODE_TARGET;
	if (peer->bgp->reject_as_sets && aspath_check_as_sets(attr.aspath))
		return IMPORT_AS_SET;
	attr_copy(&attr, &kept->attr);
	rule = by_route_map(policy, prefix, dest, &attr);
	attr_copy_flush(&attr);
	if (rule == IMPORT_ACCEPTED && attr_names_own_mac((struct attr *)(uintptr_t)&kept->attr))
		return IMPORT_OWN_MAC;
	if (rule == IMPORT_ACCEPTED && leaks_by_role(peer, kept))
		return IMPORT_ROLE;
	return rule;
}
