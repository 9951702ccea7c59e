// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)256 << 20)
#define JSON_DEPTH_MAX 16

/* NULL with a sentence said. */
static char *read_whole(FILE *file, const char *path, size_t *size)
{
	char *text = NULL;
	size_t room = 0, got;

	*size = 0;
	do {
		char *more = *size + 1 < room ? text : realloc(text, room = room ? room * 2 : 65536);

		if (!more || *size > FILE_MAX) {
			fprintf(stderr, "peerctl: %s: %s\n", path,
				more ? "this is more than 256 MiB; split it" : "memory is short");
			free(more ? more : text);
			return NULL;
		}
		text = more;
		got = fread(text + *size, 1, room - *size - 1, file);
		*size += got;
	} while (got > 0);
	text[*size] = '\0';
	if (!ferror(file))
		return text;
	fprintf(stderr, "peerctl: %s: %s\n", path, strerror(errno));
	free(text);
	return NULL;
}

static unsigned int line_of(const char *text, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

/* NULL with a sentence said. */
static json_object *parse(const char *text, size_t size, const char *path)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	enum json_tokener_error error;
	json_object *object;
	size_t end;

	if (!tokener) {
		fputs("peerctl: memory is short\n", stderr);
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* The NUL at the end says that nothing follows. */
	object = json_tokener_parse_ex(tokener, text, (int)size + 1);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (error == json_tokener_success && end >= size && object)
		return object;
	json_object_put(object);
	fprintf(stderr, "peerctl: %s, line %u: this is no JSON: %s\n", path, line_of(text, end < size ? end : size),
		error == json_tokener_success ? "something follows the value" : json_tokener_error_desc(error));
	return NULL;
}

json_object *file_read_json(const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");
	json_object *object = NULL;
	size_t size;
	char *text;

	if (!file) {
		fprintf(stderr, "peerctl: %s: %s\n", path, strerror(errno));
		return NULL;
	}
	text = read_whole(file, path, &size);
	if (text)
		object = parse(text, size, path);
	free(text);
	if (!standard)
		fclose(file);
	return object;
}
