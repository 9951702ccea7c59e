// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks the whole table: every state, every event, every combination of facts. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/lifecycle.h"

#define FACTS_COUNT (KIND_COUNT * 2 * 2 * 2)

static struct lifecycle_facts facts_number(unsigned int number)
{
	struct lifecycle_facts facts = {.kind = number % KIND_COUNT};

	number /= KIND_COUNT;
	facts.discovered = number & 1;
	facts.passed = number & 2;
	facts.link_tested = number & 4;
	return facts;
}

/* for each (state, event, facts, outcome); the names below are for the body */
#define WALK_ALL                                                                                                       \
	for (int from = 0; from < STATE_COUNT; from++)                                                                 \
		for (int event = 0; event < EVENT_COUNT; event++)                                                      \
			for (unsigned int number = 0; number < FACTS_COUNT; number++)

#define OUTCOME                                                                                                        \
	struct lifecycle_facts facts = facts_number(number);                                                           \
	struct lifecycle_outcome outcome = lifecycle_judge(from, event, &facts)

/* The rows of the documented table, by name: from, on, under which facts, to. */
enum any { ANY = -1 };
static const struct documented {
	const char *row;
	enum connection_state from;
	enum lifecycle_event event;
	int kind, discovered, passed, link_tested; /* ANY, or the value that the row asks for */
	enum connection_state to;
} documented[] = {
	{"1", STATE_NONE, EVENT_REQUEST, ANY, ANY, ANY, ANY, STATE_PENDING_APPROVAL},
	{"2", STATE_PENDING_APPROVAL, EVENT_APPROVE, KIND_DIRECT, 0, ANY, ANY, STATE_PROVISIONING_STARTED},
	{"2a", STATE_PENDING_APPROVAL, EVENT_APPROVE, ANY, 1, ANY, ANY, STATE_PROVISIONING_COMPLETED},
	{"3", STATE_PENDING_APPROVAL, EVENT_APPROVE, KIND_EXCHANGE, 0, ANY, ANY, STATE_APPROVED},
	{"3", STATE_PENDING_APPROVAL, EVENT_APPROVE, KIND_ROUTE_SERVER, 0, ANY, ANY, STATE_APPROVED},
	{"4", STATE_APPROVED, EVENT_PROVISION, ANY, ANY, ANY, ANY, STATE_PROVISIONING_COMPLETED},
	{"4", STATE_APPROVED, EVENT_READY, ANY, ANY, ANY, ANY, STATE_PROVISIONING_COMPLETED},
	{"5", STATE_PENDING_APPROVAL, EVENT_REJECT, ANY, ANY, ANY, ANY, STATE_NONE},
	{"5", STATE_PENDING_APPROVAL, EVENT_WITHDRAW, ANY, ANY, ANY, ANY, STATE_NONE},
	{"6", STATE_PROVISIONING_STARTED, EVENT_READY, ANY, ANY, ANY, ANY, STATE_PROVISIONING_COMPLETED},
	{"7", STATE_PROVISIONING_STARTED, EVENT_APPLY_ERROR, ANY, ANY, ANY, ANY, STATE_PROVISIONING_FAILED},
	{"7", STATE_PROVISIONING_COMPLETED, EVENT_APPLY_ERROR, ANY, ANY, ANY, ANY, STATE_PROVISIONING_FAILED},
	{"8", STATE_PROVISIONING_COMPLETED, EVENT_ESTABLISHED, ANY, ANY, ANY, ANY, STATE_VALIDATING},
	{"9", STATE_VALIDATING, EVENT_ACTIVATE, ANY, ANY, 1, ANY, STATE_ACTIVE},
	{"9", STATE_VALIDATING, EVENT_PASSED, ANY, ANY, 1, ANY, STATE_ACTIVE},
	{"10", STATE_VALIDATING, EVENT_APPLY_ERROR, ANY, ANY, ANY, ANY, STATE_PROVISIONING_FAILED},
	{"11", STATE_VALIDATING, EVENT_SESSION_LOST, ANY, ANY, ANY, ANY, STATE_PROVISIONING_COMPLETED},
	{"12", STATE_PROVISIONING_FAILED, EVENT_RETRY, ANY, ANY, ANY, 0, STATE_PROVISIONING_STARTED},
	{"12", STATE_PROVISIONING_FAILED, EVENT_RETRY, ANY, ANY, ANY, 1, STATE_PROVISIONING_COMPLETED},
	{"13", STATE_PROVISIONING_FAILED, EVENT_WITHDRAW, ANY, ANY, ANY, ANY, STATE_NONE},
	{"13", STATE_APPROVED, EVENT_WITHDRAW, ANY, ANY, ANY, ANY, STATE_NONE},
	{"14", STATE_ACTIVE, EVENT_DEPROVISION, ANY, ANY, ANY, ANY, STATE_PENDING_REMOVE},
	{"14b", STATE_PENDING_REMOVE, EVENT_CANCEL, ANY, ANY, ANY, ANY, STATE_ACTIVE},
	{"15", STATE_PENDING_REMOVE, EVENT_DRAINED, ANY, ANY, ANY, ANY, STATE_NONE},
	{"21", STATE_NONE, EVENT_ADOPT, ANY, ANY, ANY, ANY, STATE_ACTIVE},
	{"21", STATE_PENDING_APPROVAL, EVENT_ADOPT, ANY, 1, ANY, ANY, STATE_ACTIVE},
	{"26", STATE_PENDING_APPROVAL, EVENT_FORCE_CANCEL, ANY, ANY, ANY, ANY, STATE_NONE},
	{"26", STATE_APPROVED, EVENT_FORCE_CANCEL, ANY, ANY, ANY, ANY, STATE_NONE},
	{"26", STATE_PROVISIONING_STARTED, EVENT_FORCE_CANCEL, ANY, ANY, ANY, ANY, STATE_NONE},
	{"26", STATE_PROVISIONING_COMPLETED, EVENT_FORCE_CANCEL, ANY, ANY, ANY, ANY, STATE_NONE},
	{"26", STATE_VALIDATING, EVENT_FORCE_CANCEL, ANY, ANY, ANY, ANY, STATE_NONE},
	{"26", STATE_EXTERNAL_BLOCKER, EVENT_FORCE_CANCEL, ANY, ANY, ANY, ANY, STATE_NONE},
	{"26", STATE_PROVISIONING_FAILED, EVENT_FORCE_CANCEL, ANY, ANY, ANY, ANY, STATE_NONE},
};

#define DOCUMENTED_COUNT (sizeof(documented) / sizeof(documented[0]))

static bool asks_for(int wanted, int value)
{
	return wanted == ANY || wanted == value;
}

static bool applies(const struct documented *row, int from, int event, const struct lifecycle_facts *facts)
{
	return (int)row->from == from && (int)row->event == event && asks_for(row->kind, facts->kind) &&
	       asks_for(row->discovered, facts->discovered) && asks_for(row->passed, facts->passed) &&
	       asks_for(row->link_tested, facts->link_tested);
}

static void every_documented_row_is_in_the_table(void **state)
{
	bool hit[DOCUMENTED_COUNT] = {false};

	WALK_ALL
	{
		OUTCOME;

		for (size_t i = 0; i < DOCUMENTED_COUNT; i++) {
			if (!applies(&documented[i], from, event, &facts))
				continue;
			hit[i] = true;
			if (outcome.refusal != REFUSAL_NONE || outcome.unchanged || outcome.to != documented[i].to ||
			    strcmp(outcome.row, documented[i].row) != 0)
				fail_msg("row %s: %s on %s leads to %s by row %s", documented[i].row,
					 connection_state_name(from), lifecycle_event_name(event),
					 connection_state_name(outcome.to), outcome.row);
		}
	}
	for (size_t i = 0; i < DOCUMENTED_COUNT; i++)
		assert_true(hit[i]);
}

/* The other way round: what changes a state is documented. And exactly one row speaks for it. */
static void nothing_else_changes_a_state(void **state)
{
	WALK_ALL
	{
		OUTCOME;
		int rows = 0;

		for (size_t i = 0; i < DOCUMENTED_COUNT; i++)
			rows += applies(&documented[i], from, event, &facts);
		if ((int)outcome.to != from && rows != 1)
			fail_msg("%s on %s leads to %s, which %d rows document", connection_state_name(from),
				 lifecycle_event_name(event), connection_state_name(outcome.to), rows);
	}
}

/* Accepted with a change, accepted without one, or refused; and each with a row of the document. */
static void each_outcome_is_whole(void **state)
{
	WALK_ALL
	{
		OUTCOME;

		assert_non_null(outcome.row);
		assert_true((int)outcome.to >= 0 && outcome.to < STATE_COUNT);
		if (outcome.refusal != REFUSAL_NONE) {
			assert_int_equal(outcome.to, from);
			assert_false(outcome.unchanged);
		} else if (outcome.unchanged) {
			assert_int_equal(outcome.to, from);
			assert_true(lifecycle_is_verb(event));
		} else {
			assert_int_not_equal(outcome.to, from);
		}
		if (outcome.refusal == REFUSAL_NOT_ALLOWED)
			assert_string_equal(outcome.row, "25");
		if (outcome.refusal == REFUSAL_DELETE)
			assert_string_equal(outcome.row, "22");
		if (outcome.refusal == REFUSAL_NOT_PASSED)
			assert_string_equal(outcome.row, "9");
	}
}

/* Invariant 2: a gate that does not pass everything begins to only by these rows. */
static void only_rows_9_14b_and_21_open_a_gate(void **state)
{
	int opened = 0;

	WALK_ALL
	{
		OUTCOME;

		if (lifecycle_gate(from) == GATE_ALLOW || lifecycle_gate(outcome.to) != GATE_ALLOW)
			continue;
		opened++;
		if (strcmp(outcome.row, "9") != 0 && strcmp(outcome.row, "14b") != 0 && strcmp(outcome.row, "21") != 0)
			fail_msg("row %s opens the gate of %s", outcome.row, connection_state_name(from));
	}
	assert_true(opened > 0);
}

/* And a closed one begins to drain, which passes routes too, by no row at all. */
static void no_row_leads_from_deny_to_drain(void **state)
{
	WALK_ALL
	{
		OUTCOME;

		assert_false(lifecycle_gate(from) == GATE_DENY && lifecycle_gate(outcome.to) == GATE_DRAIN);
	}
}

/* Validating becomes Active by nothing where a required check has not passed. */
static void validation_cannot_be_passed_by(void **state)
{
	WALK_ALL
	{
		OUTCOME;

		if (from != STATE_VALIDATING || facts.passed)
			continue;
		assert_int_not_equal(outcome.to, STATE_ACTIVE);
		if (event == EVENT_ACTIVATE || event == EVENT_PASSED)
			assert_int_equal(outcome.refusal, REFUSAL_NOT_PASSED);
	}
}

static void delete_is_refused_by_name_where_the_work_runs(void **state)
{
	WALK_ALL
	{
		OUTCOME;
		bool running = from == STATE_PROVISIONING_STARTED || from == STATE_PROVISIONING_COMPLETED ||
			       from == STATE_VALIDATING;

		if (event == EVENT_DELETE)
			assert_int_equal(outcome.refusal, running ? REFUSAL_DELETE : REFUSAL_NOT_ALLOWED);
	}
}

/* Invariant 6, for the verbs that lead to one place: typed again where they have led, they change nothing. */
static void a_repeated_verb_is_accepted_and_changes_nothing(void **state)
{
	static const enum lifecycle_event verbs[] = {EVENT_REQUEST, EVENT_READY, EVENT_ACTIVATE, EVENT_ADOPT,
						     EVENT_DEPROVISION, EVENT_PROVISION};

	WALK_ALL
	{
		OUTCOME;
		bool judged = false;

		for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			judged |= (int)verbs[i] == event;
		if (!judged || outcome.refusal != REFUSAL_NONE || outcome.unchanged)
			continue;
		outcome = lifecycle_judge(outcome.to, event, &facts);
		assert_int_equal(outcome.refusal, REFUSAL_NONE);
		assert_true(outcome.unchanged);
	}
	/* approve leads to two places, by the kind */
	for (unsigned int number = 0; number < FACTS_COUNT; number++) {
		struct lifecycle_facts facts = facts_number(number);

		assert_true(lifecycle_judge(STATE_APPROVED, EVENT_APPROVE, &facts).unchanged);
		assert_true(lifecycle_judge(STATE_PROVISIONING_STARTED, EVENT_APPROVE, &facts).unchanged);
	}
}

static void what_is_out_of_range_is_refused(void **state)
{
	struct lifecycle_facts facts = facts_number(0);

	assert_int_equal(lifecycle_judge(STATE_COUNT, EVENT_ADOPT, &facts).refusal, REFUSAL_NOT_ALLOWED);
	assert_int_equal(lifecycle_judge(-1, EVENT_ADOPT, &facts).refusal, REFUSAL_NOT_ALLOWED);
	assert_int_equal(lifecycle_judge(STATE_NONE, EVENT_COUNT, &facts).refusal, REFUSAL_NOT_ALLOWED);
	assert_int_equal(lifecycle_judge(STATE_NONE, -1, &facts).refusal, REFUSAL_NOT_ALLOWED);
	assert_int_equal(lifecycle_gate(STATE_COUNT), GATE_DENY);
	assert_int_equal(lifecycle_gate(-1), GATE_DENY);
}

/* The table of states: what the gate is, and whether the neighbors are shut. */
static void gate_and_shutdown_of_each_state(void **state)
{
	static const struct {
		enum connection_state state;
		enum gate_position gate;
		bool shut;
	} expected[] = {
		{STATE_NONE, GATE_DENY, true},
		{STATE_PENDING_APPROVAL, GATE_DENY, false},
		{STATE_APPROVED, GATE_DENY, true},
		{STATE_PROVISIONING_STARTED, GATE_DENY, true},
		{STATE_PROVISIONING_COMPLETED, GATE_DENY, false},
		{STATE_VALIDATING, GATE_DENY, false},
		{STATE_ACTIVE, GATE_ALLOW, false},
		{STATE_TYPE_CHANGE_REQUESTED, GATE_ALLOW, false},
		{STATE_TYPE_CHANGE_IN_PROGRESS, GATE_DRAIN, false},
		{STATE_EXTERNAL_BLOCKER, GATE_DENY, false},
		{STATE_PROVISIONING_FAILED, GATE_DENY, true},
		{STATE_PENDING_REMOVE, GATE_DRAIN, false},
	};

	assert_int_equal(sizeof(expected) / sizeof(expected[0]), STATE_COUNT);
	for (int i = 0; i < STATE_COUNT; i++) {
		assert_int_equal(expected[i].state, i);
		assert_int_equal(lifecycle_gate(i), expected[i].gate);
		assert_int_equal(lifecycle_shut(i), expected[i].shut);
	}
}

static void allowed_verbs_in_words(void **state)
{
	struct lifecycle_facts facts = facts_number(0);
	char text[256], short_text[8];

	lifecycle_allowed(STATE_VALIDATING, &facts, text, sizeof(text));
	assert_string_equal(text, "activate, force-cancel");
	lifecycle_allowed(STATE_ACTIVE, &facts, text, sizeof(text));
	assert_string_equal(text, "deprovision");
	lifecycle_allowed(STATE_PENDING_REMOVE, &facts, text, sizeof(text));
	assert_string_equal(text, "cancel");
	lifecycle_allowed(STATE_NONE, &facts, text, sizeof(text));
	assert_string_equal(text, "request, adopt");
	facts.ended = true;
	lifecycle_allowed(STATE_NONE, &facts, text, sizeof(text));
	assert_string_equal(text, "request");
	assert_int_equal(lifecycle_judge(STATE_NONE, EVENT_ADOPT, &facts).refusal, REFUSAL_ENDED);
	facts.ended = false;
	lifecycle_allowed(STATE_TYPE_CHANGE_REQUESTED, &facts, text, sizeof(text));
	assert_string_equal(text, "none");
	/* cut, and ended with a NUL */
	lifecycle_allowed(STATE_VALIDATING, &facts, short_text, sizeof(short_text));
	assert_string_equal(short_text, "activat");
}

/* Each verb in the text is accepted, and each that would be accepted is in the text. */
static void allowed_verbs_are_those_that_are_accepted(void **state)
{
	for (int from = 0; from < STATE_COUNT; from++) {
		for (unsigned int number = 0; number < FACTS_COUNT; number++) {
			struct lifecycle_facts facts = facts_number(number);
			char text[256], padded[300];

			lifecycle_allowed(from, &facts, text, sizeof(text));
			snprintf(padded, sizeof(padded), ", %s, ", text);
			facts.passed = true;
			for (int event = 0; event < EVENT_COUNT; event++) {
				struct lifecycle_outcome outcome = lifecycle_judge(from, event, &facts);
				bool listed = lifecycle_is_verb(event) && event != EVENT_PROVISION &&
					      outcome.refusal == REFUSAL_NONE && !outcome.unchanged;
				char word[40];

				snprintf(word, sizeof(word), ", %s, ", lifecycle_event_name(event));
				assert_int_equal(strstr(padded, word) != NULL, listed);
			}
		}
	}
}

#define ROUND_TRIP(count, name_of, from_name)                                                                          \
	do {                                                                                                           \
		for (int i = 0; i < (count); i++) {                                                                    \
			assert_string_not_equal(name_of(i), "?");                                                      \
			assert_int_equal(from_name(name_of(i)), i);                                                    \
		}                                                                                                      \
		assert_string_equal(name_of(count), "?");                                                              \
		assert_string_equal(name_of(-1), "?");                                                                 \
		assert_int_equal(from_name("?"), -1);                                                                  \
		assert_int_equal(from_name(""), -1);                                                                   \
		assert_int_equal(from_name(NULL), -1);                                                                 \
	} while (0)

static void names_round_trip(void **state)
{
	ROUND_TRIP(STATE_COUNT, connection_state_name, connection_state_from_name);
	ROUND_TRIP(KIND_COUNT, connection_kind_name, connection_kind_from_name);
	ROUND_TRIP(ACTIVATION_COUNT, activation_mode_name, activation_mode_from_name);
	ROUND_TRIP(GATE_COUNT, gate_position_name, gate_position_from_name);
	ROUND_TRIP(EVENT_COUNT, lifecycle_event_name, lifecycle_event_from_name);
}

/* The public names, to the letter. */
static void state_names_are_the_public_ones(void **state)
{
	static const char *const names[] = {
		"None",		    "PendingApproval",	    "Approved",	       "ProvisioningStarted", "ProvisioningCompleted",
		"Validating",	    "Active",		    "TypeChangeRequested", "TypeChangeInProgress", "ExternalBlocker",
		"ProvisioningFailed", "PendingRemove",
	};

	assert_int_equal(sizeof(names) / sizeof(names[0]), STATE_COUNT);
	for (int i = 0; i < STATE_COUNT; i++)
		assert_string_equal(connection_state_name(i), names[i]);
	assert_int_equal(connection_state_from_name("active"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_documented_row_is_in_the_table),
		cmocka_unit_test(nothing_else_changes_a_state),
		cmocka_unit_test(each_outcome_is_whole),
		cmocka_unit_test(only_rows_9_14b_and_21_open_a_gate),
		cmocka_unit_test(no_row_leads_from_deny_to_drain),
		cmocka_unit_test(validation_cannot_be_passed_by),
		cmocka_unit_test(delete_is_refused_by_name_where_the_work_runs),
		cmocka_unit_test(a_repeated_verb_is_accepted_and_changes_nothing),
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(gate_and_shutdown_of_each_state),
		cmocka_unit_test(allowed_verbs_in_words),
		cmocka_unit_test(allowed_verbs_are_those_that_are_accepted),
		cmocka_unit_test(names_round_trip),
		cmocka_unit_test(state_names_are_the_public_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
