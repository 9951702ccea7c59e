// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/service/config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/routers/listener.h"

#define LINE_MAX_BYTES 4096

enum key_type { KEY_ADDRESS, KEY_FILE, KEY_NUMBER, KEY_WORD, KEY_PEOPLE };

static const struct key {
	const char *name;
	enum key_type type;
	size_t offset;
	const char *standard;
	unsigned int least, most; /* numbers alone */
} keys[] = {
	{"router-listen", KEY_ADDRESS, offsetof(struct config, router_listen), "[::]:4790", 0, 0},
	{"api-listen", KEY_ADDRESS, offsetof(struct config, api_listen), "127.0.0.1:4791", 0, 0},
	{"metrics-listen", KEY_ADDRESS, offsetof(struct config, metrics_listen), "", 0, 0},
	{"tls-ca", KEY_FILE, offsetof(struct config, tls_ca), "/etc/peering-controller/ca.pem", 0, 0},
	{"tls-certificate", KEY_FILE, offsetof(struct config, tls_certificate),
	 "/etc/peering-controller/controller.pem", 0, 0},
	{"tls-key", KEY_FILE, offsetof(struct config, tls_key), "/etc/peering-controller/controller.key", 0, 0},
	{"tls-crl", KEY_FILE, offsetof(struct config, tls_crl), NULL, 0, 0},
	{"database", KEY_FILE, offsetof(struct config, database), "/var/lib/peering-controller/controller.db", 0, 0},
	{"user", KEY_WORD, offsetof(struct config, user), "", 0, 0},
	{"webhooks", KEY_FILE, offsetof(struct config, webhooks), CONFIG_DEFAULT_WEBHOOKS, 0, 0},
	{"peering-policy", KEY_FILE, offsetof(struct config, peering_policy), "", 0, 0},
	{"heartbeat", KEY_NUMBER, offsetof(struct config, heartbeat), "30", 1, 60},
	{"silence", KEY_NUMBER, offsetof(struct config, silence), "90", 1, 3600},
	{"handshake-timeout", KEY_NUMBER, offsetof(struct config, handshake_timeout), "10", 1, 600},
	{"push-wait", KEY_NUMBER, offsetof(struct config, push_wait), "10", 1, 300},
	{"max-routers", KEY_NUMBER, offsetof(struct config, max_routers), "4096", 1, 100000},
	{"max-api-clients", KEY_NUMBER, offsetof(struct config, max_api_clients), "256", 1, 10000},
	{"max-handshakes", KEY_NUMBER, offsetof(struct config, max_handshakes), "1024", 1, 100000},
	{"api-rate", KEY_NUMBER, offsetof(struct config, api_rate), "500", 1, 1000},
	{"api-rate-peer", KEY_NUMBER, offsetof(struct config, api_rate_peer), "10", 1, 1000},
	{"admin", KEY_PEOPLE, offsetof(struct config, admins), "", 0, 0},
	{"viewer", KEY_PEOPLE, offsetof(struct config, viewers), "", 0, 0},
	{"max-handshakes-per-source", KEY_NUMBER, offsetof(struct config, max_handshakes_per_source), "64", 1, 100000},
	{"max-event-streams", KEY_NUMBER, offsetof(struct config, max_event_streams), "200", 1, 10000},
	{"events-kept", KEY_NUMBER, offsetof(struct config, events_kept), "1000000", 1000, 100000000},
	{"events-days", KEY_NUMBER, offsetof(struct config, events_days), "30", 1, 3650},
	{"history-kept", KEY_NUMBER, offsetof(struct config, history_kept), "5000000", 1000, 100000000},
	{"history-days", KEY_NUMBER, offsetof(struct config, history_days), "400", 1, 3650},
	{"pushes-kept", KEY_NUMBER, offsetof(struct config, pushes_kept), "1000000", 1000, 100000000},
	{"pushes-days", KEY_NUMBER, offsetof(struct config, pushes_days), "400", 3, 3650},
	{"audit-kept", KEY_NUMBER, offsetof(struct config, audit_kept), "1000000", 1000, 100000000},
	{"audit-days", KEY_NUMBER, offsetof(struct config, audit_days), "400", 1, 3650},
	{"peerings-days", KEY_NUMBER, offsetof(struct config, peerings_days), "400", 1, 3650},
	{"idempotency-keys", KEY_NUMBER, offsetof(struct config, idempotency_keys), "100000", 10, 10000000},
	{"peer-peerings", KEY_NUMBER, offsetof(struct config, peer_peerings), "500", 1, 100000},
	{"peer-changes", KEY_NUMBER, offsetof(struct config, peer_changes), "200", 1, 1000000},
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static bool read_number(const char *value, unsigned int least, unsigned int most, unsigned int *number)
{
	unsigned long parsed;
	char *end;

	if (value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	parsed = strtoul(value, &end, 10);
	if (errno != 0 || *end != '\0' || parsed < least || parsed > most)
		return false;
	*number = (unsigned int)parsed;
	return true;
}

/* E-mail addresses with commas between them. */
static bool is_people(const char *value)
{
	while (*value != '\0') {
		size_t length;

		value += strspn(value, CONFIG_LIST_GAP);
		length = strcspn(value, CONFIG_LIST_GAP);
		if (length > 0 && !memchr(value, '@', length))
			return false;
		value += length;
	}
	return true;
}

static bool set_key(struct config *config, const struct key *key, const char *value, char *why, size_t why_size)
{
	void *field = (char *)config + key->offset;
	struct sockaddr_storage address;
	char *copy;

	switch (key->type) {
	case KEY_NUMBER:
		if (read_number(value, key->least, key->most, field))
			return true;
		snprintf(why, why_size, "'%s' takes a number from %u to %u, not '%s'", key->name, key->least, key->most,
			 value);
		return false;
	case KEY_ADDRESS:
		/* Only a default is empty. */
		if (value[0] != '\0' && !listener_parse(value, &address)) {
			snprintf(why, why_size,
				 "'%s' takes an address and a port, such as 192.0.2.1:4790 or [::]:4790, not '%s'",
				 key->name, value);
			return false;
		}
		break;
	case KEY_WORD:
		break;
	case KEY_FILE:
		/* Left out, some are none. */
		if (value[0] != '/' && value != key->standard) {
			snprintf(why, why_size, "'%s' takes a whole path that begins with '/', not '%s'", key->name,
				 value);
			return false;
		}
		break;
	case KEY_PEOPLE:
		if (!is_people(value)) {
			snprintf(why, why_size,
				 "'%s' takes the e-mail addresses in operators' certificates, with commas between them, "
				 "not '%s'",
				 key->name, value);
			return false;
		}
		break;
	}
	copy = strdup(value);
	if (!copy) {
		snprintf(why, why_size, "memory is short");
		return false;
	}
	free(*(char **)field);
	*(char **)field = copy;
	return true;
}

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t\r\n");
	length = strlen(text);
	while (length > 0 && strchr(" \t\r\n", text[length - 1]))
		text[--length] = '\0';
	return text;
}

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static void name_keys(char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < KEY_COUNT && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", keys[i].name);
}

/* One line; `seen` says of each key whether it was there. False with the reason in `why`. */
static bool read_line(struct config *config, char *line, bool *seen, char *why, size_t why_size)
{
	char *text = trim(line);
	char *value = strchr(text, '=');
	const struct key *key;
	char names[1024];

	if (text[0] == '\0' || text[0] == '#')
		return true;
	if (!value) {
		snprintf(why, why_size, "this is no 'key = value' line; comments begin with '#'");
		return false;
	}
	*value++ = '\0';
	text = trim(text);
	value = trim(value);
	key = find_key(text);
	if (!key) {
		name_keys(names, sizeof(names));
		snprintf(why, why_size, "there is no key '%.60s'; the keys are %s", text, names);
		return false;
	}
	if (seen[key - keys]) {
		snprintf(why, why_size, "'%s' stands twice; keep one", key->name);
		return false;
	}
	seen[key - keys] = true;
	if (value[0] == '\0') {
		snprintf(why, why_size, "'%s' has no value; give one, or remove the line for the default %s", key->name,
			 key->standard);
		return false;
	}
	return set_key(config, key, value, why, why_size);
}

static bool read_lines(struct config *config, FILE *file, const char *path, char *error, size_t error_size)
{
	char line[LINE_MAX_BYTES];
	char why[CONFIG_ERROR_MAX];
	unsigned int number = 0;
	bool seen[KEY_COUNT] = {false};

	while (fgets(line, sizeof(line), file)) {
		number++;
		if (!strchr(line, '\n') && !feof(file)) {
			snprintf(error, error_size, "%s:%u: the line is longer than %d characters; shorten it", path,
				 number, LINE_MAX_BYTES - 2);
			return false;
		}
		if (!read_line(config, line, seen, why, sizeof(why))) {
			snprintf(error, error_size, "%s:%u: %s", path, number, why);
			return false;
		}
	}
	if (ferror(file)) {
		snprintf(error, error_size, "%s: cannot read: %s", path, strerror(errno));
		return false;
	}
	return true;
}

bool config_read(struct config *config, const char *path, char *error, size_t error_size)
{
	FILE *file;
	bool good;

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (keys[i].standard && !set_key(config, &keys[i], keys[i].standard, error, error_size)) {
			config_free(config);
			return false;
		}
	}
	file = fopen(path ? path : CONFIG_DEFAULT_FILE, "re");
	if (!file) {
		if (!path && errno == ENOENT)
			return true;
		snprintf(error, error_size, "%s: cannot open: %s; name the configuration file with -c FILE",
			 path ? path : CONFIG_DEFAULT_FILE, strerror(errno));
		config_free(config);
		return false;
	}
	good = read_lines(config, file, path ? path : CONFIG_DEFAULT_FILE, error, error_size);
	fclose(file);
	if (!good)
		config_free(config);
	return good;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].type != KEY_NUMBER)
			free(*(char **)((char *)config + keys[i].offset));
	memset(config, 0, sizeof(*config));
}
