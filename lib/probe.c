// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/probe.h"

#include <string.h>

#include "lib/byte_reader.h"

enum {
	ICMP_REPLY = 0,
	ICMP_REQUEST = 8,
	ICMPV6_REQUEST = 128,
	ICMPV6_REPLY = 129,
	PROTOCOL_ICMP = 1,
	IPV4_DONT_FRAGMENT = 0x4000,
	IPV4_FRAGMENT = 0x3fff, /* more fragments, or an offset */
	ARP_ETHERNET = 1,
	ARP_IPV4 = 0x0800,
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

uint16_t probe_checksum(const uint8_t *bytes, size_t size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (size % 2)
		sum += (uint32_t)(bytes[size - 1] << 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* ---- echoes ---- */

size_t probe_echo_write(uint8_t *packet, size_t room, bool ipv6, const struct probe_echo *echo)
{
	size_t size = PROBE_ICMP_HEADER + echo->payload_size;

	if (size > room || echo->payload_size > UINT16_MAX)
		return 0;
	memset(packet, 0, PROBE_ICMP_HEADER);
	if (ipv6)
		packet[0] = echo->is_reply ? ICMPV6_REPLY : ICMPV6_REQUEST;
	else
		packet[0] = echo->is_reply ? ICMP_REPLY : ICMP_REQUEST;
	write_u16(packet + 4, echo->id);
	write_u16(packet + 6, echo->sequence);
	if (echo->payload)
		memcpy(packet + PROBE_ICMP_HEADER, echo->payload, echo->payload_size);
	else
		for (size_t i = 0; i < echo->payload_size; i++)
			packet[PROBE_ICMP_HEADER + i] = (uint8_t)i;
	if (!ipv6)
		write_u16(packet + 2, probe_checksum(packet, size));
	return size;
}

bool probe_echo_read(const uint8_t *packet, size_t size, bool ipv6, struct probe_echo *echo)
{
	struct byte_reader reader = {.at = packet, .left = size};
	uint16_t checksum;
	uint8_t type, code;

	if (!take_u8(&reader, &type) || !take_u8(&reader, &code) || !take_u16(&reader, &checksum) ||
	    !take_u16(&reader, &echo->id) || !take_u16(&reader, &echo->sequence) || code != 0)
		return false;
	if (type == (ipv6 ? ICMPV6_REPLY : ICMP_REPLY))
		echo->is_reply = true;
	else if (type == (ipv6 ? ICMPV6_REQUEST : ICMP_REQUEST))
		echo->is_reply = false;
	else
		return false;
	/* Over a good packet, its checksum included, the sum is nothing. */
	if (!ipv6 && probe_checksum(packet, size) != 0)
		return false;
	echo->payload = reader.at;
	echo->payload_size = reader.left;
	return true;
}

/* ---- IPv4 ---- */

size_t probe_ipv4_write(uint8_t packet[PROBE_IPV4_HEADER], size_t payload, const uint8_t from[4], const uint8_t to[4])
{
	memset(packet, 0, PROBE_IPV4_HEADER);
	packet[0] = 0x45; /* version 4, five words */
	write_u16(packet + 2, PROBE_IPV4_HEADER + payload);
	write_u16(packet + 6, IPV4_DONT_FRAGMENT);
	packet[8] = 255;
	packet[9] = PROTOCOL_ICMP;
	memcpy(packet + 12, from, 4);
	memcpy(packet + 16, to, 4);
	write_u16(packet + 10, probe_checksum(packet, PROBE_IPV4_HEADER));
	return PROBE_IPV4_HEADER + payload;
}

bool probe_ipv4_read(const uint8_t *packet, size_t size, struct probe_ipv4 *ipv4)
{
	struct byte_reader reader = {.at = packet, .left = size}, header, part;
	uint16_t total, fragment;
	uint8_t first;
	size_t words;

	if (!take_u8(&reader, &first) || first >> 4 != 4)
		return false;
	words = first & 0xf;
	reader = (struct byte_reader){.at = packet, .left = size};
	if (words < 5 || !take(&reader, 4 * words, &header))
		return false;
	if (!take(&header, 2, &part) || !take_u16(&header, &total) || !take(&header, 2, &part) ||
	    !take_u16(&header, &fragment) || total < 4 * words || total - 4 * words > reader.left ||
	    (fragment & IPV4_FRAGMENT) || probe_checksum(packet, 4 * words) != 0)
		return false;
	ipv4->protocol = packet[9];
	memcpy(ipv4->from, packet + 12, 4);
	memcpy(ipv4->to, packet + 16, 4);
	ipv4->payload = reader.at;
	ipv4->payload_size = total - 4 * words;
	return true;
}

/* ---- ARP ---- */

void probe_arp_write(uint8_t packet[PROBE_ARP_SIZE], const struct probe_arp *arp)
{
	write_u16(packet, ARP_ETHERNET);
	write_u16(packet + 2, ARP_IPV4);
	packet[4] = 6;
	packet[5] = 4;
	write_u16(packet + 6, arp->is_reply ? ARP_REPLY : ARP_REQUEST);
	memcpy(packet + 8, arp->sender_mac, 6);
	memcpy(packet + 14, arp->sender, 4);
	memcpy(packet + 18, arp->target_mac, 6);
	memcpy(packet + 24, arp->target, 4);
}

bool probe_arp_read(const uint8_t *packet, size_t size, struct probe_arp *arp)
{
	struct byte_reader reader = {.at = packet, .left = size};
	uint16_t hardware, protocol, operation;
	uint8_t mac_size, address_size;

	if (!take_u16(&reader, &hardware) || !take_u16(&reader, &protocol) || !take_u8(&reader, &mac_size) ||
	    !take_u8(&reader, &address_size) || !take_u16(&reader, &operation) || hardware != ARP_ETHERNET ||
	    protocol != ARP_IPV4 || mac_size != 6 || address_size != 4 || reader.left < 20 ||
	    (operation != ARP_REQUEST && operation != ARP_REPLY))
		return false;
	arp->is_reply = operation == ARP_REPLY;
	memcpy(arp->sender_mac, packet + 8, 6);
	memcpy(arp->sender, packet + 14, 4);
	memcpy(arp->target_mac, packet + 18, 6);
	memcpy(arp->target, packet + 24, 4);
	return true;
}
