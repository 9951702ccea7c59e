/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peerctl watch: what happens, a line each, as it happens.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_WATCH_H
#define PEERING_CONTROLLER_PEERCTL_WATCH_H

#include "controller/cli/peerctl_command.h"

/*
 * Prints until it is interrupted, and connects again where the connection is lost, behind the last event printed.
 * Returns an exit code where the controller refuses, or was never reached.
 */
int watch_command(struct invocation *invocation, const struct command *command);

#endif
