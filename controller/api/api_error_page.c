// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_error_page.h"

#include <event2/buffer.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What evhttp's page begins with; no answer of ours is HTML. */
#define PAGE "<HTML><HEAD>\n<TITLE>"
#define STATUS_AT 9 /* behind "HTTP/1.1 " */
#define HEAD_MAX 512

struct words {
	int status;
	const char *title, *code, *sentence;
};

static const struct words *words_of(int status)
{
	static const struct words known[] = {
		{413, "Content Too Large", "too-large",
		 "the request is too large; a body has at most 65536 bytes"},
		{417, "Expectation Failed", "bad-expectation", "the header Expect takes 100-continue, or leave it out"},
		{501, "Not Implemented", "bad-method", "there is no such method"},
		{400, "Bad Request", "bad-request", "this is no HTTP request that can be read, or its first line and headers have more than 16 KiB together"},
	};
	size_t i = 0;

	while (known[i].status != status && known[i].status != 400)
		i++;
	return &known[i];
}

/* The status of evhttp's page where that is what stands in the buffer, whole; else 0. */
static int page_status(struct evbuffer *output)
{
	char head[HEAD_MAX + 1];
	ev_ssize_t size = evbuffer_copyout(output, head, HEAD_MAX);
	const char *body;

	if (size <= STATUS_AT || strncmp(head, "HTTP/1.", 7) != 0)
		return 0;
	head[size] = '\0';
	body = strstr(head, "\r\n\r\n");
	if (!body || strncmp(body + 4, PAGE, sizeof(PAGE) - 1) != 0)
		return 0;
	return atoi(head + STATUS_AT);
}

static void replace_page(struct evbuffer *output, const struct words *words)
{
	json_object *problem = json_object_new_object();
	char type[64];
	const char *text;

	snprintf(type, sizeof(type), "/problems/%s", words->code);
	json_object_object_add(problem, "type", json_object_new_string(type));
	json_object_object_add(problem, "title", json_object_new_string(words->title));
	json_object_object_add(problem, "status", json_object_new_int(words->status));
	json_object_object_add(problem, "code", json_object_new_string(words->code));
	json_object_object_add(problem, "detail", json_object_new_string(words->sentence));
	text = json_object_to_json_string_ext(problem, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	evbuffer_drain(output, evbuffer_get_length(output));
	evbuffer_add_printf(output,
			    "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\n"
			    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s\n",
			    words->status, words->title, strlen(text) + 1, text);
	json_object_put(problem);
}

/* evhttp puts the body in with one call, as the last part of an answer. */
static void look_at_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *context)
{
	int status = info->n_added > sizeof(PAGE) ? page_status(output) : 0;

	if (status != 0)
		replace_page(output, words_of(status));
}

bool api_error_page_watch(struct bufferevent *stream)
{
	return evbuffer_add_cb(bufferevent_get_output(stream), look_at_output, NULL) != NULL;
}
