// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/transition.h"

#include "bgpd-peering/check.h"
#include "bgpd-peering/controller_link.h"
#include "bgpd-peering/durable_state.h"
#include "bgpd-peering/gate.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/session_events.h"
#include "bgpd-peering/validation.h"

#include "lib/utf8.h"

/* Without a drain of its own yet, a session of PendingRemove is closed at once: nothing is announced for its going. */
static enum gate_position gate_of_state(enum connection_state state)
{
	return lifecycle_gate(state) == GATE_ALLOW ? GATE_ALLOW : GATE_DENY;
}

/* A state whose journal line cannot be read is not trusted to open anything. */
static enum gate_position prescribed_gate(const struct connection *connection)
{
	return connection->journal_damaged ? GATE_DENY : gate_of_state(connection->state);
}

void verdict_refuse(struct verdict *verdict, const char *code, const char *format, ...)
{
	va_list arguments;

	if (!verdict)
		return;
	verdict->accepted = false;
	verdict->code = code;
	va_start(arguments, format);
	vsnprintfrr(verdict->message, sizeof(verdict->message), format, arguments);
	va_end(arguments);
}

void transition_remember(struct connection *connection, const struct history_entry *entry)
{
	if (!connection->history)
		connection->history = XCALLOC(MTYPE_PEERING_TEXT, HISTORY_MAX * sizeof(*connection->history));
	connection->history[connection->history_next] = *entry;
	connection->history_next = (connection->history_next + 1) % HISTORY_MAX;
	if (connection->history_count < HISTORY_MAX)
		connection->history_count++;
}

/* ---- carrying a state out ---- */

static void assert_session(struct connection *connection, struct session *session)
{
	char message[CONNECTION_NAME_MAX + 64];

	if (session->hands_off)
		return;
	if (prescribed_gate(connection) == GATE_ALLOW && !session->held) {
		if (session->gate == GATE_ALLOW)
			gate_assert(session);
		else if (!gate_open(session))
			zlog_notice("peering: %s: %s has neither route refresh nor kept routes; its session is reset to learn its routes",
				    connection->name, session->address);
	} else {
		gate_close(session);
	}
	if (lifecycle_shut(connection->state) || connection->state == STATE_PENDING_REMOVE) {
		snprintf(message, sizeof(message), "%s: connection is %s", connection->name,
			 connection_state_name(connection->state));
		gate_shut(session, message);
	} else {
		gate_unshut(session);
	}
}

void transition_assert(struct connection *connection)
{
	struct session *session;

	frr_each (session_list, &connection->sessions, session)
		assert_session(connection, session);
}

static void enter(struct connection *connection, enum connection_state to)
{
	bool opening = prescribed_gate(connection) != GATE_ALLOW;
	struct session *session;

	if (to == STATE_ACTIVE)
		connection->journal_damaged = false;
	connection->state = to;
	opening &= prescribed_gate(connection) == GATE_ALLOW;
	connection->state_since = wall_clock_milliseconds();
	if (to == STATE_NONE)
		connection->adopted = connection->discovered = false;
	frr_each (session_list, &connection->sessions, session) {
		if (opening && session->hands_off) {
			/* Adopted as it stands: open it is, and nothing of it is touched. */
			session->gate = GATE_ALLOW;
			session->hands_off = false;
		}
		if (prescribed_gate(connection) != GATE_ALLOW)
			session->held = false;
	}
	transition_assert(connection);
	if (opening) {
		/* From here on bgpd counts for itself. */
		frr_each (session_list, &connection->sessions, session) {
			session_counted_clear(session);
			session_received_reset(session);
		}
	}
	if (to == STATE_NONE)
		session_events_later(connection);
	validation_state_changed(connection);
	controller_link_changed(connection);
}

void transition_restore(struct connection *connection, enum connection_state state, uint64_t generation,
			uint64_t since)
{
	struct session *session;

	connection->state = state;
	connection->generation = generation;
	connection->state_since = since;
	frr_each (session_list, &connection->sessions, session)
		session->gate = session->held ? GATE_DENY : gate_of_state(state);
}

/* ---- judging ---- */

static void refuse(struct connection *connection, enum lifecycle_event event, const struct lifecycle_outcome *outcome,
		   const struct lifecycle_facts *facts, struct verdict *verdict)
{
	char waiting[REFUSAL_MESSAGE_MAX / 2];

	if (!verdict)
		return;
	lifecycle_allowed(connection->state, facts, verdict->allowed, sizeof(verdict->allowed));
	switch (outcome->refusal) {
	case REFUSAL_NOT_PASSED:
		validation_waiting_for(connection, waiting, sizeof(waiting));
		verdict_refuse(verdict, "not-validated", "%s has not passed its validation: %s", connection->name,
			       waiting);
		break;
	case REFUSAL_DELETE:
		verdict_refuse(verdict, "not-deletable", "%s is %s and cannot be deleted; allowed now: %s",
			       connection->name, connection_state_name(connection->state), verdict->allowed);
		break;
	default:
		verdict_refuse(verdict, "not-allowed", "%s is %s, which does not take `%s`; allowed now: %s",
			       connection->name, connection_state_name(connection->state),
			       lifecycle_event_name(event), verdict->allowed);
		break;
	}
}

bool transition_is_complete(const char *name, const struct completeness *has, enum lifecycle_event event,
			    struct verdict *verdict)
{
	if ((event == EVENT_READY || event == EVENT_ADOPT) && has->sessions == 0) {
		verdict_refuse(verdict, "no-neighbor",
			       "%s has no neighbor; add one with `peering %s neighbor ADDRESS` under `router bgp`", name,
			       name);
		return false;
	}
	if (event == EVENT_ADOPT && has->ended) {
		verdict_refuse(verdict, "ended",
			       "%s has ended, its gate is closed: `peering %s request` begins again, with a validation",
			       name, name);
		return false;
	}
	if (event == EVENT_APPROVE && has->conflict) {
		verdict_refuse(verdict, "conflict",
			       "%s has a session that is up with an open gate; `peering %s adopt`, or shut that neighbor first",
			       name, name);
		return false;
	}
	return true;
}

static bool complete_enough(struct connection *connection, enum lifecycle_event event, struct verdict *verdict)
{
	struct completeness has = {
		.sessions = session_list_count(&connection->sessions),
		.conflict = connection_has_conflict(connection),
		.ended = connection->state == STATE_NONE && connection->state_since,
	};

	return transition_is_complete(connection->name, &has, event, verdict);
}

/* An optional session that is down was not looked at: it does not open with the others. */
static void hold_what_was_not_validated(struct connection *connection, enum lifecycle_event event)
{
	struct session *session;

	frr_each (session_list, &connection->sessions, session)
		session->held = event != EVENT_ADOPT && !connection->journal_damaged && !check_applies(session);
}

bool transition(struct connection *connection, enum lifecycle_event event, const char *actor, const char *reason,
		struct verdict *verdict)
{
	struct verdict ignored;
	struct lifecycle_facts facts;
	struct lifecycle_outcome outcome;
	struct history_entry entry = {.from = connection->state};
	enum connection_state from = connection->state;
	uint64_t ticket;
	bool loosens;

	if (!verdict)
		verdict = &ignored;
	*verdict = (struct verdict){.code = ""};

	if (connection->pending.ticket) {
		verdict_refuse(verdict, "pending", "%s is just becoming %s; try again in a moment", connection->name,
			       connection_state_name(connection->pending.entry.to));
		return false;
	}
	connection_facts(connection, &facts);
	facts.passed = validation_passed(connection);
	if (event == EVENT_ADOPT)
		facts.discovered |= connection_has_conflict(connection);
	outcome = lifecycle_judge(from, event, &facts);
	if (outcome.refusal != REFUSAL_NONE) {
		refuse(connection, event, &outcome, &facts, verdict);
		return false;
	}
	if (!complete_enough(connection, event, verdict))
		return false;
	if (outcome.unchanged && connection->journal_damaged && (event == EVENT_ADOPT || event == EVENT_ACTIVATE)) {
		/* A person says that what the journal cannot say any more is right. */
		outcome.unchanged = false;
		outcome.row = "24b";
	}
	if (outcome.unchanged) {
		verdict->accepted = verdict->unchanged = true;
		snprintf(verdict->message, sizeof(verdict->message), "%s is %s already", connection->name,
			 connection_state_name(from));
		return true;
	}

	loosens = gate_of_state(outcome.to) == GATE_ALLOW && prescribed_gate(connection) != GATE_ALLOW;
	if (loosens && !durable_state_writable(verdict->message, sizeof(verdict->message))) {
		verdict->code = "journal";
		return false;
	}

	if (event == EVENT_REQUEST || outcome.to == STATE_VALIDATING)
		connection->generation++;
	if (event == EVENT_ADOPT)
		connection->adopted = true;
	if (event == EVENT_APPROVE || event == EVENT_ADOPT)
		connection->discovered = false;

	if (!loosens)
		enter(connection, outcome.to);
	else
		hold_what_was_not_validated(connection, event);

	entry.to = outcome.to;
	entry.at_milliseconds = wall_clock_milliseconds();
	strlcpy(entry.cause, outcome.row, sizeof(entry.cause));
	utf8_copy(entry.actor, sizeof(entry.actor), actor);
	utf8_copy(entry.message, sizeof(entry.message), reason ? reason : "");
	ticket = durable_state_transition(connection, &entry, loosens);

	if (loosens) {
		if (!ticket) {
			verdict_refuse(verdict, "journal", "%s cannot be opened: the journal cannot be written",
				       connection->name);
			return false;
		}
		connection->pending = (struct pending_change){.ticket = ticket, .entry = entry};
	} else {
		transition_remember(connection, &entry);
	}
	zlog_notice("peering: %s: %s -> %s, row %s, by %s%s%s", connection->name, connection_state_name(from),
		    connection_state_name(outcome.to), entry.cause, actor, reason ? ": " : "", reason ? reason : "");
	verdict->accepted = true;
	snprintf(verdict->message, sizeof(verdict->message), "%s: %s", connection->name,
		 connection_state_name(outcome.to));
	return true;
}

void transition_durable(uint64_t ticket, int error)
{
	struct connection *connection;

	/* One or two connections are pending at a time, if any. */
	frr_each (connection_tree, &connections, connection) {
		if (connection->pending.ticket != ticket)
			continue;
		struct history_entry entry = connection->pending.entry;

		connection->pending = (struct pending_change){0};
		if (error) {
			alert("%s stays %s: its transition could not be journalled: %s", connection->name,
			      connection_state_name(connection->state), strerror(error));
			validation_state_changed(connection);
		} else {
			transition_remember(connection, &entry);
			enter(connection, entry.to);
		}
		return;
	}
}
