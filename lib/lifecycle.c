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
};

struct transition {
	const char *row;
	unsigned int from; /* set of states */
	enum lifecycle_event event;
	enum guard guard;
	enum connection_state to;
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
	{"8", IN(STATE_PROVISIONING_COMPLETED), EVENT_ESTABLISHED, ALWAYS, STATE_VALIDATING},
	{"9", IN(STATE_VALIDATING), EVENT_ACTIVATE, IF_PASSED, STATE_ACTIVE},
	{"9", IN(STATE_VALIDATING), EVENT_PASSED, IF_PASSED, STATE_ACTIVE},
	{"10", IN(STATE_VALIDATING), EVENT_APPLY_ERROR, ALWAYS, STATE_PROVISIONING_FAILED},
	{"11", IN(STATE_VALIDATING), EVENT_SESSION_LOST, ALWAYS, STATE_PROVISIONING_COMPLETED},
	{"12", IN(STATE_PROVISIONING_FAILED), EVENT_RETRY, IF_LINK_TESTED, STATE_PROVISIONING_COMPLETED},
	{"12", IN(STATE_PROVISIONING_FAILED), EVENT_RETRY, ALWAYS, STATE_PROVISIONING_STARTED},
	{"13", IN(STATE_PROVISIONING_FAILED) | IN(STATE_APPROVED), EVENT_WITHDRAW, ALWAYS, STATE_NONE},
	{"14", IN(STATE_ACTIVE), EVENT_DEPROVISION, ALWAYS, STATE_PENDING_REMOVE},
	{"14b", IN(STATE_PENDING_REMOVE), EVENT_CANCEL, ALWAYS, STATE_ACTIVE},
	{"15", IN(STATE_PENDING_REMOVE), EVENT_DRAINED, ALWAYS, STATE_NONE},
	{"21", IN(STATE_NONE), EVENT_ADOPT, IF_NOT_ENDED, STATE_ACTIVE},
	{"21", IN(STATE_PENDING_APPROVAL), EVENT_ADOPT, IF_DISCOVERED, STATE_ACTIVE},
	{"26",
	 IN(STATE_PENDING_APPROVAL) | IN(STATE_APPROVED) | IN(STATE_PROVISIONING_STARTED) |
		 IN(STATE_PROVISIONING_COMPLETED) | IN(STATE_VALIDATING) | IN(STATE_EXTERNAL_BLOCKER) |
		 IN(STATE_PROVISIONING_FAILED),
	 EVENT_FORCE_CANCEL, ALWAYS, STATE_NONE},
};

/* A verb typed again where it has led already is accepted and changes nothing (invariant 6). */
static const struct {
	enum lifecycle_event event;
	unsigned int in;
} repeated[] = {
	{EVENT_REQUEST, IN(STATE_PENDING_APPROVAL)},
	{EVENT_APPROVE, IN(STATE_APPROVED) | IN(STATE_PROVISIONING_STARTED)},
	{EVENT_PROVISION, IN(STATE_PROVISIONING_COMPLETED)},
	{EVENT_READY, IN(STATE_PROVISIONING_COMPLETED)},
	{EVENT_ACTIVATE, IN(STATE_ACTIVE)},
	{EVENT_ADOPT, IN(STATE_ACTIVE)},
	{EVENT_DEPROVISION, IN(STATE_PENDING_REMOVE)},
};

static bool guard_holds(enum guard guard, const struct lifecycle_facts *facts)
{
	switch (guard) {
	case ALWAYS:
		return true;
	case IF_DISCOVERED:
		return facts->discovered;
	case IF_NOT_ENDED:
		return !facts->ended;
	case IF_DIRECT:
		return facts->kind == KIND_DIRECT;
	case IF_PASSED:
		return facts->passed;
	case IF_LINK_TESTED:
		return facts->link_tested;
	}
	return false;
}

struct lifecycle_outcome lifecycle_judge(enum connection_state from, enum lifecycle_event event,
					 const struct lifecycle_facts *facts)
{
	struct lifecycle_outcome outcome = {.refusal = REFUSAL_NOT_ALLOWED, .to = from, .row = "25"};

	if ((unsigned int)from >= STATE_COUNT || (unsigned int)event >= EVENT_COUNT)
		return outcome;

	for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
		const struct transition *row = &table[i];

		if (row->event != event || !(row->from & IN(from)))
			continue;
		if (guard_holds(row->guard, facts)) {
			outcome.refusal = REFUSAL_NONE;
			outcome.to = row->to;
			outcome.row = row->row;
			return outcome;
		}
		if (row->guard == IF_PASSED) {
			outcome.refusal = REFUSAL_NOT_PASSED;
			outcome.row = row->row;
		} else if (row->guard == IF_NOT_ENDED) {
			outcome.refusal = REFUSAL_ENDED;
			outcome.row = row->row;
		}
	}
	if (outcome.refusal == REFUSAL_NOT_PASSED || outcome.refusal == REFUSAL_ENDED)
		return outcome;

	for (size_t i = 0; i < ARRAY_LENGTH(repeated); i++) {
		if (repeated[i].event == event && (repeated[i].in & IN(from))) {
			outcome.refusal = REFUSAL_NONE;
			outcome.unchanged = true;
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

void lifecycle_allowed(enum connection_state state, const struct lifecycle_facts *facts, char *text, size_t size)
{
	/* `activate` is allowed by the state; that the validation has to pass first is said where it is refused. */
	struct lifecycle_facts hopeful = *facts;
	size_t used = 0;

	hopeful.passed = true;
	if (size > 0)
		text[0] = '\0';
	for (int event = 0; lifecycle_is_verb(event); event++) {
		struct lifecycle_outcome outcome = lifecycle_judge(state, event, &hopeful);

		if (outcome.refusal != REFUSAL_NONE || outcome.unchanged || event == EVENT_PROVISION)
			continue;
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 lifecycle_event_name(event));
	}
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
	[EVENT_RETRY] = "retry",
	[EVENT_DEPROVISION] = "deprovision",
	[EVENT_CANCEL] = "cancel",
	[EVENT_ADOPT] = "adopt",
	[EVENT_DELETE] = "delete",
	[EVENT_FORCE_CANCEL] = "force-cancel",
	[EVENT_APPLY_ERROR] = "apply-error",
	[EVENT_ESTABLISHED] = "established",
	[EVENT_PASSED] = "passed",
	[EVENT_SESSION_LOST] = "session-lost",
	[EVENT_DRAINED] = "drained",
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

int lifecycle_event_from_name(const char *name)
{
	return value_of(event_names, EVENT_COUNT, name);
}
