// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/events/webhook_config.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)256 << 10)
#define NAME_MAX_BYTES 64
#define WHY_MAX 512

static const char *const event_names[WEBHOOK_EVENT_COUNT] = {
	[WEBHOOK_ACTIVE] = "active",   [WEBHOOK_FAILED] = "failed",	[WEBHOOK_DEGRADED] = "degraded",
	[WEBHOOK_RECOVERED] = "recovered", [WEBHOOK_REMOVED] = "removed", [WEBHOOK_EXPIRING] = "expiring",
	[WEBHOOK_TEST] = "test",
};

const char *webhook_event_name(enum webhook_event event)
{
	return (unsigned int)event < WEBHOOK_EVENT_COUNT ? event_names[event] : "?";
}

/* The whole file with a NUL behind it, malloc; NULL with errno set. */
static char *read_file(const char *path, size_t most, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(most + 2) : NULL;
	int failure;

	if (text) {
		*size = fread(text, 1, most + 1, file);
		text[*size] = '\0';
		if (ferror(file) || *size > most) {
			failure = ferror(file) ? errno : EFBIG;
			free(text);
			text = NULL;
			errno = failure;
		}
	}
	failure = errno;
	if (file)
		fclose(file);
	errno = failure;
	return text;
}

static const char *text_of(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : NULL;
}

static bool read_name(const char *name, const struct webhook_configs *configs, struct webhook_config *config, char *why)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (!name || name[0] == '\0' || strlen(name) > NAME_MAX_BYTES || strspn(name, plain) != strlen(name)) {
		snprintf(why, WHY_MAX, "\"name\" takes 1 to %d letters, digits, '-' and '_'", NAME_MAX_BYTES);
		return false;
	}
	for (size_t i = 0; i < configs->count; i++) {
		if (strcmp(configs->list[i].name, name) == 0) {
			snprintf(why, WHY_MAX, "the name %s stands twice", name);
			return false;
		}
	}
	config->name = strdup(name);
	return config->name != NULL;
}

static bool is_loopback(const char *host)
{
	struct in_addr address;

	return strcmp(host, "[::1]") == 0 || strcmp(host, "localhost") == 0 ||
	       (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET);
}

/* https, or http on this machine, or wherever that is allowed. */
static bool read_url(const char *url, bool allow_http, struct webhook_config *config, char *why)
{
	char *scheme = NULL, *host = NULL, *user = NULL;
	CURLU *parts = curl_url();
	bool good = url && parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK;

	if (!good) {
		snprintf(why, WHY_MAX, "\"url\" takes an address such as https://hooks.example.net/peering");
	} else if (curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK) {
		snprintf(why, WHY_MAX, "\"url\" has a user in it; who sends is told by the signature");
		good = false;
	} else if (strcmp(scheme, "https") != 0 &&
		   (strcmp(scheme, "http") != 0 || !(allow_http || is_loopback(host)))) {
		snprintf(
			why, WHY_MAX,
			"\"url\" begins with https://; http:// is for this machine alone, or with \"allowHttp\": true");
		good = false;
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(parts);
	if (good)
		config->url = strdup(url);
	return good && config->url;
}

static bool read_events(json_object *events, struct webhook_config *config, char *why)
{
	for (size_t i = 0; json_object_is_type(events, json_type_array) && i < json_object_array_length(events); i++) {
		const char *word = json_object_get_string(json_object_array_get_idx(events, i));
		unsigned int event = 0;

		while (event < WEBHOOK_TEST && (!word || strcmp(event_names[event], word) != 0))
			event++;
		if (event == WEBHOOK_TEST) {
			config->events = 0;
			break;
		}
		config->events |= 1u << event;
	}
	if (config->events != 0)
		return true;
	snprintf(why, WHY_MAX,
		 "\"events\" takes a list of active, failed, degraded, recovered, removed and expiring, not an empty "
		 "one");
	return false;
}

static bool read_secret(const char *path, struct webhook_config *config, char *why)
{
	size_t size = 0;

	if (!path) {
		snprintf(why, WHY_MAX, "\"secretFile\" names the file with the secret that signs what is sent");
		return false;
	}
	config->secret = (unsigned char *)read_file(path, WEBHOOK_SECRET_MAX, &size);
	if (!config->secret) {
		snprintf(why, WHY_MAX, "cannot read the secret %s: %s", path, strerror(errno));
		return false;
	}
	while (size > 0 && (config->secret[size - 1] == '\n' || config->secret[size - 1] == '\r'))
		size--;
	config->secret_size = size;
	if (size >= WEBHOOK_SECRET_MIN)
		return true;
	snprintf(why, WHY_MAX, "the secret in %s is shorter than %d bytes; `openssl rand -hex 32` makes a good one",
		 path, WEBHOOK_SECRET_MIN);
	return false;
}

static bool keys_are_known(json_object *object, char *why)
{
	static const char *const known[] = {"name", "url", "events", "secretFile", "ca", "allowHttp"};

	json_object_object_foreach(object, key, value)
	{
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i], key) != 0)
			i++;
		if (i == sizeof(known) / sizeof(known[0])) {
			snprintf(why, WHY_MAX,
				 "there is no key \"%.60s\"; there are name, url, events, secretFile, ca and allowHttp",
				 key);
			return false;
		}
	}
	return true;
}

static bool read_one(json_object *object, const struct webhook_configs *configs, struct webhook_config *config,
		     char *why)
{
	json_object *events = NULL, *allow_http = NULL;
	const char *ca;

	snprintf(why, WHY_MAX, "memory is short");
	if (!json_object_is_type(object, json_type_object)) {
		snprintf(why, WHY_MAX, "a web hook is an object");
		return false;
	}
	json_object_object_get_ex(object, "events", &events);
	json_object_object_get_ex(object, "allowHttp", &allow_http);
	ca = text_of(object, "ca");
	if (ca && !(config->ca = strdup(ca)))
		return false;
	return keys_are_known(object, why) && read_name(text_of(object, "name"), configs, config, why) &&
	       read_url(text_of(object, "url"), json_object_get_boolean(allow_http), config, why) &&
	       read_events(events, config, why) && read_secret(text_of(object, "secretFile"), config, why);
}

static bool read_list(struct webhook_configs *configs, json_object *list, const char *path, char *error,
		      size_t error_size)
{
	size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	if (!json_object_is_type(list, json_type_array) || count > WEBHOOKS_MAX) {
		snprintf(error, error_size, "%s: this is no JSON list of at most %d web hooks", path, WEBHOOKS_MAX);
		return false;
	}
	configs->list = calloc(count + 1, sizeof(*configs->list));
	if (!configs->list) {
		snprintf(error, error_size, "memory is short");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		char why[WHY_MAX];
		bool good = read_one(json_object_array_get_idx(list, i), configs, &configs->list[i], why);

		configs->count++;
		if (good)
			continue;
		snprintf(error, error_size, "%s: web hook %zu: %s", path, i + 1, why);
		return false;
	}
	return true;
}

bool webhook_configs_read(struct webhook_configs *configs, const char *path, bool optional, char *error,
			  size_t error_size)
{
	json_object *list;
	size_t size = 0;
	char *text;
	bool good;

	memset(configs, 0, sizeof(*configs));
	text = read_file(path, FILE_MAX, &size);
	if (!text) {
		if (optional && errno == ENOENT)
			return true;
		snprintf(error, error_size, "%s: cannot read: %s", path, strerror(errno));
		return false;
	}
	list = json_tokener_parse(text);
	free(text);
	good = read_list(configs, list, path, error, error_size);
	json_object_put(list);
	if (!good)
		webhook_configs_free(configs);
	return good;
}

void webhook_configs_free(struct webhook_configs *configs)
{
	for (size_t i = 0; i < configs->count; i++) {
		struct webhook_config *config = &configs->list[i];

		free(config->name);
		free(config->url);
		free(config->ca);
		if (config->secret)
			explicit_bzero(config->secret, config->secret_size);
		free(config->secret);
	}
	free(configs->list);
	memset(configs, 0, sizeof(*configs));
}
