/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk over one table of bgpd's that goes on where it stopped: in pieces, from one turn of the event loop to the next.
 *
 * Between two calls the table and the prefix it stands at are locked, so that bgpd may change the table meanwhile. What is
 * added behind it is seen, what is added before it is not. bgpd's main thread only.
 */
#ifndef PEERING_RIB_WALK_H
#define PEERING_RIB_WALK_H

#include "bgpd-peering/frr_compat.h"

struct rib_walk {
	struct bgp_table *table;  /* NULL: not begun, or ended */
	struct bgp_table *within; /* of one RD, in families that have those */
	struct bgp_dest *outer;	  /* locked */
	struct bgp_dest *inner;	  /* locked */
	bool has_rd;
};

/* Begins a walk of the instance's table of that family. */
void rib_walk_begin(struct rib_walk *walk, struct bgp *bgp, afi_t afi, safi_t safi);

/* The same from behind a prefix on, whether that is there or not; of a family without RDs. */
void rib_walk_begin_behind(struct rib_walk *walk, struct bgp *bgp, afi_t afi, safi_t safi, const struct prefix *prefix);

/*
 * The next prefix, NULL at the end (then the walk has ended). `rd` is set to the RD where the family has them, NULL
 * elsewhere; both are valid until the next call.
 */
struct bgp_dest *rib_walk_next(struct rib_walk *walk, struct prefix_rd **rd);

/* Gives up wherever it stands. Fine where it has ended. */
void rib_walk_end(struct rib_walk *walk);

/* Whether the walk goes on. */
bool rib_walk_is_on(const struct rib_walk *walk);

#endif
