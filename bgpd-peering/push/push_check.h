/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a push can be carried out as a whole: each operation is judged against what those before it would have made of
 * the router, and nothing is touched. Whatever transition() or push_declare() would refuse is refused here.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSH_CHECK_H
#define PEERING_PUSH_CHECK_H

#include "bgpd-peering/connection/transition.h"

#include "lib/peering.pb-c.h"

struct push_plan;

struct push_plan *push_plan_new(void);
void push_plan_free(struct push_plan *plan);

/*
 * Judges the next operation, and adds to the plan what it would do; the verdict's message says that, too. False with a refusal, and then nothing is added.
 * *declaration is then what a `declare` is carried out with, as the journal gives it back, and else NULL. It has to live as
 * long as the plan; the caller frees it with protobuf-c's free_unpacked.
 */
bool push_plan_operation(struct push_plan *plan, const Peering__Operation *operation,
			 Peering__DeclareConnection **declaration, struct verdict *verdict);

/* The verbs that a controller can give the connection as it is now; NULL: none. */
void push_list_allowed(const struct connection *connection, struct verdict *verdict);

/* The verb of a push as an event; -1 for what is none, or not for a controller to give. */
int push_verb_event(const char *verb);

#endif
