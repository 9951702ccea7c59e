/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of the JSON objects that are the journal's lines. Nothing is taken for granted of what is read: a field of another
 * type is none. No state. Any thread.
 */
#ifndef PEERING_JOURNAL_JSON_H
#define PEERING_JOURNAL_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL is an empty text. */
void journal_add_text(json_object *object, const char *key, const char *value);
void journal_add_number(json_object *object, const char *key, uint64_t value);
/* Only where it is true. */
void journal_add_true(json_object *object, const char *key, bool value);

/* NULL where it is missing; lives as long as the object. */
const char *journal_text(json_object *object, const char *key);
json_object *journal_array(json_object *object, const char *key);
/* False where it is missing, or does not fit. */
bool journal_copy_text(json_object *object, const char *key, char *text, size_t size);
/* False where it is missing, or negative. */
bool journal_number(json_object *object, const char *key, uint64_t *number);
/* False where it is missing. */
bool journal_true(json_object *object, const char *key);
/* A number that may be missing, and is left alone then; false where it is there and no good. */
bool journal_optional(json_object *object, const char *key, uint32_t *number);

#endif
