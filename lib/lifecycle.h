/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lifecycle of a connection: states, events and the table of transitions (doc/lifecycle.md).
 *
 * Pure: no I/O, no clock, no state of its own. The router runs it, the controller checks with it, tests walk all of it.
 * A connection state is not a BGP state; nothing here knows one. Any thread.
 */
#ifndef PEERING_LIFECYCLE_H
#define PEERING_LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is kept of a transition: who, and a reason in free words, with their final NULs; cut between characters. */
#define TRANSITION_ACTOR_MAX 128
#define TRANSITION_MESSAGE_MAX 160
/* In front of the actor of what a controller asked for. */
#define TRANSITION_ACTOR_CONTROLLER "controller:"

enum connection_state {
	STATE_NONE = 0,
	STATE_PENDING_APPROVAL,
	STATE_APPROVED,
	STATE_PROVISIONING_STARTED,
	STATE_PROVISIONING_COMPLETED,
	STATE_VALIDATING,
	STATE_ACTIVE,
	STATE_TYPE_CHANGE_REQUESTED,
	STATE_TYPE_CHANGE_IN_PROGRESS,
	STATE_EXTERNAL_BLOCKER,
	STATE_PROVISIONING_FAILED,
	STATE_PENDING_REMOVE,
	STATE_COUNT
};

enum connection_kind { KIND_DIRECT = 0, KIND_EXCHANGE, KIND_ROUTE_SERVER, KIND_COUNT };

enum activation_mode { ACTIVATION_MANUAL = 0, ACTIVATION_AUTO, ACTIVATION_CONTROLLER, ACTIVATION_COUNT };

/* What a session may pass. The value 0 is the closed one. */
enum gate_position { GATE_DENY = 0, GATE_ALLOW, GATE_DRAIN, GATE_COUNT };

enum lifecycle_event {
	/* verbs, from a person or the controller */
	EVENT_REQUEST = 0,
	EVENT_APPROVE,
	EVENT_PROVISION,
	EVENT_REJECT,
	EVENT_WITHDRAW,
	EVENT_READY,
	EVENT_ACTIVATE,
	EVENT_ACTIVATE_FORCE, /* by a person on the router: whatever the validation says */
	EVENT_REOPEN,
	EVENT_RETRY,
	EVENT_DEPROVISION,
	EVENT_CANCEL,
	EVENT_ADOPT,
	EVENT_MAINTENANCE_ON,
	EVENT_MAINTENANCE_OFF,
	EVENT_BLOCK, /* by a third party */
	EVENT_UNBLOCK,
	EVENT_TYPE_CHANGE,
	EVENT_TYPE_CHANGE_START,
	EVENT_DELETE,
	EVENT_FORCE_CANCEL,
	/* what happens on the router */
	EVENT_APPLY_ERROR,
	EVENT_TIMED_OUT, /* the timer of the state: establish or validation */
	EVENT_WRONG_ASN, /* the peer has said another AS number in its OPEN, again and again */
	EVENT_ESTABLISHED, /* every required session is up */
	EVENT_PASSED, /* all required checks pass for this generation, and nobody has to be asked: it opens by itself */
	EVENT_SESSION_LOST, /* a required session is no longer up */
	EVENT_DRAINED,	   /* drained, or the drain timer has ended */
	EVENT_VIOLATION,   /* a required check fails on an Active connection */
	EVENT_SESSION_CHANGED, /* of an Active connection: added, or its AS number, address, VRF or interface edited */
	EVENT_EDITED, /* of an Active connection: policy, limit or description */
	EVENT_COUNT
};

/* What the guards of the table look at. */
struct lifecycle_facts {
	enum connection_kind kind;
	enum connection_state former; /* in ExternalBlocker: the state that it was blocked in */
	bool discovered;	      /* came up undeclared under default-deny */
	bool ended;		      /* in None, and it was something before: what closed it then holds */
	bool passed;		      /* every required check passes for this generation, on each session that is closed */
	bool link_tested;	      /* the link test had passed before the failure */
	bool draining;		      /* in PendingRemove: what was open is not closed yet */
	bool maintenance;	      /* Active, and drained for maintenance */
	bool deny_on_violation;	      /* a violation closes the gate: it is asked for, and the limit leaves room */
	bool violated;		      /* Active, and a violation has closed a session's gate */
	bool held;		      /* Active, and a session that was added or edited is gated by itself */
	bool sibling;		      /* another connection with the peer is Active and can carry the traffic */
};

enum lifecycle_refusal {
	REFUSAL_NONE = 0,
	REFUSAL_NOT_ALLOWED, /* not in the table: row 25 */
	REFUSAL_NOT_PASSED,  /* activate or reopen, and the validation has not passed */
	REFUSAL_DELETE,	     /* row 22 */
	REFUSAL_ENDED,	     /* adopt, and the connection has ended: it is validated before it opens again */
	REFUSAL_NO_SIBLING,  /* type-change start, and nothing else carries the traffic meanwhile: row 17 */
};

/* What a row does to gates beside what the state it leads to prescribes. */
enum gate_effect {
	EFFECT_NONE = 0,
	EFFECT_CLOSES, /* the gate of the session that the event is about */
	EFFECT_DRAINS, /* what is open */
	EFFECT_OPENS,  /* what had been closed or drained while the state stayed */
};

struct lifecycle_outcome {
	enum lifecycle_refusal refusal;
	enum connection_state to; /* the same state where `unchanged`, and by rows that move no state */
	enum gate_effect effect;
	bool unchanged;		  /* accepted, and nothing to do: a repeated verb, or row 23 */
	const char *row;	  /* of doc/lifecycle.md, "9"; of the refusal too */
};

/* Whether the row lets more pass than before: it is written down first. */
bool lifecycle_loosens(enum connection_state from, const struct lifecycle_outcome *outcome);

/* One row of the table, for who writes it down: the first that fits wins. False behind the last. */
struct lifecycle_row {
	const char *row;
	unsigned int from; /* a set: bit N is state N */
	enum lifecycle_event event;
	const char *condition; /* in words, "" for none */
	enum connection_state to;
	enum gate_effect effect;
};
bool lifecycle_row(size_t index, struct lifecycle_row *row);

/* Judges one event. Never fails: a pair that the table does not hold is a refusal. */
struct lifecycle_outcome lifecycle_judge(enum connection_state from, enum lifecycle_event event,
					 const struct lifecycle_facts *facts);

/* The gate that a state prescribes for its sessions while nothing else (violation, maintenance, bypass) is set. */
enum gate_position lifecycle_gate(enum connection_state state);

/* Whether the state keeps the connection's neighbors administratively shut. */
bool lifecycle_shut(enum connection_state state);

/* Whether the state takes the verb now; a validation that has to pass first, and a sibling, aside. */
bool lifecycle_is_allowed(enum connection_state state, enum lifecycle_event event, const struct lifecycle_facts *facts);
/* Writes the verbs that `state` takes now, in the table's order, separated by ", "; "none" where there is none. */
void lifecycle_allowed(enum connection_state state, const struct lifecycle_facts *facts, char *text, size_t size);
/* Whether a verb (not what happens on the router). */
bool lifecycle_is_verb(enum lifecycle_event event);

/* Names, static. Out of range: "?". From a name: -1 where it is unknown. */
const char *connection_state_name(enum connection_state state); /* "ProvisioningStarted" */
int connection_state_from_name(const char *name);
const char *connection_kind_name(enum connection_kind kind); /* "route-server" */
int connection_kind_from_name(const char *name);
const char *activation_mode_name(enum activation_mode mode); /* "manual" */
int activation_mode_from_name(const char *name);
const char *gate_position_name(enum gate_position gate); /* "deny" */
int gate_position_from_name(const char *name);
const char *lifecycle_event_name(enum lifecycle_event event); /* "approve" */
int lifecycle_event_from_name(const char *name); /* "maintenance-on" too */

#endif
