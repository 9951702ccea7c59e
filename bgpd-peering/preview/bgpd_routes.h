/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bgpd itself has of a peer whose gate is open: all that it has sent where `soft-reconfiguration inbound` keeps that,
 * as it came; else what was accepted, as the policy has left it.
 *
 * Nothing is changed. Valid until the event loop is entered again. bgpd's main thread only.
 */
#ifndef PEERING_BGPD_ROUTES_H
#define PEERING_BGPD_ROUTES_H

#include "bgpd-peering/connection/connection.h"

/* The peer of a session that is up with an open gate, and is not just being given what was kept; NULL otherwise. */
struct peer *bgpd_routes_peer(const struct session *session);

/* Whether bgpd keeps what it rejects of a family; what to say where it does not. */
#define BGPD_KEEPS_NO_REJECTED "rejected routes are not kept: soft-reconfiguration inbound is off"
bool bgpd_routes_has_rejected(const struct peer *peer, enum counted_family family);

/* UPDATEs that have come from the peer: whether it has sent something since. Wraps. */
uint64_t bgpd_routes_taken(const struct peer *peer);

/*
 * Visits each path of the peer at one place of a table: as it was sent, or those that were accepted. Returns whether the visitor wants
 * the next one, too.
 */
typedef bool (*bgpd_route_visit)(const struct bgp_dest *dest, uint32_t path_id, const struct attr *attr, void *context);
bool bgpd_routes_visit(struct bgp_dest *dest, const struct peer *peer, bool as_sent, bgpd_route_visit visit,
		       void *context);

#endif
