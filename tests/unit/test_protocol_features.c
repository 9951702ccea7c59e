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

static void policies_that_are_to_be_confirmed_need_their_feature(void **state)
{
	Peering__WithdrawPolicy withdraw = PEERING__WITHDRAW_POLICY__INIT;
	Peering__Operation operation = PEERING__OPERATION__INIT, *operations[] = {&operation};
	Peering__Push push = PEERING__PUSH__INIT;

	operation.operation_case = PEERING__OPERATION__OPERATION_WITHDRAW_POLICY;
	operation.withdraw_policy = &withdraw;
	push.n_operations = 1;
	push.operations = operations;
	assert_int_equal(protocol_features_of_push(&push), UINT32_C(1) << PROTOCOL_POLICY_OBJECTS);
	push.confirm_seconds = 10;
	assert_true(protocol_has_feature(protocol_features_of_push(&push), PROTOCOL_CONFIRMED_POLICIES));
	operation.operation_case = PEERING__OPERATION__OPERATION__NOT_SET;
	assert_false(protocol_has_feature(protocol_features_of_push(&push), PROTOCOL_CONFIRMED_POLICIES));
}

static void what_is_said_of_sessions_and_timers_needs_its_feature(void **state)
{
	Peering__Neighbor neighbor = PEERING__NEIGHBOR__INIT, *neighbors[] = {&neighbor};
	Peering__DeclareConnection declare = PEERING__DECLARE_CONNECTION__INIT;
	Peering__Operation operation = PEERING__OPERATION__INIT, *operations[] = {&operation};
	Peering__Push push = PEERING__PUSH__INIT;

	operation.operation_case = PEERING__OPERATION__OPERATION_DECLARE;
	operation.declare = &declare;
	declare.n_neighbors = 1;
	declare.neighbors = neighbors;
	push.n_operations = 1;
	push.operations = operations;
	neighbor.address = "192.0.2.2";
	assert_int_equal(protocol_features_of_push(&push), 0);
	neighbor.password = "secret";
	assert_true(protocol_has_feature(protocol_features_of_push(&push), PROTOCOL_SESSION_SETTINGS));
	neighbor = (Peering__Neighbor)PEERING__NEIGHBOR__INIT;
	neighbor.local_address = "192.0.2.1/31";
	assert_true(protocol_has_feature(protocol_features_of_push(&push), PROTOCOL_SESSION_SETTINGS));
	neighbor.local_address = "";
	assert_int_equal(protocol_features_of_push(&push), 0);
	declare.stale_timer = 1;
	assert_true(protocol_has_feature(protocol_features_of_push(&push), PROTOCOL_SESSION_SETTINGS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_known_is_passed_over),
		cmocka_unit_test(a_push_needs_what_it_says),
		cmocka_unit_test(policies_that_are_to_be_confirmed_need_their_feature),
		cmocka_unit_test(what_is_said_of_sessions_and_timers_needs_its_feature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
