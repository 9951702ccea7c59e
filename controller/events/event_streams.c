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
#include "controller/events/event_pages.h"
#include "controller/events/events.h"
#include "controller/pushes/pushes.h"
#include "controller/service/metrics.h"
#include "controller/text.h"
#include "controller/turn.h"

/* Of the loop's time readers together have a tenth while others want it, half of it while nobody does. */
#define SLICE_MICROSECONDS 4000
#define PAUSE_PARTS_MOST 9
#define PAUSE_PARTS_LEAST 1
/* Who is called so late, by the clock, is not alone. He has a longer slice for it, up to here. */
#define LATE_MICROSECONDS 2000
#define LATE_MICROSECONDS_MOST (8 * PAUSE_PARTS_MOST * 1000)
#define LATE_PARTS 3
/* What TLS and the kernel take for it behind the slice: for each time that a reader is given something, and its length. */
#define SEND_MICROSECONDS 15
#define BYTES_A_MICROSECOND 500
/* A reader is given a page more until it has so much. */
#define ENOUGH_BYTES (EVENT_PAGE_BYTES / 2)
/* The store does not answer, or memory is short. */
#define RETRY_MICROSECONDS 100000
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

struct event_streams {
	struct api *api;
	struct events_listener listener;
	struct event *pump, *sweep;
	TAILQ_HEAD(stream_list, stream) list; /* who was served longest ago comes first */
	unsigned int count;
	int64_t resume_at;  /* microseconds of the steady clock: not before */
	unsigned int pause; /* parts for everybody else behind one of work */
	int64_t sending;    /* microseconds that this slice costs behind it */
	struct event_pages *pages;
};

/* ---- Readers ---- */

/* The pump comes when it may. */
static void wake(void *context)
{
	struct event_streams *streams = context;
	int64_t now = clock_steady_microseconds(), pause;

	if (streams->count == 0 || event_pending(streams->pump, EV_TIMEOUT, NULL))
		return;
	if (streams->resume_at < now)
		streams->resume_at = now;
	pause = streams->resume_at - now;
	event_add(streams->pump, &(struct timeval){.tv_sec = pause / 1000000, .tv_usec = pause % 1000000});
}

static void drained(struct evhttp_connection *connection, void *context)
{
	struct stream *stream = context;

	stream->busy = false;
	api_client_is_active(stream->http);
	wake(stream->streams);
}

static void send_text(struct stream *stream, struct evbuffer *buffer)
{
	size_t length = evbuffer_get_length(buffer);

	stream->busy = true;
	stream->streams->sending += SEND_MICROSECONDS + (int64_t)length / BYTES_A_MICROSECOND;
	metrics.event_bytes_sent += length;
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

/* The next page of what is behind its place. False where that cannot be read now. */
static bool add_page(struct stream *stream, int64_t newest, struct evbuffer *buffer)
{
	struct event_pages *pages = stream->streams->pages;
	struct event_page *page;
	int64_t first, last;

	if (!event_pages_behind(pages, stream->cursor, &page))
		return false;
	/* Nothing of it may be kept any more. */
	first = page ? event_page_first(page) : newest + 1;
	last = page ? event_page_last(page) : newest;
	if (stream->cursor + 1 < first)
		add_gap_before(buffer, stream, first);
	if (page && !event_page_add(pages, page, &stream->filter, stream->cursor, buffer))
		return false;
	stream->cursor = last;
	return true;
}

/* As much as it may have at once. False where that cannot be read now. */
static bool serve(struct stream *stream, int64_t newest, int64_t until)
{
	struct evbuffer *buffer = evbuffer_new();
	bool good = buffer != NULL;

	while (good && stream->cursor < newest && evbuffer_get_length(buffer) < ENOUGH_BYTES &&
	       clock_steady_microseconds() < until)
		good = add_page(stream, newest, buffer);
	if (buffer && evbuffer_get_length(buffer) > 0)
		send_text(stream, buffer);
	if (buffer)
		evbuffer_free(buffer);
	return good;
}

enum served { ALL, SOME, FAILED };

/* Each that is ready once: what it has then has to go out first. */
static enum served serve_all(struct event_streams *streams, int64_t newest, int64_t end)
{
	struct stream *stream = TAILQ_FIRST(&streams->list), *last = TAILQ_LAST(&streams->list, stream_list), *next;

	for (; stream; stream = stream == last ? NULL : next) {
		int64_t until = end - streams->sending;

		next = TAILQ_NEXT(stream, link);
		if (stream->busy || stream->cursor >= newest)
			continue;
		if (clock_steady_microseconds() >= until)
			return SOME;
		if (!serve(stream, newest, until))
			return FAILED;
		TAILQ_REMOVE(&streams->list, stream, link);
		TAILQ_INSERT_TAIL(&streams->list, stream, link);
		/* It looked through what is not for it until the time was over: nothing that goes out will wake it. */
		if (!stream->busy && stream->cursor < newest)
			return SOME;
	}
	return ALL;
}

/* How long the slice may be. `late`: how long after its time the pump was called. */
static int64_t share_loop(struct event_streams *streams, int64_t late)
{
	if (late > LATE_MICROSECONDS)
		streams->pause = streams->pause + LATE_PARTS < PAUSE_PARTS_MOST ? streams->pause + LATE_PARTS
										 : PAUSE_PARTS_MOST;
	else if (streams->pause > PAUSE_PARTS_LEAST)
		streams->pause--;
	return SLICE_MICROSECONDS + (late < LATE_MICROSECONDS_MOST ? late : LATE_MICROSECONDS_MOST) / PAUSE_PARTS_MOST;
}

static void pump(evutil_socket_t fd, short what, void *context)
{
	struct event_streams *streams = context;
	int64_t began = clock_steady_microseconds(), oldest, newest, slice, now, pause;
	enum served served = FAILED;
	TURN(TURN_EVENTS);

	if (streams->count == 0)
		return;
	slice = share_loop(streams, began - streams->resume_at);
	if (store_event_range(api_store(streams->api), &oldest, &newest) == STORE_OK)
		served = serve_all(streams, newest, began + slice);
	now = clock_steady_microseconds();
	pause = streams->sending + (now - began + streams->sending) * streams->pause;
	if (served == FAILED && pause < RETRY_MICROSECONDS)
		pause = RETRY_MICROSECONDS;
	streams->resume_at = now + pause;
	streams->sending = 0;
	if (served != ALL)
		wake(streams);
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
	streams->pages = event_pages_new(api_store(api), pushes_key(api_pushes(api)));
	streams->pause = PAUSE_PARTS_MOST;
	streams->pump = event_new(base, -1, 0, pump, streams);
	streams->sweep = event_new(base, -1, EV_PERSIST, keep_alive, streams);
	if (!streams->pages || !streams->pump || !streams->sweep || event_add(streams->sweep, &each) < 0) {
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
	event_pages_free(streams->pages);
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
