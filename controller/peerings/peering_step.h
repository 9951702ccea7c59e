/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes next for one connection of a peering: judged from what the store holds of it and of its router, and from
 * nothing else, so a controller that starts again goes on where the last one was. Pure; any thread.
 */
#ifndef PEERING_CONTROLLER_PEERING_STEP_H
#define PEERING_CONTROLLER_PEERING_STEP_H

#include "controller/peerings/peering_policy.h"
#include "controller/store/store.h"

struct peering_step {
	const char *phase;   /* static; the one that it is in from now on, NULL: it stays */
	const char *verb;    /* static; what is to be asked of the router, NULL: nothing. STORE_REQUEST stands for that
			      * and `approve` behind it */
	bool declared;	     /* with a new phase: the router has the connection, by us */
	const char *problem; /* with phase "failed"; of the row, or static */
};

/* `now` is in Unix milliseconds. `row` is of a connected router. */
struct peering_step peering_next_step(const struct store_peering_connection *row, const struct peering_policy *policy,
				      int64_t now);

#define PEERING_STEP_ROUTER "the router"
#define PEERING_STEP_ROUTER_AWAY "the router, which is not connected"

/* A sentence (static) that says what a connection in this phase waits for; "" where it waits for nothing. */
const char *peering_step_waits_for(const struct store_peering_connection *row, const struct peering_policy *policy,
				   int64_t now);

#endif
