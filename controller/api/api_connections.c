// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET /v1/connections, /v1/routers/ROUTER/connections and …/NAME: desired and observed state side by side.
 */
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api.h"
#include "controller/api/api_etag.h"
#include "controller/api/api_list.h"
#include "controller/api/api_peer_view.h"
#include "controller/pushes/declaration_secret.h"
#include "controller/pushes/differences.h"
#include "controller/routers/routers.h"
#include "controller/text.h"
#include "lib/lifecycle.h"

#define HISTORY_MAX 100

/* What somebody means who changes a connection "as I have seen it". */
static const char *const change_keys[] = {"vrf",	"peerAsn",	  "kind",  "connectionState", "stateSince",
					  "generation", "activationMode", "flags", "desired",	      NULL};

/* The parts that the store keeps as JSON. */
static void add_detail(json_object *object, const struct store_observation *observed)
{
	static const char *const parts[] = {"flags", "sessions", "checks", "degraded"};
	json_object *detail = observed ? json_tokener_parse(observed->detail) : NULL;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_object *part = NULL;

		if (detail && json_object_object_get_ex(detail, parts[i], &part))
			json_object_get(part);
		json_object_object_add(object, parts[i], part ? part : json_object_new_array());
	}
	json_object_put(detail);
}

static bool has_flag(json_object *object, const char *flag)
{
	json_object *flags;

	if (!json_object_object_get_ex(object, "flags", &flags) || !json_object_is_type(flags, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(flags); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(flags, i));

		if (text && strcmp(text, flag) == 0)
			return true;
	}
	return false;
}

/* Whether a gate of an Active connection is closed: for want of its validation, or for a violation. */
static bool has_closed_gate(json_object *object, bool by_violation)
{
	json_object *degraded, *cause, *effect;

	if (!json_object_object_get_ex(object, "degraded", &degraded) || !json_object_is_type(degraded, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(degraded); i++) {
		json_object *one = json_object_array_get_idx(degraded, i);

		if (json_object_object_get_ex(one, "cause", &cause) && json_object_object_get_ex(one, "gateEffect", &effect) &&
		    json_object_is_type(cause, json_type_string) && json_object_is_type(effect, json_type_string) &&
		    strcmp(json_object_get_string(effect), "closed") == 0 &&
		    (strcmp(json_object_get_string(cause), "not-validated") != 0) == by_violation)
			return true;
	}
	return false;
}

/* What the connection would take now, of the verbs that this API has. */
static json_object *allowed_verbs(const struct store_observation *observed, json_object *object)
{
	/* Where a blocked one goes on only its router knows; on it goes. */
	struct lifecycle_facts facts = {.discovered = has_flag(object, "discovered"),
					.maintenance = has_flag(object, "maintenance"),
					.held = has_closed_gate(object, false),
					.violated = has_closed_gate(object, true),
					.former = STATE_PROVISIONING_STARTED};
	json_object *array = json_object_new_array();
	int state = observed ? connection_state_from_name(observed->state) : STATE_NONE;
	int kind = observed ? connection_kind_from_name(observed->kind) : -1;

	if (kind >= 0)
		facts.kind = (enum connection_kind)kind;
	for (const char *const *verb = api_verbs; state >= 0 && *verb; verb++) {
		int event = lifecycle_event_from_name(*verb);

		if (event >= 0 &&
		    lifecycle_is_allowed((enum connection_state)state, (enum lifecycle_event)event, &facts))
			json_object_array_add(array, json_object_new_string(*verb));
	}
	return array;
}

static json_object *desired_to_json(const struct store_connection *connection)
{
	json_object *desired;

	if (!connection->definition)
		return NULL;
	desired = declaration_shown(connection->definition);
	if (!json_object_is_type(desired, json_type_object)) {
		json_object_put(desired);
		desired = json_object_new_object();
	}
	json_object_object_add(desired, "requestedBy", api_text(connection->requested_by));
	json_object_object_add(desired, "requestedAt", api_time(connection->requested_at));
	json_object_object_add(desired, "pushId", api_text(connection->push_id));
	json_object_object_add(desired, "pushState", api_text(connection->push_state));
	return desired;
}

/* What stands in desired state alone is shown until the router reports its own. */
static json_object *pick(json_object *desired, const char *key)
{
	json_object *value = NULL;

	return desired && json_object_object_get_ex(desired, key, &value) ? json_object_get(value) : NULL;
}

static void add_differences(json_object *object, const struct store_connection *connection)
{
	json_object *differences = differences_find(connection);
	bool any = json_object_array_length(differences) > 0;

	json_object_object_add(object, "differences", differences);
	json_object_object_add(object, "differsSince", any ? api_differs_since(connection) : NULL);
	json_object_object_add(object, "notCompared", differences_not_compared(connection));
}

static void fill(json_object *object, const struct api *api, const struct store_connection *connection)
{
	const struct store_observation *observed = connection->observed;
	json_object *desired = desired_to_json(connection);
	int64_t now = clock_milliseconds();

	json_object_object_add(object, "router", json_object_new_string(connection->router));
	json_object_object_add(object, "routerConnected",
			       json_object_new_boolean(routers_find(api_routers(api), connection->router) != NULL));
	json_object_object_add(object, "name", json_object_new_string(connection->name));
	json_object_object_add(object, "vrf", observed ? api_text(observed->vrf) : NULL);
	json_object_object_add(object, "peerAsn",
			       observed && observed->peer_asn ? json_object_new_int64(observed->peer_asn)
							      : pick(desired, "peerAsn"));
	json_object_object_add(object, "kind",
			       observed && observed->kind[0] ? api_text(observed->kind) : pick(desired, "kind"));
	json_object_object_add(object, "description", pick(desired, "description"));
	json_object_object_add(object, "connectionState",
			       json_object_new_string(observed ? observed->state : connection_state_name(STATE_NONE)));
	json_object_object_add(object, "stateSince", observed ? api_time(observed->state_since) : NULL);
	json_object_object_add(object, "stateSeconds",
			       observed && observed->state_since > 0 && now >= observed->state_since
				       ? json_object_new_int64((now - observed->state_since) / 1000)
				       : NULL);
	json_object_object_add(object, "generation", observed ? json_object_new_uint64(observed->generation) : NULL);
	json_object_object_add(object, "activationMode",
			       observed && observed->activation[0] ? api_text(observed->activation)
								   : pick(desired, "activation"));
	json_object_object_add(object, "waitingFor",
			       observed	 ? api_text(observed->waiting_for)
			       : desired ? json_object_new_string("the router has not reported it yet")
					 : NULL);
	add_detail(object, observed);
	json_object_object_add(object, "allowedVerbs", allowed_verbs(observed, object));
	json_object_object_add(object, "observedAt", observed ? api_time(observed->observed_at) : NULL);
	json_object_object_add(object, "desired", desired);
	add_differences(object, connection);
}

json_object *api_place_of(const struct store_connection *connection)
{
	size_t size = strlen(connection->router) + strlen(connection->name) + 2;
	char *text = malloc(size);
	json_object *place = NULL;

	if (text) {
		snprintf(text, size, "%s/%s", connection->router, connection->name);
		place = json_object_new_string(text);
	}
	free(text);
	return place;
}

/* What the query may hold. */
struct filter {
	const char *router;
	const char *state;
	char after_router[256];
	const char *after_name;
	unsigned int limit;
};

static bool read_filter(const struct api_request *request, struct filter *filter)
{
	struct evkeyval *parameter;

	*filter = (struct filter){.after_name = "", .limit = API_PAGE_MAX};
	TAILQ_FOREACH (parameter, request->query, next) {
		const char *value = parameter->value;

		if (strcmp(parameter->key, "router") == 0) {
			filter->router = value;
		} else if (strcmp(parameter->key, "state") == 0) {
			filter->state = value;
		} else if (strcmp(parameter->key, "after") == 0 && strchr(value, '/') &&
			   (size_t)(strchr(value, '/') - value) < sizeof(filter->after_router)) {
			memcpy(filter->after_router, value, (size_t)(strchr(value, '/') - value));
			filter->after_name = strchr(value, '/') + 1;
		} else if (strcmp(parameter->key, "limit") != 0 || !api_read_limit(value, &filter->limit)) {
			char *key = text_clean(parameter->key, 60);

			api_problem_format(
				request->http, 400, "bad-query",
				"the parameter \"%s\" is unknown or its value cannot be used; there are router, "
				"state, limit (1 to %d) and after (from nextAfter of the page before)",
				key ? key : "", API_PAGE_MAX);
			free(key);
			return false;
		}
	}
	if (request->segment_count == 3)
		filter->router = request->segments[1];
	if (filter->state && connection_state_from_name(filter->state) < 0) {
		api_problem(request->http, 400, "unknown-state",
			    "there is no such connection state; there are None, PendingApproval, Approved, "
			    "ProvisioningStarted, ProvisioningCompleted, Validating, Active, TypeChangeRequested, "
			    "TypeChangeInProgress, ExternalBlocker, ProvisioningFailed and PendingRemove",
			    NULL);
		return false;
	}
	/* What router there is, is nothing for a peer; of one that is not there it has no connection. */
	return request->identity.role == API_ROLE_PEER || !filter->router || api_router_known(request, filter->router);
}

/* A page of them. */
struct list {
	struct api_list page;
	const char *state; /* NULL: any */
};

static size_t length(const char *text)
{
	return text ? strlen(text) : 0;
}

static bool add_connection(const struct store_connection *connection, void *context)
{
	struct list *list = context;
	const struct api_request *request = list->page.request;
	const struct store_observation *observed = connection->observed;
	const char *state = observed ? observed->state : connection_state_name(STATE_NONE);
	bool wanted = !list->state || strcmp(list->state, state) == 0;
	size_t bytes = length(connection->definition) + (observed ? strlen(observed->detail) : 0);
	json_object *object = NULL;

	if (!api_list_room(&list->page, wanted ? 2 * bytes : 0))
		return false;
	if (wanted) {
		object = json_object_new_object();
		fill(object, request->api, connection);
		if (request->identity.role == API_ROLE_PEER)
			object = api_peer_view(object);
	}
	api_list_add(&list->page, object, api_place_of(connection));
	return true;
}

void api_get_connections(const struct api_request *request)
{
	struct store *store = api_store(request->api);
	struct filter filter;
	struct list list;
	enum store_result result;

	if (!read_filter(request, &filter))
		return;
	api_list_begin(&list.page, request, filter.limit);
	list.state = filter.state;
	if (request->identity.role == API_ROLE_PEER)
		result = store_connections_of_asn(store, request->identity.asn, filter.router, filter.after_router,
						  filter.after_name, add_connection, &list);
	else
		result = store_connections(store, filter.router, filter.after_router, filter.after_name, add_connection,
					   &list);
	api_list_reply(&list.page, "connections", result);
}

static json_object *transition_to_json(const struct store_transition *transition)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "id", json_object_new_int64(transition->id));
	json_object_object_add(object, "at", api_time(transition->at));
	json_object_object_add(object, "from", json_object_new_string(transition->from));
	json_object_object_add(object, "to", json_object_new_string(transition->to));
	json_object_object_add(object, "cause", json_object_new_string(transition->cause));
	json_object_object_add(object, "actor", json_object_new_string(transition->actor));
	json_object_object_add(object, "message", api_text(transition->message));
	json_object_object_add(object, "generation", json_object_new_uint64(transition->generation));
	json_object_object_add(object, "journalId", json_object_new_string(transition->journal_id));
	json_object_object_add(object, "sequence", json_object_new_uint64(transition->sequence));
	json_object_object_add(object, "receivedAt", api_time(transition->received_at));
	return object;
}

static bool add_transition(const struct store_transition *transition, void *context)
{
	json_object_array_add(context, transition_to_json(transition));
	return true;
}

struct one {
	const struct api *api;
	json_object *object;
};

static bool fill_one(const struct store_connection *connection, void *context)
{
	struct one *one = context;

	fill(one->object, one->api, connection);
	return true;
}

/* As operators see it, with its history, also where it is gone. *whole is the caller's on STORE_OK. */
static enum store_result read_whole(const struct api *api, const char *router, const char *name, json_object **whole)
{
	struct one one = {.api = api, .object = api_object()};
	json_object *history = json_object_new_array();
	enum store_result result = store_connection(api_store(api), router, name, fill_one, &one);
	bool gone = result == STORE_NOT_FOUND;

	if (result == STORE_OK || gone)
		result = store_history(api_store(api), router, name, 0, HISTORY_MAX, add_transition, history);
	if (gone && result == STORE_OK) {
		/* Removed: what is left of it is what happened. */
		if (json_object_array_length(history) > 0)
			fill_one(&(struct store_connection){.router = router, .name = name}, &one);
		else
			result = STORE_NOT_FOUND;
	}
	json_object_object_add(one.object, "history", history);
	if (result == STORE_OK)
		*whole = one.object;
	else
		json_object_put(one.object);
	return result;
}

/*
 * A peer's question. Whose it is comes first, so that an answer for what is somebody else's takes no longer, and says no
 * more, than one for what is not there.
 */
static bool is_own(const struct api_request *request, const char *router, const char *name)
{
	struct store *store = api_store(request->api);
	enum store_result result = store_connection_is_of_asn(store, request->identity.asn, router, name);

	if (result == STORE_NOT_FOUND)
		api_problem(request->http, 404, "unknown-connection",
			    "your AS has no such connection; `peerctl connections` shows which there are", NULL);
	else if (result != STORE_OK)
		api_problem_store(request->http, store, result);
	return result == STORE_OK;
}

void api_get_connection(const struct api_request *request)
{
	const char *router = request->segments[1];
	const char *name = request->segments[3];
	bool of_peer = request->identity.role == API_ROLE_PEER;
	json_object *whole = NULL;
	enum store_result result;

	if (of_peer && !is_own(request, router, name))
		return;
	result = read_whole(request->api, router, name, &whole);
	if (result == STORE_OK)
		api_reply_tagged(request, of_peer ? api_peer_view(whole) : whole, change_keys);
	else if (result != STORE_NOT_FOUND)
		api_problem_store(request->http, api_store(request->api), result);
	else if (api_connection_known(request, router, name))
		api_problem(request->http, 503, "store-busy", "the connection appeared just now; try again", NULL);
}

static bool add_to_history(const struct store_transition *transition, void *context)
{
	struct api_list *list = context;

	if (!api_list_room(list, strlen(transition->message)))
		return false;
	api_list_add(list, transition_to_json(transition), json_object_new_int64(transition->id));
	return true;
}

void api_get_history(const struct api_request *request)
{
	const char *router = request->segments[1];
	const char *name = request->segments[3];
	enum store_result result;
	struct api_list list;
	struct api_page page;

	if (!api_read_page(request, &page))
		return;
	api_list_begin(&list, request, page.limit);
	result = store_history(api_store(request->api), router, name, page.after, page.limit + 1, add_to_history, &list);
	/* Of one that is gone there is a history as well; of what never was there is none. */
	if (result == STORE_OK && json_object_array_length(list.array) == 0 &&
	    !api_connection_known(request, router, name)) {
		json_object_put(list.array);
		json_object_put(list.answer);
		return;
	}
	api_list_reply(&list, "history", result);
}

bool api_connection_if_match(const struct api_request *request, const char *router, const char *name)
{
	json_object *whole = NULL;
	char etag[API_ETAG_SIZE];
	enum store_result result;

	if (!api_has_if_match(request))
		return true;
	result = read_whole(request->api, router, name, &whole);
	if (result == STORE_OK)
		api_etag(whole, change_keys, etag);
	json_object_put(whole);
	if (result == STORE_OK || result == STORE_NOT_FOUND)
		return api_if_match(request, result == STORE_OK ? etag : NULL);
	api_problem_store(request->http, api_store(request->api), result);
	return false;
}
