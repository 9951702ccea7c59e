// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/prefix_set.h"

#define UNIVERSE 700
#define STEPS 200000

/* The prefix of a number: few enough lengths and bytes that many share their first ones. */
static void prefix_of(unsigned int number, uint8_t *length, uint8_t address[16], uint32_t *path_id)
{
	memset(address, 0, 16);
	address[0] = (uint8_t)(number % 7);
	address[2] = (uint8_t)(number / 7);
	address[15] = (uint8_t)(number / 256);
	*length = number < 3 ? 0 : (uint8_t)(8 + number % 120);
	*path_id = number < 3 ? number : number % 3;
}

static void holds_what_a_plain_array_holds(void **state)
{
	struct prefix_set *set = prefix_set_new(UNIVERSE);
	bool in[UNIVERSE] = {false};
	size_t count = 0, defaults = 0;

	srandom(64510);
	for (unsigned int step = 0; step < STEPS; step++) {
		/* Drifts between nearly empty and nearly full, so that runs form and dissolve. */
		unsigned int number = (unsigned int)random() % UNIVERSE;
		bool add = (unsigned int)random() % 100 < (step / 20000 % 2 ? 30u : 70u);
		uint8_t length, address[16];
		uint32_t path_id;

		prefix_of(number, &length, address, &path_id);
		assert_int_equal(prefix_set_has(set, length, address, path_id), in[number]);
		if (add)
			assert_true(prefix_set_add(set, length, address, path_id));
		else
			prefix_set_remove(set, length, address, path_id);
		count += (add && !in[number]) - (!add && in[number]);
		if (length == 0)
			defaults += (add && !in[number]) - (!add && in[number]);
		in[number] = add;
		assert_int_equal(prefix_set_count(set), count);
		assert_int_equal(prefix_set_default_count(set), defaults);
	}
	for (unsigned int number = 0; number < UNIVERSE; number++) {
		uint8_t length, address[16];
		uint32_t path_id;

		prefix_of(number, &length, address, &path_id);
		assert_int_equal(prefix_set_has(set, length, address, path_id), in[number]);
	}
	prefix_set_free(set);
}

static void keeps_no_more_than_its_limit(void **state)
{
	struct prefix_set *set = prefix_set_new(100);
	uint8_t address[16] = {0};

	for (unsigned int number = 0; number < 150; number++) {
		address[1] = (uint8_t)number;
		assert_int_equal(prefix_set_add(set, 24, address, 0), number < 100);
	}
	assert_int_equal(prefix_set_count(set), 100);
	/* What is in it already is no further one. */
	address[1] = 7;
	assert_true(prefix_set_add(set, 24, address, 0));
	prefix_set_remove(set, 24, address, 0);
	address[1] = 120;
	assert_true(prefix_set_add(set, 24, address, 0));
	prefix_set_free(set);
}

static void tells_lengths_and_paths_apart(void **state)
{
	struct prefix_set *set = prefix_set_new(10);
	uint8_t address[16] = {10};

	assert_true(prefix_set_add(set, 8, address, 0));
	assert_false(prefix_set_has(set, 9, address, 0));
	assert_false(prefix_set_has(set, 8, address, 1));
	assert_true(prefix_set_add(set, 9, address, 0));
	assert_true(prefix_set_add(set, 8, address, 1));
	assert_int_equal(prefix_set_count(set), 3);
	prefix_set_remove(set, 8, address, 0);
	assert_true(prefix_set_has(set, 9, address, 0));
	assert_true(prefix_set_has(set, 8, address, 1));
	prefix_set_free(set);
}

static void an_empty_one_is_empty(void **state)
{
	struct prefix_set *set = prefix_set_new(10);
	uint8_t address[16] = {0};

	assert_int_equal(prefix_set_count(NULL), 0);
	assert_int_equal(prefix_set_count(set), 0);
	assert_false(prefix_set_has(set, 0, address, 0));
	prefix_set_remove(set, 0, address, 0);
	prefix_set_free(set);
	prefix_set_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_a_plain_array_holds),
		cmocka_unit_test(keeps_no_more_than_its_limit),
		cmocka_unit_test(tells_lengths_and_paths_apart),
		cmocka_unit_test(an_empty_one_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
