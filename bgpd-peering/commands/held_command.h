/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command that prints the configuration, to be saved perhaps, while a push is being applied: half a push is none, and to
 * end it at once would hold bgpd's main thread. So the command waits for the end of the push, and the vtysh that has asked
 * with it, while bgpd goes on. It is executed then on a vty of our own, and what it prints goes to its socket, on a descriptor
 * of our own: the vty may be gone by then.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_HELD_COMMAND_H
#define PEERING_HELD_COMMAND_H

#include "bgpd-peering/frr_compat.h"

/* A push that takes longer is ended at once. */
#define HELD_COMMAND_SECONDS 20

/* In frr_late_init. */
void held_command_init(void);
/* `write …`, `show running-config`, `copy running-config …`, and what FRR takes for them. */
bool held_command_prints_configuration(const char *line);
/*
 * In front of such a command, while a push is being applied. True: it is held, and bgpd is to execute *instead (MTYPE_TMP),
 * which answers nothing. False, where it does not come from vtysh.
 */
bool held_command_take(struct vty *vty, const char *line, char **instead);
/* A push has ended. */
void held_commands_go_on(void);
/* At the end of bgpd: nobody is answered any more. */
void held_commands_stop(void);

#endif
