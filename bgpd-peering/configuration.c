// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/configuration.h"

#include "bgpd-peering/controller_link.h"
#include "bgpd-peering/durable_state.h"
#include "bgpd-peering/gate.h"
#include "bgpd-peering/push_declaration.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/session_events.h"
#include "bgpd-peering/validation.h"

#include "lib/linklist.h"

/* default-deny lines of the file that is being read, by VRF; their adoption waits for the end. */
static struct list *default_deny_read;

struct connection *configuration_connection(const char *name, const char *vrf, struct verdict *verdict)
{
	const char *error = connection_name_error(name);
	struct connection *connection;

	if (error) {
		verdict_refuse(verdict, "bad-name", "'%s': %s", name, error);
		return NULL;
	}
	connection = connection_find(name);
	if (connection && strcmp(connection->vrf, vrf) != 0) {
		verdict_refuse(verdict, "other-vrf", "%s is a connection of vrf %s; names are unique over all VRFs", name,
			       connection->vrf);
		return NULL;
	}
	return connection ? connection : connection_new(name, vrf);
}

/* ---- neighbors ---- */

static bool may_join(struct connection *connection, struct session *session, const struct peer *peer,
		     const char *address, struct verdict *verdict)
{
	if (session && session->connection != connection && !session->connection->discovered) {
		verdict_refuse(verdict, "neighbor-taken", "%s belongs to %s already; take it out there first", address,
			       session->connection->name);
		return false;
	}
	if (peer && !peer_is_external(peer)) {
		verdict_refuse(verdict, "not-external", "%s is not an external BGP neighbor (its AS is ours)", address);
		return false;
	}
	if (!session && session_list_count(&connection->sessions) >= SESSIONS_MAX) {
		verdict_refuse(verdict, "too-many", "%s has %d neighbors already, more than that it does not take",
			       connection->name, SESSIONS_MAX);
		return false;
	}
	return true;
}

/* The undeclared connection has lost a session to the one that was declared for it: its only one, as a rule. */
static void retire_discovered(struct connection *connection)
{
	if (session_list_count(&connection->sessions)) {
		durable_state_connection(connection);
		controller_link_changed(connection);
		return;
	}
	durable_state_forget(connection);
	connection_delete(connection);
	controller_link_gone();
}

bool configuration_add_neighbor(struct connection *connection, const char *text, bool optional, bool reading,
				struct verdict *verdict)
{
	char address[SESSION_ADDRESS_MAX];
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

	open = !session && peer && peer_is_established(peer);
	if (open && !reading) {
		verdict_refuse(verdict, "session-up",
			       "%s is up and exchanges routes; to keep it as it is, `peering %s adopt neighbor %s`; to validate it first, shut it",
			       address, connection->name, address);
		return false;
	}

	is_new = !session || session->connection != connection;
	if (session && session->connection != connection) {
		struct connection *discovered = session->connection;

		session_move(session, connection);
		retire_discovered(discovered);
	} else if (!session) {
		session = session_new(connection, address);
		session->hands_off = open;
	}
	session->declared = true;
	session->required = !optional;
	if (is_new && lifecycle_gate(connection->state) != GATE_DENY) {
		session->held = true;
		session->hands_off = false;
	}
	gate_assert(session);
	if (is_new && connection->state != STATE_NONE)
		durable_state_connection(connection);
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
	/* Where bgpd knows the neighbor its gate is not forgotten. */
	if (!session_peer(session))
		session_delete(session);
	if (connection->state != STATE_NONE)
		durable_state_connection(connection);
}

/* ---- settling ---- */

static void settle(struct connection *connection, const char *actor)
{
	struct verdict verdict;

	connection->unsettled = false;
	if (connection->state != STATE_NONE || !connection->declared)
		return;
	if (connection->adopted_line && session_list_count(&connection->sessions)) {
		struct session *session;

		/* From before: open it was, and open it stays, whatever order the lines and the peer came in. */
		frr_each (session_list, &connection->sessions, session)
			session->held = false;
		if (transition(connection, EVENT_ADOPT, actor, "its line says adopted", &verdict))
			return;
		alert("%s says adopted and is gated all the same: %s", connection->name, verdict.message);
	}
	transition(connection, EVENT_REQUEST, actor, "declared", &verdict);
	if (connection_has_conflict(connection))
		alert("%s was declared for a session that is up; it is left as it is: `peering %s adopt`, or shut the neighbor",
		      connection->name, connection->name);
}

void configuration_changed(struct connection *connection, bool reading, const char *actor)
{
	bool first = !connection->declared && connection->state == STATE_NONE && !connection->state_since;

	connection->declared = true;
	if (reading) {
		connection->unsettled |= first;
	} else if (first) {
		settle(connection, actor);
	} else if (connection->state != STATE_NONE) {
		connection->generation++;
		validation_look_again(connection);
	}
	controller_link_changed(connection);
}

/* ---- default-deny ---- */

/* Every external neighbor that is configured now and belongs to no connection becomes one of its own, adopted. */
static void adopt_all(struct bgp *bgp, void (*said)(const char *line, void *context), void *context)
{
	struct listnode *node, *next;
	struct peer *peer;

	for (ALL_LIST_ELEMENTS(bgp->peer, node, next, peer)) {
		char name[CONNECTION_NAME_MAX], line[CONNECTION_NAME_MAX + REFUSAL_MESSAGE_MAX + 16];
		struct connection *connection;
		struct session *session;
		struct verdict verdict;

		if (!peer_is_external(peer) || session_of_peer(peer))
			continue;
		session_undeclared_name(peer, name);
		connection = connection_new(name, bgp_vrf_name(bgp));
		connection->kind = KIND_EXCHANGE;
		connection->declared = connection->adopted_line = true;
		session = session_new(connection, peer_key(peer));
		session->declared = true;
		session->hands_off = true;
		transition(connection, EVENT_ADOPT, "operator", "there when default-deny was switched on", &verdict);
		snprintf(line, sizeof(line), "%s AS%u: %s", name, peer->as,
			 verdict.accepted ? "adopted" : verdict.message);
		if (said)
			said(line, context);
		zlog_notice("peering: default-deny: %s", line);
	}
}

static bool default_deny_was_read(const char *vrf)
{
	struct listnode *node;
	char *name;

	for (ALL_LIST_ELEMENTS_RO(default_deny_read, node, name))
		if (strcmp(name, vrf) == 0)
			return true;
	return false;
}

static void free_name(void *name)
{
	XFREE(MTYPE_PEERING_TEXT, name);
}

bool configuration_default_deny(const char *vrf, bool reading, void (*said)(const char *line, void *context),
				void *context, struct verdict *verdict)
{
	struct bgp *bgp = bgp_of_vrf(vrf);

	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (default_deny(vrf))
		return true;
	if (reading && !router.booting) {
		/* A reload on a router that works: what it runs is adopted, at the end of the file. */
		if (!default_deny_read) {
			default_deny_read = list_new();
			default_deny_read->del = free_name;
		}
		if (!default_deny_was_read(vrf))
			listnode_add(default_deny_read, XSTRDUP(MTYPE_PEERING_TEXT, vrf));
		return true;
	}
	if (!reading) {
		if (!durable_state_writable(verdict->message, sizeof(verdict->message))) {
			verdict->accepted = false;
			verdict->code = "journal";
			return false;
		}
		if (bgp)
			adopt_all(bgp, said, context);
	}
	default_deny_set(vrf, true);
	durable_state_default_deny(vrf, true);
	return true;
}

void configuration_no_default_deny(const char *vrf)
{
	if (!default_deny(vrf))
		return;
	default_deny_set(vrf, false);
	durable_state_default_deny(vrf, false);
}

/* ---- adopting by name ---- */

bool configuration_adopt(const char *name, const char *vrf, const char *const *addresses, size_t count,
			 struct verdict *verdict)
{
	struct connection *connection;
	struct session *session;
	bool was_there = connection_find(name) != NULL;

	*verdict = (struct verdict){.code = ""};
	if (was_there) {
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
		char address[SESSION_ADDRESS_MAX];
		struct peer *peer;

		if (!session_normalize(addresses[i], address)) {
			verdict_refuse(verdict, "bad-address", "'%s' is no address", addresses[i]);
			goto undo;
		}
		session = session_find(vrf, address);
		if (session && session->connection == connection)
			continue;
		if (session) {
			verdict_refuse(verdict, "neighbor-taken", "%s belongs to %s; `peering %s adopt`", address,
				       session->connection->name, session->connection->name);
			goto undo;
		}
		session = session_new(connection, address);
		session->declared = true;
		session->hands_off = true;
		peer = session_peer(session);
		if (!peer || !may_join(connection, session, peer, address, verdict)) {
			if (!peer)
				verdict_refuse(verdict, "no-such-neighbor",
					       "there is no neighbor %s in vrf %s; configure it under `router bgp` first",
					       address, vrf);
			goto undo;
		}
	}
	connection->declared = connection->adopted_line = true;
	if (transition(connection, EVENT_ADOPT, "operator", NULL, verdict))
		return true;
undo:
	while ((session = session_list_first(&connection->sessions)))
		session_delete(session);
	connection_delete(connection);
	return false;
}

/* ---- the end of a file ---- */

static void alert_without_journal(void)
{
	struct listnode *bgp_node, *peer_node;
	struct bgp *bgp;
	struct peer *peer;
	unsigned int count = 0;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, bgp_node, bgp)) {
		if (!default_deny(bgp_vrf_name(bgp)))
			continue;
		for (ALL_LIST_ELEMENTS_RO(bgp->peer, peer_node, peer)) {
			struct session *session = session_of_peer(peer);

			count += peer_is_external(peer) &&
				 (!session || lifecycle_gate(session->connection->state) == GATE_DENY);
		}
	}
	if (count)
		alert("default-deny is on and there is no journal: %u external neighbors are gated. Adopt those that carried traffic: `peering NAME adopt neighbor ADDRESS`, or lines `adopted` in the configuration",
		      count);
}

void configuration_file_end(void)
{
	struct connection *connection;
	struct listnode *node;
	char *vrf;

	if (default_deny_read) {
		for (ALL_LIST_ELEMENTS_RO(default_deny_read, node, vrf)) {
			struct bgp *bgp = bgp_of_vrf(vrf);

			if (bgp)
				adopt_all(bgp, NULL, NULL);
			default_deny_set(vrf, true);
			durable_state_default_deny(vrf, true);
		}
		list_delete(&default_deny_read);
	}
	frr_each (connection_tree, &connections, connection)
		if (connection->unsettled)
			settle(connection, "configuration");
	push_make_again();
	frr_each (connection_tree, &connections, connection)
		transition_assert(connection);
	if (router.booting && !durable_state_was_present())
		alert_without_journal();
	router.booting = router.reading_file = false;
	controller_link_file_end();
}
