/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our lines of `show running-config` and `write memory`, inside `router bgp`. Main thread only. */
#ifndef PEERING_CONFIG_WRITE_H
#define PEERING_CONFIG_WRITE_H

void config_write_init(void);

#endif
