// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET /v1/differences, POST …/connections/NAME/push-again and …/accept: where a router is not as it was asked for, and
 * what a person makes of that. Nothing here happens by itself.
 */
#include "peering-config.h"

#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api.h"
#include "controller/api/api_list.h"
#include "controller/log.h"
#include "controller/pushes/declaration_secret.h"
#include "controller/pushes/differences.h"
#include "controller/pushes/pushes.h"
#include "controller/routers/routers.h"
#include "controller/text.h"
#include "lib/lifecycle.h"

#define ROUTER_MAX 256

bool api_router_is_held(const struct api *api, const char *router)
{
	bool held;

	return store_held(api_store(api), router, &held) == STORE_OK && held;
}

/* ---- What differs ---- */

const char *api_why_differs(const struct api *api, const char *router, const char *state)
{
	if (!state)
		return "nobody has asked for it here";
	if (api_router_is_held(api, router))
		return "the router has been told more than this database knows: accept what it has, or push again";
	if (!routers_find(api_routers(api), router))
		return strcmp(state, "queued") == 0 ? "the router is away, and gets it when it connects"
						    : "the router is away: this is what it reported last";
	if (strcmp(state, "queued") == 0)
		return "the router has not answered yet";
	if (strcmp(state, "unanswered") == 0)
		return "the router's answer got lost: nobody knows whether it did this";
	return "the router did it, and something was changed there since";
}

json_object *api_differs_since(const struct store_connection *connection)
{
	return api_time(connection->differs_since ? connection->differs_since : connection->requested_at);
}

static json_object *to_json(const struct api *api, const struct store_connection *connection, json_object *fields)
{
	const struct store_observation *observed = connection->observed;
	json_object *object = json_object_new_object();

	json_object_object_add(object, "router", json_object_new_string(connection->router));
	json_object_object_add(object, "routerConnected",
			       json_object_new_boolean(routers_find(api_routers(api), connection->router) != NULL));
	json_object_object_add(object, "object", json_object_new_string("connection"));
	json_object_object_add(object, "name", json_object_new_string(connection->name));
	json_object_object_add(object, "connectionState",
			       json_object_new_string(observed ? observed->state : connection_state_name(STATE_NONE)));
	json_object_object_add(object, "undeclared", json_object_new_boolean(!connection->definition));
	json_object_object_add(object, "since", api_differs_since(connection));
	json_object_object_add(object, "why", json_object_new_string(api_why_differs(
							api, connection->router,
							connection->definition ? connection->push_state : NULL)));
	json_object_object_add(object, "fields", fields);
	json_object_object_add(object, "notCompared", differences_not_compared(connection));
	json_object_object_add(object, "requestedBy", api_text(connection->requested_by));
	json_object_object_add(object, "requestedAt", api_time(connection->requested_at));
	json_object_object_add(object, "pushId", api_text(connection->push_id));
	json_object_object_add(object, "pushState", api_text(connection->push_state));
	json_object_object_add(object, "observedAt", observed ? api_time(observed->observed_at) : NULL);
	return object;
}

static size_t length(const char *text)
{
	return text ? strlen(text) : 0;
}

/* Policies come behind all connections: their places begin so, as no router's name does. */
#define POLICY_PLACE "policy//"

static bool add_connection(const struct store_connection *connection, void *context)
{
	struct api_list *list = context;
	size_t detail = connection->observed ? strlen(connection->observed->detail) : 0;
	json_object *fields, *shown = NULL;

	if (!api_list_room(list, 2 * (length(connection->definition) + detail)))
		return false;
	fields = differences_find(connection);
	if (connection->definition ? json_object_array_length(fields) > 0 : differences_is_there(connection))
		shown = to_json(list->request->api, connection, fields);
	else
		json_object_put(fields);
	api_list_add(list, shown, api_place_of(connection));
	return true;
}

static bool add_policy(const struct store_policy_difference *difference, void *context)
{
	struct api_list *list = context;
	char place[sizeof(POLICY_PLACE) + 2 * ROUTER_MAX];
	json_object *shown = NULL;

	if (!api_list_room(list, 0))
		return false;
	/* The page may end between the two: its place moves with the one that is looked at. */
	if (difference->again)
		return true;
	if (difference->differs)
		shown = api_policy_difference(list->request->api, difference);
	snprintf(place, sizeof(place), POLICY_PLACE "%.255s/%.255s", difference->router, difference->name);
	api_list_add(list, shown, json_object_new_string(place));
	return true;
}

static bool read_query(const struct api_request *request, const char **router, char after_router[ROUTER_MAX],
		       const char **after_name, bool *of_policy)
{
	struct evkeyval *parameter;

	*router = NULL;
	*after_name = "";
	*of_policy = false;
	after_router[0] = '\0';
	TAILQ_FOREACH (parameter, request->query, next) {
		const char *place = parameter->value, *slash;
		bool policy = strncmp(place, POLICY_PLACE, strlen(POLICY_PLACE)) == 0;

		place += policy ? strlen(POLICY_PLACE) : 0;
		slash = strchr(place, '/');

		if (strcmp(parameter->key, "router") == 0) {
			*router = parameter->value;
		} else if (strcmp(parameter->key, "after") == 0 && slash && slash - place < ROUTER_MAX) {
			snprintf(after_router, ROUTER_MAX, "%.*s", (int)(slash - place), place);
			*after_name = slash + 1;
			*of_policy = policy;
		} else {
			api_problem(request->http, 400, "bad-query",
				    "there are the parameters router, and after (from nextAfter of the page before)", NULL);
			return false;
		}
	}
	return !*router || api_router_known(request, *router);
}

void api_get_differences(const struct api_request *request)
{
	char after_router[ROUTER_MAX];
	const char *router, *after_name;
	enum store_result result = STORE_OK;
	struct api_list list;
	bool of_policy;

	if (!read_query(request, &router, after_router, &after_name, &of_policy))
		return;
	api_list_begin(&list, request, API_PAGE_MAX);
	if (!of_policy)
		result = store_connections(api_store(request->api), router, after_router, after_name, add_connection, &list);
	if (result == STORE_OK && !list.more)
		result = store_policy_differences(api_store(request->api), router, of_policy ? after_router : "",
						  of_policy ? after_name : "", add_policy, &list);
	api_list_reply(&list, "differences", result);
}

/* ---- What a person makes of it ---- */

/* What is copied of a connection while the store visits it. */
struct chosen {
	char *definition; /* to be asked for; NULL: nothing */
	char *accepted;
	char *other_password; /* the neighbor that has one which is not known here; NULL: none */
	bool waits; /* a request for it is on its way */
};

static char *text_of(json_object *object)
{
	return strdup(
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static bool choose(const struct store_connection *connection, void *context)
{
	struct chosen *chosen = context;
	json_object *accepted = differences_accepted(connection);

	if (connection->definition)
		chosen->definition = strdup(connection->definition);
	if (accepted)
		chosen->accepted = text_of(accepted);
	chosen->other_password = differences_other_password(connection);
	chosen->waits = connection->push_state && strcmp(connection->push_state, "queued") == 0;
	json_object_put(accepted);
	return true;
}

static void free_chosen(struct chosen *chosen)
{
	free(chosen->definition);
	free(chosen->accepted);
	free(chosen->other_password);
}

static void push_again(const struct api_request *request, const char *reason)
{
	struct store_operation operation = {
		.connection = request->segments[3], .verb = STORE_REQUEST, .reason = reason};
	struct chosen chosen = {.waits = false};
	enum store_result result = store_connection(api_store(request->api), request->segments[1],
						    operation.connection, choose, &chosen);

	operation.definition = chosen.definition;
	if (result != STORE_OK)
		api_problem_store(request->http, api_store(request->api), result);
	else if (!chosen.definition)
		api_problem_format(request->http, 409, "undeclared",
				   "nobody has asked for %s here; accept it, or request it", operation.connection);
	else
		api_submit(request, request->segments[1], &operation, 1);
	free_chosen(&chosen);
}

static void post(const struct api_request *request, void (*act)(const struct api_request *, const char *))
{
	char *reason;

	if (!api_read_reason(request, &reason))
		return;
	if (api_connection_known(request, request->segments[1], request->segments[3]) &&
	    api_connection_if_match(request, request->segments[1], request->segments[3]))
		act(request, reason);
	free(reason);
}

void api_post_push_again(const struct api_request *request)
{
	post(request, push_again);
}

/* In the form in which it is asked for. NULL, and it has answered: what the router has cannot be asked for. */
static char *usual_form(const struct api_request *request, const char *definition)
{
	const struct secret_key *key = pushes_key(api_pushes(request->api));
	struct declaration_error error = {.code = ""};
	Peering__DeclareConnection *declaration = declaration_from_stored(definition, key, &error);
	char *text;

	if (!declaration) {
		api_problem_format(request->http, 409, "cannot-accept", "what the router has cannot be asked for: %s",
				   error.sentence);
		return NULL;
	}
	text = declaration_to_stored(declaration, key);
	peering__declare_connection__free_unpacked(declaration, NULL);
	return text;
}

/* ---- Accepting ---- */

static enum store_result accept_and_audit(const struct api_request *request, const struct store_push *push)
{
	struct store *store = api_store(request->api);
	enum store_result result = store_begin(store);

	if (result == STORE_OK)
		result = store_accept(store, push);
	if (result == STORE_OK)
		result = api_audit_push(request, push);
	if (result == STORE_OK)
		result = store_commit(store);
	if (result != STORE_OK)
		store_rollback(store);
	return result;
}

void api_accept(const struct api_request *request, const struct store_operation *operation)
{
	const char *router = request->segments[1];
	char id[TEXT_ID_SIZE];
	struct store_push push = {.id = id,
				  .router = router,
				  .actor = request->identity.actor,
				  .created_at = clock_milliseconds(),
				  .operation_count = 1,
				  .operations = operation};
	struct store *store = api_store(request->api);
	enum store_result result;
	bool released = false;

	if (!random_id(id)) {
		api_problem(request->http, 503, "no-random", "this machine has no random numbers yet; try again", NULL);
		return;
	}
	result = accept_and_audit(request, &push);
	if (result == STORE_REFUSED) {
		api_problem(request->http, 409, "push-waits", store_error(store), NULL);
		return;
	}
	if (result != STORE_OK) {
		api_problem_store(request->http, store, result);
		return;
	}
	log_event(LEVEL_INFO, "accepted", "push", id, "actor", request->identity.actor, "router", router, "connection",
		  operation->connection, "verb", operation->verb, NULL);
	if (store_release(store, router, &released) == STORE_OK && released)
		pushes_released(api_pushes(request->api), router);
	api_answer_with_push(request->api, request->http, id);
}

static void accept_observed(const struct api_request *request, const char *reason)
{
	const char *router = request->segments[1];
	struct store *store = api_store(request->api);
	struct store_operation operation = {
		.connection = request->segments[3], .verb = STORE_ACCEPT, .reason = reason};
	struct chosen chosen = {.waits = false};
	enum store_result result = store_connection(store, router, operation.connection, choose, &chosen);
	char *usual = NULL;

	if (result != STORE_OK)
		api_problem_store(request->http, store, result);
	else if (chosen.waits && routers_find(api_routers(request->api), router) &&
		 !api_router_is_held(request->api, router))
		api_problem(request->http, 409, "push-waits",
			    "a request for it is on its way to the router; look again when the router has answered", NULL);
	else if (chosen.other_password)
		api_problem_format(request->http, 409, "cannot-accept",
				   "the password of %s on %s is another than was asked for, and no router tells one: ask for %s "
				   "again with the password that is to hold",
				   chosen.other_password, router, operation.connection);
	else if (!chosen.accepted || (usual = usual_form(request, chosen.accepted))) {
		operation.definition = usual;
		api_accept(request, &operation);
	}
	free(usual);
	free_chosen(&chosen);
}

void api_post_accept(const struct api_request *request)
{
	post(request, accept_observed);
}
