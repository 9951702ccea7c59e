/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with the routes that a gated peer sends (lib/route_audit.h), for the checks that look at routes.
 *
 * Each route is judged once, when it comes in, by what is configured then. bgpd's main thread only.
 */
#ifndef PEERING_INBOUND_AUDIT_H
#define PEERING_INBOUND_AUDIT_H

#include "bgpd-peering/connection.h"

struct route_audit;

/* The session is up and gated; what its link is like is read now. */
void inbound_audit_begin(struct session *session, struct peer *peer);
/* An UPDATE of it, header included. */
void inbound_audit_take(struct session *session, const uint8_t *message, size_t size);
void inbound_audit_end(struct session *session);

/* NULL where nothing of the session is counted now. */
const struct route_audit *inbound_audit_routes(const struct session *session);
/* Whether all routes of the session were judged by the prefix-lists that the connection names now. */
bool inbound_audit_lists_stand(const struct session *session);

#endif
