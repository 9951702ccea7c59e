/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What passes over the ports of a connection: the kernel's own counters of the interfaces that its sessions are on. A port
 * may carry others too; then this is theirs as well. bgpd's main thread only; a look reads two short files of sysfs for
 * each interface and waits for nothing.
 */
#ifndef PEERING_PORT_TRAFFIC_H
#define PEERING_PORT_TRAFFIC_H

#include "bgpd-peering/frr_compat.h"

struct connection;
struct session;

struct port_traffic {
	bool known; /* the rates are: every session's interface is there, and there have been two looks */
	char interfaces[64]; /* their names, ", " between them */
	uint64_t in_bits, out_bits; /* a second */

	/* of the last look */
	uint64_t looked_at; /* deadline_now(); 0: none */
	uint64_t in_bytes, out_bytes;
};

/* Takes a look; the rates are those since the look before. */
void port_traffic_look(struct port_traffic *traffic, const struct connection *connection);

/* The interface that the session's neighbor is reached over, NULL where that is not known. Valid until the event loop. */
const char *session_interface(const struct session *session);

#endif
