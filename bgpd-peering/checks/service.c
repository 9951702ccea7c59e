// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/checks/service.h"

#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/checks/watch.h"
#include "bgpd-peering/connection/connection_walk.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/link/snapshots.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/utf8.h"

#define ROUND_SECONDS 10
#define NEAR_PERCENT 85 /* of the limit: a warning, which goes below NEAR_NO_MORE_PERCENT */
#define NEAR_NO_MORE_PERCENT 80
#define IN_A_ROW_SECONDS 86400 /* a violation that comes later than that begins to count anew */
#define FULL_SECONDS 10	       /* before closings are counted again */

/* ---- checks ---- */

bool service_asks(const struct check *check, const struct session *session)
{
	return !check->of_turn_up || session->connection->state != STATE_ACTIVE || session->held;
}

bool service_is_judged(const struct session *session)
{
	enum connection_state state = session->connection->state;

	return state == STATE_VALIDATING ||
	       (state == STATE_ACTIVE && (session->held || session->fault.check || session->notice.check));
}

bool service_obstacle(const struct session *session, const struct check **obstacle, struct check_result *result)
{
	for (size_t i = 0; i < check_count; i++) {
		if (check_level(session->connection, i) != CHECK_REQUIRED)
			continue;
		check_run(checks[i], session, result);
		if (result->verdict == CHECK_PASS)
			continue;
		*obstacle = checks[i];
		return true;
	}
	return false;
}

bool service_would_open(const struct connection *connection, bool denied)
{
	const struct check *obstacle;
	struct check_result result;
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session->held && session->denied == denied && !service_obstacle(session, &obstacle, &result))
			return true;
	return false;
}

/* The first check of an open session that fails: a required one, or an advisory one that has a name for its failure. */
static const struct check *find_failing(const struct session *session, enum check_level level,
					struct check_result *result)
{
	for (size_t i = 0; i < check_count; i++) {
		if (!service_asks(checks[i], session) || check_level(session->connection, i) != level ||
		    (level == CHECK_ADVISORY && !checks[i]->cause))
			continue;
		check_run(checks[i], session, result);
		if (result->verdict == CHECK_FAIL)
			return checks[i];
	}
	return NULL;
}

/* ---- what stands, and for how long ---- */

/* Returns whether it is to be looked at again soon. */
static bool note(struct offence *offence, const struct check *failing, const struct check_result *result)
{
	time_t now = monotime(NULL);

	if (failing) {
		if (!offence->check)
			offence->since = now;
		offence->check = failing;
		offence->last = now;
		offence->stands |= now - offence->since >= OFFENCE_HOLDS;
		strlcpy(offence->figures, result->figures, sizeof(offence->figures));
		strlcpy(offence->reason, result->reason, sizeof(offence->reason));
		return true;
	}
	if (offence->check && offence->stands && now - offence->last < OFFENCE_QUIET)
		return true;
	*offence = (struct offence){0};
	return false;
}

static void forget(struct session *session)
{
	session->fault = session->notice = (struct offence){0};
	session->passing_since = 0;
	memset(session->near_limit, 0, sizeof(session->near_limit));
}

/* Returns whether that has changed. */
static bool note_limits(struct session *session)
{
	bool before[FAMILY_COUNT];

	memcpy(before, session->near_limit, sizeof(before));
	for (int family = 0; family < FAMILY_COUNT; family++) {
		uint64_t limit = session->connection->received_limit[family];
		uint64_t count = MAX(inbound_count(session, family),
				     session_installed_count(session, family_afi(family), SAFI_UNICAST));

		if (!limit || count * 100 < limit * NEAR_NO_MORE_PERCENT)
			session->near_limit[family] = false;
		else if (count * 100 >= limit * NEAR_PERCENT)
			session->near_limit[family] = true;
	}
	return memcmp(before, session->near_limit, sizeof(before)) != 0;
}

bool service_is_flapping(const struct session *session)
{
	time_t oldest = session->downs[session->downs_next];

	return oldest && monotime(NULL) - oldest < FLAPPING_SECONDS;
}

/* ---- closing ---- */

/*
 * A fault of ours, or one line too many, must not cut a whole router off: few gates close by violations at a time. Counted
 * by the records of the sessions, which a restart does not forget.
 */
static bool may_close(void)
{
	static time_t full_until, said_at;
	uint64_t now = wall_clock_milliseconds();
	const struct connection *connection;
	const struct session *session;
	size_t active = 0, closed = 0, most;

	if (full_until && monotime(NULL) < full_until)
		return false;
	frr_each (connection_tree_const, &connections, connection) {
		active += connection->state == STATE_ACTIVE;
		frr_each (session_list_const, &connection->sessions, session)
			closed += session->denial.at && session->denial.at <= now &&
				  now - session->denial.at < CLOSINGS_SECONDS * 1000;
	}
	most = MAX(active / 10, (size_t)CLOSINGS_LEAST);
	full_until = closed < most ? 0 : monotime(NULL) + FULL_SECONDS;
	if (full_until && (!said_at || monotime(NULL) - said_at >= CLOSINGS_SECONDS)) {
		said_at = monotime(NULL);
		alert_as(EC_PEERING_GATE_CLOSED, "%zu gates have closed by violations within %u s: no more of them close for now, look at `show peering problems`",
		      closed, CLOSINGS_SECONDS);
	}
	return !full_until;
}

static void close_gate(struct session *session)
{
	struct denial *denial = &session->denial;
	const struct offence *fault = &session->fault;
	uint64_t now = wall_clock_milliseconds();
	char reason[SESSION_ADDRESS_MAX + sizeof(denial->cause) + sizeof(denial->reason) + 8];

	if (!denial->at || denial->at > now || now - denial->at > IN_A_ROW_SECONDS * UINT64_C(1000))
		denial->count = 0;
	denial->count++;
	denial->at = now;
	strlcpy(denial->cause, fault->check->cause ? fault->check->cause : fault->check->name, sizeof(denial->cause));
	strlcpy(denial->figures, fault->figures, sizeof(denial->figures));
	utf8_copy(denial->reason, sizeof(denial->reason), fault->reason);
	snprintf(reason, sizeof(reason), "%s %s: %s", session->address, denial->cause, denial->reason);
	forget(session);
	transition_close_session(session, EVENT_VIOLATION, reason);
	alert_as(EC_PEERING_GATE_CLOSED, "%s: the gate of %s has closed, %s: %s; `peering %s reopen` once it is mended", session->connection->name,
	      session->address, denial->cause, denial->reason, session->connection->name);
}

static void close_other_as(struct session *session, const struct peer *peer)
{
	char reason[TRANSITION_MESSAGE_MAX];

	snprintf(reason, sizeof(reason), "%s is AS%u now, AS%u was validated", session->address, peer->as,
		 session->validated_as);
	forget(session);
	transition_close_session(session, EVENT_SESSION_CHANGED, reason);
}

/* ---- opening ---- */

uint64_t service_hold_down(const struct session *session)
{
	uint32_t set = session->connection->reopen_hold_down;
	uint64_t seconds = set ? set : REOPEN_HOLD_DOWN_DEFAULT;

	for (uint32_t i = 1; i < session->denial.count && seconds < REOPEN_HOLD_DOWN_MOST; i++)
		seconds *= 2;
	return MIN(seconds, (uint64_t)REOPEN_HOLD_DOWN_MOST);
}

uint64_t service_hold_down_left(const struct session *session)
{
	uint64_t passed = session->passing_since ? (uint64_t)(monotime(NULL) - session->passing_since) : 0;
	uint64_t all = service_hold_down(session);

	return passed < all ? all - passed : 0;
}

/* Whether it opens by itself now. */
static bool opens_by_itself(struct session *session)
{
	const struct connection *connection = session->connection;
	const struct check *obstacle;
	struct check_result result;

	if (service_obstacle(session, &obstacle, &result)) {
		session->passing_since = 0;
		return false;
	}
	if (!session->passing_since)
		session->passing_since = monotime(NULL);
	if (!session->denied)
		return connection_activation(connection) == ACTIVATION_AUTO;
	return connection->reopen_auto && service_hold_down_left(session) == 0;
}

/* ---- the look ---- */

static bool look_at_open(struct session *session, struct peer *peer)
{
	const struct connection *connection = session->connection;
	bool stood = session->fault.stands, noticed = session->notice.stands, moving, changed;
	struct check_result result = {0};
	const struct check *failing;

	/* It came up so while a bypass was on. */
	if (session->validated_as && session->validated_as != peer->as && !bypass_covers(connection)) {
		close_other_as(session, peer);
		return true;
	}
	watch_begin(session, peer, false);
	changed = note_limits(session);
	failing = find_failing(session, CHECK_REQUIRED, &result);
	moving = note(&session->fault, failing, &result);
	if (failing && session->fault.stands && connection->on_violation_deny && !bypass_covers(connection) &&
	    may_close()) {
		close_gate(session);
		return true;
	}
	moving |= note(&session->notice, find_failing(session, CHECK_ADVISORY, &result), &result);
	if (changed || stood != session->fault.stands || noticed != session->notice.stands)
		controller_link_changed(session->connection);
	return moving;
}

static event_ref *round_event;

static void visit(struct connection *connection)
{
	if (connection->state != STATE_ACTIVE)
		return;
	snapshots_look(connection);
	if (!connection->evaluation)
		validation_look_now(connection);
}

static void begin_round(event_ref *event)
{
	static struct connection_walk walk = {.visit = visit};
	TURN(TURN_LIFECYCLE);

	connection_walk_begin(&walk);
}

bool service_look(struct connection *connection)
{
	bool moving = false, opens = false;
	struct session *session;

	if (!round_event)
		event_add_seconds(begin_round, NULL, ROUND_SECONDS, &round_event);
	frr_each (session_list, &connection->sessions, session) {
		struct peer *peer = session_peer(session);

		session->opens = false;
		if (!peer || !peer_is_established(peer) || session->hands_off) {
			forget(session);
		} else if (session->held) {
			moving = true;
			session->opens = opens_by_itself(session);
			opens |= session->opens;
		} else if (session->gate == GATE_ALLOW) {
			moving |= look_at_open(session, peer);
		}
	}
	if (opens && !connection->pending.ticket && !push_confirm_concerns(connection->name))
		transition(connection, EVENT_PASSED, "router", "validated by itself", NULL);
	return moving;
}

/* ---- sessions ---- */

static bool is_open(const struct session *session)
{
	return session->connection->state == STATE_ACTIVE && !session->held && !session->hands_off &&
	       session->gate == GATE_ALLOW && !bypass_covers(session->connection);
}

void service_session_up(struct session *session, struct peer *peer)
{
	bool other = false;

	if (is_open(session) && session->validated_as && session->validated_as != peer->as) {
		other = true;
		session->gate = GATE_DENY;
	} else if (is_open(session) && !session->validated_as) {
		/* Adopted while it was down, or from a journal that did not say. */
		session->validated_as = peer->as;
		durable_state_connection(session->connection);
	}
	gate_session_up(session, peer);
	if (other)
		close_other_as(session, peer);
}

void service_session_down(struct session *session)
{
	if (session->connection->state != STATE_ACTIVE)
		return;
	forget(session);
	session->downs[session->downs_next] = monotime(NULL);
	session->downs_next = (session->downs_next + 1) % FLAPS_MOST;
}

void service_session_opens(struct session *session)
{
	const struct peer *peer = session_peer(session);

	if (peer && peer->as)
		session->validated_as = peer->as;
}
