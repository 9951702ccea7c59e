// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table. A row says from which states an event leads where, and under which guard; the first row that fits wins.
 * Numbers are the rows of doc/lifecycle.md.
 */
#include "lib/lifecycle.h"

#include <stdio.h>
#include <string.h>

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define IN(state) (1u << (state))

enum guard {
	ALWAYS = 0,
	IF_DISCOVERED,
	IF_NOT_ENDED,
	IF_DIRECT,
	IF_PASSED,
	IF_LINK_TESTED,
	IF_DRAINING,
	IF_IN_SERVICE,
	IF_MAINTENANCE,
	IF_DENY_ON_VIOLATION,
	IF_VIOLATED,
	IF_VIOLATED_AND_PASSED,
	IF_HELD_AND_PASSED,
	IF_SIBLING,
	IF_WAS_STARTED,
	IF_WAS_COMPLETED,
	IF_WAS_VALIDATING,
};

struct transition {
	const char *row;
	unsigned int from; /* set of states */
	enum lifecycle_event event;
	enum guard guard;
	enum connection_state to;
	enum gate_effect effect;
};

static const struct transition table[] = {
	{"1", IN(STATE_NONE), EVENT_REQUEST, ALWAYS, STATE_PENDING_APPROVAL},
	{"2a", IN(STATE_PENDING_APPROVAL), EVENT_APPROVE, IF_DISCOVERED, STATE_PROVISIONING_COMPLETED},
	{"2", IN(STATE_PENDING_APPROVAL), EVENT_APPROVE, IF_DIRECT, STATE_PROVISIONING_STARTED},
	{"3", IN(STATE_PENDING_APPROVAL), EVENT_APPROVE, ALWAYS, STATE_APPROVED},
	{"4", IN(STATE_APPROVED), EVENT_PROVISION, ALWAYS, STATE_PROVISIONING_COMPLETED},
	/* `ready` is what an operator types in either case: the port is there, the peer has configured BGP. */
	{"4", IN(STATE_APPROVED), EVENT_READY, ALWAYS, STATE_PROVISIONING_COMPLETED},
	{"5", IN(STATE_PENDING_APPROVAL), EVENT_REJECT, ALWAYS, STATE_NONE},
	{"5", IN(STATE_PENDING_APPROVAL), EVENT_WITHDRAW, ALWAYS, STATE_NONE},
	{"6", IN(STATE_PROVISIONING_STARTED), EVENT_READY, ALWAYS, STATE_PROVISIONING_COMPLETED},
	{"7", IN(STATE_PROVISIONING_STARTED) | IN(STATE_PROVISIONING_COMPLETED), EVENT_APPLY_ERROR, ALWAYS,
	 STATE_PROVISIONING_FAILED},
	{"7", IN(STATE_PROVISIONING_STARTED) | IN(STATE_PROVISIONING_COMPLETED), EVENT_TIMED_OUT, ALWAYS,
	 STATE_PROVISIONING_FAILED},
	{"8", IN(STATE_PROVISIONING_COMPLETED), EVENT_ESTABLISHED, ALWAYS, STATE_VALIDATING},
	{"9", IN(STATE_VALIDATING), EVENT_ACTIVATE, IF_PASSED, STATE_ACTIVE},
	{"9", IN(STATE_VALIDATING), EVENT_PASSED, IF_PASSED, STATE_ACTIVE},
	{"10", IN(STATE_VALIDATING), EVENT_APPLY_ERROR, ALWAYS, STATE_PROVISIONING_FAILED},
	{"10", IN(STATE_VALIDATING), EVENT_TIMED_OUT, ALWAYS, STATE_PROVISIONING_FAILED},
	/* Such a session never comes up: what waits for the peer sees it too. */
	{"10", IN(STATE_PROVISIONING_COMPLETED) | IN(STATE_VALIDATING), EVENT_WRONG_ASN, ALWAYS,
	 STATE_PROVISIONING_FAILED},
	{"11", IN(STATE_VALIDATING), EVENT_SESSION_LOST, ALWAYS, STATE_PROVISIONING_COMPLETED},
	{"12", IN(STATE_PROVISIONING_FAILED), EVENT_RETRY, IF_LINK_TESTED, STATE_PROVISIONING_COMPLETED},
	{"12", IN(STATE_PROVISIONING_FAILED), EVENT_RETRY, ALWAYS, STATE_PROVISIONING_STARTED},
	{"13", IN(STATE_PROVISIONING_FAILED) | IN(STATE_APPROVED), EVENT_WITHDRAW, ALWAYS, STATE_NONE},
	{"14", IN(STATE_ACTIVE), EVENT_DEPROVISION, ALWAYS, STATE_PENDING_REMOVE},
	{"14b", IN(STATE_PENDING_REMOVE), EVENT_CANCEL, IF_DRAINING, STATE_ACTIVE},
	{"15", IN(STATE_PENDING_REMOVE), EVENT_DRAINED, ALWAYS, STATE_NONE},
	{"16", IN(STATE_ACTIVE), EVENT_TYPE_CHANGE, ALWAYS, STATE_TYPE_CHANGE_REQUESTED},
	{"16", IN(STATE_TYPE_CHANGE_REQUESTED), EVENT_CANCEL, ALWAYS, STATE_ACTIVE},
	{"17", IN(STATE_TYPE_CHANGE_REQUESTED), EVENT_TYPE_CHANGE_START, IF_SIBLING, STATE_TYPE_CHANGE_IN_PROGRESS},
	{"18", IN(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_ACTIVATE, IF_PASSED, STATE_ACTIVE},
	{"18", IN(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_PASSED, IF_PASSED, STATE_ACTIVE},
	{"19", IN(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_CANCEL, ALWAYS, STATE_ACTIVE},
	{"19", IN(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_APPLY_ERROR, ALWAYS, STATE_ACTIVE},
	{"19a", IN(STATE_TYPE_CHANGE_REQUESTED) | IN(STATE_TYPE_CHANGE_IN_PROGRESS), EVENT_DEPROVISION, ALWAYS,
	 STATE_PENDING_REMOVE},
	{"20", IN(STATE_PROVISIONING_STARTED) | IN(STATE_PROVISIONING_COMPLETED) | IN(STATE_VALIDATING), EVENT_BLOCK,
	 ALWAYS, STATE_EXTERNAL_BLOCKER},
	{"20", IN(STATE_EXTERNAL_BLOCKER), EVENT_UNBLOCK, IF_WAS_STARTED, STATE_PROVISIONING_STARTED},
	{"20", IN(STATE_EXTERNAL_BLOCKER), EVENT_UNBLOCK, IF_WAS_COMPLETED, STATE_PROVISIONING_COMPLETED},
	{"20", IN(STATE_EXTERNAL_BLOCKER), EVENT_UNBLOCK, IF_WAS_VALIDATING, STATE_VALIDATING},
	{"21", IN(STATE_NONE), EVENT_ADOPT, IF_NOT_ENDED, STATE_ACTIVE},
	{"21", IN(STATE_PENDING_APPROVAL), EVENT_ADOPT, IF_DISCOVERED, STATE_ACTIVE},
	{"24", IN(STATE_ACTIVE), EVENT_VIOLATION, IF_DENY_ON_VIOLATION, STATE_ACTIVE, EFFECT_CLOSES},
	{"24b", IN(STATE_ACTIVE), EVENT_REOPEN, IF_VIOLATED_AND_PASSED, STATE_ACTIVE, EFFECT_OPENS},
	{"24b", IN(STATE_ACTIVE), EVENT_PASSED, IF_VIOLATED_AND_PASSED, STATE_ACTIVE, EFFECT_OPENS},
	{"26",
	 IN(STATE_PENDING_APPROVAL) | IN(STATE_APPROVED) | IN(STATE_PROVISIONING_STARTED) |
		 IN(STATE_PROVISIONING_COMPLETED) | IN(STATE_VALIDATING) | IN(STATE_EXTERNAL_BLOCKER) |
		 IN(STATE_PROVISIONING_FAILED),
	 EVENT_FORCE_CANCEL, ALWAYS, STATE_NONE},
	{"27", IN(STATE_ACTIVE), EVENT_SESSION_CHANGED, ALWAYS, STATE_ACTIVE, EFFECT_CLOSES},
	{"27", IN(STATE_ACTIVE), EVENT_ACTIVATE, IF_HELD_AND_PASSED, STATE_ACTIVE, EFFECT_OPENS},
	{"27", IN(STATE_ACTIVE), EVENT_PASSED, IF_HELD_AND_PASSED, STATE_ACTIVE, EFFECT_OPENS},
	{"27b", IN(STATE_ACTIVE), EVENT_EDITED, ALWAYS, STATE_ACTIVE},
	{"30",
	 IN(STATE_PENDING_APPROVAL) | IN(STATE_PROVISIONING_COMPLETED) | IN(STATE_VALIDATING) |
		 IN(STATE_EXTERNAL_BLOCKER),
	 EVENT_ACTIVATE_FORCE, ALWAYS, STATE_ACTIVE},
	{"30", IN(STATE_ACTIVE), EVENT_ACTIVATE_FORCE, IF_VIOLATED, STATE_ACTIVE, EFFECT_OPENS},
	{"31", IN(STATE_ACTIVE), EVENT_MAINTENANCE_ON, IF_IN_SERVICE, STATE_ACTIVE, EFFECT_DRAINS},
	{"31", IN(STATE_ACTIVE), EVENT_MAINTENANCE_OFF, IF_MAINTENANCE, STATE_ACTIVE, EFFECT_OPENS},
};

/* Accepted, and nothing changes: a verb typed again where it has led already (invariant 6), and row 23. */
static const struct {
	const char *row;
	enum lifecycle_event event;
	unsigned int in;
} unchanged[] = {
	{"25", EVENT_REQUEST, IN(STATE_PENDING_APPROVAL)},
	{"25", EVENT_APPROVE, IN(STATE_APPROVED) | IN(STATE_PROVISIONING_STARTED)},
	{"25", EVENT_PROVISION, IN(STATE_PROVISIONING_COMPLETED)},
	{"25", EVENT_READY, IN(STATE_PROVISIONING_COMPLETED)},
	{"25", EVENT_ACTIVATE, IN(STATE_ACTIVE)},
	{"25", EVENT_ACTIVATE_FORCE, IN(STATE_ACTIVE)},
	{"25", EVENT_REOPEN, IN(STATE_ACTIVE)},
	{"25", EVENT_ADOPT, IN(STATE_ACTIVE)},
	{"25", EVENT_DEPROVISION, IN(STATE_PENDING_REMOVE)},
	{"25", EVENT_MAINTENANCE_ON, IN(STATE_ACTIVE)},
	{"25", EVENT_MAINTENANCE_OFF, IN(STATE_ACTIVE)},
	{"25", EVENT_BLOCK, IN(STATE_EXTERNAL_BLOCKER)},
	{"25", EVENT_TYPE_CHANGE, IN(STATE_TYPE_CHANGE_REQUESTED)},
	{"25", EVENT_TYPE_CHANGE_START, IN(STATE_TYPE_CHANGE_IN_PROGRESS)},
	{"23", EVENT_ESTABLISHED, IN(STATE_ACTIVE) | IN(STATE_TYPE_CHANGE_REQUESTED)},
	{"23", EVENT_SESSION_LOST, IN(STATE_ACTIVE) | IN(STATE_TYPE_CHANGE_REQUESTED)},
};

static enum lifecycle_refusal only_if(bool fact)
{
	return fact ? REFUSAL_NONE : REFUSAL_NOT_ALLOWED;
}

/* REFUSAL_NONE where the guard holds. REFUSAL_NOT_ALLOWED: as if the row were not there. */
static enum lifecycle_refusal judge_guard(enum guard guard, const struct lifecycle_facts *facts)
{
	switch (guard) {
	case ALWAYS:
		return REFUSAL_NONE;
	case IF_DISCOVERED:
		return only_if(facts->discovered);
	case IF_NOT_ENDED:
		return facts->ended ? REFUSAL_ENDED : REFUSAL_NONE;
	case IF_DIRECT:
		return only_if(facts->kind == KIND_DIRECT);
	case IF_PASSED:
		return facts->passed ? REFUSAL_NONE : REFUSAL_NOT_PASSED;
	case IF_LINK_TESTED:
		return only_if(facts->link_tested);
	case IF_DRAINING:
		return only_if(facts->draining);
	case IF_IN_SERVICE:
		return only_if(!facts->maintenance);
	case IF_MAINTENANCE:
		return only_if(facts->maintenance);
	case IF_DENY_ON_VIOLATION:
		return only_if(facts->deny_on_violation);
	case IF_VIOLATED:
		return only_if(facts->violated);
	case IF_VIOLATED_AND_PASSED:
		return !facts->violated ? REFUSAL_NOT_ALLOWED : facts->passed ? REFUSAL_NONE : REFUSAL_NOT_PASSED;
	case IF_HELD_AND_PASSED:
		return !facts->held ? REFUSAL_NOT_ALLOWED : facts->passed ? REFUSAL_NONE : REFUSAL_NOT_PASSED;
	case IF_SIBLING:
		return facts->sibling ? REFUSAL_NONE : REFUSAL_NO_SIBLING;
	case IF_WAS_STARTED:
		return only_if(facts->former == STATE_PROVISIONING_STARTED);
	case IF_WAS_COMPLETED:
		return only_if(facts->former == STATE_PROVISIONING_COMPLETED);
	case IF_WAS_VALIDATING:
		return only_if(facts->former == STATE_VALIDATING);
	}
	return REFUSAL_NOT_ALLOWED;
}

struct lifecycle_outcome lifecycle_judge(enum connection_state from, enum lifecycle_event event,
					 const struct lifecycle_facts *facts)
{
	struct lifecycle_outcome outcome = {.refusal = REFUSAL_NOT_ALLOWED, .to = from, .row = "25"};

	if ((unsigned int)from >= STATE_COUNT || (unsigned int)event >= EVENT_COUNT)
		return outcome;

	for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
		const struct transition *row = &table[i];
		enum lifecycle_refusal refusal;

		if (row->event != event || !(row->from & IN(from)))
			continue;
		refusal = judge_guard(row->guard, facts);
		if (refusal == REFUSAL_NONE) {
			outcome.refusal = REFUSAL_NONE;
			outcome.to = row->to;
			outcome.effect = row->effect;
			outcome.row = row->row;
			return outcome;
		}
		if (refusal != REFUSAL_NOT_ALLOWED) {
			outcome.refusal = refusal;
			outcome.row = row->row;
		}
	}
	if (outcome.refusal != REFUSAL_NOT_ALLOWED)
		return outcome;

	for (size_t i = 0; i < ARRAY_LENGTH(unchanged); i++) {
		if (unchanged[i].event == event && (unchanged[i].in & IN(from))) {
			outcome.refusal = REFUSAL_NONE;
			outcome.unchanged = true;
			outcome.row = unchanged[i].row;
			return outcome;
		}
	}
	if (event == EVENT_DELETE &&
	    (IN(from) & (IN(STATE_PROVISIONING_STARTED) | IN(STATE_PROVISIONING_COMPLETED) | IN(STATE_VALIDATING)))) {
		outcome.refusal = REFUSAL_DELETE;
		outcome.row = "22";
	}
	return outcome;
}

static const char *const conditions[] = {
	[IF_DISCOVERED] = "where it was discovered",
	[IF_NOT_ENDED] = "where nothing has ended here",
	[IF_DIRECT] = "kind direct",
	[IF_PASSED] = "and all required checks pass",
	[IF_LINK_TESTED] = "where the link had been tested",
	[IF_DRAINING] = "while it drains",
	[IF_IN_SERVICE] = "where it is not in maintenance",
	[IF_MAINTENANCE] = "where it is in maintenance",
	[IF_DENY_ON_VIOLATION] = "where `on-violation deny` is set and its limit leaves room",
	[IF_VIOLATED] = "where row 24 has closed a gate",
	[IF_VIOLATED_AND_PASSED] = "where row 24 has closed a gate, and all required checks pass",
	[IF_HELD_AND_PASSED] = "where row 27 holds a session, and all required checks pass",
	[IF_SIBLING] = "and another connection with the peer is Active with every session up",
	[IF_WAS_STARTED] = "where it was blocked in that state",
	[IF_WAS_COMPLETED] = "where it was blocked in that state",
	[IF_WAS_VALIDATING] = "where it was blocked in that state",
};

bool lifecycle_row(size_t index, struct lifecycle_row *row)
{
	if (index >= ARRAY_LENGTH(table))
		return false;
	*row = (struct lifecycle_row){
		.row = table[index].row,
		.from = table[index].from,
		.event = table[index].event,
		.condition = conditions[table[index].guard] ? conditions[table[index].guard] : "",
		.to = table[index].to,
		.effect = table[index].effect,
	};
	return true;
}

bool lifecycle_loosens(enum connection_state from, const struct lifecycle_outcome *outcome)
{
	if (outcome->refusal != REFUSAL_NONE || outcome->unchanged)
		return false;
	return outcome->effect == EFFECT_OPENS ||
	       (lifecycle_gate(outcome->to) == GATE_ALLOW && lifecycle_gate(from) != GATE_ALLOW);
}

enum gate_position lifecycle_gate(enum connection_state state)
{
	switch (state) {
	case STATE_ACTIVE:
	case STATE_TYPE_CHANGE_REQUESTED:
		return GATE_ALLOW;
	case STATE_TYPE_CHANGE_IN_PROGRESS:
	case STATE_PENDING_REMOVE:
		return GATE_DRAIN;
	default:
		return GATE_DENY;
	}
}

bool lifecycle_shut(enum connection_state state)
{
	switch (state) {
	case STATE_NONE:
	case STATE_APPROVED:
	case STATE_PROVISIONING_STARTED:
	case STATE_PROVISIONING_FAILED:
		return true;
	default:
		return false;
	}
}

bool lifecycle_is_verb(enum lifecycle_event event)
{
	return event < EVENT_APPLY_ERROR;
}

bool lifecycle_is_allowed(enum connection_state state, enum lifecycle_event event, const struct lifecycle_facts *facts)
{
	/* That the validation has to pass first, or a sibling to be there, is said where the verb is refused. */
	struct lifecycle_facts hopeful = *facts;
	struct lifecycle_outcome outcome;

	hopeful.passed = hopeful.sibling = true;
	outcome = lifecycle_judge(state, event, &hopeful);
	return lifecycle_is_verb(event) && event != EVENT_PROVISION && outcome.refusal == REFUSAL_NONE &&
	       !outcome.unchanged;
}

void lifecycle_allowed(enum connection_state state, const struct lifecycle_facts *facts, char *text, size_t size)
{
	size_t used = 0;

	if (size > 0)
		text[0] = '\0';
	for (int event = 0; lifecycle_is_verb(event); event++)
		if (used < size && lifecycle_is_allowed(state, event, facts))
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 lifecycle_event_name(event));
	if (used == 0)
		snprintf(text, size, "none");
}

static const char *const state_names[STATE_COUNT] = {
	[STATE_NONE] = "None",
	[STATE_PENDING_APPROVAL] = "PendingApproval",
	[STATE_APPROVED] = "Approved",
	[STATE_PROVISIONING_STARTED] = "ProvisioningStarted",
	[STATE_PROVISIONING_COMPLETED] = "ProvisioningCompleted",
	[STATE_VALIDATING] = "Validating",
	[STATE_ACTIVE] = "Active",
	[STATE_TYPE_CHANGE_REQUESTED] = "TypeChangeRequested",
	[STATE_TYPE_CHANGE_IN_PROGRESS] = "TypeChangeInProgress",
	[STATE_EXTERNAL_BLOCKER] = "ExternalBlocker",
	[STATE_PROVISIONING_FAILED] = "ProvisioningFailed",
	[STATE_PENDING_REMOVE] = "PendingRemove",
};
static const char *const kind_names[KIND_COUNT] = {"direct", "exchange", "route-server"};
static const char *const mode_names[ACTIVATION_COUNT] = {"manual", "auto", "controller"};
static const char *const gate_names[GATE_COUNT] = {"deny", "allow", "drain"};
static const char *const event_names[EVENT_COUNT] = {
	[EVENT_REQUEST] = "request",
	[EVENT_APPROVE] = "approve",
	[EVENT_PROVISION] = "provision",
	[EVENT_REJECT] = "reject",
	[EVENT_WITHDRAW] = "withdraw",
	[EVENT_READY] = "ready",
	[EVENT_ACTIVATE] = "activate",
	[EVENT_ACTIVATE_FORCE] = "activate force",
	[EVENT_REOPEN] = "reopen",
	[EVENT_RETRY] = "retry",
	[EVENT_DEPROVISION] = "deprovision",
	[EVENT_CANCEL] = "cancel",
	[EVENT_ADOPT] = "adopt",
	[EVENT_MAINTENANCE_ON] = "maintenance on",
	[EVENT_MAINTENANCE_OFF] = "maintenance off",
	[EVENT_BLOCK] = "block",
	[EVENT_UNBLOCK] = "unblock",
	[EVENT_TYPE_CHANGE] = "type-change",
	[EVENT_TYPE_CHANGE_START] = "type-change start",
	[EVENT_DELETE] = "delete",
	[EVENT_FORCE_CANCEL] = "force-cancel",
	[EVENT_APPLY_ERROR] = "apply-error",
	[EVENT_TIMED_OUT] = "timed-out",
	[EVENT_WRONG_ASN] = "wrong-asn",
	[EVENT_ESTABLISHED] = "established",
	[EVENT_PASSED] = "passed",
	[EVENT_SESSION_LOST] = "session-lost",
	[EVENT_DRAINED] = "drained",
	[EVENT_VIOLATION] = "violation",
	[EVENT_SESSION_CHANGED] = "session-changed",
	[EVENT_EDITED] = "edited",
};

static const char *name_of(const char *const *names, size_t count, unsigned int value)
{
	return value < count ? names[value] : "?";
}

static int value_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

const char *connection_state_name(enum connection_state state)
{
	return name_of(state_names, STATE_COUNT, state);
}

int connection_state_from_name(const char *name)
{
	return value_of(state_names, STATE_COUNT, name);
}

const char *connection_kind_name(enum connection_kind kind)
{
	return name_of(kind_names, KIND_COUNT, kind);
}

int connection_kind_from_name(const char *name)
{
	return value_of(kind_names, KIND_COUNT, name);
}

const char *activation_mode_name(enum activation_mode mode)
{
	return name_of(mode_names, ACTIVATION_COUNT, mode);
}

int activation_mode_from_name(const char *name)
{
	return value_of(mode_names, ACTIVATION_COUNT, name);
}

const char *gate_position_name(enum gate_position gate)
{
	return name_of(gate_names, GATE_COUNT, gate);
}

int gate_position_from_name(const char *name)
{
	return value_of(gate_names, GATE_COUNT, name);
}

const char *lifecycle_event_name(enum lifecycle_event event)
{
	return name_of(event_names, EVENT_COUNT, event);
}

/* Where a verb is one word, as in an address, its words are joined. */
static bool is_spelled(const char *event, const char *name)
{
	while (*event && (*event == *name || (*event == ' ' && *name == '-'))) {
		event++;
		name++;
	}
	return *event == *name;
}

int lifecycle_event_from_name(const char *name)
{
	for (int event = 0; name && event < EVENT_COUNT; event++)
		if (is_spelled(event_names[event], name))
			return event;
	return -1;
}
