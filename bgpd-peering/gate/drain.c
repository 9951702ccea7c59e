// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/drain.h"

#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/connection/connection_walk.h"
#include "bgpd-peering/connection/deadline.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/utf8.h"

#define LOOK_SECONDS 5	    /* between two looks at the traffic */
#define QUIET_LOOKS 3	    /* so many in a row say that it is gone */
#define QUIET_BITS 16000    /* a second, each way: BGP itself and neighbor discovery stay far below */

static void look(event_ref *event);

/* ---- looking ---- */

bool drain_is_on(const struct connection *connection)
{
	return connection->state == STATE_PENDING_REMOVE && connection->drain.ends;
}

static bool is_watched(const struct connection *connection)
{
	return !connection->let_go && (drain_is_on(connection) || connection->maintenance.on);
}

static uint64_t earlier(uint64_t seconds, uint64_t deadline)
{
	return deadline ? MIN(seconds, deadline_seconds_left(deadline)) : seconds;
}

void drain_watch(struct connection *connection)
{
	uint64_t seconds = LOOK_SECONDS;

	if (!is_watched(connection) || connection->drain.look)
		return;
	seconds = earlier(seconds, drain_is_on(connection) ? connection->drain.ends : 0);
	seconds = earlier(seconds, connection->maintenance.ends);
	/* One that is due already could not be carried out just now. */
	event_add_seconds(look, connection, MAX(seconds, (uint64_t)1), &connection->drain.look);
}

static bool is_quiet(struct connection *connection)
{
	struct port_traffic *traffic = &connection->drain.traffic;

	/* The look comes sooner than usual where the time is up. */
	if (!traffic->looked_at || deadline_now() - traffic->looked_at >= LOOK_SECONDS * 1000) {
		port_traffic_look(traffic, connection);
		if (traffic->known && traffic->in_bits < QUIET_BITS && traffic->out_bits < QUIET_BITS)
			connection->drain.quiet_looks++;
		else
			connection->drain.quiet_looks = 0;
	}
	return connection->drain.quiet_looks >= QUIET_LOOKS;
}

static void look(event_ref *event)
{
	struct connection *connection = event_argument(event);
	bool quiet;
	TURN(TURN_LIFECYCLE);

	if (!router_works() || !is_watched(connection))
		return;
	quiet = is_quiet(connection);
	if (connection->pending.ticket)
		; /* it is just being cancelled, or ended */
	else if (drain_is_on(connection) && connection->drain.held)
		; /* until somebody says so */
	else if (drain_is_on(connection) && !deadline_seconds_left(connection->drain.ends))
		drain_end(connection, "the drain timer has ended");
	else if (drain_is_on(connection) && quiet)
		drain_end(connection, "no traffic is left on its port");
	else if (connection->maintenance.ends && !deadline_seconds_left(connection->maintenance.ends))
		drain_maintenance(connection, false, 0, "router", "the time that it was to last is over", NULL);
	drain_watch(connection);
}

static void watch_anew(struct connection *connection)
{
	connection->drain.traffic = (struct port_traffic){0};
	connection->drain.quiet_looks = 0;
	event_stop(connection->drain.look);
	/* The first of two looks that make a rate. */
	if (is_watched(connection))
		port_traffic_look(&connection->drain.traffic, connection);
	drain_watch(connection);
}

/* ---- on the way out ---- */

static uint64_t drain_deadline(const struct connection *connection)
{
	return deadline_in(timers_seconds(connection, TIMER_DRAIN));
}

static bool is_in_use(const struct session *session)
{
	struct peer *peer = session_peer(session);

	return session->gate != GATE_DENY && peer && peer_is_established(peer);
}

void drain_begin(struct connection *connection)
{
	struct session *session;

	connection->drain.ends = 0;
	frr_each (session_list, &connection->sessions, session)
		if (is_in_use(session) || (connection->drain.held && session->gate != GATE_DENY))
			connection->drain.ends = drain_deadline(connection);
	connection->drain.held &= connection->drain.ends != 0;
	watch_anew(connection);
}

void drain_release(struct connection *connection)
{
	if (!drain_is_on(connection) || !connection->drain.held)
		return;
	connection->drain.held = false;
	connection->drain.ends = drain_deadline(connection);
	watch_anew(connection);
	durable_state_connection(connection);
	controller_link_changed(connection);
}

void drain_end(struct connection *connection, const char *why)
{
	if (!drain_is_on(connection))
		return;
	connection->drain.held = false;
	zlog_notice("peering: %s is drained: %s", connection->name, why);
	connection->drain.ends = 0;
	transition_assert(connection);
	durable_state_connection(connection);
	validation_look_again(connection);
	controller_link_changed(connection);
}

/* ---- maintenance ---- */

bool drain_maintenance(struct connection *connection, bool on, uint32_t seconds, const char *actor, const char *reason,
		       struct verdict *verdict)
{
	struct verdict ignored;

	if (!verdict)
		verdict = &ignored;
	connection->maintenance_next = (struct maintenance){.on = on};
	if (on) {
		connection->maintenance_next.since = wall_clock_milliseconds();
		utf8_copy(connection->maintenance_next.reason, sizeof(connection->maintenance_next.reason), reason);
	}
	if (on && seconds) {
		connection->maintenance_next.ends = deadline_in(seconds);
		connection->maintenance_next.ends_at = connection->maintenance_next.since + (uint64_t)seconds * 1000;
	}
	if (!transition(connection, on ? EVENT_MAINTENANCE_ON : EVENT_MAINTENANCE_OFF, actor, reason, verdict))
		return false;
	if (on && verdict->unchanged) {
		connection->maintenance_next.since = connection->maintenance.since;
		connection->maintenance = connection->maintenance_next;
		durable_state_connection(connection);
		controller_link_changed(connection);
	}
	watch_anew(connection);
	return true;
}

/* One at a time. */
static struct {
	bool on;
	uint32_t seconds;
	char interface[SESSION_ADDRESS_MAX]; /* "": every one */
	char actor[TRANSITION_ACTOR_MAX];
	char reason[TRANSITION_MESSAGE_MAX];
} of_port;

static bool is_on_port(const struct connection *connection, const char *interface)
{
	const struct session *session;

	if (!interface)
		return true;
	frr_each (session_list_const, &connection->sessions, session) {
		const char *name = session_interface(session);

		if (name && strcmp(name, interface) == 0)
			return true;
	}
	return false;
}

static bool is_concerned(const struct connection *connection, const char *interface, bool on)
{
	return connection->state == STATE_ACTIVE && !connection->let_go && connection->maintenance.on != on &&
	       is_on_port(connection, interface);
}

static void visit(struct connection *connection)
{
	struct verdict verdict;

	if (is_concerned(connection, of_port.interface[0] ? of_port.interface : NULL, of_port.on) &&
	    !drain_maintenance(connection, of_port.on, of_port.seconds, of_port.actor, of_port.reason, &verdict))
		zlog_warn("peering: maintenance of %s: %s", connection->name, verdict.message);
}

bool drain_maintenance_of_port(const char *interface, bool on, uint32_t seconds, const char *actor, const char *reason,
			       struct verdict *verdict)
{
	static struct connection_walk walk = {.visit = visit};
	const struct connection *connection;
	size_t count = 0;

	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (walk.event) {
		verdict_refuse(verdict, "busy", "maintenance of %s is just being switched %s; try again in a moment",
			       of_port.interface[0] ? of_port.interface : "every connection", of_port.on ? "on" : "off");
		return false;
	}
	frr_each (connection_tree_const, &connections, connection)
		count += is_concerned(connection, interface, on);
	snprintf(verdict->message, sizeof(verdict->message), "maintenance %s: %zu connection%s", on ? "on" : "off", count,
		 count == 1 ? "" : "s");
	if (!count)
		return true;
	of_port.on = on;
	of_port.seconds = seconds;
	strlcpy(of_port.interface, interface ? interface : "", sizeof(of_port.interface));
	strlcpy(of_port.actor, actor, sizeof(of_port.actor));
	utf8_copy(of_port.reason, sizeof(of_port.reason), reason);
	connection_walk_begin(&walk);
	return true;
}

/* ---- after a restart ---- */

void drain_restored(struct connection *connection, const char *boot_id)
{
	uint64_t now = wall_clock_milliseconds();
	struct maintenance *maintenance = &connection->maintenance;

	if (strcmp(boot_id, deadline_boot_id()) == 0) {
		/* It has ended while bgpd was away. */
		if (!deadline_seconds_left(connection->drain.ends) && !connection->drain.held)
			connection->drain.ends = 0;
		return;
	}
	if (connection->drain.ends)
		connection->drain.ends = drain_deadline(connection);
	if (maintenance->ends)
		maintenance->ends = deadline_now() + (maintenance->ends_at > now ? maintenance->ends_at - now : 0);
}
