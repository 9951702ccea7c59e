// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /v1/routers/ROUTER/policies and …/NAME: prefix-lists, as-path lists, community lists and route-maps that are wanted on a
 * router, one or a list of them; and the same under "policies" in the request of a connection.
 */
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/api.h"
#include "controller/api/api_list.h"
#include "controller/pushes/pushes.h"
#include "lib/policy_digest.h"
#include "lib/policy_object.h"

#define POLICIES_MAX 200 /* in one request; a push of a router's has 256 operations */
#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* ---- what is wanted ---- */

static void add_push(json_object *object, const struct store_policy *policy)
{
	json_object_object_add(object, "requestedBy", api_text(policy->requested_by));
	json_object_object_add(object, "requestedAt", api_time(policy->requested_at));
	json_object_object_add(object, "pushId", api_text(policy->push_id));
	json_object_object_add(object, "pushState", api_text(policy->push_state));
}

static bool add_policy(const struct store_policy *policy, void *context)
{
	struct api_list *list = context;
	json_object *object;

	if (!api_list_room(list, 0))
		return false;
	object = json_object_new_object();
	json_object_object_add(object, "name", api_text(policy->name));
	json_object_object_add(object, "kind", api_text(policy->kind));
	json_object_object_add(object, "entryCount", json_object_new_int64(policy->entries));
	add_push(object, policy);
	api_list_add(list, object, json_object_new_string(policy->name));
	return true;
}

void api_get_policies(const struct api_request *request)
{
	const char *router = request->segments[1], *after = evhttp_find_header(request->query, "after");
	struct api_list list;

	if (!api_router_known(request, router))
		return;
	api_list_begin(&list, request, API_PAGE_MAX);
	api_list_reply(&list, "policies",
		       store_policies(api_store(request->api), router, after ? after : "", list.limit + 1, add_policy, &list));
}

static bool show_policy(const struct store_policy *policy, void *context)
{
	json_object **shown = context, *definition = policy->definition ? json_tokener_parse(policy->definition) : NULL;

	*shown = api_object();
	if (json_object_is_type(definition, json_type_object)) {
		json_object_object_foreach (definition, key, value)
			json_object_object_add(*shown, key, json_object_get(value));
	}
	json_object_put(definition);
	add_push(*shown, policy);
	return true;
}

void api_get_policy(const struct api_request *request)
{
	const char *router = request->segments[1], *name = request->segments[3];
	json_object *shown = NULL;
	enum store_result result;

	if (!api_router_known(request, router))
		return;
	result = store_policy(api_store(request->api), router, name, show_policy, &shown);
	if (result == STORE_OK)
		api_reply(request->http, 200, shown, NULL);
	else if (result == STORE_NOT_FOUND)
		api_problem_format(request->http, 404, "unknown-policy",
				   "no policy of this name is wanted on %s; `peerctl policy list %s` shows which are", router, router);
	else
		api_problem_store(request->http, api_store(request->api), result);
}

/* ---- what people send ---- */

/* In its usual form; NULL where it has answered, with `where` in front of the sentence. */
static json_object *usual_form(const struct api_request *request, json_object *body, const char *name, const char *where)
{
	struct policy_error error = {.code = ""};
	Peering__Policy *policy = policy_from_json(body, name, &error);
	json_object *usual;

	if (!policy) {
		api_problem_format(request->http, 400, error.code, "%s%s", where, error.sentence);
		return NULL;
	}
	usual = policy_to_json(policy);
	peering__policy__free_unpacked(policy, NULL);
	return usual;
}

static uint64_t digest_of(json_object *usual)
{
	struct policy_error error = {.code = ""};
	Peering__Policy *policy = policy_from_json(usual, NULL, &error);
	uint64_t digest = policy ? policy_digest(policy) : 0;

	if (policy)
		peering__policy__free_unpacked(policy, NULL);
	return digest;
}

static struct store_operation operation_of(json_object *usual)
{
	return (struct store_operation){
		.connection = json_object_get_string(json_object_object_get(usual, "name")),
		.verb = STORE_POLICY,
		.definition = json_object_to_json_string_ext(usual, PLAIN),
		.reason = "",
		.digest = digest_of(usual),
	};
}

void api_put_policy(const struct api_request *request)
{
	const char *router = request->segments[1];
	struct store_operation operation;
	json_object *body, *usual;

	if (!api_router_known(request, router) || !api_read_body(request, &body))
		return;
	usual = usual_form(request, body, request->segments[3], "");
	json_object_put(body);
	if (!usual)
		return;
	operation = operation_of(usual);
	api_submit(request, router, &operation, 1);
	json_object_put(usual);
}

struct policy_comparison {
	const char *wanted; /* the definition in its usual form */
	bool unchanged;
};

static bool compare_with_wanted(const struct store_policy *policy, void *context)
{
	struct policy_comparison *comparison = context;

	comparison->unchanged = policy->definition && strcmp(policy->definition, comparison->wanted) == 0 &&
				(strcmp(policy->push_state, push_state_name(PUSH_APPLIED)) == 0 ||
				 strcmp(policy->push_state, push_state_name(PUSH_QUEUED)) == 0);
	return true;
}

/* Whether the very same was pushed last under its name, and the router has it or gets it. */
static bool is_unchanged(const struct api_request *request, const struct store_operation *operation)
{
	struct policy_comparison comparison = {.wanted = operation->definition};

	return store_policy(api_store(request->api), request->segments[1], operation->connection, compare_with_wanted,
			    &comparison) == STORE_OK &&
	       comparison.unchanged;
}

static void answer_unchanged(const struct api_request *request)
{
	json_object *answer = api_object();

	json_object_object_add(answer, "unchanged", json_object_new_boolean(true));
	json_object_object_add(answer, "router", json_object_new_string(request->segments[1]));
	api_reply(request->http, 200, answer, NULL);
}

/* Definitions in their usual form, each name once. NULL where it has answered. */
static json_object *usual_list(const struct api_request *request, json_object *array)
{
	json_object *usual = json_object_new_array(), *names = json_object_new_object();
	bool good = true;

	for (size_t i = 0; good && i < json_object_array_length(array); i++) {
		char where[64];
		const char *name;
		json_object *one;

		snprintf(where, sizeof(where), "policy %zu of the list: ", i + 1);
		one = usual_form(request, json_object_array_get_idx(array, i), NULL, where);
		good = one != NULL;
		if (!good)
			break;
		json_object_array_add(usual, one);
		name = json_object_get_string(json_object_object_get(one, "name"));
		good = !json_object_object_get_ex(names, name, NULL);
		if (good)
			json_object_object_add(names, name, NULL);
		else
			api_problem_format(request->http, 400, "bad-value", "%s%s is there twice", where, name);
	}
	json_object_put(names);
	if (good)
		return usual;
	json_object_put(usual);
	return NULL;
}

static void submit_list(const struct api_request *request, json_object *usual, bool only_if_changed)
{
	size_t count = json_object_array_length(usual), kept = 0;
	struct store_operation *operations = calloc(count, sizeof(*operations));

	if (!operations) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		operations[kept] = operation_of(json_object_array_get_idx(usual, i));
		kept += !only_if_changed || !is_unchanged(request, &operations[kept]);
	}
	if (kept > 0)
		api_submit(request, request->segments[1], operations, kept);
	else
		answer_unchanged(request);
	free(operations);
}

/* A list of them, which is one push: all of it or nothing. */
void api_post_policies(const struct api_request *request)
{
	json_object *body, *usual;
	bool only_if_changed;
	size_t count;

	if (!api_router_known(request, request->segments[1]) || !api_read_only_if_changed(request, &only_if_changed) ||
	    !api_read_body(request, &body))
		return;
	count = json_object_is_type(body, json_type_array) ? json_object_array_length(body) : 0;
	usual = count > 0 && count <= PUSH_OPERATIONS_MAX ? usual_list(request, body) : NULL;
	if (usual)
		submit_list(request, usual, only_if_changed);
	else if (count == 0 || count > PUSH_OPERATIONS_MAX)
		api_problem_format(request->http, 400, "bad-value", "the body must be a list of 1 to %d policies",
				   PUSH_OPERATIONS_MAX);
	json_object_put(usual);
	json_object_put(body);
}

void api_delete_policy(const struct api_request *request)
{
	const char *router = request->segments[1], *name = request->segments[3];
	struct store_operation operation = {.connection = name, .verb = STORE_WITHDRAW_POLICY, .reason = ""};
	const char *wrong = policy_name_error(name);

	if (!api_router_known(request, router))
		return;
	if (wrong)
		api_problem(request->http, 400, "bad-name", wrong, NULL);
	else
		api_submit(request, router, &operation, 1);
}

struct api_policies *api_policies_take(const struct api_request *request, json_object *body)
{
	json_object *array = NULL;
	struct api_policies *policies;
	size_t count = 0;

	if (json_object_is_type(body, json_type_object))
		json_object_object_get_ex(body, "policies", &array);
	if (array && (!json_object_is_type(array, json_type_array) || json_object_array_length(array) > POLICIES_MAX)) {
		api_problem_format(request->http, 400, "bad-value", "policies must be a list of at most %d", POLICIES_MAX);
		return NULL;
	}
	count = array ? json_object_array_length(array) : 0;
	policies = calloc(1, sizeof(*policies) + (count + 1) * sizeof(policies->operations[0]));
	if (policies)
		policies->definitions = calloc(count + 1, sizeof(*policies->definitions));
	if (!policies || !policies->definitions) {
		free(policies);
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return NULL;
	}
	while (policies->count < count) {
		char where[64];
		json_object *usual;

		snprintf(where, sizeof(where), "policy %zu: ", policies->count + 1);
		usual = usual_form(request, json_object_array_get_idx(array, policies->count), NULL, where);
		if (!usual) {
			api_policies_free(policies);
			return NULL;
		}
		policies->definitions[policies->count] = usual;
		policies->operations[policies->count++] = operation_of(usual);
	}
	if (array)
		json_object_object_del(body, "policies");
	return policies;
}

void api_policies_free(struct api_policies *policies)
{
	if (!policies)
		return;
	for (size_t i = 0; i < policies->count; i++)
		json_object_put(policies->definitions[i]);
	free(policies->definitions);
	free(policies);
}
