// SPDX-License-Identifier: GPL-2.0-or-later
/* The two ends of a link, in both styles of point-to-point links, and on a network of many. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/link_addresses.h"

static void expect(const char *local, const char *peer, const char *words)
{
	const char *error = link_addresses_error(local, peer);

	if (words ? error && strstr(error, words) : !error)
		return;
	fail_msg("%s to %s: %s", local, peer, error ? error : "good");
}

static void the_two_of_a_link_are_good(void **state)
{
	static const char *const pairs[][2] = {
		{"192.0.2.1/30", "192.0.2.2"},	       {"192.0.2.2/30", "192.0.2.1"},
		{"192.0.2.0/31", "192.0.2.1"},	       {"192.0.2.255/31", "192.0.2.254"},
		{"2001:db8::/127", "2001:db8::1"},     {"2001:db8::1/127", "2001:db8::"},
		{"2001:db8::1/126", "2001:db8::3"},    {"2001:db8::5/126", "2001:db8::6"},
		{"192.0.2.7/24", "192.0.2.200"},       {"2001:db8::7/64", "2001:db8::ffff:1"},
		{"192.0.2.1", "203.0.113.1"},	       {"2001:db8::1", "2001:db8:ffff::1"},
		{"10.0.0.1/8", "10.255.255.254"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		expect(pairs[i][0], pairs[i][1], NULL);
}

static void others_are_not(void **state)
{
	static const char *const wrong[][3] = {
		{"192.0.2.0/30", "192.0.2.1", "first address"},
		{"192.0.2.1/30", "192.0.2.0", "first address"},
		{"192.0.2.3/30", "192.0.2.1", "last address"},
		{"192.0.2.1/30", "192.0.2.3", "last address"},
		{"192.0.2.1/30", "192.0.2.5", "not on one link"},
		{"192.0.2.1/31", "192.0.2.2", "not on one link"},
		{"2001:db8::1/127", "2001:db8::2", "not on one link"},
		{"2001:db8::3/126", "2001:db8::4", "not on one link"},
		{"2001:db8::/126", "2001:db8::1", "anycast"},
		{"2001:db8::1/126", "2001:db8::", "anycast"},
		{"192.0.2.1/32", "192.0.2.1", "own address"},
		{"192.0.2.1/32", "192.0.2.2", "single address"},
		{"2001:db8::1/128", "2001:db8::2", "single address"},
		{"192.0.2.1/31", "192.0.2.1", "own address"},
		{"192.0.2.1", "2001:db8::2", "another address family"},
		{"2001:db8::1/127", "192.0.2.2", "another address family"},
		{"127.0.0.1", "192.0.2.2", "no address that"},
		{"224.0.0.1", "192.0.2.2", "no address that"},
		{"fe80::1/64", "fe80::2", "no address that"},
		{"::1", "2001:db8::2", "no address that"},
		{"", "192.0.2.2", "no address;"},
		{"192.0.2.1/", "192.0.2.2", "no address;"},
		{"192.0.2.1/0", "192.0.2.2", "no address;"},
		{"192.0.2.1/33", "192.0.2.2", "no address;"},
		{"192.0.2.1/031", "192.0.2.2", "no address;"},
		{"192.0.2.1/31 ", "192.0.2.2", "no address;"},
		{"192.0.2.1/-1", "192.0.2.2", "no address;"},
		{"192.0.2.1/31/31", "192.0.2.0", "no address;"},
		{"2001:db8::1/129", "2001:db8::2", "no address;"},
		{"2001:db8:0000:0000:0000:0000:0000:0000:0000:0001:0002", "2001:db8::2", "no address;"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect(wrong[i][0], wrong[i][1], wrong[i][2]);
}

static void it_is_written_as_usual(void **state)
{
	char usual[LINK_ADDRESS_MAX], bare[LINK_ADDRESS_MAX];

	assert_true(link_address_usual("2001:DB8:0:0::1/127", usual, bare));
	assert_string_equal(usual, "2001:db8::1/127");
	assert_string_equal(bare, "2001:db8::1");
	assert_true(link_address_usual("192.0.2.1", usual, bare));
	assert_string_equal(usual, "192.0.2.1");
	assert_false(link_address_usual("192.0.2.1/x", usual, bare));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_two_of_a_link_are_good),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(it_is_written_as_usual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
