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
#include "controller/api/api_tasks.h"
#include "controller/pushes/pushes.h"
#include "lib/policy_digest.h"
#include "lib/policy_object.h"

#define POLICIES_MAX 200 /* in one request; a push of a router's has 256 operations */

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

/* NULL where it has answered, with `where` in front of the sentence. */
static Peering__Policy *judge(const struct api_request *request, json_object *body, const char *name, const char *where)
{
	struct policy_error error = {.code = ""};
	Peering__Policy *policy = policy_from_json(body, name, &error);

	if (!policy)
		api_problem_format(request->http, 400, error.code, "%s%s", where, error.sentence);
	return policy;
}

static void free_operation(const struct store_operation *operation)
{
	free((char *)operation->connection);
	free((char *)operation->definition);
}

/* What pushes it, with its definition in the usual form: free_operation(). Frees `policy`. False where it has answered. */
static bool put_into_words(const struct api_request *request, Peering__Policy *policy, struct store_operation *operation)
{
	*operation = (struct store_operation){
		.connection = strdup(policy->name),
		.verb = STORE_POLICY,
		.definition = policy_to_text(policy),
		.reason = "",
		.digest = policy_digest(policy),
	};
	peering__policy__free_unpacked(policy, NULL);
	if (operation->connection && operation->definition)
		return true;
	free_operation(operation);
	*operation = (struct store_operation){.verb = STORE_POLICY};
	api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
	return false;
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

/* ---- one, or a list of them ---- */

struct policies_task {
	struct api_task task;
	bool list, only_if_changed;
	json_object *body;	 /* NULL: not read yet, or judged whole */
	size_t count, judged;
	Peering__Policy *policy; /* judged, and not put into words yet */
	struct store_operation *operations; /* of those in front of it */
	json_object *names;		    /* of these */
};

/* A list is one push: all of it or nothing. */
static bool read_policies(const struct api_request *request, struct policies_task *task)
{
	if (!api_read_body(request, &task->body))
		return false;
	if (!task->list)
		task->count = 1;
	else if (json_object_is_type(task->body, json_type_array))
		task->count = json_object_array_length(task->body);
	if (task->count == 0 || task->count > PUSH_OPERATIONS_MAX) {
		api_problem_format(request->http, 400, "bad-value", "the body must be a list of 1 to %d policies",
				   PUSH_OPERATIONS_MAX);
		return false;
	}
	task->operations = calloc(task->count, sizeof(*task->operations));
	task->names = json_object_new_object();
	if (task->operations && task->names)
		return true;
	api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
	return false;
}

static bool judge_next(const struct api_request *request, struct policies_task *task)
{
	char where[64] = "";

	if (!task->list) {
		task->policy = judge(request, task->body, request->segments[3], where);
		return task->policy != NULL;
	}
	snprintf(where, sizeof(where), "policy %zu of the list: ", task->judged + 1);
	task->policy = judge(request, json_object_array_get_idx(task->body, task->judged), NULL, where);
	if (task->policy && json_object_object_get_ex(task->names, task->policy->name, NULL)) {
		api_problem_format(request->http, 400, "bad-value", "%s%s is there twice", where, task->policy->name);
		return false;
	}
	return task->policy != NULL;
}

static bool word_next(const struct api_request *request, struct policies_task *task)
{
	struct store_operation *operation = &task->operations[task->judged];
	Peering__Policy *policy = task->policy;

	task->policy = NULL;
	if (!put_into_words(request, policy, operation))
		return false;
	json_object_object_add(task->names, operation->connection, NULL);
	task->judged++;
	return true;
}

static void submit_policies(const struct api_request *request, struct policies_task *task)
{
	struct store_operation *operations = calloc(task->count, sizeof(*operations));
	size_t kept = 0;

	for (size_t i = 0; operations && i < task->count; i++)
		if (!task->only_if_changed || !is_unchanged(request, &task->operations[i]))
			operations[kept++] = task->operations[i];
	if (!operations)
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
	else if (kept > 0)
		api_submit(request, request->segments[1], operations, kept);
	else
		answer_unchanged(request);
	free(operations);
}

static bool step_of_policies(const struct api_request *request, struct api_task *of)
{
	struct policies_task *task = (struct policies_task *)of;

	if (!task->operations)
		return read_policies(request, task);
	if (task->policy)
		return word_next(request, task);
	if (task->judged < task->count)
		return judge_next(request, task);
	if (task->body) {
		json_object_put(task->body);
		task->body = NULL;
		return true;
	}
	submit_policies(request, task);
	return false;
}

static void free_policies_task(struct api_task *of)
{
	struct policies_task *task = (struct policies_task *)of;

	for (size_t i = 0; i < task->judged; i++)
		free_operation(&task->operations[i]);
	free(task->operations);
	if (task->policy)
		peering__policy__free_unpacked(task->policy, NULL);
	json_object_put(task->names);
	json_object_put(task->body);
	free(task);
}

static void run(const struct api_request *request, bool list, bool only_if_changed)
{
	struct policies_task *task = calloc(1, sizeof(*task));

	if (!task) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return;
	}
	*task = (struct policies_task){.task = {.step = step_of_policies, .free = free_policies_task},
				       .list = list,
				       .only_if_changed = only_if_changed};
	api_task_run(request, &task->task);
}

void api_put_policy(const struct api_request *request)
{
	if (api_router_known(request, request->segments[1]))
		run(request, false, false);
}

void api_post_policies(const struct api_request *request)
{
	bool only_if_changed;

	if (api_router_known(request, request->segments[1]) && api_read_only_if_changed(request, &only_if_changed))
		run(request, true, only_if_changed);
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
	if (!policies) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return NULL;
	}
	while (policies->count < count) {
		char where[64];
		Peering__Policy *policy;

		snprintf(where, sizeof(where), "policy %zu: ", policies->count + 1);
		policy = judge(request, json_object_array_get_idx(array, policies->count), NULL, where);
		if (!policy || !put_into_words(request, policy, &policies->operations[policies->count])) {
			api_policies_free(policies);
			return NULL;
		}
		policies->count++;
	}
	if (array)
		json_object_object_del(body, "policies");
	return policies;
}

void api_policies_free(struct api_policies *policies)
{
	for (size_t i = 0; policies && i < policies->count; i++)
		free_operation(&policies->operations[i]);
	free(policies);
}
