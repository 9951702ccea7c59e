// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policies among the differences, and POST …/policies/NAME/push-again and …/accept.
 */
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api.h"
#include "controller/routers/routers.h"

/* ---- What differs ---- */

static json_object *size_of(const char *kind, int64_t entries)
{
	char text[96];

	snprintf(text, sizeof(text), "%s, %lld %s", kind[0] ? kind : "unknown kind", (long long)entries,
		 entries == 1 ? "entry" : "entries");
	return json_object_new_string(text);
}

/* Takes both values. */
static void differs(json_object *fields, const char *field, json_object *desired, json_object *observed)
{
	json_object *one = json_object_new_object();

	json_object_object_add(one, "field", json_object_new_string(field));
	json_object_object_add(one, "desired", desired);
	json_object_object_add(one, "observed", observed);
	json_object_array_add(fields, one);
}

static json_object *fields_of(const struct store_policy_difference *difference)
{
	const struct store_observed_policy *observed = difference->observed;
	const struct store_policy *desired = difference->desired;
	json_object *fields = json_object_new_array();

	if (desired && !observed)
		differs(fields, "policy", size_of(desired->kind, desired->entries), NULL);
	if (!desired || !observed)
		return fields;
	if (difference->other_contents || strcmp(desired->kind, observed->kind) != 0)
		differs(fields, "contents", size_of(desired->kind, desired->entries),
			size_of(observed->kind, observed->entries));
	if (observed->withdrawn)
		differs(fields, "wanted", json_object_new_string("wanted"),
			json_object_new_string("withdrawn, and still used"));
	if (observed->drifted)
		differs(fields, "drift", NULL,
			json_object_new_string("changed by hand since the controller pushed it"));
	return fields;
}

static const char *why(const struct api *api, const struct store_policy_difference *difference)
{
	if (!difference->desired && difference->observed->withdrawn)
		return "it was withdrawn, and goes when nothing uses it any more";
	if (!difference->desired && difference->observed->drifted)
		return "nobody has asked for it here, and it was changed by hand since it was pushed";
	return api_why_differs(api, difference->router,
			       difference->desired ? difference->desired->push_state : NULL);
}

json_object *api_policy_difference(const struct api *api, const struct store_policy_difference *difference)
{
	const struct store_policy *desired = difference->desired;
	json_object *object = json_object_new_object();

	json_object_object_add(object, "router", json_object_new_string(difference->router));
	json_object_object_add(object, "routerConnected",
			       json_object_new_boolean(routers_find(api_routers(api), difference->router) != NULL));
	json_object_object_add(object, "object", json_object_new_string("policy"));
	json_object_object_add(object, "name", json_object_new_string(difference->name));
	json_object_object_add(object, "connectionState", NULL);
	json_object_object_add(object, "undeclared", json_object_new_boolean(!desired));
	json_object_object_add(object, "since",
			       api_time(difference->differs_since ? difference->differs_since
					: desired		  ? desired->requested_at
								  : 0));
	json_object_object_add(object, "why", json_object_new_string(why(api, difference)));
	json_object_object_add(object, "fields", fields_of(difference));
	json_object_object_add(object, "notCompared", json_object_new_array());
	json_object_object_add(object, "requestedBy", api_text(desired ? desired->requested_by : NULL));
	json_object_object_add(object, "requestedAt", api_time(desired ? desired->requested_at : 0));
	json_object_object_add(object, "pushId", api_text(desired ? desired->push_id : NULL));
	json_object_object_add(object, "pushState", api_text(desired ? desired->push_state : NULL));
	json_object_object_add(object, "observedAt",
			       difference->observed ? api_time(difference->observed->observed_at) : NULL);
	return object;
}

/* ---- What a person makes of it ---- */

static bool copy_policy(const struct store_policy *policy, void *context)
{
	struct store_operation *operation = context;

	operation->definition = policy->definition ? strdup(policy->definition) : NULL;
	operation->digest = policy->digest;
	return true;
}

/* False where it has answered. The definition is the caller's to free. */
static bool find_policy(const struct api_request *request, struct store_operation *operation)
{
	const char *router = request->segments[1];
	enum store_result result =
		store_policy(api_store(request->api), router, operation->connection, copy_policy, operation);

	if (result == STORE_OK && operation->definition)
		return true;
	if (result == STORE_NOT_FOUND)
		api_problem_format(request->http, 404, "unknown-policy",
				   "no policy of this name is wanted on %s; `peerctl policy list %s` shows which are", router, router);
	else
		api_problem_store(request->http, api_store(request->api), result);
	return false;
}

void api_post_policy_push_again(const struct api_request *request)
{
	struct store_operation operation = {.connection = request->segments[3], .verb = STORE_POLICY};
	char *reason;

	if (!api_router_known(request, request->segments[1]) || !api_read_reason(request, &reason))
		return;
	operation.reason = reason;
	if (find_policy(request, &operation))
		api_submit(request, request->segments[1], &operation, 1);
	free((char *)operation.definition);
	free(reason);
}

void api_post_policy_accept(const struct api_request *request)
{
	struct store_operation operation = {.connection = request->segments[3], .verb = STORE_ACCEPT_POLICY};
	struct store_operation wanted = operation;
	char *reason;

	if (!api_router_known(request, request->segments[1]))
		return;
	if (!api_read_reason(request, &reason))
		return;
	operation.reason = reason;
	if (find_policy(request, &wanted))
		api_accept(request, &operation);
	free((char *)wanted.definition);
	free(reason);
}
