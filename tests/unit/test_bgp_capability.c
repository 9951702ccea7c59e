// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bgp_capability.h"

#define HEADER 19

static void tell(uint16_t afi, uint8_t safi, bool added, void *context)
{
	char *text = context;
	size_t used = strlen(text);

	snprintf(text + used, 128 - used, "%c%u/%u ", added ? '+' : '-', afi, safi);
}

/* In a buffer of exactly that size. */
static size_t hide(const uint8_t *list, size_t size, uint8_t *after, char text[128])
{
	uint8_t *message = malloc(HEADER + size);
	size_t count;

	assert_non_null(message);
	memset(message, 0xff, HEADER);
	memcpy(message + HEADER, list, size);
	text[0] = '\0';
	count = bgp_capability_hide_families(message, HEADER + size, tell, text);
	memcpy(after, message + HEADER, size);
	free(message);
	return count;
}

static void families_are_told_and_hidden(void **state)
{
	static const uint8_t list[] = {0, 1, 4, 0, 1, 0, 1, /* + ipv4 unicast */
				       0, 5, 6, 0, 1, 0, 1, 0, 2, /* extended next hop: none of ours */
				       1, 1, 4, 0, 2, 0, 1, /* - ipv6 unicast */
				       0, 1, 5, 0, 25, 0, 70, 9}; /* + evpn, longer than it need be */
	uint8_t after[sizeof(list)], expected[sizeof(list)];
	char text[128];

	memcpy(expected, list, sizeof(list));
	memset(expected + 3, 0xff, 2);
	memset(expected + 19, 0xff, 2);
	memset(expected + 26, 0xff, 2);
	assert_int_equal(hide(list, sizeof(list), after, text), 3);
	assert_string_equal(text, "+1/1 -2/1 +25/70 ");
	assert_memory_equal(after, expected, sizeof(list));
	assert_int_equal(hide(after, sizeof(list), after, text), 3);
	assert_string_equal(text, "+65535/1 -65535/1 +65535/70 ");
}

static void what_breaks_off_is_left(void **state)
{
	static const uint8_t list[] = {0, 1, 4, 0, 1, 0, 1, 0, 1, 4, 0, 2, 0, 1};
	uint8_t after[sizeof(list)];
	char text[128];

	for (size_t size = 0; size <= sizeof(list); size++)
		assert_int_equal(hide(list, size, after, text), size / 7);
	/* Too short for a family. */
	assert_int_equal(hide((const uint8_t[]){0, 1, 3, 0, 1, 0}, 6, after, text), 0);
	assert_int_equal(bgp_capability_hide_families(after, 5, tell, text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_are_told_and_hidden),
		cmocka_unit_test(what_breaks_off_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
