/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP requests that go out, many at once, on the event loop: libcurl's multi interface on libevent.
 *
 * Main thread; nothing waits (libcurl looks names up in a thread of its own). No redirect is followed, no proxy of the
 * environment is used, and of an answer only its status is looked at.
 */
#ifndef PEERING_CONTROLLER_HTTP_SENDER_H
#define PEERING_CONTROLLER_HTTP_SENDER_H

#include <event2/event.h>
#include <stdbool.h>

struct http_sender;

struct http_post {
	const char *url;
	const char *ca; /* PEM file; NULL: the system's */
	const char *const *headers; /* "Name: value", closed by NULL */
	const char *body;
};

/* `status` is of HTTP, 0 where there was no answer and `error`, valid during the call, says why. */
typedef void (*http_done)(int status, const char *error, void *context);

/* NULL where memory is short. */
struct http_sender *http_sender_new(struct event_base *base);
/* Drops what is on its way, and calls nobody. */
void http_sender_free(struct http_sender *sender);

/* Copies what it needs. Calls `done` once, later. False where memory is short. */
bool http_sender_post(struct http_sender *sender, const struct http_post *post, http_done done, void *context);

#endif
