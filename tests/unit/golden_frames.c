// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/golden_frames.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char *features[] = {"push-options", "session-settings"};
static Peering__Hello hello = {
	PROTOBUF_C_MESSAGE_INIT(&peering__hello__descriptor),
	.protocol_version = 1,
	.router_name = "edge1.fra1.example.net",
	.frr_version = "8.4.4",
	.module_version = "0.1.0",
	.journal_id = "0f8a5f0e2b7c4d19a1e63c5d7b9f0246",
	.last_sequence = 17,
	.boot_id = "5e3d",
	.n_features = COUNT(features),
	.features = features,
	.last_push = "9d3c1f0a5b7e42d8861f0c9ab4e7d352",
	.revision = 7,
};
static Peering__HelloAck hello_ack = {
	PROTOBUF_C_MESSAGE_INIT(&peering__hello_ack__descriptor),
	.protocol_version = 1,
	.router_name = "edge1.fra1.example.net",
	.acked_sequence = 15,
	.acked_at_milliseconds = 1764000000007,
	.n_features = COUNT(features),
	.features = features,
};

static Peering__FamilyStatus family_ipv4 = {
	PROTOBUF_C_MESSAGE_INIT(&peering__family_status__descriptor),
	.afi = "ipv4",
	.received = 1204,
	.installed = 0,
	.advertised = 0,
	.received_limit = 2000,
	.import_policy = "ACME-IN",
	.export_policy = "ACME-OUT",
};
static Peering__FamilyStatus *families_of_session[] = {&family_ipv4};
static Peering__SessionStatus session = {
	PROTOBUF_C_MESSAGE_INIT(&peering__session_status__descriptor),
	.address = "192.0.2.2",
	.bgp_state = "Established",
	.gate = PEERING__GATE__GATE_DENY,
	.required = 1,
	.up_seconds = 372,
	.n_families = COUNT(families_of_session),
	.families = families_of_session,
	.downs = 4,
	.folded = 7,
	.password_set = 1,
};
static Peering__SessionStatus *sessions[] = {&session};
static Peering__CheckStatus check = {
	PROTOBUF_C_MESSAGE_INIT(&peering__check_status__descriptor),
	.name = "session-stable",
	.verdict = "running",
	.session = "both",
	.figures = "0 flaps in 6m12s",
	.reason = "3m48s to go",
};
static Peering__CheckStatus *checks[] = {&check};
static char *flags[] = {"adopted", "stale"};
static Peering__Neighbor declared_neighbor = {
	PROTOBUF_C_MESSAGE_INIT(&peering__neighbor__descriptor),
	.address = "192.0.2.2",
	.hold_time = 30,
	.password_differs = 1,
};
static Peering__Neighbor *declared_neighbors[] = {&declared_neighbor};
static Peering__DeclareConnection declared = {
	PROTOBUF_C_MESSAGE_INIT(&peering__declare_connection__descriptor),
	.name = "PNI-ACME-FRA1",
	.peer_asn = 4200000000u,
	.n_neighbors = COUNT(declared_neighbors),
	.neighbors = declared_neighbors,
	.profile = "PEERS",
};
static Peering__ConnectionStatus status = {
	PROTOBUF_C_MESSAGE_INIT(&peering__connection_status__descriptor),
	.name = "PNI-ACME-FRA1",
	.vrf = "default",
	.peer_asn = 4200000000u,
	.kind = PEERING__KIND__KIND_DIRECT,
	.state = "Validating",
	.generation = 3,
	.state_since = 1764000000,
	.n_flags = COUNT(flags),
	.flags = flags,
	.activation = PEERING__ACTIVATION_MODE__ACTIVATION_MANUAL,
	.n_sessions = COUNT(sessions),
	.sessions = sessions,
	.n_checks = COUNT(checks),
	.checks = checks,
	.waiting_for = "session-stable: 3m48s to go",
	.declared = &declared,
};
static Peering__ConnectionStatus *connections[] = {&status};
static Peering__PolicyStatus policy_there = {
	PROTOBUF_C_MESSAGE_INIT(&peering__policy_status__descriptor),
	.name = "ACME-IN",
	.kind = PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP,
	.digest = UINT64_C(0x8c3d5f7a9b1e2046),
	.entries = 2,
	.drifted = 1,
	.withdrawn = 1,
};
static Peering__PolicyStatus policy_gone = {
	PROTOBUF_C_MESSAGE_INIT(&peering__policy_status__descriptor),
	.name = "ACME-OLD",
	.gone = 1,
};
static Peering__PolicyStatus *policy_statuses[] = {&policy_there, &policy_gone};
static Peering__Snapshot snapshot = {
	PROTOBUF_C_MESSAGE_INIT(&peering__snapshot__descriptor),
	.full = 1,
	.n_connections = COUNT(connections),
	.connections = connections,
	.taken_at = 1764000372,
	.n_policies = COUNT(policy_statuses),
	.policies = policy_statuses,
	.policies_full = 1,
	.complete = 1,
};

static Peering__Transition transition = {
	PROTOBUF_C_MESSAGE_INIT(&peering__transition__descriptor),
	.sequence = 16,
	.connection = "PNI-ACME-FRA1",
	.vrf = "default",
	.generation = 3,
	.from = "ProvisioningCompleted",
	.to = "Validating",
	.cause = "8",
	.actor = "router",
	.at_milliseconds = 1764000000123,
	.message = "every required session is up",
};
static Peering__Ack ack = {PROTOBUF_C_MESSAGE_INIT(&peering__ack__descriptor), .sequence = 16};

static Peering__NeighborFamily asked_ipv4 = {
	PROTOBUF_C_MESSAGE_INIT(&peering__neighbor_family__descriptor),
	.afi = "ipv4",
	.received_limit = 2000,
	.import_policy = "ACME-IN",
	.export_policy = "ACME-OUT",
};
static Peering__NeighborFamily *asked_families[] = {&asked_ipv4};
static Peering__Neighbor neighbor_ipv4 = {
	PROTOBUF_C_MESSAGE_INIT(&peering__neighbor__descriptor),
	.address = "192.0.2.2",
	.description = "ACME, port 4",
	.n_families = COUNT(asked_families),
	.families = asked_families,
	.password = "a key of two",
	.ttl_security_hops = 1,
	.bfd = 1,
	.bfd_profile = "slow",
	.keepalive = 10,
	.hold_time = 30,
	.connect_retry = 5,
	.role = "peer",
	.role_strict = 1,
	.local_address = "192.0.2.1/30",
};
static Peering__Neighbor neighbor_ipv6 = {
	PROTOBUF_C_MESSAGE_INIT(&peering__neighbor__descriptor),
	.address = "2001:db8:1::2",
	.description = "",
	.optional = 1,
};
static Peering__Neighbor *neighbors[] = {&neighbor_ipv4, &neighbor_ipv6};
static Peering__DeclaredCheck check_bogons = {
	PROTOBUF_C_MESSAGE_INIT(&peering__declared_check__descriptor),
	.name = "no-bogons",
	.level = "required",
};
static Peering__DeclaredCheck *asked_checks[] = {&check_bogons};
static Peering__DeclareConnection declare = {
	PROTOBUF_C_MESSAGE_INIT(&peering__declare_connection__descriptor),
	.name = "PNI-ACME-FRA1",
	.peer_asn = 64510,
	.kind = PEERING__KIND__KIND_EXCHANGE,
	.activation = PEERING__ACTIVATION_MODE__ACTIVATION_CONTROLLER,
	.validation_window = 600,
	.n_neighbors = COUNT(neighbors),
	.neighbors = neighbors,
	.description = "Example Networks",
	.on_violation = PEERING__ON_VIOLATION__ON_VIOLATION_DENY,
	.reopen_mode = PEERING__REOPEN_MODE__REOPEN_AUTO,
	.reopen_hold_down = 900,
	.profile = "PEERS",
	.n_checks = COUNT(asked_checks),
	.checks = asked_checks,
	.establish_timer = 86400,
	.validation_timer = 3600,
	.stale_timer = 1209600,
	.drain_timer = 120,
};
static Peering__ConnectionVerb verb = {
	PROTOBUF_C_MESSAGE_INIT(&peering__connection_verb__descriptor),
	.name = "PNI-ACME-FRA1",
	.verb = "approve",
	.reason = "wired on Monday",
};
static char *listed_communities[] = {"64510:1", "no-export"};
static Peering__PolicyEntry entry_prefix = {
	PROTOBUF_C_MESSAGE_INIT(&peering__policy_entry__descriptor),
	.sequence = 5,
	.action = PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT,
	.prefix = "198.51.100.0/24",
	.ge = 25,
	.le = 28,
};
static Peering__PolicyEntry entry_regex = {
	PROTOBUF_C_MESSAGE_INIT(&peering__policy_entry__descriptor),
	.sequence = 10,
	.action = PEERING__POLICY_ACTION__POLICY_ACTION_DENY,
	.regex = "^64510_",
};
static Peering__PolicyEntry entry_communities = {
	PROTOBUF_C_MESSAGE_INIT(&peering__policy_entry__descriptor),
	.sequence = 15,
	.action = PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT,
	.n_communities = COUNT(listed_communities),
	.communities = listed_communities,
};
static Peering__Number preference = {PROTOBUF_C_MESSAGE_INIT(&peering__number__descriptor), .value = 0};
static Peering__Number med = {PROTOBUF_C_MESSAGE_INIT(&peering__number__descriptor), .value = 4294967295u};
static char *set_communities[] = {"64500:7"};
static char *set_large_communities[] = {"64500:1:2"};
static uint32_t prepended[] = {64500, 4200000000u};
static Peering__RouteMapClause clause = {
	PROTOBUF_C_MESSAGE_INIT(&peering__route_map_clause__descriptor),
	.match_prefix_list_ipv4 = "ACME-4",
	.match_prefix_list_ipv6 = "ACME-6",
	.match_as_path = "ACME-PATH",
	.match_community = "MARKED",
	.match_community_exact = 1,
	.match_large_community = "MARKED-LARGE",
	.set_local_preference = &preference,
	.set_med = &med,
	.n_set_communities = COUNT(set_communities),
	.set_communities = set_communities,
	.set_communities_additive = 1,
	.n_set_large_communities = COUNT(set_large_communities),
	.set_large_communities = set_large_communities,
	.set_large_communities_additive = 1,
	.n_set_as_path_prepend = COUNT(prepended),
	.set_as_path_prepend = prepended,
	.set_next_hop = PEERING__NEXT_HOP__NEXT_HOP_PEER_ADDRESS,
	.call = "COMMON",
	.on_match = PEERING__ON_MATCH__ON_MATCH_GOTO,
	.goto_sequence = 30,
};
static Peering__PolicyEntry entry_clause = {
	PROTOBUF_C_MESSAGE_INIT(&peering__policy_entry__descriptor),
	.sequence = 20,
	.action = PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT,
	.clause = &clause,
};
#define POLICY(object, policy_name, policy_kind, entry)                                                                \
	static Peering__PolicyEntry *entries_of_##object[] = {&entry};                                                 \
	static Peering__Policy object = {                                                                              \
		PROTOBUF_C_MESSAGE_INIT(&peering__policy__descriptor),                                                 \
		.name = policy_name,                                                                                   \
		.kind = PEERING__POLICY_KIND__POLICY_KIND_##policy_kind,                                               \
		.n_entries = 1,                                                                                        \
		.entries = entries_of_##object,                                                                        \
	};                                                                                                             \
	static Peering__Operation operation_##object = {                                                               \
		PROTOBUF_C_MESSAGE_INIT(&peering__operation__descriptor),                                              \
		.operation_case = PEERING__OPERATION__OPERATION_POLICY,                                                \
		.policy = &object,                                                                                     \
	}
POLICY(prefix_list, "ACME-4", PREFIX_LIST_IPV4, entry_prefix);
POLICY(as_path_list, "ACME-PATH", AS_PATH_LIST, entry_regex);
POLICY(community_list, "MARKED", COMMUNITY_LIST, entry_communities);
POLICY(route_map, "ACME-IN", ROUTE_MAP, entry_clause);
static Peering__WithdrawPolicy withdrawn = {
	PROTOBUF_C_MESSAGE_INIT(&peering__withdraw_policy__descriptor),
	.name = "ACME-OLD",
};
static Peering__Operation operation_withdraw = {
	PROTOBUF_C_MESSAGE_INIT(&peering__operation__descriptor),
	.operation_case = PEERING__OPERATION__OPERATION_WITHDRAW_POLICY,
	.withdraw_policy = &withdrawn,
};
static Peering__Operation operation_declare = {
	PROTOBUF_C_MESSAGE_INIT(&peering__operation__descriptor),
	.operation_case = PEERING__OPERATION__OPERATION_DECLARE,
	.declare = &declare,
};
static Peering__Operation operation_verb = {
	PROTOBUF_C_MESSAGE_INIT(&peering__operation__descriptor),
	.operation_case = PEERING__OPERATION__OPERATION_VERB,
	.verb = &verb,
};
static Peering__Operation *operations[] = {
	&operation_prefix_list, &operation_as_path_list, &operation_community_list, &operation_route_map,
	&operation_declare,	&operation_verb,	 &operation_withdraw,
};
static Peering__Push push = {
	PROTOBUF_C_MESSAGE_INIT(&peering__push__descriptor),
	.id = "9d3c1f0a5b7e42d8861f0c9ab4e7d352",
	.actor = "noc@example.net",
	.n_operations = COUNT(operations),
	.operations = operations,
	.dry_run = 1,
	.expects_revision = 1,
	.expected_revision = 6,
	.confirm_seconds = 120,
};
static Peering__Confirm confirm = {
	PROTOBUF_C_MESSAGE_INIT(&peering__confirm__descriptor),
	.id = "9d3c1f0a5b7e42d8861f0c9ab4e7d352",
};

static char *allowed[] = {"approve", "withdraw"};
static Peering__OperationResult result_good = {
	PROTOBUF_C_MESSAGE_INIT(&peering__operation_result__descriptor),
	.ok = 1,
	.code = "",
	.message = "",
};
static Peering__OperationResult result_bad = {
	PROTOBUF_C_MESSAGE_INIT(&peering__operation_result__descriptor),
	.code = "not-allowed",
	.message = "activate is not allowed in PendingApproval",
	.n_allowed = COUNT(allowed),
	.allowed = allowed,
};
static Peering__OperationResult *results[] = {&result_good, &result_bad};
static Peering__PushResult push_result = {
	PROTOBUF_C_MESSAGE_INIT(&peering__push_result__descriptor),
	.id = "9d3c1f0a5b7e42d8861f0c9ab4e7d352",
	.n_results = COUNT(results),
	.results = results,
	.revision = 7,
	.dry_run = 1,
	.confirm_seconds = 97,
	.rolled_back = 1,
};

static Peering__Heartbeat heartbeat = {
	PROTOBUF_C_MESSAGE_INIT(&peering__heartbeat__descriptor),
	.at_milliseconds = 1764000000123,
};
static Peering__Error error = {
	PROTOBUF_C_MESSAGE_INIT(&peering__error__descriptor),
	.code = "router-name",
	.message = "the router calls itself edge2, its certificate says edge1",
};

static Peering__QueryWord query_word_prefix = {
	PROTOBUF_C_MESSAGE_INIT(&peering__query_word__descriptor),
	.name = "prefix",
	.value = "198.51.100.0/24",
};
static Peering__QueryWord query_word_longer = {
	PROTOBUF_C_MESSAGE_INIT(&peering__query_word__descriptor),
	.name = "longer",
	.value = "true",
};
static Peering__QueryWord *query_words[] = {&query_word_prefix, &query_word_longer};
static Peering__Query query = {
	PROTOBUF_C_MESSAGE_INIT(&peering__query__descriptor),
	.id = "4be1a60f2c9d4870b35e8f1d6a7c0925",
	.connection = "PNI-ACME-FRA1",
	.what = "routes",
	.n_words = COUNT(query_words),
	.words = query_words,
};
static Peering__QueryAnswer query_answer = {
	PROTOBUF_C_MESSAGE_INIT(&peering__query_answer__descriptor),
	.id = "4be1a60f2c9d4870b35e8f1d6a7c0925",
	.code = "refused",
	.message = "there is no connection 'PNI-ACME-FRA1'",
	.json = {.len = 2, .data = (uint8_t *)"{}"},
};

#define ENVELOPE(kind, member)                                                                                         \
	{                                                                                                              \
		PROTOBUF_C_MESSAGE_INIT(&peering__envelope__descriptor),                                               \
			.body_case = PEERING__ENVELOPE__BODY_##kind, .member = &member,                                \
	}

static const Peering__Envelope envelopes[] = {
	ENVELOPE(HELLO, hello),
	ENVELOPE(HELLO_ACK, hello_ack),
	ENVELOPE(SNAPSHOT, snapshot),
	ENVELOPE(TRANSITION, transition),
	ENVELOPE(ACK, ack),
	ENVELOPE(PUSH, push),
	ENVELOPE(PUSH_RESULT, push_result),
	ENVELOPE(HEARTBEAT, heartbeat),
	ENVELOPE(ERROR, error),
	ENVELOPE(CONFIRM, confirm),
	ENVELOPE(QUERY, query),
	ENVELOPE(QUERY_ANSWER, query_answer),
};
static const struct golden_frame frames[] = {
	{"hello", &envelopes[0]},     {"hello_ack", &envelopes[1]},   {"snapshot", &envelopes[2]},
	{"transition", &envelopes[3]}, {"ack", &envelopes[4]},	       {"push", &envelopes[5]},
	{"push_result", &envelopes[6]}, {"heartbeat", &envelopes[7]}, {"error", &envelopes[8]},
	{"confirm", &envelopes[9]},    {"query", &envelopes[10]},     {"query_answer", &envelopes[11]},
};

const struct golden_frame *golden_frames(size_t *count)
{
	*count = COUNT(frames);
	return frames;
}
