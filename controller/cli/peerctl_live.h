/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `peerctl routes` and `peerctl preview`: what the router knows now, asked live.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_LIVE_H
#define PEERING_CONTROLLER_PEERCTL_LIVE_H

#include "controller/cli/peerctl_command.h"

int live_routes(struct invocation *invocation, const struct command *command);
int live_preview(struct invocation *invocation, const struct command *command);

#endif
