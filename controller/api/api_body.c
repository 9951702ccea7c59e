// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What clients send: the body as JSON, and the part of the query that asks for a page. Each answers what it refuses.
 */
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api.h"
#include "controller/text.h"

#define JSON_DEPTH_MAX 16
#define DIGITS_MAX 18 /* what an int64_t surely holds */

/* json-c keeps the last of two equal keys, and others the first: the same body would mean two things. */
static size_t count_members(json_object *value)
{
	size_t count = 0;

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach (value, key, member) {
			(void)key;
			count += 1 + count_members(member);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			count += count_members(json_object_array_get_idx(value, i));
	}
	return count;
}

/* In JSON that is known to be right each colon outside of a string stands behind a key. */
static size_t count_keys(const char *text)
{
	bool in_string = false;
	size_t count = 0;

	for (; *text; text++) {
		if (in_string && *text == '\\')
			text++;
		else if (*text == '"')
			in_string = !in_string;
		else if (*text == ':' && !in_string)
			count++;
	}
	return count;
}

bool api_read_body(const struct api_request *request, json_object **body)
{
	struct json_tokener *tokener;
	enum json_tokener_error error;
	size_t end;

	*body = NULL;
	if (strspn(request->body, " \t\r\n") == request->body_size)
		return true;
	tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	if (!tokener) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return false;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* The NUL behind the body tells the tokener that a number at its end is whole. */
	*body = json_tokener_parse_ex(tokener, request->body, (int)request->body_size + 1);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (error != json_tokener_success || end < request->body_size)
		api_problem_format(request->http, 400, "bad-json", "the body is no JSON: %s at byte %zu",
				   error == json_tokener_success ? "something follows the value"
								 : json_tokener_error_desc(error),
				   end);
	else if (count_keys(request->body) != count_members(*body))
		api_problem(request->http, 400, "bad-json", "a key stands twice in one object of the body; keep one", NULL);
	else
		return true;
	json_object_put(*body);
	*body = NULL;
	return false;
}

bool api_read_limit(const char *value, unsigned int *limit)
{
	if (strspn(value, "0123456789") != strlen(value) || strlen(value) > 4 || atoi(value) < 1 ||
	    atoi(value) > API_PAGE_MAX)
		return false;
	*limit = (unsigned int)atoi(value);
	return true;
}

void api_problem_query(const struct api_request *request, const char *raw_key)
{
	char *key = text_clean(raw_key, 60);

	api_problem_format(request->http, 400, "bad-query",
			   "the parameter \"%s\" is unknown or its value cannot be used; there are limit (1 to %d) and "
			   "after (from nextAfter of the page before)",
			   key ? key : "", API_PAGE_MAX);
	free(key);
}

bool api_read_page(const struct api_request *request, struct api_page *page)
{
	struct evkeyval *parameter;

	*page = (struct api_page){.limit = API_PAGE_MAX};
	TAILQ_FOREACH (parameter, request->query, next) {
		const char *value = parameter->value;
		bool number = value[0] && strlen(value) <= DIGITS_MAX && strspn(value, "0123456789") == strlen(value);

		if (strcmp(parameter->key, "after") == 0 && number) {
			page->after = atoll(value);
		} else if (strcmp(parameter->key, "limit") != 0 || !api_read_limit(value, &page->limit)) {
			api_problem_query(request, parameter->key);
			return false;
		}
	}
	return true;
}
