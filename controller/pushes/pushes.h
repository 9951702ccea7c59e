/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what people ask for to what a router did: a push is a row of the store first, goes out in the order of the
 * rows while the router is connected, and its answer is a row again before anyone hears of it.
 *
 * Main thread. Nothing here is state that the store does not have, but for who waits.
 */
#ifndef PEERING_CONTROLLER_PUSHES_H
#define PEERING_CONTROLLER_PUSHES_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/store/store.h"
#include "lib/secret.h"

struct push_waiter;
struct pushes;
struct router_session;
struct routers;

/* Pushes of one router that may wait in the store. */
#define PUSHES_QUEUED_MAX 1000
/* Of one push: what a router takes. */
#define PUSH_OPERATIONS_MAX 1024

/* `key` opens the passwords of what is stored. */
struct pushes *pushes_new(struct event_base *base, struct store *store, const struct secret_key *key);
const struct secret_key *pushes_key(const struct pushes *pushes);
/* The two sides know each other; set before the first push. */
void pushes_set_routers(struct pushes *pushes, struct routers *routers);
/* Every waiter must be gone. */
void pushes_free(struct pushes *pushes);

/* A push of this router is committed: it goes out in a turn of its own, where the router is connected. */
void pushes_created(struct pushes *pushes, const char *router);

/*
 * Calls `done` once: when the answer is committed, when the session of the router is over, or after `seconds`. What
 * came of it stands in the store. Never from inside this call. NULL where memory is short.
 */
typedef void (*push_done)(const char *id, void *context);
struct push_waiter *pushes_wait(struct pushes *pushes, const char *id, const char *router, unsigned int seconds,
				push_done done, void *context);
/* For who no longer wants to hear of it; not after `done`. */
void pushes_forget(struct push_waiter *waiter);
/* Calls `done` for everyone who waits, for the controller's end. */
void pushes_release(struct pushes *pushes);

/* A session was welcomed: sends what is queued. */
void pushes_connected(struct pushes *pushes, struct router_session *session);
/* The router is no longer held: says so, and sends what has waited for that. */
void pushes_released(struct pushes *pushes, const char *router);
/* An answer is committed; `first`: to the push itself, else to its confirmation. */
void pushes_answered(struct pushes *pushes, struct router_session *session, const char *id, bool first);
/* A heartbeat has come: the router is reached, which confirms what waits for that. */
void pushes_heard(struct pushes *pushes, struct router_session *session);
/* Somebody confirms a push. Nothing where the router is not connected. */
void pushes_confirm(struct pushes *pushes, const char *router, const char *id);
/* The end of a router's session is committed. */
void pushes_interrupted(struct pushes *pushes, const char *router);

#endif
