// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/configuration.h"

#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/connection/adoption.h"
#include "bgpd-peering/connection/connection_walk.h"
#include "bgpd-peering/connection/drift.h"
#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/session_events.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/guard_undo.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/push/push_declaration.h"
#include "bgpd-peering/push/removed_neighbors.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/utf8.h"

struct connection *configuration_connection(const char *name, const char *vrf, struct verdict *verdict)
{
	struct connection *connection = connection_find(name);
	const char *error = NULL;

	/* What an older version has written down goes on at a start, journal or not: refused, its sessions would be nobody's. */
	if (!connection)
		error = router.booting ? connection_name_error(name) : connection_new_name_error(name);

	if (error) {
		verdict_refuse(verdict, "bad-name", "'%.*s': %s", CONNECTION_NAME_MAX, name, error);
		return NULL;
	}
	if (connection && strcmp(connection->vrf, vrf) != 0) {
		verdict_refuse(verdict, "other-vrf", "%s is a connection of vrf %s; names are unique over all VRFs", name,
			       connection->vrf);
		return NULL;
	}
	if (connection && (connection->let_go || connection->pending.release)) {
		verdict_refuse(verdict, "pending", "%s is just being let go of; try again in a moment", name);
		return NULL;
	}
	return connection ? connection : connection_new(name, vrf);
}

/* ---- neighbors ---- */

/* Whether another connection may have the session: nothing that the present one was approved for depends on it. */
static bool may_leave(const struct session *session)
{
	const struct connection *connection = session->connection;

	if (session->removed || (connection->discovered && !session->declared))
		return true;
	return !session->declared && !connection->pending.ticket && lifecycle_gate(connection->state) == GATE_DENY &&
	       !session->hands_off;
}

/* By the kernel's rules; what is made like an address and is none is a slip of the pen. */
static bool may_be_interface(const char *name)
{
	bool like_address = strchr(name, '.') && name[strspn(name, "0123456789.")] == '\0';

	return strlen(name) < INTERFACE_NAME_MAX && !strpbrk(name, "/:") && !like_address && utf8_is_clean(name);
}

static bool may_join(struct connection *connection, struct session *session, const struct peer *peer,
		     const char *address, struct verdict *verdict)
{
	union sockunion su;

	if (session && session->connection != connection && !may_leave(session)) {
		verdict_refuse(verdict, "neighbor-taken",
			       session->declared ? "%s belongs to %s already; take it out there first"
						 : "%s belongs to %s, which has to be deprovisioned first",
			       address, session->connection->name);
		return false;
	}
	if (peer && !peer_is_external(peer)) {
		verdict_refuse(verdict, "not-external",
			       "%s is not an external BGP neighbor (its AS is ours); internal sessions are left alone, take the line out",
			       address);
		return false;
	}
	if (!peer && peer_group_lookup(bgp_of_vrf(connection->vrf), address)) {
		verdict_refuse(verdict, "peer-group",
			       "%s is a peer-group; declare its members, each by its address or interface", address);
		return false;
	}
	if (!peer && str2sockunion(address, &su) != 0 && !may_be_interface(address)) {
		verdict_refuse(verdict, "bad-address", "'%s' is neither an address nor the name of an interface", address);
		return false;
	}
	if ((!session || session->connection != connection) &&
	    session_list_count(&connection->sessions) >= SESSIONS_MAX) {
		verdict_refuse(verdict, "too-many", "%s has %d neighbors already, more than that it does not take",
			       connection->name, SESSIONS_MAX);
		return false;
	}
	return true;
}

/* A connection that its last session has left, and that nobody declared. */
static void retire(struct connection *connection)
{
	if (session_list_count(&connection->sessions) || connection->declared) {
		durable_state_connection(connection);
		controller_link_changed(connection);
		return;
	}
	durable_state_forget(connection, false);
	connection_delete(connection);
	controller_link_gone();
}

void configuration_take_session(struct connection *connection, struct session *session)
{
	struct connection *former = session->connection;

	session_move(session, connection);
	retire(former);
}

bool configuration_add_neighbor(struct connection *connection, const char *text, bool optional, bool reading,
				struct verdict *verdict)
{
	char address[SESSION_ADDRESS_MAX];
	struct connection *former = NULL;
	struct session *session;
	struct peer *peer;
	bool is_new, open;

	*verdict = (struct verdict){.code = ""};
	if (!session_normalize(text, address)) {
		verdict_refuse(verdict, "bad-address", "'%s' is neither an address nor the name of an interface", text);
		return false;
	}
	session = session_find(connection->vrf, address);
	peer = session ? session_peer(session) : NULL;
	if (!session) {
		struct session probe = {.connection = connection};

		strlcpy(probe.address, address, sizeof(probe.address));
		peer = session_peer(&probe);
	}
	if (!may_join(connection, session, peer, address, verdict))
		return false;
	/* Saved in the file before a push has removed it. */
	if (session && session->removed && session->connection == connection && router.booting) {
		verdict->accepted = true;
		return true;
	}

	open = !session && peer && peer_is_established(peer);
	if (open && !reading) {
		verdict_refuse(verdict, "session-up",
			       "%s is up and exchanges routes; to keep it as it is, `peering %s adopt neighbor %s`; to validate it first, shut it",
			       address, connection->name, address);
		return false;
	}

	is_new = !session || session->connection != connection;
	if (!session) {
		session = session_new(connection, address);
		session->hands_off = open;
	} else if (is_new) {
		former = session->removed ? NULL : session->connection;
		session_move(session, connection);
	}
	session->declared = true;
	session->removed = false;
	session->required = !optional;
	/*
	 * It has not been validated with the others, and is by itself; where it is open already it is closed from its next
	 * start on.
	 */
	if (is_new && lifecycle_gate(connection_coming_state(connection)) != GATE_DENY) {
		session->held = session->held_next = true;
		if (!session->hands_off && !router.booting)
			transition_close_session(session, EVENT_SESSION_CHANGED, "added");
	}
	/* In this order in the journal: at no moment is the session nobody's there. */
	if (former) {
		durable_state_connection(connection);
		retire(former);
	}
	/* What was tested was not the link to this one. */
	if (is_new)
		link_test_void(connection);
	if (is_new && !session->hands_off)
		session->gate = transition_session_gate(session);
	gate_assert(session);
	removed_neighbors_declared(session);
	verdict->accepted = true;
	return true;
}

void configuration_remove_neighbor(struct connection *connection, const char *text)
{
	char address[SESSION_ADDRESS_MAX];
	struct session *session;

	if (!session_normalize(text, address))
		return;
	session = session_find(connection->vrf, address);
	if (!session || session->connection != connection)
		return;
	session->declared = false;
	session->required = false;
	/* Its gate is not forgotten, whether bgpd knows the neighbor now or not. */
	if (connection->state == STATE_NONE && !connection->state_since && !session_peer(session))
		session_delete(session);
}

/* ---- settling ---- */

/* Whether the journal may have said so where it cannot be read. */
static bool may_have_ended(const struct connection *connection)
{
	return connection->journal_damaged || durable_state_breaks_off() || durable_state_lost_a_line();
}

/* Whether a line `adopted` may be taken at its word: it speaks of sessions that nobody has shut for the connection. */
static bool may_be_adopted(const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (gate_is_shut_by_us(session))
			return false;
	return connection->adopted_line && session_list_count(&connection->sessions) && !may_have_ended(connection);
}

static void settle(struct connection *connection, const char *actor)
{
	struct verdict verdict;

	connection->unsettled = false;
	if (connection->state != STATE_NONE || !(connection->declared || connection->journal_damaged))
		return;
	connection->discovered |= !connection->declared;
	if (may_be_adopted(connection)) {
		struct session *session;

		/* From before: open it was, and open it stays, whatever order the lines and the peer came in. */
		frr_each (session_list, &connection->sessions, session)
			session->held = false;
		if (transition(connection, EVENT_ADOPT, actor, "its line says adopted", &verdict)) {
			if (durable_state_problem())
				alert_as(EC_PEERING_DECLARATION, "%s is adopted by its line alone: %s", connection->name, durable_state_problem());
			return;
		}
		alert_as(EC_PEERING_DECLARATION, "%s says adopted and is gated all the same: %s", connection->name, verdict.message);
	} else if (connection->adopted_line && may_have_ended(connection)) {
		alert_as(EC_PEERING_DECLARATION, "%s says adopted, but the journal may have said that it ended: %s; `peering bypass %s reason …` opens it meanwhile",
		      connection->name,
		      durable_state_problem() ? durable_state_problem() : "a line of it cannot be read", connection->name);
	} else if (connection->adopted_line) {
		alert_as(EC_PEERING_DECLARATION, "%s says adopted, but its neighbor was shut when the connection ended: it stays shut and gated; `peering %s request` begins again",
		      connection->name, connection->name);
	}
	transition(connection, EVENT_REQUEST, actor,
		   connection->declared ? "declared" : "the journal speaks of it in a line that cannot be read", &verdict);
	if (connection_has_conflict(connection))
		alert_as(EC_PEERING_DECLARATION, "%s was declared for a session that is up; it is left as it is: `peering %s adopt`, or shut the neighbor",
		      connection->name, connection->name);
}

void configuration_edited(struct connection *connection)
{
	if (connection->state != STATE_NONE) {
		connection->generation++;
		validation_look_again(connection);
		link_test_look_again(connection);
	}
	durable_state_connection(connection);
	controller_link_changed(connection);
}

void configuration_changed(struct connection *connection, bool reading, const char *actor)
{
	bool first = !connection->declared && connection->state == STATE_NONE && !connection->state_since;

	connection->declared = true;
	if (reading) {
		connection->unsettled |= first;
		connection->edited = true;
	} else if (first) {
		settle(connection, actor);
	} else {
		configuration_edited(connection);
	}
	drift_note(connection);
	controller_link_changed(connection);
}

/* ---- adopting ---- */

/* Takes back what a refused adoption has made. */
static void undo(struct connection *connection)
{
	struct session *session;

	while ((session = session_list_first(&connection->sessions)))
		session_delete(session);
	connection_delete(connection);
}

static bool adopt_neighbor(struct connection *connection, const char *text, struct verdict *verdict)
{
	char address[SESSION_ADDRESS_MAX];
	struct session *session;
	struct peer *peer;

	if (!session_normalize(text, address)) {
		verdict_refuse(verdict, "bad-address", "'%s' is no address", text);
		return false;
	}
	session = session_find(connection->vrf, address);
	if (session && session->connection == connection)
		return true;
	if (session) {
		verdict_refuse(verdict, "neighbor-taken", "%s belongs to %s; `peering %s adopt`", address,
			       session->connection->name, session->connection->name);
		return false;
	}
	session = session_new(connection, address);
	session->declared = true;
	peer = session_peer(session);
	session->hands_off = !peer || adoption_leaves_open(peer);
	if (!peer) {
		verdict_refuse(verdict, "no-such-neighbor",
			       "there is no neighbor %s in vrf %s; configure it under `router bgp` first", address,
			       connection->vrf);
		return false;
	}
	if (gate_is_shut_by_us(session)) {
		verdict_refuse(verdict, "shut",
			       "%s was shut when its connection ended; `no neighbor %s shutdown` first, if it is to run again",
			       address, address);
		return false;
	}
	return may_join(connection, session, peer, address, verdict);
}

bool configuration_adopt(const char *name, const char *vrf, const char *const *addresses, size_t count,
			 const char *reason, struct verdict *verdict)
{
	struct connection *connection;

	*verdict = (struct verdict){.code = ""};
	if (connection_find(name)) {
		verdict_refuse(verdict, "exists", "%s exists already; `peering %s adopt` adopts it with its neighbors", name,
			       name);
		return false;
	}
	if (!durable_state_writable(verdict->message, sizeof(verdict->message))) {
		verdict->code = "journal";
		return false;
	}
	connection = configuration_connection(name, vrf, verdict);
	if (!connection)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!adopt_neighbor(connection, addresses[i], verdict)) {
			undo(connection);
			return false;
		}
	}
	connection->declared = connection->adopted_line = true;
	if (transition(connection, EVENT_ADOPT, "operator", reason, verdict)) {
		connection->pending.made = connection->pending.ticket;
		return true;
	}
	undo(connection);
	return false;
}

/* ---- the end of a file ---- */

/*
 * The configuration of a start has ended. A bgpd without the module writes a file without our lines: where there is not
 * one, the journal's stand. Else the file is right, and what it does not name is undeclared.
 */
static void settle_lines(void)
{
	struct connection *connection;
	unsigned int kept = 0;

	if (router.lines_read) {
		controller_link_settle_lines();
		timers_settle_lines();
	}
	frr_each (connection_tree, &connections, connection) {
		struct session *session;

		if (connection->read || !connection->declared)
			continue;
		if (!router.lines_read) {
			kept++;
			continue;
		}
		if (connection->pushed)
			continue;
		connection->declared = false;
		frr_each (session_list, &connection->sessions, session)
			session->declared = false;
		connection->edited = true;
	}
	if (kept)
		alert_as(EC_PEERING_DECLARATION, "the configuration has no line of `peering`, but the journal has %u connections: their lines are kept as they were. `write memory` saves them, `no peering …` takes them out",
		      kept);
}

void configuration_line_read(struct connection *connection)
{
	router.lines_read = true;
	if (!router.booting || !connection || connection->read)
		return;
	/* What a file brings at start replaces what the journal remembers of the connection's lines. */
	connection->read = true;
	connection_clear_configuration(connection);
}

/*
 * A file that ends without saying so: vtysh went away in the middle. What it has brought is settled then, and lines that
 * are typed later do not wait for an end that never comes.
 */
#define FILE_SILENCE 60 /* seconds */

static event_ref *silence_event;
static time_t last_line; /* of the file, by the monotonic clock */

static void look_for_the_end(event_ref *event)
{
	TURN(TURN_COMMAND);

	if (!router.reading_file)
		return;
	if (monotime(NULL) - last_line < FILE_SILENCE) {
		event_add_seconds(look_for_the_end, NULL, FILE_SILENCE, &silence_event);
		return;
	}
	zlog_warn("peering: the file that was being read has brought nothing for %u s; it is taken to have ended", FILE_SILENCE);
	configuration_file_end();
}

void configuration_file_goes_on(void)
{
	last_line = monotime(NULL);
	if (!silence_event)
		event_add_seconds(look_for_the_end, NULL, FILE_SILENCE, &silence_event);
}

static void settle_read(struct connection *connection)
{
	if (connection->unsettled)
		settle(connection, "configuration");
	if (connection->edited && (connection->declared || connection->state_since))
		durable_state_connection(connection);
	connection->edited = false;
}

static void look_again(struct connection *connection)
{
	transition_assert(connection);
	validation_look_again(connection);
	link_test_look_again(connection);
	timers_look_again(connection);
}

static void settle_and_look(struct connection *connection)
{
	push_make_again(connection);
	settle_read(connection);
	look_again(connection);
	drift_note(connection);
}

/* What a controller pushes waits for it, unless another file has begun. */
static void all_settled(void)
{
	if (!router.reading_file)
		controller_link_file_end();
}

void configuration_file_end(void)
{
	static struct connection_walk walk = {.visit = settle_and_look, .done = all_settled};
	static struct connection_walk drift_walk = {.visit = drift_note};
	struct connection *connection;
	bool booting = router.booting;

	event_stop(silence_event);
	removed_neighbors_settle();
	guard_undo();
	if (booting)
		settle_lines();
	default_deny_file_end();
	/* Of a start, before the first peer can be up; later each line has closed what it concerns, and there is time. */
	if (booting)
		frr_each (connection_tree, &connections, connection)
			settle_read(connection);
	profile_file_end();
	if (booting) {
		policy_objects_file_end();
		frr_each (connection_tree, &connections, connection)
			push_make_again(connection);
		frr_each (connection_tree, &connections, connection)
			look_again(connection);
	}
	router.booting = router.reading_file = false;
	if (booting) {
		push_confirm_start();
		controller_link_file_end();
		connection_walk_begin(&drift_walk);
	} else {
		connection_walk_begin(&walk);
	}
}
