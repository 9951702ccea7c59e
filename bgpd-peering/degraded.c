// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/degraded.h"

#include "bgpd-peering/facts.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/timers.h"

const char *severity_name(enum severity severity)
{
	static const char *const names[SEVERITY_COUNT] = {"none", "warning", "critical"};

	return severity < SEVERITY_COUNT ? names[severity] : "none";
}

static uint64_t seconds_in_state(const struct connection *connection)
{
	uint64_t now = wall_clock_milliseconds();

	return now > connection->state_since ? (now - connection->state_since) / 1000 : 0;
}

/* `words` are what stands behind the name, NULL for a look at it. */
static void say_next(struct degradation *one, const char *name, const char *words)
{
	snprintf(one->next, sizeof(one->next), words ? "peering %s %s" : "show peering %s", name, words);
}

/* ---- of the connection ---- */

static bool of_connection(const struct connection *connection, struct degradation *one)
{
	*one = (struct degradation){.severity = SEVERITY_WARNING, .seconds = seconds_in_state(connection)};
	if (connection->journal_damaged) {
		one->cause = "journal";
		one->severity = SEVERITY_CRITICAL;
		one->gate_closed = true;
		snprintf(one->reason, sizeof(one->reason), "what the journal says of it cannot be read, so its gates are closed");
		say_next(one, connection->name, connection->state == STATE_ACTIVE ? "activate" : NULL);
	} else if (connection_has_conflict(connection)) {
		one->cause = "conflict";
		snprintf(one->reason, sizeof(one->reason),
			 "declared while its session was up with an open gate, which is left as it is");
		say_next(one, connection->name, "adopt");
	} else if (connection->state == STATE_PROVISIONING_FAILED) {
		one->cause = "failed";
		snprintf(one->reason, sizeof(one->reason), "could not be set up; its history says why");
		say_next(one, connection->name, "retry");
	} else if (connection->state == STATE_EXTERNAL_BLOCKER) {
		one->cause = "blocked";
		snprintf(one->reason, sizeof(one->reason), "waits for a third party; its history says for whom");
		say_next(one, connection->name, NULL);
	} else if (connection->overridden) {
		one->cause = "overridden";
		snprintf(one->reason, sizeof(one->reason), "was activated by force; its history says by whom and why");
		snprintf(one->next, sizeof(one->next), "clear peering overridden %s", connection->name);
	} else if (timers_is_stale(connection)) {
		one->cause = "stale";
		snprintf(one->reason, sizeof(one->reason), "has waited for its peer for a long time");
		say_next(one, connection->name, "force-cancel reason …");
	} else if (connection->discovered && connection->state == STATE_PENDING_APPROVAL) {
		one->cause = "undeclared";
		snprintf(one->reason, sizeof(one->reason), "came up and nobody has declared it");
		say_next(one, connection->name, "adopt");
	} else {
		return false;
	}
	return true;
}

/* ---- of a session ---- */

static bool is_in_service(const struct connection *connection)
{
	return lifecycle_gate(connection->state) == GATE_ALLOW;
}

/* An optional session is missed once it has been there. */
static bool is_missed(const struct session *session)
{
	const struct peer *peer = session_peer(session);

	return session->required || (peer && peer->established);
}

static void of_down(const struct session *session, const struct session_facts *facts, struct degradation *one)
{
	const struct peer *peer = session_peer(session);

	one->cause = "session-down";
	if (!peer) {
		snprintf(one->reason, sizeof(one->reason), "%s is not a neighbor in this bgpd", session->address);
	} else {
		if (peer->resettime)
			one->seconds = (uint64_t)(monotime(NULL) - peer->resettime);
		snprintf(one->reason, sizeof(one->reason), "%s is down, %s%s%s", session->address, facts->bgp_state,
			 peer->last_reset ? ": " : "", peer->last_reset ? peer_down_str[(int)peer->last_reset] : "");
	}
	snprintf(one->next, sizeof(one->next), "show bgp neighbors %s", session->address);
}

static bool of_session(const struct session *session, struct degradation *one)
{
	const struct connection *connection = session->connection;
	struct session_facts facts;

	*one = (struct degradation){.session = session, .severity = SEVERITY_WARNING};
	session_facts(session, &facts);
	one->gate_closed = is_in_service(connection) && facts.gate == GATE_DENY;
	if (session->violation.count) {
		uint64_t now = wall_clock_milliseconds();

		one->cause = "violation";
		one->severity = SEVERITY_CRITICAL;
		one->seconds = now > session->violation.at ? (now - session->violation.at) / 1000 : 0;
		snprintf(one->reason, sizeof(one->reason), "something has passed the closed gate of %s: %s", session->address,
			 session->violation.what);
		snprintf(one->next, sizeof(one->next), "clear peering violation %s", connection->name);
	} else if (session->cut_off && !facts.established) {
		one->cause = "limit";
		one->severity = SEVERITY_CRITICAL;
		snprintf(one->reason, sizeof(one->reason), "%s was cut off: its peer sent more than %u prefixes",
			 session->address, session->cut_off);
		snprintf(one->next, sizeof(one->next), "clear bgp %s", session->address);
	} else if (!is_in_service(connection)) {
		return false;
	} else if (session->held) {
		one->cause = "not-validated";
		one->severity = session->required ? SEVERITY_CRITICAL : SEVERITY_WARNING;
		snprintf(one->reason, sizeof(one->reason), "%s was not validated with the others and stays gated", session->address);
		say_next(one, connection->name, "deprovision");
	} else if (!facts.established && is_missed(session)) {
		of_down(session, &facts, one);
	} else {
		return false;
	}
	return true;
}

/* ---- all ---- */

size_t connection_degradations(const struct connection *connection, struct degradation *found, size_t most)
{
	const struct session *session;
	struct degradation one;
	size_t count = 0;

	if (of_connection(connection, &one)) {
		if (count < most)
			found[count] = one;
		count++;
	}
	frr_each (session_list_const, &connection->sessions, session) {
		if (!of_session(session, &one))
			continue;
		if (count < most)
			found[count] = one;
		count++;
	}
	return count;
}

enum severity connection_severity(const struct connection *connection)
{
	struct degradation found[SESSIONS_MAX + 1];
	size_t count = connection_degradations(connection, found, array_size(found));
	enum severity worst = SEVERITY_NONE;

	for (size_t i = 0; i < MIN(count, array_size(found)); i++)
		worst = MAX(worst, found[i].severity);
	return worst;
}
