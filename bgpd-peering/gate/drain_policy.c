// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/drain_policy.h"

#include "bgpd-peering/address_family.h"
#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/router.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_DRAIN, "Peering drain policy");

#define RULE "peering drains"

/* What the rule asks, and what it does. */
struct rule {
	afi_t afi;
	safi_t safi;
	int direction;
	char own[]; /* the operator's route-map; "": none */
};

PREDECL_DLIST(drained_list);
struct drained {
	struct drained_list_item item;
	char *name;		       /* of the route-map */
	struct route_map *map;	       /* bgpd's; not looked into without looking it up first */
	struct route_map_index *index; /* its only one */
	bool spoiled;		       /* somebody has typed at it */
};
DECLARE_DLIST(drained_list, struct drained, item);

static struct drained_list_head all;

/* ---- the rule ---- */

/* RFC 8212, which bgpd sees fulfilled by our route-map. */
static bool lacks_policy(const struct rule *rule, struct peer *peer)
{
	struct bgp_filter without = peer->filter[rule->afi][rule->safi];

	if (!CHECK_FLAG(peer->bgp->flags, BGP_FLAG_EBGP_REQUIRES_POLICY))
		return false;
	without.map[rule->direction].name = NULL;
	return rule->direction == RMAP_OUT ? !bgp_outbound_policy_exists(peer, &without)
					   : !bgp_inbound_policy_exists(peer, &without);
}

static bool operator_permits(const struct rule *rule, const struct prefix *prefix, struct bgp_path_info *path)
{
	if (!rule->own[0])
		return !lacks_policy(rule, path->peer);
	/* An undefined one denies. */
	return route_map_apply(route_map_lookup_by_name(rule->own), prefix, path) == RMAP_PERMITMATCH;
}

static enum route_map_cmd_result_t rule_apply(void *value, const struct prefix *prefix, void *object)
{
	const struct rule *rule = value;
	struct bgp_path_info *path = object;

	if (!operator_permits(rule, prefix, path))
		return RMAP_NOMATCH;
	if (rule->direction == RMAP_OUT) {
		bgp_attr_add_gshut_community(path->attr);
	} else {
		SET_FLAG(path->attr->flag, ATTR_FLAG_BIT(BGP_ATTR_LOCAL_PREF));
		path->attr->local_pref = 0;
		/* bgpd asks it before the local preference. */
		path->attr->weight = 0;
	}
	return RMAP_MATCH;
}

/* "out ipv4 unicast ACME-OUT" */
static void *rule_compile(const char *text)
{
	char *copy = XSTRDUP(MTYPE_TMP, text), *rest = copy;
	const char *direction = strsep(&rest, " "), *afi = strsep(&rest, " "), *safi = strsep(&rest, " ");
	struct rule *rule = XCALLOC(MTYPE_PEERING_DRAIN, sizeof(*rule) + strlen(rest) + 1);

	rule->direction = strcmp(direction, "out") == 0 ? RMAP_OUT : RMAP_IN;
	rule->afi = afi_from_word(afi);
	rule->safi = safi_from_word(safi);
	strlcpy(rule->own, rest, strlen(rest) + 1);
	XFREE(MTYPE_TMP, copy);
	return rule;
}

static void rule_free(void *value)
{
	XFREE(MTYPE_PEERING_DRAIN, value);
}

static void *rule_key(void *value)
{
	return ((struct rule *)value)->own;
}

static const struct route_map_rule_cmd rule_command = {
	RULE, rule_apply, rule_compile, rule_free, rule_key,
};

void drain_policy_init(void)
{
	drained_list_init(&all);
	route_map_install_match(&rule_command);
}

/* ---- the route-maps ---- */

bool drain_policy_is_name(const char *name)
{
	return name && strncmp(name, DRAIN_ROUTE_MAP "-", strlen(DRAIN_ROUTE_MAP "-")) == 0;
}

static bool is_intact(const struct drained *drained)
{
	const struct route_map *map = route_map_lookup_by_name(drained->name);
	const struct route_map_index *index;

	if (!map || map != drained->map || map->head != drained->index)
		return false;
	index = map->head;
	return !index->next && index->type == RMAP_PERMIT && index->exitpolicy == RMAP_EXIT && !index->nextrm &&
	       index->match_list.head && index->match_list.head->cmd == &rule_command;
}

static struct drained *make(char *name, afi_t afi, safi_t safi, int direction, const char *own)
{
	struct drained *drained = XCALLOC(MTYPE_PEERING_DRAIN, sizeof(*drained));
	char *text;

	drained->name = name;
	drained_list_add_tail(&all, drained);
	/* Somebody's own of that name is not ours. */
	if (route_map_lookup_by_name(name))
		return drained;
	drained->map = route_map_get(name);
	drained->index = route_map_index_get(drained->map, RMAP_PERMIT, 10);
	text = asprintfrr(MTYPE_TMP, "%s %s %s %s", direction == RMAP_OUT ? "out" : "in", afi_word(afi), safi_word(safi),
			  own ? own : "");
	/* As if it called the operator's: bgpd goes through its peers again when that changes. */
	route_map_add_match(drained->index, RULE, text, own ? RMAP_EVENT_CALL_ADDED : RMAP_EVENT_MATCH_ADDED);
	XFREE(MTYPE_TMP, text);
	/* Nobody uses it yet: there is nothing that bgpd has to go through some seconds from now. */
	drained->map->to_be_processed = false;
	return drained;
}

const char *drain_policy_name(afi_t afi, safi_t safi, int direction, const char *own)
{
	const char *way = direction == RMAP_OUT ? "OUT" : "IN";
	char *name = own ? asprintfrr(MTYPE_PEERING_DRAIN, DRAIN_ROUTE_MAP "-%s-%s", way, own)
			 : asprintfrr(MTYPE_PEERING_DRAIN, DRAIN_ROUTE_MAP "-%s.%s.%s", way, afi_word(afi), safi_word(safi));
	struct drained *drained;

	frr_each (drained_list, &all, drained)
		if (strcmp(drained->name, name) == 0)
			break;
	if (drained)
		XFREE(MTYPE_PEERING_DRAIN, name);
	else
		drained = make(name, afi, safi, direction, own);
	if (!drained->spoiled && !is_intact(drained)) {
		drained->spoiled = true;
		alert_as(EC_PEERING_WALL, "somebody has typed at the route-map %s, which is reserved: what was drained by it is denied",
		      drained->name);
	}
	return drained->spoiled ? NULL : drained->name;
}

/* ---- the default that bgpd originates ---- */

void drain_policy_default(struct peer *peer, afi_t afi, safi_t safi, bool drains)
{
	struct peer_af *family = peer_af_find(peer, afi, safi);
	struct bgp *bgp = peer->bgp;
	bool whole = CHECK_FLAG(bgp->flags, BGP_FLAG_GRACEFUL_SHUTDOWN);

	if (!CHECK_FLAG(peer->af_flags[afi][safi], PEER_FLAG_DEFAULT_ORIGINATE) || peer->default_rmap[afi][safi].name || !family)
		return;
	/* A session that comes up: bgpd is about to do the same, and makes its default a little later. */
	if (drains)
		update_group_adjust_peer(family);
	if (!PAF_SUBGRP(family))
		return;
	/* Others that do not drain are in the group that it has come back to. */
	if (!drains && PAF_SUBGRP(family)->peer_count > 1)
		update_subgroup_split_peer(family, NULL);
	if (drains)
		SET_FLAG(bgp->flags, BGP_FLAG_GRACEFUL_SHUTDOWN);
	UNSET_FLAG(PAF_SUBGRP(family)->sflags, SUBGRP_STATUS_DEFAULT_ORIGINATE);
	subgroup_default_originate(PAF_SUBGRP(family), false);
	if (!whole)
		UNSET_FLAG(bgp->flags, BGP_FLAG_GRACEFUL_SHUTDOWN);
}
