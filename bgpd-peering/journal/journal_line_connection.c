// SPDX-License-Identifier: GPL-2.0-or-later
/* What a line says of a connection; its timers, checks and profile stand in lines of their own, too. */
#include "bgpd-peering/journal/journal_line_private.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/port/link_test.h"

#include "lib/journal_json.h"
#include "lib/utf8.h"

static const char *const limit_keys[FAMILY_COUNT] = {
	[FAMILY_IPV4] = "receivedLimitIpv4",
	[FAMILY_IPV6] = "receivedLimitIpv6",
};
static const char *const allowed_keys[FAMILY_COUNT] = {
	[FAMILY_IPV4] = "allowedPrefixesIpv4",
	[FAMILY_IPV6] = "allowedPrefixesIpv6",
};
const char *const journal_timer_keys[TIMER_COUNT] = {
	[TIMER_WINDOW] = "validationWindow",
	[TIMER_ESTABLISH] = "establishTimer",
	[TIMER_VALIDATION] = "validationTimer",
	[TIMER_STALE] = "staleTimer",
	[TIMER_DRAIN] = "drainTimer",
};

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
		if (session->removed)
			continue;
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

void journal_add_check_levels(json_object *object, const struct journal_record *record)
{
	json_object *levels = json_object_new_object();

	for (size_t i = 0; i < check_count; i++)
		if (record->check_levels[i] != CHECK_LEVEL_DEFAULT)
			journal_add_text(levels, checks[i]->name, check_level_name(record->check_levels[i]));
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
	journal_add_true(object, "closed", denied);
	journal_add_number(object, "at", denial->at);
	journal_add_number(object, "count", denial->count);
	journal_add_text(object, "cause", denial->cause);
	journal_add_text(object, "figures", denial->figures);
	journal_add_text(object, "reason", denial->reason);
	json_object_object_add(session, "violation", object);
}

static void add_link_test(json_object *connection, const struct journal_record *record)
{
	const struct link_test_settings *settings = &record->link_test;
	const struct link_test_result *result = &record->link_result;
	json_object *object = json_object_new_object();
	char text[INET_ADDRSTRLEN];

	if (settings->port[0])
		journal_add_text(object, "port", settings->port);
	if (settings->level != LINK_TEST_OPTIONAL)
		journal_add_text(object, "level", link_test_level_name(settings->level));
	if (settings->interval)
		journal_add_number(object, "interval", settings->interval);
	if (settings->prefix_length) {
		journal_add_text(object, "address", inet_ntop(AF_INET, &settings->address, text, sizeof(text)));
		journal_add_number(object, "prefixLength", settings->prefix_length);
		journal_add_text(object, "peerAddress", inet_ntop(AF_INET, &settings->peer_address, text, sizeof(text)));
	}
	if (result->at) {
		journal_add_number(object, "at", result->at);
		journal_add_true(object, "passed", result->passed);
		journal_add_text(object, "reason", result->reason);
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
		journal_add_number(object, "drainEnds", record->drain_ends);
		journal_add_true(object, "drainHeld", record->drain_held);
	}
	if (maintenance->on) {
		one = json_object_new_object();
		journal_add_number(one, "since", maintenance->since);
		journal_add_text(one, "reason", maintenance->reason);
		if (maintenance->ends) {
			journal_add_number(one, "ends", maintenance->ends);
			journal_add_number(one, "endsAt", maintenance->ends_at);
		}
		json_object_object_add(object, "maintenance", one);
	}
	if (drains || maintenance->ends)
		journal_add_text(object, "boot", record->boot_id);
}

void journal_add_timers(json_object *object, const struct journal_record *record)
{
	for (int timer = 0; timer < TIMER_COUNT; timer++)
		if (record->timers[timer])
			journal_add_number(object, journal_timer_keys[timer], record->timers[timer]);
}

json_object *journal_connection_json(const struct journal_record *record)
{
	json_object *object = json_object_new_object();
	json_object *sessions = json_object_new_array();

	journal_add_text(object, "name", record->name);
	journal_add_text(object, "vrf", record->vrf);
	journal_add_text(object, "state", connection_state_name(record->state));
	journal_add_number(object, "since", record->state_since);
	journal_add_number(object, "generation", record->generation);
	journal_add_true(object, "adopted", record->adopted);
	journal_add_true(object, "discovered", record->discovered);
	add_drain(object, record);
	journal_add_true(object, "overridden", record->overridden);
	if (record->state == STATE_EXTERNAL_BLOCKER)
		journal_add_text(object, "former", connection_state_name(record->former));
	if (record->state == STATE_TYPE_CHANGE_REQUESTED || record->state == STATE_TYPE_CHANGE_IN_PROGRESS)
		journal_add_text(object, "wantedKind", connection_kind_name(record->wanted_kind));

	journal_add_true(object, "declared", record->declared);
	journal_add_true(object, "adoptedLine", record->adopted_line);
	journal_add_text(object, "kind", connection_kind_name(record->kind));
	journal_add_number(object, "remoteAs", record->remote_as);
	if (record->description[0])
		journal_add_text(object, "description", record->description);
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (record->received_limit[family])
			journal_add_number(object, limit_keys[family], record->received_limit[family]);
	journal_add_timers(object, record);
	if (record->profile[0])
		journal_add_text(object, "profile", record->profile);
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (record->allowed_prefixes[family][0])
			journal_add_text(object, allowed_keys[family], record->allowed_prefixes[family]);
	journal_add_check_levels(object, record);
	if (record->activation_set)
		journal_add_text(object, "activation", activation_mode_name(record->activation));
	if (record->on_violation_deny)
		journal_add_text(object, "onViolation", "deny");
	if (record->reopen_auto)
		journal_add_text(object, "reopen", "auto");
	if (record->reopen_hold_down)
		journal_add_number(object, "reopenHoldDown", record->reopen_hold_down);
	add_link_test(object, record);
	for (size_t i = 0; i < record->session_count; i++) {
		json_object *session = json_object_new_object();

		journal_add_text(session, "address", record->sessions[i].address);
		journal_add_true(session, "declared", record->sessions[i].declared);
		journal_add_true(session, "optional", !record->sessions[i].required);
		journal_add_true(session, "held", record->sessions[i].held);
		journal_add_true(session, "made", record->sessions[i].made);
		if (record->sessions[i].validated_as)
			journal_add_number(session, "validatedAs", record->sessions[i].validated_as);
		add_denial(session, &record->sessions[i].denial,
			   record->sessions[i].held && record->sessions[i].denied);
		json_object_array_add(sessions, session);
	}
	json_object_object_add(object, "sessions", sessions);
	return object;
}

/* A check that this version does not have is passed over; a level that is none is damage. */
bool journal_decode_check_levels(json_object *connection, struct journal_record *record)
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
	const char *word = journal_text(object, key);

	*is_other = word && strcmp(word, other) == 0;
	return !json_object_object_get_ex(object, key, NULL) || *is_other || (word && strcmp(word, normal) == 0);
}

/* A line with addresses that cannot be is damage, as one with a level that is none. */
static bool decode_link_test_address(json_object *object, struct link_test_settings *settings)
{
	const char *address = journal_text(object, "address"), *peer = journal_text(object, "peerAddress");
	struct prefix_ipv4 prefix = {.family = AF_INET};
	char error[128];
	uint64_t length;

	if (!address)
		return true;
	if (!peer || !journal_number(object, "prefixLength", &length) || length > 31 ||
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
	level = journal_text(object, "level");
	if ((json_object_object_get_ex(object, "port", NULL) &&
	     !journal_copy_text(object, "port", settings->port, sizeof(settings->port))) ||
	    (level && link_test_level_from_name(level) < 0) || !journal_optional(object, "interval", &settings->interval) ||
	    !decode_link_test_address(object, settings))
		return false;
	if (level)
		settings->level = link_test_level_from_name(level);
	reason = journal_text(object, "reason");
	if (reason && journal_number(object, "at", &result->at)) {
		result->passed = journal_true(object, "passed");
		utf8_copy(result->reason, sizeof(result->reason), reason);
	}
	return true;
}

bool journal_decode_timers(json_object *object, struct journal_record *record)
{
	for (int timer = 0; timer < TIMER_COUNT; timer++)
		if (!journal_optional(object, journal_timer_keys[timer], &record->timers[timer]))
			return false;
	return true;
}

/* What stands for a moment only, beside some states. */
static bool decode_passing(json_object *connection, struct journal_record *record)
{
	int former = connection_state_from_name(journal_text(connection, "former"));
	int wanted = connection_kind_from_name(journal_text(connection, "wantedKind"));

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

bool journal_decode_profile_name(json_object *object, struct journal_record *record)
{
	return journal_copy_text(object, "profile", record->profile, sizeof(record->profile)) &&
	       !profile_name_error(record->profile);
}

/* The lines of configuration. */
static bool decode_settings(json_object *connection, struct journal_record *record)
{
	const char *activation = journal_text(connection, "activation"), *description = journal_text(connection, "description");
	int kind = connection_kind_from_name(journal_text(connection, "kind"));

	record->declared = journal_true(connection, "declared");
	record->adopted_line = journal_true(connection, "adoptedLine");
	if (kind < 0 || (activation && activation_mode_from_name(activation) < 0) ||
	    (description &&
	     strlcpy(record->description, description, sizeof(record->description)) >= sizeof(record->description)))
		return false;
	record->kind = kind;
	record->activation_set = activation != NULL;
	if (activation)
		record->activation = activation_mode_from_name(activation);
	for (int family = 0; family < FAMILY_COUNT; family++) {
		if (!journal_optional(connection, limit_keys[family], &record->received_limit[family]))
			return false;
		if (json_object_object_get_ex(connection, allowed_keys[family], NULL) &&
		    !journal_copy_text(connection, allowed_keys[family], record->allowed_prefixes[family], PREFIX_LIST_NAME_MAX))
			return false;
	}
	if (json_object_object_get_ex(connection, "profile", NULL) && !journal_decode_profile_name(connection, record))
		return false;
	return journal_decode_check_levels(connection, record) && decode_link_test(connection, record) &&
	       get_choice(connection, "onViolation", "report", "deny", &record->on_violation_deny) &&
	       get_choice(connection, "reopen", "manual", "auto", &record->reopen_auto) &&
	       journal_optional(connection, "reopenHoldDown", &record->reopen_hold_down) &&
	       journal_optional(connection, "remoteAs", &record->remote_as) && journal_decode_timers(connection, record);
}

static bool decode_maintenance(json_object *connection, struct maintenance *maintenance)
{
	json_object *object;

	if (!json_object_object_get_ex(connection, "maintenance", &object))
		return true;
	maintenance->on = true;
	if (!json_object_is_type(object, json_type_object) || !journal_number(object, "since", &maintenance->since) ||
	    !journal_copy_text(object, "reason", maintenance->reason, sizeof(maintenance->reason)))
		return false;
	return !journal_number(object, "ends", &maintenance->ends) || journal_number(object, "endsAt", &maintenance->ends_at);
}

/* What is remembered of violations. */
static bool decode_denial(json_object *session, bool *denied, struct denial *denial)
{
	json_object *object;
	uint64_t count;

	if (!json_object_object_get_ex(session, "violation", &object))
		return true;
	if (!json_object_is_type(object, json_type_object) || !journal_number(object, "at", &denial->at) ||
	    !journal_number(object, "count", &count) || count > UINT32_MAX ||
	    !journal_copy_text(object, "cause", denial->cause, sizeof(denial->cause)) ||
	    !journal_copy_text(object, "figures", denial->figures, sizeof(denial->figures)) ||
	    !journal_copy_text(object, "reason", denial->reason, sizeof(denial->reason)))
		return false;
	denial->count = (uint32_t)count;
	*denied = journal_true(object, "closed");
	return true;
}

bool journal_decode_connection(json_object *object, struct journal_record *record)
{
	json_object *connection, *sessions;
	int state;

	if (!json_object_object_get_ex(object, "connection", &connection) ||
	    !json_object_is_type(connection, json_type_object))
		return false;
	state = connection_state_from_name(journal_text(connection, "state"));
	sessions = journal_array(connection, "sessions");
	if (!journal_copy_text(connection, "name", record->name, sizeof(record->name)) || connection_name_error(record->name) ||
	    !journal_copy_text(connection, "vrf", record->vrf, sizeof(record->vrf)) || state < 0 || !sessions ||
	    !journal_number(connection, "since", &record->state_since) ||
	    !journal_number(connection, "generation", &record->generation) || !decode_settings(connection, record) ||
	    !decode_maintenance(connection, &record->maintenance) || json_object_array_length(sessions) > SESSIONS_MAX)
		return false;
	record->state = state;
	journal_number(connection, "drainEnds", &record->drain_ends);
	record->drain_held = journal_true(connection, "drainHeld");
	journal_copy_text(connection, "boot", record->boot_id, sizeof(record->boot_id));
	if (!decode_passing(connection, record))
		return false;
	record->adopted = journal_true(connection, "adopted");
	record->overridden = journal_true(connection, "overridden");
	record->discovered = journal_true(connection, "discovered");
	for (size_t i = 0; i < json_object_array_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);

		if (!json_object_is_type(session, json_type_object) ||
		    !journal_copy_text(session, "address", record->sessions[i].address, SESSION_ADDRESS_MAX) ||
		    !journal_optional(session, "validatedAs", &record->sessions[i].validated_as) ||
		    !decode_denial(session, &record->sessions[i].denied, &record->sessions[i].denial))
			return false;
		record->sessions[i].declared = journal_true(session, "declared");
		record->sessions[i].required = !journal_true(session, "optional");
		record->sessions[i].held = journal_true(session, "held");
		record->sessions[i].made = journal_true(session, "made");
		record->session_count++;
	}
	return true;
}
