// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/store/retention.h"

#include <stdlib.h>
#include <time.h>

#include "controller/api/api_idempotency.h"
#include "controller/log.h"
#include "controller/service/config.h"
#include "controller/service/metrics.h"
#include "controller/store/store.h"
#include "controller/text.h"
#include "controller/turn.h"

/* Rows that a step looks at: as many as take so much of the processor. A slow disk takes no longer for more. */
#define STEP_LEAST 50
#define STEP_FIRST 200
#define STEP_MOST 2000
#define STEP_MICROSECONDS 5000
/* For each part of time that it takes, the disk's too, others have so many. */
#define PAUSE_PARTS 4
#define PAUSE_LEAST_MICROSECONDS 20000
/* Between one look and the next: what routers and everybody cause, and the rest. A store that fails is tried again then. */
#define FLOOD_MILLISECONDS 5000
#define REST_MILLISECONDS (3600 * 1000)
#define DAY_MILLISECONDS ((int64_t)86400 * 1000)
/* A clock that jumps ahead by more is believed when it has stayed there for a day: nothing that was deleted comes back. */
#define JUMP_MILLISECONDS ((int64_t)3600 * 1000)

struct rule {
	struct store_pruning pruning;
	int64_t due; /* steady clock, milliseconds */
	uint64_t gone; /* in the sweep that is on */
};

struct retention {
	const struct config *config;
	struct store *store;
	struct event *turn;
	struct rule rules[KEPT_COUNT];
	unsigned int step;
	int64_t clock_offset;	 /* of the clock that is believed, to the steady one */
	int64_t clock_jumped_at; /* steady clock; 0: it has not, or is believed */
};

static int64_t believed_milliseconds(struct retention *retention)
{
	int64_t steady = clock_steady_milliseconds(), offset = clock_milliseconds() - steady;

	if (offset > retention->clock_offset + JUMP_MILLISECONDS && !retention->clock_jumped_at) {
		retention->clock_jumped_at = steady;
		log_event(LEVEL_WARNING, "clock-jumped", "message",
			  "the clock has jumped ahead: nothing is deleted for its age by it before it has stayed so for a day",
			  NULL);
	}
	if (offset <= retention->clock_offset + JUMP_MILLISECONDS ||
	    steady - retention->clock_jumped_at >= DAY_MILLISECONDS) {
		retention->clock_offset = offset;
		retention->clock_jumped_at = 0;
	}
	return steady + retention->clock_offset;
}

static void set_bounds(const struct config *config, struct store_pruning *pruning, int64_t now)
{
	const struct {
		int64_t age;
		unsigned int most;
	} bounds[KEPT_COUNT] = {
		[KEPT_EVENTS] = {config->events_days * DAY_MILLISECONDS, config->events_kept},
		[KEPT_HISTORY] = {config->history_days * DAY_MILLISECONDS, config->history_kept},
		[KEPT_PUSHES] = {config->pushes_days * DAY_MILLISECONDS, config->pushes_kept},
		[KEPT_AUDIT] = {config->audit_days * DAY_MILLISECONDS, config->audit_kept},
		[KEPT_PEERINGS] = {config->peerings_days * DAY_MILLISECONDS, 0},
		[KEPT_TOKENS] = {config->audit_days * DAY_MILLISECONDS, 0},
		[KEPT_KEYS] = {API_KEYS_KEPT_MILLISECONDS, 0},
	};

	pruning->before = now - bounds[pruning->what].age;
	pruning->most = bounds[pruning->what].most;
}

static void schedule(struct retention *retention, int64_t microseconds)
{
	struct timeval delay = {.tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000};

	event_add(retention->turn, &delay);
}

/* Whoever keeps copies of what goes can see that it did, and when. */
static void tell(struct rule *rule)
{
	if (rule->gone > 0)
		log_event(LEVEL_INFO, "pruned", "what", store_kept_name(rule->pruning.what), "rows", log_number(rule->gone),
			  NULL);
	rule->gone = 0;
}

static struct rule *next_due(struct retention *retention)
{
	struct rule *next = &retention->rules[0];

	for (int i = 1; i < KEPT_COUNT; i++)
		if (retention->rules[i].due < next->due)
			next = &retention->rules[i];
	return next;
}

static int64_t rest_of(enum store_kept what)
{
	return what == KEPT_EVENTS || what == KEPT_HISTORY ? FLOOD_MILLISECONDS : REST_MILLISECONDS;
}

static int64_t processor_microseconds(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

static void fit_step(struct retention *retention, int64_t used, bool more)
{
	if (used > STEP_MICROSECONDS && retention->step > STEP_LEAST)
		retention->step /= 2;
	else if (used < STEP_MICROSECONDS / 4 && more && retention->step < STEP_MOST)
		retention->step *= 2;
}

static void take_turn(evutil_socket_t fd, short what, void *context)
{
	struct retention *retention = context;
	struct rule *rule = next_due(retention);
	int64_t began = clock_steady_microseconds(), used = processor_microseconds();
	int64_t taken, pause;
	enum store_result result;
	TURN(TURN_UPKEEP);

	set_bounds(retention->config, &rule->pruning, believed_milliseconds(retention));
	rule->pruning.step = retention->step;
	result = store_prune(retention->store, &rule->pruning, clock_milliseconds());
	fit_step(retention, processor_microseconds() - used, rule->pruning.more);
	taken = clock_steady_microseconds() - began;
	rule->gone += rule->pruning.count;
	metrics.pruned[rule->pruning.what] += rule->pruning.count;
	/* The rule that is furthest behind comes next. */
	rule->due = clock_steady_milliseconds();
	if (!rule->pruning.more) {
		rule->due += result == STORE_OK ? rest_of(rule->pruning.what) : FLOOD_MILLISECONDS;
		tell(rule);
	}
	pause = (next_due(retention)->due - clock_steady_milliseconds()) * 1000;
	if (pause < taken * PAUSE_PARTS)
		pause = taken * PAUSE_PARTS;
	schedule(retention, pause < PAUSE_LEAST_MICROSECONDS ? PAUSE_LEAST_MICROSECONDS : pause);
}

struct retention *retention_new(struct event_base *base, const struct config *config, struct store *store)
{
	struct retention *retention = calloc(1, sizeof(*retention));

	if (!retention)
		return NULL;
	retention->config = config;
	retention->store = store;
	retention->step = STEP_FIRST;
	retention->clock_offset = clock_milliseconds() - clock_steady_milliseconds();
	for (int i = 0; i < KEPT_COUNT; i++)
		retention->rules[i].pruning.what = i;
	retention->turn = event_new(base, -1, 0, take_turn, retention);
	if (!retention->turn) {
		free(retention);
		return NULL;
	}
	schedule(retention, PAUSE_LEAST_MICROSECONDS);
	return retention;
}

void retention_free(struct retention *retention)
{
	if (!retention)
		return;
	event_free(retention->turn);
	free(retention);
}
