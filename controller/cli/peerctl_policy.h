/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `peerctl policy …`: the policy objects that are wanted on a router. */
#ifndef PEERING_CONTROLLER_PEERCTL_POLICY_H
#define PEERING_CONTROLLER_PEERCTL_POLICY_H

#include "controller/cli/peerctl_command.h"

int policy_list(struct invocation *invocation, const struct command *command);
int policy_show(struct invocation *invocation, const struct command *command);
int policy_set(struct invocation *invocation, const struct command *command);
int policy_withdraw(struct invocation *invocation, const struct command *command);

#endif
