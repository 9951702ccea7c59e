/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peerctl audit: who has changed what through the controller. */
#ifndef PEERING_CONTROLLER_PEERCTL_AUDIT_H
#define PEERING_CONTROLLER_PEERCTL_AUDIT_H

#include "controller/cli/peerctl_command.h"

int audit_command(struct invocation *invocation, const struct command *command);

#endif
