/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed: a file of all policies and connections that are wanted, of one router or of many. `peerctl export` writes one,
 * `peerctl apply` has the controller ask for what differs. Nothing is ever removed by a feed: what it leaves out is listed.
 *
 *   {"schemaVersion": 1,
 *    "policies": [{"router": "edge1.example.net", "name": "ACME-IN", "kind": "route-map", "entries": […]}],
 *    "connections": [{"router": "edge1.example.net", "name": "PNI-ACME", …as in a request}]}
 */
#ifndef PEERING_CONTROLLER_PEERCTL_FEED_H
#define PEERING_CONTROLLER_PEERCTL_FEED_H

#include "controller/cli/peerctl_command.h"

/* What came of one policy or connection. */
enum feed_outcome { FEED_NEW, FEED_CHANGED, FEED_UNCHANGED, FEED_REFUSED, FEED_UNREACHED, FEED_OUTCOME_COUNT };
extern const char *const feed_outcome_names[FEED_OUTCOME_COUNT];

int feed_apply(struct invocation *invocation, const struct command *command);
int feed_export(struct invocation *invocation, const struct command *command);

#endif
