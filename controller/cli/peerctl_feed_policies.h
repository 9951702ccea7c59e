/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policies of a feed (peerctl_feed.h): pushed in front of the connections that go by them, those of one router in one
 * push as far as a request has room, each behind what it refers to.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_FEED_POLICIES_H
#define PEERING_CONTROLLER_PEERCTL_FEED_POLICIES_H

#include "controller/cli/peerctl_command.h"
#include "controller/cli/peerctl_feed.h"
#include "controller/cli/peerctl_table.h"

struct feed_policies;

/* From the feed's list, NULL without one; `list` must outlive it. NULL with a sentence said. */
struct feed_policies *feed_policies_take(json_object *list, const char *path);
void feed_policies_free(struct feed_policies *policies);
size_t feed_policies_count(const struct feed_policies *policies);

/* Asks what is wanted already on the routers that the feed has policies of. An exit code. */
int feed_policies_compare(const struct invocation *invocation, struct feed_policies *policies);
/* Pushes what differs, and counts what came of it. */
void feed_policies_send(const struct invocation *invocation, struct feed_policies *policies,
			size_t counts[FEED_OUTCOME_COUNT]);
/* Whether one of the router's was refused: what goes by them had better not be pushed. */
bool feed_policies_failed(const struct feed_policies *policies, const char *router);

/* The rows of what is no more as it was, and of what the feed leaves out: router, name, outcome, sentence. */
void feed_policies_rows(const struct feed_policies *policies, struct table *table);
/* The same for scripts; the caller's. */
json_object *feed_policies_results(const struct feed_policies *policies);
json_object *feed_policies_left_out(const struct feed_policies *policies);

/* Every policy that is wanted on these routers (an array of names), each with its router, into `entries`. An exit code. */
int feed_policies_export(const struct invocation *invocation, json_object *routers, json_object *entries);

#endif
