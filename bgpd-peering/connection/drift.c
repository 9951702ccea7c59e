// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/drift.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/push/push_declaration.h"
#include "bgpd-peering/push/session_settings.h"
#include "bgpd-peering/router.h"

__attribute__((format(printf, 2, 3))) static void differs(struct drift *drift, const char *format, ...)
{
	va_list arguments;

	if (drift->count++)
		return;
	va_start(arguments, format);
	vsnprintf(drift->first, sizeof(drift->first), format, arguments);
	va_end(arguments);
}

/* protobuf-c's own way to keep a text. */
static void replace(char **text, const char *with)
{
	if (*text != protobuf_c_empty_string)
		free(*text);
	*text = strdup(with ? with : "");
	if (!*text)
		memory_oom(strlen(with ? with : ""), "declaration");
}

/* ---- neighbors ---- */

/*
 * What is compared becomes what is there. Nothing of that is kept where the declaration is only looked at: it is a copy.
 */
static void compare_policy(const struct session *session, enum counted_family family, int direction, char **declared,
			   struct drift *drift)
{
	const char *name = gate_policy_wanted(session, family_afi(family), SAFI_UNICAST, direction);
	const struct policy_object *object = name ? policy_object_drifted_below(name) : NULL;

	if (object)
		differs(drift, "%s: the %s %s is not as it was pushed", session->address,
			policy_kind_name(object->policy->kind), object->policy->name);
	if (!(*declared)[0] || (name && strcmp(name, *declared) == 0))
		return;
	differs(drift, "%s: the %s %s policy is %s, pushed was %s", session->address, family_name(family),
		direction == RMAP_IN ? "import" : "export", name ? name : "none", *declared);
	replace(declared, name);
}

static void compare_families(const struct session *session, const struct peer *peer, Peering__Neighbor *neighbor,
			     struct drift *drift)
{
	for (size_t i = 0; i < neighbor->n_families; i++) {
		Peering__NeighborFamily *declared = neighbor->families[i];
		int family = push_family_from_wire(declared->afi);
		uint32_t limit;

		if (family < 0)
			continue;
		if (!peer->afc[family_afi(family)][SAFI_UNICAST]) {
			differs(drift, "%s: %s is not activated, and was pushed", session->address, declared->afi);
			continue;
		}
		limit = session->connection->received_limit[family];
		if (declared->received_limit && declared->received_limit != limit) {
			differs(drift, "%s: the %s received-limit is %u, pushed was %llu", session->address, declared->afi,
				limit, (unsigned long long)declared->received_limit);
			declared->received_limit = limit;
		}
		compare_policy(session, family, RMAP_IN, &declared->import_policy, drift);
		compare_policy(session, family, RMAP_OUT, &declared->export_policy, drift);
	}
}

struct settings_drift {
	const char *address;
	struct drift *drift;
};

static void note_setting(const char *what, void *context)
{
	struct settings_drift *of = context;

	differs(of->drift, "%s %s", of->address, what);
}

/* False where nothing is left of it. */
static bool compare_neighbor(const struct connection *connection, const Peering__DeclareConnection *declaration,
			     Peering__Neighbor *neighbor, struct drift *drift)
{
	const char *description = neighbor->description[0] ? neighbor->description : declaration->description;
	char address[SESSION_ADDRESS_MAX];
	struct settings_drift settings = {.address = address, .drift = drift};
	const struct session *session;
	const struct peer *peer;

	session_normalize(neighbor->address, address);
	session = session_find(connection->vrf, address);
	if (!session || session->connection != connection || !session->declared) {
		differs(drift, "%s was pushed and has been taken out of the connection", address);
		return false;
	}
	peer = session_peer(session);
	if (!peer) {
		differs(drift, "%s was pushed and is no neighbor any more", address);
		return false;
	}
	if (peer->as_type != AS_SPECIFIED || peer->as != declaration->peer_asn)
		differs(drift, "%s is not AS%u, as it was pushed", address, declaration->peer_asn);
	if (session->required == neighbor->optional) {
		differs(drift, "%s is %s, which was pushed otherwise", address, session->required ? "required" : "optional");
		neighbor->optional = !session->required;
	}
	if (description[0] && strcmp(description, peer->desc ? peer->desc : "") != 0) {
		differs(drift, "%s has another description than was pushed", address);
		replace(&neighbor->description, peer->desc);
	}
	session_settings_compare(connection->name, address, neighbor, peer, note_setting, &settings);
	compare_families(session, peer, neighbor, drift);
	return true;
}

static void compare_neighbors(const struct connection *connection, Peering__DeclareConnection *declaration,
			      struct drift *drift)
{
	size_t left = 0;

	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		if (compare_neighbor(connection, declaration, declaration->neighbors[i], drift))
			declaration->neighbors[left++] = declaration->neighbors[i];
		else
			peering__neighbor__free_unpacked(declaration->neighbors[i], NULL);
	}
	declaration->n_neighbors = left;
}

/* ---- the connection ---- */

static void compare_number(const char *what, uint32_t *declared, uint32_t is, struct drift *drift)
{
	if (!*declared || *declared == is)
		return;
	differs(drift, "the %s is %u, pushed was %u", what, is, *declared);
	*declared = is;
}

static void compare_words(const struct connection *connection, Peering__DeclareConnection *declaration,
			  struct drift *drift)
{
	struct connection pushed = {.kind = connection->kind};

	push_settings(declaration, &pushed, true);
	if (declaration->kind && pushed.kind != connection->kind) {
		differs(drift, "the kind is %s, pushed was %s", connection_kind_name(connection->kind),
			connection_kind_name(pushed.kind));
		declaration->kind = push_kind_to_wire(connection->kind);
	}
	if (declaration->activation && (!connection->activation_set || pushed.activation != connection->activation)) {
		differs(drift, "activation is %s, pushed was %s", activation_mode_name(connection_activation(connection)),
			activation_mode_name(pushed.activation));
		declaration->activation = connection->activation_set ? push_activation_to_wire(connection->activation)
								     : PEERING__ACTIVATION_MODE__ACTIVATION_UNSPECIFIED;
	}
	if (declaration->on_violation && pushed.on_violation_deny != connection->on_violation_deny) {
		differs(drift, "on-violation is %s, pushed was the other", connection->on_violation_deny ? "deny" : "report");
		declaration->on_violation = connection->on_violation_deny ? PEERING__ON_VIOLATION__ON_VIOLATION_DENY
									  : PEERING__ON_VIOLATION__ON_VIOLATION_REPORT;
	}
	if (declaration->reopen_mode && pushed.reopen_auto != connection->reopen_auto) {
		differs(drift, "reopen-mode is %s, pushed was the other", connection->reopen_auto ? "auto" : "manual");
		declaration->reopen_mode = connection->reopen_auto ? PEERING__REOPEN_MODE__REOPEN_AUTO
								   : PEERING__REOPEN_MODE__REOPEN_MANUAL;
	}
	if (declaration->profile[0] && strcmp(declaration->profile, connection->profile) != 0) {
		differs(drift, "the profile is %s, pushed was %s", connection->profile[0] ? connection->profile : "none",
			declaration->profile);
		replace(&declaration->profile, connection->profile);
	}
	if (declaration->description[0] && strcmp(declaration->description, connection->description) != 0) {
		differs(drift, "the description is another than was pushed");
		replace(&declaration->description, connection->description);
	}
}

static void compare_checks(const struct connection *connection, Peering__DeclareConnection *declaration,
			   struct drift *drift)
{
	size_t left = 0;

	for (size_t i = 0; i < declaration->n_checks; i++) {
		Peering__DeclaredCheck *declared = declaration->checks[i];
		int check = check_find(declared->name);
		enum check_level level = check < 0 ? CHECK_LEVEL_DEFAULT : connection->check_levels[check];

		if (check >= 0 && check_level_from_name(declared->level) != (int)level) {
			differs(drift, "the check %s is %s, pushed was %s", declared->name, check_level_name(level),
				declared->level);
			replace(&declared->level, check_level_name(level));
		}
		if (level == CHECK_LEVEL_DEFAULT && check >= 0)
			peering__declared_check__free_unpacked(declared, NULL);
		else
			declaration->checks[left++] = declared;
	}
	declaration->n_checks = left;
}

/* A copy of what was pushed, as it is here now; NULL where nothing can drift. */
static Peering__DeclareConnection *as_it_is(const struct connection *connection, struct drift *drift)
{
	const Peering__DeclareConnection *pushed;
	Peering__DeclareConnection *declaration;

	*drift = (struct drift){0};
	if (!connection->pushed || router.booting || connection->state == STATE_NONE ||
	    connection->state == STATE_PENDING_REMOVE || !bgp_of_vrf(connection->vrf))
		return NULL;
	pushed = durable_state_pushed_of(connection->name);
	declaration = pushed ? journal_line_copy_declaration(pushed) : NULL;
	if (!declaration)
		return NULL;
	/* Those first: whether they are of another AS is their drift, not the connection's. */
	compare_neighbors(connection, declaration, drift);
	compare_number("remote-as", &declaration->peer_asn, connection->remote_as, drift);
	compare_number("validation-window", &declaration->validation_window, connection->timers[TIMER_WINDOW], drift);
	compare_number("timer establish", &declaration->establish_timer, connection->timers[TIMER_ESTABLISH], drift);
	compare_number("timer validation", &declaration->validation_timer, connection->timers[TIMER_VALIDATION], drift);
	compare_number("timer stale", &declaration->stale_timer, connection->timers[TIMER_STALE], drift);
	compare_number("timer drain", &declaration->drain_timer, connection->timers[TIMER_DRAIN], drift);
	compare_number("reopen-hold-down", &declaration->reopen_hold_down, connection->reopen_hold_down, drift);
	compare_words(connection, declaration, drift);
	compare_checks(connection, declaration, drift);
	return declaration;
}

Peering__DeclareConnection *drift_declared(const struct connection *connection)
{
	struct drift drift;
	Peering__DeclareConnection *declaration = as_it_is(connection, &drift);

	for (size_t i = 0; declaration && i < declaration->n_neighbors; i++)
		replace(&declaration->neighbors[i]->password, "");
	return declaration;
}

bool drift_find(const struct connection *connection, struct drift *drift)
{
	Peering__DeclareConnection *declaration = as_it_is(connection, drift);

	if (declaration)
		peering__declare_connection__free_unpacked(declaration, NULL);
	return drift->count > 0;
}

void drift_note(struct connection *connection)
{
	bool drifted = connection->drift_since;
	struct drift drift;

	if (!drift_find(connection, &drift))
		connection->drift_since = 0;
	else if (!drifted)
		connection->drift_since = monotime(NULL);
	if (drifted || connection->drift_since)
		controller_link_changed(connection);
}

static bool names(const Peering__DeclareConnection *declaration, const struct session *session)
{
	char address[SESSION_ADDRESS_MAX];

	for (size_t i = 0; i < declaration->n_neighbors; i++)
		if (session_normalize(declaration->neighbors[i]->address, address) &&
		    strcmp(address, session->address) == 0)
			return true;
	return false;
}

/* A neighbor that the declaration names no more would be deleted with the next push, or at the end of a file. */
static void leave_to_the_operator(struct connection *connection, const Peering__DeclareConnection *declaration)
{
	struct session *session;
	bool changed = false;

	frr_each (session_list, &connection->sessions, session) {
		if (!session->made || names(declaration, session))
			continue;
		session->made = false;
		changed = true;
	}
	if (changed)
		durable_state_connection(connection);
}

bool drift_accept(struct connection *connection, struct verdict *verdict)
{
	struct drift drift;
	Peering__DeclareConnection *declaration = as_it_is(connection, &drift);

	*verdict = (struct verdict){.code = ""};
	if (!drift.count) {
		verdict_refuse(verdict, "no-drift", "%s is as it was pushed", connection->name);
	} else if (!declaration->n_neighbors) {
		verdict_refuse(verdict, "no-neighbor",
			       "none of the neighbors that were pushed is left of %s; `peering %s deprovision` ends it",
			       connection->name, connection->name);
	} else if (!durable_state_writable(verdict->message, sizeof(verdict->message))) {
		verdict->code = "journal";
	} else {
		durable_state_pushed(declaration);
		leave_to_the_operator(connection, declaration);
		*verdict = (struct verdict){.accepted = true, .code = ""};
		drift_note(connection);
		if (drift_find(connection, &drift))
			snprintf(verdict->message, sizeof(verdict->message), "accepted, but for this: %s", drift.first);
	}
	if (declaration)
		peering__declare_connection__free_unpacked(declaration, NULL);
	return verdict->accepted;
}
