// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/connection_walk.h"

#include "bgpd-peering/gate/walls.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#define SLICE_MICROSECONDS 3000
#define HELD_MILLISECONDS 50 /* in a test */

static void slice(event_ref *event)
{
	struct connection_walk *walk = event_argument(event);
	struct connection key, *connection;
	struct timeval begun;
	TURN(TURN_WALK);

	if (!router_works())
		return;
	if (!wall_stands(WALL_WALKS)) {
		event_add_milliseconds(slice, walk, HELD_MILLISECONDS, &walk->event);
		return;
	}
	monotime(&begun);
	strlcpy(key.name, walk->position, sizeof(key.name));
	connection = connection_tree_find_gteq(&connections, &key);
	while (connection && monotime_since(&begun, NULL) < SLICE_MICROSECONDS) {
		const struct connection *next = connection_tree_next(&connections, connection);

		if (next)
			strlcpy(key.name, next->name, sizeof(key.name));
		walk->visit(connection);
		/* By its name: a visit can be the end of another connection. */
		connection = next ? connection_tree_find_gteq(&connections, &key) : NULL;
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
