/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bgpd tells of its peers: up, down, gone, configured anew. Closes gates synchronously, before the first route.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_SESSION_EVENTS_H
#define PEERING_SESSION_EVENTS_H

#include "bgpd-peering/connection.h"

void session_events_init(void);

/* Whether bgpd sorts the peer as external and a person or a listen range made it: what default-deny looks at. */
bool peer_is_external(const struct peer *peer);

/* A free name for the connection of a neighbor that nobody has declared: its address. */
void session_undeclared_name(const struct peer *peer, char name[CONNECTION_NAME_MAX]);

/* In the next turn of the event loop: what a hook may not do itself, and what an end leaves to tidy up. */
void session_events_later(struct connection *connection);

#endif
