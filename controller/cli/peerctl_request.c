// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool take_number(const char *option, const char *value, uint32_t *number)
{
	unsigned long long parsed;
	char *end;

	errno = 0;
	parsed = value[0] >= '0' && value[0] <= '9' ? strtoull(value, &end, 10) : 0;
	if (parsed == 0 || errno != 0 || *end != '\0' || parsed > UINT32_MAX) {
		fprintf(stderr, "peerctl: --%s takes a whole number from 1 to 4294967295, not '%s'\n", option, value);
		return false;
	}
	*number = (uint32_t)parsed;
	return true;
}

/* Splits "ipv4=VALUE"; NULL with a sentence said where it is none. */
static struct request_family *take_family(struct request_options *options, const char *option, const char **value)
{
	if (strncmp(*value, "ipv4=", 5) == 0 && (*value)[5]) {
		*value += 5;
		return &options->ipv4;
	}
	if (strncmp(*value, "ipv6=", 5) == 0 && (*value)[5]) {
		*value += 5;
		return &options->ipv6;
	}
	fprintf(stderr, "peerctl: --%s takes ipv4=VALUE or ipv6=VALUE, not '%s'\n", option, *value);
	return NULL;
}

/* "NAME=LEVEL" */
static bool take_check(struct request_options *options, const char *value)
{
	const char *level = strchr(value, '=');
	char *name;

	if (!level || level == value) {
		fprintf(stderr, "peerctl: --check takes NAME=required, NAME=advisory or NAME=off, not '%s'\n", value);
		return false;
	}
	if (!options->checks)
		options->checks = json_object_new_object();
	name = strndup(value, (size_t)(level - value));
	json_object_object_add(options->checks, name, json_object_new_string(level + 1));
	free(name);
	return true;
}

static void add_to(json_object **object, const char *key, json_object *value)
{
	if (!*object)
		*object = json_object_new_object();
	json_object_object_add(*object, key, value);
}

static bool take_session_number(struct request_options *options, const char *option, const char *key, const char *value)
{
	uint32_t number;

	if (!take_number(option, value, &number))
		return false;
	add_to(&options->session, key, json_object_new_int64(number));
	return true;
}

static bool take_session_text(struct request_options *options, const char *key, const char *value)
{
	add_to(&options->session, key, json_object_new_string(value));
	return true;
}

static bool take_session_flag(struct request_options *options, const char *key)
{
	add_to(&options->session, key, json_object_new_boolean(true));
	return true;
}

/* The first line of a file, or of standard input: an argument would be everybody's to see. */
static bool take_password(struct request_options *options, const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char line[256] = "";
	bool read = file && fgets(line, sizeof(line), file);

	if (file && file != stdin)
		fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (!read || !line[0]) {
		fprintf(stderr, "peerctl: --password-file: %s has no password in its first line%s%s\n", path,
			file ? "" : ": ", file ? "" : strerror(errno));
		return false;
	}
	take_session_text(options, "password", line);
	explicit_bzero(line, sizeof(line));
	return true;
}

/* "NAME=SECONDS" */
static bool take_timer(struct request_options *options, const char *value)
{
	static const char *const timers[] = {"establish=", "validation=", "stale=", "drain="};
	const char *seconds = strchr(value, '=');
	bool known = false;
	uint32_t number;
	char *name;

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		known |= strncmp(value, timers[i], strlen(timers[i])) == 0;
	if (!known) {
		fprintf(stderr, "peerctl: --timer takes establish=S, validation=S, stale=S or drain=S, not '%s'\n", value);
		return false;
	}
	if (!take_number("timer", seconds + 1, &number))
		return false;
	name = strndup(value, (size_t)(seconds - value));
	add_to(&options->timers, name, json_object_new_int64(number));
	free(name);
	return true;
}

static bool session_option(struct request_options *options, int option, const char *value)
{
	switch (option) {
	case '1':
		return take_password(options, value);
	case '2':
		return take_session_number(options, "ttl-security", "ttlSecurityHops", value);
	case '3':
		return take_session_flag(options, "bfd");
	case '4':
		return take_session_flag(options, "bfd") && take_session_text(options, "bfdProfile", value);
	case '5':
		return take_session_number(options, "hold-time", "holdTime", value);
	case '6':
		return take_session_number(options, "keepalive", "keepalive", value);
	case '7':
		return take_session_number(options, "connect-retry", "connectRetry", value);
	case '8':
		return take_session_text(options, "role", value);
	case '9':
		return take_session_flag(options, "roleStrict");
	case '0':
		*(strchr(value, ':') ? &options->ipv6.local_address : &options->ipv4.local_address) = value;
		return true;
	case '+':
		return take_timer(options, value);
	default:
		return false;
	}
}

bool request_option(struct request_options *options, int option, const char *value)
{
	struct request_family *family;

	switch (option) {
	case 'a':
		return take_number("asn", value, &options->asn);
	case 'w':
		return take_number("validation-window", value, &options->validation_window);
	case 'k':
		options->kind = value;
		return true;
	case 'm':
		options->activation = value;
		return true;
	case 'd':
		options->description = value;
		return true;
	case 'v':
		options->on_violation = value;
		return true;
	case 'O':
		options->reopen_mode = value;
		return true;
	case 'H':
		return take_number("reopen-hold-down", value, &options->reopen_hold_down);
	case 'p':
		options->profile = value;
		return true;
	case 'c':
		return take_check(options, value);
	case 'n':
		if (options->neighbor_count == REQUEST_NEIGHBORS_MAX) {
			fprintf(stderr, "peerctl: a connection has at most %d neighbors\n", REQUEST_NEIGHBORS_MAX);
			return false;
		}
		options->neighbors[options->neighbor_count++] = value;
		return true;
	case 'l':
		family = take_family(options, "limit", &value);
		return family && take_number("limit", value, &family->limit);
	case 'i':
		family = take_family(options, "import", &value);
		if (family)
			family->import_policy = value;
		return family != NULL;
	case 'e':
		family = take_family(options, "export", &value);
		if (family)
			family->export_policy = value;
		return family != NULL;
	default:
		return session_option(options, option, value);
	}
}

void request_options_free(struct request_options *options)
{
	json_object_put(options->checks);
	json_object_put(options->session);
	json_object_put(options->timers);
}

static bool is_given(const struct request_family *family)
{
	return family->limit || family->import_policy || family->export_policy;
}

static bool concerns(const struct request_family *family)
{
	return is_given(family) || family->local_address;
}

static void add_text(json_object *object, const char *key, const char *text)
{
	if (text)
		json_object_object_add(object, key, json_object_new_string(text));
}

static json_object *family_json(const char *afi, const struct request_family *family)
{
	json_object *object = json_object_new_object();

	add_text(object, "afi", afi);
	if (family->limit)
		json_object_object_add(object, "receivedLimit", json_object_new_int64(family->limit));
	add_text(object, "importPolicy", family->import_policy);
	add_text(object, "exportPolicy", family->export_policy);
	return object;
}

static json_object *neighbor_json(const struct request_options *options, const char *given)
{
	static const char optional[] = ",optional";
	size_t length = strlen(given);
	bool is_optional = length > strlen(optional) && strcmp(given + length - strlen(optional), optional) == 0;
	bool is_ipv6 = strchr(given, ':') != NULL;
	const struct request_family *family = is_ipv6 ? &options->ipv6 : &options->ipv4;
	json_object *neighbor = json_object_new_object();
	json_object *families = json_object_new_array();

	if (is_optional)
		length -= strlen(optional);
	json_object_object_add(neighbor, "address", json_object_new_string_len(given, (int)length));
	json_object_object_add(neighbor, "optional", json_object_new_boolean(is_optional));
	if (is_given(family))
		json_object_array_add(families, family_json(is_ipv6 ? "ipv6" : "ipv4", family));
	json_object_object_add(neighbor, "families", families);
	add_text(neighbor, "localAddress", family->local_address);
	if (options->session) {
		json_object_object_foreach (options->session, key, value)
			json_object_object_add(neighbor, key, json_object_get(value));
	}
	return neighbor;
}

static bool has_neighbor(const struct request_options *options, bool ipv6)
{
	for (size_t i = 0; i < options->neighbor_count; i++)
		if ((strchr(options->neighbors[i], ':') != NULL) == ipv6)
			return true;
	return false;
}

json_object *request_body(const struct request_options *options, const char *name, char *error, size_t error_size)
{
	json_object *body, *neighbors;

	if (options->asn == 0 || options->neighbor_count == 0) {
		snprintf(error, error_size, "%s is missing; see peerctl request --help",
			 options->asn == 0 ? "--asn N" : "--neighbor ADDR");
		return NULL;
	}
	/* Else what was meant for a session would be lost without a word. */
	if ((concerns(&options->ipv4) && !has_neighbor(options, false)) ||
	    (concerns(&options->ipv6) && !has_neighbor(options, true))) {
		bool ipv6 = concerns(&options->ipv6) && !has_neighbor(options, true);

		snprintf(error, error_size,
			 "--limit, --import, --export or --local-address names %s, but no --neighbor has such an address",
			 ipv6 ? "ipv6" : "ipv4");
		return NULL;
	}
	body = json_object_new_object();
	neighbors = json_object_new_array();
	add_text(body, "name", name);
	json_object_object_add(body, "peerAsn", json_object_new_int64(options->asn));
	add_text(body, "kind", options->kind);
	add_text(body, "activation", options->activation);
	if (options->validation_window)
		json_object_object_add(body, "validationWindow", json_object_new_int64(options->validation_window));
	add_text(body, "onViolation", options->on_violation);
	add_text(body, "reopenMode", options->reopen_mode);
	if (options->reopen_hold_down)
		json_object_object_add(body, "reopenHoldDown", json_object_new_int64(options->reopen_hold_down));
	add_text(body, "profile", options->profile);
	if (options->checks)
		json_object_object_add(body, "checks", json_object_get(options->checks));
	add_text(body, "description", options->description);
	if (options->timers)
		json_object_object_add(body, "timers", json_object_get(options->timers));
	for (size_t i = 0; i < options->neighbor_count; i++)
		json_object_array_add(neighbors, neighbor_json(options, options->neighbors[i]));
	json_object_object_add(body, "neighbors", neighbors);
	return body;
}
