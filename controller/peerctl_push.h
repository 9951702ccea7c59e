/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peerctl: what makes a push, and what is said of it afterwards. */
#ifndef PEERING_CONTROLLER_PEERCTL_PUSH_H
#define PEERING_CONTROLLER_PEERCTL_PUSH_H

#include "controller/peerctl_command.h"

/* Posts `body` to `path`, which it takes, with the options of a push; shows what came of it. Returns an exit code. */
int push_and_show(struct invocation *invocation, char *path, json_object *body);

/* `peerctl confirm PUSH` */
int push_confirm(struct invocation *invocation, const struct command *command);

#endif
