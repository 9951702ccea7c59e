// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal_line.h"

#include "bgpd-peering/address_family.h"
#include "bgpd-peering/check.h"
#include "bgpd-peering/link_test.h"
#include "bgpd-peering/profile.h"

#include "lib/journal_damage.h"
#include "lib/journal_sum.h"
#include "lib/policy_object.h"
#include "lib/utf8.h"

#include <json-c/json.h>

static const char *const type_names[RECORD_TYPE_COUNT] = {
	[RECORD_JOURNAL] = "journal",	   [RECORD_TRANSITION] = "transition",
	[RECORD_CONNECTION] = "connection", [RECORD_FORGET] = "forget",
	[RECORD_BYPASS] = "bypass",
	[RECORD_POLICY] = "policy",	   [RECORD_DEFAULT_DENY] = "defaultDeny",
	[RECORD_ACKED] = "acked",	   [RECORD_PUSHED] = "pushed",
	[RECORD_EXPORT] = "export",	   [RECORD_END] = "end",
	[RECORD_CONTROLLER] = "controller",   [RECORD_PROFILE] = "profile",
	[RECORD_TIMERS] = "timers",	   [RECORD_PUSHES] = "pushes",
	[RECORD_OBJECT] = "policyObject",
};

static const char *const limit_keys[FAMILY_COUNT] = {
	[FAMILY_IPV4] = "receivedLimitIpv4",
	[FAMILY_IPV6] = "receivedLimitIpv6",
};
static const char *const allowed_keys[FAMILY_COUNT] = {
	[FAMILY_IPV4] = "allowedPrefixesIpv4",
	[FAMILY_IPV6] = "allowedPrefixesIpv6",
};
static const char *const timer_keys[TIMER_COUNT] = {
	[TIMER_WINDOW] = "validationWindow",
	[TIMER_ESTABLISH] = "establishTimer",
	[TIMER_VALIDATION] = "validationTimer",
	[TIMER_STALE] = "staleTimer",
	[TIMER_DRAIN] = "drainTimer",
};
static const char *const direction_names[RMAP_MAX] = {[RMAP_IN] = "in", [RMAP_OUT] = "out"};

/* ---- copies ---- */

Peering__Transition *journal_line_copy_transition(const Peering__Transition *transition)
{
	size_t size = peering__transition__get_packed_size(transition);
	uint8_t *bytes = XMALLOC(MTYPE_PEERING_TEXT, size + 1);
	Peering__Transition *copy;

	peering__transition__pack(transition, bytes);
	copy = peering__transition__unpack(NULL, size, bytes);
	XFREE(MTYPE_PEERING_TEXT, bytes);
	return copy;
}

Peering__DeclareConnection *journal_line_copy_declaration(const Peering__DeclareConnection *declaration)
{
	size_t size = peering__declare_connection__get_packed_size(declaration);
	uint8_t *bytes = XMALLOC(MTYPE_PEERING_TEXT, size + 1);
	Peering__DeclareConnection *copy;

	peering__declare_connection__pack(declaration, bytes);
	copy = peering__declare_connection__unpack(NULL, size, bytes);
	XFREE(MTYPE_PEERING_TEXT, bytes);
	return copy;
}

/* ---- encoding ---- */

static void add_text(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value ? value : ""));
}

static void add_number(json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static void add_true(json_object *object, const char *key, bool value)
{
	if (value)
		json_object_object_add(object, key, json_object_new_boolean(true));
}

void journal_record_of_connection(struct journal_record *record, const struct connection *connection)
{
	const struct session *session;

	strlcpy(record->name, connection->name, sizeof(record->name));
	strlcpy(record->vrf, connection->vrf, sizeof(record->vrf));
	record->state = connection->state;
	record->state_since = connection->state_since;
	record->generation = connection->generation;
	record->adopted = connection->adopted;
	record->discovered = connection->discovered;
	record->drain_ends = connection->drain.ends;
	record->drain_held = connection->drain.held;
	record->maintenance = connection->maintenance;
	strlcpy(record->boot_id, deadline_boot_id(), sizeof(record->boot_id));
	record->overridden = connection->overridden;
	record->former = connection->former;
	record->wanted_kind = connection->wanted_kind;
	record->declared = connection->declared;
	record->adopted_line = connection->adopted_line;
	record->kind = connection->kind;
	record->remote_as = connection->remote_as;
	strlcpy(record->description, connection->description, sizeof(record->description));
	memcpy(record->received_limit, connection->received_limit, sizeof(record->received_limit));
	memcpy(record->timers, connection->timers, sizeof(record->timers));
	strlcpy(record->profile, connection->profile, sizeof(record->profile));
	memcpy(record->allowed_prefixes, connection->allowed_prefixes, sizeof(record->allowed_prefixes));
	memcpy(record->check_levels, connection->check_levels, sizeof(record->check_levels));
	record->activation_set = connection->activation_set;
	record->activation = connection->activation;
	record->on_violation_deny = connection->on_violation_deny;
	record->reopen_auto = connection->reopen_auto;
	record->reopen_hold_down = connection->reopen_hold_down;
	record->link_test = connection->link_test;
	record->link_result = connection->link_result;
	frr_each (session_list_const, &connection->sessions, session) {
		if (record->session_count == SESSIONS_MAX)
			break;
		strlcpy(record->sessions[record->session_count].address, session->address, SESSION_ADDRESS_MAX);
		record->sessions[record->session_count].declared = session->declared;
		record->sessions[record->session_count].held = session->held;
		record->sessions[record->session_count].made = session->made;
		record->sessions[record->session_count].denied = session->denied;
		record->sessions[record->session_count].validated_as = session->validated_as;
		record->sessions[record->session_count].denial = session->denial;
		record->sessions[record->session_count++].required = session->required;
	}
}

void journal_record_settings(const struct journal_record *record, struct connection *connection)
{
	connection->declared = record->declared;
	connection->adopted_line = record->adopted_line;
	connection->kind = record->kind;
	connection->remote_as = record->remote_as;
	strlcpy(connection->description, record->description, sizeof(connection->description));
	memcpy(connection->received_limit, record->received_limit, sizeof(connection->received_limit));
	memcpy(connection->timers, record->timers, sizeof(connection->timers));
	strlcpy(connection->profile, record->profile, sizeof(connection->profile));
	memcpy(connection->allowed_prefixes, record->allowed_prefixes, sizeof(connection->allowed_prefixes));
	memcpy(connection->check_levels, record->check_levels, sizeof(connection->check_levels));
	connection->activation_set = record->activation_set;
	connection->activation = record->activation;
	connection->on_violation_deny = record->on_violation_deny;
	connection->reopen_auto = record->reopen_auto;
	connection->reopen_hold_down = record->reopen_hold_down;
	connection->link_test = record->link_test;
}

void journal_record_configure(struct journal_record *record, const struct journal_record *before)
{
	struct journal_record said = *record;

	record->declared = before->declared;
	record->adopted_line = before->adopted_line;
	record->kind = before->kind;
	record->remote_as = before->remote_as;
	strlcpy(record->description, before->description, sizeof(record->description));
	memcpy(record->received_limit, before->received_limit, sizeof(record->received_limit));
	memcpy(record->timers, before->timers, sizeof(record->timers));
	strlcpy(record->profile, before->profile, sizeof(record->profile));
	memcpy(record->allowed_prefixes, before->allowed_prefixes, sizeof(record->allowed_prefixes));
	memcpy(record->check_levels, before->check_levels, sizeof(record->check_levels));
	record->activation_set = before->activation_set;
	record->activation = before->activation;
	record->on_violation_deny = before->on_violation_deny;
	record->reopen_auto = before->reopen_auto;
	record->reopen_hold_down = before->reopen_hold_down;
	record->link_test = before->link_test;
	memcpy(record->sessions, before->sessions, sizeof(record->sessions));
	record->session_count = before->session_count;
	for (size_t i = 0; i < record->session_count; i++) {
		for (size_t j = 0; j < said.session_count; j++) {
			if (strcmp(record->sessions[i].address, said.sessions[j].address) != 0)
				continue;
			record->sessions[i].held = said.sessions[j].held;
			record->sessions[i].denied = said.sessions[j].denied;
			record->sessions[i].validated_as = said.sessions[j].validated_as;
			record->sessions[i].denial = said.sessions[j].denial;
		}
	}
}

static void add_policy(struct journal_record *record, afi_t afi, safi_t safi, int direction, const char *name)
{
	record->policies = XREALLOC(MTYPE_PEERING_TEXT, record->policies,
				    (record->policy_count + 1) * sizeof(*record->policies));
	record->policies[record->policy_count++] = (struct policy_record){
		.afi = afi,
		.safi = safi,
		.direction = direction,
		.name = name ? XSTRDUP(MTYPE_PEERING_TEXT, name) : NULL,
	};
}

void journal_record_of_policy(struct journal_record *record, const struct session *session)
{
	afi_t afi;
	safi_t safi;

	record->type = RECORD_POLICY;
	strlcpy(record->name, session->connection->name, sizeof(record->name));
	strlcpy(record->vrf, session->connection->vrf, sizeof(record->vrf));
	strlcpy(record->address, session->address, sizeof(record->address));
	FOREACH_AFI_SAFI (afi, safi) {
		for (int direction = 0; direction < RMAP_MAX; direction++) {
			const struct wanted_policy *wanted = &session->wanted[afi][safi][direction];

			if (wanted->known)
				add_policy(record, afi, safi, direction, wanted->name);
		}
	}
}

static void add_exception(const char *words, void *context)
{
	struct journal_record *record = context;

	record->exceptions = XREALLOC(MTYPE_PEERING_TEXT, record->exceptions,
				      (record->exception_count + 1) * sizeof(*record->exceptions));
	record->exceptions[record->exception_count++] = XSTRDUP(MTYPE_PEERING_TEXT, words);
}

void journal_record_of_default_deny(struct journal_record *record, const char *vrf)
{
	record->type = RECORD_DEFAULT_DENY;
	strlcpy(record->vrf, vrf, sizeof(record->vrf));
	record->mode = default_deny_mode(vrf);
	record->confederation = default_deny_journalled_confederation(vrf);
	default_deny_each_exception(vrf, add_exception, record);
}

static json_object *exceptions_json(const struct journal_record *record)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < record->exception_count; i++)
		json_object_array_add(array, json_object_new_string(record->exceptions[i]));
	return array;
}

static void add_check_levels(json_object *object, const struct journal_record *record)
{
	json_object *levels = json_object_new_object();

	for (size_t i = 0; i < check_count; i++)
		if (record->check_levels[i] != CHECK_LEVEL_DEFAULT)
			add_text(levels, checks[i]->name, check_level_name(record->check_levels[i]));
	if (json_object_object_length(levels))
		json_object_object_add(object, "checks", levels);
	else
		json_object_put(levels);
}

/* The last violation that closed its gate: it holds it still, or is remembered for the next. */
static void add_denial(json_object *session, const struct denial *denial, bool denied)
{
	json_object *object;

	if (!denial->at)
		return;
	object = json_object_new_object();
	add_true(object, "closed", denied);
	add_number(object, "at", denial->at);
	add_number(object, "count", denial->count);
	add_text(object, "cause", denial->cause);
	add_text(object, "figures", denial->figures);
	add_text(object, "reason", denial->reason);
	json_object_object_add(session, "violation", object);
}

static void add_link_test(json_object *connection, const struct journal_record *record)
{
	const struct link_test_settings *settings = &record->link_test;
	const struct link_test_result *result = &record->link_result;
	json_object *object = json_object_new_object();
	char text[INET_ADDRSTRLEN];

	if (settings->port[0])
		add_text(object, "port", settings->port);
	if (settings->level != LINK_TEST_OPTIONAL)
		add_text(object, "level", link_test_level_name(settings->level));
	if (settings->interval)
		add_number(object, "interval", settings->interval);
	if (settings->prefix_length) {
		add_text(object, "address", inet_ntop(AF_INET, &settings->address, text, sizeof(text)));
		add_number(object, "prefixLength", settings->prefix_length);
		add_text(object, "peerAddress", inet_ntop(AF_INET, &settings->peer_address, text, sizeof(text)));
	}
	if (result->at) {
		add_number(object, "at", result->at);
		add_true(object, "passed", result->passed);
		add_text(object, "reason", result->reason);
	}
	if (json_object_object_length(object))
		json_object_object_add(connection, "linkTest", object);
	else
		json_object_put(object);
}

static void add_drain(json_object *object, const struct journal_record *record)
{
	const struct maintenance *maintenance = &record->maintenance;
	bool drains = record->state == STATE_PENDING_REMOVE && record->drain_ends;
	json_object *one;

	if (drains) {
		add_number(object, "drainEnds", record->drain_ends);
		add_true(object, "drainHeld", record->drain_held);
	}
	if (maintenance->on) {
		one = json_object_new_object();
		add_number(one, "since", maintenance->since);
		add_text(one, "reason", maintenance->reason);
		if (maintenance->ends) {
			add_number(one, "ends", maintenance->ends);
			add_number(one, "endsAt", maintenance->ends_at);
		}
		json_object_object_add(object, "maintenance", one);
	}
	if (drains || maintenance->ends)
		add_text(object, "boot", record->boot_id);
}

static void add_timers(json_object *object, const struct journal_record *record)
{
	for (int timer = 0; timer < TIMER_COUNT; timer++)
		if (record->timers[timer])
			add_number(object, timer_keys[timer], record->timers[timer]);
}

static json_object *connection_json(const struct journal_record *record)
{
	json_object *object = json_object_new_object();
	json_object *sessions = json_object_new_array();

	add_text(object, "name", record->name);
	add_text(object, "vrf", record->vrf);
	add_text(object, "state", connection_state_name(record->state));
	add_number(object, "since", record->state_since);
	add_number(object, "generation", record->generation);
	add_true(object, "adopted", record->adopted);
	add_true(object, "discovered", record->discovered);
	add_drain(object, record);
	add_true(object, "overridden", record->overridden);
	if (record->state == STATE_EXTERNAL_BLOCKER)
		add_text(object, "former", connection_state_name(record->former));
	if (record->state == STATE_TYPE_CHANGE_REQUESTED || record->state == STATE_TYPE_CHANGE_IN_PROGRESS)
		add_text(object, "wantedKind", connection_kind_name(record->wanted_kind));

	add_true(object, "declared", record->declared);
	add_true(object, "adoptedLine", record->adopted_line);
	add_text(object, "kind", connection_kind_name(record->kind));
	add_number(object, "remoteAs", record->remote_as);
	if (record->description[0])
		add_text(object, "description", record->description);
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (record->received_limit[family])
			add_number(object, limit_keys[family], record->received_limit[family]);
	add_timers(object, record);
	if (record->profile[0])
		add_text(object, "profile", record->profile);
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (record->allowed_prefixes[family][0])
			add_text(object, allowed_keys[family], record->allowed_prefixes[family]);
	add_check_levels(object, record);
	if (record->activation_set)
		add_text(object, "activation", activation_mode_name(record->activation));
	if (record->on_violation_deny)
		add_text(object, "onViolation", "deny");
	if (record->reopen_auto)
		add_text(object, "reopen", "auto");
	if (record->reopen_hold_down)
		add_number(object, "reopenHoldDown", record->reopen_hold_down);
	add_link_test(object, record);
	for (size_t i = 0; i < record->session_count; i++) {
		json_object *session = json_object_new_object();

		add_text(session, "address", record->sessions[i].address);
		add_true(session, "declared", record->sessions[i].declared);
		add_true(session, "optional", !record->sessions[i].required);
		add_true(session, "held", record->sessions[i].held);
		add_true(session, "made", record->sessions[i].made);
		if (record->sessions[i].validated_as)
			add_number(session, "validatedAs", record->sessions[i].validated_as);
		add_denial(session, &record->sessions[i].denial,
			   record->sessions[i].held && record->sessions[i].denied);
		json_object_array_add(sessions, session);
	}
	json_object_object_add(object, "sessions", sessions);
	return object;
}

static json_object *policies_json(const struct journal_record *record)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < record->policy_count; i++) {
		const struct policy_record *policy = &record->policies[i];
		json_object *object = json_object_new_object();

		add_text(object, "afi", afi_word(policy->afi));
		add_text(object, "safi", safi_word(policy->safi));
		add_text(object, "direction", direction_names[policy->direction]);
		if (policy->name)
			add_text(object, "routeMap", policy->name);
		json_object_array_add(array, object);
	}
	return array;
}

static void add_transition(json_object *object, const Peering__Transition *transition)
{
	add_number(object, "sequence", transition->sequence);
	add_text(object, "from", transition->from);
	add_text(object, "to", transition->to);
	add_text(object, "cause", transition->cause);
	add_text(object, "actor", transition->actor);
	add_number(object, "at", transition->at_milliseconds);
	add_text(object, "message", transition->message);
}

static void add_declared_checks(json_object *object, const Peering__DeclareConnection *declaration)
{
	json_object *array;

	if (!declaration->n_checks)
		return;
	array = json_object_new_array();
	for (size_t i = 0; i < declaration->n_checks; i++) {
		json_object *one = json_object_new_object();

		add_text(one, "check", declaration->checks[i]->name);
		add_text(one, "level", declaration->checks[i]->level);
		json_object_array_add(array, one);
	}
	json_object_object_add(object, "checks", array);
}

static void add_where_set(json_object *object, const char *key, uint32_t value)
{
	if (value)
		add_number(object, key, value);
}

static void add_text_where_set(json_object *object, const char *key, const char *value)
{
	if (value[0])
		add_text(object, key, value);
}

static void add_session_settings(json_object *object, const Peering__Neighbor *neighbor)
{
	add_text_where_set(object, "sealedPassword", neighbor->password);
	add_where_set(object, "ttlSecurityHops", neighbor->ttl_security_hops);
	add_true(object, "bfd", neighbor->bfd);
	add_text_where_set(object, "bfdProfile", neighbor->bfd_profile);
	add_where_set(object, "keepalive", neighbor->keepalive);
	add_where_set(object, "holdTime", neighbor->hold_time);
	add_where_set(object, "connectRetry", neighbor->connect_retry);
	add_text_where_set(object, "role", neighbor->role);
	add_true(object, "roleStrict", neighbor->role_strict);
	add_text_where_set(object, "localAddress", neighbor->local_address);
}

static json_object *declaration_json(const Peering__DeclareConnection *declaration)
{
	json_object *object = json_object_new_object();
	json_object *neighbors = json_object_new_array();

	add_text(object, "name", declaration->name);
	add_number(object, "peerAsn", declaration->peer_asn);
	add_number(object, "kind", declaration->kind);
	add_number(object, "activation", declaration->activation);
	add_number(object, "validationWindow", declaration->validation_window);
	add_text(object, "description", declaration->description);
	add_where_set(object, timer_keys[TIMER_ESTABLISH], declaration->establish_timer);
	add_where_set(object, timer_keys[TIMER_VALIDATION], declaration->validation_timer);
	add_where_set(object, timer_keys[TIMER_STALE], declaration->stale_timer);
	add_where_set(object, timer_keys[TIMER_DRAIN], declaration->drain_timer);
	add_where_set(object, "onViolation", declaration->on_violation);
	add_where_set(object, "reopen", declaration->reopen_mode);
	add_where_set(object, "reopenHoldDown", declaration->reopen_hold_down);
	add_text_where_set(object, "profile", declaration->profile);
	add_declared_checks(object, declaration);
	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		const Peering__Neighbor *neighbor = declaration->neighbors[i];
		json_object *one = json_object_new_object();
		json_object *families = json_object_new_array();

		add_text(one, "address", neighbor->address);
		add_text(one, "description", neighbor->description);
		add_true(one, "optional", neighbor->optional);
		add_session_settings(one, neighbor);
		for (size_t j = 0; j < neighbor->n_families; j++) {
			json_object *family = json_object_new_object();

			add_text(family, "afi", neighbor->families[j]->afi);
			add_number(family, "receivedLimit", neighbor->families[j]->received_limit);
			add_text(family, "importPolicy", neighbor->families[j]->import_policy);
			add_text(family, "exportPolicy", neighbor->families[j]->export_policy);
			json_object_array_add(families, family);
		}
		json_object_object_add(one, "families", families);
		json_object_array_add(neighbors, one);
	}
	json_object_object_add(object, "neighbors", neighbors);
	return object;
}

void journal_line_add_declaration(json_object *object, const Peering__DeclareConnection *declaration)
{
	json_object_object_add(object, "declaration", declaration_json(declaration));
}

static void add_controller(json_object *object, const struct controller_line *controller)
{
	add_text(object, "host", controller->host);
	add_number(object, "port", controller->port);
	if (controller->vrf[0])
		add_text(object, "vrf", controller->vrf);
	if (controller->source[0])
		add_text(object, "source", controller->source);
	if (controller->priority != CONTROLLER_PRIORITY)
		add_number(object, "priority", controller->priority);
}

/* The best in the record itself, where versions with one controller look for it. */
static void add_controllers(json_object *object, const struct journal_record *record)
{
	static const struct controller_line none = {.priority = CONTROLLER_PRIORITY};
	json_object *others;

	add_controller(object, record->controller_count ? &record->controllers[0] : &none);
	if (record->controller_count < 2)
		return;
	others = json_object_new_array();
	for (size_t i = 1; i < record->controller_count; i++) {
		json_object *other = json_object_new_object();

		add_controller(other, &record->controllers[i]);
		json_object_array_add(others, other);
	}
	json_object_object_add(object, "others", others);
}

/* What a checked policy is called, and its kind, have nothing that JSON would write otherwise. */
void journal_line_begin_policy(FILE *to, const Peering__Policy *policy)
{
	fprintf(to, "{\"type\":\"%s\",\"name\":\"%s\",\"policy\":{\"name\":\"%s\",\"kind\":\"%s\",\"entries\":[",
		type_names[RECORD_OBJECT], policy->name, policy->name, policy_kind_name(policy->kind));
}

void journal_line_add_policy_entry(FILE *to, const Peering__Policy *policy, const Peering__PolicyEntry *entry, bool first)
{
	json_object *object = policy_entry_to_json(policy, entry);

	fprintf(to, "%s%s", first ? "" : ",", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}

void journal_line_end_policy(FILE *to)
{
	fputs("]}}\n", to);
	for (size_t i = 0; i < JOURNAL_SUM_SIZE; i++)
		putc('\0', to);
}

char *journal_line_encode(const struct journal_record *record)
{
	json_object *object = json_object_new_object();
	char *line = NULL;

	add_text(object, "type", type_names[record->type]);
	switch (record->type) {
	case RECORD_JOURNAL:
		add_number(object, "version", JOURNAL_VERSION);
		add_text(object, "id", record->journal_id);
		if (record->sequence)
			add_number(object, "after", record->sequence);
		break;
	case RECORD_TRANSITION:
		add_transition(object, record->transition);
		/* fall through */
	case RECORD_CONNECTION:
	case RECORD_FORGET:
		json_object_object_add(object, "connection", connection_json(record));
		break;
	case RECORD_BYPASS:
		add_text(object, "name", record->name);
		json_object_object_add(object, "on", json_object_new_boolean(record->bypass.on));
		add_number(object, "since", record->bypass.since);
		add_text(object, "actor", record->bypass.actor);
		add_text(object, "reason", record->bypass.reason);
		break;
	case RECORD_POLICY:
		add_text(object, "name", record->name);
		add_text(object, "vrf", record->vrf);
		add_text(object, "address", record->address);
		json_object_object_add(object, "wanted", policies_json(record));
		break;
	case RECORD_DEFAULT_DENY:
		add_text(object, "vrf", record->vrf);
		add_text(object, "mode", default_deny_mode_name(record->mode));
		add_true(object, "confederation", record->confederation);
		json_object_object_add(object, "except", exceptions_json(record));
		break;
	case RECORD_PROFILE:
		add_text(object, "profile", record->profile);
		add_text(object, "vrf", record->vrf);
		add_timers(object, record);
		add_check_levels(object, record);
		break;
	case RECORD_ACKED:
		add_number(object, "sequence", record->sequence);
		break;
	case RECORD_PUSHED:
		journal_line_add_declaration(object, record->declaration);
		break;
	case RECORD_PUSHES:
		push_record_to_json(record->pushes, object);
		break;
	case RECORD_EXPORT:
		add_number(object, "version", JOURNAL_VERSION);
		add_text(object, "router", record->name);
		add_number(object, "at", record->state_since);
		break;
	case RECORD_END:
		add_number(object, "lines", record->sequence);
		break;
	case RECORD_TIMERS:
		add_text(object, "vrf", record->vrf);
		add_timers(object, record);
		break;
	case RECORD_OBJECT:
		add_text(object, "name", record->name);
		if (record->policy)
			json_object_object_add(object, "policy", policy_to_json(record->policy));
		add_true(object, "withdrawn", record->withdrawn);
		break;
	case RECORD_CONTROLLER:
		add_controllers(object, record);
		add_text(object, "routerName", record->router_name);
		break;
	default:
		break;
	}
	if (asprintf(&line, "%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN)) < 0)
		memory_oom(0, "journal line");
	json_object_put(object);
	return line;
}

/* ---- decoding ---- */

static const char *get_text(json_object *object, const char *key)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static bool copy_text(json_object *object, const char *key, char *text, size_t size)
{
	const char *value = get_text(object, key);

	return value && strlcpy(text, value, size) < size;
}

static bool get_number(json_object *object, const char *key, uint64_t *number)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, json_type_int) ||
	    json_object_get_int64(value) < 0)
		return false;
	*number = json_object_get_uint64(value);
	return true;
}

static bool get_true(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

static json_object *get_array(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_array) ? value
													    : NULL;
}

/* A number that may be missing; false where it is there and no good. */
static bool get_optional(json_object *object, const char *key, uint32_t *number)
{
	json_object *value;
	uint64_t wide;

	if (!json_object_object_get_ex(object, key, &value))
		return true;
	if (!get_number(object, key, &wide) || wide > UINT32_MAX)
		return false;
	*number = (uint32_t)wide;
	return true;
}

/* A check that this version does not have is passed over; a level that is none is damage. */
static bool decode_check_levels(json_object *connection, struct journal_record *record)
{
	json_object *levels;

	if (!json_object_object_get_ex(connection, "checks", &levels))
		return true;
	if (!json_object_is_type(levels, json_type_object))
		return false;
	json_object_object_foreach (levels, name, value) {
		int check = check_find(name), level = check_level_from_name(json_object_get_string(value));

		if (level < 0)
			return false;
		if (check >= 0)
			record->check_levels[check] = level;
	}
	return true;
}

/* A word that may be missing, and is one of two: false where it is there and neither. */
static bool get_choice(json_object *object, const char *key, const char *normal, const char *other, bool *is_other)
{
	const char *word = get_text(object, key);

	*is_other = word && strcmp(word, other) == 0;
	return !json_object_object_get_ex(object, key, NULL) || *is_other || (word && strcmp(word, normal) == 0);
}

/* A line with addresses that cannot be is damage, as one with a level that is none. */
static bool decode_link_test_address(json_object *object, struct link_test_settings *settings)
{
	const char *address = get_text(object, "address"), *peer = get_text(object, "peerAddress");
	struct prefix_ipv4 prefix = {.family = AF_INET};
	char error[128];
	uint64_t length;

	if (!address)
		return true;
	if (!peer || !get_number(object, "prefixLength", &length) || length > 31 ||
	    inet_pton(AF_INET, address, &prefix.prefix) != 1 || inet_pton(AF_INET, peer, &settings->peer_address) != 1)
		return false;
	prefix.prefixlen = (uint16_t)length;
	settings->address = prefix.prefix;
	settings->prefix_length = (uint8_t)length;
	return link_test_address_fits(&prefix, &settings->peer_address, error, sizeof(error));
}

static bool decode_link_test(json_object *connection, struct journal_record *record)
{
	struct link_test_settings *settings = &record->link_test;
	struct link_test_result *result = &record->link_result;
	const char *level, *reason;
	json_object *object;

	if (!json_object_object_get_ex(connection, "linkTest", &object))
		return true;
	if (!json_object_is_type(object, json_type_object))
		return false;
	level = get_text(object, "level");
	if ((json_object_object_get_ex(object, "port", NULL) &&
	     !copy_text(object, "port", settings->port, sizeof(settings->port))) ||
	    (level && link_test_level_from_name(level) < 0) || !get_optional(object, "interval", &settings->interval) ||
	    !decode_link_test_address(object, settings))
		return false;
	if (level)
		settings->level = link_test_level_from_name(level);
	reason = get_text(object, "reason");
	if (reason && get_number(object, "at", &result->at)) {
		result->passed = get_true(object, "passed");
		utf8_copy(result->reason, sizeof(result->reason), reason);
	}
	return true;
}

static bool decode_timers(json_object *object, struct journal_record *record)
{
	for (int timer = 0; timer < TIMER_COUNT; timer++)
		if (!get_optional(object, timer_keys[timer], &record->timers[timer]))
			return false;
	return true;
}

/* What stands for a moment only, beside some states. */
static bool decode_passing(json_object *connection, struct journal_record *record)
{
	int former = connection_state_from_name(get_text(connection, "former"));
	int wanted = connection_kind_from_name(get_text(connection, "wantedKind"));

	if (record->state == STATE_EXTERNAL_BLOCKER && former != STATE_PROVISIONING_STARTED &&
	    former != STATE_PROVISIONING_COMPLETED && former != STATE_VALIDATING)
		return false;
	if ((record->state == STATE_TYPE_CHANGE_REQUESTED || record->state == STATE_TYPE_CHANGE_IN_PROGRESS) && wanted < 0)
		return false;
	if (record->state == STATE_EXTERNAL_BLOCKER)
		record->former = former;
	if (wanted >= 0)
		record->wanted_kind = wanted;
	return true;
}

static bool decode_profile_name(json_object *object, struct journal_record *record)
{
	return copy_text(object, "profile", record->profile, sizeof(record->profile)) &&
	       !profile_name_error(record->profile);
}

/* The lines of configuration. */
static bool decode_settings(json_object *connection, struct journal_record *record)
{
	const char *activation = get_text(connection, "activation"), *description = get_text(connection, "description");
	int kind = connection_kind_from_name(get_text(connection, "kind"));

	record->declared = get_true(connection, "declared");
	record->adopted_line = get_true(connection, "adoptedLine");
	if (kind < 0 || (activation && activation_mode_from_name(activation) < 0) ||
	    (description &&
	     strlcpy(record->description, description, sizeof(record->description)) >= sizeof(record->description)))
		return false;
	record->kind = kind;
	record->activation_set = activation != NULL;
	if (activation)
		record->activation = activation_mode_from_name(activation);
	for (int family = 0; family < FAMILY_COUNT; family++) {
		if (!get_optional(connection, limit_keys[family], &record->received_limit[family]))
			return false;
		if (json_object_object_get_ex(connection, allowed_keys[family], NULL) &&
		    !copy_text(connection, allowed_keys[family], record->allowed_prefixes[family], PREFIX_LIST_NAME_MAX))
			return false;
	}
	if (json_object_object_get_ex(connection, "profile", NULL) && !decode_profile_name(connection, record))
		return false;
	return decode_check_levels(connection, record) && decode_link_test(connection, record) &&
	       get_choice(connection, "onViolation", "report", "deny", &record->on_violation_deny) &&
	       get_choice(connection, "reopen", "manual", "auto", &record->reopen_auto) &&
	       get_optional(connection, "reopenHoldDown", &record->reopen_hold_down) &&
	       get_optional(connection, "remoteAs", &record->remote_as) && decode_timers(connection, record);
}

static bool decode_maintenance(json_object *connection, struct maintenance *maintenance)
{
	json_object *object;

	if (!json_object_object_get_ex(connection, "maintenance", &object))
		return true;
	maintenance->on = true;
	if (!json_object_is_type(object, json_type_object) || !get_number(object, "since", &maintenance->since) ||
	    !copy_text(object, "reason", maintenance->reason, sizeof(maintenance->reason)))
		return false;
	return !get_number(object, "ends", &maintenance->ends) || get_number(object, "endsAt", &maintenance->ends_at);
}

/* What is remembered of violations. */
static bool decode_denial(json_object *session, bool *denied, struct denial *denial)
{
	json_object *object;
	uint64_t count;

	if (!json_object_object_get_ex(session, "violation", &object))
		return true;
	if (!json_object_is_type(object, json_type_object) || !get_number(object, "at", &denial->at) ||
	    !get_number(object, "count", &count) || count > UINT32_MAX ||
	    !copy_text(object, "cause", denial->cause, sizeof(denial->cause)) ||
	    !copy_text(object, "figures", denial->figures, sizeof(denial->figures)) ||
	    !copy_text(object, "reason", denial->reason, sizeof(denial->reason)))
		return false;
	denial->count = (uint32_t)count;
	*denied = get_true(object, "closed");
	return true;
}

static bool decode_connection(json_object *object, struct journal_record *record)
{
	json_object *connection, *sessions;
	int state;

	if (!json_object_object_get_ex(object, "connection", &connection) ||
	    !json_object_is_type(connection, json_type_object))
		return false;
	state = connection_state_from_name(get_text(connection, "state"));
	sessions = get_array(connection, "sessions");
	if (!copy_text(connection, "name", record->name, sizeof(record->name)) || connection_name_error(record->name) ||
	    !copy_text(connection, "vrf", record->vrf, sizeof(record->vrf)) || state < 0 || !sessions ||
	    !get_number(connection, "since", &record->state_since) ||
	    !get_number(connection, "generation", &record->generation) || !decode_settings(connection, record) ||
	    !decode_maintenance(connection, &record->maintenance) || json_object_array_length(sessions) > SESSIONS_MAX)
		return false;
	record->state = state;
	get_number(connection, "drainEnds", &record->drain_ends);
	record->drain_held = get_true(connection, "drainHeld");
	copy_text(connection, "boot", record->boot_id, sizeof(record->boot_id));
	if (!decode_passing(connection, record))
		return false;
	record->adopted = get_true(connection, "adopted");
	record->overridden = get_true(connection, "overridden");
	record->discovered = get_true(connection, "discovered");
	for (size_t i = 0; i < json_object_array_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);

		if (!json_object_is_type(session, json_type_object) ||
		    !copy_text(session, "address", record->sessions[i].address, SESSION_ADDRESS_MAX) ||
		    !get_optional(session, "validatedAs", &record->sessions[i].validated_as) ||
		    !decode_denial(session, &record->sessions[i].denied, &record->sessions[i].denial))
			return false;
		record->sessions[i].declared = get_true(session, "declared");
		record->sessions[i].required = !get_true(session, "optional");
		record->sessions[i].held = get_true(session, "held");
		record->sessions[i].made = get_true(session, "made");
		record->session_count++;
	}
	return true;
}

static bool decode_policies(json_object *object, struct journal_record *record)
{
	json_object *array = get_array(object, "wanted");

	if (!array || !copy_text(object, "vrf", record->vrf, sizeof(record->vrf)) ||
	    !copy_text(object, "address", record->address, sizeof(record->address)) || !record->address[0])
		return false;
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i);
		const char *direction = get_text(one, "direction");
		afi_t afi = afi_from_word(get_text(one, "afi"));
		safi_t safi = safi_from_word(get_text(one, "safi"));
		int way = 0;

		while (direction && way < RMAP_MAX && strcmp(direction_names[way], direction) != 0)
			way++;
		if (!direction || way == RMAP_MAX)
			return false;
		/* A family that this bgpd does not have is in nobody's way. */
		if (afi == AFI_UNSPEC || safi == SAFI_UNSPEC)
			continue;
		add_policy(record, afi, safi, way, get_text(one, "routeMap"));
	}
	return true;
}

static bool decode_default_deny(json_object *object, struct journal_record *record)
{
	int mode = default_deny_mode_from_name(get_text(object, "mode"));
	json_object *array = get_array(object, "except");

	if (mode < 0 || !array || !copy_text(object, "vrf", record->vrf, sizeof(record->vrf)))
		return false;
	record->mode = mode;
	record->confederation = get_true(object, "confederation");
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *words = json_object_array_get_idx(array, i);

		if (!json_object_is_type(words, json_type_string))
			return false;
		add_exception(json_object_get_string(words), record);
	}
	return true;
}

static bool decode_transition(json_object *object, struct journal_record *record)
{
	Peering__Transition message = PEERING__TRANSITION__INIT;

	message.from = (char *)get_text(object, "from");
	message.to = (char *)get_text(object, "to");
	message.cause = (char *)get_text(object, "cause");
	message.actor = (char *)get_text(object, "actor");
	message.message = (char *)get_text(object, "message");
	if (!decode_connection(object, record) || !get_number(object, "sequence", &message.sequence) ||
	    !get_number(object, "at", &message.at_milliseconds) || !message.from || !message.to || !message.cause ||
	    !message.actor || !message.message || connection_state_from_name(message.from) < 0 ||
	    connection_state_from_name(message.to) != (int)record->state)
		return false;
	message.connection = record->name;
	message.vrf = record->vrf;
	message.generation = record->generation;
	record->transition = journal_line_copy_transition(&message);
	return record->transition != NULL;
}

#define DECLARED_NEIGHBORS_MAX SESSIONS_MAX

/* A number that is written where it is not 0. */
static bool decode_optional_number(json_object *object, const char *key, uint32_t *into)
{
	uint64_t number = 0;

	if (json_object_object_get_ex(object, key, NULL) && !get_number(object, key, &number))
		return false;
	*into = (uint32_t)number;
	return number <= UINT32_MAX;
}

static bool decode_optional_text(json_object *object, const char *key, char **into)
{
	const char *text = get_text(object, key);

	if (text)
		*into = (char *)text;
	return text || !json_object_object_get_ex(object, key, NULL);
}

static bool decode_session_settings(json_object *object, Peering__Neighbor *neighbor)
{
	neighbor->bfd = get_true(object, "bfd");
	neighbor->role_strict = get_true(object, "roleStrict");
	return decode_optional_text(object, "sealedPassword", &neighbor->password) &&
	       decode_optional_number(object, "ttlSecurityHops", &neighbor->ttl_security_hops) &&
	       decode_optional_text(object, "bfdProfile", &neighbor->bfd_profile) &&
	       decode_optional_number(object, "keepalive", &neighbor->keepalive) &&
	       decode_optional_number(object, "holdTime", &neighbor->hold_time) &&
	       decode_optional_number(object, "connectRetry", &neighbor->connect_retry) &&
	       decode_optional_text(object, "role", &neighbor->role) &&
	       decode_optional_text(object, "localAddress", &neighbor->local_address);
}

/* What came behind the first version: it may lack. `asked` and `list` have CHECKS_MAX places. */
static bool decode_service(json_object *declaration, Peering__DeclareConnection *message, Peering__DeclaredCheck *asked,
			   Peering__DeclaredCheck **list)
{
	uint32_t on_violation, reopen;
	json_object *array;

	if (!decode_optional_number(declaration, "onViolation", &on_violation) ||
	    !decode_optional_number(declaration, "reopen", &reopen) ||
	    !decode_optional_number(declaration, "reopenHoldDown", &message->reopen_hold_down))
		return false;
	if (!decode_optional_number(declaration, timer_keys[TIMER_ESTABLISH], &message->establish_timer) ||
	    !decode_optional_number(declaration, timer_keys[TIMER_VALIDATION], &message->validation_timer) ||
	    !decode_optional_number(declaration, timer_keys[TIMER_STALE], &message->stale_timer) ||
	    !decode_optional_number(declaration, timer_keys[TIMER_DRAIN], &message->drain_timer))
		return false;
	message->on_violation = (Peering__OnViolation)on_violation;
	message->reopen_mode = (Peering__ReopenMode)reopen;
	if (!decode_optional_text(declaration, "profile", &message->profile))
		return false;
	if (!json_object_object_get_ex(declaration, "checks", NULL))
		return true;
	array = get_array(declaration, "checks");
	if (!array || json_object_array_length(array) > CHECKS_MAX)
		return false;
	message->checks = list;
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i);

		peering__declared_check__init(&asked[i]);
		list[i] = &asked[i];
		asked[i].name = (char *)get_text(one, "check");
		asked[i].level = (char *)get_text(one, "level");
		if (!asked[i].name || !asked[i].level)
			return false;
		message->n_checks++;
	}
	return true;
}

static bool decode_declaration(json_object *object, struct journal_record *record)
{
	Peering__DeclareConnection message = PEERING__DECLARE_CONNECTION__INIT;
	Peering__Neighbor neighbors[DECLARED_NEIGHBORS_MAX], *neighbor_list[DECLARED_NEIGHBORS_MAX];
	Peering__NeighborFamily families[DECLARED_NEIGHBORS_MAX][FAMILY_COUNT];
	Peering__NeighborFamily *family_lists[DECLARED_NEIGHBORS_MAX][FAMILY_COUNT];
	Peering__DeclaredCheck asked[CHECKS_MAX], *asked_list[CHECKS_MAX];
	json_object *declaration, *array;
	uint64_t number;

	if (!json_object_object_get_ex(object, "declaration", &declaration) ||
	    !json_object_is_type(declaration, json_type_object) || !(array = get_array(declaration, "neighbors")) ||
	    json_object_array_length(array) > DECLARED_NEIGHBORS_MAX)
		return false;
	message.name = (char *)get_text(declaration, "name");
	message.description = (char *)get_text(declaration, "description");
	if (!message.name || connection_name_error(message.name) || !message.description)
		return false;
	if (!get_number(declaration, "peerAsn", &number) || number > UINT32_MAX)
		return false;
	message.peer_asn = (uint32_t)number;
	if (!get_number(declaration, "kind", &number))
		return false;
	message.kind = (Peering__Kind)number;
	if (!get_number(declaration, "activation", &number))
		return false;
	message.activation = (Peering__ActivationMode)number;
	if (!get_number(declaration, "validationWindow", &number) || number > UINT32_MAX)
		return false;
	message.validation_window = (uint32_t)number;
	if (!decode_service(declaration, &message, asked, asked_list))
		return false;

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i), *list = get_array(one, "families");

		peering__neighbor__init(&neighbors[i]);
		neighbor_list[i] = &neighbors[i];
		neighbors[i].address = (char *)get_text(one, "address");
		neighbors[i].description = (char *)get_text(one, "description");
		neighbors[i].optional = get_true(one, "optional");
		if (!neighbors[i].address || !neighbors[i].description || !list ||
		    json_object_array_length(list) > FAMILY_COUNT || !decode_session_settings(one, &neighbors[i]))
			return false;
		for (size_t j = 0; j < json_object_array_length(list); j++) {
			json_object *family = json_object_array_get_idx(list, j);

			peering__neighbor_family__init(&families[i][j]);
			family_lists[i][j] = &families[i][j];
			families[i][j].afi = (char *)get_text(family, "afi");
			families[i][j].import_policy = (char *)get_text(family, "importPolicy");
			families[i][j].export_policy = (char *)get_text(family, "exportPolicy");
			if (!families[i][j].afi || !families[i][j].import_policy || !families[i][j].export_policy ||
			    !get_number(family, "receivedLimit", &families[i][j].received_limit))
				return false;
			neighbors[i].n_families++;
		}
		neighbors[i].families = family_lists[i];
		message.n_neighbors++;
	}
	message.neighbors = neighbor_list;
	record->declaration = journal_line_copy_declaration(&message);
	return record->declaration != NULL;
}

Peering__DeclareConnection *journal_line_declaration_of(json_object *object)
{
	struct journal_record record = {.type = RECORD_PUSHED};

	return decode_declaration(object, &record) ? record.declaration : NULL;
}

static bool decode_pushes(json_object *object, struct journal_record *record)
{
	record->pushes = XCALLOC(MTYPE_PEERING_TEXT, sizeof(*record->pushes));
	if (push_record_from_json(object, record->pushes))
		return true;
	XFREE(MTYPE_PEERING_TEXT, record->pushes);
	return false;
}

static bool decode_one_controller(json_object *object, struct journal_record *record)
{
	struct controller_line *controller = &record->controllers[record->controller_count];
	uint64_t port, priority = CONTROLLER_PRIORITY;

	if (!copy_text(object, "host", controller->host, sizeof(controller->host)) || !get_number(object, "port", &port) ||
	    port > UINT16_MAX || (controller->host[0] && !port) ||
	    (get_text(object, "vrf") && !copy_text(object, "vrf", controller->vrf, sizeof(controller->vrf))) ||
	    (get_text(object, "source") && !copy_text(object, "source", controller->source, sizeof(controller->source))) ||
	    (json_object_object_get_ex(object, "priority", NULL) && !get_number(object, "priority", &priority)) ||
	    priority < 1 || priority > UINT8_MAX)
		return false;
	controller->port = (uint16_t)port;
	controller->priority = (uint8_t)priority;
	record->controller_count += controller->host[0] != '\0';
	return true;
}

static bool decode_controllers(json_object *object, struct journal_record *record)
{
	json_object *others;

	if (!copy_text(object, "routerName", record->router_name, sizeof(record->router_name)) ||
	    !decode_one_controller(object, record))
		return false;
	if (!json_object_object_get_ex(object, "others", &others))
		return true;
	if (!json_object_is_type(others, json_type_array) || json_object_array_length(others) >= CONTROLLERS_MAX)
		return false;
	for (size_t i = 0; i < json_object_array_length(others); i++)
		if (!decode_one_controller(json_object_array_get_idx(others, i), record))
			return false;
	return true;
}

static bool decode_policy_object(json_object *object, struct journal_record *record)
{
	struct policy_error error;
	json_object *policy;

	if (!copy_text(object, "name", record->name, sizeof(record->name)))
		return false;
	record->withdrawn = get_true(object, "withdrawn");
	if (!json_object_object_get_ex(object, "policy", &policy))
		return true;
	record->policy = policy_from_json(policy, record->name, &error);
	return record->policy != NULL;
}

static bool decode_record(json_object *object, struct journal_record *record)
{
	uint64_t version;

	switch (record->type) {
	case RECORD_JOURNAL:
		return copy_text(object, "id", record->journal_id, sizeof(record->journal_id)) &&
		       record->journal_id[0] && get_number(object, "version", &version) && version == JOURNAL_VERSION &&
		       (!json_object_object_get_ex(object, "after", NULL) || get_number(object, "after", &record->sequence));
	case RECORD_TRANSITION:
		return decode_transition(object, record);
	case RECORD_CONNECTION:
	case RECORD_FORGET:
		return decode_connection(object, record);
	case RECORD_BYPASS:
		record->bypass.on = get_true(object, "on");
		return copy_text(object, "name", record->name, sizeof(record->name)) &&
		       get_number(object, "since", &record->bypass.since) &&
		       copy_text(object, "actor", record->bypass.actor, sizeof(record->bypass.actor)) &&
		       copy_text(object, "reason", record->bypass.reason, sizeof(record->bypass.reason));
	case RECORD_POLICY:
		return decode_policies(object, record);
	case RECORD_DEFAULT_DENY:
		return decode_default_deny(object, record);
	case RECORD_PROFILE:
		return decode_profile_name(object, record) && copy_text(object, "vrf", record->vrf, sizeof(record->vrf)) &&
		       decode_check_levels(object, record) &&
		       decode_timers(object, record);
	case RECORD_ACKED:
		return get_number(object, "sequence", &record->sequence);
	case RECORD_PUSHED:
		return decode_declaration(object, record);
	case RECORD_EXPORT:
		/* Only for people; one that is no name is left out. */
		if (!copy_text(object, "router", record->name, sizeof(record->name)) || connection_name_error(record->name))
			record->name[0] = '\0';
		return get_number(object, "version", &version) && version == JOURNAL_VERSION &&
		       get_number(object, "at", &record->state_since);
	case RECORD_END:
		return get_number(object, "lines", &record->sequence);
	case RECORD_TIMERS:
		return copy_text(object, "vrf", record->vrf, sizeof(record->vrf)) && decode_timers(object, record);
	case RECORD_OBJECT:
		return decode_policy_object(object, record);
	case RECORD_CONTROLLER:
		return decode_controllers(object, record);
	case RECORD_PUSHES:
		return decode_pushes(object, record);
	default:
		return false;
	}
}

bool journal_line_decode(const char *line, struct journal_record *record, char *error, size_t error_size)
{
	json_object *object = journal_damage_parse(line);
	const char *type;
	bool good = false;

	*record = (struct journal_record){.type = RECORD_TYPE_COUNT};
	if (!object) {
		snprintf(error, error_size, "it is no JSON object");
		return false;
	}
	type = get_text(object, "type");
	for (int i = 0; type && i < RECORD_TYPE_COUNT; i++)
		if (strcmp(type, type_names[i]) == 0)
			record->type = i;
	if (record->type == RECORD_TYPE_COUNT)
		snprintf(error, error_size, "a type of line that this version does not know");
	else if (!(good = decode_record(object, record)))
		snprintf(error, error_size, "a field of a '%s' line is missing or out of range", type);
	if (!good)
		journal_record_clear(record);
	json_object_put(object);
	return good;
}

void journal_record_clear(struct journal_record *record)
{
	if (record->transition)
		peering__transition__free_unpacked(record->transition, NULL);
	if (record->declaration)
		peering__declare_connection__free_unpacked(record->declaration, NULL);
	if (record->pushes)
		push_record_clear(record->pushes);
	XFREE(MTYPE_PEERING_TEXT, record->pushes);
	if (record->policy)
		peering__policy__free_unpacked(record->policy, NULL);
	for (size_t i = 0; i < record->policy_count; i++)
		XFREE(MTYPE_PEERING_TEXT, record->policies[i].name);
	XFREE(MTYPE_PEERING_TEXT, record->policies);
	for (size_t i = 0; i < record->exception_count; i++)
		XFREE(MTYPE_PEERING_TEXT, record->exceptions[i]);
	XFREE(MTYPE_PEERING_TEXT, record->exceptions);
	record->transition = NULL;
	record->declaration = NULL;
	record->policy = NULL;
	record->policy_count = record->exception_count = 0;
}

Peering__DeclareConnection *journal_line_round_trip(const Peering__DeclareConnection *declaration)
{
	struct journal_record record = {.type = RECORD_PUSHED}, read = {.type = RECORD_TYPE_COUNT};
	char *line, *again = NULL;
	char error[160];
	bool whole;

	record.declaration = (Peering__DeclareConnection *)declaration;
	line = journal_line_encode(&record);
	whole = strlen(line) + JOURNAL_SUM_SIZE <= JOURNAL_LINE_MAX &&
		journal_line_decode(line, &read, error, sizeof(error));
	if (whole) {
		again = journal_line_encode(&read);
		whole = strcmp(line, again) == 0;
	}
	if (!whole)
		journal_record_clear(&read);
	free(line);
	free(again);
	return read.declaration;
}
