/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events in words, a page at a time, for readers that stay (event_streams.h).
 *
 * A page is read from the store once for all who come by its place, and put into words once for all who want the same of
 * it; readers are given the words without a copy of their own. The pages that were asked for last are kept, so that those
 * who are a little behind the others find them: bounded in bytes.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_EVENT_PAGES_H
#define PEERING_CONTROLLER_EVENT_PAGES_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stdint.h>

#include "controller/events/event_filter.h"
#include "lib/secret.h"

/* What a page has, but for an event that is larger than all of it. */
#define EVENT_PAGE_BYTES ((size_t)64 << 10)

struct event_page;
struct event_pages;

/* `key` seals the ids that peers see. NULL where memory is short. */
struct event_pages *event_pages_new(struct store *store, const struct secret_key *key);
/* Words that are in a reader's buffer stay until they have gone from there. */
void event_pages_free(struct event_pages *pages);

/*
 * The page of the events behind `after`, valid until the next call; NULL where there are none. False where they cannot be
 * read now.
 */
bool event_pages_behind(struct event_pages *pages, int64_t after, struct event_page **page);
/* The first event in it, and the last one. */
int64_t event_page_first(const struct event_page *page);
int64_t event_page_last(const struct event_page *page);

/* Adds what stands behind `after` on the page and `filter` takes. False where memory is short: nothing was added. */
bool event_page_add(struct event_pages *pages, struct event_page *page, const struct event_filter *filter, int64_t after,
		    struct evbuffer *out);

#endif
