/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `peerctl complete WORD...`: what the last of the words could be, one a line, for the shell (bash-completion/peerctl).
 * Routers and connections are asked for live, with little patience; where nothing can be said nothing is printed.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_COMPLETE_H
#define PEERING_CONTROLLER_PEERCTL_COMPLETE_H

#include <getopt.h>
#include <stddef.h>

#include "controller/cli/peerctl_command.h"

/* `words` are those behind "peerctl", the last one is what was typed of it so far; there is at least one. */
void complete_words(char **words, int count, const struct command *commands, size_t command_count,
		    const struct option *options);

#endif
