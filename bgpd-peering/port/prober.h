/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Echoes to one address over one interface: how many come back and when, how large they may be, who has answered.
 *
 * No FRR in it. For a thread that may wait (some seconds), in whose network namespace it happens, and which may open raw
 * sockets. A target is asked from an address that the interface has, through the kernel. Or, `on_wire`, from an IPv4
 * address that nobody has: then frames are made here, and ARP and echoes that the peer sends to that address meanwhile
 * are answered here too. The kernel never learns of it: there is no address to be routed, announced or left behind.
 */
#ifndef PEERING_PROBER_H
#define PEERING_PROBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBER_ECHOES 10
#define PROBER_FULL_SIZE_ECHOES 3

struct prober_port {
	const char *name;
	uint32_t index;
	uint32_t mtu;
	const uint8_t *mac; /* NULL: it has none, and cannot be tested on the wire */
};

struct prober_target {
	bool ipv6, on_wire;
	uint8_t local[16], remote[16]; /* IPv4: the first four; all zero: none */
};

struct prober_outcome {
	unsigned int sent, received;
	uint32_t rtt_min, rtt_average, rtt_max; /* microseconds, of those received */
	unsigned int full_sent, full_received;	/* of the size of the interface's MTU, which must not be fragmented */
	uint32_t mtu;				/* bytes of IP that came back whole; 0: none */
	bool neighbor_known;			/* neighbor discovery or ARP was answered */
	bool has_mac;
	uint8_t mac[6];
	uint8_t answered_by[16]; /* the address, where all nodes were asked */
	char error[128];	 /* a sentence on what has hindered it; may be empty */
};

/* Whether more is lost than may be on a link that is in order: one echo. */
static inline bool prober_lost_too_many(const struct prober_outcome *outcome)
{
	return !outcome->received || outcome->sent - outcome->received > 1;
}

void prober_run(const struct prober_port *port, const struct prober_target *target, struct prober_outcome *outcome);

#endif
