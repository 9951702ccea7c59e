// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/transition.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/checks/service.h"
#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/checks/watch.h"
#include "bgpd-peering/commands/debug_areas.h"
#include "bgpd-peering/connection/adoption.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/gate/audit.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/session_events.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/utf8.h"

/* Whether a state opens gates; that it drains them first is no state's matter alone. */
static enum gate_position gate_of_state(enum connection_state state)
{
	return lifecycle_gate(state) == GATE_ALLOW ? GATE_ALLOW : GATE_DENY;
}

/* A state whose journal line cannot be read is not trusted to open anything. */
static enum gate_position prescribed_gate(const struct connection *connection)
{
	if (connection->journal_damaged)
		return GATE_DENY;
	if (drain_is_on(connection))
		return GATE_DRAIN;
	return connection->maintenance.on && gate_of_state(connection->state) == GATE_ALLOW
		       ? GATE_DRAIN
		       : gate_of_state(connection->state);
}

enum gate_position transition_connection_gate(const struct connection *connection)
{
	return connection->let_go || bypass_covers(connection) ? GATE_ALLOW : prescribed_gate(connection);
}

enum gate_position transition_session_gate(const struct session *session)
{
	if (session->removed)
		return GATE_DENY;
	if (session->connection->let_go || bypass_covers(session->connection))
		return GATE_ALLOW;
	return session->held ? GATE_DENY : prescribed_gate(session->connection);
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

void transition_numbered(const Peering__Transition *transition, uint64_t ticket)
{
	struct connection *connection = connection_find(transition->connection);
	size_t oldest = connection ? connection->history_next + HISTORY_MAX - connection->history_count : 0;

	if (connection && ticket && connection->pending.ticket == ticket)
		connection->pending.entry.sequence = transition->sequence;
	for (size_t i = 0; connection && !ticket && i < connection->history_count; i++) {
		struct history_entry *entry = &connection->history[(oldest + i) % HISTORY_MAX];

		if (entry->sequence)
			continue;
		entry->sequence = transition->sequence;
		return;
	}
}

void transition_renumbered(const Peering__Transition *transition, uint64_t sequence)
{
	struct connection *connection = connection_find(transition->connection);

	if (connection && connection->pending.ticket && connection->pending.entry.sequence == transition->sequence)
		connection->pending.entry.sequence = sequence;
	for (size_t i = 0; connection && i < connection->history_count; i++)
		if (connection->history[i].sequence == transition->sequence)
			connection->history[i].sequence = sequence;
}

/* ---- carrying a state out ---- */

/* Blocked, a connection stays as it was. */
static bool is_shut(const struct connection *connection)
{
	return lifecycle_shut(connection->state == STATE_EXTERNAL_BLOCKER ? connection->former : connection->state);
}

static void assert_session(struct connection *connection, struct session *session)
{
	enum gate_position gate = transition_session_gate(session);
	char message[CONNECTION_NAME_MAX + 96];

	if (session->hands_off)
		return;
	if (gate == GATE_DENY)
		gate_close(session);
	else if (session->gate == gate)
		gate_assert(session);
	else if (!gate_open(session, gate))
		zlog_notice("peering: %s: %s has neither route refresh nor kept routes; its session is reset to learn its routes",
			    connection->name, session->address);
	if (audit_keeps_shut(session)) {
		snprintf(message, sizeof(message), "%s: audit violation", connection->name);
		gate_shut(session, message);
	} else if (is_shut(connection) || (connection->state == STATE_PENDING_REMOVE && !drain_is_on(connection))) {
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

/* Adopted as it stands: open it is, and nothing of it is touched. */
static void take_as_it_stands(struct session *session)
{
	session->gate = GATE_ALLOW;
	session->hands_off = false;
}

static void enter(struct connection *connection, enum connection_state to)
{
	struct session *session;

	if (to == STATE_ACTIVE)
		connection->journal_damaged = false;
	/* A line `adopted` speaks of the session from before, not of what comes after it. */
	if (gate_of_state(connection->state) == GATE_ALLOW && gate_of_state(to) != GATE_ALLOW)
		connection->adopted_line = false;
	/* What is asked for anew is tested anew. */
	if (to == STATE_PENDING_APPROVAL)
		connection->link_result = (struct link_test_result){0};
	if (connection->state != to) {
		connection->state_since = wall_clock_milliseconds();
		timers_state_entered(connection, 0);
		if (to != STATE_EXTERNAL_BLOCKER)
			connection->former = STATE_NONE;
		else if (connection->state != STATE_NONE) /* not where a state file says what it was */
			connection->former = connection->state;
	}
	connection->state = to;
	router.changes++;
	if (gate_of_state(to) != GATE_ALLOW)
		connection->overridden = false;
	if (to == STATE_NONE)
		connection->adopted = connection->discovered = false;
	if (gate_of_state(to) != GATE_ALLOW)
		connection->maintenance = (struct maintenance){0};
	if (to == STATE_PENDING_REMOVE)
		drain_begin(connection);
	else
		connection->drain.held = false;
	frr_each (session_list, &connection->sessions, session) {
		session->wrong_opens = 0;
		if (prescribed_gate(connection) == GATE_DENY)
			session->held = session->denied = false;
		else if (session->hands_off && !session->held && to == STATE_ACTIVE)
			take_as_it_stands(session);
	}
	transition_assert(connection);
	if (to != STATE_ACTIVE)
		frr_each (session_list, &connection->sessions, session)
			watch_end(session);
	if (to == STATE_NONE)
		session_events_later(connection);
	validation_state_changed(connection);
	link_test_look_again(connection);
	timers_look_again(connection);
	controller_link_changed(connection);
}

void transition_restore(struct connection *connection, enum connection_state state, uint64_t generation,
			uint64_t since)
{
	uint64_t now = wall_clock_milliseconds();

	connection->state = state;
	connection->generation = generation;
	connection->state_since = since;
	timers_state_entered(connection, now > since ? now - since : 0);
}

void transition_restore_gates(void)
{
	struct connection *connection;
	struct session *session;

	frr_each (connection_tree, &connections, connection)
		frr_each (session_list, &connection->sessions, session)
			session->gate = transition_session_gate(session);
}

/* ---- judging ---- */

static void refuse(struct connection *connection, enum lifecycle_event event, const struct lifecycle_outcome *outcome,
		   struct verdict *verdict)
{
	char waiting[REFUSAL_MESSAGE_MAX / 2];

	switch (outcome->refusal) {
	case REFUSAL_NOT_PASSED:
		validation_waiting_for(connection, waiting, sizeof(waiting));
		verdict_refuse(verdict, "not-validated", "%s has not passed its validation: %s", connection->name,
			       waiting);
		break;
	case REFUSAL_LINK:
		link_test_describe(connection, waiting, sizeof(waiting));
		verdict_refuse(verdict, "link-test",
			       "%s waits for its link test: %s; `peering %s link-test now` tests again, `peering %s link-test optional` under `router bgp` goes without",
			       connection->name, waiting, connection->name, connection->name);
		break;
	case REFUSAL_DELETE:
		verdict_refuse(verdict, "not-deletable", "%s is %s and cannot be deleted; allowed now: %s",
			       connection->name, connection_state_name(connection->state), verdict->allowed);
		break;
	case REFUSAL_ENDED:
		verdict_refuse(verdict, "ended",
			       "%s has ended, its gate is closed: `peering %s request` begins again, with a validation",
			       connection->name, connection->name);
		break;
	case REFUSAL_NO_SIBLING:
		verdict_refuse(verdict, "no-sibling",
			       "no other connection with this peer is Active with every session up: nothing would carry the traffic of %s",
			       connection->name);
		break;
	default:
		verdict_refuse(verdict, "not-allowed", "%s is %s, which does not take `%s`; allowed now: %s",
			       connection->name, connection_state_name(connection->state),
			       lifecycle_event_name(event), verdict->allowed);
		break;
	}
}

static bool is_changing(const struct connection *connection, struct verdict *verdict)
{
	if (connection->let_go || connection->pending.release)
		verdict_refuse(verdict, "pending", "%s is just being let go of; try again in a moment", connection->name);
	else if (connection->pending.ticket)
		verdict_refuse(verdict, "pending", "%s is just becoming %s; try again in a moment", connection->name,
			       connection_state_name(connection->pending.entry.to));
	else
		return false;
	return true;
}

bool transition_is_complete(const char *name, const struct completeness *has, enum lifecycle_event event,
			    struct verdict *verdict)
{
	if ((event == EVENT_READY || event == EVENT_ADOPT || event == EVENT_ACTIVATE_FORCE) && has->sessions == 0) {
		verdict_refuse(verdict, "no-neighbor",
			       "%s has no neighbor; add one with `peering %s neighbor ADDRESS` under `router bgp`", name,
			       name);
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
	};

	return transition_is_complete(connection->name, &has, event, verdict);
}

/* An optional session that is down was not looked at: it does not open with the others. */
static bool opens_with_the_others(const struct connection *connection, const struct session *session,
				  enum lifecycle_event event)
{
	return event == EVENT_ADOPT || event == EVENT_ACTIVATE_FORCE || connection->journal_damaged ||
	       check_applies(session);
}

/* What was drained, not closed, opens as it was: what had been held back stays so. */
static bool validates(enum lifecycle_event event)
{
	return event != EVENT_CANCEL && event != EVENT_MAINTENANCE_OFF;
}

/*
 * Which sessions of an Active connection the event opens by itself, each validated alone: what a violation has closed by
 * `reopen`, what was added by `activate`. What opens without being asked, service.c has chosen.
 */
static void choose(struct connection *connection, enum lifecycle_event event, struct lifecycle_facts *facts)
{
	const struct check *obstacle;
	struct check_result result;
	bool denied = false, added = false;
	struct session *session;

	frr_each (session_list, &connection->sessions, session) {
		if (event == EVENT_REOPEN || event == EVENT_ACTIVATE)
			session->opens = session->held && session->denied == (event == EVENT_REOPEN) &&
					 !service_obstacle(session, &obstacle, &result);
		else if (event != EVENT_PASSED)
			session->opens = session->held && event == EVENT_ACTIVATE_FORCE;
		denied |= session->opens && session->denied;
		added |= session->opens && !session->denied;
	}
	facts->passed = denied || added;
	if (event == EVENT_PASSED || connection->journal_damaged) {
		facts->violated = denied && !connection->journal_damaged;
		facts->held = added && !connection->journal_damaged;
	}
}

/* What the change makes of the connection's flags, and of each session. */
static void prepare(struct connection *connection, enum lifecycle_event event, bool loosens,
		    struct pending_change *change)
{
	struct session *session;

	change->adopted = connection->adopted || event == EVENT_ADOPT;
	change->discovered = connection->discovered && event != EVENT_APPROVE && event != EVENT_ADOPT &&
			     event != EVENT_ACTIVATE_FORCE;
	change->overridden = connection->overridden || event == EVENT_ACTIVATE_FORCE;
	change->kind = event == EVENT_ACTIVATE || event == EVENT_PASSED ? connection_kind_to_be(connection)
									: connection->kind;
	/* What nobody had declared gets its lines: a session that is adopted stays open without the journal too. */
	change->declares = event == EVENT_ADOPT && connection->discovered && !connection->declared;
	change->maintenance = event == EVENT_MAINTENANCE_ON || event == EVENT_MAINTENANCE_OFF
				      ? connection->maintenance_next
				      : connection->maintenance;
	frr_each (session_list, &connection->sessions, session) {
		if (connection->state == STATE_ACTIVE && !connection->journal_damaged)
			session->held_next = session->held && !session->opens &&
					     !(event == EVENT_ADOPT && session->hands_off);
		else if (loosens && validates(event))
			session->held_next = !opens_with_the_others(connection, session, event);
		else
			session->held_next = session->held && !(event == EVENT_ADOPT && session->hands_off);
		if (!session->held_next && (loosens || event == EVENT_ADOPT))
			service_session_opens(session);
	}
}

static void take_effect(struct connection *connection, const struct pending_change *change)
{
	struct session *session;

	connection->adopted = change->adopted;
	connection->discovered = change->discovered;
	connection->maintenance = change->maintenance;
	connection->overridden = change->overridden;
	if (change->entry.from == STATE_TYPE_CHANGE_IN_PROGRESS)
		connection->kind = change->kind;
	if (change->declares)
		connection->declared = connection->adopted_line = true;
	frr_each (session_list, &connection->sessions, session) {
		session->held = session->held_next;
		session->denied &= session->held;
		session->declared |= change->declares;
	}
	enter(connection, change->entry.to);
	drain_watch(connection);
}

/*
 * A line `adopted` that is read at start is no missing state: what was open stays open, also where the journal that
 * would have said so is lost and cannot be written.
 */
static bool waits_for_the_disk(enum lifecycle_event event)
{
	/* Row 30 is for the night in which nothing else works. */
	if (event == EVENT_ACTIVATE_FORCE)
		return false;
	return event != EVENT_ADOPT || !router.booting;
}

/* `waits`: it takes effect once it is durable. False where that cannot be. */
static bool carry_out(struct connection *connection, struct pending_change *change, bool waits, struct verdict *verdict)
{
	const struct history_entry *entry = &change->entry;

	if (waits) {
		change->ticket = durable_state_transition(connection, &change->entry, change);
		if (!change->ticket) {
			verdict_refuse(verdict, "journal", "%s cannot be opened: the journal cannot be written",
				       connection->name);
			return false;
		}
		connection->pending = *change;
		router.changes++;
	} else {
		take_effect(connection, change);
		durable_state_transition(connection, &change->entry, NULL);
		transition_remember(connection, entry);
	}
	zlog_notice("peering: %s: %s -> %s, row %s, by %s%s%s", connection->name, connection_state_name(entry->from),
		    connection_state_name(entry->to), entry->cause, entry->actor, entry->message[0] ? ": " : "",
		    entry->message);
	verdict->accepted = true;
	snprintf(verdict->message, sizeof(verdict->message), "%s: %s", connection->name,
		 connection_state_name(entry->to));
	return true;
}

bool transition(struct connection *connection, enum lifecycle_event event, const char *actor, const char *reason,
		struct verdict *verdict)
{
	struct verdict ignored;
	struct lifecycle_facts facts;
	struct lifecycle_outcome outcome;
	struct pending_change change = {.entry = {.from = connection->state}};
	enum connection_state from = connection->state;
	bool loosens, waits;

	if (!verdict)
		verdict = &ignored;
	*verdict = (struct verdict){.code = ""};

	connection_facts(connection, &facts);
	lifecycle_allowed(from, &facts, verdict->allowed, sizeof(verdict->allowed));
	if (event == EVENT_ACTIVATE_FORCE && connection->pending.ticket && !connection->pending.release &&
	    !connection->pending.made) {
		/* It waits for a disk that does not answer. Whatever becomes of that line, this one stands behind it. */
		connection->pending = (struct pending_change){0};
	}
	if (is_changing(connection, verdict))
		return false;
	if (from == STATE_ACTIVE)
		choose(connection, event, &facts);
	else
		facts.passed = validation_passed(connection);
	if (event == EVENT_ADOPT)
		facts.discovered |= connection_has_conflict(connection);
	outcome = lifecycle_judge(from, event, &facts);
	debug_log(DEBUG_LIFECYCLE, "lifecycle: %s: %s in %s, by %s: row %s, %s", connection->name, lifecycle_event_name(event),
		  connection_state_name(from), actor,
		  outcome.row, outcome.refusal != REFUSAL_NONE ? "refused" : connection_state_name(outcome.to));
	if (outcome.refusal != REFUSAL_NONE) {
		refuse(connection, event, &outcome, verdict);
		return false;
	}
	if (!complete_enough(connection, event, verdict))
		return false;
	if (outcome.unchanged && connection->journal_damaged && (event == EVENT_ADOPT || event == EVENT_ACTIVATE || event == EVENT_ACTIVATE_FORCE)) {
		/* A person says that what the journal cannot say any more is right. */
		outcome.unchanged = false;
		outcome.row = "24b";
	} else if (outcome.unchanged && event == EVENT_ADOPT && connection_has_conflict(connection)) {
		/* A session that was open when it was added to an Active connection. */
		outcome.unchanged = false;
		outcome.row = "21";
	}
	if (outcome.unchanged) {
		if (event == EVENT_DEPROVISION)
			drain_release(connection);
		verdict->accepted = verdict->unchanged = true;
		snprintf(verdict->message, sizeof(verdict->message), "%s is %s already", connection->name,
			 connection_state_name(from));
		return true;
	}

	loosens = lifecycle_loosens(from, &outcome) ||
		  (gate_of_state(outcome.to) == GATE_ALLOW && prescribed_gate(connection) == GATE_DENY);
	waits = loosens && waits_for_the_disk(event);
	if (waits && !durable_state_writable(verdict->message, sizeof(verdict->message))) {
		verdict->code = "journal";
		return false;
	}

	if (event == EVENT_REQUEST || outcome.to == STATE_VALIDATING)
		connection->generation++;
	change.entry.to = outcome.to;
	change.entry.at_milliseconds = wall_clock_milliseconds();
	strlcpy(change.entry.cause, outcome.row, sizeof(change.entry.cause));
	utf8_copy(change.entry.actor, sizeof(change.entry.actor), actor);
	utf8_copy(change.entry.message, sizeof(change.entry.message), reason ? reason : "");
	prepare(connection, event, loosens, &change);
	if (event == EVENT_ACTIVATE_FORCE)
		alert_as(EC_PEERING_OVERRIDDEN, "%s is activated by %s whatever its validation says: %s; `clear peering overridden %s` once that is as it should be",
		      connection->name, actor, change.entry.message, connection->name);

	return carry_out(connection, &change, waits, verdict);
}

void transition_close_session(struct session *session, enum lifecycle_event event, const char *reason)
{
	struct connection *connection = session->connection;
	struct lifecycle_outcome outcome;
	struct lifecycle_facts facts;
	struct history_entry entry = {
		.from = connection->state,
		.to = connection->state,
		.actor = "router",
		.at_milliseconds = wall_clock_milliseconds(),
	};

	connection_facts(connection, &facts);
	outcome = lifecycle_judge(connection->state, event, &facts);
	if (outcome.refusal != REFUSAL_NONE || outcome.effect != EFFECT_CLOSES)
		return;
	session->held = session->held_next = true;
	session->denied = event == EVENT_VIOLATION;
	if (transition_session_gate(session) == GATE_DENY)
		gate_close(session);
	strlcpy(entry.cause, outcome.row, sizeof(entry.cause));
	utf8_copy(entry.message, sizeof(entry.message), reason);
	/* A change that is on its way to the disk does not know of this. */
	connection->pending.edited |= connection->pending.ticket != 0;
	durable_state_transition(connection, &entry, NULL);
	transition_remember(connection, &entry);
	zlog_notice("peering: %s: row %s, by %s: %s", connection->name, entry.cause, entry.actor, entry.message);
	controller_link_changed(connection);
	validation_look_again(connection);
}

bool transition_take_over(struct connection *connection, enum connection_state to, bool adopted, bool discovered,
			  const char *reason, struct verdict *verdict)
{
	struct pending_change change = {
		.entry = {.from = connection->state, .to = to, .cause = "import", .actor = "operator",
			  .at_milliseconds = wall_clock_milliseconds()},
		.adopted = adopted,
		.discovered = discovered,
		.maintenance = connection->maintenance,
		.overridden = connection->overridden,
		.kind = connection->kind,
	};
	bool loosens = gate_of_state(to) == GATE_ALLOW && prescribed_gate(connection) != GATE_ALLOW;

	*verdict = (struct verdict){.code = ""};
	if (is_changing(connection, verdict))
		return false;
	if (loosens && !durable_state_writable(verdict->message, sizeof(verdict->message))) {
		verdict->code = "journal";
		return false;
	}
	utf8_copy(change.entry.message, sizeof(change.entry.message), reason);
	if (to != connection->state)
		return carry_out(connection, &change, loosens, verdict);
	/* What ended elsewhere, and had never begun here. */
	take_effect(connection, &change);
	durable_state_connection(connection);
	verdict->accepted = true;
	return true;
}

void transition_override_seen(struct connection *connection)
{
	if (!connection->overridden)
		return;
	connection->overridden = false;
	zlog_notice("peering: %s: somebody has looked at its activation by force", connection->name);
	durable_state_connection(connection);
	controller_link_changed(connection);
}

/* ---- letting go ---- */

#define RELEASE_MILLISECONDS 20

static void go(event_ref *event)
{
	struct connection *connection = event_argument(event);
	struct session *session;
	TURN(TURN_LIFECYCLE);

	frr_each_safe (session_list, &connection->sessions, session)
		if (!gate_is_busy(session))
			session_delete(session);
	if (session_list_count(&connection->sessions)) {
		event_add_milliseconds(go, connection, RELEASE_MILLISECONDS, &connection->evaluation);
		return;
	}
	connection_delete(connection);
	controller_link_gone();
}

void transition_let_go(struct connection *connection)
{
	struct session *session;

	connection->let_go = true;
	frr_each (session_list, &connection->sessions, session) {
		if (session->hands_off)
			continue;
		gate_unshut(session);
		gate_open(session, GATE_ALLOW);
	}
	event_stop(connection->evaluation);
	event_add_now(go, connection, &connection->evaluation);
}

static void released(struct connection *connection, const struct pending_change *change, int error)
{
	if (error) {
		alert_as(EC_PEERING_JOURNAL_WRITE, "%s stays gated: that it is let go of could not be journalled: %s", connection->name,
		      safe_strerror(error));
		return;
	}
	zlog_notice("peering: %s is let go of by %s: %s", connection->name, change->entry.actor, change->entry.message);
	transition_let_go(connection);
}

/* An undeclared session that default-deny would gate again at once has another way out. */
static bool is_gated_again(const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		const struct peer *peer = session_peer(session);

		if (peer && default_deny_judge(peer) == IS_DENIED)
			return true;
	}
	return false;
}

bool transition_release(struct connection *connection, const char *actor, const char *reason, struct verdict *verdict)
{
	struct pending_change change = {.release = true, .entry = {.from = connection->state, .to = STATE_NONE}};
	struct lifecycle_facts facts;

	*verdict = (struct verdict){.code = ""};
	connection_facts(connection, &facts);
	lifecycle_allowed(connection->state, &facts, verdict->allowed, sizeof(verdict->allowed));
	if (is_changing(connection, verdict))
		return false;
	if (connection->state != STATE_NONE && !(connection->state == STATE_PENDING_APPROVAL && connection->discovered)) {
		verdict_refuse(verdict, "not-allowed", "%s is %s, its gate follows from that; allowed now: %s", connection->name,
			       connection_state_name(connection->state), verdict->allowed);
		return false;
	}
	if (is_gated_again(connection)) {
		verdict_refuse(verdict, "default-deny",
			       "default-deny would gate %s again at once; `peering default-deny-except …` first, or adopt it",
			       connection->name);
		return false;
	}
	if (!durable_state_writable(verdict->message, sizeof(verdict->message))) {
		verdict->code = "journal";
		return false;
	}
	utf8_copy(change.entry.actor, sizeof(change.entry.actor), actor);
	utf8_copy(change.entry.message, sizeof(change.entry.message), reason);
	change.ticket = durable_state_forget(connection, true);
	if (!change.ticket) {
		verdict_refuse(verdict, "journal", "%s cannot be let go of: the journal cannot be written", connection->name);
		return false;
	}
	connection->pending = change;
	verdict->accepted = true;
	snprintf(verdict->message, sizeof(verdict->message), "%s is let go of: what its neighbors do is nobody's business now",
		 connection->name);
	return true;
}

void transition_durable(const char *name, uint64_t ticket, int error)
{
	struct connection *connection = connection_find(name);
	struct pending_change change;

	if (!connection || connection->pending.ticket != ticket)
		return;
	change = connection->pending;
	connection->pending = (struct pending_change){0};
	if (change.release) {
		released(connection, &change, error);
		return;
	}
	if (error && change.made) {
		alert_as(EC_PEERING_JOURNAL_WRITE, "%s is not adopted, and its neighbors are as they were: it could not be journalled: %s", connection->name,
		      safe_strerror(error));
		adoption_failed(connection);
		return;
	}
	if (error) {
		alert_as(EC_PEERING_JOURNAL_WRITE, "%s stays %s: its transition could not be journalled: %s", connection->name,
		      connection_state_name(connection->state), safe_strerror(error));
		validation_state_changed(connection);
	} else {
		transition_remember(connection, &change.entry);
		take_effect(connection, &change);
	}
	if (change.edited)
		durable_state_connection(connection);
}
