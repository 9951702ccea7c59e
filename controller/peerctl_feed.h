/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The feed: a file of all connections that are wanted, of one router or of many. `peerctl export` writes one, `peerctl
 * apply` has the controller ask for what differs. Nothing is ever removed by a feed: what it leaves out is listed.
 *
 *   {"schemaVersion": 1, "connections": [{"router": "edge1.example.net", "name": "PNI-ACME", …as in a request}]}
 */
#ifndef PEERING_CONTROLLER_PEERCTL_FEED_H
#define PEERING_CONTROLLER_PEERCTL_FEED_H

#include "controller/peerctl_command.h"

int feed_apply(struct invocation *invocation, const struct command *command);
int feed_export(struct invocation *invocation, const struct command *command);

#endif
