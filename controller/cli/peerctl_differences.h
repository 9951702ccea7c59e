/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `peerctl diff`: where routers are not as they were asked for.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_DIFFERENCES_H
#define PEERING_CONTROLLER_PEERCTL_DIFFERENCES_H

#include "controller/cli/peerctl_command.h"

extern const char differences_help[];

/* Exit status 1 where something that was asked for differs; what nobody asked for does not count. */
int list_differences(struct invocation *invocation, const struct command *command);

#endif
