// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/census.h"

#include <stdlib.h>
#include <string.h>

#include "controller/store/store.h"
#include "controller/text.h"
#include "controller/turn.h"

#define SLICE 500
#define PAUSE_MILLISECONDS 20
/* A walk of many slices is not begun again before this, for each. */
#define REST_MILLISECONDS 50

struct census {
	struct store *store;
	struct event *next;
	bool walking;
	char *router, *name; /* the newest that was counted; NULL: none */
	struct census_counts counted, whole;
	unsigned int slices;
	int64_t rest_until; /* steady clock */
};

static void forget_place(struct census *census)
{
	free(census->router);
	free(census->name);
	census->router = NULL;
	census->name = NULL;
}

static bool count_one(const char *router, const char *name, const char *state, bool degraded, void *context)
{
	struct census *census = context;
	int known = connection_state_from_name(state);

	if (known >= 0 && known < STATE_COUNT)
		census->counted.states[known]++;
	else
		census->counted.others++;
	census->counted.degraded += degraded;
	forget_place(census);
	census->router = strdup(router);
	census->name = strdup(name);
	return census->router && census->name;
}

static void take_slice(evutil_socket_t fd, short what, void *context)
{
	struct timeval pause = {.tv_usec = PAUSE_MILLISECONDS * 1000};
	struct census *census = context;
	/* The store reads them as long as it counts, and counting moves on from them. */
	char *router = census->router, *name = census->name;
	bool more = false;
	TURN(TURN_UPKEEP);

	census->router = NULL;
	census->name = NULL;
	/* Where the store does not answer, what was found last stands. */
	if (store_census(census->store, router ? router : "", name ? name : "", SLICE, count_one, census, &more) !=
	    STORE_OK)
		more = false;
	else if (!more)
		census->whole = census->counted;
	free(router);
	free(name);
	census->slices++;
	if (more && event_add(census->next, &pause) == 0)
		return;
	census->walking = false;
	census->rest_until = clock_steady_milliseconds() + (census->slices - 1) * REST_MILLISECONDS;
}

struct census *census_new(struct event_base *base, struct store *store)
{
	struct census *census = calloc(1, sizeof(*census));

	if (!census)
		return NULL;
	census->store = store;
	census->next = event_new(base, -1, 0, take_slice, census);
	if (census->next)
		return census;
	free(census);
	return NULL;
}

void census_free(struct census *census)
{
	if (!census)
		return;
	event_free(census->next);
	forget_place(census);
	free(census);
}

const struct census_counts *census_take(struct census *census)
{
	if (!census->walking && clock_steady_milliseconds() >= census->rest_until) {
		memset(&census->counted, 0, sizeof(census->counted));
		forget_place(census);
		census->walking = true;
		census->slices = 0;
		take_slice(-1, 0, census);
	}
	return &census->whole;
}
