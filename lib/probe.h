/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets of a link test: ICMP echoes (RFC 792, RFC 4443), IPv4 headers around them and ARP (RFC 826), made and read.
 *
 * Pure, any thread. Bytes come from outside: every length is checked, and what does not fit is not read. Addresses are in
 * network byte order, sizes in bytes, everything else as the machine has it.
 */
#ifndef PEERING_PROBE_H
#define PEERING_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_ICMP_HEADER 8  /* both families */
#define PROBE_IPV4_HEADER 20 /* the one that is made: without options */
#define PROBE_IPV6_HEADER 40
#define PROBE_ARP_SIZE 28 /* of Ethernet and IPv4 */

struct probe_echo {
	uint16_t id, sequence;
	bool is_reply;
	const uint8_t *payload; /* of one that was read: in its bytes */
	size_t payload_size;
};

/*
 * Writes an echo request or reply with its payload (NULL: a pattern that says nothing). Returns its size, 0 where it has
 * no room. The checksum of ICMPv6 covers addresses too: the kernel fills it in.
 */
size_t probe_echo_write(uint8_t *packet, size_t room, bool ipv6, const struct probe_echo *echo);
/* Reads one that begins with the ICMP header. False for everything that is no whole echo of this family. */
bool probe_echo_read(const uint8_t *packet, size_t size, bool ipv6, struct probe_echo *echo);

/*
 * Puts an IPv4 header with DF in front of `payload` bytes of ICMP that stand behind it already. Time to live 255, as
 * RFC 3927 asks of 169.254.0.0/16. Returns the whole size.
 */
size_t probe_ipv4_write(uint8_t packet[PROBE_IPV4_HEADER], size_t payload, const uint8_t from[4], const uint8_t to[4]);

struct probe_ipv4 {
	uint8_t from[4], to[4];
	uint8_t protocol;
	const uint8_t *payload;
	size_t payload_size;
};
/* False for what is no whole, unfragmented IPv4 packet. Bytes behind the packet, of a short frame, are left out. */
bool probe_ipv4_read(const uint8_t *packet, size_t size, struct probe_ipv4 *ipv4);

struct probe_arp {
	bool is_reply;
	uint8_t sender_mac[6], sender[4], target_mac[6], target[4];
};
void probe_arp_write(uint8_t packet[PROBE_ARP_SIZE], const struct probe_arp *arp);
bool probe_arp_read(const uint8_t *packet, size_t size, struct probe_arp *arp);

/* Of the Internet (RFC 1071), as it stands in a packet when read as a big-endian number. */
uint16_t probe_checksum(const uint8_t *bytes, size_t size);

#endif
