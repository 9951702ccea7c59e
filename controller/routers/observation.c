// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/observation.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/pushes/declaration.h"
#include "controller/text.h"
#include "lib/connection_name.h"
#include "lib/lifecycle.h"

/* Far above what a module sends; a router that sends more has it cut. */
#define WORD_MAX 64
#define SENTENCE_MAX 2000
#define POLICY_MAX 255
#define ITEMS_MAX 1024
#define FAMILIES_MAX 8 /* of a neighbor that was pushed */
/* Unix seconds of the year 9999: what a router's clock may claim. */
#define SECONDS_MAX INT64_C(253402300799)

static void add_text(json_object *object, const char *key, const char *raw, size_t max)
{
	char *clean = text_clean(raw, max);

	json_object_object_add(object, key, clean ? json_object_new_string(clean) : NULL);
	free(clean);
}

static const char *kind_from_wire(Peering__Kind kind)
{
	switch (kind) {
	case PEERING__KIND__KIND_DIRECT:
		return connection_kind_name(KIND_DIRECT);
	case PEERING__KIND__KIND_EXCHANGE:
		return connection_kind_name(KIND_EXCHANGE);
	case PEERING__KIND__KIND_ROUTE_SERVER:
		return connection_kind_name(KIND_ROUTE_SERVER);
	default:
		return "";
	}
}

static const char *activation_from_wire(Peering__ActivationMode mode)
{
	switch (mode) {
	case PEERING__ACTIVATION_MODE__ACTIVATION_MANUAL:
		return activation_mode_name(ACTIVATION_MANUAL);
	case PEERING__ACTIVATION_MODE__ACTIVATION_AUTO:
		return activation_mode_name(ACTIVATION_AUTO);
	case PEERING__ACTIVATION_MODE__ACTIVATION_CONTROLLER:
		return activation_mode_name(ACTIVATION_CONTROLLER);
	default:
		return "";
	}
}

static const char *gate_from_wire(Peering__Gate gate)
{
	switch (gate) {
	case PEERING__GATE__GATE_ALLOW:
		return gate_position_name(GATE_ALLOW);
	case PEERING__GATE__GATE_DRAIN:
		return gate_position_name(GATE_DRAIN);
	default:
		return gate_position_name(GATE_DENY);
	}
}

/* One object for each family of a session; one without counts where the router names no family. */
static json_object *session_to_json(const Peering__SessionStatus *session, const Peering__FamilyStatus *family)
{
	json_object *object = json_object_new_object();

	add_text(object, "address", session->address, WORD_MAX);
	if (family)
		add_text(object, "afi", family->afi, WORD_MAX);
	else
		json_object_object_add(object, "afi", NULL);
	json_object_object_add(object, "safi", json_object_new_string("unicast"));
	add_text(object, "bgpState", session->bgp_state, WORD_MAX);
	json_object_object_add(object, "required", json_object_new_boolean(session->required));
	json_object_object_add(object, "gate", json_object_new_string(gate_from_wire(session->gate)));
	json_object_object_add(object, "upSeconds", json_object_new_uint64(session->up_seconds));
	json_object_object_add(object, "downCount", json_object_new_uint64(session->downs));
	json_object_object_add(object, "foldedChanges", json_object_new_uint64(session->folded));
	if (session->password_set)
		json_object_object_add(object, "passwordSet", json_object_new_boolean(true));
	if (!family)
		return object;
	json_object_object_add(object, "receivedCount", json_object_new_uint64(family->received));
	json_object_object_add(object, "installedCount", json_object_new_uint64(family->installed));
	json_object_object_add(object, "advertisedCount", json_object_new_uint64(family->advertised));
	json_object_object_add(object, "limit",
			       family->received_limit ? json_object_new_uint64(family->received_limit) : NULL);
	add_text(object, "importPolicy", family->import_policy, POLICY_MAX);
	add_text(object, "exportPolicy", family->export_policy, POLICY_MAX);
	return object;
}

static json_object *sessions_to_json(const Peering__ConnectionStatus *status)
{
	json_object *array = json_object_new_array();
	size_t items = 0;

	for (size_t i = 0; i < status->n_sessions; i++) {
		const Peering__SessionStatus *session = status->sessions[i];

		if (session->n_families == 0 && items++ < ITEMS_MAX)
			json_object_array_add(array, session_to_json(session, NULL));
		for (size_t j = 0; j < session->n_families && items++ < ITEMS_MAX; j++)
			json_object_array_add(array, session_to_json(session, session->families[j]));
	}
	return array;
}

static json_object *checks_to_json(const Peering__ConnectionStatus *status)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < status->n_checks && i < ITEMS_MAX; i++) {
		const Peering__CheckStatus *check = status->checks[i];
		json_object *object = json_object_new_object();

		add_text(object, "name", check->name, WORD_MAX);
		add_text(object, "level", check->level, WORD_MAX);
		add_text(object, "verdict", check->verdict, WORD_MAX);
		add_text(object, "session", check->session, WORD_MAX);
		add_text(object, "figures", check->figures, SENTENCE_MAX);
		add_text(object, "reason", check->reason, SENTENCE_MAX);
		json_object_array_add(array, object);
	}
	return array;
}

static json_object *degraded_to_json(const Peering__ConnectionStatus *status)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < status->n_degraded && i < ITEMS_MAX; i++) {
		const Peering__Degradation *one = status->degraded[i];
		json_object *object = json_object_new_object();

		add_text(object, "cause", one->cause, WORD_MAX);
		add_text(object, "session", one->session, WORD_MAX);
		add_text(object, "severity", one->severity, WORD_MAX);
		json_object_object_add(object, "sinceSeconds",
				       one->since && one->since <= SECONDS_MAX ? json_object_new_uint64(one->since)
									       : NULL);
		add_text(object, "figures", one->figures, SENTENCE_MAX);
		add_text(object, "reason", one->reason, SENTENCE_MAX);
		json_object_object_add(object, "gateEffect",
				       json_object_new_string(one->gate_closed ? "closed" : "none"));
		add_text(object, "next", one->next, SENTENCE_MAX);
		json_object_array_add(array, object);
	}
	return array;
}

/* Who sends more than so many has the others shown, and not told as events. */
#define DEGRADED_TOLD 64

static char *degraded_keys(const Peering__ConnectionStatus *status)
{
	json_object *array = json_object_new_array();
	char *text;

	for (size_t i = 0; i < status->n_degraded && i < DEGRADED_TOLD; i++) {
		char *cause = text_clean(status->degraded[i]->cause, WORD_MAX);
		char *session = text_clean(status->degraded[i]->session, WORD_MAX);
		char key[2 * WORD_MAX + 2];

		snprintf(key, sizeof(key), "%s\n%s", cause ? cause : "", session ? session : "");
		json_object_array_add(array, json_object_new_string(key));
		free(cause);
		free(session);
	}
	text = strdup(json_object_to_json_string_ext(array, JSON_C_TO_STRING_PLAIN));
	json_object_put(array);
	return text;
}

/* Every text in it becomes fit to be stored. */
static void clean_texts(json_object *object)
{
	if (json_object_is_type(object, json_type_string)) {
		char *clean = text_clean(json_object_get_string(object), POLICY_MAX);

		json_object_set_string(object, clean ? clean : "");
		free(clean);
	} else if (json_object_is_type(object, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(object); i++)
			clean_texts(json_object_array_get_idx(object, i));
	} else if (json_object_is_type(object, json_type_object)) {
		json_object_object_foreach (object, key, value) {
			(void)key;
			clean_texts(value);
		}
	}
}

static int known_or_zero(int value, int count)
{
	return value > 0 && value < count ? value : 0;
}

/* What was pushed of it, as the router has it now: the keys of a request. */
static json_object *declared_to_json(const Peering__DeclareConnection *declared)
{
	Peering__DeclareConnection known = *declared;
	Peering__DeclaredCheck **checks = calloc(declared->n_checks + 1, sizeof(*checks));
	json_object *object;

	if (!checks)
		return NULL;
	known.kind = known_or_zero(declared->kind, PEERING__KIND__KIND_ROUTE_SERVER + 1);
	known.activation =
		known_or_zero(declared->activation, PEERING__ACTIVATION_MODE__ACTIVATION_CONTROLLER + 1);
	known.on_violation = known_or_zero(declared->on_violation, PEERING__ON_VIOLATION__ON_VIOLATION_DENY + 1);
	known.reopen_mode = known_or_zero(declared->reopen_mode, PEERING__REOPEN_MODE__REOPEN_AUTO + 1);
	for (size_t i = 0; i < known.n_neighbors; i++)
		if (i == DECLARATION_NEIGHBORS_MAX || known.neighbors[i]->n_families > FAMILIES_MAX)
			known.n_neighbors = i;
	known.checks = checks;
	known.n_checks = 0;
	/* Their names become keys. */
	for (size_t i = 0; i < declared->n_checks && i < ITEMS_MAX; i++)
		if (!connection_name_error(declared->checks[i]->name))
			checks[known.n_checks++] = declared->checks[i];
	object = declaration_to_json(&known);
	clean_texts(object);
	free(checks);
	return object;
}

static char *detail_from_status(const Peering__ConnectionStatus *status)
{
	json_object *detail = json_object_new_object();
	json_object *flags = json_object_new_array();
	char *text;

	for (size_t i = 0; i < status->n_flags && i < ITEMS_MAX; i++) {
		char *flag = text_clean(status->flags[i], WORD_MAX);

		json_object_array_add(flags, flag ? json_object_new_string(flag) : NULL);
		free(flag);
	}
	json_object_object_add(detail, "flags", flags);
	json_object_object_add(detail, "sessions", sessions_to_json(status));
	json_object_object_add(detail, "checks", checks_to_json(status));
	json_object_object_add(detail, "degraded", degraded_to_json(status));
	if (status->declared)
		json_object_object_add(detail, "declared", declared_to_json(status->declared));
	text = strdup(json_object_to_json_string_ext(detail, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(detail);
	return text;
}

bool observation_from_status(const Peering__ConnectionStatus *status, int64_t observed_at,
			     struct observation *observation, const char **why)
{
	struct store_observation *row = &observation->row;

	*why = connection_name_error(status->name);
	if (*why)
		return false;
	memset(observation, 0, sizeof(*observation));
	row->name = strdup(status->name);
	row->vrf = text_clean(status->vrf, WORD_MAX);
	row->peer_asn = status->peer_asn;
	row->kind = kind_from_wire(status->kind);
	row->state = text_clean(status->state, WORD_MAX);
	row->generation = status->generation;
	row->state_since = status->state_since > SECONDS_MAX ? 0 : (int64_t)status->state_since * 1000;
	row->activation = activation_from_wire(status->activation);
	row->waiting_for = text_clean(status->waiting_for, SENTENCE_MAX);
	row->detail = detail_from_status(status);
	row->degraded = status->n_degraded > 0 ? degraded_keys(status) : NULL;
	row->observed_at = observed_at;
	if (row->name && row->vrf && row->state && row->waiting_for && row->detail &&
	    (row->degraded || status->n_degraded == 0))
		return true;
	observation_free(observation);
	*why = "memory is short";
	return false;
}

void observation_free(struct observation *observation)
{
	struct store_observation *row = &observation->row;

	free((char *)row->name);
	free((char *)row->vrf);
	free((char *)row->state);
	free((char *)row->waiting_for);
	free((char *)row->detail);
	free((char *)row->degraded);
	memset(observation, 0, sizeof(*observation));
}

bool reported_transition_from_wire(const Peering__Transition *transition, const char *journal_id, int64_t received_at,
				   struct reported_transition *reported)
{
	struct store_transition *row = &reported->row;

	memset(reported, 0, sizeof(*reported));
	row->journal_id = strdup(journal_id);
	row->sequence = transition->sequence;
	row->connection = text_clean(transition->connection, CONNECTION_NAME_MAX - 1);
	row->vrf = text_clean(transition->vrf, WORD_MAX);
	row->generation = transition->generation;
	row->from = text_clean(transition->from, WORD_MAX);
	row->to = text_clean(transition->to, WORD_MAX);
	row->cause = text_clean(transition->cause, WORD_MAX);
	row->actor = text_clean(transition->actor, POLICY_MAX);
	row->at = transition->at_milliseconds > (uint64_t)SECONDS_MAX * 1000 ? 0 : (int64_t)transition->at_milliseconds;
	row->message = text_clean(transition->message, SENTENCE_MAX);
	row->received_at = received_at;
	if (row->journal_id && row->connection && row->vrf && row->from && row->to && row->cause && row->actor &&
	    row->message)
		return true;
	reported_transition_free(reported);
	return false;
}

void reported_transition_free(struct reported_transition *reported)
{
	struct store_transition *row = &reported->row;

	free((char *)row->journal_id);
	free((char *)row->connection);
	free((char *)row->vrf);
	free((char *)row->from);
	free((char *)row->to);
	free((char *)row->cause);
	free((char *)row->actor);
	free((char *)row->message);
	memset(reported, 0, sizeof(*reported));
}
