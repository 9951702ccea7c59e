// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/journal_json.h"

#include <stdio.h>

void journal_add_text(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value ? value : ""));
}

void journal_add_number(json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void journal_add_true(json_object *object, const char *key, bool value)
{
	if (value)
		json_object_object_add(object, key, json_object_new_boolean(true));
}

const char *journal_text(json_object *object, const char *key)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

bool journal_copy_text(json_object *object, const char *key, char *text, size_t size)
{
	const char *value = journal_text(object, key);

	return value && (size_t)snprintf(text, size, "%s", value) < size;
}

bool journal_number(json_object *object, const char *key, uint64_t *number)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_int) ||
	    json_object_get_int64(value) < 0)
		return false;
	*number = json_object_get_uint64(value);
	return true;
}

bool journal_true(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

json_object *journal_array(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_array) ? value
													    : NULL;
}

/* A number that may be missing; false where it is there and no good. */
bool journal_optional(json_object *object, const char *key, uint32_t *number)
{
	json_object *value;
	uint64_t wide;

	if (!json_object_object_get_ex(object, key, &value))
		return true;
	if (!journal_number(object, key, &wide) || wide > UINT32_MAX)
		return false;
	*number = (uint32_t)wide;
	return true;
}
