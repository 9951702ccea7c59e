// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_etag.h"

#include <stdio.h>
#include <string.h>

#include "controller/api/token.h"

#define HALF 16 /* hexadecimal digits: 64 bits */

/* Numbers that move by themselves. */
static const char *const clocks[] = {"stateSeconds", NULL};

static bool is_in(const char *const *keys, const char *key)
{
	for (; *keys; keys++)
		if (strcmp(*keys, key) == 0)
			return true;
	return false;
}

/* Of the members that are in `keys`, or of those that are not. */
static void hash_members(json_object *object, const char *const *keys, bool in, char half[HALF + 1])
{
	json_object *part = json_object_new_object();
	char hash[TOKEN_HASH_SIZE];

	json_object_object_foreach (object, key, value)
		if (is_in(keys, key) == in)
			json_object_object_add(part, key, json_object_get(value));
	if (!token_hash(hash, json_object_to_json_string_ext(part, JSON_C_TO_STRING_PLAIN), NULL))
		memset(hash, '0', HALF);
	json_object_put(part);
	memcpy(half, hash, HALF);
	half[HALF] = '\0';
}

void api_etag(json_object *object, const char *const *change_keys, char etag[API_ETAG_SIZE])
{
	char change[HALF + 1], rest[HALF + 1];

	hash_members(object, change_keys, true, change);
	hash_members(object, clocks, false, rest);
	snprintf(etag, API_ETAG_SIZE, "\"%s-%s\"", change, rest);
}

/* Whether one of the tags in a header is `etag`, in its first `length` characters. */
static bool lists_tag(const char *header, const char *etag, size_t length, bool weak_too)
{
	while (*header) {
		header += strspn(header, ", \t");
		if (*header == '*')
			return true;
		if (weak_too && strncmp(header, "W/", 2) == 0)
			header += 2;
		if (strncmp(header, etag, length) == 0)
			return true;
		header += strcspn(header, ",");
	}
	return false;
}

void api_reply_tagged(const struct api_request *request, json_object *object, const char *const *change_keys)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request->http);
	const char *seen = evhttp_find_header(evhttp_request_get_input_headers(request->http), "If-None-Match");
	char etag[API_ETAG_SIZE];

	api_etag(object, change_keys, etag);
	evhttp_add_header(headers, "ETag", etag);
	if (!seen || !lists_tag(seen, etag, strlen(etag), true)) {
		api_reply(request->http, 200, object, NULL);
		return;
	}
	json_object_put(object);
	evhttp_send_reply(request->http, 304, "Not Modified", NULL);
}

static const char *if_match(const struct api_request *request)
{
	return evhttp_find_header(evhttp_request_get_input_headers(request->http), "If-Match");
}

bool api_has_if_match(const struct api_request *request)
{
	return if_match(request) != NULL;
}

bool api_if_match(const struct api_request *request, const char *etag)
{
	const char *wanted = if_match(request);

	/* The quote in front, and the first half with its '-'. */
	if (!wanted || (etag && lists_tag(wanted, etag, 1 + HALF + 1, false)))
		return true;
	if (etag)
		evhttp_add_header(evhttp_request_get_output_headers(request->http), "ETag", etag);
	api_problem(request->http, 412, "changed-meanwhile",
		    "this is no longer as the tag in If-Match says; read it again, and decide anew", NULL);
	return false;
}
