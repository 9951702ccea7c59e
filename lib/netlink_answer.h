/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel answers about an interface: the messages of rtnetlink and of ethtool's generic netlink, read.
 *
 * Pure, any thread; nothing is sent here. Bytes are those of one message behind its struct nlmsghdr, numbers in the
 * machine's byte order, as netlink has them. Every length is checked; an attribute that is missing or too short leaves
 * its field as it was.
 */
#ifndef PEERING_NETLINK_ANSWER_H
#define PEERING_NETLINK_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERFACE_NAME_MAX 16 /* with the final NUL */

struct link_counters {
	uint64_t rx_packets, tx_packets;
	uint64_t rx_errors, tx_errors, rx_dropped, tx_dropped;
	uint64_t rx_crc_errors; /* among rx_errors */
};

struct link_answer {
	uint32_t index;
	char name[INTERFACE_NAME_MAX];
	bool admin_up;	   /* nobody has shut it */
	bool operational;  /* it can pass packets */
	uint32_t mtu;	   /* bytes of IP */
	uint32_t carrier_changes; /* since the interface was made */
	uint32_t lower;	   /* the interface that it lies on, a VLAN's port, in this namespace; 0: none */
	uint32_t master;   /* the LAG or bridge that it belongs to; 0: none */
	uint16_t vlan;	   /* 0: it is no VLAN */
	uint8_t mac[6];
	bool has_mac;
	char kind[INTERFACE_NAME_MAX];	      /* "vlan", "bond", "team", "bridge", "veth"; "" for a port */
	char member_kind[INTERFACE_NAME_MAX]; /* what its master is; "" without one */
	bool is_backup;			      /* a member of a bond that passes nothing now */
	bool has_counters;
	struct link_counters counters;
};

/* An RTM_NEWLINK. */
bool link_answer_read(const uint8_t *message, size_t size, struct link_answer *link);

struct neighbor_answer {
	uint32_t index;	 /* of the interface */
	bool ipv6;
	uint8_t address[16]; /* IPv4: the first four */
	bool is_known;	 /* it has answered, and nothing says that it does not any more */
	uint8_t mac[6];
	bool has_mac;
};
/* An RTM_NEWNEIGH. */
bool neighbor_answer_read(const uint8_t *message, size_t size, struct neighbor_answer *neighbor);

/* What generic netlink calls a family now, 0 where the message does not say. */
uint16_t family_answer_read(const uint8_t *message, size_t size);

struct speed_answer {
	uint32_t megabits; /* per second; 0: not told */
	bool half_duplex;
};
/* An ETHTOOL_MSG_LINKMODES_GET_REPLY. */
bool speed_answer_read(const uint8_t *message, size_t size, struct speed_answer *speed);

/* An ETHTOOL_MSG_MODULE_EEPROM_GET_REPLY: copies at most `room` bytes of the module's memory. Returns how many. */
size_t module_answer_read(const uint8_t *message, size_t size, uint8_t *bytes, size_t room);

#endif
