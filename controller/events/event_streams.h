/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers of GET /v1/events that stay: server-sent events.
 *
 * A reader is a place in the store's order of events and one page on its way out; the next page is read once that has
 * gone. So one that does not read costs a page of memory, and the time for all of them together is capped at a tenth:
 * whatever they ask for, routers come first. A page is read and put into words once for all who stand at one place.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_EVENT_STREAMS_H
#define PEERING_CONTROLLER_EVENT_STREAMS_H

#include <event2/http.h>
#include <stdbool.h>
#include <stdint.h>

#include "controller/store/store.h"

#define EVENT_FILTER_TYPES_MAX 16

struct api;
struct event_streams;
struct events;

/* What a reader wants; NULL and 0 are any. */
struct event_filter {
	char *router;
	char *connection;
	const char *types[EVENT_FILTER_TYPES_MAX + 1]; /* of event_types[], closed by NULL */
	/* A peer sees what happens to its own connections alone, and nothing of who did it here. */
	bool for_peer;
	uint32_t peer_asn;
};

bool event_filter_takes(const struct event_filter *filter, const struct store_event *event);
void event_filter_clear(struct event_filter *filter);

/* NULL where memory is short. */
struct event_streams *event_streams_new(struct event_base *base, struct api *api, struct events *events);
/* Says goodbye to every reader. */
void event_streams_stop(struct event_streams *streams);
/* Every reader must be gone. */
void event_streams_free(struct event_streams *streams);

unsigned int event_streams_count(const struct event_streams *streams);
unsigned int event_streams_of_peers(const struct event_streams *streams);

/*
 * Answers `http` from then on, until its client leaves. Takes what is in `filter`. `has` is the newest event that the
 * client has; -1 for one that wants what comes from now on. False where memory is short, or the store does not answer:
 * `http` and `filter` are still the caller's.
 */
bool event_streams_add(struct event_streams *streams, struct evhttp_request *http, struct event_filter *filter,
		       const struct store_event_id *has);

#endif
