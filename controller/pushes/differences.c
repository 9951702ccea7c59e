// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/pushes/differences.h"

#include "controller/pushes/declaration_secret.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/lifecycle.h"

#define FIELD_MAX 192

static json_object *member(json_object *object, const char *key)
{
	json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

static json_object *list(json_object *object, const char *key)
{
	json_object *value = member(object, key);

	return json_object_is_type(value, json_type_array) ? value : NULL;
}

static size_t length(json_object *array)
{
	return array ? json_object_array_length(array) : 0;
}

/* "" where there is no such text. */
static const char *text(json_object *object, const char *key)
{
	json_object *value = member(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* The entry of a list whose `key` is `value`, or NULL. */
static json_object *find(json_object *array, const char *key, const char *value)
{
	for (size_t i = 0; i < length(array); i++)
		if (strcmp(text(json_object_array_get_idx(array, i), key), value) == 0)
			return json_object_array_get_idx(array, i);
	return NULL;
}

/* Takes both values. */
__attribute__((format(printf, 4, 5))) static void differs(json_object *differences, json_object *desired,
							  json_object *observed, const char *format, ...)
{
	json_object *one = json_object_new_object();
	char field[FIELD_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(field, sizeof(field), format, arguments);
	va_end(arguments);
	json_object_object_add(one, "field", json_object_new_string(field));
	json_object_object_add(one, "desired", desired);
	json_object_object_add(one, "observed", observed);
	json_object_array_add(differences, one);
}

static json_object *words(const char *given)
{
	return given[0] ? json_object_new_string(given) : NULL;
}

/* A router keeps the name of what was taken back for a while. */
static bool is_known(const struct store_connection *connection)
{
	return connection->observed && strcmp(connection->observed->state, connection_state_name(STATE_NONE)) != 0;
}

bool differences_is_there(const struct store_connection *connection)
{
	return is_known(connection) &&
	       strcmp(connection->observed->state, connection_state_name(STATE_PENDING_REMOVE)) != 0;
}

static const char *necessity(bool required)
{
	return required ? "required" : "optional";
}

static bool is_optional(json_object *neighbor)
{
	return json_object_get_boolean(member(neighbor, "optional"));
}

/* A neighbor that bgpd does not have (any more); the router reports it without any family. */
static bool is_absent(json_object *session)
{
	return strcmp(text(session, "bgpState"), "absent") == 0;
}

/* ---- One neighbor: the router reports an entry for each family of a session ---- */

static json_object *reported_family(json_object *sessions, const char *address, const char *afi)
{
	for (size_t i = 0; i < length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);

		if (strcmp(text(session, "address"), address) == 0 && strcmp(text(session, "afi"), afi) == 0)
			return session;
	}
	return NULL;
}

static void compare_policy(json_object *family, const char *key, json_object *session, const char *where,
			   json_object *differences)
{
	const char *desired = text(family, key);

	if (desired[0] && strcmp(desired, text(session, key)) != 0)
		differs(differences, json_object_new_string(desired), words(text(session, key)), "%s.%s", where, key);
}

static void compare_family(json_object *family, const char *address, json_object *sessions, json_object *differences)
{
	json_object *session = reported_family(sessions, address, text(family, "afi"));
	int64_t limit = json_object_get_int64(member(family, "receivedLimit"));
	char where[FIELD_MAX / 2];

	snprintf(where, sizeof(where), "neighbors[%s].%s", address, text(family, "afi"));
	if (!session) {
		differs(differences, json_object_new_string("activated"), NULL, "%s", where);
		return;
	}
	if (limit && limit != json_object_get_int64(member(session, "limit")))
		differs(differences, json_object_new_int64(limit), json_object_get(member(session, "limit")),
			"%s.receivedLimit", where);
	compare_policy(family, "importPolicy", session, where, differences);
	compare_policy(family, "exportPolicy", session, where, differences);
}

static void compare_neighbor(json_object *neighbor, json_object *sessions, json_object *differences)
{
	const char *address = text(neighbor, "address");
	json_object *session = find(sessions, "address", address);
	json_object *families = list(neighbor, "families");
	bool required;

	if (!session) {
		differs(differences, json_object_new_string(necessity(!is_optional(neighbor))), NULL, "neighbors[%s]",
			address);
		return;
	}
	required = json_object_get_boolean(member(session, "required"));
	if (required == is_optional(neighbor))
		differs(differences, json_object_new_string(necessity(!required)),
			json_object_new_string(necessity(required)), "neighbors[%s]", address);
	if (is_absent(session)) {
		differs(differences, json_object_new_string("configured"), NULL, "neighbors[%s].session", address);
		return;
	}
	for (size_t i = 0; i < length(families); i++)
		compare_family(json_object_array_get_idx(families, i), address, sessions, differences);
}

static void compare_neighbors(json_object *desired, json_object *sessions, json_object *differences)
{
	json_object *neighbors = list(desired, "neighbors");
	const char *before = "";

	for (size_t i = 0; i < length(neighbors); i++)
		compare_neighbor(json_object_array_get_idx(neighbors, i), sessions, differences);
	for (size_t i = 0; i < length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);
		const char *address = text(session, "address");

		/* Its families stand one behind the other. */
		if (strcmp(address, before) != 0 && !is_absent(session) && !find(neighbors, "address", address))
			differs(differences, NULL,
				json_object_new_string(necessity(json_object_get_boolean(member(session, "required")))),
				"neighbors[%s]", address);
		before = address;
	}
}

/* ---- What a router tells of a declaration that was pushed to it, with what is there in the place of what differs ---- */

static const char *const connection_settings[] = {"description", "validationWindow", "onViolation", "reopenMode",
						  "reopenHoldDown", "profile", NULL};
static const char *const timer_settings[] = {"establish", "validation", "stale", "drain", NULL};
static const char *const session_settings[] = {"description", "ttlSecurityHops", "bfd",	      "bfdProfile",
					       "keepalive",   "holdTime",	 "connectRetry", "role",
					       "roleStrict",  "localAddress",	 NULL};

/* NULL where the router does not tell it: it is an older one, or has the connection not by a push. */
static json_object *declared_of(json_object *detail)
{
	json_object *declared = member(detail, "declared");

	return json_object_is_type(declared, json_type_object) ? declared : NULL;
}

static void compare_settings(json_object *desired, json_object *declared, const char *const *keys, const char *where,
			     json_object *differences)
{
	for (const char *const *key = keys; *key; key++) {
		json_object *asked = member(desired, *key), *has = member(declared, *key);

		if (!json_object_equal(asked, has))
			differs(differences, json_object_get(asked), json_object_get(has), "%s%s", where, *key);
	}
}

static bool has_password(json_object *neighbor)
{
	return member(neighbor, "sealedPassword") != NULL;
}

static bool has_other_password(json_object *declared)
{
	return json_object_get_boolean(member(declared, "passwordDiffers"));
}

static void compare_session(json_object *neighbor, json_object *declared, json_object *sessions, json_object *differences)
{
	const char *address = text(neighbor, "address");
	json_object *same = find(list(declared, "neighbors"), "address", address);
	bool set = json_object_get_boolean(member(find(sessions, "address", address), "passwordSet"));
	char where[FIELD_MAX / 2];

	/* One that is gone there is told among the sessions. */
	if (!same)
		return;
	snprintf(where, sizeof(where), "neighbors[%s].", address);
	compare_settings(neighbor, same, session_settings, where, differences);
	/* What nobody has told here cannot be accepted: one that is not asked for is the router's own. */
	if (has_password(neighbor) && !set)
		differs(differences, words("set"), NULL, "%spassword", where);
	else if (has_password(neighbor) && has_other_password(same))
		differs(differences, words("set"), words("another"), "%spassword", where);
}

static void compare_levels(json_object *desired, json_object *declared, json_object *differences)
{
	json_object *asked = member(desired, "checks"), *has = member(declared, "checks");

	if (json_object_is_type(asked, json_type_object)) {
		json_object_object_foreach (asked, name, level)
			if (!json_object_equal(level, member(has, name)))
				differs(differences, json_object_get(level), json_object_get(member(has, name)), "checks.%s",
					name);
	}
	if (json_object_is_type(has, json_type_object)) {
		json_object_object_foreach (has, name, level)
			if (!member(asked, name))
				differs(differences, NULL, json_object_get(level), "checks.%s", name);
	}
}

static void compare_declared(json_object *desired, json_object *declared, json_object *sessions, json_object *differences)
{
	json_object *neighbors = list(desired, "neighbors");

	compare_settings(desired, declared, connection_settings, "", differences);
	compare_settings(member(desired, "timers"), member(declared, "timers"), timer_settings, "timers.", differences);
	compare_levels(desired, declared, differences);
	for (size_t i = 0; i < length(neighbors); i++)
		compare_session(json_object_array_get_idx(neighbors, i), declared, sessions, differences);
}

/* ---- The whole ---- */

static void compare_words(json_object *desired, const struct store_observation *observed, json_object *differences)
{
	int64_t asn = json_object_get_int64(member(desired, "peerAsn"));

	if (asn != observed->peer_asn)
		differs(differences, json_object_new_int64(asn),
			observed->peer_asn ? json_object_new_int64(observed->peer_asn) : NULL, "peerAsn");
	/* What the router does not name, or a newer one names in a word that we do not know, is no difference. */
	if (text(desired, "kind")[0] && observed->kind[0] && strcmp(text(desired, "kind"), observed->kind) != 0)
		differs(differences, json_object_new_string(text(desired, "kind")),
			json_object_new_string(observed->kind), "kind");
	if (text(desired, "activation")[0] && observed->activation[0] &&
	    strcmp(text(desired, "activation"), observed->activation) != 0)
		differs(differences, json_object_new_string(text(desired, "activation")),
			json_object_new_string(observed->activation), "activation");
}

/* Only checks that run now are reported, and none that is off. */
static void compare_checks(json_object *desired, json_object *reported, json_object *differences)
{
	json_object *checks = member(desired, "checks");

	if (!json_object_is_type(checks, json_type_object))
		return;
	json_object_object_foreach (checks, name, level) {
		json_object *check = find(reported, "name", name);

		if (check && text(check, "level")[0] &&
		    strcmp(text(check, "level"), json_object_get_string(level)) != 0)
			differs(differences, json_object_get(level), json_object_new_string(text(check, "level")),
				"checks.%s", name);
	}
}

static void compare(json_object *desired, const struct store_observation *observed, json_object *differences)
{
	json_object *detail = json_tokener_parse(observed->detail);
	json_object *drift = find(list(detail, "degraded"), "cause", "drift"), *declared = declared_of(detail);

	compare_words(desired, observed, differences);
	compare_neighbors(desired, list(detail, "sessions"), differences);
	if (declared)
		compare_declared(desired, declared, list(detail, "sessions"), differences);
	else
		compare_checks(desired, list(detail, "checks"), differences);
	if (drift)
		differs(differences, NULL, words(text(drift, "reason")), "drift");
	json_object_put(detail);
}

json_object *differences_find(const struct store_connection *connection)
{
	json_object *desired = connection->definition ? json_tokener_parse(connection->definition) : NULL;
	json_object *differences = json_object_new_array();

	if (desired && !differences_is_there(connection))
		differs(differences, json_object_new_string("declared"),
			is_known(connection) ? words(connection->observed->state) : NULL, "connection");
	else if (desired)
		compare(desired, connection->observed, differences);
	json_object_put(desired);
	return differences;
}

static bool is_compared(const char *key)
{
	static const char *const compared[] = {"name", "peerAsn", "kind", "activation", "neighbors", "checks"};

	for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]); i++)
		if (strcmp(key, compared[i]) == 0)
			return true;
	return false;
}

static void add_field(json_object *fields, const char *format, const char *first, const char *second)
{
	char field[FIELD_MAX];

	snprintf(field, sizeof(field), format, first, second);
	json_object_array_add(fields, json_object_new_string(field));
}

static void not_compared_of_neighbor(json_object *neighbor, json_object *fields)
{
	json_object_object_foreach (neighbor, key, value) {
		(void)value;
		if (strcmp(key, "address") != 0 && strcmp(key, "optional") != 0 && strcmp(key, "families") != 0)
			add_field(fields, "neighbors[%s].%s", text(neighbor, "address"), key);
	}
}

json_object *differences_not_compared(const struct store_connection *connection)
{
	json_object *fields = json_object_new_array();
	json_object *desired, *detail, *checks, *neighbors;

	if (!connection->definition)
		return fields;
	desired = declaration_shown(connection->definition);
	detail = connection->observed ? json_tokener_parse(connection->observed->detail) : NULL;
	if (declared_of(detail)) {
		json_object_put(detail);
		json_object_put(desired);
		return fields;
	}
	checks = member(desired, "checks");
	neighbors = list(desired, "neighbors");
	if (json_object_is_type(desired, json_type_object)) {
		json_object_object_foreach (desired, key, value) {
			(void)value;
			if (!is_compared(key))
				add_field(fields, "%s%s", key, "");
		}
	}
	for (size_t i = 0; i < length(neighbors); i++)
		not_compared_of_neighbor(json_object_array_get_idx(neighbors, i), fields);
	if (json_object_is_type(checks, json_type_object)) {
		json_object_object_foreach (checks, name, level) {
			(void)level;
			if (!find(list(detail, "checks"), "name", name))
				add_field(fields, "checks.%s%s", name, "");
		}
	}
	json_object_put(detail);
	json_object_put(desired);
	return fields;
}

/* ---- Accepting ---- */

static void replace(json_object *object, const char *key, json_object *with)
{
	if (with)
		json_object_object_add(object, key, with);
	else
		json_object_object_del(object, key);
}

static json_object *accepted_family(json_object *family, json_object *session)
{
	json_object *accepted = json_object_new_object();

	json_object_object_add(accepted, "afi", json_object_new_string(text(session, "afi")));
	/* What was not asked for stays the router's own. */
	if (member(family, "receivedLimit"))
		replace(accepted, "receivedLimit", json_object_get(member(session, "limit")));
	if (member(family, "importPolicy"))
		replace(accepted, "importPolicy", words(text(session, "importPolicy")));
	if (member(family, "exportPolicy"))
		replace(accepted, "exportPolicy", words(text(session, "exportPolicy")));
	return accepted;
}

static void accept_settings(json_object *desired, json_object *declared, const char *const *keys)
{
	for (const char *const *key = keys; *key; key++)
		replace(desired, *key, json_object_get(member(declared, *key)));
}

/* `neighbor` is as it was asked for, or NULL; `session` the first of the router's entries for it. */
static json_object *accepted_neighbor(json_object *neighbor, json_object *session, json_object *sessions,
				      json_object *declared)
{
	const char *address = text(session, "address");
	json_object *accepted = json_object_new_object(), *families = json_object_new_array();

	if (neighbor) {
		json_object_object_foreach (neighbor, key, value)
			json_object_object_add(accepted, key, json_object_get(value));
	}
	json_object_object_add(accepted, "address", json_object_new_string(address));
	json_object_object_add(accepted, "optional",
			       json_object_new_boolean(!json_object_get_boolean(member(session, "required"))));
	for (size_t i = 0; i < length(list(neighbor, "families")); i++) {
		json_object *family = json_object_array_get_idx(list(neighbor, "families"), i);
		json_object *reported = reported_family(sessions, address, text(family, "afi"));

		if (reported)
			json_object_array_add(families, accepted_family(family, reported));
	}
	json_object_object_add(accepted, "families", families);
	if (declared) {
		accept_settings(accepted, declared, session_settings);
		if (!json_object_get_boolean(member(session, "passwordSet")))
			json_object_object_del(accepted, "sealedPassword");
	}
	return accepted;
}

static json_object *accepted_neighbors(json_object *desired, json_object *sessions, json_object *declared)
{
	json_object *neighbors = json_object_new_array();
	const char *before = "";

	for (size_t i = 0; i < length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);
		const char *address = text(session, "address");

		if (strcmp(address, before) != 0 && !is_absent(session))
			json_object_array_add(neighbors,
					      accepted_neighbor(find(list(desired, "neighbors"), "address", address),
								session, sessions,
								find(list(declared, "neighbors"), "address", address)));
		before = address;
	}
	return neighbors;
}

static void accept_checks(json_object *desired, json_object *reported)
{
	json_object *checks = member(desired, "checks");

	for (size_t i = 0; i < length(reported) && json_object_is_type(checks, json_type_object); i++) {
		json_object *check = json_object_array_get_idx(reported, i);

		if (member(checks, text(check, "name")) && text(check, "level")[0])
			json_object_object_add(checks, text(check, "name"),
					       json_object_new_string(text(check, "level")));
	}
}

static void accept_declared(json_object *desired, json_object *declared)
{
	json_object *timers = json_object_new_object();

	accept_settings(desired, declared, connection_settings);
	accept_settings(timers, member(declared, "timers"), timer_settings);
	replace(desired, "timers", json_object_object_length(timers) ? json_object_get(timers) : NULL);
	json_object_put(timers);
	replace(desired, "checks", json_object_get(member(declared, "checks")));
}

char *differences_other_password(const struct store_connection *connection)
{
	json_object *desired, *detail, *neighbors;
	char *address = NULL;

	if (!connection->definition || !differences_is_there(connection))
		return NULL;
	desired = json_tokener_parse(connection->definition);
	detail = json_tokener_parse(connection->observed->detail);
	neighbors = list(desired, "neighbors");
	for (size_t i = 0; i < length(neighbors) && !address; i++) {
		json_object *neighbor = json_object_array_get_idx(neighbors, i);

		if (has_password(neighbor) && has_other_password(find(list(declared_of(detail), "neighbors"), "address",
								       text(neighbor, "address"))))
			address = strdup(text(neighbor, "address"));
	}
	json_object_put(detail);
	json_object_put(desired);
	return address;
}

json_object *differences_accepted(const struct store_connection *connection)
{
	const struct store_observation *observed = connection->observed;
	json_object *desired, *detail, *neighbors, *declared;

	if (!differences_is_there(connection))
		return NULL;
	/* What nobody asked for here begins with what the router says of it. */
	desired = connection->definition ? json_tokener_parse(connection->definition) : json_object_new_object();
	detail = json_tokener_parse(observed->detail);
	json_object_object_add(desired, "name", json_object_new_string(connection->name));
	if (observed->peer_asn)
		json_object_object_add(desired, "peerAsn", json_object_new_int64(observed->peer_asn));
	if (observed->kind[0])
		json_object_object_add(desired, "kind", json_object_new_string(observed->kind));
	if (observed->activation[0] && (!connection->definition || text(desired, "activation")[0]))
		json_object_object_add(desired, "activation", json_object_new_string(observed->activation));
	declared = declared_of(detail);
	neighbors = accepted_neighbors(desired, list(detail, "sessions"), declared);
	if (declared)
		accept_declared(desired, declared);
	else
		accept_checks(desired, list(detail, "checks"));
	json_object_object_add(desired, "neighbors", neighbors);
	json_object_put(detail);
	if (length(neighbors) > 0)
		return desired;
	json_object_put(desired);
	return NULL;
}
