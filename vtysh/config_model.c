// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "vtysh/config_model.h"

#include <arpa/inet.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/guard_words.h"

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* ---- addresses ---- */

void config_key(const char *text, char key[CONFIG_KEY_MAX])
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		inet_ntop(AF_INET, bytes, key, CONFIG_KEY_MAX);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		inet_ntop(AF_INET6, bytes, key, CONFIG_KEY_MAX);
	else
		snprintf(key, CONFIG_KEY_MAX, "%s", text);
}

bool config_prefix_read(const char *text, struct config_prefix *prefix)
{
	char address[CONFIG_KEY_MAX], *slash, *end;
	int full;

	*prefix = (struct config_prefix){0};
	snprintf(address, sizeof(address), "%s", text);
	slash = strchr(address, '/');
	if (slash)
		*slash = '\0';
	if (inet_pton(AF_INET, address, prefix->bytes) == 1)
		prefix->family = AF_INET;
	else if (inet_pton(AF_INET6, address, prefix->bytes) == 1)
		prefix->family = AF_INET6;
	else
		return false;
	full = prefix->family == AF_INET ? 32 : 128;
	prefix->length = slash ? (int)strtol(slash + 1, &end, 10) : full;
	return prefix->length >= 0 && prefix->length <= full;
}

bool config_prefix_covers(const struct config_prefix *outer, const struct config_prefix *inner)
{
	int whole = outer->length / 8, bits = outer->length % 8;

	if (outer->family != inner->family || inner->length < outer->length ||
	    memcmp(outer->bytes, inner->bytes, (size_t)whole) != 0)
		return false;
	return !bits || ((outer->bytes[whole] ^ inner->bytes[whole]) >> (8 - bits)) == 0;
}

/* "64512" or "1.10"; 0 where it is neither. */
static unsigned long read_as(const char *text)
{
	char *end;
	unsigned long high = strtoul(text, &end, 10), low;

	if (*end == '\0')
		return high;
	if (*end != '.' || !end[1])
		return 0;
	low = strtoul(end + 1, &end, 10);
	return *end ? 0 : high << 16 | low;
}

/* ---- instances and neighbors ---- */

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct config_neighbor *)a)->key, ((const struct config_neighbor *)b)->key);
}

static int by_address(const void *a, const void *b)
{
	return strcmp(((const struct config_declaration *)a)->address, ((const struct config_declaration *)b)->address);
}

struct config_instance *config_model_instance(const struct config_model *model, const char *vrf)
{
	for (size_t i = 0; i < model->count; i++)
		if (strcmp(model->instances[i].vrf, vrf) == 0)
			return &model->instances[i];
	return NULL;
}

static struct config_instance *instance_of(struct config_model *model, const char *vrf)
{
	struct config_instance *instance = config_model_instance(model, vrf);

	if (instance)
		return instance;
	model->instances = must(reallocarray(model->instances, model->count + 1, sizeof(*model->instances)));
	instance = &model->instances[model->count++];
	*instance = (struct config_instance){0};
	snprintf(instance->vrf, sizeof(instance->vrf), "%s", vrf);
	return instance;
}

struct config_neighbor *config_model_neighbor(const struct config_instance *instance, const char *key)
{
	struct config_neighbor wanted, **found;

	config_key(key, wanted.key);
	found = tfind(&wanted, &instance->neighbors, by_key);
	return found ? *found : NULL;
}

static struct config_neighbor *neighbor_of(struct config_instance *instance, const char *key)
{
	struct config_neighbor *neighbor = config_model_neighbor(instance, key);

	if (neighbor)
		return neighbor;
	neighbor = must(calloc(1, sizeof(*neighbor)));
	config_key(key, neighbor->key);
	must(tsearch(neighbor, &instance->neighbors, by_key));
	return neighbor;
}

const struct config_declaration *config_model_declaration(const struct config_instance *instance, const char *key)
{
	struct config_declaration wanted;

	if (!instance->declaration_count)
		return NULL;
	config_key(key, wanted.address);
	return bsearch(&wanted, instance->declarations, instance->declaration_count, sizeof(wanted), by_address);
}

bool config_model_is_adopted(const struct config_instance *instance, const char *connection)
{
	for (size_t i = 0; i < instance->adopted_count; i++)
		if (strcmp(instance->adopted[i], connection) == 0)
			return true;
	return false;
}

/* ---- lines ---- */

/* `neighbor X shutdown [message …]` of an operator's. */
static bool shuts(const struct config_line *line)
{
	char message[CONFIG_LINE_MAX];

	if (!config_word_is(line->words[2], "shutdown", 2))
		return false;
	if (line->count == 3)
		return true;
	if (!config_word_is(line->words[3], "message", 1))
		return false;
	config_rest(line, 4, message, sizeof(message));
	return strncmp(message, GUARD_MESSAGE, strlen(GUARD_MESSAGE)) != 0;
}

static void read_remote_as(struct config_neighbor *neighbor, const char *word)
{
	if (config_word_is(word, "internal", 1)) {
		neighbor->rule = AS_INTERNAL;
	} else if (config_word_is(word, "external", 1) || config_word_is(word, "auto", 1)) {
		/* Whatever the peer is, with `auto`: it is taken for the one that has to be gated. */
		neighbor->rule = AS_EXTERNAL;
	} else {
		neighbor->rule = AS_NUMBER;
		neighbor->remote_as = read_as(word);
	}
}

bool config_takes_away(const struct config_line *line)
{
	return line->no && !line->depth && config_word_is(line->words[0], "neighbor", 1) &&
	       (line->count == 2 ||
		(line->count > 2 && (config_word_is(line->words[2], "remote-as", 3) ||
				     config_word_is(line->words[2], "interface", 2))));
}

static void read_neighbor(struct config_instance *instance, const struct config_line *line)
{
	struct config_neighbor *neighbor;
	const char *what;

	if (line->count < 2)
		return;
	what = line->count > 2 ? line->words[2] : "";
	neighbor = config_model_neighbor(instance, line->words[1]);
	if (line->no) {
		if (neighbor && (config_word_is(what, "shutdown", 2) || config_takes_away(line)))
			neighbor->shut = false;
		return;
	}
	/* Of an address family this alone is about the neighbor itself. */
	if (line->count < 3 || (line->depth && (!config_word_is(what, "peer-group", 2) || line->count == 3)))
		return;
	if (!neighbor)
		neighbor = neighbor_of(instance, line->words[1]);
	if (config_word_is(what, "peer-group", 2)) {
		if (line->count == 3)
			neighbor->is_group = true;
		else
			snprintf(neighbor->group, sizeof(neighbor->group), "%s", line->words[3]);
	} else if (config_remote_as(line, 2)) {
		read_remote_as(neighbor, line->words[3]);
	} else if (config_word_is(what, "interface", 2)) {
		for (int i = 3; i + 1 < line->count; i++) {
			if (config_remote_as(line, i))
				read_remote_as(neighbor, line->words[i + 1]);
			else if (config_word_is(line->words[i], "peer-group", 2))
				snprintf(neighbor->group, sizeof(neighbor->group), "%s", line->words[i + 1]);
		}
	} else if (config_word_is(what, "local-as", 7) && line->count > 3) {
		neighbor->local_as = read_as(line->words[3]);
	} else if (shuts(line)) {
		neighbor->shut = true;
	}
}

static void declare(struct config_instance *instance, const char *connection, const char *address)
{
	struct config_declaration *declaration;

	if (instance->declaration_count == instance->declaration_room) {
		instance->declaration_room = instance->declaration_room ? 2 * instance->declaration_room : 32;
		instance->declarations = must(reallocarray(instance->declarations, instance->declaration_room,
							   sizeof(*instance->declarations)));
	}
	declaration = &instance->declarations[instance->declaration_count++];
	snprintf(declaration->connection, sizeof(declaration->connection), "%s", connection);
	config_key(address, declaration->address);
}

static void except(struct default_deny_record *record, const char *sort, const char *value)
{
	char words[2 * CONFIG_KEY_MAX];

	snprintf(words, sizeof(words), "%s %s", sort, value);
	record->exceptions =
		must(reallocarray(record->exceptions, record->exception_count + 1, sizeof(*record->exceptions)));
	record->exceptions[record->exception_count++] = must(strdup(words));
}

static void read_own(struct config_instance *instance, const struct config_line *line)
{
	const char *name = line->words[1];

	if (line->no || line->count < 2)
		return;
	if (config_word_is(name, "default-deny", 12)) {
		instance->says_default_deny = true;
		instance->default_deny.on = line->count == 2;
	} else if (strcmp(name, "default-deny-confederation") == 0) {
		instance->default_deny.confederation = true;
	} else if (strcmp(name, "default-deny-except") == 0 && line->count > 3) {
		except(&instance->default_deny, line->words[2], line->words[3]);
	} else if (strcmp(name, "gated") == 0 && line->count > 3) {
		declare(instance, "", line->words[3]);
	} else if (line->count > 3 && config_word_is(line->words[2], "neighbor", 1)) {
		declare(instance, name, line->words[3]);
	} else if (line->count == 3 && strcmp(line->words[2], "adopted") == 0) {
		instance->adopted = must(
			reallocarray(instance->adopted, instance->adopted_count + 1, sizeof(*instance->adopted)));
		snprintf(instance->adopted[instance->adopted_count++], CONFIG_KEY_MAX, "%s", name);
	}
}

static void read_bgp(struct config_instance *instance, const struct config_line *line)
{
	char numbers[CONFIG_LINE_MAX], *rest = numbers, *word;

	if (line->no || line->count < 4 || strcmp(line->words[1], "confederation") != 0)
		return;
	if (strcmp(line->words[2], "identifier") == 0)
		instance->confederation = read_as(line->words[3]);
	if (strcmp(line->words[2], "peers") != 0)
		return;
	/* All on one line, however many there are. */
	config_rest(line, 3, numbers, sizeof(numbers));
	while ((word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		instance->confederation_peers =
			must(reallocarray(instance->confederation_peers, instance->confederation_peer_count + 1,
					  sizeof(*instance->confederation_peers)));
		instance->confederation_peers[instance->confederation_peer_count++] = read_as(word);
	}
}

static void unshut(const void *node, VISIT visit, void *context)
{
	struct config_neighbor *neighbor = *(struct config_neighbor *const *)node;

	if (visit == preorder || visit == leaf)
		neighbor->shut = false;
}

void config_model_add(struct config_model *model, const char *text, size_t length)
{
	struct config_cursor cursor;
	struct config_line line;

	config_begin(&cursor, text, length);
	while (config_next(&cursor, &line)) {
		struct config_instance *instance;

		if (line.removes_bgp)
			twalk_r(instance_of(model, line.vrf)->neighbors, unshut, NULL);
		if (!line.in_bgp || !line.count || line.ends_block)
			continue;
		instance = instance_of(model, line.vrf);
		if (line.begins_bgp) {
			if (line.count > 2 && read_as(line.words[2]))
				instance->asn = read_as(line.words[2]);
		} else if (config_word_is(line.words[0], "neighbor", 1)) {
			read_neighbor(instance, &line);
		} else if (strcmp(line.words[0], "peering") == 0) {
			read_own(instance, &line);
		} else if (config_word_is(line.words[0], "bgp", 2)) {
			read_bgp(instance, &line);
		}
	}
}

/* Of an address that is named twice, the line that names a connection. */
static int by_address_and_name(const void *a, const void *b)
{
	int difference = by_address(a, b);

	if (difference)
		return difference;
	return strcmp(((const struct config_declaration *)b)->connection,
		      ((const struct config_declaration *)a)->connection);
}

void config_model_done(struct config_model *model)
{
	for (size_t i = 0; i < model->count; i++) {
		struct config_instance *instance = &model->instances[i];
		size_t kept = 0;

		if (!instance->declaration_count)
			continue;
		qsort(instance->declarations, instance->declaration_count, sizeof(*instance->declarations),
		      by_address_and_name);
		for (size_t j = 0; j < instance->declaration_count; j++)
			if (!kept || by_address(&instance->declarations[j], &instance->declarations[kept - 1]) != 0)
				instance->declarations[kept++] = instance->declarations[j];
		instance->declaration_count = kept;
	}
}

void config_model_clear(struct config_model *model)
{
	for (size_t i = 0; i < model->count; i++) {
		struct config_instance *instance = &model->instances[i];

		tdestroy(instance->neighbors, free);
		free(instance->declarations);
		free(instance->adopted);
		free(instance->confederation_peers);
		for (size_t j = 0; j < instance->default_deny.exception_count; j++)
			free(instance->default_deny.exceptions[j]);
		free(instance->default_deny.exceptions);
	}
	free(model->instances);
	*model = (struct config_model){0};
}
