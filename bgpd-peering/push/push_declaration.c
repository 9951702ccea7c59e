// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/push_declaration.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/connection/drift.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/push/neighbor.h"
#include "bgpd-peering/push/session_settings.h"

/* ---- words ---- */

bool push_kind_from_wire(Peering__Kind wire, enum connection_kind *kind)
{
	switch (wire) {
	case PEERING__KIND__KIND_UNSPECIFIED:
	case PEERING__KIND__KIND_DIRECT:
		*kind = KIND_DIRECT;
		return true;
	case PEERING__KIND__KIND_EXCHANGE:
		*kind = KIND_EXCHANGE;
		return true;
	case PEERING__KIND__KIND_ROUTE_SERVER:
		*kind = KIND_ROUTE_SERVER;
		return true;
	default:
		return false;
	}
}

/* An unknown mode is the one that opens nothing by itself. */
static enum activation_mode activation_from_wire(Peering__ActivationMode wire)
{
	switch (wire) {
	case PEERING__ACTIVATION_MODE__ACTIVATION_AUTO:
		return ACTIVATION_AUTO;
	case PEERING__ACTIVATION_MODE__ACTIVATION_CONTROLLER:
		return ACTIVATION_CONTROLLER;
	default:
		return ACTIVATION_MANUAL;
	}
}

int push_family_from_wire(const char *afi)
{
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (strcmp(afi, family_name(family)) == 0)
			return family;
	return -1;
}

Peering__Kind push_kind_to_wire(enum connection_kind kind)
{
	switch (kind) {
	case KIND_DIRECT:
		return PEERING__KIND__KIND_DIRECT;
	case KIND_EXCHANGE:
		return PEERING__KIND__KIND_EXCHANGE;
	case KIND_ROUTE_SERVER:
		return PEERING__KIND__KIND_ROUTE_SERVER;
	default:
		return PEERING__KIND__KIND_UNSPECIFIED;
	}
}

Peering__ActivationMode push_activation_to_wire(enum activation_mode mode)
{
	switch (mode) {
	case ACTIVATION_AUTO:
		return PEERING__ACTIVATION_MODE__ACTIVATION_AUTO;
	case ACTIVATION_CONTROLLER:
		return PEERING__ACTIVATION_MODE__ACTIVATION_CONTROLLER;
	default:
		return PEERING__ACTIVATION_MODE__ACTIVATION_MANUAL;
	}
}

bool push_declares(const Peering__DeclareConnection *declaration, const char *address)
{
	char declared[SESSION_ADDRESS_MAX];

	for (size_t i = 0; declaration && i < declaration->n_neighbors; i++)
		if (session_normalize(declaration->neighbors[i]->address, declared) && strcmp(declared, address) == 0)
			return true;
	return false;
}

static bool same_neighbor(const Peering__Neighbor *a, const Peering__Neighbor *b)
{
	size_t size = peering__neighbor__get_packed_size(a);
	uint8_t *packed_a, *packed_b;
	bool same;

	if (size != peering__neighbor__get_packed_size(b))
		return false;
	packed_a = XMALLOC(MTYPE_TMP, size + 1);
	packed_b = XMALLOC(MTYPE_TMP, size + 1);
	peering__neighbor__pack(a, packed_a);
	peering__neighbor__pack(b, packed_b);
	same = memcmp(packed_a, packed_b, size) == 0;
	XFREE(MTYPE_TMP, packed_a);
	XFREE(MTYPE_TMP, packed_b);
	return same;
}

bool push_has_neighbor(const Peering__DeclareConnection *declaration, const Peering__Neighbor *neighbor)
{
	for (size_t i = 0; i < declaration->n_neighbors; i++)
		if (same_neighbor(declaration->neighbors[i], neighbor))
			return true;
	return false;
}

/* The same neighbor, but for what may change while its session is up; NULL where there is none. */
static const Peering__Neighbor *kept_neighbor(const Peering__DeclareConnection *declaration,
					      const Peering__Neighbor *neighbor)
{
	Peering__Neighbor before = session_settings_without_harmless(neighbor), after;

	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		after = session_settings_without_harmless(declaration->neighbors[i]);
		if (same_neighbor(&after, &before))
			return declaration->neighbors[i];
	}
	return NULL;
}

bool push_only_adds(const Peering__DeclareConnection *before, const Peering__DeclareConnection *declaration)
{
	if (!before || before->peer_asn != declaration->peer_asn || before->kind != declaration->kind ||
	    strcmp(before->description, declaration->description) != 0)
		return false;
	for (size_t i = 0; i < before->n_neighbors; i++)
		if (!kept_neighbor(declaration, before->neighbors[i]))
			return false;
	return true;
}

bool push_same_declaration(const Peering__DeclareConnection *a, const Peering__DeclareConnection *b)
{
	size_t size = peering__declare_connection__get_packed_size(a);
	uint8_t *packed_a, *packed_b;
	bool same;

	if (size != peering__declare_connection__get_packed_size(b))
		return false;
	packed_a = XMALLOC(MTYPE_TMP, size + 1);
	packed_b = XMALLOC(MTYPE_TMP, size + 1);
	peering__declare_connection__pack(a, packed_a);
	peering__declare_connection__pack(b, packed_b);
	same = memcmp(packed_a, packed_b, size) == 0;
	XFREE(MTYPE_TMP, packed_a);
	XFREE(MTYPE_TMP, packed_b);
	return same;
}

/* ---- neighbors ---- */

static const Peering__NeighborFamily *declared_family(const Peering__Neighbor *neighbor, enum counted_family family)
{
	for (size_t i = 0; i < neighbor->n_families; i++)
		if (push_family_from_wire(neighbor->families[i]->afi) == (int)family)
			return neighbor->families[i];
	return NULL;
}

/*
 * Without a list the neighbor carries the family of its own address; bgpd's default families are taken away. What a
 * declaration leaves out is taken back where it is declared `anew`.
 */
static void set_family(struct session *session, struct peer *peer, const Peering__Neighbor *neighbor,
		       enum counted_family family, bool anew)
{
	bool own = peer_remote_address(peer)->sa.sa_family == afi2family(family_afi(family));
	const Peering__NeighborFamily *declared = declared_family(neighbor, family);
	afi_t afi = family_afi(family);

	if ((declared && declared->received_limit) || anew)
		neighbor_limit(peer, afi, declared ? (uint32_t)declared->received_limit : 0);
	if (!declared && (neighbor->n_families || !own)) {
		neighbor_deactivate(peer, afi);
		gate_policy_want_nothing(session, afi, SAFI_UNICAST, RMAP_IN);
		gate_policy_want_nothing(session, afi, SAFI_UNICAST, RMAP_OUT);
		return;
	}
	neighbor_activate(peer, afi);
	/* The reserved route-map takes its place first, and what was there before is not what is wanted now. */
	gate_assert(session);
	if (declared && declared->received_limit)
		session->connection->received_limit[family] = (uint32_t)declared->received_limit;
	gate_policy_want(session, afi, SAFI_UNICAST, RMAP_IN,
			 declared && declared->import_policy[0] ? declared->import_policy : NULL);
	gate_policy_want(session, afi, SAFI_UNICAST, RMAP_OUT,
			 declared && declared->export_policy[0] ? declared->export_policy : NULL);
}

static bool declare_neighbor(struct connection *connection, const Peering__DeclareConnection *declaration,
			     const Peering__Neighbor *neighbor, bool anew, struct verdict *verdict)
{
	const char *description = neighbor->description[0] ? neighbor->description : declaration->description;
	char address[SESSION_ADDRESS_MAX];
	struct session *session;
	struct peer *peer;
	enum gate_position gate;
	bool removed;

	session_normalize(neighbor->address, address);
	session = session_find(connection->vrf, address);
	/* Somebody has removed the one that was made: only a new push brings it back. */
	removed = !anew && session && session->connection == connection && !session->made && !session_peer(session);
	if (removed)
		return true;
	if (!configuration_add_neighbor(connection, address, neighbor->optional, true, verdict))
		return false;
	session = session_find(connection->vrf, address);
	peer = session_peer(session);
	if (!peer && !session_settings_can_be_applied(connection->name, neighbor)) {
		zlog_err("peering: %s: the neighbor %s is not made again: its password in the journal is not of this router's key; push it again",
			 connection->name, address);
		return true;
	}
	if (!peer) {
		peer = neighbor_make(bgp_of_vrf(connection->vrf), address, declaration->peer_asn);
		if (!peer) {
			verdict_refuse(verdict, "bgpd-refused", "bgpd does not take the neighbor %s; its log says why",
				       address);
			return false;
		}
		session->made = true;
	} else if (!anew || !session->made) {
		/* Its operator has made it anew, or may have changed it since: it is gated with the rest, and else as he wants it. */
		return true;
	}
	/* Under the reserved route-map first, whatever the gate is to be: the policy arrives in one step. */
	gate = session->gate;
	session->gate = GATE_DENY;
	neighbor_set_asn(peer, declaration->peer_asn);
	if (description[0] || anew)
		neighbor_describe(peer, description);
	session_settings_apply(connection->name, neighbor, NULL, peer);
	gate_assert(session);
	for (int family = 0; family < FAMILY_COUNT; family++)
		set_family(session, peer, neighbor, family, anew);
	gate_assert(session);
	if (gate != GATE_DENY)
		gate_open(session, gate);
	return true;
}

static void delete_made_neighbor(struct session *session)
{
	struct peer *peer = session->made ? session_peer(session) : NULL;

	session->made = false;
	if (peer && !peer_dynamic_neighbor(peer))
		neighbor_delete(peer);
}

/*
 * Sessions of an earlier declaration that this one does not name go, with their neighbors. Those of an operator stay, and
 * so does the gate on a neighbor that an operator has made anew.
 */
static void remove_undeclared(struct connection *connection, const Peering__DeclareConnection *declaration,
			      const Peering__DeclareConnection *before)
{
	struct session *session;

	frr_each_safe (session_list, &connection->sessions, session) {
		if (push_declares(declaration, session->address) ||
		    !(session->made || push_declares(before, session->address)))
			continue;
		delete_made_neighbor(session);
		if (!session_peer(session))
			session_delete(session);
	}
}

/* ---- the connection ---- */

void push_timers(const Peering__DeclareConnection *declaration, uint32_t seconds[TIMER_COUNT])
{
	seconds[TIMER_WINDOW] = declaration->validation_window;
	seconds[TIMER_ESTABLISH] = declaration->establish_timer;
	seconds[TIMER_VALIDATION] = declaration->validation_timer;
	seconds[TIMER_STALE] = declaration->stale_timer;
	seconds[TIMER_DRAIN] = declaration->drain_timer;
}

/* Unknown words are the zero of their enum, which opens nothing. */
void push_settings(const Peering__DeclareConnection *declaration, struct connection *connection, bool anew)
{
	uint32_t timers[TIMER_COUNT];

	if (anew || declaration->kind)
		push_kind_from_wire(declaration->kind, &connection->kind);
	if (anew || declaration->activation) {
		connection->activation = activation_from_wire(declaration->activation);
		connection->activation_set = declaration->activation != PEERING__ACTIVATION_MODE__ACTIVATION_UNSPECIFIED;
	}
	connection->remote_as = declaration->peer_asn;
	push_timers(declaration, timers);
	for (int timer = 0; timer < TIMER_COUNT; timer++)
		if (anew || timers[timer])
			connection->timers[timer] = timers[timer];
	if (anew || declaration->description[0])
		strlcpy(connection->description, declaration->description, sizeof(connection->description));
	if (anew || declaration->on_violation)
		connection->on_violation_deny = declaration->on_violation == PEERING__ON_VIOLATION__ON_VIOLATION_DENY;
	if (anew || declaration->reopen_mode)
		connection->reopen_auto = declaration->reopen_mode == PEERING__REOPEN_MODE__REOPEN_AUTO;
	if (anew || declaration->reopen_hold_down)
		connection->reopen_hold_down = declaration->reopen_hold_down;
	if (anew || declaration->profile[0])
		strlcpy(connection->profile, declaration->profile, sizeof(connection->profile));
	if (anew)
		memset(connection->check_levels, 0, sizeof(connection->check_levels));
	for (size_t i = 0; i < declaration->n_checks; i++) {
		int check = check_find(declaration->checks[i]->name);
		int level = check_level_from_name(declaration->checks[i]->level);

		if (check >= 0 && level >= 0)
			connection->check_levels[check] = (enum check_level)level;
	}
}

/* A neighbor that an Active connection has had before, and still has: its policy is left alone. */
static bool is_kept(const struct connection *connection, const Peering__DeclareConnection *kept,
		    const Peering__Neighbor *neighbor)
{
	char address[SESSION_ADDRESS_MAX];
	const struct session *session;

	if (!kept || !kept_neighbor(kept, neighbor))
		return false;
	session_normalize(neighbor->address, address);
	session = session_find(connection->vrf, address);
	return session && session->connection == connection && session_peer(session);
}

static void keep_neighbor(struct connection *connection, const Peering__DeclareConnection *kept,
			  const Peering__Neighbor *neighbor)
{
	char address[SESSION_ADDRESS_MAX];
	struct session *session;

	session_normalize(neighbor->address, address);
	session = session_find(connection->vrf, address);
	session->declared = true;
	session->required = !neighbor->optional;
	/* Its operator has made it anew otherwise: it stays as he wants it. */
	if (session->made)
		session_settings_apply(connection->name, neighbor, kept_neighbor(kept, neighbor), session_peer(session));
	for (size_t i = 0; i < neighbor->n_families; i++) {
		int family = push_family_from_wire(neighbor->families[i]->afi);

		if (family >= 0 && neighbor->families[i]->received_limit)
			connection->received_limit[family] = (uint32_t)neighbor->families[i]->received_limit;
	}
}

/* `kept`: what an Active connection was declared with before; else NULL. */
static bool apply(struct connection *connection, const Peering__DeclareConnection *declaration, bool anew,
		  const Peering__DeclareConnection *kept, struct verdict *verdict)
{
	connection->pushed = true;
	push_settings(declaration, connection, anew);
	for (int family = 0; anew && !kept && family < FAMILY_COUNT; family++)
		connection->received_limit[family] = 0;
	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		const Peering__Neighbor *neighbor = declaration->neighbors[i];

		if (is_kept(connection, kept, neighbor))
			keep_neighbor(connection, kept, neighbor);
		else if (!declare_neighbor(connection, declaration, neighbor, anew, verdict))
			return false;
	}
	return true;
}

/* The policies of its neighbors are not touched then. */
static bool carries_traffic(const struct connection *connection)
{
	return lifecycle_gate(connection_coming_state(connection)) != GATE_DENY;
}

/* Whether a person has changed what the same push may put back: not while somebody has opened its sessions by a bypass. */
static bool may_be_restored(const struct connection *connection)
{
	struct drift drift;

	return !connection->pending.ticket && !bypass_covers(connection) && drift_find(connection, &drift);
}

/* What bgpd did not take as a whole is taken back: to what was declared before, or to nothing. */
static void undo(struct connection *connection, const Peering__DeclareConnection *declaration,
		 const Peering__DeclareConnection *before)
{
	static const Peering__DeclareConnection nothing = PEERING__DECLARE_CONNECTION__INIT;
	struct verdict ignored;

	bool in_service = carries_traffic(connection);

	remove_undeclared(connection, before ? before : &nothing, declaration);
	if (before) {
		apply(connection, before, true, in_service ? before : NULL, &ignored);
		return;
	}
	connection->pushed = false;
	if (session_list_count(&connection->sessions) == 0 && !connection->declared && !connection->state_since)
		connection_delete(connection);
}

bool push_declare(const Peering__DeclareConnection *declaration, const char *actor, struct verdict *verdict)
{
	const Peering__DeclareConnection *before = durable_state_pushed_of(declaration->name);
	struct connection *connection =
		configuration_connection(declaration->name, VRF_DEFAULT_NAME, verdict);

	if (!connection)
		return false;
	if (before && connection->state != STATE_NONE && push_same_declaration(before, declaration) &&
	    !may_be_restored(connection)) {
		verdict->accepted = verdict->unchanged = true;
		snprintf(verdict->message, sizeof(verdict->message), "%s is declared so already", declaration->name);
		return true;
	}
	remove_undeclared(connection, declaration, before);
	if (!apply(connection, declaration, true, carries_traffic(connection) ? before : NULL, verdict)) {
		undo(connection, declaration, before);
		return false;
	}
	durable_state_pushed(declaration);
	/* Ended in None before: the push asks for it again. */
	if (connection->state == STATE_NONE && connection->state_since)
		transition(connection, EVENT_REQUEST, actor, "pushed", NULL);
	else if (connection->state != STATE_NONE)
		durable_state_connection(connection);
	configuration_changed(connection, false, actor);
	transition_assert(connection);
	*verdict = (struct verdict){.accepted = true, .code = ""};
	snprintf(verdict->message, sizeof(verdict->message), "%s: %s", connection->name,
		 connection_state_name(connection->state));
	return true;
}

/* ---- taking back ---- */

void push_note_former(const char *name, struct former_declaration *former)
{
	const Peering__DeclareConnection *declared = durable_state_pushed_of(name);
	const struct connection *connection = connection_find(name);

	strlcpy(former->name, name, sizeof(former->name));
	former->ended = connection && connection->state == STATE_NONE && connection->state_since;
	if (declared)
		former->declaration = journal_line_copy_declaration(declared);
}

/* What the former declaration does not have would go, and somebody has opened it. */
static bool has_open_addition(const struct connection *connection, const Peering__DeclareConnection *former)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session->made && session->gate != GATE_DENY && !push_declares(former, session->address))
			return true;
	return false;
}

static bool end_again(struct connection *connection, const char *why, struct verdict *verdict)
{
	struct lifecycle_facts facts;

	if (connection->state == STATE_NONE)
		return true;
	connection_facts(connection, &facts);
	return transition(connection,
			  lifecycle_is_allowed(connection->state, EVENT_WITHDRAW, &facts) ? EVENT_WITHDRAW
											  : EVENT_FORCE_CANCEL,
			  "router", why, verdict);
}

bool push_take_back(const struct former_declaration *former, const char *why, struct verdict *verdict)
{
	const Peering__DeclareConnection *declared = durable_state_pushed_of(former->name);
	struct connection *connection = connection_find(former->name);
	bool ends = former->ended || !former->declaration;

	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (former->drains || !connection || !connection->pushed || !declared)
		return true;
	if (connection->pending.ticket || connection->let_go)
		verdict_refuse(verdict, "pending", "%s is just changing", connection->name);
	else if (bypass_covers(connection))
		verdict_refuse(verdict, "bypass", "a bypass holds the sessions of %s open; it stays as the push has declared it",
			       connection->name);
	else if (carries_traffic(connection) && (ends || !push_only_adds(former->declaration, declared) ||
						 has_open_addition(connection, former->declaration)))
		verdict_refuse(verdict, "active", "%s is %s by now; it stays as the push has declared it", connection->name,
			       connection_state_name(connection->state));
	if (!verdict->accepted || (ends && !end_again(connection, why, verdict)))
		return false;
	/* Of what somebody has ended meanwhile, only what it would begin again with. */
	if (connection->state != STATE_NONE)
		return push_declare(former->declaration, "router", verdict);
	if (former->declaration)
		durable_state_pushed(former->declaration);
	verdict->accepted = true;
	return true;
}

/* ---- after a restart, and at the end ---- */

static size_t count_made(const struct connection *connection)
{
	const struct session *session;
	size_t count = 0;

	frr_each (session_list_const, &connection->sessions, session)
		count += session->made;
	return count;
}

void push_make_again(struct connection *connection)
{
	const Peering__DeclareConnection *declaration = durable_state_pushed_of(connection->name);
	struct verdict verdict = {.code = ""};
	size_t made;

	/* One that has ended is a tombstone; what a file brings back of it stays gated and shut. */
	if (!declaration || connection->state == STATE_NONE || !bgp_of_vrf(connection->vrf))
		return;
	connection->declared = true;
	made = count_made(connection);
	/* Where the line that says so did not reach the disk. */
	remove_undeclared(connection, declaration, NULL);
	if (!apply(connection, declaration, false, NULL, &verdict))
		zlog_err("peering: pushed %s: %s", declaration->name, verdict.message);
	if (count_made(connection) != made)
		durable_state_connection(connection);
}

void push_remove_neighbors(struct connection *connection)
{
	struct session *session;
	bool any = false;

	frr_each (session_list, &connection->sessions, session) {
		any |= session->made;
		delete_made_neighbor(session);
	}
	if (any)
		durable_state_connection(connection);
}

void push_neighbor_gone(struct session *session)
{
	if (!session->made)
		return;
	session->made = false;
	durable_state_connection(session->connection);
}
