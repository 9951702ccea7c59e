// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/checks/degraded.h"

#include "bgpd-peering/checks/service.h"
#include "bgpd-peering/connection/drift.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/router.h"

const char *severity_name(enum severity severity)
{
	static const char *const names[SEVERITY_COUNT] = {"none", "warning", "critical"};

	return severity < SEVERITY_COUNT ? names[severity] : "none";
}

/* `words` are what stands behind the name, NULL for a look at it. */
static void say_next(struct degradation *one, const char *name, const char *words)
{
	snprintf(one->next, sizeof(one->next), words ? "peering %s %s" : "show peering %s", name, words);
}

/* ---- of the connection ---- */

static bool of_connection(const struct connection *connection, struct degradation *one)
{
	*one = (struct degradation){.severity = SEVERITY_WARNING, .seconds = wall_clock_seconds_since(connection->state_since)};
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

static bool of_drift(const struct connection *connection, struct degradation *one)
{
	struct drift drift;

	if (!connection->drift_since || !drift_find(connection, &drift))
		return false;
	*one = (struct degradation){.cause = "drift", .severity = SEVERITY_WARNING,
				    .seconds = (uint64_t)(monotime(NULL) - connection->drift_since)};
	snprintf(one->figures, sizeof(one->figures), "%zu difference%s", drift.count, drift.count == 1 ? "" : "s");
	snprintf(one->reason, sizeof(one->reason), "changed by hand since the controller pushed it: %s", drift.first);
	snprintf(one->next, sizeof(one->next), "clear peering drift %s", connection->name);
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
	char words[BGP_WORDS_MAX];

	one->cause = "session-down";
	if (!peer) {
		snprintf(one->reason, sizeof(one->reason), "%s is not a neighbor in this bgpd", session->address);
	} else {
		if (peer->resettime)
			one->seconds = (uint64_t)(monotime(NULL) - peer->resettime);
		snprintf(one->reason, sizeof(one->reason), "%s is down, %s%s%s", session->address, facts->bgp_state,
			 peer->last_reset ? ": " : "", peer->last_reset ? peer_down_str[(int)peer->last_reset] : "");
	}
	snprintf(one->next, sizeof(one->next), "show %s neighbors %s", session_bgp_words(session, words), session->address);
}

/* A violation has closed its gate, or it has not been validated yet: it is validated by itself. */
static void of_held(const struct session *session, struct degradation *one)
{
	const struct connection *connection = session->connection;
	bool passes = session->passing_since;

	one->severity = session->required || session->denied ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	if (session->denied) {
		one->cause = session->denial.cause;
		one->seconds = wall_clock_seconds_since(session->denial.at);
		strlcpy(one->figures, session->denial.figures, sizeof(one->figures));
		snprintf(one->reason, sizeof(one->reason), "%s: %s", session->address, session->denial.reason);
	} else {
		one->cause = "not-validated";
		snprintf(one->reason, sizeof(one->reason), "%s is gated until it has passed its validation",
			 session->address);
	}
	say_next(one, connection->name, passes ? (session->denied ? "reopen" : "activate") : NULL);
	if (!passes)
		strlcat(one->next, " checks", sizeof(one->next));
}

static void of_offence(const struct session *session, const struct offence *offence, struct degradation *one)
{
	one->cause = offence->check->cause ? offence->check->cause : offence->check->name;
	one->severity = offence->check->urgent && offence == &session->fault ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	one->seconds = (uint64_t)(monotime(NULL) - offence->since);
	strlcpy(one->figures, offence->figures, sizeof(one->figures));
	snprintf(one->reason, sizeof(one->reason), "%s: %s", session->address, offence->reason);
	snprintf(one->next, sizeof(one->next), "show peering %s checks", session->connection->name);
}

static bool of_limit(const struct session *session, struct degradation *one)
{
	for (int family = 0; family < FAMILY_COUNT; family++) {
		struct family_facts facts;

		if (!session->near_limit[family])
			continue;
		family_facts(session, family, &facts);
		one->cause = "limit";
		snprintf(one->figures, sizeof(one->figures), "%llu %s of %u",
			 (unsigned long long)MAX(facts.received, facts.installed), family_name(family), facts.limit);
		snprintf(one->reason, sizeof(one->reason), "%s comes near its limit: %s", session->address,
			 one->figures);
		snprintf(one->next, sizeof(one->next), "show peering %s", session->connection->name);
		return true;
	}
	return false;
}

struct found {
	struct degradation *list;
	size_t count, most;
};

static void add(struct found *found, const struct degradation *one)
{
	if (found->count < found->most)
		found->list[found->count] = *one;
	found->count++;
}

static void of_session(const struct session *session, struct found *found)
{
	const struct connection *connection = session->connection;
	struct degradation blank = {.session = session, .severity = SEVERITY_WARNING}, one;
	struct session_facts facts;
	char words[BGP_WORDS_MAX];
	bool said = true;

	if (session->key_error) {
		one = blank;
		one.cause = "password";
		one.severity = SEVERITY_CRITICAL;
		snprintf(one.reason, sizeof(one.reason),
			 "%s: the kernel does not take its password (%s): what its peer signs is refused, and what it does not sign is taken",
			 session->address, safe_strerror(session->key_error));
		strlcpy(one.next, "sysctl net.core.optmem_max, which bounds how many there can be", sizeof(one.next));
		add(found, &one);
	}
	if (!session->violation.count && !session->cut_off && !session->notice.stands && !is_in_service(connection))
		return;
	session_facts(session, &facts);
	one = blank;
	one.gate_closed = is_in_service(connection) && facts.gate == GATE_DENY;
	if (session->violation.count) {
		one.cause = "violation";
		one.severity = SEVERITY_CRITICAL;
		one.seconds = wall_clock_seconds_since(session->violation.at);
		snprintf(one.reason, sizeof(one.reason), "something has passed the closed gate of %s: %s",
			 session->address, session->violation.what);
		snprintf(one.next, sizeof(one.next), "clear peering violation %s", connection->name);
	} else if (session->cut_off && !facts.established) {
		one.cause = "limit";
		one.severity = SEVERITY_CRITICAL;
		snprintf(one.reason, sizeof(one.reason), "%s was cut off: its peer sent more than %u prefixes",
			 session->address, session->cut_off);
		snprintf(one.next, sizeof(one.next), "clear %s %s", session_bgp_words(session, words), session->address);
	} else if (!is_in_service(connection)) {
		return;
	} else if (session->held) {
		of_held(session, &one);
	} else if (!facts.established && is_missed(session)) {
		of_down(session, &facts, &one);
	} else if (session->fault.stands) {
		of_offence(session, &session->fault, &one);
	} else {
		said = of_limit(session, &one);
	}
	if (said)
		add(found, &one);
	if (session->notice.stands) {
		const char *before = said ? one.cause : "";

		one = blank;
		of_offence(session, &session->notice, &one);
		/* Of the same cause once: a metric has one line for each. */
		if (strcmp(one.cause, before) != 0)
			add(found, &one);
	}
	if (service_is_flapping(session) && is_in_service(connection)) {
		one = blank;
		one.cause = "flapping";
		snprintf(one.reason, sizeof(one.reason), "%s has gone down %u times or more within %u minutes",
			 session->address, FLAPS_MOST, FLAPPING_SECONDS / 60);
		snprintf(one.next, sizeof(one.next), "show %s neighbors %s", session_bgp_words(session, words), session->address);
		add(found, &one);
	}
}

/* ---- all ---- */

size_t connection_degradations(const struct connection *connection, struct degradation *list, size_t most)
{
	struct found found = {.list = list, .most = most};
	const struct session *session;
	struct degradation one;

	if (of_connection(connection, &one))
		add(&found, &one);
	if (of_drift(connection, &one))
		add(&found, &one);
	frr_each (session_list_const, &connection->sessions, session)
		of_session(session, &found);
	return found.count;
}

enum severity connection_severity(const struct connection *connection)
{
	struct degradation found[DEGRADATIONS_MAX];
	size_t count = connection_degradations(connection, found, array_size(found));
	enum severity worst = SEVERITY_NONE;

	for (size_t i = 0; i < MIN(count, array_size(found)); i++)
		worst = MAX(worst, found[i].severity);
	return worst;
}
