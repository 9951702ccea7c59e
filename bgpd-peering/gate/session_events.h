/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bgpd tells of its peers: up, down, gone, configured anew. Closes gates synchronously, before the first route.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_SESSION_EVENTS_H
#define PEERING_SESSION_EVENTS_H

#include "bgpd-peering/connection/connection.h"

void session_events_init(void);

/* Whether bgpd sorts the peer as external (eBGP, or of another member AS) and a person or a listen range made it. */
bool peer_is_external(const struct peer *peer);

/* In the next turn of the event loop: what a hook may not do itself, and what an end leaves to tidy up. */
void session_events_later(struct connection *connection);

#endif
