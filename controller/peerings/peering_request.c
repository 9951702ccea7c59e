// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/peerings/peering_request.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/pushes/declaration_secret.h"
#include "lib/connection_name.h"

#define ROUTER_MAX 253

const char *const peering_family_names[PEERING_FAMILIES + 1] = {"ipv4", "ipv6", NULL};
static const char *const kinds[] = {"direct", "exchange", "route-server", NULL};

enum peering_family peering_family_of(const char *address)
{
	return strchr(address, ':') ? FAMILY_IPV6 : FAMILY_IPV4;
}

/* Writes the usual form of a prefix; false where it is none, or has bits behind its length. */
static bool usual_prefix(const char *text, char *usual, size_t size)
{
	unsigned char bytes[16] = {0};
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	unsigned int bits = family == AF_INET ? 32 : 128;
	unsigned int length;

	if (!slash || (size_t)(slash - text) >= sizeof(address) || slash[1] == '\0' || strlen(slash + 1) > 3 ||
	    strspn(slash + 1, "0123456789") != strlen(slash + 1))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	length = (unsigned int)atoi(slash + 1);
	if (length > bits || inet_pton(family, address, bytes) != 1)
		return false;
	for (unsigned int bit = length; bit < bits; bit++)
		if (bytes[bit / 8] & (0x80u >> (bit % 8)))
			return false;
	if (!inet_ntop(family, bytes, address, sizeof(address)))
		return false;
	return snprintf(usual, size, "%s/%u", address, length) < (int)size;
}

static bool read_prefixes(json_object *body, struct peering_request *request, struct json_fault *fault)
{
	json_object *list = NULL;

	request->prefixes = json_object_new_array();
	json_object_object_add(request->document, "prefixes", request->prefixes);
	if (!json_read_list(body, "", "prefixes", PEERING_PREFIXES_MAX, &list, fault))
		return false;
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		json_object *entry = json_object_array_get_idx(list, i);
		char usual[INET6_ADDRSTRLEN + 4];

		if (!json_object_is_type(entry, json_type_string) ||
		    !usual_prefix(json_object_get_string(entry), usual, sizeof(usual)))
			return json_refuse(fault, "bad-value",
					   "prefixes[%zu] is no prefix; give one such as \"192.0.2.0/24\", with no bit "
					   "set behind its length",
					   i);
		json_object_array_add(request->prefixes, json_object_new_string(usual));
	}
	return true;
}

/* The peering's own value holds for each connection, which may repeat it. */
static bool inherit(json_object *definition, size_t index, const char *key, json_object *value, struct json_fault *fault)
{
	json_object *given;

	if (!json_object_object_get_ex(definition, key, &given) || !given) {
		json_object_object_add(definition, key, value);
		return true;
	}
	if (json_object_equal(given, value)) {
		json_object_put(value);
		return true;
	}
	json_object_put(value);
	return json_refuse(fault, "bad-value", "connections[%zu].%s is not the peering's; leave it out", index, key);
}

/* `entry` is a copy of the request's. *definition is a new object in the usual form. */
static bool read_definition(json_object *entry, size_t index, const struct secret_key *key,
			    const struct peering_request *request, json_object **definition, struct json_fault *fault)
{
	struct declaration_error error = {.code = ""};
	Peering__DeclareConnection *declaration;
	char *stored;

	json_object_object_del(entry, "router");
	if (!inherit(entry, index, "peerAsn", json_object_new_int64(request->peer_asn), fault) ||
	    !inherit(entry, index, "kind", json_object_new_string(connection_kind_name(request->kind)), fault))
		return false;
	declaration = declaration_from_json(entry, &error);
	if (!declaration)
		return json_refuse(fault, error.code, "connections[%zu]: %s", index, error.sentence);
	stored = declaration_to_stored(declaration, key);
	peering__declare_connection__free_unpacked(declaration, NULL);
	*definition = stored ? json_tokener_parse(stored) : NULL;
	free(stored);
	return *definition ? true : json_refuse(fault, "no-memory", "memory is short; try again");
}

static bool read_router(json_object *entry, size_t index, char router[ROUTER_MAX + 1], struct json_fault *fault)
{
	const char *given = "";
	char where[48];

	snprintf(where, sizeof(where), "connections[%zu].", index);
	if (!json_object_is_type(entry, json_type_object))
		return json_refuse(fault, "bad-value", "connections[%zu] must be an object with a router and what a "
				   "connection's request holds", index);
	if (!json_read_text(entry, where, "router", ROUTER_MAX, &given, fault))
		return false;
	if (given[0] == '\0')
		return json_refuse(fault, "bad-value", "%srouter is missing; give the router's name", where);
	for (size_t i = 0; i <= strlen(given); i++)
		router[i] = (char)tolower((unsigned char)given[i]);
	return true;
}

static bool read_connection(json_object *given, size_t index, const struct secret_key *key, json_object *array,
			    struct peering_request *request, struct json_fault *fault)
{
	struct peering_connection_request *connection = &request->connections[index];
	json_object *copy = NULL;
	char router[ROUTER_MAX + 1];
	bool good;

	if (!read_router(given, index, router, fault))
		return false;
	if (json_object_deep_copy(given, &copy, NULL) < 0)
		return json_refuse(fault, "no-memory", "memory is short; try again");
	good = read_definition(copy, index, key, request, &connection->definition, fault);
	json_object_put(copy);
	if (!good)
		return false;
	json_object_object_add(connection->definition, "router", json_object_new_string(router));
	json_object_array_add(array, connection->definition);
	connection->router = json_object_get_string(json_object_object_get(connection->definition, "router"));
	connection->name = json_object_get_string(json_object_object_get(connection->definition, "name"));
	request->connection_count = index + 1;
	for (size_t i = 0; i < index; i++)
		if (strcmp(request->connections[i].name, connection->name) == 0)
			return json_refuse(fault, "bad-name",
					   "connections[%zu].name is that of another connection of the peering; each "
					   "has a name of its own",
					   index);
	return true;
}

static bool read_connections(json_object *body, const struct secret_key *key, struct peering_request *request,
			     struct json_fault *fault)
{
	json_object *array = json_object_new_array();
	json_object *list = NULL;

	json_object_object_add(request->document, "connections", array);
	if (!json_read_list(body, "", "connections", PEERING_CONNECTIONS_MAX, &list, fault))
		return false;
	if (!list || json_object_array_length(list) == 0)
		return json_refuse(fault, "bad-value",
				   "connections must be a list with at least one connection, each with a router, a "
				   "name and neighbors");
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!read_connection(json_object_array_get_idx(list, i), i, key, array, request, fault))
			return false;
	return true;
}

/* Copies a text into the document, and points to it there. */
static bool read_words(json_object *body, const char *key, struct peering_request *request, const char **field,
		       struct json_fault *fault)
{
	json_object *kept;
	const char *text = "";

	if (!json_read_text(body, "", key, PEERING_WORDS_MAX, &text, fault))
		return false;
	kept = json_object_new_string(text);
	json_object_object_add(request->document, key, kept);
	*field = json_object_get_string(kept);
	return true;
}

static bool read_numbers(json_object *body, struct peering_request *request, struct json_fault *fault)
{
	int64_t asn = 0, bandwidth = 0;
	int kind = KIND_DIRECT;

	if (!json_read_number(body, "", "peerAsn", 1, UINT32_MAX, &asn, fault) ||
	    !json_read_number(body, "", "bandwidthInMbps", 1, 10000000, &bandwidth, fault) ||
	    !json_read_word(body, "", "kind", kinds, &kind, fault))
		return false;
	if (asn == 0)
		return json_refuse(fault, "bad-asn", "peerAsn is missing; give the peer's AS number, 1 to 4294967295");
	request->peer_asn = (uint32_t)asn;
	request->bandwidth = (uint32_t)bandwidth;
	request->kind = (enum connection_kind)kind;
	json_object_object_add(request->document, "peerAsn", json_object_new_int64(asn));
	json_object_object_add(request->document, "kind", json_object_new_string(kinds[kind]));
	if (bandwidth > 0)
		json_object_object_add(request->document, "bandwidthInMbps", json_object_new_int64(bandwidth));
	return true;
}

static bool read_body(json_object *body, const struct secret_key *key, struct peering_request *request,
		      struct json_fault *fault)
{
	static const char *const keys[] = {"name",	      "peerAsn",     "kind",	 "metro",	"facility",
					   "bandwidthInMbps", "description", "prefixes", "connections", NULL};
	const char *wrong;

	if (!json_read_object(body, "", keys, fault) || !read_words(body, "name", request, &request->name, fault))
		return false;
	wrong = connection_name_error(request->name);
	if (wrong)
		return json_refuse(fault, "bad-name", "name: %s", wrong);
	return read_numbers(body, request, fault) && read_words(body, "metro", request, &request->metro, fault) &&
	       read_words(body, "facility", request, &request->facility, fault) &&
	       read_words(body, "description", request, &request->description, fault) &&
	       read_prefixes(body, request, fault) && read_connections(body, key, request, fault);
}

bool peering_request_from_json(json_object *body, const struct secret_key *key, struct peering_request *request,
			       struct json_fault *fault)
{
	memset(request, 0, sizeof(*request));
	request->document = json_object_new_object();
	if (read_body(body, key, request, fault))
		return true;
	peering_request_free(request);
	return false;
}

static const char *text_of(json_object *object, const char *key)
{
	json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

bool peering_request_from_stored(const char *document, struct peering_request *request)
{
	json_object *connections;

	memset(request, 0, sizeof(*request));
	request->document = json_tokener_parse(document);
	connections = json_object_object_get(request->document, "connections");
	request->prefixes = json_object_object_get(request->document, "prefixes");
	if (!json_object_is_type(connections, json_type_array) || !json_object_is_type(request->prefixes, json_type_array) ||
	    json_object_array_length(connections) > PEERING_CONNECTIONS_MAX) {
		peering_request_free(request);
		return false;
	}
	request->name = text_of(request->document, "name");
	request->metro = text_of(request->document, "metro");
	request->facility = text_of(request->document, "facility");
	request->description = text_of(request->document, "description");
	request->peer_asn = (uint32_t)json_object_get_int64(json_object_object_get(request->document, "peerAsn"));
	request->bandwidth =
		(uint32_t)json_object_get_int64(json_object_object_get(request->document, "bandwidthInMbps"));
	if (connection_kind_from_name(text_of(request->document, "kind")) > 0)
		request->kind = (enum connection_kind)connection_kind_from_name(text_of(request->document, "kind"));
	request->connection_count = json_object_array_length(connections);
	for (size_t i = 0; i < request->connection_count; i++) {
		struct peering_connection_request *connection = &request->connections[i];

		connection->definition = json_object_array_get_idx(connections, i);
		connection->router = text_of(connection->definition, "router");
		connection->name = text_of(connection->definition, "name");
	}
	return true;
}

void peering_request_free(struct peering_request *request)
{
	json_object_put(request->document);
	memset(request, 0, sizeof(*request));
}

bool peering_request_has_family(const struct peering_request *request, enum peering_family family)
{
	for (size_t i = 0; i < request->connection_count; i++) {
		json_object *neighbors = json_object_object_get(request->connections[i].definition, "neighbors");

		for (size_t j = 0; j < json_object_array_length(neighbors); j++) {
			json_object *address =
				json_object_object_get(json_object_array_get_idx(neighbors, j), "address");

			if (peering_family_of(json_object_get_string(address)) == family)
				return true;
		}
	}
	return false;
}
