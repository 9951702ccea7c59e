// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_push_again.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_table.h"
#include "controller/cli/policy_levels.h"

const char push_again_help[] =
	"Asks for a connection once more, as it was asked for last. Without a name: for everything of the router that\n"
	"`peerctl diff` shows as asked for and different, policies before what uses them. What is refused holds up nothing\n"
	"else. Nothing opens by it: a connection that the router has lost begins again with its approval.\n";

/* One thing that is asked for again. */
struct again {
	const char *object, *name; /* the differences' */
	unsigned int level; /* lists, route-maps by what they call, then connections */
	char *path;
	const char *result, *sentence;
};

struct restoring {
	const char *router;
	json_object *all; /* the differences */
	struct again *things;
	size_t count;
	json_object *calls; /* {route-map: [those that it calls]} */
	struct client_request *requests;
};

static char *path_of(const struct invocation *invocation, const char *objects, const char *verb)
{
	return client_path("routers", invocation->arguments[0], objects, invocation->arguments[1], verb, NULL);
}

static json_object *reason_of(const struct invocation *invocation)
{
	json_object *body = json_object_new_object();

	if (invocation->reason)
		json_object_object_add(body, "reason", json_object_new_string(invocation->reason));
	return body;
}

int policy_verb(struct invocation *invocation, const struct command *command)
{
	return command_push(invocation, NULL, path_of(invocation, "policies", strchr(command->name, ' ') + 1),
			    reason_of(invocation));
}

/* ---- In which order ---- */

/* The policy's own definition says which route-maps it calls; NULL for one that is none. */
static json_object *calls_of(const struct invocation *invocation, const char *router, const char *name, int *code)
{
	json_object *policy, *entries, *calls = NULL;

	*code = command_ask(invocation, NULL, client_path("routers", router, "policies", name, NULL), NULL, &policy);
	if (*code != EXIT_DONE)
		return NULL;
	entries = member_list(policy, "entries");
	if (strcmp(member_text(policy, "kind"), "route-map") == 0)
		calls = json_object_new_array();
	for (size_t i = 0; calls && i < list_length(entries); i++) {
		const char *called = member_text(json_object_array_get_idx(entries, i), "call");

		if (called[0])
			json_object_array_add(calls, json_object_new_string(called));
	}
	json_object_put(policy);
	return calls;
}

/* 0 for a list, which no route-map calls. */
static unsigned int level_of(json_object *levels, const char *name)
{
	json_object *level = NULL;

	return json_object_object_get_ex(levels, name, &level) ? (unsigned int)json_object_get_int(level) : 0;
}

static int find_levels(const struct invocation *invocation, struct restoring *restoring)
{
	int code = EXIT_DONE;
	json_object *levels;

	for (size_t i = 0; code == EXIT_DONE && i < restoring->count; i++) {
		const struct again *thing = &restoring->things[i];
		json_object *calls = NULL;

		if (strcmp(thing->object, "policy") == 0)
			calls = calls_of(invocation, restoring->router, thing->name, &code);
		if (calls)
			json_object_object_add(restoring->calls, thing->name, calls);
	}
	levels = policy_levels(restoring->calls);
	for (size_t i = 0; i < restoring->count; i++) {
		struct again *thing = &restoring->things[i];

		thing->level = strcmp(thing->object, "policy") == 0 ? level_of(levels, thing->name) : POLICY_LEVELS_MAX + 1;
	}
	json_object_put(levels);
	return code;
}

static int by_level(const void *a, const void *b)
{
	const struct again *one = a, *other = b;

	return one->level != other->level ? (one->level < other->level ? -1 : 1) : strcmp(one->name, other->name);
}

/* ---- Asking ---- */

struct progress {
	size_t before, count;
	bool terminal;
};

static void show_progress(size_t done, size_t count, void *context)
{
	const struct progress *progress = context;

	if (progress->terminal)
		fprintf(stderr, "\r\033[K%zu of %zu", progress->before + done, progress->count);
}

static void judge(struct again *thing, const struct client_request *request)
{
	const struct answer *answer = &request->answer;
	bool stored = answer->status == 202;

	thing->result = request->error		   ? "no answer"
			: stored		   ? "stored"
			: answer->status / 100 == 2 ? "done"
						   : "refused";
	thing->sentence = request->error ? request->error
			  : stored	 ? member_text(answer->body, "message")
					 : member_text(answer->body, "detail");
}

/* Those of one level at once: none of them needs another. */
static void ask_all(const struct invocation *invocation, struct restoring *restoring)
{
	struct progress progress = {.count = restoring->count, .terminal = isatty(STDERR_FILENO)};
	json_object *body = reason_of(invocation);

	for (size_t first = 0, end; first < restoring->count; first = end) {
		for (end = first; end < restoring->count && restoring->things[end].level == restoring->things[first].level;
		     end++) {
			restoring->requests[end].path = restoring->things[end].path;
			restoring->requests[end].body = body;
		}
		progress.before = first;
		client_ask_many(&invocation->settings, &restoring->requests[first], end - first, show_progress, &progress);
		for (size_t i = first; i < end; i++)
			judge(&restoring->things[i], &restoring->requests[i]);
	}
	if (progress.terminal)
		fputs("\r\033[K", stderr);
	json_object_put(body);
}

/* ---- What came of it ---- */

static void print_json(const struct restoring *restoring)
{
	json_object *object = json_object_new_object(), *results = json_object_new_array();

	for (size_t i = 0; i < restoring->count; i++) {
		const struct again *thing = &restoring->things[i];
		json_object *result = json_object_new_object();

		json_object_object_add(result, "object", json_object_new_string(thing->object));
		json_object_object_add(result, "name", json_object_new_string(thing->name));
		json_object_object_add(result, "outcome", json_object_new_string(thing->result));
		json_object_object_add(result, "message",
				       thing->sentence[0] ? json_object_new_string(thing->sentence) : NULL);
		json_object_array_add(results, result);
	}
	json_object_object_add(object, "schemaVersion", json_object_new_int(1));
	json_object_object_add(object, "router", json_object_new_string(restoring->router));
	json_object_object_add(object, "results", results);
	command_print_json(object);
	json_object_put(object);
}

static int tell(const struct invocation *invocation, const struct restoring *restoring)
{
	static const char *const headings[] = {"OBJECT", "NAME", "RESULT", "NOTE", NULL};
	size_t refused = 0, unreached = 0, stored = 0;
	struct table *table = table_new(headings);

	for (size_t i = 0; i < restoring->count; i++) {
		const struct again *thing = &restoring->things[i];

		refused += strcmp(thing->result, "refused") == 0;
		unreached += strcmp(thing->result, "no answer") == 0;
		stored += strcmp(thing->result, "stored") == 0;
		if (strcmp(thing->result, "done") != 0)
			table_row(table, (const char *[]){thing->object, thing->name, thing->result, thing->sentence});
	}
	if (invocation->json)
		print_json(restoring);
	else if (table_rows(table) > 0)
		table_print(table, stdout, 0);
	table_free(table);
	if (!invocation->json)
		printf("%zu asked for again: %zu done, %zu stored, %zu refused, %zu without an answer\n", restoring->count,
		       restoring->count - refused - unreached - stored, stored, refused, unreached);
	return unreached ? EXIT_UNREACHED : refused ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- All of a router ---- */

/* False where memory is short. */
static bool take_differences(struct restoring *restoring)
{
	json_object *list = member_list(restoring->all, "differences");

	restoring->things = calloc(list_length(list) + 1, sizeof(*restoring->things));
	restoring->requests = calloc(list_length(list) + 1, sizeof(*restoring->requests));
	if (!restoring->things || !restoring->requests)
		return false;
	for (size_t i = 0; i < list_length(list); i++) {
		json_object *one = json_object_array_get_idx(list, i), *undeclared = NULL;
		const char *object = member_text(one, "object"), *name = member_text(one, "name");
		bool policy = strcmp(object, "policy") == 0;

		json_object_object_get_ex(one, "undeclared", &undeclared);
		if (json_object_get_boolean(undeclared) || strcmp(member_text(one, "pushState"), "queued") == 0)
			continue;
		restoring->things[restoring->count++] = (struct again){
			.object = object,
			.name = name,
			.path = client_path("routers", restoring->router, policy ? "policies" : "connections", name, "push-again",
					    NULL),
		};
	}
	return true;
}

static void forget(struct restoring *restoring)
{
	for (size_t i = 0; i < restoring->count; i++) {
		free(restoring->things[i].path);
		json_object_put(restoring->requests[i].answer.body);
		free(restoring->requests[i].error);
	}
	free(restoring->things);
	free(restoring->requests);
	json_object_put(restoring->calls);
	json_object_put(restoring->all);
}

static int push_again_router(struct invocation *invocation)
{
	struct restoring restoring = {.router = invocation->arguments[0], .calls = json_object_new_object()};
	char *path = client_query(client_path("differences", NULL), "router", restoring.router);
	int code = command_pages(invocation, path, "differences", &restoring.all);

	if (code == EXIT_DONE && !take_differences(&restoring)) {
		fputs("peerctl: memory is short\n", stderr);
		code = EXIT_UNREACHED;
	}
	if (code == EXIT_DONE)
		code = find_levels(invocation, &restoring);
	if (code == EXIT_DONE) {
		qsort(restoring.things, restoring.count, sizeof(*restoring.things), by_level);
		ask_all(invocation, &restoring);
		code = tell(invocation, &restoring);
	}
	forget(&restoring);
	return code;
}

int push_again(struct invocation *invocation, const struct command *command)
{
	if (invocation->argument_count == 1)
		return push_again_router(invocation);
	return command_push(invocation, NULL, path_of(invocation, "connections", command->name), reason_of(invocation));
}
