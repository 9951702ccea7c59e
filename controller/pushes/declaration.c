// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/pushes/declaration.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/text.h"
#include "lib/connection_name.h"
#include "lib/lifecycle.h"
#include "lib/link_addresses.h"
#include "lib/secret.h"
#include "lib/utf8.h"

/* What the router's commands take. */
#define DESCRIPTION_MAX 80
#define VALIDATION_WINDOW_MAX 86400
#define POLICY_NAME_MAX 128
#define CHECKS_MAX 32
#define BFD_PROFILE_MAX 63
#define TIMER_MAX 31536000
#define UINT32_MOST INT64_C(4294967295)
/* Names of route-maps that the module keeps for itself begin so. */
#define RESERVED_POLICY "PEERING-"

__attribute__((format(printf, 3, 4))) static bool refuse(struct declaration_error *error, const char *code,
							 const char *format, ...)
{
	va_list arguments;

	error->code = code;
	va_start(arguments, format);
	vsnprintf(error->sentence, sizeof(error->sentence), format, arguments);
	va_end(arguments);
	return false;
}

/* Every key must be one of `keys`, a list that NULL ends: a typo must not pass for a default. */
static bool keys_known(json_object *object, const char *where, const char *const *keys, struct declaration_error *error)
{
	char names[320] = "";

	for (const char *const *known = keys; *known; known++) {
		strncat(names, known == keys ? "" : ", ", sizeof(names) - strlen(names) - 1);
		strncat(names, *known, sizeof(names) - strlen(names) - 1);
	}
	json_object_object_foreach (object, key, value) {
		const char *const *known = keys;
		char *shown;

		(void)value;
		while (*known && strcmp(*known, key) != 0)
			known++;
		if (*known)
			continue;
		shown = text_clean(key, 60);
		refuse(error, "unknown-key", "there is no key \"%s%s\"; the keys there are %s", where,
		       shown ? shown : "", names);
		free(shown);
		return false;
	}
	return true;
}

/* A text that may be left out; *text is then NULL. It stays the JSON object's. */
static bool get_text(json_object *object, const char *where, const char *key, const char **text,
		     struct declaration_error *error)
{
	json_object *value;

	*text = NULL;
	if (!json_object_object_get_ex(object, key, &value) || value == NULL)
		return true;
	if (!json_object_is_type(value, json_type_string))
		return refuse(error, "bad-value", "%s%s must be a string", where, key);
	*text = json_object_get_string(value);
	/* A NUL inside would hide what stands behind it. */
	if (strlen(*text) != (size_t)json_object_get_string_len(value) || !utf8_is_clean(*text))
		return refuse(error, "bad-value", "%s%s has a control character or is not UTF-8; remove it", where,
			      key);
	return true;
}

/* A whole number that may be left out; *number is then 0. */
static bool get_number(json_object *object, const char *where, const char *key, int64_t least, int64_t most,
		       const char *code, uint32_t *number, struct declaration_error *error)
{
	json_object *value;
	int64_t given;

	*number = 0;
	if (!json_object_object_get_ex(object, key, &value) || value == NULL)
		return true;
	given = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
	if (given < least || given > most)
		return refuse(error, code, "%s%s must be a whole number from %lld to %lld", where, key,
			      (long long)least, (long long)most);
	*number = (uint32_t)given;
	return true;
}

/* A truth that may be left out; *flag is then false. */
static bool get_flag(json_object *object, const char *where, const char *key, protobuf_c_boolean *flag,
		     struct declaration_error *error)
{
	json_object *value;

	*flag = false;
	if (!json_object_object_get_ex(object, key, &value))
		return true;
	if (!json_object_is_type(value, json_type_boolean))
		return refuse(error, "bad-value", "%s%s must be true or false", where, key);
	*flag = json_object_get_boolean(value);
	return true;
}

static bool copy(char **field, const char *text, struct declaration_error *error)
{
	if (!text || text[0] == '\0')
		return true;
	*field = strdup(text);
	return *field ? true : refuse(error, "no-memory", "memory is short; try again");
}

static bool get_description(json_object *object, const char *where, char **field, struct declaration_error *error)
{
	const char *text;

	if (!get_text(object, where, "description", &text, error))
		return false;
	if (text && strlen(text) > DESCRIPTION_MAX)
		return refuse(error, "bad-value", "%sdescription has %zu bytes; at most %d", where, strlen(text),
			      DESCRIPTION_MAX);
	if (text && (text[0] == ' ' || (text[0] && text[strlen(text) - 1] == ' ')))
		return refuse(error, "bad-value", "%sdescription begins or ends with a space; remove it", where);
	return copy(field, text, error);
}

static bool get_policy(json_object *object, const char *where, const char *key, char **field,
		       struct declaration_error *error)
{
	const char *text;

	if (!get_text(object, where, key, &text, error))
		return false;
	if (!text || text[0] == '\0')
		return true;
	if (strlen(text) > POLICY_NAME_MAX)
		return refuse(error, "bad-value", "%s%s is longer than %d characters", where, key, POLICY_NAME_MAX);
	/* A space or '!' would be another word, or a comment, in the router's configuration. */
	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~' || strchr("!\"'?|\\", *at))
			return refuse(error, "bad-value",
				      "%s%s is no name of a route-map; use letters, digits, '-', '_' and '.'", where,
				      key);
	if (strncmp(text, RESERVED_POLICY, strlen(RESERVED_POLICY)) == 0)
		return refuse(error, "bad-value",
			      "%s%s begins with %s, which the router keeps for itself; choose another", where, key,
			      RESERVED_POLICY);
	return copy(field, text, error);
}

/* Writes the usual form of an address that a BGP neighbor can have; else a static reason. */
static const char *read_address(const char *text, char *usual, socklen_t size)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		uint32_t host = ntohl(v4.s_addr);

		if (host >> 24 == 0 || host >> 24 == 127 || host >> 28 >= 14)
			return "is no address of a neighbor";
		inet_ntop(AF_INET, &v4, usual, size);
		return NULL;
	}
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return "is no IPv4 or IPv6 address";
	if (IN6_IS_ADDR_LINKLOCAL(&v6))
		return "is a link-local address, which a push cannot name yet";
	if (IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_MULTICAST(&v6) ||
	    IN6_IS_ADDR_V4MAPPED(&v6))
		return "is no address of a neighbor";
	inet_ntop(AF_INET6, &v6, usual, size);
	return NULL;
}

static bool read_family(json_object *object, const char *where, Peering__NeighborFamily *family,
			struct declaration_error *error)
{
	static const char *const keys[] = {"afi", "receivedLimit", "importPolicy", "exportPolicy", NULL};
	uint32_t limit;
	const char *afi;

	if (!json_object_is_type(object, json_type_object))
		return refuse(error, "bad-value", "%safi is missing; each family is an object with an \"afi\"", where);
	if (!keys_known(object, where, keys, error) || !get_text(object, where, "afi", &afi, error))
		return false;
	if (!afi || (strcmp(afi, "ipv4") != 0 && strcmp(afi, "ipv6") != 0))
		return refuse(error, "bad-value", "%safi must be \"ipv4\" or \"ipv6\"", where);
	if (!copy(&family->afi, afi, error))
		return false;
	if (!get_number(object, where, "receivedLimit", 1, UINT32_MOST, "bad-value", &limit, error))
		return false;
	family->received_limit = limit;
	return get_policy(object, where, "importPolicy", &family->import_policy, error) &&
	       get_policy(object, where, "exportPolicy", &family->export_policy, error);
}

static bool read_families(json_object *object, const char *where, Peering__Neighbor *neighbor,
			  struct declaration_error *error)
{
	json_object *array;
	size_t count;

	if (!json_object_object_get_ex(object, "families", &array) || array == NULL)
		return true;
	if (!json_object_is_type(array, json_type_array) || json_object_array_length(array) > 2)
		return refuse(error, "bad-value", "%sfamilies must be a list of at most two, ipv4 and ipv6", where);
	count = json_object_array_length(array);
	if (count == 0)
		return true;
	neighbor->families = calloc(count, sizeof(*neighbor->families));
	if (!neighbor->families)
		return refuse(error, "no-memory", "memory is short; try again");
	for (size_t i = 0; i < count; i++) {
		Peering__NeighborFamily *family = malloc(sizeof(*family));
		char family_where[64];

		if (!family)
			return refuse(error, "no-memory", "memory is short; try again");
		peering__neighbor_family__init(family);
		neighbor->families[neighbor->n_families++] = family;
		snprintf(family_where, sizeof(family_where), "%sfamilies[%zu].", where, i);
		if (!read_family(json_object_array_get_idx(array, i), family_where, family, error))
			return false;
		if (i > 0 && strcmp(neighbor->families[0]->afi, family->afi) == 0)
			return refuse(error, "bad-value", "%sfamilies names %s twice", where, family->afi);
	}
	return true;
}

/* A text without a space, since it becomes a word of the router's configuration. It is never said back. */
static bool get_word(json_object *object, const char *where, const char *key, size_t most, char **field,
		     struct declaration_error *error)
{
	const char *text;

	if (!get_text(object, where, key, &text, error))
		return false;
	for (const char *at = text ? text : ""; *at; at++)
		if (*at <= ' ' || *at > '~')
			return refuse(error, "bad-value", "%s%s has a space, or a character that is not of ASCII", where,
				      key);
	if (text && strlen(text) > most)
		return refuse(error, "bad-value", "%s%s is longer than %zu characters", where, key, most);
	return copy(field, text, error);
}

static bool read_local_address(json_object *object, const char *where, Peering__Neighbor *neighbor,
			       struct declaration_error *error)
{
	char usual[LINK_ADDRESS_MAX], bare[LINK_ADDRESS_MAX];
	const char *text, *why;

	if (!get_text(object, where, "localAddress", &text, error))
		return false;
	if (!text || !text[0])
		return true;
	why = link_addresses_error(text, neighbor->address);
	if (why)
		return refuse(error, "bad-address", "%slocalAddress \"%.60s\" %s", where, text, why);
	link_address_usual(text, usual, bare);
	return copy(&neighbor->local_address, usual, error);
}

static bool read_role(json_object *object, const char *where, Peering__Neighbor *neighbor,
		      struct declaration_error *error)
{
	static const char *const roles[] = {"provider", "rs-server", "rs-client", "customer", "peer", NULL};
	const char *const *known = roles;
	const char *role;

	if (!get_text(object, where, "role", &role, error) ||
	    !get_flag(object, where, "roleStrict", &neighbor->role_strict, error))
		return false;
	while (role && *known && strcmp(*known, role) != 0)
		known++;
	if (role && !*known)
		return refuse(error, "bad-value",
			      "%srole must be provider, rs-server, rs-client, customer or peer: what the router is", where);
	if (neighbor->role_strict && !role)
		return refuse(error, "bad-value", "%sroleStrict goes with a role alone", where);
	return copy(&neighbor->role, role, error);
}

static bool read_session(json_object *object, const char *where, Peering__Neighbor *neighbor,
			 struct declaration_error *error)
{
	if (!get_word(object, where, "password", SECRET_TEXT_MAX, &neighbor->password, error) ||
	    !get_number(object, where, "ttlSecurityHops", 1, 254, "bad-value", &neighbor->ttl_security_hops, error) ||
	    !get_flag(object, where, "bfd", &neighbor->bfd, error) ||
	    !get_word(object, where, "bfdProfile", BFD_PROFILE_MAX, &neighbor->bfd_profile, error) ||
	    !get_number(object, where, "holdTime", 3, 65535, "bad-value", &neighbor->hold_time, error) ||
	    !get_number(object, where, "keepalive", 1, 65535, "bad-value", &neighbor->keepalive, error) ||
	    !get_number(object, where, "connectRetry", 1, 65535, "bad-value", &neighbor->connect_retry, error))
		return false;
	if (neighbor->bfd_profile[0] && !neighbor->bfd)
		return refuse(error, "bad-value", "%sbfdProfile goes with \"bfd\": true alone", where);
	if (neighbor->keepalive > neighbor->hold_time / 3)
		return refuse(error, "bad-value", "%skeepalive goes with a holdTime of at least three times as much", where);
	return read_role(object, where, neighbor, error) && read_local_address(object, where, neighbor, error);
}

static bool read_neighbor(json_object *object, size_t index, Peering__Neighbor *neighbor,
			  struct declaration_error *error)
{
	static const char *const keys[] = {"address",	"optional",	  "description", "families",
					   "password",	"ttlSecurityHops", "bfd",	 "bfdProfile",
					   "keepalive", "holdTime",	  "connectRetry", "role",
					   "roleStrict", "localAddress",   NULL};
	char usual[INET6_ADDRSTRLEN];
	const char *address;
	const char *why;
	char where[32];

	snprintf(where, sizeof(where), "neighbors[%zu].", index);
	if (!json_object_is_type(object, json_type_object))
		return refuse(error, "bad-value", "neighbors[%zu] must be an object with an \"address\"", index);
	if (!keys_known(object, where, keys, error) || !get_text(object, where, "address", &address, error))
		return false;
	why = read_address(address ? address : "", usual, sizeof(usual));
	if (why)
		return refuse(error, "bad-address", "%saddress \"%.60s\" %s; give one such as 192.0.2.2 or 2001:db8::2",
			      where, address ? address : "", why);
	if (!copy(&neighbor->address, usual, error))
		return false;
	return get_flag(object, where, "optional", &neighbor->optional, error) &&
	       get_description(object, where, &neighbor->description, error) &&
	       read_session(object, where, neighbor, error) && read_families(object, where, neighbor, error);
}

static bool read_neighbors(json_object *body, Peering__DeclareConnection *message, struct declaration_error *error)
{
	bool required = false;
	json_object *array;
	size_t count;

	if (!json_object_object_get_ex(body, "neighbors", &array) || !json_object_is_type(array, json_type_array) ||
	    json_object_array_length(array) == 0)
		return refuse(
			error, "bad-address",
			"neighbors must be a list with at least one neighbor, such as [{\"address\": \"192.0.2.2\"}]");
	count = json_object_array_length(array);
	if (count > DECLARATION_NEIGHBORS_MAX)
		return refuse(error, "bad-value", "neighbors has %zu entries; a connection has at most %d", count,
			      DECLARATION_NEIGHBORS_MAX);
	message->neighbors = calloc(count, sizeof(*message->neighbors));
	if (!message->neighbors)
		return refuse(error, "no-memory", "memory is short; try again");
	for (size_t i = 0; i < count; i++) {
		Peering__Neighbor *neighbor = malloc(sizeof(*neighbor));

		if (!neighbor)
			return refuse(error, "no-memory", "memory is short; try again");
		peering__neighbor__init(neighbor);
		message->neighbors[message->n_neighbors++] = neighbor;
		if (!read_neighbor(json_object_array_get_idx(array, i), i, neighbor, error))
			return false;
		for (size_t j = 0; j < i; j++)
			if (strcmp(message->neighbors[j]->address, neighbor->address) == 0)
				return refuse(error, "bad-address", "neighbors names %s twice", neighbor->address);
		required = required || !neighbor->optional;
	}
	/* With none required the connection would be complete without any session. */
	return required ? true
			: refuse(error, "bad-value",
				 "every neighbor is optional; at least one session must be required for validation");
}

static bool read_words(json_object *body, Peering__DeclareConnection *message, struct declaration_error *error)
{
	static const Peering__Kind kinds[KIND_COUNT] = {
		[KIND_DIRECT] = PEERING__KIND__KIND_DIRECT,
		[KIND_EXCHANGE] = PEERING__KIND__KIND_EXCHANGE,
		[KIND_ROUTE_SERVER] = PEERING__KIND__KIND_ROUTE_SERVER,
	};
	static const Peering__ActivationMode modes[ACTIVATION_COUNT] = {
		[ACTIVATION_MANUAL] = PEERING__ACTIVATION_MODE__ACTIVATION_MANUAL,
		[ACTIVATION_AUTO] = PEERING__ACTIVATION_MODE__ACTIVATION_AUTO,
		[ACTIVATION_CONTROLLER] = PEERING__ACTIVATION_MODE__ACTIVATION_CONTROLLER,
	};
	const char *kind, *activation;
	int value;

	if (!get_text(body, "", "kind", &kind, error) || !get_text(body, "", "activation", &activation, error))
		return false;
	value = kind ? connection_kind_from_name(kind) : KIND_DIRECT;
	if (value < 0)
		return refuse(error, "bad-value", "kind must be direct, exchange or route-server");
	message->kind = kinds[value];
	/* Left out, the router's own default applies. */
	if (!activation)
		return true;
	value = activation_mode_from_name(activation);
	if (value < 0)
		return refuse(error, "bad-value", "activation must be manual, auto or controller");
	message->activation = modes[value];
	return true;
}

static bool read_check(json_object *object, const char *name, Peering__DeclareConnection *message,
		       struct declaration_error *error)
{
	const char *level = json_object_is_type(object, json_type_string) ? json_object_get_string(object) : "";
	Peering__DeclaredCheck *check;
	char *shown;

	/* Which checks there are the router knows. */
	if (connection_name_error(name)) {
		shown = text_clean(name, 60);
		refuse(error, "bad-value", "checks: \"%s\" is no name of a check", shown ? shown : "");
		free(shown);
		return false;
	}
	if (strcmp(level, "required") != 0 && strcmp(level, "advisory") != 0 && strcmp(level, "off") != 0)
		return refuse(error, "bad-value", "checks.%s must be \"required\", \"advisory\" or \"off\"", name);
	check = malloc(sizeof(*check));
	if (!check)
		return refuse(error, "no-memory", "memory is short; try again");
	peering__declared_check__init(check);
	message->checks[message->n_checks++] = check;
	return copy(&check->name, name, error) && copy(&check->level, level, error);
}

static bool read_checks(json_object *body, Peering__DeclareConnection *message, struct declaration_error *error)
{
	json_object *object;

	if (!json_object_object_get_ex(body, "checks", &object) || object == NULL)
		return true;
	if (!json_object_is_type(object, json_type_object) || json_object_object_length(object) > CHECKS_MAX)
		return refuse(error, "bad-value",
			      "checks must be an object of at most %d levels, such as {\"no-bogons\": \"required\"}", CHECKS_MAX);
	if (json_object_object_length(object) == 0)
		return true;
	message->checks = calloc((size_t)json_object_object_length(object), sizeof(*message->checks));
	if (!message->checks)
		return refuse(error, "no-memory", "memory is short; try again");
	json_object_object_foreach (object, name, level)
		if (!read_check(level, name, message, error))
			return false;
	return true;
}

/* By what it is judged, and what a violation does while it is Active. */
static bool read_service(json_object *body, Peering__DeclareConnection *message, struct declaration_error *error)
{
	const char *on_violation, *reopen, *profile;

	if (!get_text(body, "", "onViolation", &on_violation, error) || !get_text(body, "", "reopenMode", &reopen, error) ||
	    !get_text(body, "", "profile", &profile, error))
		return false;
	if (on_violation && strcmp(on_violation, "report") != 0 && strcmp(on_violation, "deny") != 0)
		return refuse(error, "bad-value", "onViolation must be report or deny");
	if (on_violation)
		message->on_violation = strcmp(on_violation, "deny") == 0 ? PEERING__ON_VIOLATION__ON_VIOLATION_DENY
									  : PEERING__ON_VIOLATION__ON_VIOLATION_REPORT;
	if (reopen && strcmp(reopen, "manual") != 0 && strcmp(reopen, "auto") != 0)
		return refuse(error, "bad-value", "reopenMode must be manual or auto");
	if (reopen)
		message->reopen_mode = strcmp(reopen, "auto") == 0 ? PEERING__REOPEN_MODE__REOPEN_AUTO
								   : PEERING__REOPEN_MODE__REOPEN_MANUAL;
	if (profile && profile[0] && connection_name_error(profile))
		return refuse(error, "bad-value", "profile: %s", connection_name_error(profile));
	return copy(&message->profile, profile, error) &&
	       get_number(body, "", "reopenHoldDown", 1, VALIDATION_WINDOW_MAX, "bad-value", &message->reopen_hold_down,
			  error) &&
	       read_checks(body, message, error);
}

/* {"establish": SECONDS, …}: those of `peering NAME timers` */
static bool read_timers(json_object *body, Peering__DeclareConnection *message, struct declaration_error *error)
{
	static const char *const keys[] = {"establish", "validation", "stale", "drain", NULL};
	json_object *timers;

	if (!json_object_object_get_ex(body, "timers", &timers) || timers == NULL)
		return true;
	if (!json_object_is_type(timers, json_type_object))
		return refuse(error, "bad-value", "timers must be an object such as {\"establish\": 86400}");
	return keys_known(timers, "timers.", keys, error) &&
	       get_number(timers, "timers.", "establish", 1, TIMER_MAX, "bad-value", &message->establish_timer, error) &&
	       get_number(timers, "timers.", "validation", 1, TIMER_MAX, "bad-value", &message->validation_timer, error) &&
	       get_number(timers, "timers.", "stale", 1, TIMER_MAX, "bad-value", &message->stale_timer, error) &&
	       get_number(timers, "timers.", "drain", 1, TIMER_MAX, "bad-value", &message->drain_timer, error);
}

static bool read_body(json_object *body, Peering__DeclareConnection *message, struct declaration_error *error)
{
	static const char *const keys[] = {"name",	  "peerAsn",	 "kind",	   "activation", "validationWindow",
					   "onViolation", "reopenMode", "reopenHoldDown", "profile",	 "checks",
					   "description", "timers",	"neighbors",	   NULL};
	const char *name, *wrong;

	if (!json_object_is_type(body, json_type_object))
		return refuse(error, "bad-value", "the body must be a JSON object that describes a connection");
	if (!keys_known(body, "", keys, error) || !get_text(body, "", "name", &name, error))
		return false;
	wrong = connection_name_error(name ? name : "");
	if (wrong)
		return refuse(error, "bad-name", "name: %s", wrong);
	if (!copy(&message->name, name, error) ||
	    !get_number(body, "", "peerAsn", 1, UINT32_MOST, "bad-asn", &message->peer_asn, error))
		return false;
	if (message->peer_asn == 0)
		return refuse(error, "bad-asn", "peerAsn is missing; give the peer's AS number, 1 to 4294967295");
	return read_words(body, message, error) && read_service(body, message, error) &&
	       get_number(body, "", "validationWindow", 1, VALIDATION_WINDOW_MAX, "bad-value",
			  &message->validation_window, error) &&
	       get_description(body, "", &message->description, error) && read_timers(body, message, error) &&
	       read_neighbors(body, message, error);
}

Peering__DeclareConnection *declaration_from_json(json_object *body, struct declaration_error *error)
{
	Peering__DeclareConnection *message = malloc(sizeof(*message));

	if (!message) {
		refuse(error, "no-memory", "memory is short; try again");
		return NULL;
	}
	peering__declare_connection__init(message);
	if (read_body(body, message, error))
		return message;
	peering__declare_connection__free_unpacked(message, NULL);
	return NULL;
}

static void add_text(json_object *object, const char *key, const char *text)
{
	if (text[0] != '\0')
		json_object_object_add(object, key, json_object_new_string(text));
}

static json_object *family_to_json(const Peering__NeighborFamily *family)
{
	json_object *object = json_object_new_object();

	add_text(object, "afi", family->afi);
	if (family->received_limit)
		json_object_object_add(object, "receivedLimit", json_object_new_uint64(family->received_limit));
	add_text(object, "importPolicy", family->import_policy);
	add_text(object, "exportPolicy", family->export_policy);
	return object;
}

static void add_number(json_object *object, const char *key, uint32_t number)
{
	if (number)
		json_object_object_add(object, key, json_object_new_int64(number));
}

static void add_flag(json_object *object, const char *key, bool flag)
{
	if (flag)
		json_object_object_add(object, key, json_object_new_boolean(true));
}

static void add_session(json_object *object, const Peering__Neighbor *neighbor)
{
	add_flag(object, "passwordSet", neighbor->password[0]);
	add_flag(object, "passwordDiffers", neighbor->password_differs);
	add_number(object, "ttlSecurityHops", neighbor->ttl_security_hops);
	add_flag(object, "bfd", neighbor->bfd);
	add_text(object, "bfdProfile", neighbor->bfd_profile);
	add_number(object, "keepalive", neighbor->keepalive);
	add_number(object, "holdTime", neighbor->hold_time);
	add_number(object, "connectRetry", neighbor->connect_retry);
	add_text(object, "role", neighbor->role);
	add_flag(object, "roleStrict", neighbor->role_strict);
	add_text(object, "localAddress", neighbor->local_address);
}

static json_object *neighbor_to_json(const Peering__Neighbor *neighbor)
{
	json_object *object = json_object_new_object();
	json_object *families = json_object_new_array();

	add_text(object, "address", neighbor->address);
	json_object_object_add(object, "optional", json_object_new_boolean(neighbor->optional));
	add_text(object, "description", neighbor->description);
	add_session(object, neighbor);
	for (size_t i = 0; i < neighbor->n_families; i++)
		json_object_array_add(families, family_to_json(neighbor->families[i]));
	json_object_object_add(object, "families", families);
	return object;
}

static json_object *checks_to_json(const Peering__DeclareConnection *message)
{
	json_object *object = json_object_new_object();

	for (size_t i = 0; i < message->n_checks; i++)
		add_text(object, message->checks[i]->name, message->checks[i]->level);
	return object;
}

static json_object *timers_to_json(const Peering__DeclareConnection *message)
{
	json_object *object = json_object_new_object();

	add_number(object, "establish", message->establish_timer);
	add_number(object, "validation", message->validation_timer);
	add_number(object, "stale", message->stale_timer);
	add_number(object, "drain", message->drain_timer);
	return object;
}

json_object *declaration_to_json(const Peering__DeclareConnection *message)
{
	static const enum connection_kind kinds[] = {
		[PEERING__KIND__KIND_UNSPECIFIED] = KIND_DIRECT,
		[PEERING__KIND__KIND_DIRECT] = KIND_DIRECT,
		[PEERING__KIND__KIND_EXCHANGE] = KIND_EXCHANGE,
		[PEERING__KIND__KIND_ROUTE_SERVER] = KIND_ROUTE_SERVER,
	};
	static const char *const modes[] = {"", "manual", "auto", "controller"};
	static const char *const on_violation[] = {"", "report", "deny"};
	static const char *const reopen_modes[] = {"", "manual", "auto"};
	json_object *object = json_object_new_object();
	json_object *neighbors = json_object_new_array();

	add_text(object, "name", message->name);
	json_object_object_add(object, "peerAsn", json_object_new_int64(message->peer_asn));
	add_text(object, "kind", connection_kind_name(kinds[message->kind]));
	add_text(object, "activation", modes[message->activation]);
	if (message->validation_window)
		json_object_object_add(object, "validationWindow", json_object_new_int64(message->validation_window));
	add_text(object, "onViolation", on_violation[message->on_violation]);
	add_text(object, "reopenMode", reopen_modes[message->reopen_mode]);
	if (message->reopen_hold_down)
		json_object_object_add(object, "reopenHoldDown", json_object_new_int64(message->reopen_hold_down));
	add_text(object, "profile", message->profile);
	if (message->n_checks)
		json_object_object_add(object, "checks", checks_to_json(message));
	add_text(object, "description", message->description);
	if (message->establish_timer || message->validation_timer || message->stale_timer || message->drain_timer)
		json_object_object_add(object, "timers", timers_to_json(message));
	for (size_t i = 0; i < message->n_neighbors; i++)
		json_object_array_add(neighbors, neighbor_to_json(message->neighbors[i]));
	json_object_object_add(object, "neighbors", neighbors);
	return object;
}
