/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the kernel about an interface, what it lies on, its members, and who has answered on it.
 *
 * No FRR in it. For a thread that may wait: drivers ask modules over slow wires. In the network namespace of the calling
 * thread. Every question waits for QUERY_MILLISECONDS at most; what is not answered by then is not known.
 */
#ifndef PEERING_PORT_QUERY_H
#define PEERING_PORT_QUERY_H

#include "lib/netlink_answer.h"
#include "lib/optics.h"

#define QUERY_MILLISECONDS 2000
#define PORT_MEMBERS_MAX 16

/* One interface as it is now. */
struct port_part {
	struct link_answer link;
	uint32_t megabits; /* per second; 0: not told by the driver */
	bool half_duplex;
	struct optics optics; /* not known: not told by the driver */
};

/* An interface, what a VLAN lies on, and the members of whichever of the two is a LAG or a bridge. */
struct port {
	struct port_part self, lower; /* lower.link.index 0: there is none */
	struct port_part members[PORT_MEMBERS_MAX];
	unsigned int member_count; /* there may be more than are kept */
};

/* False with a sentence where there is no such interface. With `modules`, modules are asked for optical power. */
bool port_query(const char *interface, bool modules, struct port *port, char *error, size_t error_size);

/* Whether `address` (4 or 16 bytes) has answered on the interface; its hardware address. */
bool port_query_neighbor(uint32_t index, bool ipv6, const uint8_t *address, struct neighbor_answer *answer);

#endif
