// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/bypass.h"

#include "bgpd-peering/connection/connection_walk.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/gate/session_events.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/utf8.h"

#define REMINDER_INTERVAL 3600 /* seconds */

static struct bypass of_all;
static event_ref *reminder_event;

static void remind(event_ref *event);

static void remind_later(void)
{
	if (!reminder_event)
		event_add_seconds(remind, NULL, REMINDER_INTERVAL, &reminder_event);
}

static void remind(event_ref *event)
{
	const struct connection *connection;
	TURN(TURN_LIFECYCLE);

	if (of_all.on) {
		alert_as(EC_PEERING_BYPASS, "every gate is open since a bypass of %s: %s; `no peering bypass all` ends it", of_all.actor,
		      of_all.reason);
		remind_later();
	}
	frr_each (connection_tree_const, &connections, connection) {
		if (!connection->bypass.on)
			continue;
		alert_as(EC_PEERING_BYPASS, "%s is open by a bypass of %s: %s; `no peering bypass %s` ends it", connection->name,
		      connection->bypass.actor, connection->bypass.reason, connection->name);
		remind_later();
	}
}

static void look_again_at(struct connection *connection)
{
	session_events_later(connection);
	controller_link_changed(connection);
}

/* The gates of one connection, or of all. */
static void look_again(struct connection *only)
{
	static struct connection_walk walk = {.visit = look_again_at};

	if (only)
		look_again_at(only);
	else
		connection_walk_begin(&walk);
}

void bypass_begin(struct connection *connection, const char *actor, const char *reason)
{
	struct bypass *bypass = connection ? &connection->bypass : &of_all;

	*bypass = (struct bypass){.on = true, .since = wall_clock_milliseconds()};
	strlcpy(bypass->actor, actor, sizeof(bypass->actor));
	utf8_copy(bypass->reason, sizeof(bypass->reason), reason);
	durable_state_bypass(connection ? connection->name : NULL, bypass);
	alert_as(EC_PEERING_BYPASS, "bypass of %s by %s: %s", connection ? connection->name : "every session", actor, reason);
	remind_later();
	look_again(connection);
}

void bypass_end(struct connection *connection)
{
	struct bypass *bypass = connection ? &connection->bypass : &of_all;

	if (!bypass->on)
		return;
	*bypass = (struct bypass){0};
	durable_state_bypass(connection ? connection->name : NULL, bypass);
	zlog_notice("peering: the bypass of %s has ended", connection ? connection->name : "every session");
	look_again(connection);
}

bool bypass_covers(const struct connection *connection)
{
	return of_all.on || connection->bypass.on;
}

const struct bypass *bypass_of_all(void)
{
	return of_all.on ? &of_all : NULL;
}

unsigned int bypass_count(void)
{
	const struct connection *connection;
	unsigned int count = 0;

	frr_each (connection_tree_const, &connections, connection)
		count += connection->bypass.on;
	return count;
}

void bypass_restore(const char *name, const struct bypass *bypass)
{
	struct connection *connection = name ? connection_find(name) : NULL;

	if (!name)
		of_all = *bypass;
	else if (connection)
		connection->bypass = *bypass;
	if (bypass->on)
		remind_later();
}
