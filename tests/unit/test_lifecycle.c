// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks the whole table: every state, every event, every combination of facts. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/lifecycle.h"

/* Every combination of what the guards look at. */
static const enum connection_state formers[] = {STATE_NONE, STATE_PROVISIONING_STARTED, STATE_PROVISIONING_COMPLETED,
						STATE_VALIDATING};
#define FORMER_COUNT (sizeof(formers) / sizeof(formers[0]))
#define FACTS_COUNT ((KIND_COUNT * FORMER_COUNT) << 10)

static struct lifecycle_facts facts_number(size_t number)
{
	struct lifecycle_facts facts = {.kind = number % KIND_COUNT};

	number /= KIND_COUNT;
	facts.former = formers[number % FORMER_COUNT];
	number /= FORMER_COUNT;
	facts.discovered = number & 1;
	facts.ended = number & 2;
	facts.passed = number & 4;
	facts.link_tested = number & 8;
	facts.draining = number & 16;
	facts.maintenance = number & 32;
	facts.deny_on_violation = number & 64;
	facts.violated = number & 128;
	facts.held = number & 256;
	facts.sibling = number & 512;
	return facts;
}

/* One place of the walk. */
struct step {
	int from, event;
	struct lifecycle_facts facts;
	struct lifecycle_outcome outcome;
};

static bool is_row(const struct step *step, const char *row)
{
	return strcmp(step->outcome.row, row) == 0;
}

static bool changes(const struct step *step)
{
	return step->outcome.refusal == REFUSAL_NONE && !step->outcome.unchanged;
}

#define SET(state) (1u << (state))
#define BEFORE_SERVICE                                                                                                 \
	(SET(STATE_PROVISIONING_STARTED) | SET(STATE_PROVISIONING_COMPLETED) | SET(STATE_VALIDATING))

/*
 * The rows of the documented table once more, written down by hand from the document: from, on, under which facts, to.
 * The page is made from the code; this is what holds the code to its design.
 */
enum wanted { ANY = 0, YES, NO };
static const struct documented {
	const char *row;
	unsigned int from;
	enum lifecycle_event event;
	int to; /* SAME, or FORMER */
	enum gate_effect effect;
	enum wanted direct, discovered, ended, passed, link_tested, draining, maintenance, deny, violated, held, sibling;
} documented[] = {
#define SAME (-1)
#define FORMER (-2)
	{"1", SET(STATE_NONE), EVENT_REQUEST, STATE_PENDING_APPROVAL},
	{"2", SET(STATE_PENDING_APPROVAL), EVENT_APPROVE, STATE_PROVISIONING_STARTED, .direct = YES, .discovered = NO},
	{"2a", SET(STATE_PENDING_APPROVAL), EVENT_APPROVE, STATE_PROVISIONING_COMPLETED, .discovered = YES},
	{"3", SET(STATE_PENDING_APPROVAL), EVENT_APPROVE, STATE_APPROVED, .direct = NO, .discovered = NO},
	{"4", SET(STATE_APPROVED), EVENT_PROVISION, STATE_PROVISIONING_COMPLETED},
	{"4", SET(STATE_APPROVED), EVENT_READY, STATE_PROVISIONING_COMPLETED},
	{"5", SET(STATE_PENDING_APPROVAL), EVENT_REJECT, STATE_NONE},
	{"5", SET(STATE_PENDING_APPROVAL), EVENT_WITHDRAW, STATE_NONE},
	{"6", SET(STATE_PROVISIONING_STARTED), EVENT_READY, STATE_PROVISIONING_COMPLETED},
	{"7", SET(STATE_PROVISIONING_STARTED) | SET(STATE_PROVISIONING_COMPLETED), EVENT_APPLY_ERROR,
	 STATE_PROVISIONING_FAILED},
	{"7", SET(STATE_PROVISIONING_STARTED) | SET(STATE_PROVISIONING_COMPLETED), EVENT_TIMED_OUT,
	 STATE_PROVISIONING_FAILED},
	{"8", SET(STATE_PROVISIONING_COMPLETED), EVENT_ESTABLISHED, STATE_VALIDATING},
	{"9", SET(STATE_VALIDATING), EVENT_ACTIVATE, STATE_ACTIVE, .passed = YES},
	{"9", SET(STATE_VALIDATING), EVENT_PASSED, STATE_ACTIVE, .passed = YES},
	{"10", SET(STATE_VALIDATING), EVENT_APPLY_ERROR, STATE_PROVISIONING_FAILED},
	{"10", SET(STATE_VALIDATING), EVENT_TIMED_OUT, STATE_PROVISIONING_FAILED},
	{"10", SET(STATE_PROVISIONING_COMPLETED) | SET(STATE_VALIDATING), EVENT_WRONG_ASN, STATE_PROVISIONING_FAILED},
	{"11", SET(STATE_VALIDATING), EVENT_SESSION_LOST, STATE_PROVISIONING_COMPLETED},
	{"12", SET(STATE_PROVISIONING_FAILED), EVENT_RETRY, STATE_PROVISIONING_STARTED, .link_tested = NO},
	{"12", SET(STATE_PROVISIONING_FAILED), EVENT_RETRY, STATE_PROVISIONING_COMPLETED, .link_tested = YES},
	{"13", SET(STATE_PROVISIONING_FAILED) | SET(STATE_APPROVED), EVENT_WITHDRAW, STATE_NONE},
	{"14", SET(STATE_ACTIVE), EVENT_DEPROVISION, STATE_PENDING_REMOVE},
	{"14b", SET(STATE_PENDING_REMOVE), EVENT_CANCEL, STATE_ACTIVE, .draining = YES},
	{"15", SET(STATE_PENDING_REMOVE), EVENT_DRAINED, STATE_NONE},
	{"16", SET(STATE_ACTIVE), EVENT_TYPE_CHANGE, STATE_TYPE_CHANGE_REQUESTED},
	{"16", SET(STATE_TYPE_CHANGE_REQUESTED), EVENT_CANCEL, STATE_ACTIVE},
	{"17", SET(STATE_TYPE_CHANGE_REQUESTED), EVENT_TYPE_CHANGE_START, STATE_TYPE_CHANGE_IN_PROGRESS, .sibling = YES},
	{"18", SET(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_ACTIVATE, STATE_ACTIVE, .passed = YES},
	{"18", SET(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_PASSED, STATE_ACTIVE, .passed = YES},
	{"19", SET(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_CANCEL, STATE_ACTIVE},
	{"19", SET(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_APPLY_ERROR, STATE_ACTIVE},
	{"19a", SET(STATE_TYPE_CHANGE_REQUESTED) | SET(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_DEPROVISION,
	 STATE_PENDING_REMOVE},
	{"20", BEFORE_SERVICE, EVENT_BLOCK, STATE_EXTERNAL_BLOCKER},
	{"20", SET(STATE_EXTERNAL_BLOCKER), EVENT_UNBLOCK, FORMER},
	{"21", SET(STATE_NONE), EVENT_ADOPT, STATE_ACTIVE, .ended = NO},
	{"21", SET(STATE_PENDING_APPROVAL), EVENT_ADOPT, STATE_ACTIVE, .discovered = YES},
	{"24", SET(STATE_ACTIVE), EVENT_VIOLATION, SAME, EFFECT_CLOSES, .deny = YES},
	{"24b", SET(STATE_ACTIVE), EVENT_REOPEN, SAME, EFFECT_OPENS, .violated = YES, .passed = YES},
	{"24b", SET(STATE_ACTIVE), EVENT_PASSED, SAME, EFFECT_OPENS, .violated = YES, .passed = YES},
	{"26", BEFORE_SERVICE | SET(STATE_PENDING_APPROVAL) | SET(STATE_APPROVED) | SET(STATE_EXTERNAL_BLOCKER) |
		       SET(STATE_PROVISIONING_FAILED),
	 EVENT_FORCE_CANCEL, STATE_NONE},
	{"27", SET(STATE_ACTIVE), EVENT_SESSION_CHANGED, SAME, EFFECT_CLOSES},
	{"27", SET(STATE_ACTIVE), EVENT_ACTIVATE, SAME, EFFECT_OPENS, .held = YES, .passed = YES},
	{"27", SET(STATE_ACTIVE), EVENT_PASSED, SAME, EFFECT_OPENS, .held = YES, .passed = YES, .violated = NO},
	{"27b", SET(STATE_ACTIVE), EVENT_EDITED, SAME},
	{"30", SET(STATE_PENDING_APPROVAL) | SET(STATE_PROVISIONING_COMPLETED) | SET(STATE_VALIDATING) |
		       SET(STATE_EXTERNAL_BLOCKER),
	 EVENT_ACTIVATE_FORCE, STATE_ACTIVE},
	{"30", SET(STATE_ACTIVE), EVENT_ACTIVATE_FORCE, SAME, EFFECT_OPENS, .violated = YES},
	{"31", SET(STATE_ACTIVE), EVENT_MAINTENANCE_ON, SAME, EFFECT_DRAINS, .maintenance = NO},
	{"31", SET(STATE_ACTIVE), EVENT_MAINTENANCE_OFF, SAME, EFFECT_OPENS, .maintenance = YES},
};

#define DOCUMENTED_COUNT (sizeof(documented) / sizeof(documented[0]))

static bool agrees(enum wanted wanted, bool fact)
{
	return wanted == ANY || (wanted == YES) == fact;
}

static bool applies(const struct documented *row, const struct step *step)
{
	const struct lifecycle_facts *facts = &step->facts;

	return (int)row->event == step->event && row->from & SET(step->from) &&
	       (row->to != FORMER || facts->former != STATE_NONE) && agrees(row->direct, facts->kind == KIND_DIRECT) &&
	       agrees(row->discovered, facts->discovered) && agrees(row->ended, facts->ended) &&
	       agrees(row->passed, facts->passed) && agrees(row->link_tested, facts->link_tested) &&
	       agrees(row->draining, facts->draining) && agrees(row->maintenance, facts->maintenance) &&
	       agrees(row->deny, facts->deny_on_violation) && agrees(row->violated, facts->violated) &&
	       agrees(row->held, facts->held) && agrees(row->sibling, facts->sibling);
}

static int documented_to(const struct documented *row, const struct step *step)
{
	return row->to == SAME ? step->from : row->to == FORMER ? (int)step->facts.former : row->to;
}

/* What changes something is documented, by exactly one row, which says so; and what is documented is in the table. */
static bool documented_hit[DOCUMENTED_COUNT];

static void the_table_is_the_documented_one(const struct step *step)
{
	int rows = 0;

	for (size_t i = 0; i < DOCUMENTED_COUNT; i++) {
		if (!applies(&documented[i], step))
			continue;
		rows++;
		documented_hit[i] = true;
		if (!changes(step) || (int)step->outcome.to != documented_to(&documented[i], step) ||
		    step->outcome.effect != documented[i].effect || !is_row(step, documented[i].row))
			fail_msg("row %s: %s on %s leads to %s by row %s", documented[i].row,
				 connection_state_name(step->from), lifecycle_event_name(step->event),
				 connection_state_name(step->outcome.to), step->outcome.row);
	}
	if (rows != changes(step))
		fail_msg("%s on %s leads to %s by row %s, which %d rows document", connection_state_name(step->from),
			 lifecycle_event_name(step->event), connection_state_name(step->outcome.to), step->outcome.row,
			 rows);
}

/* Accepted with a change, accepted without one, or refused; and each with a row of the document. */
static void the_outcome_is_whole(const struct step *step)
{
	const struct lifecycle_outcome *outcome = &step->outcome;

	assert_non_null(outcome->row);
	assert_true((int)outcome->to >= 0 && outcome->to < STATE_COUNT);
	if (!changes(step)) {
		assert_int_equal(outcome->to, step->from);
		assert_int_equal(outcome->effect, EFFECT_NONE);
	}
	if (outcome->refusal != REFUSAL_NONE)
		assert_false(outcome->unchanged);
	/* What moves no state does something to gates, or it is the new generation of 27b. */
	if (changes(step) && (int)outcome->to == step->from)
		assert_true(outcome->effect != EFFECT_NONE || is_row(step, "27b"));
	/* What changes gates beside the state happens where there are open ones, and leaves the state alone. */
	if (outcome->effect != EFFECT_NONE) {
		assert_int_equal(step->from, STATE_ACTIVE);
		assert_int_equal(outcome->to, STATE_ACTIVE);
	}
	switch (outcome->refusal) {
	case REFUSAL_NONE:
		if (outcome->unchanged)
			assert_true(is_row(step, "25") ? lifecycle_is_verb(step->event) : is_row(step, "23"));
		break;
	case REFUSAL_NOT_ALLOWED:
		assert_true(is_row(step, "25"));
		break;
	case REFUSAL_NOT_PASSED:
		assert_false(step->facts.passed);
		assert_true(is_row(step, "9") || is_row(step, "18") || is_row(step, "24b") || is_row(step, "27"));
		break;
	case REFUSAL_DELETE:
		assert_true(is_row(step, "22"));
		break;
	case REFUSAL_ENDED:
		assert_true(is_row(step, "21") && step->facts.ended);
		break;
	case REFUSAL_NO_SIBLING:
		assert_true(is_row(step, "17") && !step->facts.sibling);
		break;
	}
}

/* Invariant 2. */
static bool loosening_hit;

static void only_the_rows_of_the_invariant_open_a_gate(const struct step *step)
{
	static const char *const rows[] = {"9", "14b", "18", "19", "21", "24b", "27", "30", "31"};
	bool opens = step->outcome.effect == EFFECT_OPENS ||
		     (lifecycle_gate(step->from) != GATE_ALLOW && lifecycle_gate(step->outcome.to) == GATE_ALLOW);
	bool listed = false;

	assert_int_equal(lifecycle_loosens(step->from, &step->outcome), opens);
	loosening_hit |= opens;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		listed |= is_row(step, rows[i]);
	if (opens && !listed)
		fail_msg("row %s opens the gate of %s", step->outcome.row, connection_state_name(step->from));
}

/* A closed gate begins to drain, which passes routes too, by no row at all. */
static void no_row_leads_from_deny_to_drain(const struct step *step)
{
	assert_false(lifecycle_gate(step->from) == GATE_DENY && lifecycle_gate(step->outcome.to) == GATE_DRAIN);
	if (step->outcome.effect == EFFECT_DRAINS)
		assert_int_equal(lifecycle_gate(step->from), GATE_ALLOW);
}

/* Nothing that has to pass a validation opens without; what opens without one is a person's, or was open before. */
static void the_validation_cannot_be_passed_by(const struct step *step)
{
	static const char *const without[] = {"14b", "19", "21", "30", "31"};
	bool may = false;

	if (step->facts.passed || !lifecycle_loosens(step->from, &step->outcome))
		return;
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
		may |= is_row(step, without[i]);
	if (!may)
		fail_msg("row %s opens without a pass", step->outcome.row);
	/* Of the router's own accord only a type change that cannot be carried out does: back to what had passed. */
	if (!lifecycle_is_verb(step->event))
		assert_true(is_row(step, "19"));
}

/* What happens on the router takes nothing out of service; only a failure of what is not in service ends anything. */
static void the_router_takes_nothing_out_of_service(const struct step *step)
{
	if (lifecycle_is_verb(step->event) || lifecycle_gate(step->from) != GATE_ALLOW)
		return;
	assert_int_equal(lifecycle_gate(step->outcome.to), GATE_ALLOW);
	if (step->outcome.effect == EFFECT_CLOSES)
		assert_true(is_row(step, "27") || (is_row(step, "24") && step->facts.deny_on_violation));
}

/* Rows 22 and 26. */
static void delete_and_force_cancel(const struct step *step)
{
	bool running = BEFORE_SERVICE & SET(step->from);
	bool in_service = step->from == STATE_ACTIVE || step->from == STATE_TYPE_CHANGE_REQUESTED ||
			  step->from == STATE_TYPE_CHANGE_IN_PROGRESS || step->from == STATE_PENDING_REMOVE;

	if (step->event == EVENT_DELETE)
		assert_int_equal(step->outcome.refusal, running ? REFUSAL_DELETE : REFUSAL_NOT_ALLOWED);
	if (step->event == EVENT_FORCE_CANCEL)
		assert_int_equal(changes(step), !in_service && step->from != STATE_NONE);
}

/* Invariant 6: typed again where it has led, a verb is no error and changes nothing. */
static void a_repeated_verb_changes_nothing(const struct step *step)
{
	struct lifecycle_facts facts = step->facts;
	struct lifecycle_outcome again;

	/* What ends a connection has nothing left to be said to, and `retry` and `unblock` lead back into the work. */
	if (!lifecycle_is_verb(step->event) || !changes(step) || step->event == EVENT_CANCEL ||
	    step->outcome.to == STATE_NONE || step->event == EVENT_RETRY || step->event == EVENT_UNBLOCK ||
	    is_row(step, "2a"))
		return;
	if (step->event == EVENT_MAINTENANCE_ON || step->event == EVENT_MAINTENANCE_OFF)
		facts.maintenance = step->event == EVENT_MAINTENANCE_ON;
	facts.violated = facts.held = false;
	again = lifecycle_judge(step->outcome.to, step->event, &facts);
	if (again.refusal != REFUSAL_NONE || !again.unchanged)
		fail_msg("%s again in %s", lifecycle_event_name(step->event), connection_state_name(step->outcome.to));
}

/* Each verb that is listed as allowed is accepted, once what it waits for is there; and the other way round. */
static void what_is_allowed_is_accepted(const struct step *step)
{
	struct lifecycle_facts facts = step->facts;
	struct lifecycle_outcome outcome;
	bool accepted;

	facts.passed = facts.sibling = true;
	outcome = lifecycle_judge(step->from, step->event, &facts);
	accepted = outcome.refusal == REFUSAL_NONE && !outcome.unchanged;
	assert_int_equal(lifecycle_is_allowed(step->from, step->event, &step->facts),
			 lifecycle_is_verb(step->event) && step->event != EVENT_PROVISION && accepted);
}

/* States that lead to each other. */
static bool leads_to[STATE_COUNT][STATE_COUNT];

static void note_where_it_leads(const struct step *step)
{
	leads_to[step->from][step->outcome.to] = true;
}

static void (*const invariants[])(const struct step *step) = {
	the_table_is_the_documented_one,
	the_outcome_is_whole,
	only_the_rows_of_the_invariant_open_a_gate,
	no_row_leads_from_deny_to_drain,
	the_validation_cannot_be_passed_by,
	the_router_takes_nothing_out_of_service,
	delete_and_force_cancel,
	a_repeated_verb_changes_nothing,
	what_is_allowed_is_accepted,
	note_where_it_leads,
};

static void every_state_event_and_fact(void **state)
{
	for (int from = 0; from < STATE_COUNT; from++) {
		for (int event = 0; event < EVENT_COUNT; event++) {
			for (size_t number = 0; number < FACTS_COUNT; number++) {
				struct step step = {from, event, facts_number(number), {0}};

				step.outcome = lifecycle_judge(from, event, &step.facts);
				for (size_t i = 0; i < sizeof(invariants) / sizeof(invariants[0]); i++)
					invariants[i](&step);
			}
		}
	}
	for (size_t i = 0; i < DOCUMENTED_COUNT; i++)
		if (!documented_hit[i])
			fail_msg("row %s applies nowhere", documented[i].row);
	assert_true(loosening_hit);
}

/* Each state can be reached from None, and None from each. Runs behind the walk. */
static void no_state_is_out_of_reach(void **state)
{
	for (int middle = 0; middle < STATE_COUNT; middle++)
		for (int from = 0; from < STATE_COUNT; from++)
			for (int to = 0; to < STATE_COUNT; to++)
				leads_to[from][to] |= leads_to[from][middle] && leads_to[middle][to];
	for (int one = 0; one < STATE_COUNT; one++) {
		if (!leads_to[STATE_NONE][one])
			fail_msg("nothing leads to %s", connection_state_name(one));
		if (!leads_to[one][STATE_NONE])
			fail_msg("%s never ends", connection_state_name(one));
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
	assert_string_equal(text, "activate, activate force, block, force-cancel");
	lifecycle_allowed(STATE_ACTIVE, &facts, text, sizeof(text));
	assert_string_equal(text, "deprovision, maintenance on, type-change");
	facts.draining = true;
	lifecycle_allowed(STATE_PENDING_REMOVE, &facts, text, sizeof(text));
	assert_string_equal(text, "cancel");
	facts.draining = false;
	lifecycle_allowed(STATE_NONE, &facts, text, sizeof(text));
	assert_string_equal(text, "request, adopt");
	facts.ended = true;
	lifecycle_allowed(STATE_NONE, &facts, text, sizeof(text));
	assert_string_equal(text, "request");
	assert_int_equal(lifecycle_judge(STATE_NONE, EVENT_ADOPT, &facts).refusal, REFUSAL_ENDED);
	facts.ended = false;
	lifecycle_allowed(STATE_PENDING_REMOVE, &facts, text, sizeof(text));
	assert_string_equal(text, "none");
	/* cut, and ended with a NUL */
	lifecycle_allowed(STATE_VALIDATING, &facts, short_text, sizeof(short_text));
	assert_string_equal(short_text, "activat");
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
		cmocka_unit_test(every_state_event_and_fact),
		cmocka_unit_test(no_state_is_out_of_reach),
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(gate_and_shutdown_of_each_state),
		cmocka_unit_test(allowed_verbs_in_words),
		cmocka_unit_test(names_round_trip),
		cmocka_unit_test(state_names_are_the_public_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
