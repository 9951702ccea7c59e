// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/rib_walk.h"

/* Labeled unicast routes live in the unicast table. */
static safi_t table_safi(safi_t safi)
{
	return safi == SAFI_LABELED_UNICAST ? SAFI_UNICAST : safi;
}

void rib_walk_begin(struct rib_walk *walk, struct bgp *bgp, afi_t afi, safi_t safi)
{
	*walk = (struct rib_walk){
		.table = bgp->rib[afi][table_safi(safi)],
		.has_rd = safi == SAFI_MPLS_VPN || safi == SAFI_ENCAP || safi == SAFI_EVPN,
	};
	if (!walk->table)
		return;
	bgp_table_lock(walk->table);
	walk->outer = bgp_table_top(walk->table);
}

void rib_walk_begin_behind(struct rib_walk *walk, struct bgp *bgp, afi_t afi, safi_t safi, const struct prefix *prefix)
{
	*walk = (struct rib_walk){.table = bgp->rib[afi][table_safi(safi)]};
	if (!walk->table)
		return;
	bgp_table_lock(walk->table);
	walk->outer = bgp_dest_behind(walk->table, prefix);
}

static struct bgp_dest *next_inner(struct rib_walk *walk)
{
	if (!walk->within) {
		walk->within = walk->outer ? bgp_dest_get_bgp_table_info(walk->outer) : NULL;
		if (!walk->within)
			return NULL;
		bgp_table_lock(walk->within);
		walk->inner = bgp_table_top(walk->within);
	} else {
		walk->inner = bgp_route_next(walk->inner);
	}
	if (!walk->inner) {
		bgp_table_unlock(walk->within);
		walk->within = NULL;
	}
	return walk->inner;
}

/* `outer` stands at the prefix that comes next, until it has been given out. */
struct bgp_dest *rib_walk_next(struct rib_walk *walk, struct prefix_rd **rd)
{
	*rd = NULL;
	if (!walk->table)
		return NULL;
	if (!walk->has_rd) {
		if (walk->inner)
			walk->outer = bgp_route_next(walk->outer);
		/* Given out: the next call goes on behind it. */
		walk->inner = walk->outer;
		if (!walk->outer)
			rib_walk_end(walk);
		return walk->outer;
	}
	while (walk->outer) {
		struct bgp_dest *dest = next_inner(walk);

		if (dest) {
			*rd = (struct prefix_rd *)bgp_dest_get_prefix(walk->outer);
			return dest;
		}
		walk->outer = bgp_route_next(walk->outer);
	}
	rib_walk_end(walk);
	return NULL;
}

void rib_walk_end(struct rib_walk *walk)
{
	if (walk->has_rd && walk->within) {
		if (walk->inner)
			bgp_dest_unlock_node(walk->inner);
		bgp_table_unlock(walk->within);
	}
	if (walk->outer)
		bgp_dest_unlock_node(walk->outer);
	if (walk->table)
		bgp_table_unlock(walk->table);
	*walk = (struct rib_walk){0};
}

bool rib_walk_is_on(const struct rib_walk *walk)
{
	return walk->table != NULL;
}
