// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET /v1/events: a page of JSON, or a stream of server-sent events that goes on.
 */
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api.h"
#include "controller/api/api_list.h"
#include "controller/events/event_ids.h"
#include "controller/events/event_streams.h"
#include "controller/events/events.h"
#include "controller/pushes/pushes.h"
#include "controller/text.h"

/* Events that are looked at for one page, whatever the filter takes of them. */
#define LOOK_MAX 1000
/* The same where the store takes a peer's own. */
#define PEER_LOOK_MAX 40000
#define TYPES_TEXT_MAX 512

struct query {
	const struct secret_key *key; /* of the ids that a peer sees */
	struct event_filter filter;
	struct store_event_id has; /* number -1: not given */
	unsigned int limit;
};

/* "transition,degraded" */
static bool read_types(const char *text, struct event_filter *filter)
{
	size_t count = 0;

	while (filter->types[count])
		count++;
	for (;;) {
		size_t length = strcspn(text, ",");
		size_t i = 0;

		while (event_types[i] &&
		       (strlen(event_types[i]) != length || memcmp(event_types[i], text, length) != 0))
			i++;
		if (!event_types[i] || count == EVENT_FILTER_TYPES_MAX)
			return false;
		filter->types[count++] = event_types[i];
		if (text[length] == '\0')
			return true;
		text += length + 1;
	}
}

static bool replace(char **field, const char *value)
{
	free(*field);
	*field = strdup(value);
	return *field != NULL;
}

static bool read_parameter(struct query *query, const char *key, const char *value)
{
	if (strcmp(key, "router") == 0)
		return replace(&query->filter.router, value);
	if (strcmp(key, "connection") == 0)
		return replace(&query->filter.connection, value);
	if (strcmp(key, "type") == 0)
		return read_types(value, &query->filter);
	if (strcmp(key, "after") == 0)
		return event_id_take(query->key, query->filter.peer_asn, value, &query->has);
	if (strcmp(key, "limit") == 0 && strspn(value, "0123456789") == strlen(value) && strlen(value) < 5 &&
	    atoi(value) >= 1 && atoi(value) <= API_PAGE_MAX) {
		query->limit = (unsigned int)atoi(value);
		return true;
	}
	return false;
}

static void name_types(char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; event_types[i] && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", event_types[i]);
}

/* False where it has answered. */
static bool read_query(const struct api_request *request, struct query *query)
{
	const char *last = evhttp_find_header(evhttp_request_get_input_headers(request->http), "Last-Event-ID");
	struct evkeyval *parameter;

	*query = (struct query){.key = pushes_key(api_pushes(request->api)), .has = {.number = -1}, .limit = API_PAGE_MAX};
	query->filter.for_peer = request->identity.role == API_ROLE_PEER;
	query->filter.peer_asn = request->identity.asn;
	TAILQ_FOREACH (parameter, request->query, next) {
		char types[TYPES_TEXT_MAX];
		char *key;

		if (read_parameter(query, parameter->key, parameter->value))
			continue;
		key = text_clean(parameter->key, 60);
		name_types(types, sizeof(types));
		api_problem_format(
			request->http, 400, "bad-query",
			"the parameter \"%s\" is unknown or its value cannot be used; there are router, "
			"connection, after (the id of an event), limit (1 to %d, of a page) and type, one or more "
			"with commas between of %s",
			key ? key : "", API_PAGE_MAX, types);
		free(key);
		event_filter_clear(&query->filter);
		return false;
	}
	/* A client that connects again says where it was; that is newer than its address. */
	if (last && !event_id_take(query->key, query->filter.peer_asn, last, &query->has)) {
		api_problem(request->http, 400, "bad-query", "the header Last-Event-ID is the id of no event", NULL);
		event_filter_clear(&query->filter);
		return false;
	}
	return true;
}

/* ---- A page ---- */

struct list {
	const struct query *query;
	json_object *array;
	size_t bytes;
	int64_t cursor; /* the newest that was looked at */
	bool full;
};

static bool add_event(const struct store_event *event, void *context)
{
	struct list *list = context;
	const struct query *query = list->query;
	char id[EVENT_ID_SIZE], shown[EVENT_ID_SHOWN_SIZE];

	event_id_of_event(event, id);
	list->full = list->bytes > API_LIST_BYTES || json_object_array_length(list->array) == query->limit ||
		     !event_id_show(query->key, query->filter.peer_asn, id, shown);
	if (list->full)
		return false;
	list->cursor = event->id;
	list->bytes += API_LIST_ROW;
	if (event_filter_takes(&query->filter, event)) {
		list->bytes += 2 * strlen(event->data);
		json_object_array_add(list->array, event_to_json(event, shown, query->filter.for_peer));
	}
	return true;
}

static json_object *shown_to_json(const struct query *query, const char *id)
{
	char shown[EVENT_ID_SHOWN_SIZE];

	return event_id_show(query->key, query->filter.peer_asn, id, shown) ? json_object_new_string(shown) : NULL;
}

static json_object *id_to_json(const struct query *query, struct store *store, int64_t number)
{
	char text[EVENT_ID_SIZE];

	event_id_of(store, number, text);
	return shown_to_json(query, text);
}

static json_object *gap_to_json(const struct query *query, struct store *store, int64_t after)
{
	json_object *gap = json_object_new_object();
	char text[EVENT_ID_SIZE];

	event_id_write(&query->has, text);
	json_object_object_add(gap, "after", shown_to_json(query, text));
	json_object_object_add(gap, "resumedAfter", id_to_json(query, store, after));
	return gap;
}

/* Of a peer the store looks for its own alone: how many there are between them is nothing for it. */
static enum store_result read_events(struct store *store, int64_t after, int64_t newest, struct list *list)
{
	enum store_result result;

	if (!list->query->filter.for_peer)
		return store_events(store, after, LOOK_MAX, add_event, list);
	result = store_events_of_asn(store, list->query->filter.peer_asn, after, PEER_LOOK_MAX, add_event, list);
	if (!list->full)
		list->cursor = newest - after > PEER_LOOK_MAX ? after + PEER_LOOK_MAX : newest;
	return result;
}

static void answer_page(const struct api_request *request, const struct query *query)
{
	struct store *store = api_store(request->api);
	struct list list = {.query = query, .array = json_object_new_array()};
	int64_t oldest, newest, after = 0;
	enum store_result result = store_event_range(store, &oldest, &newest);
	json_object *answer;
	bool gap = false;

	if (result == STORE_OK && query->has.number >= 0)
		result = store_event_resume(store, &query->has, &after, &gap);
	/* What is not there any more is not looked for. */
	if (result == STORE_OK && after + 1 < oldest)
		after = oldest - 1;
	list.cursor = after;
	if (result == STORE_OK)
		result = read_events(store, after, newest, &list);
	if (result != STORE_OK) {
		json_object_put(list.array);
		api_problem_store(request->http, store, result);
		return;
	}
	answer = api_object();
	json_object_object_add(answer, "events", list.array);
	json_object_object_add(answer, "gap", gap ? gap_to_json(query, store, after) : NULL);
	json_object_object_add(answer, "nextAfter", list.cursor < newest ? id_to_json(query, store, list.cursor) : NULL);
	json_object_object_add(answer, "newest", id_to_json(query, store, newest));
	api_reply(request->http, 200, answer, NULL);
}

/* ---- Either ---- */

void api_get_events(const struct api_request *request)
{
	const char *accept = evhttp_find_header(evhttp_request_get_input_headers(request->http), "Accept");
	struct event_streams *streams = api_event_streams(request->api);
	unsigned int most = api_config(request->api)->max_event_streams;
	struct query query;

	if (!read_query(request, &query))
		return;
	if (accept && strstr(accept, "application/json"))
		answer_page(request, &query);
	/* Peers have half of them at most, hold nobody of ours up, and hear of nobody else's. */
	else if (query.filter.for_peer &&
		 (event_streams_count(streams) >= most || event_streams_of_peers(streams) >= (most + 1) / 2))
		api_problem(request->http, 503, "too-many-streams",
			    "no further reader of events may connect now; take pages with the header "
			    "Accept: application/json", NULL);
	else if (event_streams_count(streams) >= most)
		api_problem_format(request->http, 503, "too-many-streams",
				   "%u readers of events are connected, and no more may be; take pages with the header "
				   "Accept: application/json, or raise max-event-streams in the configuration",
				   event_streams_count(streams));
	else if (!event_streams_add(streams, request->http, &query.filter, &query.has))
		api_problem(request->http, 503, "store-busy", "the store does not answer now; try again", NULL);
	event_filter_clear(&query.filter);
}
