// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a POST that makes a push may say of it behind '?', and POST /v1/pushes/ID/confirm.
 */
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api.h"
#include "controller/api/api_audit.h"
#include "controller/pushes/pushes.h"
#include "controller/routers/routers.h"
#include "lib/lifecycle.h"

#define CONFIRM_LEAST 10 /* seconds; a router takes no others */
#define CONFIRM_MOST 3600

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
	size_t length = strlen(text);

	if (length == 0 || length > 18 || strspn(text, "0123456789") != length)
		return false;
	*number = strtoull(text, NULL, 10);
	return *number >= least && *number <= most;
}

/* False where it is none of ours, or has no such value. */
static bool read_option(const char *key, const char *value, struct store_push *push)
{
	uint64_t number;

	if (strcmp(key, "dryRun") == 0) {
		push->dry_run = strcmp(value, "true") == 0;
		return push->dry_run || strcmp(value, "false") == 0;
	}
	if (strcmp(key, "expectedRevision") == 0) {
		push->expects_revision = true;
		return read_number(value, 0, INT64_MAX, &push->expected_revision);
	}
	if (strcmp(key, "confirmSeconds") == 0) {
		if (!read_number(value, CONFIRM_LEAST, CONFIRM_MOST, &number))
			return false;
		push->confirm_seconds = (uint32_t)number;
		return true;
	}
	if (strcmp(key, "confirm") == 0) {
		push->confirm_by_person = strcmp(value, "manual") == 0;
		return push->confirm_by_person || strcmp(value, "auto") == 0;
	}
	return false;
}

bool api_read_push_options(const struct api_request *request, struct store_push *push)
{
	const struct evkeyval *parameter;

	/* Whoever misspells dryRun shall not have done what he only wanted to look at. */
	TAILQ_FOREACH (parameter, request->query, next) {
		/* A request has this one, too, and has judged it. */
		if (strcmp(parameter->key, "onlyIfChanged") == 0 || read_option(parameter->key, parameter->value, push))
			continue;
		api_problem_format(request->http, 400, "bad-query",
				   "what stands behind '?' may be dryRun=true, expectedRevision=N, confirmSeconds=%d to "
				   "%d and confirm=manual",
				   CONFIRM_LEAST, CONFIRM_MOST);
		return false;
	}
	if (push->confirm_by_person && !push->confirm_seconds) {
		api_problem(request->http, 400, "bad-query",
			    "confirm=manual wants confirmSeconds, within which the push is confirmed", NULL);
		return false;
	}
	return true;
}

/* ---- confirming ---- */

struct confirmed {
	char *router;
	bool waits;
};

static bool look(const struct store_push *push, void *context)
{
	struct confirmed *found = context;

	found->waits = strcmp(push->confirmation, STORE_CONFIRMATION_WAITS) == 0;
	found->router = strdup(push->router);
	return true;
}

static enum store_result audit(const struct api_request *request, const char *id, const char *router)
{
	struct store *store = api_store(request->api);
	enum store_result result = store_begin(store);
	json_object *detail = json_object_new_object();

	json_object_object_add(detail, "pushId", json_object_new_string(id));
	if (result == STORE_OK)
		result = api_audit(request, "push.confirm", router, json_object_to_json_string(detail));
	if (result == STORE_OK)
		result = store_commit(store);
	if (result != STORE_OK)
		store_rollback(store);
	json_object_put(detail);
	return result;
}

static void confirm(const struct api_request *request, const char *id, const struct confirmed *push)
{
	enum store_result result;

	if (!push->router) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return;
	}
	if (!push->waits) {
		api_problem(request->http, 409, "not-waiting",
			    "this push does not wait to be confirmed: it never did, was confirmed, or was rolled back", NULL);
		return;
	}
	if (!routers_find(api_routers(request->api), push->router)) {
		api_problem_format(request->http, 409, "router-not-connected",
				   "%s is not connected and rolls the push back by itself; nothing was confirmed",
				   push->router);
		return;
	}
	result = audit(request, id, push->router);
	if (result != STORE_OK) {
		api_problem_store(request->http, api_store(request->api), result);
		return;
	}
	pushes_confirm(api_pushes(request->api), push->router, id);
	api_wait_for_push(request, id, push->router);
}

void api_post_confirm(const struct api_request *request)
{
	const char *id = request->segments[1];
	struct confirmed push = {.waits = false};
	enum store_result result = store_push(api_store(request->api), id, look, &push);

	if (result == STORE_NOT_FOUND)
		api_problem(request->http, 404, "unknown-push",
			    "there is no push with this id; `peerctl audit` shows which there were", NULL);
	else if (result != STORE_OK)
		api_problem_store(request->http, api_store(request->api), result);
	else
		confirm(request, id, &push);
	free(push.router);
}
