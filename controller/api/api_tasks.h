/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests with long bodies, in slices: a thousand connections or a list of ten thousand prefixes are read, judged and
 * written in turns between which everybody else has theirs. Those that are long are done one after the other, so that
 * only one of them at a time is in memory as more than its body. Main thread.
 */
#ifndef PEERING_CONTROLLER_API_TASKS_H
#define PEERING_CONTROLLER_API_TASKS_H

#include <event2/event.h>
#include <stdbool.h>

#include "controller/api/api.h"

struct api_tasks;

/* The beginning of what a handler keeps from one step to the next. */
struct api_task {
	/* A part of the work, some milliseconds long. False behind the last: it has answered, or handed the request on. */
	bool (*step)(const struct api_request *request, struct api_task *task);
	/* Behind the last step, or when the client has left. */
	void (*free)(struct api_task *task);
};

/* NULL where memory is short. */
struct api_tasks *api_tasks_new(struct event_base *base);
/* Answers all that wait: the controller ends, and nothing was changed. */
void api_tasks_stop(struct api_tasks *tasks);
/* None may wait. */
void api_tasks_free(struct api_tasks *tasks);

/* Takes `task`, which has no more of the request than its parts, and does it: at once where the body is short. */
void api_task_run(const struct api_request *request, struct api_task *task);

#endif
