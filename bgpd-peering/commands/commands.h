/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of vtysh/commands.def, as bgpd has them. Main thread only. */
#ifndef PEERING_COMMANDS_H
#define PEERING_COMMANDS_H

#include "bgpd-peering/frr_compat.h"

/* A handler: what FRR's DEFUN makes. */
#define COMMAND_HANDLER(function)                                                                                      \
	int function(const struct cmd_element *self, struct vty *vty, int argc, struct cmd_token *argv[])

/* Installs every command; in frr_late_init. */
void commands_init(void);
/* Installs them in a bgpd where the module is inert: lines of configuration are kept (kept_lines.h), the rest says so. */
void commands_init_inert(void);

/* Prints a refusal, or nothing where `accepted`; what a handler returns. */
struct verdict;
int command_result(struct vty *vty, const struct verdict *verdict);

/*
 * The connection that the token "name" means, in a command that takes `json`, too; NULL, and it is said, where there is
 * none.
 */
struct connection *command_connection(struct vty *vty, int argc, struct cmd_token *argv[]);
/* Prints a refusal, {"error": {…}} where the command says `json`; what a handler returns. */
int command_refuse(struct vty *vty, int argc, struct cmd_token *argv[], const struct verdict *verdict);

/* Says so and returns false where the module does nothing in this bgpd. */
bool command_module_works(struct vty *vty);

/* The token behind the keyword, NULL where the keyword was not given. */
const char *command_argument(int argc, struct cmd_token *argv[], const char *keyword);
/* The token of a variable ("name" of WORD$name), NULL where it was not given. */
const char *command_variable(int argc, struct cmd_token *argv[], const char *variable);
/* Whether the token is that variable. */
bool command_is_variable(const struct cmd_token *token, const char *variable);
bool command_has(int argc, struct cmd_token *argv[], const char *keyword);

/* Every handler, so that each file defines what it says. */
#define PEERING_COMMAND(node, function, string, help) COMMAND_HANDLER(function);
#include "vtysh/commands.def"
#undef PEERING_COMMAND

#endif
