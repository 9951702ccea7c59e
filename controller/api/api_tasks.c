// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_tasks.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/text.h"
#include "controller/turn.h"

/* What is shorter takes a few milliseconds in all. */
#define LONG_BYTES ((size_t)32 << 10)
#define SLICE_MICROSECONDS 5000

/* Behind what is readable by then; an event that makes itself active would not let libevent look. */
static const struct timeval next_turn = {.tv_sec = 0};

/* A request that goes on in a later turn, with what lived on the stack of the first one. */
struct kept {
	TAILQ_ENTRY(kept) link;
	struct api_tasks *tasks;
	struct api_request request;
	char actor[API_ACTOR_MAX];
	char *segments[API_SEGMENTS_MAX];
	struct evkeyvalq query;
	struct api_task *task;
};

struct api_tasks {
	struct event *next;
	TAILQ_HEAD(, kept) list; /* the first one is under way */
};

static void forget(struct kept *kept)
{
	struct api_tasks *tasks = kept->tasks;

	TAILQ_REMOVE(&tasks->list, kept, link);
	kept->task->free(kept->task);
	for (size_t i = 0; i < kept->request.segment_count; i++)
		free(kept->segments[i]);
	evhttp_clear_headers(&kept->query);
	free(kept);
	if (!TAILQ_EMPTY(&tasks->list))
		event_add(tasks->next, &next_turn);
}

static void client_left(struct evhttp_connection *connection, void *context)
{
	struct kept *kept = context;

	/* evhttp has let go of a request whose connection broke, and leaves it to us. */
	if (!evhttp_request_get_connection(kept->request.http))
		evhttp_request_free(kept->request.http);
	forget(kept);
}

static void watch_client(struct kept *kept, bool on)
{
	evhttp_connection_set_closecb(evhttp_request_get_connection(kept->request.http), on ? client_left : NULL,
				      on ? kept : NULL);
}

static void work(evutil_socket_t fd, short what, void *context)
{
	struct api_tasks *tasks = context;
	struct kept *kept = TAILQ_FIRST(&tasks->list);
	int64_t until = clock_steady_microseconds() + SLICE_MICROSECONDS;
	bool more = true;
	TURN(TURN_API);

	if (!kept)
		return;
	/* The step that answers may be the end of the connection. */
	watch_client(kept, false);
	while (more && clock_steady_microseconds() < until)
		more = kept->task->step(&kept->request, kept->task);
	if (!more) {
		forget(kept);
		return;
	}
	watch_client(kept, true);
	event_add(tasks->next, &next_turn);
}

/* Takes what the request has, and leaves it empty. NULL where memory is short. */
static struct kept *keep(const struct api_request *request, struct api_task *task)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	if (!kept)
		return NULL;
	kept->tasks = api_tasks(request->api);
	kept->task = task;
	kept->request = *request;
	snprintf(kept->actor, sizeof(kept->actor), "%s", request->identity.actor);
	kept->request.identity.actor = kept->actor;
	kept->request.segments = kept->segments;
	for (size_t i = 0; i < request->segment_count; i++) {
		kept->segments[i] = request->segments[i];
		request->segments[i] = NULL;
	}
	kept->request.query = &kept->query;
	TAILQ_INIT(&kept->query);
	TAILQ_CONCAT(&kept->query, request->query, next);
	return kept;
}

void api_task_run(const struct api_request *request, struct api_task *task)
{
	struct api_tasks *tasks = api_tasks(request->api);
	struct kept *kept = request->body_size >= LONG_BYTES ? keep(request, task) : NULL;

	if (!kept) {
		while (task->step(request, task))
			continue;
		task->free(task);
		return;
	}
	TAILQ_INSERT_TAIL(&tasks->list, kept, link);
	watch_client(kept, true);
	event_add(tasks->next, &next_turn);
}

/* ---- Life ---- */

struct api_tasks *api_tasks_new(struct event_base *base)
{
	struct api_tasks *tasks = calloc(1, sizeof(*tasks));

	if (!tasks)
		return NULL;
	TAILQ_INIT(&tasks->list);
	tasks->next = event_new(base, -1, 0, work, tasks);
	if (!tasks->next) {
		free(tasks);
		return NULL;
	}
	return tasks;
}

void api_tasks_stop(struct api_tasks *tasks)
{
	struct kept *kept;

	while ((kept = TAILQ_FIRST(&tasks->list)) != NULL) {
		watch_client(kept, false);
		api_problem(kept->request.http, 503, "stopping", "the controller ends; nothing was changed, try again", NULL);
		forget(kept);
	}
}

void api_tasks_free(struct api_tasks *tasks)
{
	if (!tasks)
		return;
	event_free(tasks->next);
	free(tasks);
}
