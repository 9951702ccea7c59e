// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "controller/api/api.h"
#include "controller/api/api_audit.h"
#include "controller/api/api_authentication.h"
#include "controller/api/api_clients.h"
#include "controller/api/api_idempotency.h"
#include "controller/api/api_peerings.h"
#include "controller/api/api_tasks.h"
#include "controller/events/event_streams.h"
#include "controller/log.h"
#include "controller/text.h"
#include "controller/turn.h"
#include "lib/utf8.h"

#define HEADERS_MAX 16384
/* Read before anybody knows whose it is. Up to here our own answer says how large it was, behind it evhttp's.  */
#define HTTP_BODY_MAX ((ev_ssize_t)API_LONG_BODY_MAX * 2)
struct api {
	struct event_base *base;
	const struct config *config;
	struct certificates *certificates;
	struct store *store;
	struct pushes *pushes;
	struct routers *routers;
	struct peerings *peerings;
	struct evhttp *http;
	struct evconnlistener *listener; /* of `http` */
	struct api_clients *clients;
	struct event_streams *streams;
	struct webhooks *webhooks;
	struct api_tasks *tasks;
	struct api_authentication *authentication;
};

static const struct route {
	enum evhttp_cmd_type method;
	enum api_role least; /* with the role of a peer every handler looks itself at whose it is (api_may_see_asn()) */
	const char *segments[API_SEGMENTS_MAX + 1]; /* behind /v1; "*" is any */
	void (*handle)(const struct api_request *request);
	size_t body_max; /* 0: API_BODY_MAX */
	bool takes_query; /* of what changes something: the handler judges what stands behind '?' */
} routes[] = {
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"routers"}, api_get_routers},
	{EVHTTP_REQ_GET, API_ROLE_PEER, {"connections"}, api_get_connections},
	{EVHTTP_REQ_GET, API_ROLE_PEER, {"routers", "*", "connections"}, api_get_connections},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"routers", "*", "connections"}, api_post_connection,
	 API_LONG_BODY_MAX, true},
	{EVHTTP_REQ_GET, API_ROLE_PEER, {"routers", "*", "connections", "*"}, api_get_connection},
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"routers", "*", "connections", "*", "history"}, api_get_history},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"routers", "*", "connections", "*", "push-again"}, api_post_push_again, .takes_query = true},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"routers", "*", "connections", "*", "accept"}, api_post_accept},
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"routers", "*", "connections", "*", "routes"}, api_get_routes},
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"routers", "*", "connections", "*", "preview"}, api_get_preview},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"routers", "*", "connections", "*", "*"}, api_post_verb, .takes_query = true},
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"differences"}, api_get_differences},
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"routers", "*", "policies"}, api_get_policies},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"routers", "*", "policies"}, api_post_policies, API_LONG_BODY_MAX, true},
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"routers", "*", "policies", "*"}, api_get_policy},
	{EVHTTP_REQ_PUT, API_ROLE_OPERATOR, {"routers", "*", "policies", "*"}, api_put_policy, API_LONG_BODY_MAX, true},
	{EVHTTP_REQ_DELETE, API_ROLE_OPERATOR, {"routers", "*", "policies", "*"}, api_delete_policy, .takes_query = true},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"routers", "*", "policies", "*", "push-again"}, api_post_policy_push_again, .takes_query = true},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"routers", "*", "policies", "*", "accept"}, api_post_policy_accept},
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"pushes", "*"}, api_get_push},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"pushes", "*", "confirm"}, api_post_confirm},
	{EVHTTP_REQ_GET, API_ROLE_OPERATOR, {"audit"}, api_get_audit},
	{EVHTTP_REQ_GET, API_ROLE_PEER, {"events"}, api_get_events},
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"webhooks"}, api_get_webhooks},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"webhooks", "*", "test"}, api_post_webhook_test},
	{EVHTTP_REQ_GET, API_ROLE_ADMIN, {"tokens"}, api_get_tokens},
	{EVHTTP_REQ_POST, API_ROLE_ADMIN, {"tokens"}, api_post_token},
	{EVHTTP_REQ_DELETE, API_ROLE_ADMIN, {"tokens", "*"}, api_delete_token},
	{EVHTTP_REQ_GET, API_ROLE_PEER, {"peer-asns"}, api_get_peer_asns},
	{EVHTTP_REQ_GET, API_ROLE_PEER, {"peer-asns", "*"}, api_get_peer_asn},
	{EVHTTP_REQ_PUT, API_ROLE_PEER, {"peer-asns", "*"}, api_put_peer_asn},
	{EVHTTP_REQ_DELETE, API_ROLE_OPERATOR, {"peer-asns", "*"}, api_delete_peer_asn},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"peer-asns", "*", "validate"}, api_post_peer_asn_validate},
	{EVHTTP_REQ_GET, API_ROLE_PEER, {"peerings"}, api_get_peerings},
	{EVHTTP_REQ_POST, API_ROLE_PEER, {"peerings"}, api_post_peering, .takes_query = true},
	{EVHTTP_REQ_GET, API_ROLE_PEER, {"peerings", "*"}, api_get_peering},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"peerings", "*", "approve"}, api_post_peering_approve},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"peerings", "*", "reject"}, api_post_peering_reject},
	{EVHTTP_REQ_POST, API_ROLE_PEER, {"peerings", "*", "withdraw"}, api_post_peering_withdraw},
	{EVHTTP_REQ_POST, API_ROLE_OPERATOR, {"peerings", "*", "deprovision"}, api_post_peering_deprovision},
	{EVHTTP_REQ_POST, API_ROLE_PEER, {"peerings", "*", "connections", "*", "bgp-configured"}, api_post_bgp_configured},
	{EVHTTP_REQ_GET, API_ROLE_VIEWER, {"peering-policy"}, api_get_peering_policy},
};
#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* ---- Requests ---- */

static const char *method_name(enum evhttp_cmd_type method)
{
	switch (method) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_PATCH:
		return "PATCH";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	default:
		return "?";
	}
}

static bool route_fits(const struct route *route, const struct api_request *request)
{
	size_t i = 0;

	for (; route->segments[i]; i++)
		if (i >= request->segment_count ||
		    (strcmp(route->segments[i], "*") != 0 && strcmp(route->segments[i], request->segments[i]) != 0))
			return false;
	return i == request->segment_count;
}

static bool is_json(struct evhttp_request *http)
{
	static const char json[] = "application/json";
	const char *type = evhttp_find_header(evhttp_request_get_input_headers(http), "Content-Type");

	return type && evutil_ascii_strncasecmp(type, json, strlen(json)) == 0 &&
	       (type[strlen(json)] == '\0' || type[strlen(json)] == ';' || type[strlen(json)] == ' ');
}

static void refuse_role(const struct api_request *request, enum api_role least)
{
	char address[LISTENER_ADDRESS_SIZE];

	api_client_address(request->http, address);
	log_event(LEVEL_WARNING, "api-forbidden", "actor", request->identity.actor, "role",
		  api_role_name(request->identity.role), "needs", api_role_name(least), "address", address, NULL);
	api_problem_format(request->http, 403, "forbidden", "this takes the role %s; %s has the role %s",
			   api_role_name(least), request->identity.actor, api_role_name(request->identity.role));
}

static void dispatch(const struct api_request *request)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(request->http);
	char methods[64] = "";

	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		if (!route_fits(&routes[i], request))
			continue;
		if (routes[i].method != method) {
			snprintf(methods + strlen(methods), sizeof(methods) - strlen(methods), "%s%s",
				 methods[0] ? ", " : "", method_name(routes[i].method));
			continue;
		}
		if (request->identity.role < routes[i].least) {
			refuse_role(request, routes[i].least);
			return;
		}
		/* A form on a foreign web page can send anything but this type with the certificate of its reader. */
		if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_DELETE && !is_json(request->http)) {
			api_problem(request->http, 415, "not-json", "send the header Content-Type: application/json",
				    NULL);
			return;
		}
		/* Whoever asks for a dry run where there is none shall not have done it. */
		if (method != EVHTTP_REQ_GET && !routes[i].takes_query && !TAILQ_EMPTY(request->query)) {
			api_problem(request->http, 400, "bad-query", "this takes nothing behind '?'; nothing was done", NULL);
			return;
		}
		if (method == EVHTTP_REQ_POST && !api_idempotency_begin(request))
			return;
		if (method != EVHTTP_REQ_GET && !api_may_change(request))
			return;
		routes[i].handle(request);
		return;
	}
	if (methods[0] == '\0') {
		api_problem(request->http, 404, "unknown-path",
			    "there is nothing here; try /v1/routers or /v1/connections", NULL);
		return;
	}
	evhttp_add_header(evhttp_request_get_output_headers(request->http), "Allow", methods);
	api_problem_format(request->http, 405, "bad-method", "this path takes %s", methods);
}

static void free_segments(struct api_request *request, char **segments)
{
	for (size_t i = 0; i < request->segment_count; i++)
		free(segments[i]);
}

/* False where the path is not one of ours for its form alone. */
static bool split_path(const char *path, struct api_request *request, char **segments)
{
	const char *at = path;

	if (strncmp(at, "/v1/", 4) != 0)
		return false;
	at += 4;
	while (request->segment_count < API_SEGMENTS_MAX) {
		size_t length = strcspn(at, "/");
		char *raw = strndup(at, length);
		size_t decoded_length = 0;
		char *decoded = raw ? evhttp_uridecode(raw, 0, &decoded_length) : NULL;

		free(raw);
		if (!decoded)
			return false;
		segments[request->segment_count++] = decoded;
		/* %00 would hide what stands behind it. */
		if (decoded_length == 0 || strlen(decoded) != decoded_length || !utf8_is_clean(decoded))
			return false;
		at += length;
		if (*at == '\0')
			return true;
		at++;
	}
	return false;
}

/* A router's name is kept in lower case (router_session.c). */
static void lower_router(struct api_request *request)
{
	struct evkeyval *parameter;

	if (request->segment_count > 1 && strcmp(request->segments[0], "routers") == 0)
		for (char *at = request->segments[1]; *at; at++)
			*at = (char)tolower((unsigned char)*at);
	TAILQ_FOREACH (parameter, request->query, next) {
		for (char *at = parameter->value; strcmp(parameter->key, "router") == 0 && *at; at++)
			*at = (char)tolower((unsigned char)*at);
	}
}

static size_t body_max(const struct api_request *request)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		if (routes[i].body_max && routes[i].method == evhttp_request_get_command(request->http) &&
		    route_fits(&routes[i], request))
			return routes[i].body_max;
	return API_BODY_MAX;
}

/* The body in one piece, with a NUL behind it. */
static bool take_body(struct evhttp_request *http, struct api_request *request)
{
	struct evbuffer *buffer = evhttp_request_get_input_buffer(http);

	size_t most = body_max(request);

	request->body_size = evbuffer_get_length(buffer);
	if (request->body_size > most) {
		api_problem_format(http, 413, "too-large", "the body has %zu bytes; at most %zu", request->body_size, most);
		return false;
	}
	if (evbuffer_add(buffer, "", 1) < 0 || !(request->body = (const char *)evbuffer_pullup(buffer, -1))) {
		api_problem(http, 503, "no-memory", "memory is short; try again", NULL);
		return false;
	}
	return true;
}

static void parse_and_dispatch(struct api_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request->http);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
	char *segments[API_SEGMENTS_MAX];
	struct evkeyvalq parameters;

	request->segments = segments;
	request->query = &parameters;
	TAILQ_INIT(&parameters);
	if (!path || !split_path(path, request, segments))
		api_problem(request->http, 404, "unknown-path",
			    "there is nothing here; try /v1/routers or /v1/connections", NULL);
	else if (query && evhttp_parse_query_str(query, &parameters) < 0)
		api_problem(request->http, 400, "bad-query", "the part of the address behind '?' cannot be read", NULL);
	else if (take_body(request->http, request)) {
		lower_router(request);
		dispatch(request);
	}
	evhttp_clear_headers(&parameters);
	free_segments(request, segments);
}

static void on_request(struct evhttp_request *http, void *context)
{
	struct api_request request = {.api = context, .http = http};
	SSL *ssl = api_client_ssl(http);
	char actor[API_ACTOR_MAX];
	TURN(TURN_API);

	/* evhttp had no memory for TLS: nobody's token is to be heard in the clear. */
	if (!ssl) {
		evhttp_add_header(evhttp_request_get_output_headers(http), "Connection", "close");
		api_problem(http, 503, "no-memory", "memory is short; try again", NULL);
		return;
	}
	if (!api_authenticate(request.api->authentication, &request, ssl, actor))
		return;
	if (!api_clients_identified(request.api->clients, ssl, &request.identity)) {
		evhttp_add_header(evhttp_request_get_output_headers(http), "Connection", "close");
		evhttp_add_header(evhttp_request_get_output_headers(http), "Retry-After", "1");
		api_problem(http, 429, "too-many-connections",
			    "peers have all the connections open that they may have; close some", NULL);
		return;
	}
	parse_and_dispatch(&request);
}

SSL *api_client_ssl(struct evhttp_request *http)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(http);

	return connection ? bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(connection)) : NULL;
}

void api_client_source(struct evhttp_request *http, struct sockaddr_storage *from)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(http);
	socklen_t size = sizeof(*from);

	from->ss_family = AF_UNSPEC;
	if (connection)
		getpeername(bufferevent_getfd(evhttp_connection_get_bufferevent(connection)), (struct sockaddr *)from,
			    &size);
}

void api_client_address(struct evhttp_request *http, char text[LISTENER_ADDRESS_SIZE])
{
	struct sockaddr_storage from;

	api_client_source(http, &from);
	listener_format((struct sockaddr *)&from, text);
}

/* ---- Life ---- */

struct store *api_store(const struct api *api)
{
	return api->store;
}

struct pushes *api_pushes(const struct api *api)
{
	return api->pushes;
}

struct routers *api_routers(const struct api *api)
{
	return api->routers;
}

struct peerings *api_peerings(const struct api *api)
{
	return api->peerings;
}

const struct config *api_config(const struct api *api)
{
	return api->config;
}

struct event_streams *api_event_streams(const struct api *api)
{
	return api->streams;
}

unsigned int api_client_count(const struct api *api)
{
	return api_clients_known(api->clients);
}

struct webhooks *api_webhooks(const struct api *api)
{
	return api->webhooks;
}

struct api_tasks *api_tasks(const struct api *api)
{
	return api->tasks;
}

void api_client_is_active(struct evhttp_request *http)
{
	if (evhttp_request_get_connection(http))
		api_clients_active(api_client_ssl(http));
}

static bool start_http(struct api *api)
{
	api->http = evhttp_new(api->base);
	if (!api->http)
		return false;
	api->clients = api_clients_new(api->base, api->config, api->certificates, api->http);
	api->authentication = api_authentication_new(api->config);
	if (!api->clients || !api->authentication)
		return false;
	evhttp_set_gencb(api->http, on_request, api);
	evhttp_set_max_headers_size(api->http, HEADERS_MAX);
	evhttp_set_max_body_size(api->http, HTTP_BODY_MAX);
	/* Every method is answered: with what the path takes. */
	evhttp_set_allowed_methods(api->http, UINT16_MAX);
	return true;
}

struct api *api_open(struct event_base *base, const struct config *config, struct certificates *certificates,
		     struct store *store, struct pushes *pushes, struct routers *routers, struct events *events,
		     struct webhooks *webhooks, struct peerings *peerings, char *error, size_t error_size)
{
	struct api *api = calloc(1, sizeof(*api));

	if (!api) {
		snprintf(error, error_size, "memory is short");
		return NULL;
	}
	api->base = base;
	api->config = config;
	api->certificates = certificates;
	api->store = store;
	api->pushes = pushes;
	api->routers = routers;
	api->webhooks = webhooks;
	api->peerings = peerings;
	api->streams = event_streams_new(base, api, events);
	api->tasks = api_tasks_new(base);
	if (!api->streams || !api->tasks || !start_http(api)) {
		snprintf(error, error_size, "memory is short");
		api_free(api);
		return NULL;
	}
	/* evhttp puts its own callback in the listener's place for one. */
	api->listener = listener_open(base, config->api_listen, NULL, NULL, error, error_size);
	if (!api->listener) {
		api_free(api);
		return NULL;
	}
	if (!evhttp_bind_listener(api->http, api->listener)) {
		snprintf(error, error_size, "memory is short");
		evconnlistener_free(api->listener);
		api_free(api);
		return NULL;
	}
	api_clients_set_listener(api->clients, api->listener);
	return api;
}

void api_end_revoked(struct api *api)
{
	api_clients_end_revoked(api->clients);
}

void api_stop(struct api *api)
{
	api_tasks_stop(api->tasks);
	event_streams_stop(api->streams);
	api_clients_set_listener(api->clients, NULL);
	evconnlistener_set_cb(api->listener, NULL, NULL);
}

void api_free(struct api *api)
{
	if (!api)
		return;
	/* evhttp frees its listener too. */
	if (api->clients)
		api_clients_set_listener(api->clients, NULL);
	if (api->http)
		evhttp_free(api->http);
	api_clients_free(api->clients);
	event_streams_free(api->streams);
	api_tasks_free(api->tasks);
	api_authentication_free(api->authentication);
	free(api);
}

void api_bound(const struct api *api, char text[LISTENER_ADDRESS_SIZE])
{
	listener_bound(api->listener, text);
}
