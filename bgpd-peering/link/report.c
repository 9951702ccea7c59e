// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything is malloc'd, as protobuf-c's own unpacking does, so that its free function takes it apart. */
#include "bgpd-peering/link/report.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/checks/degraded.h"
#include "bgpd-peering/checks/service.h"
#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/connection/drift.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/push/push_declaration.h"
#include "bgpd-peering/router.h"

#define COUNTS_SECONDS 60  /* in which a count that has moved a little is told */
#define MUCH_OF_A_COUNT 8u /* one in so many, and it is told in the next round */

static void *must(void *memory)
{
	if (!memory)
		memory_oom(0, "report");
	return memory;
}

static char *text(const char *value)
{
	return must(strdup(value ? value : ""));
}

static void **list_of(size_t count)
{
	return must(calloc(count ? count : 1, sizeof(void *)));
}

static Peering__FamilyStatus *report_family(const struct session *session, enum counted_family family)
{
	Peering__FamilyStatus *status = must(malloc(sizeof(*status)));
	struct family_facts facts;

	peering__family_status__init(status);
	family_facts(session, family, &facts);
	status->afi = text(family_name(family));
	status->received = facts.received;
	status->installed = facts.installed;
	status->advertised = facts.advertised;
	status->received_limit = facts.limit;
	status->import_policy = text(facts.import_policy);
	status->export_policy = text(facts.export_policy);
	return status;
}

static Peering__Gate report_gate(enum gate_position gate)
{
	switch (gate) {
	case GATE_ALLOW:
		return PEERING__GATE__GATE_ALLOW;
	case GATE_DRAIN:
		return PEERING__GATE__GATE_DRAIN;
	default:
		return PEERING__GATE__GATE_DENY;
	}
}

static Peering__SessionStatus *report_session(const struct session *session)
{
	Peering__SessionStatus *status = must(malloc(sizeof(*status)));
	const struct peer *peer = session_peer(session);
	struct session_facts facts;
	uint32_t changes;

	peering__session_status__init(status);
	session_facts(session, &facts);
	status->address = text(session->address);
	status->bgp_state = text(facts.bgp_state);
	status->gate = report_gate(facts.gate);
	status->required = session->required;
	status->up_seconds = facts.up_seconds;
	status->downs = facts.downs;
	status->password_set = peer && peer->password;
	changes = facts.ups + facts.downs;
	/* Of a neighbor that was made anew bgpd counts anew. */
	status->folded = changes >= session->reported_changes ? changes - session->reported_changes : changes;
	status->families = (Peering__FamilyStatus **)list_of(FAMILY_COUNT);
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (facts.carries[family])
			status->families[status->n_families++] = report_family(session, family);
	return status;
}

static Peering__CheckStatus *report_check(const struct check *check, enum check_level level, const struct session *session)
{
	Peering__CheckStatus *status = must(malloc(sizeof(*status)));
	struct check_result result;

	peering__check_status__init(status);
	check_run(check, session, &result);
	status->name = text(check->name);
	status->verdict = text(check_verdict_name(result.verdict));
	status->session = text(session->address);
	status->figures = text(result.figures);
	status->reason = text(result.reason);
	status->level = text(check_level_name(level));
	return status;
}

static void report_degraded(const struct connection *connection, Peering__ConnectionStatus *status)
{
	struct degradation found[DEGRADATIONS_MAX];
	size_t count = MIN(connection_degradations(connection, found, array_size(found)), array_size(found));

	status->degraded = (Peering__Degradation **)list_of(count);
	for (size_t i = 0; i < count; i++) {
		Peering__Degradation *one = must(malloc(sizeof(*one)));

		peering__degradation__init(one);
		one->cause = text(found[i].cause);
		one->session = text(found[i].session ? found[i].session->address : "");
		one->severity = text(severity_name(found[i].severity));
		one->since = found[i].seconds ? wall_clock_milliseconds() / 1000 - found[i].seconds : 0;
		one->figures = text(found[i].figures);
		one->reason = text(found[i].reason);
		one->gate_closed = found[i].gate_closed;
		one->next = text(found[i].next);
		status->degraded[status->n_degraded++] = one;
	}
}

/* While `ready` is waited for it stands with the checks: an operator there reads the same. */
static Peering__CheckStatus *report_link_test(const struct connection *connection)
{
	const struct link_test_result *result = &connection->link_result;
	Peering__CheckStatus *status = must(malloc(sizeof(*status)));
	char port[INTERFACE_NAME_MAX];

	link_test_port(connection, port);
	peering__check_status__init(status);
	status->name = text("link-test");
	status->verdict = text(check_verdict_name(!result->at ? CHECK_RUNNING : result->passed ? CHECK_PASS : CHECK_FAIL));
	status->session = text("");
	status->figures = text(port);
	status->reason = text(result->reason);
	status->level = text(connection->link_test.level == LINK_TEST_REQUIRED ? "required" : "advisory");
	return status;
}

static Peering__ConnectionStatus *report_connection(const struct connection *connection)
{
	Peering__ConnectionStatus *status = must(malloc(sizeof(*status)));
	size_t session_count = session_list_count(&connection->sessions);
	const char *flags[CONNECTION_FLAGS_MAX];
	const struct session *session;
	char waiting[256];

	peering__connection_status__init(status);
	validation_waiting_for(connection, waiting, sizeof(waiting));
	status->name = text(connection->name);
	status->vrf = text(connection->vrf);
	status->peer_asn = connection_peer_asn(connection);
	status->kind = push_kind_to_wire(connection->kind);
	status->state = text(connection_state_name(connection->state));
	status->generation = connection->generation;
	status->state_since = connection->state_since / 1000;
	status->activation = push_activation_to_wire(connection_activation(connection));
	status->waiting_for = text(waiting);
	status->n_flags = connection_flags(connection, flags);
	status->flags = (char **)list_of(status->n_flags);
	for (size_t i = 0; i < status->n_flags; i++)
		status->flags[i] = text(flags[i]);

	status->declared = drift_declared(connection);
	report_degraded(connection, status);
	status->sessions = (Peering__SessionStatus **)list_of(session_count);
	status->checks = (Peering__CheckStatus **)list_of(session_count * check_count + 1);
	if (connection->state == STATE_PROVISIONING_STARTED && connection->link_test.level != LINK_TEST_OFF)
		status->checks[status->n_checks++] = report_link_test(connection);
	frr_each (session_list_const, &connection->sessions, session) {
		status->sessions[status->n_sessions++] = report_session(session);
		if (!service_is_judged(session) || !check_applies(session))
			continue;
		for (size_t i = 0; i < check_count; i++) {
			enum check_level level = check_level(connection, i);

			if (level != CHECK_OFF && service_asks(checks[i], session))
				status->checks[status->n_checks++] = report_check(checks[i], level, session);
		}
	}
	return status;
}

Peering__Snapshot *report_snapshot(struct connection *const *list, size_t count, bool full)
{
	Peering__Snapshot *snapshot = must(malloc(sizeof(*snapshot)));

	peering__snapshot__init(snapshot);
	snapshot->full = full;
	snapshot->taken_at = wall_clock_milliseconds() / 1000;
	snapshot->connections = (Peering__ConnectionStatus **)list_of(count);
	for (size_t i = 0; i < count; i++)
		snapshot->connections[snapshot->n_connections++] = report_connection(list[i]);
	return snapshot;
}

/* Of family_facts() what moves by itself: thousands of them are compared each few seconds. */
static struct reported_counts counts_of(const struct session *session, enum counted_family family)
{
	return (struct reported_counts){
		.received = inbound_count(session, family),
		.installed = session_installed_count(session, family_afi(family), SAFI_UNICAST),
		.advertised = session_advertised_count(session, family_afi(family), SAFI_UNICAST),
	};
}

void report_taken(struct connection *connection)
{
	struct session_facts facts;
	struct session *session;

	connection->reported_at = monotime(NULL);
	frr_each (session_list, &connection->sessions, session) {
		session_facts(session, &facts);
		session->reported_changes = facts.ups + facts.downs;
		for (int family = 0; family < FAMILY_COUNT; family++)
			session->reported_counts[family] = counts_of(session, family);
	}
}

/* A large table moves all the time. */
static bool is_moved(uint64_t before, uint64_t now, bool at_all)
{
	uint64_t apart = before < now ? now - before : before - now;

	return apart > (at_all ? 0 : before / MUCH_OF_A_COUNT);
}

bool report_counts_moved(const struct connection *connection)
{
	bool at_all = monotime(NULL) - connection->reported_at >= COUNTS_SECONDS;
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		for (int family = 0; family < FAMILY_COUNT; family++) {
			const struct reported_counts *before = &session->reported_counts[family];
			struct reported_counts now = counts_of(session, family);

			if (is_moved(before->received, now.received, at_all) ||
			    is_moved(before->installed, now.installed, at_all) ||
			    is_moved(before->advertised, now.advertised, at_all))
				return true;
		}
	}
	return false;
}

void report_snapshot_free(Peering__Snapshot *snapshot)
{
	peering__snapshot__free_unpacked(snapshot, NULL);
}
