/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: what happened, for whoever watches (doc/controller.md). They are rows of the store; this wakes who waits for
 * more of them.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_EVENTS_H
#define PEERING_CONTROLLER_EVENTS_H

#include <event2/event.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#define EVENT_TRANSITION "transition"
#define EVENT_DEGRADED "degraded"
#define EVENT_RECOVERED "recovered"
#define EVENT_PUSH_STORED "push-stored"
#define EVENT_PUSH_ANSWERED "push-answered"
#define EVENT_ROUTER_NEW "router-new"
#define EVENT_ROUTER_CONNECTED "router-connected"
#define EVENT_ROUTER_DISCONNECTED "router-disconnected"
#define EVENT_CERTIFICATE_EXPIRING "certificate-expiring"
#define EVENT_CONTROLLER_STARTED "controller-started"
#define EVENT_WEBHOOK_TEST "webhook-test"

struct events;
struct store;
struct store_event;
struct store_event_id;

/* Every type, closed by NULL. */
extern const char *const event_types[];
bool event_type_is_known(const char *type);

/* Also stores that the controller has started. NULL where memory is short. */
struct events *events_new(struct event_base *base, struct store *store);
/* Every listener must be gone. */
void events_free(struct events *events);

/*
 * A certificate ends soon, or has ended: `whose` is a word ("controller", "router"), `ends` Unix seconds. Says it in the
 * log where it cannot be stored.
 */
void events_certificate_expiring(struct events *events, const char *whose, const char *name, uint64_t ends);

/* Somebody who is woken, behind the turn in which more events were committed. */
struct events_listener {
	LIST_ENTRY(events_listener) link;
	void (*wake)(void *context);
	void *context;
};
void events_listen(struct events *events, struct events_listener *listener);
void events_unlisten(struct events_listener *listener);

/* "1234-9f86d081", as every cursor of the API a text; the number alone where no epoch is said. */
#define EVENT_ID_SIZE 40
void event_id_write(const struct store_event_id *id, char text[EVENT_ID_SIZE]);
bool event_id_read(const char *text, struct store_event_id *id);
/* With the epoch that the store knows of; the number alone where it does not answer. */
void event_id_of(struct store *store, int64_t number, char text[EVENT_ID_SIZE]);
void event_id_of_event(const struct store_event *event, char text[EVENT_ID_SIZE]);

/* The event as the API shows it, under the id that its reader sees; `for_peer` without what people here said, and who. */
json_object *event_to_json(const struct store_event *event, const char *id, bool for_peer);

#endif
