/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTPS JSON API (doc/controller.md): what its files share. api_server.c accepts, authenticates and finds the
 * handler; each handler answers exactly once, at once or later.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_API_H
#define PEERING_CONTROLLER_API_H

#include <event2/event.h>
#include <event2/http.h>
#include <json-c/json.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/api/api_identity.h"
#include "controller/routers/listener.h"
#include "controller/service/config.h"
#include "controller/store/store.h"
#include "lib/lifecycle.h"

#define API_SCHEMA_VERSION 1
/* An e-mail address that a router keeps whole, and its NUL. */
#define API_ACTOR_MAX (TRANSITION_ACTOR_MAX - sizeof(TRANSITION_ACTOR_CONTROLLER) + 1)
#define API_BODY_MAX ((size_t)64 << 10)
#define API_LONG_BODY_MAX ((size_t)1 << 20) /* of connections and policies */
#define API_SEGMENTS_MAX 6
#define API_PAGE_MAX 1000

struct api;
struct certificates;
struct event_streams;
struct events;
struct peerings;
struct pushes;
struct routers;
struct webhooks;

/* Everything a handler needs of one request; lives until it returns. */
struct api_request {
	struct api *api;
	struct evhttp_request *http;
	struct api_identity identity;
	char **segments;   /* of the path behind /v1, decoded */
	size_t segment_count;
	struct evkeyvalq *query; /* decoded */
	const char *body;	 /* with a final NUL; "" without one */
	size_t body_size;
};

/* ---- api_server.c ---- */

/* Listens. All that is given must outlive it. NULL with a sentence in `error`. */
struct api *api_open(struct event_base *base, const struct config *config, struct certificates *certificates,
		     struct store *store, struct pushes *pushes, struct routers *routers, struct events *events,
		     struct webhooks *webhooks, struct peerings *peerings, char *error, size_t error_size);
/* New revocation lists: closes the connections that they concern. */
void api_end_revoked(struct api *api);
/* Stops accepting, and ends what never ends by itself. */
void api_stop(struct api *api);
/* Closes every connection; nobody may wait for a push any more. */
void api_free(struct api *api);
void api_bound(const struct api *api, char text[LISTENER_ADDRESS_SIZE]);

struct store *api_store(const struct api *api);
struct pushes *api_pushes(const struct api *api);
struct routers *api_routers(const struct api *api);
struct peerings *api_peerings(const struct api *api);
const struct config *api_config(const struct api *api);
struct event_streams *api_event_streams(const struct api *api);
struct webhooks *api_webhooks(const struct api *api);
struct api_tasks *api_tasks(const struct api *api);
/* Connections whose certificate or token is known. */
unsigned int api_client_count(const struct api *api);

/* The client of an answer that goes on has taken some of it: it is not idle. */
void api_client_is_active(struct evhttp_request *http);

/* Where the request came from, "192.0.2.1:40000"; "?" where it has left. */
void api_client_address(struct evhttp_request *http, char text[LISTENER_ADDRESS_SIZE]);
void api_client_source(struct evhttp_request *http, struct sockaddr_storage *from);
/* NULL where it has left. */
SSL *api_client_ssl(struct evhttp_request *http);

/* ---- api_body.c: what clients send. False where it has answered ---- */

/* *body is NULL for an empty one; the caller puts it. */
bool api_read_body(const struct api_request *request, json_object **body);

struct api_page {
	int64_t after; /* an id; 0: from the beginning */
	unsigned int limit;
};

/* `after` and `limit`, for a list in the order of ids; anything else in the query is refused. */
bool api_read_page(const struct api_request *request, struct api_page *page);
/* A limit alone; this one answers nothing. */
bool api_read_limit(const char *value, unsigned int *limit);
/* Answers that a list takes no such parameter, or not with this value. */
void api_problem_query(const struct api_request *request, const char *key);

/* ---- api_reply.c: each of these answers, and ends the request ---- */

/* Takes `object`, which from status 400 on is a problem. `location` may be NULL. */
void api_send(struct evhttp_request *http, int status, json_object *object, const char *location);
/* The same for what is no problem. */
void api_reply(struct evhttp_request *http, int status, json_object *object, const char *location);

/* An RFC 9457 problem. `sentence` says what to do; `allowed` (taken) may be NULL. */
void api_problem(struct evhttp_request *http, int status, const char *code, const char *sentence, json_object *allowed);
/* The same with another member, whose `value` is taken. */
void api_problem_with(struct evhttp_request *http, int status, const char *code, const char *sentence, const char *key,
		      json_object *value);
__attribute__((format(printf, 4, 5))) void api_problem_format(struct evhttp_request *http, int status, const char *code,
							      const char *format, ...);
/* What the store said instead of STORE_OK. */
void api_problem_store(struct evhttp_request *http, struct store *store, enum store_result result);

/* A time as RFC 3339, or null where it is 0. */
json_object *api_time(int64_t milliseconds);
/* A new object that begins with schemaVersion. */
json_object *api_object(void);
/* `text`, or null where it is NULL or empty. */
json_object *api_text(const char *text);

/* ---- Handlers ---- */

void api_get_policies(const struct api_request *request);
void api_get_policy(const struct api_request *request);
void api_post_policies(const struct api_request *request);
void api_put_policy(const struct api_request *request);
void api_delete_policy(const struct api_request *request);
void api_get_routers(const struct api_request *request);
void api_get_connections(const struct api_request *request);
void api_get_routes(const struct api_request *request);
void api_get_preview(const struct api_request *request);
void api_get_connection(const struct api_request *request);
void api_get_history(const struct api_request *request);
void api_post_connection(const struct api_request *request);
void api_post_verb(const struct api_request *request);
void api_get_push(const struct api_request *request);
void api_get_events(const struct api_request *request);
void api_get_webhooks(const struct api_request *request);
void api_post_webhook_test(const struct api_request *request);
void api_get_differences(const struct api_request *request);
void api_post_push_again(const struct api_request *request);
void api_post_accept(const struct api_request *request);
void api_post_policy_push_again(const struct api_request *request);
void api_post_policy_accept(const struct api_request *request);
void api_post_confirm(const struct api_request *request);
void api_get_audit(const struct api_request *request);
void api_get_tokens(const struct api_request *request);
void api_post_token(const struct api_request *request);
void api_delete_token(const struct api_request *request);

/* ?onlyIfChanged=true. False where it has answered. */
bool api_read_only_if_changed(const struct api_request *request, bool *only_if_changed);
/* What the query says of a push. False where it has answered. */
bool api_read_push_options(const struct api_request *request, struct store_push *push);
/* Answers once the router has said something of the push, or when nobody wants to wait longer. */
void api_wait_for_push(const struct api_request *request, const char *id, const char *router);
/* Stores a push of these, sends it, and answers now or once the router has. The last one is what was asked for. */
void api_submit(const struct api_request *request, const char *router, const struct store_operation *operations,
		size_t count);

/* Operations that push the objects under "policies" of a body. */
struct api_policies {
	size_t count;
	struct store_operation operations[]; /* with their texts; and a place for one more */
};

/* Takes them out of the body. NULL where it has answered. */
struct api_policies *api_policies_take(const struct api_request *request, json_object *body);
void api_policies_free(struct api_policies *policies);

/* What a connection can be told, closed by NULL. */
extern const char *const api_verbs[];

/* ---- What handlers share ---- */

/* Takes an empty body, or {"reason": …}; *reason is the caller's to free. False where it has answered. */
bool api_read_reason(const struct api_request *request, char **reason);
/* "ROUTER/NAME", behind which a page of connections goes on. */
json_object *api_place_of(const struct store_connection *connection);
/* Since when a connection differs from what was asked for. */
json_object *api_differs_since(const struct store_connection *connection);
/* Why something differs that was asked for in a push which is now in this state; NULL: it was not. Static. */
const char *api_why_differs(const struct api *api, const char *router, const char *push_state);
/* A policy as an entry of the differences. The caller puts it. */
json_object *api_policy_difference(const struct api *api, const struct store_policy_difference *difference);
/* Stores the push that says it, which is not sent, and answers. */
void api_accept(const struct api_request *request, const struct store_operation *operation);
/* Whether pushes to it wait for its differences to be settled (store.h). */
bool api_router_is_held(const struct api *api, const char *router);
/* Each operation of a push into the audit log, in the transaction that creates it. */
enum store_result api_audit_push(const struct api_request *request, const struct store_push *push);
/* Answers with what came of a push, as the request that made it was answered or would be now. */
void api_answer_with_push(struct api *api, struct evhttp_request *http, const char *id);

/* What If-Match says of a connection (api_etag.h). False where it has answered. */
bool api_connection_if_match(const struct api_request *request, const char *router, const char *name);

/*
 * Whether the router has ever connected, and has the connection; else it has answered what is there instead. NULL
 * `connection` asks for the router alone.
 */
bool api_router_known(const struct api_request *request, const char *router);
bool api_connection_known(const struct api_request *request, const char *router, const char *connection);

#endif
