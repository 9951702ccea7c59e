// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal_line.h"

#include <json-c/json.h>

static const char *const type_names[RECORD_TYPE_COUNT] = {
	[RECORD_JOURNAL] = "journal",	   [RECORD_TRANSITION] = "transition",
	[RECORD_CONNECTION] = "connection", [RECORD_FORGET] = "forget",
	[RECORD_DEFAULT_DENY] = "defaultDeny", [RECORD_ACKED] = "acked",
	[RECORD_PUSHED] = "pushed",
};

/* ---- copies ---- */

Peering__Transition *journal_line_copy_transition(const Peering__Transition *transition)
{
	size_t size = peering__transition__get_packed_size(transition);
	uint8_t *bytes = XMALLOC(MTYPE_PEERING_TEXT, size + 1);
	Peering__Transition *copy;

	peering__transition__pack(transition, bytes);
	copy = peering__transition__unpack(NULL, size, bytes);
	XFREE(MTYPE_PEERING_TEXT, bytes);
	return copy;
}

Peering__DeclareConnection *journal_line_copy_declaration(const Peering__DeclareConnection *declaration)
{
	size_t size = peering__declare_connection__get_packed_size(declaration);
	uint8_t *bytes = XMALLOC(MTYPE_PEERING_TEXT, size + 1);
	Peering__DeclareConnection *copy;

	peering__declare_connection__pack(declaration, bytes);
	copy = peering__declare_connection__unpack(NULL, size, bytes);
	XFREE(MTYPE_PEERING_TEXT, bytes);
	return copy;
}

/* ---- encoding ---- */

static void add_text(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value ? value : ""));
}

static void add_number(json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static void add_true(json_object *object, const char *key, bool value)
{
	if (value)
		json_object_object_add(object, key, json_object_new_boolean(true));
}

void journal_record_of_connection(struct journal_record *record, const struct connection *connection)
{
	const struct session *session;

	strlcpy(record->name, connection->name, sizeof(record->name));
	strlcpy(record->vrf, connection->vrf, sizeof(record->vrf));
	record->state = connection->state;
	record->state_since = connection->state_since;
	record->generation = connection->generation;
	record->kind = connection->kind;
	record->remote_as = connection->remote_as;
	record->adopted = connection->adopted;
	record->discovered = connection->discovered;
	frr_each (session_list_const, &connection->sessions, session) {
		if (record->session_count == SESSIONS_MAX)
			break;
		strlcpy(record->sessions[record->session_count].address, session->address, SESSION_ADDRESS_MAX);
		record->sessions[record->session_count].held = session->held;
		record->sessions[record->session_count].made = session->made;
		record->sessions[record->session_count++].required = session->required;
	}
}

static json_object *connection_json(const struct journal_record *record)
{
	json_object *object = json_object_new_object();
	json_object *sessions = json_object_new_array();

	add_text(object, "name", record->name);
	add_text(object, "vrf", record->vrf);
	add_text(object, "state", connection_state_name(record->state));
	add_number(object, "since", record->state_since);
	add_number(object, "generation", record->generation);
	add_text(object, "kind", connection_kind_name(record->kind));
	add_number(object, "remoteAs", record->remote_as);
	add_true(object, "adopted", record->adopted);
	add_true(object, "discovered", record->discovered);
	for (size_t i = 0; i < record->session_count; i++) {
		json_object *session = json_object_new_object();

		add_text(session, "address", record->sessions[i].address);
		add_true(session, "optional", !record->sessions[i].required);
		add_true(session, "held", record->sessions[i].held);
		add_true(session, "made", record->sessions[i].made);
		json_object_array_add(sessions, session);
	}
	json_object_object_add(object, "sessions", sessions);
	return object;
}

static void add_transition(json_object *object, const Peering__Transition *transition)
{
	add_number(object, "sequence", transition->sequence);
	add_text(object, "from", transition->from);
	add_text(object, "to", transition->to);
	add_text(object, "cause", transition->cause);
	add_text(object, "actor", transition->actor);
	add_number(object, "at", transition->at_milliseconds);
	add_text(object, "message", transition->message);
}

static json_object *declaration_json(const Peering__DeclareConnection *declaration)
{
	json_object *object = json_object_new_object();
	json_object *neighbors = json_object_new_array();

	add_text(object, "name", declaration->name);
	add_number(object, "peerAsn", declaration->peer_asn);
	add_number(object, "kind", declaration->kind);
	add_number(object, "activation", declaration->activation);
	add_number(object, "validationWindow", declaration->validation_window);
	add_text(object, "description", declaration->description);
	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		const Peering__Neighbor *neighbor = declaration->neighbors[i];
		json_object *one = json_object_new_object();
		json_object *families = json_object_new_array();

		add_text(one, "address", neighbor->address);
		add_text(one, "description", neighbor->description);
		add_true(one, "optional", neighbor->optional);
		for (size_t j = 0; j < neighbor->n_families; j++) {
			json_object *family = json_object_new_object();

			add_text(family, "afi", neighbor->families[j]->afi);
			add_number(family, "receivedLimit", neighbor->families[j]->received_limit);
			add_text(family, "importPolicy", neighbor->families[j]->import_policy);
			add_text(family, "exportPolicy", neighbor->families[j]->export_policy);
			json_object_array_add(families, family);
		}
		json_object_object_add(one, "families", families);
		json_object_array_add(neighbors, one);
	}
	json_object_object_add(object, "neighbors", neighbors);
	return object;
}

char *journal_line_encode(const struct journal_record *record)
{
	json_object *object = json_object_new_object();
	char *line = NULL;

	add_text(object, "type", type_names[record->type]);
	switch (record->type) {
	case RECORD_JOURNAL:
		add_number(object, "version", JOURNAL_VERSION);
		add_text(object, "id", record->journal_id);
		break;
	case RECORD_TRANSITION:
		add_transition(object, record->transition);
		/* fall through */
	case RECORD_CONNECTION:
	case RECORD_FORGET:
		json_object_object_add(object, "connection", connection_json(record));
		break;
	case RECORD_DEFAULT_DENY:
		add_text(object, "vrf", record->vrf);
		json_object_object_add(object, "on", json_object_new_boolean(record->on));
		break;
	case RECORD_ACKED:
		add_number(object, "sequence", record->sequence);
		break;
	case RECORD_PUSHED:
		json_object_object_add(object, "declaration", declaration_json(record->declaration));
		break;
	default:
		break;
	}
	if (asprintf(&line, "%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN)) < 0)
		memory_oom(0, "journal line");
	json_object_put(object);
	return line;
}

/* ---- decoding ---- */

static const char *get_text(json_object *object, const char *key)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static bool copy_text(json_object *object, const char *key, char *text, size_t size)
{
	const char *value = get_text(object, key);

	return value && strlcpy(text, value, size) < size;
}

static bool get_number(json_object *object, const char *key, uint64_t *number)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_int) ||
	    json_object_get_int64(value) < 0)
		return false;
	*number = json_object_get_uint64(value);
	return true;
}

static bool get_true(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

static json_object *get_array(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_array) ? value
													    : NULL;
}

static bool decode_connection(json_object *object, struct journal_record *record)
{
	json_object *connection, *sessions;
	uint64_t remote_as;
	int state, kind;

	if (!json_object_object_get_ex(object, "connection", &connection) ||
	    !json_object_is_type(connection, json_type_object))
		return false;
	state = connection_state_from_name(get_text(connection, "state"));
	kind = connection_kind_from_name(get_text(connection, "kind"));
	sessions = get_array(connection, "sessions");
	if (!copy_text(connection, "name", record->name, sizeof(record->name)) || connection_name_error(record->name) ||
	    !copy_text(connection, "vrf", record->vrf, sizeof(record->vrf)) || state < 0 || kind < 0 || !sessions ||
	    !get_number(connection, "since", &record->state_since) ||
	    !get_number(connection, "generation", &record->generation) ||
	    !get_number(connection, "remoteAs", &remote_as) || remote_as > UINT32_MAX ||
	    json_object_array_length(sessions) > SESSIONS_MAX)
		return false;
	record->state = state;
	record->kind = kind;
	record->remote_as = (as_t)remote_as;
	record->adopted = get_true(connection, "adopted");
	record->discovered = get_true(connection, "discovered");
	for (size_t i = 0; i < json_object_array_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);

		if (!json_object_is_type(session, json_type_object) ||
		    !copy_text(session, "address", record->sessions[i].address, SESSION_ADDRESS_MAX))
			return false;
		record->sessions[i].required = !get_true(session, "optional");
		record->sessions[i].held = get_true(session, "held");
		record->sessions[i].made = get_true(session, "made");
		record->session_count++;
	}
	return true;
}

static bool decode_transition(json_object *object, struct journal_record *record)
{
	Peering__Transition message = PEERING__TRANSITION__INIT;

	message.from = (char *)get_text(object, "from");
	message.to = (char *)get_text(object, "to");
	message.cause = (char *)get_text(object, "cause");
	message.actor = (char *)get_text(object, "actor");
	message.message = (char *)get_text(object, "message");
	if (!decode_connection(object, record) || !get_number(object, "sequence", &message.sequence) ||
	    !get_number(object, "at", &message.at_milliseconds) || !message.from || !message.to || !message.cause ||
	    !message.actor || !message.message || connection_state_from_name(message.from) < 0 ||
	    connection_state_from_name(message.to) != (int)record->state)
		return false;
	message.connection = record->name;
	message.vrf = record->vrf;
	message.generation = record->generation;
	record->transition = journal_line_copy_transition(&message);
	return record->transition != NULL;
}

#define DECLARED_NEIGHBORS_MAX SESSIONS_MAX

static bool decode_declaration(json_object *object, struct journal_record *record)
{
	Peering__DeclareConnection message = PEERING__DECLARE_CONNECTION__INIT;
	Peering__Neighbor neighbors[DECLARED_NEIGHBORS_MAX], *neighbor_list[DECLARED_NEIGHBORS_MAX];
	Peering__NeighborFamily families[DECLARED_NEIGHBORS_MAX][FAMILY_COUNT];
	Peering__NeighborFamily *family_lists[DECLARED_NEIGHBORS_MAX][FAMILY_COUNT];
	json_object *declaration, *array;
	uint64_t number;

	if (!json_object_object_get_ex(object, "declaration", &declaration) ||
	    !json_object_is_type(declaration, json_type_object) || !(array = get_array(declaration, "neighbors")) ||
	    json_object_array_length(array) > DECLARED_NEIGHBORS_MAX)
		return false;
	message.name = (char *)get_text(declaration, "name");
	message.description = (char *)get_text(declaration, "description");
	if (!message.name || connection_name_error(message.name) || !message.description)
		return false;
	if (!get_number(declaration, "peerAsn", &number) || number > UINT32_MAX)
		return false;
	message.peer_asn = (uint32_t)number;
	if (!get_number(declaration, "kind", &number))
		return false;
	message.kind = (Peering__Kind)number;
	if (!get_number(declaration, "activation", &number))
		return false;
	message.activation = (Peering__ActivationMode)number;
	if (!get_number(declaration, "validationWindow", &number) || number > UINT32_MAX)
		return false;
	message.validation_window = (uint32_t)number;

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i), *list = get_array(one, "families");

		peering__neighbor__init(&neighbors[i]);
		neighbor_list[i] = &neighbors[i];
		neighbors[i].address = (char *)get_text(one, "address");
		neighbors[i].description = (char *)get_text(one, "description");
		neighbors[i].optional = get_true(one, "optional");
		if (!neighbors[i].address || !neighbors[i].description || !list ||
		    json_object_array_length(list) > FAMILY_COUNT)
			return false;
		for (size_t j = 0; j < json_object_array_length(list); j++) {
			json_object *family = json_object_array_get_idx(list, j);

			peering__neighbor_family__init(&families[i][j]);
			family_lists[i][j] = &families[i][j];
			families[i][j].afi = (char *)get_text(family, "afi");
			families[i][j].import_policy = (char *)get_text(family, "importPolicy");
			families[i][j].export_policy = (char *)get_text(family, "exportPolicy");
			if (!families[i][j].afi || !families[i][j].import_policy || !families[i][j].export_policy ||
			    !get_number(family, "receivedLimit", &families[i][j].received_limit))
				return false;
			neighbors[i].n_families++;
		}
		neighbors[i].families = family_lists[i];
		message.n_neighbors++;
	}
	message.neighbors = neighbor_list;
	record->declaration = journal_line_copy_declaration(&message);
	return record->declaration != NULL;
}

static bool decode_record(json_object *object, struct journal_record *record)
{
	uint64_t version;

	switch (record->type) {
	case RECORD_JOURNAL:
		return copy_text(object, "id", record->journal_id, sizeof(record->journal_id)) &&
		       record->journal_id[0] && get_number(object, "version", &version) && version == JOURNAL_VERSION;
	case RECORD_TRANSITION:
		return decode_transition(object, record);
	case RECORD_CONNECTION:
	case RECORD_FORGET:
		return decode_connection(object, record);
	case RECORD_DEFAULT_DENY:
		record->on = get_true(object, "on");
		return copy_text(object, "vrf", record->vrf, sizeof(record->vrf));
	case RECORD_ACKED:
		return get_number(object, "sequence", &record->sequence);
	case RECORD_PUSHED:
		return decode_declaration(object, record);
	default:
		return false;
	}
}

bool journal_line_decode(const char *line, struct journal_record *record, char *error, size_t error_size)
{
	enum json_tokener_error parse_error = json_tokener_success;
	json_object *object = json_tokener_parse_verbose(line, &parse_error);
	const char *type;
	bool good = false;

	*record = (struct journal_record){.type = RECORD_TYPE_COUNT};
	if (!object || !json_object_is_type(object, json_type_object)) {
		snprintf(error, error_size, "no JSON object: %s", json_tokener_error_desc(parse_error));
		json_object_put(object);
		return false;
	}
	type = get_text(object, "type");
	for (int i = 0; type && i < RECORD_TYPE_COUNT; i++)
		if (strcmp(type, type_names[i]) == 0)
			record->type = i;
	if (record->type == RECORD_TYPE_COUNT)
		snprintf(error, error_size, "a type of line that this version does not know");
	else if (!(good = decode_record(object, record)))
		snprintf(error, error_size, "a field of a '%s' line is missing or out of range", type);
	if (!good)
		journal_record_clear(record);
	json_object_put(object);
	return good;
}

void journal_record_clear(struct journal_record *record)
{
	if (record->transition)
		peering__transition__free_unpacked(record->transition, NULL);
	if (record->declaration)
		peering__declare_connection__free_unpacked(record->declaration, NULL);
	record->transition = NULL;
	record->declaration = NULL;
}

Peering__DeclareConnection *journal_line_round_trip(const Peering__DeclareConnection *declaration)
{
	struct journal_record record = {.type = RECORD_PUSHED}, read = {.type = RECORD_TYPE_COUNT};
	char *line, *again = NULL;
	char error[160];
	bool whole;

	record.declaration = (Peering__DeclareConnection *)declaration;
	line = journal_line_encode(&record);
	whole = strlen(line) <= JOURNAL_LINE_MAX && journal_line_decode(line, &read, error, sizeof(error));
	if (whole) {
		again = journal_line_encode(&read);
		whole = strcmp(line, again) == 0;
	}
	if (!whole)
		journal_record_clear(&read);
	free(line);
	free(again);
	return read.declaration;
}

bool journal_line_guess_name(const char *line, char name[CONNECTION_NAME_MAX])
{
	static const char key[] = "\"name\":\"";
	const char *start = strstr(line, key);
	size_t length;

	if (!start)
		return false;
	start += strlen(key);
	length = strcspn(start, "\"");
	if (start[length] != '"' || length >= CONNECTION_NAME_MAX)
		return false;
	memcpy(name, start, length);
	name[length] = '\0';
	return connection_name_error(name) == NULL;
}
