// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Buckets: how often a key may, for how long it waits, and what becomes of those that are too many to keep.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "controller/rate_limit.h"

enum { INTERVAL = 100, BURST = 3, MOST = 4 };

static struct rate_limit *limit;

static int set_up(void **state)
{
	limit = rate_limit_new(INTERVAL, BURST, MOST);
	return limit ? 0 : -1;
}

static int tear_down(void **state)
{
	rate_limit_free(limit);
	return 0;
}

static int64_t take(const char *key, int64_t now)
{
	return rate_limit_take(limit, key, strlen(key), now);
}

static void a_burst_and_then_one_each_interval(void **state)
{
	for (int i = 0; i < BURST; i++)
		assert_int_equal(take("a", 1000), 0);
	assert_int_equal(take("a", 1000), INTERVAL);
	assert_int_equal(take("a", 1099), 1);
	assert_int_equal(take("a", 1100), 0);
	assert_int_equal(take("a", 1100), INTERVAL);
	/* Waiting longer saves up a burst, and no more. */
	for (int i = 0; i < BURST; i++)
		assert_int_equal(take("a", 1000000), 0);
	assert_int_equal(take("a", 1000000), INTERVAL);
}

static void asking_in_vain_costs_nothing(void **state)
{
	for (int i = 0; i < BURST; i++)
		take("a", 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(take("a", 50), INTERVAL - 50);
	assert_int_equal(take("a", INTERVAL), 0);
}

static void keys_are_whole_and_each_has_its_own(void **state)
{
	for (int i = 0; i < BURST; i++)
		take("a", 0);
	assert_int_not_equal(take("a", 0), 0);
	assert_int_equal(take("ab", 0), 0);
	assert_int_equal(take("", 0), 0);
	assert_int_equal(rate_limit_take(limit, "a\0", 2, 0), 0);
}

static void the_one_used_longest_ago_makes_room(void **state)
{
	static const char *const others[] = {"b", "c", "d"};

	for (int i = 0; i < BURST; i++)
		take("a", 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(take(others[i], 1), 0);
	/* "b" is used again, "a" was refused and counts as used. */
	assert_int_not_equal(take("a", 2), 0);
	assert_int_equal(take("e", 2), 0);
	assert_int_not_equal(take("a", 2), 0);
}

static void a_flood_of_keys_is_bounded_and_each_may_once(void **state)
{
	for (uint32_t key = 0; key < 100000; key++)
		assert_int_equal(rate_limit_take(limit, &key, sizeof(key), 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_burst_and_then_one_each_interval, set_up, tear_down),
		cmocka_unit_test_setup_teardown(asking_in_vain_costs_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_are_whole_and_each_has_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_one_used_longest_ago_makes_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_flood_of_keys_is_bounded_and_each_may_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
