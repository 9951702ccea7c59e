// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In which order policies are pushed: none before those that it calls, however many ways there are from one to the other.
 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "controller/cli/policy_levels.h"

#define WIDE 40 /* route-maps of a level, of which each calls each of the next: 40^9 ways */

static int level(json_object *levels, const char *name)
{
	json_object *found = NULL;

	assert_true(json_object_object_get_ex(levels, name, &found));
	return json_object_get_int(found);
}

static void each_is_behind_what_it_calls(void **state)
{
	json_object *calls = json_tokener_parse("{\"A\": [\"B\", \"D\", \"TYPED\"], \"B\": [\"C\"], \"C\": [\"D\"], \"D\": []}");
	json_object *levels = policy_levels(calls);

	assert_int_equal(level(levels, "D"), 1);
	assert_int_equal(level(levels, "C"), 2);
	assert_int_equal(level(levels, "B"), 3);
	assert_int_equal(level(levels, "A"), 4);
	/* What nobody pushes is in nobody's way. */
	assert_false(json_object_object_get_ex(levels, "TYPED", NULL));
	json_object_put(levels);
	json_object_put(calls);
}

static void a_circle_ends(void **state)
{
	json_object *calls = json_tokener_parse("{\"A\": [\"B\"], \"B\": [\"A\"], \"C\": [\"D\", \"C\"], \"D\": []}");
	json_object *levels = policy_levels(calls);

	assert_int_equal(level(levels, "A"), POLICY_LEVELS_MAX);
	assert_int_equal(level(levels, "B"), POLICY_LEVELS_MAX);
	assert_int_equal(level(levels, "C"), POLICY_LEVELS_MAX);
	assert_int_equal(level(levels, "D"), 1);
	json_object_put(levels);
	json_object_put(calls);
}

static void many_ways_are_no_more_work(void **state)
{
	json_object *calls = json_object_new_object(), *levels;
	char name[32];

	for (int depth = 1; depth <= 10; depth++)
		for (int i = 0; i < WIDE; i++) {
			json_object *called = json_object_new_array();

			for (int below = 0; depth > 1 && below < WIDE; below++) {
				snprintf(name, sizeof(name), "%d-%d", depth - 1, below);
				json_object_array_add(called, json_object_new_string(name));
			}
			snprintf(name, sizeof(name), "%d-%d", depth, i);
			json_object_object_add(calls, name, called);
		}
	levels = policy_levels(calls);
	assert_int_equal(json_object_object_length(levels), 10 * WIDE);
	for (int depth = 1; depth <= 10; depth++) {
		snprintf(name, sizeof(name), "%d-%d", depth, WIDE - 1);
		assert_int_equal(level(levels, name), depth);
	}
	json_object_put(levels);
	json_object_put(calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_behind_what_it_calls),
		cmocka_unit_test(a_circle_ends),
		cmocka_unit_test(many_ways_are_no_more_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
