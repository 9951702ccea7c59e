/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peerctl: what makes a push, and what is said of it afterwards. */
#ifndef PEERING_CONTROLLER_PEERCTL_PUSH_H
#define PEERING_CONTROLLER_PEERCTL_PUSH_H

#include "controller/cli/peerctl_command.h"

/* `peerctl push PUSH`: what has come of one that was asked for before. */
int push_look(struct invocation *invocation, const struct command *command);

/* `peerctl confirm PUSH` */
int push_confirm(struct invocation *invocation, const struct command *command);

#endif
