// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/checks/validation.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/checks/service.h"
#include "bgpd-peering/commands/debug_areas.h"
#include "bgpd-peering/connection/deadline.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#define VALIDATION_INTERVAL 1 /* seconds */

/* Its sessions are up and gated, and the checks decide. */
static bool is_validated(const struct connection *connection)
{
	return connection->state == STATE_VALIDATING || connection->state == STATE_TYPE_CHANGE_IN_PROGRESS;
}

static bool waits(const struct connection *connection)
{
	if (connection->let_go)
		return false;
	return connection->state == STATE_PROVISIONING_COMPLETED || is_validated(connection) ||
	       connection->state == STATE_PENDING_REMOVE || connection->state == STATE_ACTIVE;
}

static bool required_sessions_up(const struct connection *connection)
{
	const struct session *session;
	bool any = false;

	frr_each (session_list_const, &connection->sessions, session) {
		struct peer *peer = session_peer(session);

		if (peer && peer_is_established(peer))
			any = true;
		else if (session->required)
			return false;
	}
	return any;
}

/* A dynamic neighbor cannot be shut: it may stay up, and is done with once its gate has closed. */
static bool is_leaving(const struct session *session)
{
	struct peer *peer = session_peer(session);

	if (!peer || !peer_is_established(peer))
		return false;
	return !peer_dynamic_neighbor(peer) || gate_is_busy(session);
}

static bool any_session_leaving(const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (is_leaving(session))
			return true;
	return false;
}

/* The first required check that does not pass, and the session it fails on. False where all pass. */
static bool first_obstacle(const struct connection *connection, const struct check **obstacle,
			   const struct session **at, struct check_result *result)
{
	for (size_t i = 0; i < check_count; i++) {
		const struct session *session;

		if (check_level(connection, i) != CHECK_REQUIRED)
			continue;
		frr_each (session_list_const, &connection->sessions, session) {
			if (!check_applies(session))
				continue;
			check_run(checks[i], session, result);
			if (result->verdict == CHECK_PASS)
				continue;
			*obstacle = checks[i];
			*at = session;
			return true;
		}
	}
	return false;
}

bool validation_passed(const struct connection *connection)
{
	const struct check *obstacle;
	struct check_result result;
	const struct session *session;

	if (connection->state == STATE_ACTIVE)
		return service_would_open(connection, false);
	return is_validated(connection) && required_sessions_up(connection) &&
	       !first_obstacle(connection, &obstacle, &session, &result);
}

/* ---- moving on ---- */

static void evaluate(event_ref *event);

#define WRONG_OPENS_MOST 10

static bool says_another_asn(const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session->required && session->wrong_opens >= WRONG_OPENS_MOST)
			return true;
	return false;
}

void validation_look_now(struct connection *connection)
{
	if (connection->pending.ticket || !waits(connection) || !router_works())
		return;
	if (debug_is_on(DEBUG_VALIDATION)) {
		char waiting[256];

		validation_waiting_for(connection, waiting, sizeof(waiting));
		zlog_debug("peering: validation: %s is %s; waits for: %s", connection->name,
			   connection_state_name(connection->state), waiting);
	}
	if (connection->state == STATE_ACTIVE) {
		if (service_look(connection))
			event_add_seconds(evaluate, connection, VALIDATION_INTERVAL, &connection->evaluation);
		return;
	}
	if (says_another_asn(connection) &&
	    (connection->state == STATE_PROVISIONING_COMPLETED || connection->state == STATE_VALIDATING)) {
		transition(connection, EVENT_WRONG_ASN, "router", "the peer has another AS number in its OPEN, again and again",
			   NULL);
		return;
	}
	if (connection->state == STATE_PROVISIONING_COMPLETED) {
		if (required_sessions_up(connection))
			transition(connection, EVENT_ESTABLISHED, "router", "every required session is up", NULL);
		return;
	}
	if (connection->state == STATE_PENDING_REMOVE) {
		if (drain_is_on(connection))
			return;
		if (!any_session_leaving(connection))
			transition(connection, EVENT_DRAINED, "router", "every session is down or denied", NULL);
		else
			event_add_seconds(evaluate, connection, VALIDATION_INTERVAL, &connection->evaluation);
		return;
	}
	if (connection->state == STATE_VALIDATING && !required_sessions_up(connection)) {
		transition(connection, EVENT_SESSION_LOST, "router", "a required session is down", NULL);
		return;
	}
	if (connection_activation(connection) == ACTIVATION_AUTO && validation_passed(connection) &&
	    !push_confirm_concerns(connection->name) &&
	    transition(connection, EVENT_PASSED, "router", "validated; activation is auto", NULL))
		return;
	event_add_seconds(evaluate, connection, VALIDATION_INTERVAL, &connection->evaluation);
	controller_link_changed(connection);
}

static void evaluate(event_ref *event)
{
	TURN(TURN_LIFECYCLE);

	validation_look_now(event_argument(event));
}

void validation_look_again(struct connection *connection)
{
	if (connection->let_go)
		return;
	event_stop(connection->evaluation);
	if (waits(connection))
		event_add_now(evaluate, connection, &connection->evaluation);
}

void validation_state_changed(struct connection *connection)
{
	validation_look_again(connection);
}

/* ---- what it waits for ---- */

/* Without one bgpd does not dial. */
static bool has_family(const struct peer *peer)
{
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi)
		if (peer->afc[afi][safi])
			return true;
	return false;
}

static const char *why_not_up(struct peer *peer)
{
	if (!peer)
		return "is no neighbor";
	return has_family(peer) ? peer_fsm_status_name(peer) : "has no address family; `activate` it in one";
}

static void sessions_not_up(const struct connection *connection, char *text, size_t size)
{
	const struct session *session;
	size_t used = 0;

	if (session_list_count(&connection->sessions) == 0) {
		snprintf(text, size, "no neighbor; `peering %s neighbor ADDRESS` under `router bgp`",
			 connection->name);
		return;
	}
	frr_each (session_list_const, &connection->sessions, session) {
		struct peer *peer = session_peer(session);

		if (!session->required || (peer && peer_is_established(peer)) || used >= size)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s %s", used ? ", " : "peer not up: ",
					 session->address, why_not_up(peer));
	}
}

/* The first session whose gate is closed although the connection is Active, and why. */
static void held_sessions(const struct connection *connection, char *text, size_t size)
{
	const struct session *session;
	const struct check *obstacle;
	struct check_result result;

	frr_each (session_list_const, &connection->sessions, session) {
		if (!session->held || !check_applies(session))
			continue;
		if (service_obstacle(session, &obstacle, &result))
			snprintf(text, size, "%s (%s): %s", obstacle->name, session->address, result.reason);
		else if (session->denied && connection->reopen_auto)
			snprintf(text, size, "passed; %s opens in %llu s, or `reopen`", session->address,
				 (unsigned long long)service_hold_down_left(session));
		else if (session->denied)
			snprintf(text, size, "passed; `reopen`");
		else if (connection_activation(connection) == ACTIVATION_CONTROLLER)
			snprintf(text, size, "%s passed; the controller's activation", session->address);
		else
			snprintf(text, size, "%s passed; `activate`", session->address);
		return;
	}
}

/* Why it is in its state. */
static const char *last_message(const struct connection *connection)
{
	if (!connection->history_count)
		return "";
	return connection->history[(connection->history_next + HISTORY_MAX - 1) % HISTORY_MAX].message;
}

void validation_waiting_for(const struct connection *connection, char *text, size_t size)
{
	const struct check *obstacle;
	struct check_result result;
	const struct session *session;

	text[0] = '\0';
	if (connection->pending.ticket) {
		snprintf(text, size, "becoming %s", connection_state_name(connection->pending.entry.to));
		return;
	}
	if (push_confirm_concerns(connection->name)) {
		snprintf(text, size, "the push %s to be confirmed, or rolled back in %u s", push_unconfirmed()->id,
			 push_confirm_seconds_left(push_unconfirmed()->id));
		return;
	}
	switch (connection->state) {
	case STATE_NONE:
		snprintf(text, size, "nothing; `peering %s request` to begin again", connection->name);
		break;
	case STATE_PENDING_APPROVAL:
		snprintf(text, size, "%s", connection->discovered ? "undeclared: `adopt` or `approve`" : "`approve`");
		break;
	case STATE_PROVISIONING_STARTED:
		if (connection->link_test.level == LINK_TEST_REQUIRED && !connection->link_result.passed) {
			char said[sizeof(connection->link_result.reason)];

			link_test_describe(connection, said, sizeof(said));
			snprintf(text, size, "its link test (%s), then `ready`", said);
			break;
		}
		/* fall through */
	case STATE_APPROVED:
		snprintf(text, size, "`ready` once it is wired and the peer has configured BGP");
		break;
	case STATE_PROVISIONING_COMPLETED:
		sessions_not_up(connection, text, size);
		break;
	case STATE_EXTERNAL_BLOCKER:
		snprintf(text, size, "a third party; `unblock`: %s", last_message(connection));
		break;
	case STATE_TYPE_CHANGE_REQUESTED:
		snprintf(text, size, "`type-change start`, to become %s", connection_kind_name(connection->wanted_kind));
		break;
	case STATE_TYPE_CHANGE_IN_PROGRESS:
	case STATE_VALIDATING:
		if (first_obstacle(connection, &obstacle, &session, &result))
			snprintf(text, size, "%s (%s): %s", obstacle->name, session->address, result.reason);
		else if (!required_sessions_up(connection))
			sessions_not_up(connection, text, size);
		else if (connection_activation(connection) == ACTIVATION_CONTROLLER)
			snprintf(text, size, "passed; the controller's activation");
		else
			snprintf(text, size, "passed; `activate`");
		break;
	case STATE_ACTIVE:
		held_sessions(connection, text, size);
		break;
	case STATE_PROVISIONING_FAILED:
		snprintf(text, size, "`retry` or `withdraw`");
		break;
	case STATE_PENDING_REMOVE:
		if (drain_is_on(connection) && connection->drain.held)
			snprintf(text, size, "somebody: the push that drains it was rolled back; `cancel` or `deprovision now`");
		else if (drain_is_on(connection))
			snprintf(text, size, "its drain, at most %llu s; `deprovision now` or `cancel`",
				 (unsigned long long)deadline_seconds_left(connection->drain.ends));
		else
			snprintf(text, size, "the sessions to go down");
		break;
	default:
		break;
	}
}
