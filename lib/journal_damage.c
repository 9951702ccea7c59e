// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/journal_damage.h"

#include <ctype.h>
#include <json-c/json.h>
#include <string.h>

#include "lib/journal_sum.h"

struct json_object *journal_damage_parse(const char *line)
{
	struct json_tokener *tokener;
	struct json_object *object;

	if (journal_sum_look(line, strlen(line)) == JOURNAL_SUM_WRONG)
		return NULL;
	tokener = json_tokener_new();
	if (!tokener)
		return NULL;
	object = json_tokener_parse_ex(tokener, line, -1);
	/* The parser stops behind the object: another one may follow, where the newline between them is damaged. */
	if (object && (!json_object_is_type(object, json_type_object) || line[json_tokener_get_parse_end(tokener)])) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

static const char name_key[] = "\"name\":\"";

/* The text behind the key, in front of `end`. Returns what is behind it, NULL where there is none that is whole. */
static const char *next_text(const char *at, const char *end, const char *key, char *text, size_t size)
{
	while ((at = strstr(at, key)) && at < end) {
		size_t length;

		at += strlen(key);
		length = strcspn(at, "\"");
		if (at[length] != '"' || !length || length >= size)
			continue;
		memcpy(text, at, length);
		text[length] = '\0';
		return at + length;
	}
	return NULL;
}

static bool is_address(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(".:_-@/", *text))
			return false;
	return true;
}

const char *journal_damage_next(const char *at, struct damaged_connection *found)
{
	const char *line_end = at + strlen(at), *end, *rest;
	char *address;

	*found = (struct damaged_connection){.vrf = "default"};
	do {
		at = next_text(at, line_end, name_key, found->name, sizeof(found->name));
		if (!at)
			return NULL;
	} while (connection_name_error(found->name));
	end = strstr(at, name_key);
	if (!end)
		end = line_end;
	next_text(at, end, "\"vrf\":\"", found->vrf, sizeof(found->vrf));
	for (rest = at; found->address_count < DAMAGED_SESSIONS_MAX; found->address_count += is_address(address)) {
		address = found->addresses[found->address_count];
		rest = next_text(rest, end, "\"address\":\"", address, DAMAGED_TEXT_MAX);
		if (!rest)
			break;
	}
	return end;
}

bool journal_damage_is_nameless(const char *line)
{
	static const char begin[] = "{\"type\":\"", *const harmless[] = {"acked\"", "controller\"", "pushes\""};
	struct damaged_connection found;
	size_t begun = 0, of_no_concern = 0, named = 0;
	const char *at = line;

	while ((at = strstr(at, begin))) {
		at += strlen(begin);
		begun++;
		for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
			of_no_concern += strncmp(at, harmless[i], strlen(harmless[i])) == 0;
	}
	at = line;
	while ((at = journal_damage_next(at, &found)))
		named++;
	return begun - of_no_concern > named || (!begun && !named);
}
