// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/route_audit.h"
#include "lib/special_purpose.h"

#define PEER 3356

/* ---- messages ---- */

struct update {
	uint8_t at[BGP_UPDATE_MOST];
	size_t size;
};

struct route {
	const char *prefixes[8]; /* announced; of one family */
	const char *withdrawn;	 /* IPv4 */
	uint32_t path[8];
	size_t path_count;
	const char *next_hop;
	bool set, two_octets;
};

static void put(struct update *update, const void *bytes, size_t size)
{
	memcpy(update->at + update->size, bytes, size);
	update->size += size;
}

static void put_u8(struct update *update, unsigned int value)
{
	update->at[update->size++] = (uint8_t)value;
}

static void put_u16(struct update *update, unsigned int value)
{
	put_u8(update, value >> 8);
	put_u8(update, value & 0xff);
}

static void put_prefix(struct update *update, const char *text)
{
	char address[64];
	uint8_t bytes[16] = {0};
	int length;

	assert_int_equal(sscanf(text, "%63[^/]/%d", address, &length), 2);
	assert_int_equal(inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, address, bytes), 1);
	put_u8(update, (unsigned int)length);
	put(update, bytes, ((size_t)length + 7) / 8);
}

static void put_path(struct update *update, const struct route *route)
{
	put_u8(update, 0x40);
	put_u8(update, 2);
	put_u8(update, route->path_count ? 2 + (unsigned int)route->path_count * (route->two_octets ? 2 : 4) : 0);
	if (!route->path_count)
		return;
	put_u8(update, route->set ? 1 : 2);
	put_u8(update, (unsigned int)route->path_count);
	for (size_t i = 0; i < route->path_count; i++) {
		/* A path longer than what is said of it ends in its first number, again and again. */
		uint32_t asn = i < 8 && route->path[i] ? route->path[i] : route->path[0];

		if (!route->two_octets)
			put_u16(update, asn >> 16);
		put_u16(update, asn & 0xffff);
	}
}

static void build(struct update *update, const struct route *route)
{
	bool ipv6 = route->prefixes[0] && strchr(route->prefixes[0], ':');
	uint8_t next_hop[16];
	size_t attributes;

	memset(update->at, 0xff, 16);
	update->at[18] = 2;
	update->size = BGP_UPDATE_HEADER + 2;
	if (route->withdrawn)
		put_prefix(update, route->withdrawn);
	update->at[BGP_UPDATE_HEADER] = 0;
	update->at[BGP_UPDATE_HEADER + 1] = (uint8_t)(update->size - BGP_UPDATE_HEADER - 2);
	attributes = update->size;
	update->size += 2;
	if (route->prefixes[0]) {
		put_path(update, route);
		inet_pton(ipv6 ? AF_INET6 : AF_INET, route->next_hop, next_hop);
	}
	if (ipv6) {
		size_t size_at;

		put_u8(update, 0x80);
		put_u8(update, 14);
		size_at = update->size;
		put_u8(update, 0);
		put(update, (const uint8_t[]){0, 2, 1, 16}, 4);
		put(update, next_hop, 16);
		put_u8(update, 0);
		for (size_t i = 0; i < 8 && route->prefixes[i]; i++)
			put_prefix(update, route->prefixes[i]);
		update->at[size_at] = (uint8_t)(update->size - size_at - 1);
	} else if (route->prefixes[0]) {
		put(update, (const uint8_t[]){0x40, 3, 4}, 3);
		put(update, next_hop, 4);
	}
	update->at[attributes] = (uint8_t)((update->size - attributes - 2) >> 8);
	update->at[attributes + 1] = (uint8_t)(update->size - attributes - 2);
	for (size_t i = 0; !ipv6 && i < 8 && route->prefixes[i]; i++)
		put_prefix(update, route->prefixes[i]);
}

static struct route_audit_network network(const char *address, uint8_t length)
{
	struct route_audit_network made = {.afi = strchr(address, ':') ? 2 : 1, .length = length};

	assert_int_equal(inet_pton(made.afi == 2 ? AF_INET6 : AF_INET, address, made.address), 1);
	return made;
}

static struct route_audit_session session_ipv4(void)
{
	return (struct route_audit_session){
		.peer_asn = PEER,
		.own_asns = {15169},
		.four_octet_as = true,
		.peer = network("192.0.2.2", 32),
		.connected = {network("192.0.2.1", 24), network("2001:db8::1", 64)},
	};
}

static void take(struct route_audit *audit, const struct route *route)
{
	struct update update;
	uint8_t *exact;

	build(&update, route);
	/* An allocation of its own: a read behind the end is one behind that. */
	exact = malloc(update.size);
	assert_non_null(exact);
	memcpy(exact, update.at, update.size);
	route_audit_take(audit, exact, update.size, NULL, NULL);
	free(exact);
}

/* How many rules the audit holds something against, as bits. */
static uint32_t offended(const struct route_audit *audit)
{
	uint32_t rules = 0;

	for (int rule = 0; rule < RULE_COUNT; rule++)
		rules |= route_audit_count(audit, rule) ? 1u << rule : 0;
	return rules;
}

#define GOOD .path = {PEER, 13335}, .path_count = 2, .next_hop = "192.0.2.2"

/* ---- rules ---- */

static void each_rule_sees_its_own(void **state)
{
	static const struct {
		struct route route;
		uint32_t rules;
	} cases[] = {
		{{.prefixes = {"8.8.8.0/24"}, GOOD}, 0},
		{{.prefixes = {"0.0.0.0/0"}, GOOD}, 0},
		{{.prefixes = {"10.1.0.0/16"}, GOOD}, 1u << RULE_NO_BOGONS},
		{{.prefixes = {"8.8.8.0/25"}, GOOD}, 1u << RULE_PREFIX_LENGTH},
		{{.prefixes = {"8.0.0.0/7"}, GOOD}, 1u << RULE_PREFIX_LENGTH},
		{{.prefixes = {"8.8.8.0/24"}, .path = {13335, PEER}, .path_count = 2, .next_hop = "192.0.2.2"},
		 1u << RULE_FIRST_AS},
		{{.prefixes = {"8.8.8.0/24"}, .next_hop = "192.0.2.2"}, 1u << RULE_FIRST_AS},
		{{.prefixes = {"8.8.8.0/24"}, .set = true, GOOD}, 1u << RULE_FIRST_AS},
		{{.prefixes = {"8.8.8.0/24"}, .path = {PEER, 64512}, .path_count = 2, .next_hop = "192.0.2.2"},
		 1u << RULE_PATH_ASN},
		{{.prefixes = {"8.8.8.0/24"}, .path = {PEER, 15169}, .path_count = 2, .next_hop = "192.0.2.2"},
		 1u << RULE_PATH_ASN},
		{{.prefixes = {"8.8.8.0/24"}, .path = {PEER, 23456}, .path_count = 2, .next_hop = "192.0.2.2"},
		 1u << RULE_PATH_ASN},
		{{.prefixes = {"8.8.8.0/24"}, .path = {PEER, 13335, 1299}, .path_count = 3, .next_hop = "192.0.2.2"},
		 1u << RULE_NO_TRANSIT},
		{{.prefixes = {"8.8.8.0/24"}, .path = {PEER}, .path_count = 50, .next_hop = "192.0.2.2"}, 0},
		{{.prefixes = {"8.8.8.0/24"}, .path = {PEER}, .path_count = 51, .next_hop = "192.0.2.2"},
		 1u << RULE_PATH_LENGTH},
		{{.prefixes = {"8.8.8.0/24"}, .path = {PEER}, .path_count = 1, .next_hop = "192.0.2.3"},
		 1u << RULE_NEXT_HOP},
		/* An IPv6 prefix on an IPv4 session: any address of the link but our own. */
		{{.prefixes = {"2001:4860::/32"}, .path = {PEER}, .path_count = 1, .next_hop = "2001:db8::77"}, 0},
		{{.prefixes = {"2001:4860::/32"}, .path = {PEER}, .path_count = 1, .next_hop = "2001:db8::1"},
		 1u << RULE_NEXT_HOP},
		{{.prefixes = {"2001:4860::/32"}, .path = {PEER}, .path_count = 1, .next_hop = "2001:db8:1::77"},
		 1u << RULE_NEXT_HOP},
		{{.prefixes = {"fc00::/16"}, .path = {PEER}, .path_count = 1, .next_hop = "2001:db8::77"},
		 1u << RULE_NO_BOGONS},
		{{.prefixes = {"2001:4860::/49"}, .path = {PEER}, .path_count = 1, .next_hop = "2001:db8::77"},
		 1u << RULE_PREFIX_LENGTH},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct route_audit_session session = session_ipv4();
		struct route_audit *audit = route_audit_new(&session);

		take(audit, &cases[i].route);
		if (offended(audit) != cases[i].rules)
			fail_msg("case %zu: rules %x, not %x", i, offended(audit), cases[i].rules);
		route_audit_free(audit);
	}
}

static void a_third_party_on_an_exchange_is_no_fault(void **state)
{
	struct route_audit_session session = session_ipv4();
	struct route_audit *audit;

	session.third_party = true;
	audit = route_audit_new(&session);
	take(audit, &(struct route){.prefixes = {"8.8.8.0/24"}, .path = {PEER}, .path_count = 1, .next_hop = "192.0.2.9"});
	assert_int_equal(offended(audit), 0);
	take(audit, &(struct route){.prefixes = {"8.8.9.0/24"}, .path = {PEER}, .path_count = 1, .next_hop = "192.0.3.9"});
	take(audit, &(struct route){.prefixes = {"8.8.7.0/24"}, .path = {PEER}, .path_count = 1, .next_hop = "192.0.2.1"});
	assert_int_equal(route_audit_count(audit, RULE_NEXT_HOP), 2);
	assert_string_equal(route_audit_example(audit, RULE_NEXT_HOP)->why, "next hop 192.0.3.9");
	route_audit_free(audit);
}

static void a_peer_may_have_a_private_number(void **state)
{
	struct route_audit_session session = session_ipv4();
	struct route_audit *audit;

	session.peer_asn = 64512;
	audit = route_audit_new(&session);
	take(audit, &(struct route){.prefixes = {"8.8.8.0/24"}, .path = {64512}, .path_count = 1, .next_hop = "192.0.2.2"});
	assert_int_equal(offended(audit), 0);
	route_audit_free(audit);
}

static void two_octets(void **state)
{
	struct route_audit_session session = session_ipv4();
	struct route_audit *audit;

	session.four_octet_as = false;
	session.peer_asn = 200000;
	audit = route_audit_new(&session);
	take(audit, &(struct route){.prefixes = {"8.8.8.0/24"}, .path = {23456, 13335}, .path_count = 2, .two_octets = true,
				    .next_hop = "192.0.2.2"});
	assert_int_equal(offended(audit), 0);
	take(audit, &(struct route){.prefixes = {"8.8.8.0/24"}, .path = {13335, 64512}, .path_count = 2, .two_octets = true,
				    .next_hop = "192.0.2.2"});
	assert_int_equal(offended(audit), 1u << RULE_FIRST_AS | 1u << RULE_PATH_ASN);
	route_audit_free(audit);
}

/* ---- counting ---- */

static void what_is_withdrawn_or_mended_leaves_the_count(void **state)
{
	struct route_audit_session session = session_ipv4();
	struct route_audit *audit = route_audit_new(&session);
	const struct route_audit_example *example;

	take(audit, &(struct route){.prefixes = {"10.1.0.0/16", "10.2.0.0/16", "8.8.8.0/24"}, GOOD});
	take(audit, &(struct route){.prefixes = {"10.1.0.0/16"}, GOOD});
	assert_int_equal(route_audit_count(audit, RULE_NO_BOGONS), 2);
	example = route_audit_example(audit, RULE_NO_BOGONS);
	assert_non_null(example);
	assert_string_equal(example->why, "private use (RFC 1918)");
	assert_int_equal(example->path_count, 2);
	assert_int_equal(example->path[0], PEER);
	take(audit, &(struct route){.withdrawn = "10.1.0.0/16"});
	assert_int_equal(route_audit_count(audit, RULE_NO_BOGONS), 1);
	assert_int_equal(route_audit_example(audit, RULE_NO_BOGONS)->prefix.address[1], 2);
	take(audit, &(struct route){.withdrawn = "10.1.0.0/16"});
	take(audit, &(struct route){.withdrawn = "10.2.0.0/16"});
	assert_int_equal(offended(audit), 0);
	assert_null(route_audit_example(audit, RULE_NO_BOGONS));

	take(audit, &(struct route){.prefixes = {"8.8.8.0/24"}, .path = {PEER, 64512}, .path_count = 2,
				    .next_hop = "192.0.2.9"});
	assert_int_equal(offended(audit), 1u << RULE_PATH_ASN | 1u << RULE_NEXT_HOP);
	take(audit, &(struct route){.prefixes = {"8.8.8.0/24"}, GOOD});
	assert_int_equal(offended(audit), 0);
	route_audit_free(audit);
}

static uint32_t own(const struct bgp_update_prefix *prefix, uint32_t origin, void *context)
{
	++*(unsigned int *)context;
	return prefix->address[0] == 8 ? 1u << RULE_NO_OWN_PREFIX : 0;
}

static void the_caller_has_a_word(void **state)
{
	struct route_audit_session session = session_ipv4();
	struct route_audit *audit = route_audit_new(&session);
	unsigned int calls = 0;
	struct update update;

	build(&update, &(struct route){.prefixes = {"8.8.8.0/24", "9.9.9.0/24"}, GOOD});
	route_audit_take(audit, update.at, update.size, own, &calls);
	assert_int_equal(calls, 2);
	assert_int_equal(route_audit_count(audit, RULE_NO_OWN_PREFIX), 1);
	assert_int_equal(route_audit_count(NULL, RULE_NO_OWN_PREFIX), 0);
	route_audit_free(audit);
	route_audit_free(NULL);
}

static void more_than_are_kept_are_told_of(void **state)
{
	struct route_audit_session session = session_ipv4();
	struct route_audit *audit = route_audit_new(&session);

	for (unsigned int number = 0; number <= ROUTE_AUDIT_OFFENDERS; number++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.%u.0/25", number >> 8 & 0xff, number & 0xff);
		take(audit, &(struct route){.prefixes = {text}, GOOD});
		assert_int_equal(route_audit_overflow(audit, RULE_NO_BOGONS), number >= ROUTE_AUDIT_OFFENDERS);
	}
	assert_true(route_audit_overflow(audit, RULE_PREFIX_LENGTH));
	assert_false(route_audit_overflow(audit, RULE_FIRST_AS));
	assert_int_equal(route_audit_count(audit, RULE_NO_BOGONS), ROUTE_AUDIT_OFFENDERS);
	route_audit_free(audit);
}

/* Every message cut short at every place, and with every byte another one. */
static void bad_bytes(void **state)
{
	struct route_audit_session session = session_ipv4();
	struct route_audit *audit = route_audit_new(&session);
	struct update update;

	build(&update, &(struct route){.prefixes = {"2001:4860::/32", "fc00::/16"}, .path = {PEER, 64512}, .path_count = 2,
				       .withdrawn = "10.1.0.0/16", .next_hop = "2001:db8::77"});
	for (size_t size = 0; size <= update.size; size++) {
		uint8_t *exact = malloc(size + !size);

		assert_non_null(exact);
		memcpy(exact, update.at, size);
		route_audit_take(audit, exact, size, NULL, NULL);
		for (size_t at = BGP_UPDATE_HEADER; size == update.size && at < size; at++) {
			for (unsigned int value = 0; value < 256; value++) {
				exact[at] = (uint8_t)value;
				route_audit_take(audit, exact, size, NULL, NULL);
			}
			exact[at] = update.at[at];
		}
		free(exact);
	}
	route_audit_free(audit);
}

/* ---- registries ---- */

static const char *prefix_is(const char *text)
{
	char address[64];
	uint8_t bytes[16] = {0};
	int length;

	assert_int_equal(sscanf(text, "%63[^/]/%d", address, &length), 2);
	inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, address, bytes);
	return special_purpose_prefix(strchr(text, ':') ? 2 : 1, (uint8_t)length, bytes);
}

static void the_registries(void **state)
{
	static const char *const special[] = {
		"0.1.0.0/16", "10.0.0.0/8", "100.64.0.0/10", "100.127.255.0/24", "127.0.0.0/8", "169.254.0.0/16",
		"172.16.0.0/12", "172.31.255.0/24", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
		"198.18.0.0/15", "198.19.255.0/24", "198.51.100.0/24", "203.0.113.128/25", "224.0.0.0/4", "239.0.0.0/8",
		"240.0.0.0/4", "255.255.255.255/32", "::/8", "::1/128", "::ffff:0:0/96", "64:ff9b::/96", "100::/64",
		"2001::/32", "2001:2::/48", "2001:10::/28", "2001:db8::/32", "2001:db8:1::/48", "2002::/16", "3ffe::/16",
		"3fff::/20", "5f00::/16", "fc00::/7", "fd00::/8", "fe80::/10", "fec0::/10", "ff00::/8", "4000::/3",
	};
	static const char *const good[] = {
		"0.0.0.0/0", "::/0", "1.1.1.0/24", "8.0.0.0/8", "11.0.0.0/8", "100.0.0.0/10", "100.128.0.0/10",
		"128.0.0.0/8", "172.32.0.0/12", "172.0.0.0/12", "192.0.1.0/24", "192.31.196.0/24", "198.20.0.0/15",
		"203.0.112.0/24", "223.255.255.0/24", "2001:200::/23", "2001:4860::/32", "2003::/16", "2400::/12",
		"2620:4f:8000::/48", "2a00::/12", "2001:db9::/32", "2000::/3",
	};
	static const uint32_t asns[] = {0, 23456, 64496, 64511, 64512, 65534, 65535, 65536, 65551, 65552, 131071,
					4200000000u, 4294967294u, 4294967295u};
	static const uint32_t fine[] = {1, 174, 23455, 23457, 64495, 131072, 4199999999u};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (!prefix_is(special[i]))
			fail_msg("%s is taken for a good one", special[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (prefix_is(good[i]))
			fail_msg("%s is taken for %s", good[i], prefix_is(good[i]));
	for (size_t i = 0; i < sizeof(asns) / sizeof(asns[0]); i++)
		assert_non_null(special_purpose_asn(asns[i]));
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		assert_null(special_purpose_asn(fine[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_sees_its_own),
		cmocka_unit_test(a_third_party_on_an_exchange_is_no_fault),
		cmocka_unit_test(a_peer_may_have_a_private_number),
		cmocka_unit_test(two_octets),
		cmocka_unit_test(what_is_withdrawn_or_mended_leaves_the_count),
		cmocka_unit_test(the_caller_has_a_word),
		cmocka_unit_test(more_than_are_kept_are_told_of),
		cmocka_unit_test(bad_bytes),
		cmocka_unit_test(the_registries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
