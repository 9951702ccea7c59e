/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with the routes that a peer sends (lib/route_audit.h), for the checks that look at routes: while its gate
 * is closed, and where a watch goes on (watch.h).
 *
 * Each route is judged once, when it comes in, by what is configured then. bgpd's main thread only.
 */
#ifndef PEERING_INBOUND_AUDIT_H
#define PEERING_INBOUND_AUDIT_H

#include "bgpd-peering/connection/connection.h"

struct route_audit;

/* The session is up; what its link is like is read now. `from_the_start`: no route of it has been let by. */
void inbound_audit_begin(struct session *session, struct peer *peer, bool from_the_start);
/* The same where nothing is counted yet; else what is counted goes on. */
void inbound_audit_go_on(struct session *session, struct peer *peer, bool from_the_start);
/* An UPDATE of it, header included. */
void inbound_audit_take(struct session *session, const struct peer *peer, const uint8_t *message, size_t size);
void inbound_audit_end(struct session *session);

/* NULL where nothing of the session is counted now. */
const struct route_audit *inbound_audit_routes(const struct session *session);
/* Whether every route of the session was judged. */
bool inbound_audit_is_whole(const struct session *session);
/* Whether all routes of the session were judged by the prefix-lists that the connection names now. */
/* Whether RPKI could judge every origin when its route came, where bgpd has its rpki module. */
bool inbound_audit_origins_known(const struct session *session);
bool inbound_audit_lists_stand(const struct session *session);

#endif
