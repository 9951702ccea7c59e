/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peerctl push-again: one connection, or all of a router that differs, with progress. */
#ifndef PEERING_CONTROLLER_PEERCTL_PUSH_AGAIN_H
#define PEERING_CONTROLLER_PEERCTL_PUSH_AGAIN_H

#include "controller/cli/peerctl_command.h"

extern const char push_again_help[];

int push_again(struct invocation *invocation, const struct command *command);
/* `peerctl policy push-again` and `policy accept` */
int policy_verb(struct invocation *invocation, const struct command *command);

#endif
