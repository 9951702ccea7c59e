// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netlink_answer.h"

static uint8_t message[2048];
static size_t message_size;

static void begin(const void *header, size_t size)
{
	memset(message, 0, sizeof(message));
	memcpy(message, header, size);
	message_size = size;
}

/* Returns the place of the attribute, for those that others are nested in. */
static size_t add(uint16_t type, const void *value, size_t size)
{
	struct nlattr header = {.nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + size)};
	size_t at = message_size;

	memcpy(message + at, &header, sizeof(header));
	if (size)
		memcpy(message + at + NLA_HDRLEN, value, size);
	message_size += NLA_ALIGN(header.nla_len);
	return at;
}

static void end(size_t at)
{
	uint16_t size = (uint16_t)(message_size - at);

	memcpy(message + at, &size, sizeof(size));
}

static void begin_link(int index, unsigned int flags, const char *name)
{
	const struct ifinfomsg header = {.ifi_index = index, .ifi_flags = flags};

	begin(&header, sizeof(header));
	add(IFLA_IFNAME, name, strlen(name) + 1);
}

static void add_u32(uint16_t type, uint32_t value)
{
	add(type, &value, sizeof(value));
}

static void add_u8(uint16_t type, uint8_t value)
{
	add(type, &value, sizeof(value));
}

static void begin_vlan(void)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	const uint16_t vlan = 100;
	size_t info, data;

	begin_link(7, IFF_UP | IFF_RUNNING, "bond0.100");
	add(IFLA_ADDRESS, mac, sizeof(mac));
	add_u32(IFLA_MTU, 9000);
	add_u8(IFLA_OPERSTATE, 6); /* up */
	add_u32(IFLA_LINK, 4);
	info = add(IFLA_LINKINFO | NLA_F_NESTED, NULL, 0);
	add(IFLA_INFO_KIND, "vlan", 5);
	data = add(IFLA_INFO_DATA | NLA_F_NESTED, NULL, 0);
	add(IFLA_VLAN_ID, &vlan, sizeof(vlan));
	end(data);
	end(info);
}

static void a_vlan(void **state)
{
	struct link_answer link;

	begin_vlan();
	assert_true(link_answer_read(message, message_size, &link));
	assert_int_equal(link.index, 7);
	assert_string_equal(link.name, "bond0.100");
	assert_string_equal(link.kind, "vlan");
	assert_int_equal(link.vlan, 100);
	assert_int_equal(link.lower, 4);
	assert_int_equal(link.mtu, 9000);
	assert_true(link.admin_up && link.operational && link.has_mac && !link.has_counters);
	assert_int_equal(link.mac[5], 9);

	/* It was moved into a VRF that is a namespace, its port was not. */
	add_u32(IFLA_LINK_NETNSID, 0);
	assert_true(link_answer_read(message, message_size, &link));
	assert_int_equal(link.vlan, 100);
	assert_int_equal(link.lower, 0);
}

static void a_member_of_a_bond(void **state)
{
	struct rtnl_link_stats64 stats = {.rx_errors = 12, .rx_crc_errors = 11, .tx_errors = 3, .rx_dropped = 4, .tx_dropped = 5};
	struct link_answer link;
	size_t info, data;

	for (int backup = 0; backup < 2; backup++) {
		begin_link(3, IFF_UP, "eth1");
		add_u32(IFLA_MASTER, 4);
		add_u32(IFLA_CARRIER_CHANGES, 6);
		add(IFLA_STATS64, &stats, sizeof(stats));
		info = add(IFLA_LINKINFO, NULL, 0);
		/* The kernel puts what a number is of in front of it; nothing depends on that. */
		data = add(IFLA_INFO_SLAVE_DATA, NULL, 0);
		add_u8(IFLA_BOND_SLAVE_STATE, backup ? BOND_STATE_BACKUP : BOND_STATE_ACTIVE);
		end(data);
		add(IFLA_INFO_SLAVE_KIND, "bond", 5);
		end(info);
		assert_true(link_answer_read(message, message_size, &link));
		assert_int_equal(link.master, 4);
		assert_int_equal(link.is_backup, backup);
		assert_string_equal(link.member_kind, "bond");
		assert_string_equal(link.kind, "");
		assert_false(link.operational); /* no carrier */
		assert_true(link.has_counters);
		assert_int_equal(link.counters.rx_errors, 12);
		assert_int_equal(link.counters.rx_crc_errors, 11);
		assert_int_equal(link.counters.tx_errors, 3);
		assert_int_equal(link.counters.rx_dropped, 4);
		assert_int_equal(link.counters.tx_dropped, 5);
		assert_int_equal(link.carrier_changes, 6);
	}
}

/* A veth's number counts in another namespace. */
static void a_veth_lies_on_nothing(void **state)
{
	struct link_answer link;
	size_t info;

	begin_link(2, IFF_UP | IFF_RUNNING, "acme");
	add_u32(IFLA_LINK, 2);
	add_u8(IFLA_OPERSTATE, 2); /* down */
	info = add(IFLA_LINKINFO, NULL, 0);
	add(IFLA_INFO_KIND, "veth", 5);
	end(info);
	assert_true(link_answer_read(message, message_size, &link));
	assert_int_equal(link.lower, 0);
	assert_false(link.operational);
}

static void a_link_that_is_none(void **state)
{
	struct link_answer link;

	begin_link(0, 0, "eth0");
	assert_false(link_answer_read(message, message_size, &link));
	begin_link(1, 0, "a-name-that-is-too-long-for-one");
	assert_false(link_answer_read(message, message_size, &link));
	begin_link(1, 0, "eth0");
	add(IFLA_MTU, "ab", 2); /* too short */
	add(IFLA_STATS64, "abcdefgh", 8);
	assert_true(link_answer_read(message, message_size, &link));
	assert_int_equal(link.mtu, 0);
	assert_false(link.has_counters);
}

static void a_neighbor(void **state)
{
	const struct {
		uint16_t kernel;
		bool known;
	} states[] = {{NUD_REACHABLE, true}, {NUD_STALE, true}, {NUD_DELAY, true}, {NUD_PROBE, true}, {NUD_INCOMPLETE, false},
		      {NUD_FAILED, false}, {NUD_NONE, false}, {NUD_PERMANENT, true}};
	const uint8_t address[4] = {192, 0, 2, 2}, mac[6] = {2, 0, 0, 0, 0, 7};
	struct neighbor_answer neighbor;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct ndmsg header = {.ndm_family = 2, .ndm_ifindex = 5, .ndm_state = states[i].kernel};

		begin(&header, sizeof(header));
		add(NDA_DST, address, sizeof(address));
		add(NDA_LLADDR, mac, sizeof(mac));
		assert_true(neighbor_answer_read(message, message_size, &neighbor));
		assert_int_equal(neighbor.is_known, states[i].known);
		assert_memory_equal(neighbor.address, address, 4);
		assert_true(neighbor.has_mac);
		assert_memory_equal(neighbor.mac, mac, 6);
		/* Of the other family, or of none. */
		header.ndm_family = 10;
		memcpy(message, &header, sizeof(header));
		assert_false(neighbor_answer_read(message, message_size, &neighbor));
		header.ndm_family = 7;
		memcpy(message, &header, sizeof(header));
		assert_false(neighbor_answer_read(message, message_size, &neighbor));
	}
}

static void what_ethtool_says(void **state)
{
	const struct genlmsghdr header = {.cmd = 1, .version = 1};
	const uint16_t family = 21;
	struct speed_answer speed;
	uint8_t bytes[128];

	begin(&header, sizeof(header));
	add(CTRL_ATTR_FAMILY_NAME, "ethtool", 8);
	add(CTRL_ATTR_FAMILY_ID, &family, sizeof(family));
	assert_int_equal(family_answer_read(message, message_size), 21);
	begin(&header, sizeof(header));
	assert_int_equal(family_answer_read(message, message_size), 0);

	add_u32(ETHTOOL_A_LINKMODES_SPEED, 100000);
	add_u8(ETHTOOL_A_LINKMODES_DUPLEX, DUPLEX_FULL);
	assert_true(speed_answer_read(message, message_size, &speed));
	assert_int_equal(speed.megabits, 100000);
	assert_false(speed.half_duplex);
	begin(&header, sizeof(header));
	add_u32(ETHTOOL_A_LINKMODES_SPEED, (uint32_t)SPEED_UNKNOWN);
	add_u8(ETHTOOL_A_LINKMODES_DUPLEX, DUPLEX_HALF);
	assert_true(speed_answer_read(message, message_size, &speed));
	assert_int_equal(speed.megabits, 0);
	assert_true(speed.half_duplex);
	assert_false(speed_answer_read(message, 3, &speed));

	begin(&header, sizeof(header));
	add(ETHTOOL_A_MODULE_EEPROM_DATA, "\x03\x04\x07", 3);
	assert_int_equal(module_answer_read(message, message_size, bytes, sizeof(bytes)), 3);
	assert_memory_equal(bytes, "\x03\x04\x07", 3);
	assert_int_equal(module_answer_read(message, message_size, bytes, 2), 2);
	assert_int_equal(module_answer_read(message, 4, bytes, 2), 0);
}

/* Cut off anywhere, and changed anywhere: read within its bounds, each in a block of its own. */
static void whatever_comes_is_looked_at_within_its_bounds(void **state)
{
	srandom(1);
	for (unsigned int round = 0; round < 40000; round++) {
		struct neighbor_answer neighbor;
		struct speed_answer speed;
		struct link_answer link;
		uint8_t *copy, bytes[16];
		size_t size;

		begin_vlan();
		size = round < message_size ? round : message_size;
		copy = malloc(size ? size : 1);
		memcpy(copy, message, size);
		for (unsigned int i = 0; round >= message_size && i < 4; i++)
			copy[(size_t)random() % size] = (uint8_t)random();
		(void)link_answer_read(copy, size, &link);
		(void)neighbor_answer_read(copy, size, &neighbor);
		(void)speed_answer_read(copy, size, &speed);
		(void)family_answer_read(copy, size);
		(void)module_answer_read(copy, size, bytes, sizeof(bytes));
		assert_true(strnlen(link.name, sizeof(link.name)) < sizeof(link.name));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vlan),
		cmocka_unit_test(a_member_of_a_bond),
		cmocka_unit_test(a_veth_lies_on_nothing),
		cmocka_unit_test(a_link_that_is_none),
		cmocka_unit_test(a_neighbor),
		cmocka_unit_test(what_ethtool_says),
		cmocka_unit_test(whatever_comes_is_looked_at_within_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
