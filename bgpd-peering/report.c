// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything is malloc'd, as protobuf-c's own unpacking does, so that its free function takes it apart. */
#include "bgpd-peering/report.h"

#include "bgpd-peering/check.h"
#include "bgpd-peering/facts.h"
#include "bgpd-peering/gate.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/validation.h"

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
	struct session_facts facts;

	peering__session_status__init(status);
	session_facts(session, &facts);
	status->address = text(session->address);
	status->bgp_state = text(facts.bgp_state);
	status->gate = report_gate(facts.gate);
	status->required = session->required;
	status->up_seconds = facts.up_seconds;
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

static Peering__Kind report_kind(enum connection_kind kind)
{
	switch (kind) {
	case KIND_DIRECT:
		return PEERING__KIND__KIND_DIRECT;
	case KIND_EXCHANGE:
		return PEERING__KIND__KIND_EXCHANGE;
	case KIND_ROUTE_SERVER:
		return PEERING__KIND__KIND_ROUTE_SERVER;
	default:
		return PEERING__KIND__KIND_UNSPECIFIED;
	}
}

static Peering__ActivationMode report_activation(enum activation_mode mode)
{
	switch (mode) {
	case ACTIVATION_AUTO:
		return PEERING__ACTIVATION_MODE__ACTIVATION_AUTO;
	case ACTIVATION_CONTROLLER:
		return PEERING__ACTIVATION_MODE__ACTIVATION_CONTROLLER;
	default:
		return PEERING__ACTIVATION_MODE__ACTIVATION_MANUAL;
	}
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
	status->kind = report_kind(connection->kind);
	status->state = text(connection_state_name(connection->state));
	status->generation = connection->generation;
	status->state_since = connection->state_since / 1000;
	status->activation = report_activation(connection_activation(connection));
	status->waiting_for = text(waiting);
	status->n_flags = connection_flags(connection, flags);
	status->flags = (char **)list_of(status->n_flags);
	for (size_t i = 0; i < status->n_flags; i++)
		status->flags[i] = text(flags[i]);

	status->sessions = (Peering__SessionStatus **)list_of(session_count);
	status->checks = (Peering__CheckStatus **)list_of(session_count * check_count);
	frr_each (session_list_const, &connection->sessions, session) {
		status->sessions[status->n_sessions++] = report_session(session);
		if (connection->state != STATE_VALIDATING || !check_applies(session))
			continue;
		for (size_t i = 0; i < check_count; i++) {
			enum check_level level = check_level(connection, i);

			if (level != CHECK_OFF)
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

void report_snapshot_free(Peering__Snapshot *snapshot)
{
	peering__snapshot__free_unpacked(snapshot, NULL);
}
