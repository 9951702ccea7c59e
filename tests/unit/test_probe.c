// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/probe.h"

static const uint8_t here[4] = {169, 254, 10, 1}, there[4] = {169, 254, 10, 2};

static void an_echo_is_read_as_it_was_written(void **state)
{
	const struct probe_echo request = {.id = 0x1234, .sequence = 0xfffe, .payload_size = 57};
	uint8_t packet[256];
	struct probe_echo read;

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		assert_int_equal(probe_echo_write(packet, sizeof(packet), ipv6, &request), 65);
		assert_true(probe_echo_read(packet, 65, ipv6, &read));
		assert_false(read.is_reply);
		assert_int_equal(read.id, 0x1234);
		assert_int_equal(read.sequence, 0xfffe);
		assert_int_equal(read.payload_size, 57);
		assert_int_equal(read.payload[56], 56);
		/* Of the other family it is nothing. */
		assert_false(probe_echo_read(packet, 65, !ipv6, &read));
	}
}

/* Bytes that an implementation other than this one has made. */
static void a_real_echo_is_read(void **state)
{
	const uint8_t reply[] = {0x00, 0x00, 0xf7, 0xf9, 0x00, 0x01, 0x00, 0x05, 0x08, 0x00};
	const uint8_t request6[] = {0x80, 0x00, 0x12, 0x34, 0x00, 0x07, 0x00, 0x08};
	struct probe_echo read;

	assert_true(probe_echo_read(reply, sizeof(reply), false, &read));
	assert_true(read.is_reply);
	assert_int_equal(read.id, 1);
	assert_int_equal(read.sequence, 5);
	assert_true(probe_echo_read(request6, sizeof(request6), true, &read));
	assert_false(read.is_reply);
	assert_int_equal(read.sequence, 8);
}

static void a_bad_echo_is_none(void **state)
{
	const struct probe_echo request = {.id = 1, .sequence = 2, .payload_size = 8};
	uint8_t packet[64];
	struct probe_echo read;
	size_t size = probe_echo_write(packet, sizeof(packet), false, &request);

	for (size_t i = 0; i < size; i++) {
		packet[i] ^= 0x10;
		assert_false(probe_echo_read(packet, size, false, &read));
		packet[i] ^= 0x10;
	}
	for (size_t short_of = 0; short_of < PROBE_ICMP_HEADER; short_of++)
		assert_false(probe_echo_read(packet, short_of, false, &read));
	assert_int_equal(probe_echo_write(packet, 15, false, &request), 0);
}

static void an_ipv4_header_holds(void **state)
{
	uint8_t packet[PROBE_IPV4_HEADER + 16] = {0};
	struct probe_ipv4 read;
	size_t size = probe_ipv4_write(packet, 16, here, there);

	assert_int_equal(size, 36);
	assert_int_equal(packet[6] & 0x40, 0x40); /* DF */
	assert_int_equal(packet[8], 255);
	assert_int_equal(probe_checksum(packet, PROBE_IPV4_HEADER), 0);
	assert_true(probe_ipv4_read(packet, size, &read));
	assert_memory_equal(read.from, here, 4);
	assert_memory_equal(read.to, there, 4);
	assert_int_equal(read.protocol, 1);
	assert_int_equal(read.payload_size, 16);
	/* Ethernet fills short frames up: no part of the packet. */
	{
		uint8_t frame[64] = {0};

		memcpy(frame, packet, size);
		assert_true(probe_ipv4_read(frame, sizeof(frame), &read));
		assert_int_equal(read.payload_size, 16);
	}
	for (size_t short_of = 0; short_of < size; short_of++)
		assert_false(probe_ipv4_read(packet, short_of, &read));
}

static void put_checksum(uint8_t *header, size_t size)
{
	uint16_t sum;

	header[10] = header[11] = 0;
	sum = probe_checksum(header, size);
	header[10] = (uint8_t)(sum >> 8);
	header[11] = (uint8_t)sum;
}

static void odd_ipv4_headers(void **state)
{
	uint8_t packet[40] = {0};
	struct probe_ipv4 read;

	/* With options. */
	probe_ipv4_write(packet, 16, here, there);
	packet[0] = 0x46;
	put_checksum(packet, 24);
	assert_true(probe_ipv4_read(packet, 36, &read));
	assert_int_equal(read.payload_size, 12);
	/* A fragment. */
	probe_ipv4_write(packet, 16, here, there);
	packet[7] = 1;
	put_checksum(packet, 20);
	assert_false(probe_ipv4_read(packet, 36, &read));
	/* Says that it is shorter than its header, or that its header is shorter than one is. */
	probe_ipv4_write(packet, 16, here, there);
	packet[3] = 19;
	put_checksum(packet, 20);
	assert_false(probe_ipv4_read(packet, 36, &read));
	packet[0] = 0x44;
	assert_false(probe_ipv4_read(packet, 36, &read));
	packet[0] = 0x65;
	assert_false(probe_ipv4_read(packet, 36, &read));
}

static void arp_is_read_as_it_was_written(void **state)
{
	struct probe_arp arp = {.is_reply = true, .sender_mac = {2, 0, 0, 0, 0, 1}, .target_mac = {2, 0, 0, 0, 0, 2}}, read;
	uint8_t packet[PROBE_ARP_SIZE + 18] = {0};

	memcpy(arp.sender, here, 4);
	memcpy(arp.target, there, 4);
	probe_arp_write(packet, &arp);
	for (size_t size = 0; size < PROBE_ARP_SIZE; size++)
		assert_false(probe_arp_read(packet, size, &read));
	assert_true(probe_arp_read(packet, sizeof(packet), &read));
	assert_true(read.is_reply);
	assert_memory_equal(read.sender_mac, arp.sender_mac, 6);
	assert_memory_equal(read.sender, here, 4);
	assert_memory_equal(read.target_mac, arp.target_mac, 6);
	assert_memory_equal(read.target, there, 4);
	for (size_t i = 0; i < 7; i++) {
		packet[i] ^= 0x40;
		assert_false(probe_arp_read(packet, sizeof(packet), &read));
		packet[i] ^= 0x40;
	}
}

/* In blocks of their own, so that a look behind their end is seen. */
static void whatever_comes_is_looked_at_within_its_bounds(void **state)
{
	srandom(1);
	for (unsigned int round = 0; round < 200000; round++) {
		size_t size = (size_t)random() % 48;
		uint8_t *packet = malloc(size ? size : 1);
		struct probe_echo echo;
		struct probe_ipv4 ipv4;
		struct probe_arp arp;

		for (size_t i = 0; i < size; i++)
			packet[i] = (uint8_t)random();
		if (size > 20 && round % 2) {
			packet[0] = 0x45;
			packet[2] = 0;
			packet[3] = (uint8_t)(random() % 64);
			packet[6] = packet[7] = 0;
			put_checksum(packet, 20);
		}
		if (probe_ipv4_read(packet, size, &ipv4)) {
			assert_true(ipv4.payload + ipv4.payload_size <= packet + size);
			(void)probe_echo_read(ipv4.payload, ipv4.payload_size, false, &echo);
		}
		(void)probe_echo_read(packet, size, true, &echo);
		(void)probe_arp_read(packet, size, &arp);
		free(packet);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_echo_is_read_as_it_was_written),
		cmocka_unit_test(a_real_echo_is_read),
		cmocka_unit_test(a_bad_echo_is_none),
		cmocka_unit_test(an_ipv4_header_holds),
		cmocka_unit_test(odd_ipv4_headers),
		cmocka_unit_test(arp_is_read_as_it_was_written),
		cmocka_unit_test(whatever_comes_is_looked_at_within_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
