// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the other side has, and what a push needs.
 */
#include "tests/unit/unit.h"

#include "lib/protocol_features.h"

static void what_is_not_known_is_passed_over(void **state)
{
	char *names[] = {"push", "", "push-options-2", "push-options"};

	assert_int_equal(protocol_features_read(NULL, 0), 0);
	assert_int_equal(protocol_features_read(names, 3), 0);
	assert_true(protocol_has_feature(protocol_features_read(names, 4), PROTOCOL_PUSH_OPTIONS));
	/* What we say of ourselves is read as all that there is. */
	assert_int_equal(protocol_features_read(protocol_feature_names, PROTOCOL_FEATURE_COUNT),
			 (1u << PROTOCOL_FEATURE_COUNT) - 1);
}

static void a_push_needs_what_it_says(void **state)
{
	Peering__Push push = PEERING__PUSH__INIT;

	assert_int_equal(protocol_features_of_push(&push), 0);
	push.expected_revision = 3; /* and nothing is expected */
	assert_int_equal(protocol_features_of_push(&push), 0);
	push.expects_revision = true;
	assert_true(protocol_has_feature(protocol_features_of_push(&push), PROTOCOL_PUSH_OPTIONS));
	push = (Peering__Push)PEERING__PUSH__INIT;
	push.dry_run = true;
	assert_true(protocol_has_feature(protocol_features_of_push(&push), PROTOCOL_PUSH_OPTIONS));
	push = (Peering__Push)PEERING__PUSH__INIT;
	push.confirm_seconds = 10;
	assert_true(protocol_has_feature(protocol_features_of_push(&push), PROTOCOL_PUSH_OPTIONS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_known_is_passed_over),
		cmocka_unit_test(a_push_needs_what_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
