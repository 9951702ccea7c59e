// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/preview/export_judgement.h"

#include "bgpd-peering/gate/gate_policy.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_EXPORT, "Peering export preview");

/* bgpd's own update-groups have a copy of a peer, too, of what their members have in common. */
struct export_policy {
	struct peer peer;
	struct peer_af member;
	struct update_group group;
	struct update_subgroup subgroup;
};

static const char *sends_nothing(const struct session *session, struct peer *peer, afi_t afi,
				 struct bgp_filter *filter)
{
	if (!session_carries(session, peer, afi, SAFI_UNICAST))
		return "the session does not carry the family";
	if (!gate_policy_is_known(session, afi, SAFI_UNICAST, RMAP_OUT))
		return "nobody has said what policy is wanted";
	if (CHECK_FLAG(peer->bgp->flags, BGP_FLAG_EBGP_REQUIRES_POLICY) && !bgp_outbound_policy_exists(peer, filter))
		return "no export policy (ebgp-requires-policy)";
	return NULL;
}

struct export_policy *export_policy_begin(const struct session *session, struct peer *peer, enum counted_family family,
					  const char **why)
{
	afi_t afi = family_afi(family);
	const char *wanted = gate_policy_wanted(session, afi, SAFI_UNICAST, RMAP_OUT);
	struct bgp_filter filter = peer->filter[afi][SAFI_UNICAST];
	struct export_policy *policy;

	filter.map[RMAP_OUT].name = (char *)(uintptr_t)wanted;
	filter.map[RMAP_OUT].map = wanted ? route_map_lookup_by_name(wanted) : NULL;
	*why = sends_nothing(session, peer, afi, &filter);
	if (*why)
		return NULL;
	policy = XCALLOC(MTYPE_PEERING_EXPORT, sizeof(*policy));
	memcpy(&policy->peer, peer, sizeof(*peer));
	policy->peer.filter[afi][SAFI_UNICAST] = filter;
	policy->member = (struct peer_af){.peer = peer, .afi = afi, .safi = SAFI_UNICAST, .subgroup = &policy->subgroup};
	policy->group = (struct update_group){
		.bgp = peer->bgp, .conf = &policy->peer, .afi = afi, .safi = SAFI_UNICAST, .afid = afindex(afi, SAFI_UNICAST)};
	policy->subgroup.update_group = &policy->group;
	policy->subgroup.peer_count = 1;
	LIST_INIT(&policy->subgroup.peers);
	LIST_INSERT_HEAD(&policy->subgroup.peers, &policy->member, subgrp_train);
	return policy;
}

struct bgp_path_info *export_judge(struct export_policy *policy, struct bgp_dest *dest)
{
	struct bgp_path_info *path;

	for (path = bgp_dest_get_bgp_path_info(dest); path; path = path->next) {
		struct attr attr = {0};
		bool sent;

		if (!CHECK_FLAG(path->flags, BGP_PATH_SELECTED))
			continue;
		sent = subgroup_announce_check(dest, path, &policy->subgroup, bgp_dest_get_prefix(dest), &attr, NULL);
		attr_copy_flush(&attr);
		return sent ? path : NULL;
	}
	return NULL;
}

void export_policy_end(struct export_policy *policy)
{
	XFREE(MTYPE_PEERING_EXPORT, policy);
}
