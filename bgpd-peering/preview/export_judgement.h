/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bgpd would send to a gated peer, by the policy that applies once the gate is open: bgpd's own judgement, asked
 * with an update-group that nobody else knows, of a copy of the peer with the operator's route-map in it.
 *
 * Nothing is sent, and no update-group of bgpd's changes. Best paths alone: what add-path sends besides is not counted,
 * nor a default route that is originated. bgpd's main thread only.
 */
#ifndef PEERING_EXPORT_JUDGEMENT_H
#define PEERING_EXPORT_JUDGEMENT_H

#include "bgpd-peering/connection/connection.h"

struct export_policy;

/* To be ended before the event loop is entered again. NULL where nothing is sent whatever the route: `why` says so. */
struct export_policy *export_policy_begin(const struct session *session, struct peer *peer, enum counted_family family,
					  const char **why);
/* The path that would be sent; NULL: none. */
struct bgp_path_info *export_judge(struct export_policy *policy, struct bgp_dest *dest);
void export_policy_end(struct export_policy *policy);

#endif
