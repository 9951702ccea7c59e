/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peerings above connections: judges requests by the policy in force, and does on the routers what has been decided, one
 * push for a peering on a router. All of its state is in the store; it looks there once a second, and after each change
 * through the API.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_PEERINGS_H
#define PEERING_CONTROLLER_PEERINGS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/peerings/peering_judgement.h"
#include "controller/peerings/peering_policy.h"
#include "controller/peerings/peering_request.h"
#include "controller/store/store.h"

/* Requested peerings of one peer AS that may wait. */
#define PEERINGS_REQUESTED_MAX 100

struct peerings;
struct pushes;

/* Who acts where the policy does, in histories and on routers. */
#define PEERINGS_ACTOR "policy"

/* `policy_file` is "" for none. All that is given must outlive it. NULL with a sentence in `error`. */
struct peerings *peerings_new(struct event_base *base, const char *policy_file, struct store *store,
			      struct pushes *pushes, char *error, size_t error_size);
void peerings_free(struct peerings *peerings);
/* Judges the policy file alone. */
bool peerings_check_policy(const char *policy_file, char *error, size_t error_size);

/* Reads the policy file again; one that is bad leaves the policy in force, and the log says so. */
void peerings_reload(struct peerings *peerings);
/* Until the next reload. */
const struct peering_policy *peerings_policy(const struct peerings *peerings);

/* Something was decided, and is committed: looks at the end of this turn of the loop. */
void peerings_look(struct peerings *peerings);

/* What the policy says of a request, one that is `stored` or a new one; what it has to know beside is read from the store. */
enum store_result peerings_judge(struct peerings *peerings, const struct peering_request *request, bool by_peer,
				 bool stored, struct judgement *judgement);

/* ---- Inside a transaction of the caller's, who looks afterwards ---- */

/*
 * Approves a requested peering, or tries again what routers refused of an approved one: from now on its connections are
 * pushed.
 */
enum store_result peerings_approve(struct peerings *peerings, const struct peering_request *request, const char *actor);
/* Begins to take every connection of an approved peering away. */
enum store_result peerings_deprovision(struct peerings *peerings, const char *name, const char *actor,
				       const char *reason);
/* Approves what waits for this peer AS and passes now, where the policy approves. */
enum store_result peerings_asn_changed(struct peerings *peerings, uint32_t asn);
/* A line of a peering's history. */
enum store_result peerings_note(struct peerings *peerings, const char *name, const char *actor, const char *action,
				const char *message);

#endif
