// SPDX-License-Identifier: GPL-2.0-or-later
/* What a line says of a controller's declaration. */
#include "bgpd-peering/journal/journal_line_private.h"

#include "bgpd-peering/checks/check.h"

#include "lib/journal_json.h"
#include "lib/journal_sum.h"

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

static void add_declared_checks(json_object *object, const Peering__DeclareConnection *declaration)
{
	json_object *array;

	if (!declaration->n_checks)
		return;
	array = json_object_new_array();
	for (size_t i = 0; i < declaration->n_checks; i++) {
		json_object *one = json_object_new_object();

		journal_add_text(one, "check", declaration->checks[i]->name);
		journal_add_text(one, "level", declaration->checks[i]->level);
		json_object_array_add(array, one);
	}
	json_object_object_add(object, "checks", array);
}

static void add_where_set(json_object *object, const char *key, uint32_t value)
{
	if (value)
		journal_add_number(object, key, value);
}

static void add_text_where_set(json_object *object, const char *key, const char *value)
{
	if (value[0])
		journal_add_text(object, key, value);
}

static void add_session_settings(json_object *object, const Peering__Neighbor *neighbor)
{
	add_text_where_set(object, "sealedPassword", neighbor->password);
	journal_add_true(object, "passwordDiffers", neighbor->password_differs);
	add_where_set(object, "ttlSecurityHops", neighbor->ttl_security_hops);
	journal_add_true(object, "bfd", neighbor->bfd);
	add_text_where_set(object, "bfdProfile", neighbor->bfd_profile);
	add_where_set(object, "keepalive", neighbor->keepalive);
	add_where_set(object, "holdTime", neighbor->hold_time);
	add_where_set(object, "connectRetry", neighbor->connect_retry);
	add_text_where_set(object, "role", neighbor->role);
	journal_add_true(object, "roleStrict", neighbor->role_strict);
	add_text_where_set(object, "localAddress", neighbor->local_address);
}

static json_object *declaration_json(const Peering__DeclareConnection *declaration)
{
	json_object *object = json_object_new_object();
	json_object *neighbors = json_object_new_array();

	journal_add_text(object, "name", declaration->name);
	journal_add_number(object, "peerAsn", declaration->peer_asn);
	journal_add_number(object, "kind", declaration->kind);
	journal_add_number(object, "activation", declaration->activation);
	journal_add_number(object, "validationWindow", declaration->validation_window);
	journal_add_text(object, "description", declaration->description);
	add_where_set(object, journal_timer_keys[TIMER_ESTABLISH], declaration->establish_timer);
	add_where_set(object, journal_timer_keys[TIMER_VALIDATION], declaration->validation_timer);
	add_where_set(object, journal_timer_keys[TIMER_STALE], declaration->stale_timer);
	add_where_set(object, journal_timer_keys[TIMER_DRAIN], declaration->drain_timer);
	add_where_set(object, "onViolation", declaration->on_violation);
	add_where_set(object, "reopen", declaration->reopen_mode);
	add_where_set(object, "reopenHoldDown", declaration->reopen_hold_down);
	add_text_where_set(object, "profile", declaration->profile);
	add_declared_checks(object, declaration);
	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		const Peering__Neighbor *neighbor = declaration->neighbors[i];
		json_object *one = json_object_new_object();
		json_object *families = json_object_new_array();

		journal_add_text(one, "address", neighbor->address);
		journal_add_text(one, "description", neighbor->description);
		journal_add_true(one, "optional", neighbor->optional);
		add_session_settings(one, neighbor);
		for (size_t j = 0; j < neighbor->n_families; j++) {
			json_object *family = json_object_new_object();

			journal_add_text(family, "afi", neighbor->families[j]->afi);
			journal_add_number(family, "receivedLimit", neighbor->families[j]->received_limit);
			journal_add_text(family, "importPolicy", neighbor->families[j]->import_policy);
			journal_add_text(family, "exportPolicy", neighbor->families[j]->export_policy);
			json_object_array_add(families, family);
		}
		json_object_object_add(one, "families", families);
		json_object_array_add(neighbors, one);
	}
	json_object_object_add(object, "neighbors", neighbors);
	return object;
}

void journal_line_add_declaration(json_object *object, const Peering__DeclareConnection *declaration)
{
	json_object_object_add(object, "declaration", declaration_json(declaration));
}

#define DECLARED_NEIGHBORS_MAX SESSIONS_MAX

/* A number that is written where it is not 0. */
static bool decode_optional_number(json_object *object, const char *key, uint32_t *into)
{
	uint64_t number = 0;

	if (json_object_object_get_ex(object, key, NULL) && !journal_number(object, key, &number))
		return false;
	*into = (uint32_t)number;
	return number <= UINT32_MAX;
}

static bool decode_optional_text(json_object *object, const char *key, char **into)
{
	const char *text = journal_text(object, key);

	if (text)
		*into = (char *)text;
	return text || !json_object_object_get_ex(object, key, NULL);
}

static bool decode_session_settings(json_object *object, Peering__Neighbor *neighbor)
{
	neighbor->bfd = journal_true(object, "bfd");
	neighbor->role_strict = journal_true(object, "roleStrict");
	neighbor->password_differs = journal_true(object, "passwordDiffers");
	return decode_optional_text(object, "sealedPassword", &neighbor->password) &&
	       decode_optional_number(object, "ttlSecurityHops", &neighbor->ttl_security_hops) &&
	       decode_optional_text(object, "bfdProfile", &neighbor->bfd_profile) &&
	       decode_optional_number(object, "keepalive", &neighbor->keepalive) &&
	       decode_optional_number(object, "holdTime", &neighbor->hold_time) &&
	       decode_optional_number(object, "connectRetry", &neighbor->connect_retry) &&
	       decode_optional_text(object, "role", &neighbor->role) &&
	       decode_optional_text(object, "localAddress", &neighbor->local_address);
}

/* What came behind the first version: it may lack. `asked` and `list` have CHECKS_MAX places. */
static bool decode_service(json_object *declaration, Peering__DeclareConnection *message, Peering__DeclaredCheck *asked,
			   Peering__DeclaredCheck **list)
{
	uint32_t on_violation, reopen;
	json_object *array;

	if (!decode_optional_number(declaration, "onViolation", &on_violation) ||
	    !decode_optional_number(declaration, "reopen", &reopen) ||
	    !decode_optional_number(declaration, "reopenHoldDown", &message->reopen_hold_down))
		return false;
	if (!decode_optional_number(declaration, journal_timer_keys[TIMER_ESTABLISH], &message->establish_timer) ||
	    !decode_optional_number(declaration, journal_timer_keys[TIMER_VALIDATION], &message->validation_timer) ||
	    !decode_optional_number(declaration, journal_timer_keys[TIMER_STALE], &message->stale_timer) ||
	    !decode_optional_number(declaration, journal_timer_keys[TIMER_DRAIN], &message->drain_timer))
		return false;
	message->on_violation = (Peering__OnViolation)on_violation;
	message->reopen_mode = (Peering__ReopenMode)reopen;
	if (!decode_optional_text(declaration, "profile", &message->profile))
		return false;
	if (!json_object_object_get_ex(declaration, "checks", NULL))
		return true;
	array = journal_array(declaration, "checks");
	if (!array || json_object_array_length(array) > CHECKS_MAX)
		return false;
	message->checks = list;
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i);

		peering__declared_check__init(&asked[i]);
		list[i] = &asked[i];
		asked[i].name = (char *)journal_text(one, "check");
		asked[i].level = (char *)journal_text(one, "level");
		if (!asked[i].name || !asked[i].level)
			return false;
		message->n_checks++;
	}
	return true;
}

bool journal_decode_declaration(json_object *object, struct journal_record *record)
{
	Peering__DeclareConnection message = PEERING__DECLARE_CONNECTION__INIT;
	Peering__Neighbor neighbors[DECLARED_NEIGHBORS_MAX], *neighbor_list[DECLARED_NEIGHBORS_MAX];
	Peering__NeighborFamily families[DECLARED_NEIGHBORS_MAX][FAMILY_COUNT];
	Peering__NeighborFamily *family_lists[DECLARED_NEIGHBORS_MAX][FAMILY_COUNT];
	Peering__DeclaredCheck asked[CHECKS_MAX], *asked_list[CHECKS_MAX];
	json_object *declaration, *array;
	uint64_t number;

	if (!json_object_object_get_ex(object, "declaration", &declaration) ||
	    !json_object_is_type(declaration, json_type_object) || !(array = journal_array(declaration, "neighbors")) ||
	    json_object_array_length(array) > DECLARED_NEIGHBORS_MAX)
		return false;
	message.name = (char *)journal_text(declaration, "name");
	message.description = (char *)journal_text(declaration, "description");
	if (!message.name || connection_name_error(message.name) || !message.description)
		return false;
	if (!journal_number(declaration, "peerAsn", &number) || number > UINT32_MAX)
		return false;
	message.peer_asn = (uint32_t)number;
	if (!journal_number(declaration, "kind", &number))
		return false;
	message.kind = (Peering__Kind)number;
	if (!journal_number(declaration, "activation", &number))
		return false;
	message.activation = (Peering__ActivationMode)number;
	if (!journal_number(declaration, "validationWindow", &number) || number > UINT32_MAX)
		return false;
	message.validation_window = (uint32_t)number;
	if (!decode_service(declaration, &message, asked, asked_list))
		return false;

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i), *list = journal_array(one, "families");

		peering__neighbor__init(&neighbors[i]);
		neighbor_list[i] = &neighbors[i];
		neighbors[i].address = (char *)journal_text(one, "address");
		neighbors[i].description = (char *)journal_text(one, "description");
		neighbors[i].optional = journal_true(one, "optional");
		if (!neighbors[i].address || !neighbors[i].description || !list ||
		    json_object_array_length(list) > FAMILY_COUNT || !decode_session_settings(one, &neighbors[i]))
			return false;
		for (size_t j = 0; j < json_object_array_length(list); j++) {
			json_object *family = json_object_array_get_idx(list, j);

			peering__neighbor_family__init(&families[i][j]);
			family_lists[i][j] = &families[i][j];
			families[i][j].afi = (char *)journal_text(family, "afi");
			families[i][j].import_policy = (char *)journal_text(family, "importPolicy");
			families[i][j].export_policy = (char *)journal_text(family, "exportPolicy");
			if (!families[i][j].afi || !families[i][j].import_policy || !families[i][j].export_policy ||
			    !journal_number(family, "receivedLimit", &families[i][j].received_limit))
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

Peering__DeclareConnection *journal_line_declaration_of(json_object *object)
{
	struct journal_record record = {.type = RECORD_PUSHED};

	return journal_decode_declaration(object, &record) ? record.declaration : NULL;
}

Peering__DeclareConnection *journal_line_round_trip(const Peering__DeclareConnection *declaration)
{
	struct journal_record record = {.type = RECORD_PUSHED}, read = {.type = RECORD_TYPE_COUNT};
	char *line, *again = NULL;
	char error[160];
	bool whole;

	record.declaration = (Peering__DeclareConnection *)declaration;
	line = journal_line_encode(&record);
	whole = strlen(line) + JOURNAL_SUM_SIZE <= JOURNAL_LINE_MAX &&
		journal_line_decode(line, &read, error, sizeof(error));
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
