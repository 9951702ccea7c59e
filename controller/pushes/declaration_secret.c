// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/pushes/declaration_secret.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/connection_name.h"

#define SEALED "sealedPassword"
#define IN_THE_CLEAR "password"
#define IS_SET "passwordSet"

static const char *text_of(json_object *object, const char *key)
{
	json_object *value;

	return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, key, &value) &&
			       json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : NULL;
}

static bool is_true(json_object *object, const char *key)
{
	json_object *value;

	return json_object_is_type(object, json_type_object) && json_object_object_get_ex(object, key, &value) &&
	       json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

/* NULL where there are none. */
static json_object *neighbors_of(json_object *body)
{
	json_object *array;

	return json_object_is_type(body, json_type_object) && json_object_object_get_ex(body, "neighbors", &array) &&
			       json_object_is_type(array, json_type_array)
		       ? array
		       : NULL;
}

/* What a password belongs to. */
static void place_of(const char *connection, const char *address, char place[CONNECTION_NAME_MAX + INET6_ADDRSTRLEN])
{
	snprintf(place, CONNECTION_NAME_MAX + INET6_ADDRSTRLEN, "%s %s", connection ? connection : "",
		 address ? address : "");
}

char *declaration_to_stored(const Peering__DeclareConnection *message, const struct secret_key *key)
{
	json_object *object = declaration_to_json(message), *array = neighbors_of(object);
	char place[CONNECTION_NAME_MAX + INET6_ADDRSTRLEN], sealed[SECRET_SEALED_SIZE];
	char *text = NULL;
	bool good = true;

	for (size_t i = 0; i < message->n_neighbors; i++) {
		json_object *one = json_object_array_get_idx(array, i);

		if (!message->neighbors[i]->password[0])
			continue;
		place_of(message->name, message->neighbors[i]->address, place);
		good &= secret_seal(key, place, message->neighbors[i]->password, sealed);
		json_object_object_del(one, IS_SET);
		json_object_object_add(one, SEALED, json_object_new_string(sealed));
	}
	if (good)
		text = strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return text;
}

static bool open_one(const char *connection, json_object *one, const struct secret_key *key,
		     struct declaration_error *error)
{
	char place[CONNECTION_NAME_MAX + INET6_ADDRSTRLEN], text[SECRET_TEXT_MAX + 1];
	const char *sealed = text_of(one, SEALED);

	if (!sealed)
		return true;
	place_of(connection, text_of(one, "address"), place);
	if (!secret_open(key, place, sealed, text)) {
		error->code = "password-lost";
		snprintf(error->sentence, sizeof(error->sentence),
			 "the password stored for %s cannot be opened with this controller's key; request the connection "
			 "again with its password",
			 place);
		return false;
	}
	json_object_object_del(one, SEALED);
	json_object_object_add(one, IN_THE_CLEAR, json_object_new_string(text));
	explicit_bzero(text, sizeof(text));
	return true;
}

Peering__DeclareConnection *declaration_from_stored(const char *stored, const struct secret_key *key,
						    struct declaration_error *error)
{
	json_object *body = json_tokener_parse(stored), *array = neighbors_of(body);
	Peering__DeclareConnection *message = NULL;
	bool good = true;

	for (size_t i = 0; good && array && i < json_object_array_length(array); i++)
		good = open_one(text_of(body, "name"), json_object_array_get_idx(array, i), key, error);
	if (good)
		message = declaration_from_json(body, error);
	json_object_put(body);
	return message;
}

json_object *declaration_shown(const char *stored)
{
	json_object *body = json_tokener_parse(stored), *array = neighbors_of(body);

	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i);

		if (!text_of(one, SEALED))
			continue;
		json_object_object_del(one, SEALED);
		json_object_object_add(one, IS_SET, json_object_new_boolean(true));
	}
	return body;
}

/* Both as inet_ntop() writes them; what is none is itself. */
static bool same_address(const char *a, const char *b)
{
	struct in6_addr v6[2];

	if (!a || !b)
		return false;
	if (inet_pton(AF_INET6, a, &v6[0]) == 1 && inet_pton(AF_INET6, b, &v6[1]) == 1)
		return memcmp(&v6[0], &v6[1], sizeof(v6[0])) == 0;
	return strcmp(a, b) == 0;
}

/* The stored neighbor with a password; NULL where there is none. */
static json_object *find_stored(json_object *stored, const char *address)
{
	json_object *array = neighbors_of(stored);

	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i);

		if (same_address(text_of(one, "address"), address) && text_of(one, SEALED))
			return one;
	}
	return NULL;
}

static bool takes_password(json_object *one)
{
	return is_true(one, IS_SET) && !text_of(one, IN_THE_CLEAR);
}

static bool keep_one(json_object *one, size_t index, json_object *stored, const struct secret_key *key,
		     struct declaration_error *error)
{
	json_object *before;
	bool good;

	if (!takes_password(one))
		return true;
	before = find_stored(stored, text_of(one, "address"));
	if (!before) {
		error->code = "bad-value";
		snprintf(error->sentence, sizeof(error->sentence),
			 "neighbors[%zu].passwordSet is true, and no password is stored for this neighbor; state it as "
			 "neighbors[%zu].password",
			 index, index);
		return false;
	}
	good = open_one(text_of(stored, "name"), before, key, error);
	if (good)
		json_object_object_add(one, IN_THE_CLEAR, json_object_new_string(text_of(before, IN_THE_CLEAR)));
	return good;
}

bool declaration_takes_passwords(json_object *body)
{
	json_object *array = neighbors_of(body);

	for (size_t i = 0; array && i < json_object_array_length(array); i++)
		if (takes_password(json_object_array_get_idx(array, i)))
			return true;
	return false;
}

bool declaration_keep_passwords(json_object *body, const char *stored, const struct secret_key *key,
				struct declaration_error *error)
{
	json_object *array = neighbors_of(body), *before = stored ? json_tokener_parse(stored) : NULL;
	bool good = true;

	for (size_t i = 0; good && array && i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i);

		good = keep_one(one, i, before, key, error);
		if (json_object_is_type(one, json_type_object))
			json_object_object_del(one, IS_SET);
	}
	json_object_put(before);
	return good;
}
