/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module's lines of configuration while it is inert in a bgpd that it was built for: they are kept as they were read
 * or typed and printed again, so that `write memory` loses none. They mean nothing meanwhile. bgpd's main thread only.
 */
#ifndef PEERING_KEPT_LINES_H
#define PEERING_KEPT_LINES_H

#include "bgpd-peering/commands/commands.h"

/* Prints them from then on; commands.c gives them here. */
void kept_lines_init(void);

/* Takes one line of `router bgp`, or with `no` takes those out that it speaks of. */
COMMAND_HANDLER(kept_lines_command);

#endif
