// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection_walk.h"

#include "bgpd-peering/router.h"

#define SLICE_MICROSECONDS 3000

static void slice(event_ref *event)
{
	struct connection_walk *walk = event_argument(event);
	struct connection key, *connection;
	struct timeval begun;

	if (!router_works())
		return;
	monotime(&begun);
	strlcpy(key.name, walk->position, sizeof(key.name));
	connection = connection_tree_find_gteq(&connections, &key);
	while (connection && monotime_since(&begun, NULL) < SLICE_MICROSECONDS) {
		struct connection *next = connection_tree_next(&connections, connection);

		walk->visit(connection);
		connection = next;
	}
	if (!connection) {
		if (walk->done)
			walk->done();
		return;
	}
	strlcpy(walk->position, connection->name, sizeof(walk->position));
	event_add_now(slice, walk, &walk->event);
}

void connection_walk_begin(struct connection_walk *walk)
{
	walk->position[0] = '\0';
	if (!walk->event)
		event_add_now(slice, walk, &walk->event);
}
