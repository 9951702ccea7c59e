/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which events a reader wants, or may see. Pure; any thread.
 */
#ifndef PEERING_CONTROLLER_EVENT_FILTER_H
#define PEERING_CONTROLLER_EVENT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/store/store.h"

#define EVENT_FILTER_TYPES_MAX 16

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
/* Whether both are given the same words of the same events. */
bool event_filter_is_same(const struct event_filter *a, const struct event_filter *b);
/* False where memory is short; `copy` is empty then. */
bool event_filter_copy(struct event_filter *copy, const struct event_filter *filter);
void event_filter_clear(struct event_filter *filter);

#endif
