/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graceful shutdown of single sessions (RFC 8326), on every FRR alike: the operator's own policy, and behind it the
 * community 65535:0 on what is sent, local preference and weight 0 on what is received.
 *
 * It is a route-map with one rule of ours, made for each policy of the operator's that is drained. The rule asks the
 * operator's route-map first, by name, each time: what that denies is denied, and one that is not defined denies
 * everything. So there is no instant in which the operator's policy does not apply. Sessions that are drained are in
 * update-groups of their own, since bgpd sorts peers by the name of their route-map.
 *
 * `default-originate` asks no outbound route-map. bgpd has one place where it adds the community to what it originates: for
 * graceful shutdown of the whole instance. That is lent to it for the moment in which the default is made.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_DRAIN_POLICY_H
#define PEERING_DRAIN_POLICY_H

#include "bgpd-peering/frr_compat.h"

#define DRAIN_ROUTE_MAP "PEERING-DRAIN"

/* Before the first route-map is made. */
void drain_policy_init(void);

/* Whether a name is one that drain_policy_name() gives out. */
bool drain_policy_is_name(const char *name);

/*
 * The name of the route-map that drains one direction of a family whose policy is the route-map `own` (NULL: none). Made
 * where it is not there yet; never taken away. NULL where somebody has typed at a route-map of that name, which is not
 * used any more then. The string stays.
 */
const char *drain_policy_name(afi_t afi, safi_t safi, int direction, const char *own);

/*
 * Sends the default of `default-originate` again, where the peer has one: with the community, or as it is. bgpd makes it
 * anew, unmarked, when the peer asks for its routes or somebody clears them; call it behind that. Not where a route-map
 * says whether there is a default (`default-originate route-map`): bgpd makes that anew with each change of a best path.
 */
void drain_policy_default(struct peer *peer, afi_t afi, safi_t safi, bool drains);

#endif
