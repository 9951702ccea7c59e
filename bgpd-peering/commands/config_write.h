/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our lines of `show running-config` and `write memory`, inside `router bgp`. Main thread only. */
#ifndef PEERING_CONFIG_WRITE_H
#define PEERING_CONFIG_WRITE_H

#include "bgpd-peering/connection/connection.h"

void config_write_init(void);
/* The connection's own lines, as they stand below `router bgp`. */
void config_write_connection(struct vty *vty, const struct connection *connection);

#endif
