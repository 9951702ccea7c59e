/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines below `router bgp`: what every such command begins and ends with. Each topic has a file of its own,
 * TOPIC_commands.c; the lines of a connection itself are in config_commands.c. A `no` line is always accepted, changes no
 * state and opens no gate.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_CONFIG_COMMANDS_H
#define PEERING_CONFIG_COMMANDS_H

#include "bgpd-peering/commands/commands.h"

/* Of the `router bgp` that the line is below; NULL where the module does nothing. */
const char *config_vrf(struct vty *vty);

/* The connection that the line is about, made where there is none. NULL with a sentence said. */
struct connection *config_declare(struct vty *vty, int argc, struct cmd_token *argv[]);
/* The connection of a `no` line, NULL where there is none in this VRF. */
struct connection *config_existing(struct vty *vty, int argc, struct cmd_token *argv[]);

/* What a handler returns once the connection has been changed. */
int config_changed(struct vty *vty, struct connection *connection);
/* The same of a `no` line, which may be the connection's last one. */
int config_removed(struct vty *vty, struct connection *connection);

/*
 * FRR takes the beginning of a keyword for the whole: `peering default neighbor A`, the declaration of a connection of
 * that name, would except the neighbor, and `no peering con adopted` would take the controller away. False with a sentence said.
 */
bool config_keyword_is_whole(struct vty *vty, const struct cmd_token *keyword);

/* "check NAME …": the place of the check in the table; -1 for none. */
int config_check_of(int argc, struct cmd_token *argv[]);

#endif
