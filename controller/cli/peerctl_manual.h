/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `peerctl manual`: the manual page, peerctl(1), made of the table of commands when peerctl is built.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_MANUAL_H
#define PEERING_CONTROLLER_PEERCTL_MANUAL_H

#include <stddef.h>

#include "controller/cli/peerctl_command.h"

/* To standard output. The options are as --help says them: of requests and verbs, up to NULL, and of every command. */
void manual_print(const struct command *commands, size_t count, const char *const *verb_options,
		  const char *common_options);

#endif
