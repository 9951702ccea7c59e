/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a router reports, made fit for the store: texts cleaned and bounded, sessions and checks as the JSON that the
 * API shows. Pure; unknown enum values become their zero, which is never an open gate.
 */
#ifndef PEERING_CONTROLLER_OBSERVATION_H
#define PEERING_CONTROLLER_OBSERVATION_H

#include <stdbool.h>

#include "controller/store/store.h"
#include "lib/peering.pb-c.h"

/* Owns every text of `row`. */
struct observation {
	struct store_observation row;
};

/*
 * False with *why (static) where it is not to be stored: a name that no connection can have, or memory is short. The
 * caller frees with observation_free() after a true.
 */
bool observation_from_status(const Peering__ConnectionStatus *status, int64_t observed_at,
			     struct observation *observation, const char **why);
void observation_free(struct observation *observation);

/* Owns every text of `row`. */
struct reported_transition {
	struct store_transition row;
};

/* Transitions are never dropped for what stands in them. False only where memory is short. */
bool reported_transition_from_wire(const Peering__Transition *transition, const char *journal_id, int64_t received_at,
				   struct reported_transition *reported);
void reported_transition_free(struct reported_transition *reported);

#endif
