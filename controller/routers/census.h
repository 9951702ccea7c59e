/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many connections are in which state. An index that could say so at once would cost every transition more than
 * anything else does; so they are walked, some hundred at a time, and only while somebody asks.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_CENSUS_H
#define PEERING_CONTROLLER_CENSUS_H

#include <event2/event.h>
#include <stdint.h>

#include "lib/lifecycle.h"

struct census;
struct store;

struct census_counts {
	uint64_t states[STATE_COUNT];
	uint64_t others; /* states that we do not know */
	uint64_t degraded;
};

/* NULL where memory is short. */
struct census *census_new(struct event_base *base, struct store *store);
void census_free(struct census *census);

/* What the newest whole walk has found; begins another, which is over at once where there are few. */
const struct census_counts *census_take(struct census *census);

#endif
