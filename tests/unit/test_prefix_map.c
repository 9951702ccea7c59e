// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/prefix_map.h"

#define UNIVERSE 9000 /* enough that one table becomes many */
#define STEPS 600000

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

static void *value_of(unsigned int number, unsigned int step)
{
	return (void *)(uintptr_t)(number * 1000003u + step + 1);
}

static void holds_what_a_plain_array_holds(void **state)
{
	struct prefix_map *map = prefix_map_new(UNIVERSE);
	static void *in[UNIVERSE];
	size_t count = 0, defaults = 0;

	srandom(64510);
	for (unsigned int step = 0; step < STEPS; step++) {
		/* Drifts between nearly empty and nearly full, so that runs form and dissolve. */
		unsigned int number = (unsigned int)random() % UNIVERSE;
		bool add = (unsigned int)random() % 100 < (step / 60000 % 2 ? 20u : 80u);
		uint8_t length, address[16];
		uint32_t path_id;
		void **place;

		prefix_of(number, &length, address, &path_id);
		place = prefix_map_get(map, length, address, path_id);
		assert_ptr_equal(place ? *place : NULL, in[number]);
		if (add) {
			place = prefix_map_put(map, length, address, path_id);
			assert_non_null(place);
			assert_ptr_equal(*place, in[number]);
			*place = value_of(number, step);
		} else {
			assert_ptr_equal(prefix_map_remove(map, length, address, path_id), in[number]);
		}
		count += (add && !in[number]) - (!add && in[number]);
		if (length == 0)
			defaults += (add && !in[number]) - (!add && in[number]);
		in[number] = add ? value_of(number, step) : NULL;
		assert_int_equal(prefix_map_count(map), count);
		assert_int_equal(prefix_map_default_count(map), defaults);
	}
	for (unsigned int number = 0; number < UNIVERSE; number++) {
		uint8_t length, address[16];
		uint32_t path_id;
		void **place;

		prefix_of(number, &length, address, &path_id);
		place = prefix_map_get(map, length, address, path_id);
		assert_ptr_equal(place ? *place : NULL, in[number]);
	}
	prefix_map_free(map);
}

static void keeps_no_more_than_its_limit(void **state)
{
	struct prefix_map *map = prefix_map_new(100);
	uint8_t address[16] = {0};

	for (unsigned int number = 0; number < 150; number++) {
		address[1] = (uint8_t)number;
		assert_int_equal(prefix_map_put(map, 24, address, 0) != NULL, number < 100);
	}
	assert_int_equal(prefix_map_count(map), 100);
	/* What is in it already is no further one. */
	address[1] = 7;
	assert_non_null(prefix_map_put(map, 24, address, 0));
	prefix_map_remove(map, 24, address, 0);
	address[1] = 120;
	assert_non_null(prefix_map_put(map, 24, address, 0));
	prefix_map_free(map);
}

static void tells_lengths_and_paths_apart(void **state)
{
	struct prefix_map *map = prefix_map_new(10);
	uint8_t address[16] = {10};

	assert_non_null(prefix_map_put(map, 8, address, 0));
	assert_null(prefix_map_get(map, 9, address, 0));
	assert_null(prefix_map_get(map, 8, address, 1));
	assert_non_null(prefix_map_put(map, 9, address, 0));
	assert_non_null(prefix_map_put(map, 8, address, 1));
	assert_int_equal(prefix_map_count(map), 3);
	prefix_map_remove(map, 8, address, 0);
	assert_non_null(prefix_map_get(map, 9, address, 0));
	assert_non_null(prefix_map_get(map, 8, address, 1));
	prefix_map_free(map);
}

static void an_empty_one_is_empty(void **state)
{
	struct prefix_map *map = prefix_map_new(10);
	uint8_t address[16] = {0};

	assert_int_equal(prefix_map_count(NULL), 0);
	assert_int_equal(prefix_map_count(map), 0);
	assert_null(prefix_map_get(map, 0, address, 0));
	assert_null(prefix_map_remove(map, 0, address, 0));
	prefix_map_free(map);
	prefix_map_free(NULL);
}

static void freeing_goes_in_pieces(void **state)
{
	struct prefix_map *map = prefix_map_new(UNIVERSE);
	unsigned int turns = 0;

	for (unsigned int number = 0; number < UNIVERSE; number++) {
		uint8_t length, address[16];
		uint32_t path_id;

		prefix_of(number, &length, address, &path_id);
		prefix_map_put(map, length, address, path_id);
	}
	while (prefix_map_sweep(map, 100))
		turns++;
	assert_int_equal(turns, 2);
	prefix_map_free(map);
	map = prefix_map_new(UNIVERSE);
	assert_false(prefix_map_sweep(map, 1));
	prefix_map_free(map);
	assert_false(prefix_map_sweep(NULL, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_a_plain_array_holds),
		cmocka_unit_test(keeps_no_more_than_its_limit),
		cmocka_unit_test(tells_lengths_and_paths_apart),
		cmocka_unit_test(an_empty_one_is_empty),
		cmocka_unit_test(freeing_goes_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
