// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * POST …/connections (request), POST …/connections/NAME/VERB, GET /v1/pushes/ID: everything that changes something on a
 * router. Each is a row of the store before it is sent, and names who asked.
 */
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/api.h"
#include "controller/api/api_audit.h"
#include "controller/api/api_tasks.h"
#include "controller/log.h"
#include "controller/pushes/declaration_secret.h"
#include "controller/pushes/pushes.h"
#include "controller/routers/routers.h"
#include "controller/text.h"
#include "controller/turn.h"
#include "lib/lifecycle.h"
#include "lib/utf8.h"

/* What a router keeps of it. */
#define REASON_MAX (TRANSITION_MESSAGE_MAX - 1)
#define CODE_MAX 64

const char *const api_verbs[] = {"approve", "ready",   "activate",	"deprovision",	  "withdraw",	     "retry",
				 "block",   "unblock", "force-cancel", "maintenance-on", "maintenance-off", "reopen", NULL};

/* A request whose answer has to wait for the router's. */
struct waiting {
	struct api *api;
	struct evhttp_request *http;
	struct push_waiter *waiter;
};

/* ---- What came of a push ---- */

static json_object *json_or_empty(const char *text)
{
	json_object *array = json_tokener_parse(text);

	if (json_object_is_type(array, json_type_array))
		return array;
	json_object_put(array);
	return json_object_new_array();
}

static bool is_of_policy(const struct store_operation *operation)
{
	return strcmp(operation->verb, STORE_POLICY) == 0 || strcmp(operation->verb, STORE_WITHDRAW_POLICY) == 0 ||
	       strcmp(operation->verb, STORE_ACCEPT_POLICY) == 0;
}

static json_object *operation_to_json(const struct store_operation *operation, enum push_state state)
{
	json_object *object = json_object_new_object();
	bool answered = state == PUSH_APPLIED || state == PUSH_REFUSED;

	json_object_object_add(object, "connection", json_object_new_string(operation->connection));
	json_object_object_add(object, "verb", json_object_new_string(operation->verb));
	json_object_object_add(object, "reason", api_text(operation->reason));
	/* A list of thousands is asked for by its name. */
	json_object_object_add(object, "definition",
			       operation->definition && !is_of_policy(operation)
				       ? declaration_shown(operation->definition)
				       : NULL);
	json_object_object_add(object, "ok", answered ? json_object_new_boolean(operation->ok) : NULL);
	json_object_object_add(object, "code", api_text(operation->code));
	json_object_object_add(object, "message", api_text(operation->message));
	json_object_object_add(object, "allowed", json_or_empty(operation->allowed));
	return object;
}

static json_object *push_to_json(const struct store_push *push)
{
	json_object *object = api_object();
	json_object *operations = json_object_new_array();

	json_object_object_add(object, "id", json_object_new_string(push->id));
	json_object_object_add(object, "router", json_object_new_string(push->router));
	json_object_object_add(object, "state",
			       json_object_new_string(push->dry_run && push->state == PUSH_REFUSED
							      ? "checked"
							      : push_state_name(push->state)));
	json_object_object_add(object, "actor", json_object_new_string(push->actor));
	json_object_object_add(object, "createdAt", api_time(push->created_at));
	json_object_object_add(object, "answeredAt", api_time(push->answered_at));
	json_object_object_add(object, "dryRun", json_object_new_boolean(push->dry_run));
	json_object_object_add(object, "expectedRevision",
			       push->expects_revision ? json_object_new_uint64(push->expected_revision) : NULL);
	json_object_object_add(object, "revision", push->revision ? json_object_new_uint64(push->revision) : NULL);
	json_object_object_add(object, "confirmation", api_text(push->confirmation));
	json_object_object_add(object, "confirmBefore",
			       strcmp(push->confirmation, STORE_CONFIRMATION_WAITS) == 0
				       ? api_time(push->answered_at + (int64_t)push->confirm_seconds * 1000)
				       : NULL);
	for (size_t i = 0; i < push->operation_count; i++)
		json_object_array_add(operations, operation_to_json(&push->operations[i], push->state));
	json_object_object_add(object, "operations", operations);
	return object;
}

/* A code of the router's becomes part of a reference: anything but a plain word is "refused". */
static void plain_code(const char *code, char plain[CODE_MAX])
{
	size_t length = strlen(code);

	if (length == 0 || length >= CODE_MAX || strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
		code = "refused";
	memcpy(plain, code, strlen(code) + 1);
}

static void answer_refused(struct evhttp_request *http, const struct store_push *push)
{
	const struct store_operation *fault = &push->operations[0];
	char code[CODE_MAX];

	for (size_t i = 0; i < push->operation_count; i++) {
		if (!push->operations[i].ok) {
			fault = &push->operations[i];
			break;
		}
	}
	plain_code(fault->code, code);
	api_problem(http, 409, code,
		    fault->message[0] ? fault->message : "the router refused this and gave no reason; see its log",
		    json_or_empty(fault->allowed));
}

static void answer_queued(struct api *api, struct evhttp_request *http, const struct store_push *push)
{
	bool connected = routers_find(api_routers(api), push->router) != NULL;
	json_object *object = push_to_json(push);
	char location[128];
	const char *message;

	if (api_router_is_held(api, push->router))
		message = "stored; the router is held, and gets it when all of its differences are settled";
	else
		message = connected ? "sent; the router has not answered yet, ask for this push again"
				    : "stored; the router is not connected and gets it when it connects";

	snprintf(location, sizeof(location), "/v1/pushes/%s", push->id);
	json_object_object_add(object, "message", json_object_new_string(message));
	api_reply(http, 202, object, location);
}

static bool all_done(const struct store_push *push)
{
	for (size_t i = 0; i < push->operation_count; i++)
		if (!push->operations[i].ok)
			return false;
	return true;
}

struct answer {
	struct api *api;
	struct evhttp_request *http;
};

static bool answer_push(const struct store_push *push, void *context)
{
	struct answer *answer = context;

	switch (push->state) {
	case PUSH_APPLIED:
		if (all_done(push))
			api_reply(answer->http, 200, push_to_json(push), NULL);
		else
			answer_refused(answer->http, push);
		break;
	case PUSH_REFUSED:
		if (push->dry_run && all_done(push))
			api_reply(answer->http, 200, push_to_json(push), NULL);
		else
			answer_refused(answer->http, push);
		break;
	case PUSH_QUEUED:
		answer_queued(answer->api, answer->http, push);
		break;
	default:
		api_problem_format(
			answer->http, 504, "router-lost",
			"the session with %s ended before it answered: nobody knows whether it did this; look at "
			"the connection before you try again",
			push->router);
	}
	return true;
}

void api_answer_with_push(struct api *api, struct evhttp_request *http, const char *id)
{
	struct answer answer = {.api = api, .http = http};
	enum store_result result = store_push(api_store(api), id, answer_push, &answer);

	if (result != STORE_OK)
		api_problem_store(http, api_store(api), result);
}

/* ---- Waiting for it ---- */

static void push_is_done(const char *id, void *context)
{
	struct waiting *waiting = context;
	TURN(TURN_API);

	evhttp_connection_set_closecb(evhttp_request_get_connection(waiting->http), NULL, NULL);
	api_answer_with_push(waiting->api, waiting->http, id);
	free(waiting);
}

static void client_left(struct evhttp_connection *connection, void *context)
{
	struct waiting *waiting = context;

	pushes_forget(waiting->waiter);
	/* evhttp has let go of a request whose connection broke, and leaves it to us. */
	if (!evhttp_request_get_connection(waiting->http))
		evhttp_request_free(waiting->http);
	free(waiting);
}

void api_wait_for_push(const struct api_request *request, const char *id, const char *router)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (waiting) {
		waiting->api = request->api;
		waiting->http = request->http;
		waiting->waiter = pushes_wait(api_pushes(request->api), id, router, api_config(request->api)->push_wait,
					      push_is_done, waiting);
	}
	if (!waiting || !waiting->waiter) {
		free(waiting);
		api_answer_with_push(request->api, request->http, id);
		return;
	}
	evhttp_connection_set_closecb(evhttp_request_get_connection(request->http), client_left, waiting);
}

enum store_result api_audit_push(const struct api_request *request, const struct store_push *push)
{
	enum store_result result = STORE_OK;

	for (size_t i = 0; result == STORE_OK && i < push->operation_count; i++) {
		const struct store_operation *operation = &push->operations[i];
		json_object *detail = json_object_new_object();
		char action[64], object[512];

		json_object_object_add(detail, "pushId", json_object_new_string(push->id));
		if (push->dry_run)
			json_object_object_add(detail, "dryRun", json_object_new_boolean(true));
		if (operation->reason[0])
			json_object_object_add(detail, "reason", json_object_new_string(operation->reason));
		if (is_of_policy(operation))
			snprintf(action, sizeof(action), "policy.%s",
				 strcmp(operation->verb, STORE_POLICY) == 0		 ? "set"
				 : strcmp(operation->verb, STORE_ACCEPT_POLICY) == 0 ? "accept"
										      : "withdraw");
		else
			snprintf(action, sizeof(action), "connection.%s", operation->verb);
		snprintf(object, sizeof(object), "%s/%s", push->router, operation->connection);
		result = api_audit(request, action, object, json_object_to_json_string(detail));
		json_object_put(detail);
	}
	return result;
}

/* The push and who asked for it, in one transaction; then it goes out. */
static enum store_result create(const struct api_request *request, const struct store_push *push)
{
	struct store *store = api_store(request->api);
	enum store_result result = store_begin(store);

	if (result == STORE_OK)
		result = store_push_create(store, push);
	if (result == STORE_OK)
		result = api_audit_push(request, push);
	if (result == STORE_OK)
		result = store_commit(store);
	if (result == STORE_OK)
		pushes_created(api_pushes(request->api), push->router);
	else
		store_rollback(store);
	return result;
}

/* A request settles what differs of its connection; the last one that a held router waits for lets all go out. */
static void settle(const struct api_request *request, const char *router)
{
	bool released = false;

	if (store_release(api_store(request->api), router, &released) == STORE_OK && released)
		pushes_released(api_pushes(request->api), router);
}

/* What a hold waits for has room beside what waits for the hold's end; there is one of it for each difference. */
static bool settles_any(struct store *store, const char *router, const struct store_operation *operations, size_t count)
{
	bool settles = false;

	for (size_t i = 0; i < count && !settles; i++)
		if (store_settles(store, router, operations[i].connection, &settles) != STORE_OK)
			return false;
	return settles;
}

static void refuse_one_more(const struct api_request *request, const char *router)
{
	if (api_router_is_held(request->api, router))
		api_problem_format(request->http, 429, "too-many-pushes",
				   "nothing was done: %s is held, and %d pushes wait for the end of that; settle what `peerctl diff "
				   "--router %s` shows, and they go out",
				   router, PUSHES_QUEUED_MAX, router);
	else
		api_problem_format(request->http, 429, "too-many-pushes",
				   "nothing was done: %s has %d pushes that it has not answered; try again when it has", router,
				   PUSHES_QUEUED_MAX);
}

void api_submit(const struct api_request *request, const char *router, const struct store_operation *operations,
		size_t count)
{
	const struct store_operation *operation = &operations[count - 1];
	char id[TEXT_ID_SIZE];
	struct store_push push = {
		.id = id,
		.router = router,
		.actor = request->identity.actor,
		.created_at = clock_milliseconds(),
		.operation_count = count,
		.operations = operations,
	};
	struct store *store = api_store(request->api);
	enum store_result result;
	uint64_t waiting;

	if (!api_read_push_options(request, &push))
		return;
	if (push.dry_run && !routers_find(api_routers(request->api), router)) {
		api_problem_format(request->http, 409, "router-not-connected",
				   "%s is not connected, and only the router can say what it would do", router);
		return;
	}
	result = store_pushes_queued_count(store, router, &waiting);
	if (result == STORE_OK && waiting >= PUSHES_QUEUED_MAX && !settles_any(store, router, operations, count)) {
		refuse_one_more(request, router);
		return;
	}
	if (result == STORE_OK && !random_id(id)) {
		api_problem(request->http, 503, "no-random", "this machine has no random numbers yet; try again", NULL);
		return;
	}
	if (result == STORE_OK)
		result = create(request, &push);
	if (result != STORE_OK) {
		api_problem_store(request->http, store, result);
		return;
	}
	log_event(LEVEL_INFO, "push-created", "push", id, "actor", request->identity.actor, "router", router, "connection",
		  operation->connection, "verb", operation->verb, NULL);
	settle(request, router);
	if (routers_find(api_routers(request->api), router) && !api_router_is_held(request->api, router))
		api_wait_for_push(request, id, router);
	else
		api_answer_with_push(request->api, request->http, id);
}

/* ---- What people send ---- */

static bool copy_definition(const struct store_connection *connection, void *context)
{
	char **definition = context;

	*definition = connection->definition ? strdup(connection->definition) : NULL;
	return true;
}

/* What the connection was asked for with before; NULL for nothing. The caller frees. */
static char *definition_before(const struct api_request *request, json_object *body)
{
	char *definition = NULL;
	json_object *name;

	if (json_object_is_type(body, json_type_object) && json_object_object_get_ex(body, "name", &name) &&
	    json_object_is_type(name, json_type_string))
		store_connection(api_store(request->api), request->segments[1], json_object_get_string(name),
				 copy_definition, &definition);
	return definition;
}

/* One connection of a request: the objects under its "policies", and behind them what declares it. */
struct asked {
	struct api_policies *policies; /* with the connection's own operation at the end, whose texts are the two below */
	char *name, *definition;
	char *before; /* what was stored when its password was taken from there; NULL: it was not */
};

/* False where it has answered: `where` says of what, in front of a sentence. */
static bool read_asked(const struct api_request *request, json_object *body, const char *where, struct asked *asked)
{
	const struct secret_key *key = pushes_key(api_pushes(request->api));
	struct declaration_error error = {.code = ""};
	Peering__DeclareConnection *declaration = NULL;

	asked->policies = api_policies_take(request, body);
	if (!asked->policies)
		return false;
	if (declaration_takes_passwords(body))
		asked->before = definition_before(request, body);
	if (declaration_keep_passwords(body, asked->before, key, &error))
		declaration = declaration_from_json(body, &error);
	if (!declaration) {
		api_problem_format(request->http, strcmp(error.code, "password-lost") == 0 ? 409 : 400, error.code, "%s%s",
				   where, error.sentence);
		return false;
	}
	asked->name = strdup(declaration->name);
	asked->definition = declaration_to_stored(declaration, key);
	peering__declare_connection__free_unpacked(declaration, NULL);
	if (!asked->name || !asked->definition) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return false;
	}
	asked->policies->operations[asked->policies->count] = (struct store_operation){
		.verb = STORE_REQUEST, .reason = "", .connection = asked->name, .definition = asked->definition};
	return true;
}

static void free_asked(struct asked *asked)
{
	api_policies_free(asked->policies);
	free(asked->name);
	free(asked->definition);
	free(asked->before);
}

bool api_read_only_if_changed(const struct api_request *request, bool *only_if_changed)
{
	const char *given = evhttp_find_header(request->query, "onlyIfChanged");

	*only_if_changed = given && strcmp(given, "true") == 0;
	if (!given || *only_if_changed || strcmp(given, "false") == 0)
		return true;
	api_problem(request->http, 400, "bad-query", "onlyIfChanged is true or false", NULL);
	return false;
}

/* The same is written the same, passwords too; but what came of a peering has its keys in another order. */
static bool is_same(const char *stored, const char *wanted, const struct secret_key *key)
{
	struct declaration_error error = {.code = ""};
	Peering__DeclareConnection *declaration;
	char *usual = NULL;
	bool same;

	if (strcmp(stored, wanted) == 0)
		return true;
	declaration = declaration_from_stored(stored, key, &error);
	if (declaration) {
		usual = declaration_to_stored(declaration, key);
		peering__declare_connection__free_unpacked(declaration, NULL);
	}
	same = usual && strcmp(usual, wanted) == 0;
	free(usual);
	return same;
}

struct comparison {
	const char *wanted;	/* the definition */
	const struct secret_key *key;
	json_object *unchanged; /* the answer; NULL: there is something to do */
};

static bool compare_with_desired(const struct store_connection *connection, void *context)
{
	struct comparison *comparison = context;

	if (!connection->definition || !is_same(connection->definition, comparison->wanted, comparison->key) ||
	    (strcmp(connection->push_state, push_state_name(PUSH_APPLIED)) != 0 &&
	     strcmp(connection->push_state, push_state_name(PUSH_QUEUED)) != 0))
		return true;
	comparison->unchanged = api_object();
	json_object_object_add(comparison->unchanged, "unchanged", json_object_new_boolean(true));
	json_object_object_add(comparison->unchanged, "id", api_text(connection->push_id));
	json_object_object_add(comparison->unchanged, "router", api_text(connection->router));
	json_object_object_add(comparison->unchanged, "state", api_text(connection->push_state));
	return true;
}

/* Answers where the very same was asked for last, and the router has it or gets it. */
static bool answer_unchanged(const struct api_request *request, const char *router, const struct store_operation *operation)
{
	struct comparison comparison = {.wanted = operation->definition, .key = pushes_key(api_pushes(request->api))};

	if (store_connection(api_store(request->api), router, operation->connection, compare_with_desired, &comparison) !=
		    STORE_OK ||
	    !comparison.unchanged)
		return false;
	api_reply(request->http, 200, comparison.unchanged, NULL);
	return true;
}

/* ---- One connection, or a list of them ---- */

struct connections_task {
	struct api_task task;
	bool only_if_changed;
	bool list;
	json_object *body; /* NULL: not read yet, or judged whole */
	struct asked *asked;
	size_t count, judged;
};

/* One after the other, in one push. */
static void submit_asked(const struct api_request *request, const struct asked *asked, size_t count)
{
	struct store_operation *operations;
	size_t all = 0;

	for (size_t i = 0; i < count; i++)
		all += asked[i].policies->count + 1;
	if (all > PUSH_OPERATIONS_MAX) {
		api_problem_format(request->http, 400, "bad-value",
				   "there are %zu connections and policies; at most %d go into one request", all,
				   PUSH_OPERATIONS_MAX);
		return;
	}
	operations = calloc(all, sizeof(*operations));
	if (!operations) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return;
	}
	all = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j <= asked[i].policies->count; j++)
			operations[all++] = asked[i].policies->operations[j];
	api_submit(request, request->segments[1], operations, all);
	free(operations);
}

/* Whether a password is still the one that was taken: it may be another one since an earlier turn. */
static bool passwords_stand(const struct api_request *request, const struct connections_task *task)
{
	for (size_t i = 0; i < task->count; i++) {
		const struct asked *asked = &task->asked[i];
		char *now = NULL;
		bool stands;

		if (!asked->before)
			continue;
		store_connection(api_store(request->api), request->segments[1], asked->name, copy_definition, &now);
		stands = now && strcmp(now, asked->before) == 0;
		free(now);
		if (stands)
			continue;
		api_problem_format(request->http, 409, "changed-meanwhile",
				   "%s was changed while this request was read; nothing was done, send it again", asked->name);
		return false;
	}
	return true;
}

static void submit_connections(const struct api_request *request, const struct connections_task *task)
{
	const struct asked *first = &task->asked[0];

	if (!passwords_stand(request, task))
		return;
	if (!task->list && (!api_connection_if_match(request, request->segments[1], first->name) ||
			    (task->only_if_changed && !first->policies->count &&
			     answer_unchanged(request, request->segments[1], &first->policies->operations[0]))))
		return;
	submit_asked(request, task->asked, task->count);
}

/* A list is one push: all of it or nothing. */
static bool read_connections(const struct api_request *request, struct connections_task *task)
{
	if (!api_read_body(request, &task->body))
		return false;
	task->list = json_object_is_type(task->body, json_type_array);
	task->count = task->list ? json_object_array_length(task->body) : 1;
	if (task->count > 0 && task->count <= PUSH_OPERATIONS_MAX)
		task->asked = calloc(task->count, sizeof(*task->asked));
	if (task->asked)
		return true;
	api_problem_format(request->http, 400, "bad-value",
			   "the body must be a JSON object that describes a connection, or a list of 1 to %d of them",
			   PUSH_OPERATIONS_MAX);
	return false;
}

static bool judge_next(const struct api_request *request, struct connections_task *task)
{
	struct asked *asked = &task->asked[task->judged++];
	char where[64];

	if (!task->list)
		return read_asked(request, task->body, "", asked);
	snprintf(where, sizeof(where), "connection %zu of the list: ", task->judged);
	return read_asked(request, json_object_array_get_idx(task->body, task->judged - 1), where, asked);
}

static bool step_of_connections(const struct api_request *request, struct api_task *of)
{
	struct connections_task *task = (struct connections_task *)of;

	if (!task->asked)
		return read_connections(request, task);
	if (task->judged < task->count)
		return judge_next(request, task);
	if (task->body) {
		json_object_put(task->body);
		task->body = NULL;
		return true;
	}
	submit_connections(request, task);
	return false;
}

static void free_connections_task(struct api_task *of)
{
	struct connections_task *task = (struct connections_task *)of;

	for (size_t i = 0; i < task->judged; i++)
		free_asked(&task->asked[i]);
	free(task->asked);
	json_object_put(task->body);
	free(task);
}

void api_post_connection(const struct api_request *request)
{
	struct connections_task *task;
	bool only_if_changed;

	if (!api_router_known(request, request->segments[1]) || !api_read_only_if_changed(request, &only_if_changed))
		return;
	task = calloc(1, sizeof(*task));
	if (!task) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return;
	}
	*task = (struct connections_task){.task = {.step = step_of_connections, .free = free_connections_task},
					  .only_if_changed = only_if_changed};
	api_task_run(request, &task->task);
}

static bool is_verb(const char *verb)
{
	for (const char *const *known = api_verbs; *known; known++)
		if (strcmp(*known, verb) == 0)
			return true;
	return false;
}

bool api_read_reason(const struct api_request *request, char **reason)
{
	json_object *body, *value = NULL;
	bool good = false;

	*reason = NULL;
	if (!api_read_body(request, &body))
		return false;
	if (body && (!json_object_is_type(body, json_type_object) ||
		     json_object_object_length(body) != (int)json_object_object_get_ex(body, "reason", &value) ||
		     (value && !json_object_is_type(value, json_type_string))))
		api_problem(request->http, 400, "bad-value",
			    "the body of a verb is empty or {\"reason\": \"some words\"}", NULL);
	else if (value && (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value) ||
			   json_object_get_string_len(value) > REASON_MAX || !utf8_is_clean(json_object_get_string(value))))
		api_problem_format(request->http, 400, "bad-value",
				   "the reason must be at most %d bytes of UTF-8 without control characters",
				   REASON_MAX);
	else if (!(*reason = strdup(value ? json_object_get_string(value) : "")))
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
	else
		good = true;
	json_object_put(body);
	return good;
}

void api_post_verb(const struct api_request *request)
{
	const char *router = request->segments[1];
	struct store_operation operation = {.connection = request->segments[3], .verb = request->segments[4]};
	char *reason;

	if (!is_verb(operation.verb)) {
		api_problem(
			request->http, 404, "unknown-verb",
			"there is no such verb; there are approve, ready, activate, reopen, deprovision, withdraw, retry, block, unblock, force-cancel, maintenance-on and maintenance-off",
			NULL);
		return;
	}
	if (!api_read_reason(request, &reason))
		return;
	operation.reason = reason;
	if (api_connection_known(request, router, operation.connection) &&
	    api_connection_if_match(request, router, operation.connection)) {
		if (!routers_find(api_routers(request->api), router))
			api_problem_format(
				request->http, 409, "router-not-connected",
				"%s is not connected, nothing was done; type the verb on the router itself, or try "
				"again when `peerctl routers` shows it connected",
				router);
		else if (api_router_is_held(request->api, router))
			api_problem_format(request->http, 409, "router-held",
					   "%s is held until its differences are settled, nothing was done; see `peerctl "
					   "diff --router %s`, or type the verb on the router itself",
					   router, router);
		else
			api_submit(request, router, &operation, 1);
	}
	free(reason);
}

static bool show_push(const struct store_push *push, void *context)
{
	struct evhttp_request *http = context;

	api_reply(http, 200, push_to_json(push), NULL);
	return true;
}

void api_get_push(const struct api_request *request)
{
	struct store *store = api_store(request->api);
	const char *id = request->segments[1];
	enum store_result result = store_push(store, id, show_push, request->http);

	if (result == STORE_NOT_FOUND)
		api_problem(request->http, 404, "unknown-push",
			    "there is no push with this id; `peerctl audit` shows which there were", NULL);
	else if (result != STORE_OK)
		api_problem_store(request->http, store, result);
}
