/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A walk over every connection in slices of a few milliseconds: there may be thousands, and bgpd's main thread has
 * sessions to keep alive. Connections may come and go meanwhile. bgpd's main thread only.
 */
#ifndef PEERING_CONNECTION_WALK_H
#define PEERING_CONNECTION_WALK_H

#include "bgpd-peering/connection/connection.h"

/* Static, with `visit` set, and `done` (may be NULL) for its end; the rest is the walk's. */
struct connection_walk {
	void (*visit)(struct connection *connection);
	void (*done)(void);
	char position[CONNECTION_NAME_MAX]; /* the name to go on with */
	event_ref *event;
};

/* Begins anew where the walk is under way: each connection is visited at least once after this. */
void connection_walk_begin(struct connection_walk *walk);

#endif
