// SPDX-License-Identifier: GPL-2.0-or-later
#include "peering-config.h"

#include "controller/events/event_streams.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api.h"
#include "controller/events/event_ids.h"
#include "controller/events/events.h"
#include "controller/pushes/pushes.h"
#include "controller/service/metrics.h"
#include "controller/text.h"
#include "controller/turn.h"

#define PAGE_EVENTS 256
#define PAGE_BYTES ((size_t)64 << 10)
/* Everything in front of an event but its names. */
#define FRONT_SIZE 512
/* Of the loop's time: one part work, at most, and nine parts for everybody else behind it. */
#define SLICE_MICROSECONDS 4000
#define PAUSE_PARTS 9
/* What TLS and the kernel take for it is no part of the slice. */
#define BYTES_A_MICROSECOND 500
#define SLICE_BYTES ((size_t)SLICE_MICROSECONDS * BYTES_A_MICROSECOND)
#define KEEP_ALIVE_MILLISECONDS 15000
#define SWEEP_SECONDS 5
/* One that takes nothing for so long is gone. */
#define WRITE_SECONDS 60
/* A client then connects again, and shows again that it may: tokens are revoked, certificates expire. */
#define STREAM_MILLISECONDS (15 * 60 * 1000)
/* What a client waits before it connects again. */
#define RETRY_MILLISECONDS 2000

struct stream {
	TAILQ_ENTRY(stream) link;
	struct event_streams *streams;
	struct evhttp_request *http;
	struct event_filter filter;
	int64_t cursor; /* the newest event that it was given, or that was none for it */
	bool busy;	/* what it was given has not gone out yet */
	int64_t began_at, said_at; /* steady clock */
};

/* Events in a row, as they go out to everybody but peers. */
struct page {
	int64_t after; /* the one before its first place */
	int64_t first, last; /* of those in it */
	size_t count;
	struct page_event {
		struct store_event event; /* its texts are in `texts`, which is its own */
		char *texts;
		size_t begin; /* of its own in `words` */
	} events[PAGE_EVENTS];
	char *words;
	size_t length, size;
};

struct event_streams {
	struct api *api;
	struct events_listener listener;
	struct event *pump, *sweep;
	TAILQ_HEAD(, stream) list; /* who was served longest ago comes first */
	unsigned int count;
	int64_t resume_at; /* microseconds of the steady clock: not before */
	size_t sent;	   /* bytes, in this slice */
	struct page page;
};

/* ---- What a reader wants ---- */

bool event_filter_takes(const struct event_filter *filter, const struct store_event *event)
{
	if (filter->router && strcmp(filter->router, event->router) != 0)
		return false;
	if (filter->connection && strcmp(filter->connection, event->connection) != 0)
		return false;
	if (filter->for_peer && (event->peer_asn == 0 || filter->peer_asn != event->peer_asn ||
				 strcmp(event->type, EVENT_PUSH_STORED) == 0 ||
				 strcmp(event->type, EVENT_PUSH_ANSWERED) == 0))
		return false;
	if (!filter->types[0])
		return true;
	for (size_t i = 0; filter->types[i]; i++)
		if (strcmp(filter->types[i], event->type) == 0)
			return true;
	return false;
}

static bool event_filter_takes_all(const struct event_filter *filter)
{
	return !filter->router && !filter->connection && !filter->types[0] && !filter->for_peer;
}

void event_filter_clear(struct event_filter *filter)
{
	free(filter->router);
	free(filter->connection);
	memset(filter, 0, sizeof(*filter));
}

/* ---- The page ---- */

/* What it has grown to stays, for the next one. */
static void clear_page(struct page *page)
{
	for (size_t i = 0; i < page->count; i++)
		free(page->events[i].texts);
	page->count = page->length = 0;
}

static bool add_words(struct page *page, const char *words, size_t length)
{
	if (page->length + length > page->size) {
		size_t size = 2 * page->size + length + PAGE_BYTES;
		char *larger = realloc(page->words, size);

		if (!larger)
			return false;
		page->words = larger;
		page->size = size;
	}
	memcpy(page->words + page->length, words, length);
	page->length += length;
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
static bool add_front(struct page *page, const struct store_event *event)
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
	good = add_words(page, front, (size_t)(at - front));
	free(front);
	return good;
}

/* What it says is JSON already: it is not read to be written again, ten thousand times a second. */
static bool add_event_words(struct page *page, const struct store_event *event)
{
	return add_front(page, event) && add_words(page, event->data, strlen(event->data)) && add_words(page, "}\n\n", 3);
}

/* Its texts in one piece. */
static bool keep_texts(struct page_event *entry, const struct store_event *event)
{
	const char *const texts[] = {event->type, event->router, event->connection, event->data, event->epoch};
	const char **const kept[] = {&entry->event.type, &entry->event.router, &entry->event.connection,
				     &entry->event.data, &entry->event.epoch};
	const size_t count = sizeof(texts) / sizeof(texts[0]);
	size_t size = 0;
	char *at;

	for (size_t i = 0; i < count; i++)
		size += strlen(texts[i]) + 1;
	at = entry->texts = malloc(size);
	for (size_t i = 0; at && i < count; i++) {
		*kept[i] = at;
		at = stpcpy(at, texts[i]) + 1;
	}
	return at != NULL;
}

static bool add_to_page(const struct store_event *event, void *context)
{
	struct page *page = context;
	struct page_event *entry = &page->events[page->count++];

	entry->event = *event;
	entry->begin = page->length;
	if (!keep_texts(entry, event) || !add_event_words(page, event)) {
		clear_page(page);
		return false;
	}
	if (page->count == 1)
		page->first = event->id;
	page->last = event->id;
	return page->count < PAGE_EVENTS && page->length < PAGE_BYTES;
}

/* False where there is nothing, or it cannot be read now. */
static bool load_page(struct event_streams *streams, int64_t after)
{
	struct page *page = &streams->page;

	clear_page(page);
	page->after = after;
	return store_events(api_store(streams->api), after, PAGE_EVENTS, add_to_page, page) == STORE_OK &&
	       page->count > 0;
}

static bool is_on_page(const struct page *page, int64_t cursor)
{
	return page->count > 0 && cursor >= page->after && cursor < page->last;
}

/* ---- Readers ---- */

static void drained(struct evhttp_connection *connection, void *context)
{
	struct stream *stream = context;

	stream->busy = false;
	api_client_is_active(stream->http);
	event_active(stream->streams->pump, EV_TIMEOUT, 0);
}

static void send_text(struct stream *stream, struct evbuffer *buffer)
{
	stream->busy = true;
	stream->streams->sent += evbuffer_get_length(buffer);
	stream->said_at = clock_steady_milliseconds();
	evhttp_send_reply_chunk_with_cb(stream->http, buffer, drained, stream);
}

/* False where it cannot be told an id now. */
static bool show_id(const struct stream *stream, const char *id, char shown[EVENT_ID_SHOWN_SIZE])
{
	const struct secret_key *key = pushes_key(api_pushes(stream->streams->api));

	return event_id_show(key, stream->filter.peer_asn, id, shown);
}

static bool show_place(const struct stream *stream, int64_t number, char shown[EVENT_ID_SHOWN_SIZE])
{
	char id[EVENT_ID_SIZE];

	event_id_of(api_store(stream->streams->api), number, id);
	return show_id(stream, id, shown);
}

static void add_gap(struct evbuffer *buffer, const char *after, const char *resumed)
{
	evbuffer_add_printf(buffer,
			    "id: %s\nevent: gap\ndata: {\"type\":\"gap\",\"after\":\"%s\",\"resumedAfter\":\"%s\"}\n\n",
			    resumed, after, resumed);
}

/* What is behind its place is not kept any more. */
static void add_gap_before(struct evbuffer *buffer, const struct stream *stream, int64_t first)
{
	char after[EVENT_ID_SHOWN_SIZE], resumed[EVENT_ID_SHOWN_SIZE];

	if (show_place(stream, stream->cursor, after) && show_place(stream, first - 1, resumed))
		add_gap(buffer, after, resumed);
}

static void add_for_peer(const struct stream *stream, struct evbuffer *buffer, const struct store_event *event)
{
	char id[EVENT_ID_SIZE], shown[EVENT_ID_SHOWN_SIZE];
	json_object *object;

	event_id_of_event(event, id);
	if (!show_id(stream, id, shown))
		return;
	object = event_to_json(event, shown, true);
	/* JSON of json-c has no line feed in it: control characters are escaped. */
	evbuffer_add_printf(
		buffer, "id: %s\nevent: %s\ndata: %s\n\n", shown, event->type,
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

/* What of the page is behind its place. */
static void serve(struct stream *stream, const struct page *page)
{
	struct evbuffer *buffer = evbuffer_new();
	bool all = event_filter_takes_all(&stream->filter);

	if (!buffer)
		return;
	if (stream->cursor + 1 < page->first)
		add_gap_before(buffer, stream, page->first);
	for (size_t i = 0; i < page->count; i++) {
		const struct page_event *entry = &page->events[i];
		size_t end = i + 1 < page->count && !all ? entry[1].begin : page->length;

		if (entry->event.id <= stream->cursor || !event_filter_takes(&stream->filter, &entry->event))
			continue;
		if (stream->filter.for_peer)
			add_for_peer(stream, buffer, &entry->event);
		else
			evbuffer_add(buffer, page->words + entry->begin, end - entry->begin);
		/* The rest in one piece. */
		if (all)
			break;
	}
	stream->cursor = page->last;
	if (evbuffer_get_length(buffer) > 0)
		send_text(stream, buffer);
	evbuffer_free(buffer);
}

static struct stream *next_ready(struct event_streams *streams, int64_t newest)
{
	struct stream *stream;

	TAILQ_FOREACH (stream, &streams->list, link)
		if (!stream->busy && stream->cursor < newest)
			return stream;
	return NULL;
}

/* One page to everybody who stands on it. False where it cannot be read now. */
static bool serve_page(struct event_streams *streams, struct stream *first, int64_t newest, int64_t until)
{
	struct stream *stream = first, *next;

	if (!is_on_page(&streams->page, first->cursor) && !load_page(streams, first->cursor))
		return false;
	for (; stream && streams->sent < SLICE_BYTES && clock_steady_microseconds() < until; stream = next) {
		next = TAILQ_NEXT(stream, link);
		if (stream->busy || stream->cursor >= newest || !is_on_page(&streams->page, stream->cursor))
			continue;
		serve(stream, &streams->page);
		TAILQ_REMOVE(&streams->list, stream, link);
		TAILQ_INSERT_TAIL(&streams->list, stream, link);
	}
	return true;
}

static void pump(evutil_socket_t fd, short what, void *context)
{
	struct event_streams *streams = context;
	int64_t began = clock_steady_microseconds(), pause = streams->resume_at - began;
	int64_t oldest, newest;
	struct stream *stream = NULL;
	TURN(TURN_EVENTS);

	if (streams->count == 0)
		return;
	if (pause <= 0) {
		if (store_event_range(api_store(streams->api), &oldest, &newest) == STORE_OK)
			while ((stream = next_ready(streams, newest)) != NULL && streams->sent < SLICE_BYTES &&
			       clock_steady_microseconds() < began + SLICE_MICROSECONDS)
				if (!serve_page(streams, stream, newest, began + SLICE_MICROSECONDS))
					break;
		pause = (clock_steady_microseconds() - began + (int64_t)streams->sent / BYTES_A_MICROSECOND) *
			PAUSE_PARTS;
		streams->sent = 0;
		streams->resume_at = began + pause;
		if (!stream)
			return;
	}
	event_add(streams->pump, &(struct timeval){.tv_sec = pause / 1000000, .tv_usec = pause % 1000000});
}

static void wake(void *context)
{
	struct event_streams *streams = context;

	event_active(streams->pump, EV_TIMEOUT, 0);
}

static void forget(struct stream *stream)
{
	TAILQ_REMOVE(&stream->streams->list, stream, link);
	stream->streams->count--;
	event_filter_clear(&stream->filter);
	free(stream);
}

static void end(struct stream *stream)
{
	struct evhttp_request *http = stream->http;

	evhttp_connection_set_closecb(evhttp_request_get_connection(http), NULL, NULL);
	forget(stream);
	evhttp_send_reply_end(http);
}

static void keep_alive(evutil_socket_t fd, short what, void *context)
{
	struct event_streams *streams = context;
	int64_t now = clock_steady_milliseconds();
	struct stream *stream = TAILQ_FIRST(&streams->list), *next;
	TURN(TURN_EVENTS);

	for (; stream; stream = next) {
		struct evbuffer *buffer;
		char id[EVENT_ID_SHOWN_SIZE];

		next = TAILQ_NEXT(stream, link);
		if (!stream->busy && now - stream->began_at > STREAM_MILLISECONDS) {
			end(stream);
			continue;
		}
		if (stream->busy || now - stream->said_at < KEEP_ALIVE_MILLISECONDS ||
		    !show_place(stream, stream->cursor, id))
			continue;
		buffer = evbuffer_new();
		if (!buffer)
			return;
		/* Where it resumes, also when nothing was for it. */
		evbuffer_add_printf(buffer, ": keep-alive\nid: %s\n\n", id);
		send_text(stream, buffer);
		evbuffer_free(buffer);
	}
}

static void client_left(struct evhttp_connection *connection, void *context)
{
	struct stream *stream = context;

	/* evhttp has let go of a request whose connection broke, and leaves it to us. */
	if (!evhttp_request_get_connection(stream->http))
		evhttp_request_free(stream->http);
	forget(stream);
}

/* `gap`: its cursor is not what it has. */
static void begin(struct stream *stream, const struct store_event_id *has, bool gap)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(stream->http);
	struct evbuffer *buffer = evbuffer_new();
	struct timeval patience = {.tv_sec = WRITE_SECONDS};
	char had[EVENT_ID_SIZE], after[EVENT_ID_SHOWN_SIZE], id[EVENT_ID_SHOWN_SIZE];

	/* It has said all that it had to say. */
	bufferevent_set_timeouts(evhttp_connection_get_bufferevent(evhttp_request_get_connection(stream->http)), NULL,
				 &patience);
	evhttp_add_header(headers, "Content-Type", "text/event-stream");
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	metrics.answers[2]++;
	evhttp_send_reply_start(stream->http, 200, "OK");
	if (!buffer)
		return;
	event_id_write(has, had);
	evbuffer_add_printf(buffer, "retry: %d\n", RETRY_MILLISECONDS);
	if (show_place(stream, stream->cursor, id))
		evbuffer_add_printf(buffer, "id: %s\n\n", id);
	if (gap && show_id(stream, had, after))
		add_gap(buffer, after, id);
	send_text(stream, buffer);
	evbuffer_free(buffer);
}

bool event_streams_add(struct event_streams *streams, struct evhttp_request *http, struct event_filter *filter,
		       const struct store_event_id *has)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct store *store = api_store(streams->api);
	int64_t oldest;
	bool gap = false;

	if (!stream || (has->number < 0 ? store_event_range(store, &oldest, &stream->cursor)
					: store_event_resume(store, has, &stream->cursor, &gap)) != STORE_OK) {
		free(stream);
		return false;
	}
	stream->streams = streams;
	stream->http = http;
	stream->began_at = clock_steady_milliseconds();
	stream->filter = *filter;
	memset(filter, 0, sizeof(*filter));
	TAILQ_INSERT_TAIL(&streams->list, stream, link);
	streams->count++;
	evhttp_connection_set_closecb(evhttp_request_get_connection(http), client_left, stream);
	begin(stream, has, gap);
	return true;
}

/* ---- Life ---- */

struct event_streams *event_streams_new(struct event_base *base, struct api *api, struct events *events)
{
	struct event_streams *streams = calloc(1, sizeof(*streams));
	struct timeval each = {.tv_sec = SWEEP_SECONDS};

	if (!streams)
		return NULL;
	streams->api = api;
	TAILQ_INIT(&streams->list);
	streams->listener = (struct events_listener){.wake = wake, .context = streams};
	events_listen(events, &streams->listener);
	streams->pump = event_new(base, -1, 0, pump, streams);
	streams->sweep = event_new(base, -1, EV_PERSIST, keep_alive, streams);
	if (!streams->pump || !streams->sweep || event_add(streams->sweep, &each) < 0) {
		event_streams_free(streams);
		return NULL;
	}
	return streams;
}

void event_streams_stop(struct event_streams *streams)
{
	struct stream *stream;

	while ((stream = TAILQ_FIRST(&streams->list)) != NULL)
		end(stream);
}

void event_streams_free(struct event_streams *streams)
{
	if (!streams)
		return;
	events_unlisten(&streams->listener);
	if (streams->pump)
		event_free(streams->pump);
	if (streams->sweep)
		event_free(streams->sweep);
	clear_page(&streams->page);
	free(streams->page.words);
	free(streams);
}

unsigned int event_streams_count(const struct event_streams *streams)
{
	return streams->count;
}

unsigned int event_streams_of_peers(const struct event_streams *streams)
{
	const struct stream *stream;
	unsigned int count = 0;

	TAILQ_FOREACH (stream, &streams->list, link)
		count += stream->filter.for_peer;
	return count;
}
