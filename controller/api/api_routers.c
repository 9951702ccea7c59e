// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET /v1/routers, and the answer for a router that is not there.
 */
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api.h"
#include "controller/api/api_list.h"
#include "controller/routers/router_session.h"
#include "controller/routers/routers.h"
#include "controller/text.h"

/* A connection that is counted costs as much time as so much text. */
#define CONNECTION_BYTES 8
#define NAMES_MAX 10
#define SENTENCE_MAX 2048

static json_object *features_to_json(const struct router_session *session)
{
	protocol_feature_set set = router_session_features(session);
	json_object *array = json_object_new_array();

	for (unsigned int feature = 0; feature < PROTOCOL_FEATURE_COUNT; feature++)
		if (protocol_has_feature(set, feature))
			json_object_array_add(array, json_object_new_string(protocol_feature_names[feature]));
	return array;
}

static json_object *held_to_json(const struct store_router *router)
{
	json_object *object;

	if (!router->held_since)
		return NULL;
	object = json_object_new_object();
	json_object_object_add(object, "since", api_time(router->held_since));
	json_object_object_add(object, "lastPush", api_text(router->held_push));
	json_object_object_add(object, "unsettledCount", json_object_new_uint64(router->unsettled_count));
	return object;
}

static bool add_router(const struct store_router *router, void *context)
{
	struct api_list *list = context;
	json_object *object;
	const struct router_session *session = routers_find(api_routers(list->request->api), router->name);
	bool connected = session != NULL;

	/* They are counted for it. */
	if (!api_list_room(list, router->connection_count * CONNECTION_BYTES))
		return false;
	object = json_object_new_object();
	json_object_object_add(object, "name", json_object_new_string(router->name));
	json_object_object_add(object, "connected", json_object_new_boolean(connected));
	json_object_object_add(object, "connectedSince", connected ? api_time(router->connected_at) : NULL);
	json_object_object_add(object, "disconnectedAt", connected ? NULL : api_time(router->disconnected_at));
	json_object_object_add(object, "disconnectReason", connected ? NULL : api_text(router->disconnect_reason));
	json_object_object_add(object, "address", api_text(router->address));
	json_object_object_add(object, "frrVersion", api_text(router->frr_version));
	json_object_object_add(object, "moduleVersion", api_text(router->module_version));
	json_object_object_add(object, "features", session ? features_to_json(session) : NULL);
	json_object_object_add(object, "journalId", api_text(router->journal_id));
	json_object_object_add(object, "bootId", api_text(router->boot_id));
	json_object_object_add(object, "ackedSequence", json_object_new_uint64(router->acked_sequence));
	json_object_object_add(object, "revision", json_object_new_uint64(router->revision));
	json_object_object_add(object, "revisionOf", api_text(router->revision_of));
	json_object_object_add(object, "connectionCount", json_object_new_uint64(router->connection_count));
	json_object_object_add(object, "firstSeenAt", api_time(router->first_seen_at));
	json_object_object_add(object, "snapshotAt", api_time(router->snapshot_at));
	json_object_object_add(object, "held", held_to_json(router));
	api_list_add(list, object, json_object_new_string(router->name));
	return true;
}

/* `limit`, and `after`, the name of a router. False where it has answered. */
static bool read_query(const struct api_request *request, const char **after, unsigned int *limit)
{
	struct evkeyval *parameter;

	*after = "";
	*limit = API_PAGE_MAX;
	TAILQ_FOREACH (parameter, request->query, next) {
		const char *value = parameter->value;

		if (strcmp(parameter->key, "after") == 0) {
			*after = value;
		} else if (strcmp(parameter->key, "limit") == 0 && api_read_limit(value, limit)) {
			continue;
		} else {
			api_problem_query(request, parameter->key);
			return false;
		}
	}
	return true;
}

void api_get_routers(const struct api_request *request)
{
	struct api_list list;
	const char *after;
	unsigned int limit;

	if (!read_query(request, &after, &limit))
		return;
	api_list_begin(&list, request, limit);
	api_list_reply(&list, "routers",
		       store_routers_page(api_store(request->api), after, limit + 1, add_router, &list));
}

/* ---- What is there instead ---- */

struct names {
	char text[SENTENCE_MAX / 2];
	unsigned int count;
};

static bool add_name(struct names *names, const char *name)
{
	size_t used = strlen(names->text);

	if (names->count++ < NAMES_MAX)
		snprintf(names->text + used, sizeof(names->text) - used, "%s%s", names->count > 1 ? ", " : "", name);
	else
		snprintf(names->text + used, sizeof(names->text) - used, " and more");
	return names->count <= NAMES_MAX;
}

static bool add_router_name(const struct store_router *router, void *context)
{
	return add_name(context, router->name);
}

static bool add_connection_name(const struct store_connection *connection, void *context)
{
	return add_name(context, connection->name);
}

bool api_router_known(const struct api_request *request, const char *router)
{
	struct store *store = api_store(request->api);
	struct names names = {.count = 0};
	enum store_result result = store_router(store, router, NULL, NULL);

	if (result == STORE_OK)
		return true;
	if (result == STORE_NOT_FOUND)
		result = store_routers(store, add_router_name, &names);
	if (result != STORE_OK) {
		api_problem_store(request->http, store, result);
		return false;
	}
	if (names.count == 0)
		api_problem_format(
			request->http, 404, "unknown-router",
			"no router has connected to this controller yet; `peering controller` on the router sets "
			"where it reports to");
	else
		api_problem_format(request->http, 404, "unknown-router",
				   "no router \"%.253s\" has ever connected to this controller; there are %s", router,
				   names.text);
	return false;
}

bool api_connection_known(const struct api_request *request, const char *router, const char *connection)
{
	struct store *store = api_store(request->api);
	struct names names = {.count = 0};
	enum store_result result;

	if (!api_router_known(request, router))
		return false;
	result = store_connection(store, router, connection, NULL, NULL);
	if (result == STORE_OK)
		return true;
	if (result == STORE_NOT_FOUND)
		result = store_connections(store, router, "", "", add_connection_name, &names);
	if (result != STORE_OK)
		api_problem_store(request->http, store, result);
	else if (names.count == 0)
		api_problem_format(request->http, 404, "unknown-connection",
				   "%s has no connection \"%.253s\", nor any other; request one first", router,
				   connection);
	else
		api_problem_format(request->http, 404, "unknown-connection",
				   "%s has no connection \"%.253s\"; it has %s", router, connection, names.text);
	return false;
}
