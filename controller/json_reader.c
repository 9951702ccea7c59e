// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/json_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/text.h"
#include "lib/utf8.h"

#define DEPTH_MAX 16
#define SHOWN_MAX 60

bool json_refuse(struct json_fault *fault, const char *code, const char *format, ...)
{
	va_list arguments;

	fault->code = code;
	va_start(arguments, format);
	vsnprintf(fault->sentence, sizeof(fault->sentence), format, arguments);
	va_end(arguments);
	return false;
}

static void join(char *text, size_t size, const char *const *words)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; words[i] && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", words[i]);
}

bool json_read_object(json_object *object, const char *where, const char *const *keys, struct json_fault *fault)
{
	char names[300];

	join(names, sizeof(names), keys);
	if (!json_object_is_type(object, json_type_object))
		return json_refuse(fault, "bad-value", "%.*s must be an object with the keys %s",
				   where[0] ? (int)strlen(where) - 1 : 3, where[0] ? where : "all", names);
	json_object_object_foreach (object, key, value) {
		const char *const *known = keys;
		char *shown;

		(void)value;
		while (*known && strcmp(*known, key) != 0)
			known++;
		if (*known)
			continue;
		shown = text_clean(key, SHOWN_MAX);
		json_refuse(fault, "unknown-key", "there is no key \"%s%s\"; the keys there are %s", where,
			    shown ? shown : "", names);
		free(shown);
		return false;
	}
	return true;
}

static json_object *member(json_object *object, const char *key)
{
	json_object *value = NULL;

	return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

bool json_read_text(json_object *object, const char *where, const char *key, size_t max, const char **text,
		    struct json_fault *fault)
{
	json_object *value = member(object, key);
	const char *given;

	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_string))
		return json_refuse(fault, "bad-value", "%s%s must be a string", where, key);
	given = json_object_get_string(value);
	/* A NUL inside would hide what stands behind it. */
	if (strlen(given) != (size_t)json_object_get_string_len(value) || !utf8_is_clean(given))
		return json_refuse(fault, "bad-value", "%s%s has a control character or is not UTF-8; remove it", where,
				   key);
	if (strlen(given) > max)
		return json_refuse(fault, "bad-value", "%s%s has %zu bytes; at most %zu", where, key, strlen(given),
				   max);
	*text = given;
	return true;
}

bool json_read_number(json_object *object, const char *where, const char *key, int64_t least, int64_t most,
		      int64_t *number, struct json_fault *fault)
{
	json_object *value = member(object, key);
	int64_t given;

	if (!value)
		return true;
	given = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : least - 1;
	if (given < least || given > most)
		return json_refuse(fault, "bad-value", "%s%s must be a whole number from %lld to %lld", where, key,
				   (long long)least, (long long)most);
	*number = given;
	return true;
}

bool json_read_flag(json_object *object, const char *where, const char *key, bool *flag, struct json_fault *fault)
{
	json_object *value = member(object, key);

	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_boolean))
		return json_refuse(fault, "bad-value", "%s%s must be true or false", where, key);
	*flag = json_object_get_boolean(value);
	return true;
}

bool json_read_word(json_object *object, const char *where, const char *key, const char *const *words, int *index,
		    struct json_fault *fault)
{
	json_object *value = member(object, key);
	char names[200];

	if (!value)
		return true;
	for (int i = 0; json_object_is_type(value, json_type_string) && words[i]; i++) {
		if (strcmp(json_object_get_string(value), words[i]) == 0) {
			*index = i;
			return true;
		}
	}
	join(names, sizeof(names), words);
	return json_refuse(fault, "bad-value", "%s%s must be one of %s", where, key, names);
}

bool json_read_list(json_object *object, const char *where, const char *key, size_t most, json_object **list,
		    struct json_fault *fault)
{
	json_object *value = member(object, key);

	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) > most)
		return json_refuse(fault, "bad-value", "%s%s must be a list of at most %zu entries", where, key, most);
	*list = value;
	return true;
}

json_object *json_parse(const char *text, size_t size, struct json_fault *fault)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	enum json_tokener_error error;
	json_object *value;
	size_t end;

	if (!tokener) {
		json_refuse(fault, "no-memory", "memory is short; try again");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* The NUL behind it tells the tokener that a number at its end is whole. */
	value = json_tokener_parse_ex(tokener, text, (int)size + 1);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (error == json_tokener_success && end >= size && value)
		return value;
	json_object_put(value);
	json_refuse(fault, "bad-json", "this is no JSON: %s at byte %zu",
		    error == json_tokener_success ? "it is null" : json_tokener_error_desc(error), end);
	return NULL;
}

const char *json_plain(json_object *value)
{
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}
