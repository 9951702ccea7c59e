/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peerctl token create, list and revoke.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_TOKEN_H
#define PEERING_CONTROLLER_PEERCTL_TOKEN_H

#include "controller/cli/peerctl_command.h"

extern const char token_create_help[];

int token_create(struct invocation *invocation, const struct command *command);
int token_list(struct invocation *invocation, const struct command *command);
int token_revoke(struct invocation *invocation, const struct command *command);

#endif
