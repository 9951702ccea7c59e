// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/api_clients.h"
#include "controller/api/api_idempotency.h"
#include "controller/service/metrics.h"
#include "controller/text.h"

#define SENTENCE_MAX 4096

/* evhttp knows few of the phrases. */
static const char *phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{500, "Internal Server Error"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{507, "Insufficient Storage"},
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Error";
}

void api_send(struct evhttp_request *http, int status, json_object *object, const char *location)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(http);
	struct evbuffer *body = evbuffer_new();
	size_t length;
	const char *text = json_object_to_json_string_length(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);

	evhttp_add_header(headers, "Content-Type", status < 400 ? "application/json" : "application/problem+json");
	if (location)
		evhttp_add_header(headers, "Location", location);
	/* Answers name peers and policies: no cache on the way keeps them. */
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	if (status == 503)
		evhttp_add_header(headers, "Retry-After", "1");
	if (body && text) {
		evbuffer_add(body, text, length);
		evbuffer_add(body, "\n", 1);
	}
	api_idempotency_answer(http, status, object);
	metrics.answers[status / 100 % 6]++;
	evhttp_send_reply(http, status, phrase(status), body);
	if (body)
		evbuffer_free(body);
	json_object_put(object);
}

void api_reply(struct evhttp_request *http, int status, json_object *object, const char *location)
{
	api_send(http, status, object, location);
}

void api_problem_with(struct evhttp_request *http, int status, const char *code, const char *sentence, const char *key,
		      json_object *value)
{
	json_object *problem = json_object_new_object();
	char type[128];
	char *detail = text_clean(sentence, SENTENCE_MAX);

	/* A relative reference, as RFC 9457 allows; it names the problem and leads nowhere. */
	snprintf(type, sizeof(type), "/problems/%s", code);
	json_object_object_add(problem, "type", json_object_new_string(type));
	json_object_object_add(problem, "title", json_object_new_string(phrase(status)));
	json_object_object_add(problem, "status", json_object_new_int(status));
	json_object_object_add(problem, "code", json_object_new_string(code));
	json_object_object_add(problem, "detail", json_object_new_string(detail ? detail : ""));
	free(detail);
	if (value)
		json_object_object_add(problem, key, value);
	api_send(http, status, problem, NULL);
}

void api_problem(struct evhttp_request *http, int status, const char *code, const char *sentence, json_object *allowed)
{
	api_problem_with(http, status, code, sentence, "allowed", allowed);
}

void api_problem_format(struct evhttp_request *http, int status, const char *code, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	api_problem(http, status, code, sentence, NULL);
}

void api_problem_store(struct evhttp_request *http, struct store *store, enum store_result result)
{
	/* The sentence names files and tables. */
	const char *what = api_clients_is_ours(api_client_ssl(http)) ? store_error(store) : "the store does not work now";

	switch (result) {
	case STORE_BUSY:
		api_problem_format(http, 503, "store-busy", "%s; nothing was changed, try again", what);
		return;
	case STORE_FULL:
		api_problem_format(http, 507, "store-full", "%s; nothing was changed", what);
		return;
	default:
		api_problem_format(http, 500, "store-failed", "%s; nothing was changed, see the controller's log", what);
	}
}

json_object *api_time(int64_t milliseconds)
{
	char text[TEXT_TIME_SIZE];

	if (milliseconds <= 0)
		return NULL;
	text_time(milliseconds, text);
	return api_text(text);
}

json_object *api_object(void)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "schemaVersion", json_object_new_int(API_SCHEMA_VERSION));
	return object;
}

json_object *api_text(const char *text)
{
	return text && text[0] != '\0' ? json_object_new_string(text) : NULL;
}
