// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bgp_open.h"

#define HEADER 19

/* In a buffer of exactly that size. */
static uint32_t asn_of(const uint8_t *body, size_t size)
{
	uint8_t *message = malloc(HEADER + size);
	uint32_t asn;

	assert_non_null(message);
	memset(message, 0xff, HEADER);
	memcpy(message + HEADER, body, size);
	asn = bgp_open_asn(message, HEADER + size);
	free(message);
	return asn;
}

#define START(asn) 4, (asn) >> 8, (asn)&0xff, 0, 90, 192, 0, 2, 1

static const uint8_t two_octets[] = {START(64511), 0};
/* route refresh, then four octets, in one parameter */
static const uint8_t four_octets[] = {START(23456), 10, 2, 8, 2, 0, 65, 4, 0, 1, 0, 7};
/* the same, each in a parameter of its own */
static const uint8_t apart[] = {START(23456), 12, 2, 2, 2, 0, 2, 6, 65, 4, 0, 1, 0, 7};
/* RFC 9072 */
static const uint8_t extended[] = {START(23456), 255, 255, 0, 9, 2, 0, 6, 65, 4, 0, 1, 0, 7};

static void the_asn_is_found(void **state)
{
	assert_int_equal(asn_of(two_octets, sizeof(two_octets)), 64511);
	assert_int_equal(asn_of(four_octets, sizeof(four_octets)), 65543);
	assert_int_equal(asn_of(apart, sizeof(apart)), 65543);
	assert_int_equal(asn_of(extended, sizeof(extended)), 65543);
}

static void what_is_cut_off_is_read_as_far_as_it_goes(void **state)
{
	static const struct {
		const uint8_t *body;
		size_t size;
	} whole[] = {{two_octets, sizeof(two_octets)}, {four_octets, sizeof(four_octets)}, {apart, sizeof(apart)},
		     {extended, sizeof(extended)}};

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		for (size_t size = 0; size < whole[i].size; size++) {
			uint32_t asn = asn_of(whole[i].body, size);

			assert_int_equal(asn, size < 10 ? 0 : i == 0 ? 64511 : 23456);
		}
	}
	for (size_t size = 0; size < HEADER; size++)
		assert_int_equal(bgp_open_asn(four_octets, size < sizeof(four_octets) ? size : sizeof(four_octets)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_asn_is_found),
		cmocka_unit_test(what_is_cut_off_is_read_as_far_as_it_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
