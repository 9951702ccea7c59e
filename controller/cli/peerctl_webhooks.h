/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peerctl webhooks, and what came of a test.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_WEBHOOKS_H
#define PEERING_CONTROLLER_PEERCTL_WEBHOOKS_H

#include "controller/cli/peerctl_command.h"

int webhooks_command(struct invocation *invocation, const struct command *command);
/* Waits for what comes of it, some seconds. */
int webhook_test_command(struct invocation *invocation, const struct command *command);

#endif
