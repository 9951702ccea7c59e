/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers of GET /v1/events that stay: server-sent events.
 *
 * A reader is a place in the store's order of events and a page or two on their way out (event_pages.h); what is behind
 * those is read once they have gone. So one that does not read costs a page of memory. All together have a tenth of the
 * loop's time while others want it: routers come first, and readers fall behind alike, with nothing lost; who was served
 * longest ago is next. What is not sent at once is sent together later, which is cheaper.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_EVENT_STREAMS_H
#define PEERING_CONTROLLER_EVENT_STREAMS_H

#include <event2/http.h>
#include <stdbool.h>
#include <stdint.h>

#include "controller/events/event_filter.h"

struct api;
struct event_streams;
struct events;

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
