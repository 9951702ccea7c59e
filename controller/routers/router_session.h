/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One session with a router: TLS handshake, Hello, frames both ways, heartbeats, end (doc/protocol.md).
 *
 * Main thread. Counted references: the session itself holds one until it is over, each waiting report holds one more;
 * everything here may be called on a session that is over and then does nothing.
 */
#ifndef PEERING_CONTROLLER_ROUTER_SESSION_H
#define PEERING_CONTROLLER_ROUTER_SESSION_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controller/routers/newcomers.h"
#include "controller/store/store.h"
#include "lib/peering.pb-c.h"
#include "lib/protocol_features.h"

#define PROTOCOL_VERSION 1

struct routers;

/*
 * Takes an accepted socket (closed in any case). NULL where memory is short. The session ends itself and tells
 * `routers` (routers.h) of its name's coming and going.
 */
struct router_session *router_session_new(struct routers *routers, struct event_base *base, SSL_CTX *context,
					  evutil_socket_t fd);
struct router_session *router_session_ref(struct router_session *session);
void router_session_unref(struct router_session *session);

/*
 * Ends the session with an Error that names `code`, and says `sentence` in the log and to the router. NULL `code`: at
 * once and without a word to it.
 */
void router_session_close(struct router_session *session, const char *code, const char *sentence);

/* Who it is, once Hello was accepted. The texts live as long as the session. */
const char *router_session_name(const struct router_session *session);
const char *router_session_journal(const struct router_session *session);
/* Fills what Hello said; times are 0. */
void router_session_describe(const struct router_session *session, struct store_router *router);
/* NULL once it is over. */
SSL *router_session_ssl(const struct router_session *session);
/* What its Hello said that the router has beyond the first version of the protocol. */
protocol_feature_set router_session_features(const struct router_session *session);
/* Whether it was welcomed and is not over. */
bool router_session_is_up(const struct router_session *session);

/* ---- From reports.c, once the store has committed ---- */

/* Its Hello: answers HelloAck and reads on. `acked_at`: when that transition was, 0 where it is not known. */
void router_session_welcome(struct router_session *session, uint64_t acked_sequence, int64_t acked_at);
/* A transition. */
void router_session_stored(struct router_session *session, uint64_t sequence);
/* Everything of this batch: acknowledges, and reads on where it had to wait. */
void router_session_committed(struct router_session *session);
/* Connections that differ from what was asked for: whether that is another number than before in this session. */
bool router_session_differs(struct router_session *session, uint64_t count);
/* Number of the full report of connections that was begun last in this session; 0: none (store_snapshot_begins()). */
uint64_t *router_session_snapshot(struct router_session *session);
/* Memory that its waiting reports take, more or less. */
void router_session_account(struct router_session *session, size_t memory, bool more);

/* ---- From pushes.c ---- */

/* False where the session is over, or was closed because the router does not read. */
bool router_session_send(struct router_session *session, const Peering__Envelope *envelope);
/* How far this session has come in the store's queue of pushes, and how many of them wait for an answer. */
struct push_window {
	int64_t newest; /* number of the push sent last */
	unsigned int unanswered;
	bool unconfirmed; /* a push waits to be confirmed by the controller itself */
	unsigned int beats; /* heartbeats since its answer */
};
struct push_window *router_session_window(struct router_session *session);

/* routers.c keeps them in lists. */
struct router_session_link {
	LIST_ENTRY(router_session_link) link;
	struct newcomer newcomer; /* until its Hello is accepted */
	struct router_session *session;
};
struct router_session_link *router_session_link(struct router_session *session);

#endif
