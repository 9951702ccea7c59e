// SPDX-License-Identifier: GPL-2.0-or-later
#include "peering-config.h"

#include "controller/events/event_pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/events/event_ids.h"
#include "controller/events/events.h"
#include "controller/service/metrics.h"
#include "controller/text.h"

#define PAGE_EVENTS 256
/* Everything in front of an event but its names. */
#define FRONT_SIZE 512
#define FRONT_USUAL 200
/* Of all pages that are kept. */
#define KEPT_BYTES ((size_t)8 << 20)
#define KEPT_PAGES 128
/* What is shorter is copied: it costs less than a piece of a buffer of its own, and a TLS record for what stands behind it. */
#define COPY_BYTES 4096

/* What goes out, in one piece. */
struct words {
	unsigned int users;
	size_t length, size;
	char text[];
};

/* A page as one filter sees it. */
struct view {
	TAILQ_ENTRY(view) link;
	struct event_filter filter;
	struct words *words;
	size_t begin[PAGE_EVENTS + 1]; /* of what there is of each event and those behind it */
};

struct event_page {
	TAILQ_ENTRY(event_page) link;
	int64_t after; /* the place in front of it */
	size_t count, bytes;
	struct {
		struct store_event event; /* its texts are in `texts`, which is its own */
		char *texts;
	} events[PAGE_EVENTS];
	size_t length; /* of its words, about */
	bool short_of_memory;
	TAILQ_HEAD(view_list, view) views; /* the newest comes first */
};

struct event_pages {
	struct store *store;
	const struct secret_key *key;
	TAILQ_HEAD(event_page_list, event_page) kept; /* what was asked for last comes first */
	size_t bytes;
	unsigned int count;
};

/* ---- Words ---- */

static void put_words(struct words *words)
{
	if (words && --words->users == 0)
		free(words);
}

static bool add_words(struct words **words, const char *text, size_t length)
{
	size_t used = *words ? (*words)->length : 0, size = *words ? (*words)->size : 0;

	if (!*words || used + length > size) {
		struct words *larger;

		size = 2 * size + length;
		larger = realloc(*words, sizeof(*larger) + size);
		if (!larger)
			return false;
		larger->users = 1;
		larger->length = used;
		larger->size = size;
		*words = larger;
	}
	memcpy((*words)->text + used, text, length);
	(*words)->length += length;
	return true;
}

/* A text in JSON, or null where it is empty. */
static size_t put_text(char *out, const char *text)
{
	char *at = out;

	if (text[0] == '\0')
		return (size_t)(stpcpy(out, "null") - out);
	*at++ = '"';
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		if ((unsigned char)*text < 0x20)
			at += sprintf(at, "\\u%04x", (unsigned char)*text);
		else
			*at++ = *text;
	}
	*at++ = '"';
	return (size_t)(at - out);
}

/* What stands in front of what it says itself. */
static bool add_front(struct words **words, const struct store_event *event)
{
	size_t names = strlen(event->router) + strlen(event->connection);
	char *front = malloc(FRONT_SIZE + 6 * names), *at = front, time[TEXT_TIME_SIZE], id[EVENT_ID_SIZE];
	bool good;

	if (!front)
		return false;
	text_time(event->at, time);
	event_id_of_event(event, id);
	at += sprintf(at, "id: %s\nevent: %.64s\ndata: {\"id\":\"%s\",\"at\":\"%s\",\"type\":\"%.64s\",\"router\":", id,
		      event->type, id, time, event->type);
	at += put_text(at, event->router);
	at = stpcpy(at, ",\"connection\":");
	at += put_text(at, event->connection);
	at = stpcpy(at, ",\"data\":");
	good = add_words(words, front, (size_t)(at - front));
	free(front);
	return good;
}

/* What it says is JSON already: it is not read to be written again, ten thousand times a second. */
static bool add_event(struct words **words, const struct store_event *event)
{
	return add_front(words, event) && add_words(words, event->data, strlen(event->data)) &&
	       add_words(words, "}\n\n", 3);
}

static bool add_for_peer(const struct event_pages *pages, uint32_t asn, struct words **words,
			 const struct store_event *event)
{
	char id[EVENT_ID_SIZE], shown[EVENT_ID_SHOWN_SIZE], front[EVENT_ID_SHOWN_SIZE + FRONT_SIZE];
	json_object *object;
	const char *text;
	bool good;

	event_id_of_event(event, id);
	if (!event_id_show(pages->key, asn, id, shown))
		return false;
	object = event_to_json(event, shown, true);
	/* JSON of json-c has no line feed in it: control characters are escaped. */
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	snprintf(front, sizeof(front), "id: %s\nevent: %.64s\ndata: ", shown, event->type);
	good = text && add_words(words, front, strlen(front)) && add_words(words, text, strlen(text)) &&
	       add_words(words, "\n\n", 2);
	json_object_put(object);
	return good;
}

/* ---- Pages ---- */

static void free_view(struct view *view)
{
	if (!view)
		return;
	event_filter_clear(&view->filter);
	put_words(view->words);
	free(view);
}

static void free_page(struct event_page *page)
{
	struct view *view;

	while ((view = TAILQ_FIRST(&page->views)) != NULL) {
		TAILQ_REMOVE(&page->views, view, link);
		free_view(view);
	}
	for (size_t i = 0; i < page->count; i++)
		free(page->events[i].texts);
	free(page);
}

/* Its texts in one piece. */
static bool keep_event(struct event_page *page, const struct store_event *event)
{
	struct store_event *kept = &page->events[page->count].event;
	const char *const texts[] = {event->type, event->router, event->connection, event->data, event->epoch};
	const char **const places[] = {&kept->type, &kept->router, &kept->connection, &kept->data, &kept->epoch};
	const size_t count = sizeof(texts) / sizeof(texts[0]);
	size_t size = 0;
	char *at;

	for (size_t i = 0; i < count; i++)
		size += strlen(texts[i]) + 1;
	at = malloc(size);
	if (!at)
		return false;
	page->events[page->count++].texts = at;
	*kept = *event;
	for (size_t i = 0; i < count; i++) {
		*places[i] = at;
		at = stpcpy(at, texts[i]) + 1;
	}
	page->bytes += size;
	page->length += size + FRONT_USUAL;
	return true;
}

static bool visit_event(const struct store_event *event, void *context)
{
	struct event_page *page = context;

	page->short_of_memory = !keep_event(page, event);
	return !page->short_of_memory && page->count < PAGE_EVENTS && page->length < EVENT_PAGE_BYTES;
}

static void forget(struct event_pages *pages, struct event_page *page)
{
	TAILQ_REMOVE(&pages->kept, page, link);
	pages->bytes -= page->bytes;
	pages->count--;
	free_page(page);
}

static size_t size_of_view(const struct view *view)
{
	const struct event_filter *filter = &view->filter;

	return sizeof(*view) + (view->words ? view->words->size : 0) + (filter->router ? strlen(filter->router) : 0) +
	       (filter->connection ? strlen(filter->connection) : 0);
}

static void count_bytes(struct event_pages *pages, struct event_page *page, size_t bytes)
{
	page->bytes += bytes;
	pages->bytes += bytes;
}

/* `page` and its newest view are in use. */
static void make_room(struct event_pages *pages, struct event_page *page)
{
	struct event_page *oldest;
	struct view *view;

	while ((pages->bytes > KEPT_BYTES || pages->count > KEPT_PAGES) &&
	       (oldest = TAILQ_LAST(&pages->kept, event_page_list)) != page)
		forget(pages, oldest);
	/* Each reader may bring a filter of its own to the same page. */
	while (pages->bytes > KEPT_BYTES && (view = TAILQ_LAST(&page->views, view_list)) != TAILQ_FIRST(&page->views)) {
		TAILQ_REMOVE(&page->views, view, link);
		count_bytes(pages, page, -size_of_view(view));
		free_view(view);
	}
}

static void keep(struct event_pages *pages, struct event_page *page)
{
	TAILQ_INSERT_HEAD(&pages->kept, page, link);
	pages->bytes += page->bytes;
	pages->count++;
	make_room(pages, page);
}

static struct event_page *find_page(struct event_pages *pages, int64_t after)
{
	struct event_page *page;

	TAILQ_FOREACH (page, &pages->kept, link) {
		if (after < page->after || after >= event_page_last(page))
			continue;
		TAILQ_REMOVE(&pages->kept, page, link);
		TAILQ_INSERT_HEAD(&pages->kept, page, link);
		return page;
	}
	return NULL;
}

bool event_pages_behind(struct event_pages *pages, int64_t after, struct event_page **found)
{
	struct event_page *page = find_page(pages, after);

	*found = page;
	if (page)
		return true;
	page = calloc(1, sizeof(*page));
	if (!page)
		return false;
	TAILQ_INIT(&page->views);
	page->after = after;
	page->bytes = sizeof(*page);
	if (store_events(pages->store, after, PAGE_EVENTS, visit_event, page) != STORE_OK ||
	    page->short_of_memory) {
		free_page(page);
		return false;
	}
	if (page->count > 0) {
		keep(pages, page);
		*found = page;
	} else {
		free_page(page);
	}
	return true;
}

int64_t event_page_first(const struct event_page *page)
{
	return page->events[0].event.id;
}

int64_t event_page_last(const struct event_page *page)
{
	return page->events[page->count - 1].event.id;
}

/* ---- Views ---- */

static bool add_to_view(const struct event_pages *pages, struct view *view, const struct store_event *event)
{
	if (!event_filter_takes(&view->filter, event))
		return true;
	return view->filter.for_peer ? add_for_peer(pages, view->filter.peer_asn, &view->words, event)
				     : add_event(&view->words, event);
}

/* NULL where memory is short. */
static struct view *make_view(struct event_pages *pages, struct event_page *page, const struct event_filter *filter)
{
	struct view *view = calloc(1, sizeof(*view));
	bool good = view && event_filter_copy(&view->filter, filter);

	for (size_t i = 0; good && i < page->count; i++) {
		good = add_to_view(pages, view, &page->events[i].event);
		view->begin[i + 1] = view->words ? view->words->length : 0;
	}
	if (!good) {
		free_view(view);
		return NULL;
	}
	TAILQ_INSERT_HEAD(&page->views, view, link);
	count_bytes(pages, page, size_of_view(view));
	make_room(pages, page);
	metrics.event_bytes_worded += view->words ? view->words->length : 0;
	return view;
}

static struct view *find_view(struct event_pages *pages, struct event_page *page, const struct event_filter *filter)
{
	struct view *view;

	TAILQ_FOREACH (view, &page->views, link) {
		if (event_filter_is_same(&view->filter, filter))
			return view;
	}
	return make_view(pages, page, filter);
}

static void gone_out(const void *text, size_t length, void *context)
{
	(void)text;
	(void)length;
	put_words(context);
}

static bool give(struct words *words, size_t begin, struct evbuffer *out)
{
	size_t length = words->length - begin;

	if (length < COPY_BYTES)
		return evbuffer_add(out, words->text + begin, length) == 0;
	if (evbuffer_add_reference(out, words->text + begin, length, gone_out, words) != 0)
		return false;
	words->users++;
	return true;
}

bool event_page_add(struct event_pages *pages, struct event_page *page, const struct event_filter *filter, int64_t after,
		    struct evbuffer *out)
{
	const struct view *view = find_view(pages, page, filter);
	size_t i = 0;

	if (!view)
		return false;
	while (i < page->count && page->events[i].event.id <= after)
		i++;
	return !view->words || view->begin[i] == view->words->length || give(view->words, view->begin[i], out);
}

/* ---- Life ---- */

struct event_pages *event_pages_new(struct store *store, const struct secret_key *key)
{
	struct event_pages *pages = calloc(1, sizeof(*pages));

	if (!pages)
		return NULL;
	pages->store = store;
	pages->key = key;
	TAILQ_INIT(&pages->kept);
	return pages;
}

void event_pages_free(struct event_pages *pages)
{
	if (!pages)
		return;
	while (!TAILQ_EMPTY(&pages->kept))
		forget(pages, TAILQ_FIRST(&pages->kept));
	free(pages);
}
