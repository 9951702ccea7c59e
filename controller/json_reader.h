/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads JSON objects that people wrote: each value has its type and its bounds, an unknown key is an error, and what is
 * wrong is one sentence that names the place. Pure; any thread.
 *
 * `where` stands in front of a key in sentences: "", "activation.", "connections[0].". What may be left out (or is null)
 * leaves the result as it was. All return false with *fault set.
 */
#ifndef PEERING_CONTROLLER_JSON_READER_H
#define PEERING_CONTROLLER_JSON_READER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_FAULT_MAX 512

struct json_fault {
	const char *code; /* static: "bad-value", "unknown-key", … */
	char sentence[JSON_FAULT_MAX];
};

__attribute__((format(printf, 3, 4))) bool json_refuse(struct json_fault *fault, const char *code, const char *format,
						       ...);

/* That it is an object, whose keys are all in `keys`, a list that NULL ends. */
bool json_read_object(json_object *object, const char *where, const char *const *keys, struct json_fault *fault);
/* At most `max` bytes of clean UTF-8. The text stays the object's. */
bool json_read_text(json_object *object, const char *where, const char *key, size_t max, const char **text,
		    struct json_fault *fault);
bool json_read_number(json_object *object, const char *where, const char *key, int64_t least, int64_t most,
		      int64_t *number, struct json_fault *fault);
bool json_read_flag(json_object *object, const char *where, const char *key, bool *flag, struct json_fault *fault);
/* One of `words`, a list that NULL ends; *index is its place there. */
bool json_read_word(json_object *object, const char *where, const char *key, const char *const *words, int *index,
		    struct json_fault *fault);
/* A list of at most `most` entries; it stays the object's. */
bool json_read_list(json_object *object, const char *where, const char *key, size_t most, json_object **list,
		    struct json_fault *fault);

/* What a body or a file holds, parsed strictly; NULL with *fault set (code "bad-json"). `text` has a NUL at its end. */
json_object *json_parse(const char *text, size_t size, struct json_fault *fault);

/* The text of a value without white space; valid as long as the value is not changed. */
const char *json_plain(json_object *value);

#endif
