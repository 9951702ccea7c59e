// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/events/events.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/api_peer_view.h"
#include "controller/log.h"
#include "controller/store/store.h"
#include "controller/text.h"
#include "peering-config.h"

const char *const event_types[] = {EVENT_TRANSITION,
				   EVENT_DEGRADED,
				   EVENT_RECOVERED,
				   EVENT_PUSH_STORED,
				   EVENT_PUSH_ANSWERED,
				   EVENT_ROUTER_NEW,
				   EVENT_ROUTER_CONNECTED,
				   EVENT_ROUTER_DISCONNECTED,
				   EVENT_CERTIFICATE_EXPIRING,
				   EVENT_CONTROLLER_STARTED,
				   EVENT_WEBHOOK_TEST,
				   NULL};

struct events {
	struct store *store;
	struct event *wake;
	LIST_HEAD(, events_listener) listeners;
};

bool event_type_is_known(const char *type)
{
	for (size_t i = 0; event_types[i]; i++)
		if (strcmp(event_types[i], type) == 0)
			return true;
	return false;
}

static void wake_all(evutil_socket_t fd, short what, void *context)
{
	struct events *events = context;
	struct events_listener *listener = LIST_FIRST(&events->listeners);

	while (listener) {
		struct events_listener *next = LIST_NEXT(listener, link);

		listener->wake(listener->context);
		listener = next;
	}
}

static void committed(void *context)
{
	struct events *events = context;

	event_active(events->wake, EV_TIMEOUT, 0);
}

/* One that is of the controller itself. */
static void add_event(struct events *events, const char *type, const char *data)
{
	struct store_event event = {
		.at = clock_milliseconds(), .type = type, .router = "", .connection = "", .data = data};

	if (store_event_add(events->store, &event) != STORE_OK)
		log_event(LEVEL_ERROR, "store-failed", "message", store_error(events->store), NULL);
}

void events_certificate_expiring(struct events *events, const char *whose, const char *name, uint64_t ends)
{
	json_object *data = json_object_new_object();
	char text[TEXT_TIME_SIZE];

	text_time((int64_t)ends * 1000, text);
	json_object_object_add(data, "whose", json_object_new_string(whose));
	json_object_object_add(data, "name", json_object_new_string(name));
	json_object_object_add(data, "endsAt", json_object_new_string(text));
	add_event(events, EVENT_CERTIFICATE_EXPIRING,
		  json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(data);
}

struct events *events_new(struct event_base *base, struct store *store)
{
	struct events *events = calloc(1, sizeof(*events));

	if (!events)
		return NULL;
	events->store = store;
	LIST_INIT(&events->listeners);
	events->wake = event_new(base, -1, 0, wake_all, events);
	if (!events->wake) {
		events_free(events);
		return NULL;
	}
	store_on_events(store, committed, events);
	add_event(events, EVENT_CONTROLLER_STARTED, "{\"version\":\"" PACKAGE_VERSION "\"}");
	return events;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	store_on_events(events->store, NULL, NULL);
	if (events->wake)
		event_free(events->wake);
	free(events);
}

void events_listen(struct events *events, struct events_listener *listener)
{
	LIST_INSERT_HEAD(&events->listeners, listener, link);
}

void events_unlisten(struct events_listener *listener)
{
	LIST_REMOVE(listener, link);
}

void event_id_write(const struct store_event_id *id, char text[EVENT_ID_SIZE])
{
	snprintf(text, EVENT_ID_SIZE, "%" PRId64 "%s%s", id->number, id->epoch[0] ? "-" : "", id->epoch);
}

bool event_id_read(const char *text, struct store_event_id *id)
{
	char *end;
	size_t length;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	id->number = strtoll(text, &end, 10);
	id->epoch[0] = '\0';
	if (errno != 0 || *end == '\0')
		return errno == 0;
	length = strlen(end + 1);
	if (*end != '-' || length == 0 || length >= sizeof(id->epoch))
		return false;
	for (size_t i = 1; i <= length; i++)
		if (!isalnum((unsigned char)end[i]))
			return false;
	memcpy(id->epoch, end + 1, length + 1);
	return true;
}

void event_id_of(struct store *store, int64_t number, char text[EVENT_ID_SIZE])
{
	struct store_event_id id = {.number = number};

	if (store_event_epoch(store, &id) != STORE_OK)
		id.epoch[0] = '\0';
	event_id_write(&id, text);
}

void event_id_of_event(const struct store_event *event, char text[EVENT_ID_SIZE])
{
	struct store_event_id id = {.number = event->id};

	snprintf(id.epoch, sizeof(id.epoch), "%s", event->epoch);
	event_id_write(&id, text);
}

static void add_text(json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text[0] != '\0' ? json_object_new_string(text) : NULL);
}

json_object *event_to_json(const struct store_event *event, const char *id, bool for_peer)
{
	json_object *object = json_object_new_object(), *data = json_tokener_parse(event->data);
	char text[TEXT_TIME_SIZE];

	json_object_object_add(object, "id", json_object_new_string(id));
	text_time(event->at, text);
	json_object_object_add(object, "at", json_object_new_string(text));
	json_object_object_add(object, "type", json_object_new_string(event->type));
	add_text(object, "router", event->router);
	add_text(object, "connection", event->connection);
	json_object_object_add(object, "data", for_peer ? api_peer_view_of_event(event->type, data) : data);
	return object;
}
