/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place that changes a connection's state.
 *
 * What tightens takes effect first and is journalled afterwards; what loosens is journalled first and takes effect when
 * the line is durable (until then the connection is `pending`, and takes no other event). bgpd's main thread only.
 */
#ifndef PEERING_TRANSITION_H
#define PEERING_TRANSITION_H

#include "bgpd-peering/connection/connection.h"

#include "lib/peering.pb-c.h"

#define REFUSAL_MESSAGE_MAX 320

/* What became of a verb. `code` is stable, for programs; `message` is a sentence for people. */
struct verdict {
	bool accepted;
	bool unchanged; /* it had been so already */
	const char *code;
	char message[REFUSAL_MESSAGE_MAX];
	char allowed[160]; /* verbs that the connection would take, ", " between them */
};

/*
 * Judges an event and carries it out. `actor` is who ("operator", "controller:NAME", "router", "configuration"),
 * `reason` free words or NULL. True where it was accepted; `verdict` may be NULL.
 */
bool transition(struct connection *connection, enum lifecycle_event event, const char *actor, const char *reason,
		struct verdict *verdict);

/*
 * Rows 24 and 27: closes the gate of one session of an Active connection (EVENT_VIOLATION, EVENT_SESSION_CHANGED) and
 * journals it afterwards; it waits for nothing, and its connection stays as it is. Safe in a hook.
 */
void transition_close_session(struct session *session, enum lifecycle_event event, const char *reason);

/*
 * What the table cannot know: whether a connection is complete enough for the verb. For who judges beforehand what will
 * be; transition() asks it as well. False with a refusal.
 */
struct completeness {
	size_t sessions;
	bool conflict; /* connection_has_conflict() */
};
bool transition_is_complete(const char *name, const struct completeness *has, enum lifecycle_event event,
			    struct verdict *verdict);

/* `clear peering overridden`: a person has looked at what was activated by force. No gate moves. */
void transition_override_seen(struct connection *connection);

/* The journal's answer to a line that loosens the connection of that name. Called by durable_state.c. */
void transition_durable(const char *name, uint64_t ticket, int error);

/*
 * What a state file says of a connection of which nothing is known here (state_file.h), whose sessions are as the file has
 * them, `held_next` too. What opens is journalled first, like everything that does. `reason` says whose file it is.
 */
bool transition_take_over(struct connection *connection, enum connection_state to, bool adopted, bool discovered,
			  const char *reason, struct verdict *verdict);

/* Sets what the journal says, without any event: at start only. */
void transition_restore(struct connection *connection, enum connection_state state, uint64_t generation,
			uint64_t since);

/* The gates that follow from all that was restored: bypasses may have come later than the connections. */
void transition_restore_gates(void);

/* Adds to what `show peering NAME` tells of the past. */
void transition_remember(struct connection *connection, const struct history_entry *entry);

/* It has its number only now. `ticket`: that of a pending change, or 0. Called by journal_queue.c. */
void transition_numbered(const Peering__Transition *transition, uint64_t ticket);
/* It gets another number than it has, before the disk has it. Likewise. */
void transition_renumbered(const Peering__Transition *transition, uint64_t sequence);

/* The gate that bypass, state and journal prescribe for a connection now, sessions that are held back aside. */
enum gate_position transition_connection_gate(const struct connection *connection);
/* The same for a session. */
enum gate_position transition_session_gate(const struct session *session);

/*
 * `clear peering gate`: a person lets go of a connection that has ended, or that nobody had declared. Its sessions get
 * their own policy back and nothing of it is remembered, once that is durable. Refused in any other state.
 */
bool transition_release(struct connection *connection, const char *actor, const char *reason, struct verdict *verdict);

/* Lets go of a connection that the journal does not have, or no more. What was open before is not touched. */
void transition_let_go(struct connection *connection);

/* The gates and shut marks that the state prescribes, asserted on every session. Idempotent. */
void transition_assert(struct connection *connection);

/* Sets a refusal. */
void verdict_refuse(struct verdict *verdict, const char *code, const char *format, ...) PRINTFRR(3, 4);

#endif
