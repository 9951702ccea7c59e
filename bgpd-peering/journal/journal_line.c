// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal/journal_line.h"

#include "bgpd-peering/address_family.h"
#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/journal/journal_line_private.h"
#include "bgpd-peering/push/pushed_declarations.h"

#include "lib/journal_damage.h"
#include "lib/journal_json.h"
#include "lib/journal_sum.h"
#include "lib/policy_object.h"

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

static const char *const direction_names[RMAP_MAX] = {[RMAP_IN] = "in", [RMAP_OUT] = "out"};

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

static json_object *policies_json(const struct journal_record *record)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < record->policy_count; i++) {
		const struct policy_record *policy = &record->policies[i];
		json_object *object = json_object_new_object();

		journal_add_text(object, "afi", afi_word(policy->afi));
		journal_add_text(object, "safi", safi_word(policy->safi));
		journal_add_text(object, "direction", direction_names[policy->direction]);
		if (policy->name)
			journal_add_text(object, "routeMap", policy->name);
		json_object_array_add(array, object);
	}
	return array;
}

static void add_transition(json_object *object, const Peering__Transition *transition)
{
	journal_add_number(object, "sequence", transition->sequence);
	journal_add_text(object, "from", transition->from);
	journal_add_text(object, "to", transition->to);
	journal_add_text(object, "cause", transition->cause);
	journal_add_text(object, "actor", transition->actor);
	journal_add_number(object, "at", transition->at_milliseconds);
	journal_add_text(object, "message", transition->message);
}

static void add_removed(json_object *object, const struct journal_record *record)
{
	json_object *array = json_object_new_array();

	for (size_t i = 0; i < record->removed_count; i++)
		json_object_array_add(array, json_object_new_string(record->removed[i]));
	if (record->removed_count)
		json_object_object_add(object, "removed", array);
	else
		json_object_put(array);
}

static void add_controller(json_object *object, const struct controller_line *controller)
{
	journal_add_text(object, "host", controller->host);
	journal_add_number(object, "port", controller->port);
	if (controller->vrf[0])
		journal_add_text(object, "vrf", controller->vrf);
	if (controller->source[0])
		journal_add_text(object, "source", controller->source);
	if (controller->priority != CONTROLLER_PRIORITY)
		journal_add_number(object, "priority", controller->priority);
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

void journal_line_end_policy(FILE *to, const char *before, bool withdrawn)
{
	json_object *more = json_object_new_object();

	fputs("]}", to);
	if (before) {
		journal_add_true(more, "withdrawn", withdrawn);
		journal_add_text(more, "before", before);
		/* Behind its brace. */
		fprintf(to, ",%s\n", json_object_to_json_string_ext(more, JSON_C_TO_STRING_PLAIN) + 1);
	} else {
		fputs("}\n", to);
	}
	json_object_put(more);
	for (size_t i = 0; i < JOURNAL_SUM_SIZE; i++)
		putc('\0', to);
}

char *journal_line_encode(const struct journal_record *record)
{
	json_object *object = json_object_new_object();
	char *line = NULL;

	journal_add_text(object, "type", type_names[record->type]);
	switch (record->type) {
	case RECORD_JOURNAL:
		journal_add_number(object, "version", JOURNAL_VERSION);
		journal_add_text(object, "id", record->journal_id);
		if (record->sequence)
			journal_add_number(object, "after", record->sequence);
		break;
	case RECORD_TRANSITION:
		add_transition(object, record->transition);
		/* fall through */
	case RECORD_CONNECTION:
	case RECORD_FORGET:
		json_object_object_add(object, "connection", journal_connection_json(record));
		break;
	case RECORD_BYPASS:
		journal_add_text(object, "name", record->name);
		json_object_object_add(object, "on", json_object_new_boolean(record->bypass.on));
		journal_add_number(object, "since", record->bypass.since);
		journal_add_text(object, "actor", record->bypass.actor);
		journal_add_text(object, "reason", record->bypass.reason);
		break;
	case RECORD_POLICY:
		journal_add_text(object, "name", record->name);
		journal_add_text(object, "vrf", record->vrf);
		journal_add_text(object, "address", record->address);
		json_object_object_add(object, "wanted", policies_json(record));
		break;
	case RECORD_DEFAULT_DENY:
		journal_add_text(object, "vrf", record->vrf);
		journal_add_text(object, "mode", default_deny_mode_name(record->mode));
		journal_add_true(object, "confederation", record->confederation);
		json_object_object_add(object, "except", exceptions_json(record));
		break;
	case RECORD_PROFILE:
		journal_add_text(object, "profile", record->profile);
		journal_add_text(object, "vrf", record->vrf);
		journal_add_timers(object, record);
		journal_add_check_levels(object, record);
		break;
	case RECORD_ACKED:
		journal_add_number(object, "sequence", record->sequence);
		break;
	case RECORD_PUSHED:
		journal_line_add_declaration(object, record->declaration);
		add_removed(object, record);
		break;
	case RECORD_PUSHES:
		push_record_to_json(record->pushes, object);
		break;
	case RECORD_EXPORT:
		journal_add_number(object, "version", JOURNAL_VERSION);
		journal_add_text(object, "router", record->name);
		journal_add_number(object, "at", record->state_since);
		break;
	case RECORD_END:
		journal_add_number(object, "lines", record->sequence);
		break;
	case RECORD_TIMERS:
		journal_add_text(object, "vrf", record->vrf);
		journal_add_timers(object, record);
		break;
	case RECORD_OBJECT:
		/* For an earlier version: a policy that has no name, and is gone. */
		journal_add_text(object, "name", record->put_back ? "" : record->name);
		if (record->put_back)
			journal_add_text(object, "putBack", record->name);
		if (record->policy)
			json_object_object_add(object, "policy", policy_to_json(record->policy));
		journal_add_true(object, "withdrawn", record->withdrawn);
		journal_add_true(object, "ended", record->ended);
		break;
	case RECORD_CONTROLLER:
		add_controllers(object, record);
		journal_add_text(object, "routerName", record->router_name);
		break;
	default:
		break;
	}
	if (asprintf(&line, "%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN)) < 0)
		memory_oom(0, "journal line");
	json_object_put(object);
	return line;
}

static bool decode_policies(json_object *object, struct journal_record *record)
{
	json_object *array = journal_array(object, "wanted");

	if (!array || !journal_copy_text(object, "vrf", record->vrf, sizeof(record->vrf)) ||
	    !journal_copy_text(object, "address", record->address, sizeof(record->address)) || !record->address[0])
		return false;
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *one = json_object_array_get_idx(array, i);
		const char *direction = journal_text(one, "direction");
		afi_t afi = afi_from_word(journal_text(one, "afi"));
		safi_t safi = safi_from_word(journal_text(one, "safi"));
		int way = 0;

		while (direction && way < RMAP_MAX && strcmp(direction_names[way], direction) != 0)
			way++;
		if (!direction || way == RMAP_MAX)
			return false;
		/* A family that this bgpd does not have is in nobody's way. */
		if (afi == AFI_UNSPEC || safi == SAFI_UNSPEC)
			continue;
		add_policy(record, afi, safi, way, journal_text(one, "routeMap"));
	}
	return true;
}

static bool decode_default_deny(json_object *object, struct journal_record *record)
{
	int mode = default_deny_mode_from_name(journal_text(object, "mode"));
	json_object *array = journal_array(object, "except");

	if (mode < 0 || !array || !journal_copy_text(object, "vrf", record->vrf, sizeof(record->vrf)))
		return false;
	record->mode = mode;
	record->confederation = journal_true(object, "confederation");
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

	message.from = (char *)journal_text(object, "from");
	message.to = (char *)journal_text(object, "to");
	message.cause = (char *)journal_text(object, "cause");
	message.actor = (char *)journal_text(object, "actor");
	message.message = (char *)journal_text(object, "message");
	if (!journal_decode_connection(object, record) || !journal_number(object, "sequence", &message.sequence) ||
	    !journal_number(object, "at", &message.at_milliseconds) || !message.from || !message.to || !message.cause ||
	    !message.actor || !message.message || connection_state_from_name(message.from) < 0 ||
	    connection_state_from_name(message.to) != (int)record->state)
		return false;
	message.connection = record->name;
	message.vrf = record->vrf;
	message.generation = record->generation;
	record->transition = journal_line_copy_transition(&message);
	return record->transition != NULL;
}

/* Of a later version than the rest of the line: it may lack. */
static bool decode_removed(json_object *object, struct journal_record *record)
{
	json_object *array = journal_array(object, "removed");
	size_t count = array ? json_object_array_length(array) : 0;

	if (count > PUSHED_REMOVED_MAX || (!array && json_object_object_get_ex(object, "removed", NULL)))
		return false;
	record->removed = count ? XCALLOC(MTYPE_PEERING_TEXT, count * sizeof(*record->removed)) : NULL;
	for (size_t i = 0; i < count; i++) {
		json_object *one = json_object_array_get_idx(array, i);
		char normal[SESSION_ADDRESS_MAX];

		if (!json_object_is_type(one, json_type_string) ||
		    strlcpy(record->removed[i], json_object_get_string(one), SESSION_ADDRESS_MAX) >= SESSION_ADDRESS_MAX ||
		    !session_normalize(record->removed[i], normal) || strcmp(record->removed[i], normal) != 0)
			return false;
		record->removed_count++;
	}
	return true;
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

	if (!journal_copy_text(object, "host", controller->host, sizeof(controller->host)) || !journal_number(object, "port", &port) ||
	    port > UINT16_MAX || (controller->host[0] && !port) ||
	    (journal_text(object, "vrf") && !journal_copy_text(object, "vrf", controller->vrf, sizeof(controller->vrf))) ||
	    (journal_text(object, "source") && !journal_copy_text(object, "source", controller->source, sizeof(controller->source))) ||
	    (json_object_object_get_ex(object, "priority", NULL) && !journal_number(object, "priority", &priority)) ||
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

	if (!journal_copy_text(object, "routerName", record->router_name, sizeof(record->router_name)) ||
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

	record->put_back = json_object_object_get_ex(object, "putBack", NULL);
	record->ended = journal_true(object, "ended");
	if (!journal_copy_text(object, record->put_back ? "putBack" : "name", record->name, sizeof(record->name)))
		return false;
	record->withdrawn = journal_true(object, "withdrawn");
	if (json_object_object_get_ex(object, "before", NULL) &&
	    (!journal_copy_text(object, "before", record->before, sizeof(record->before)) || !record->before[0]))
		return false;
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
		return journal_copy_text(object, "id", record->journal_id, sizeof(record->journal_id)) &&
		       record->journal_id[0] && journal_number(object, "version", &version) && version == JOURNAL_VERSION &&
		       (!json_object_object_get_ex(object, "after", NULL) || journal_number(object, "after", &record->sequence));
	case RECORD_TRANSITION:
		return decode_transition(object, record);
	case RECORD_CONNECTION:
	case RECORD_FORGET:
		return journal_decode_connection(object, record);
	case RECORD_BYPASS:
		record->bypass.on = journal_true(object, "on");
		return journal_copy_text(object, "name", record->name, sizeof(record->name)) &&
		       journal_number(object, "since", &record->bypass.since) &&
		       journal_copy_text(object, "actor", record->bypass.actor, sizeof(record->bypass.actor)) &&
		       journal_copy_text(object, "reason", record->bypass.reason, sizeof(record->bypass.reason));
	case RECORD_POLICY:
		return decode_policies(object, record);
	case RECORD_DEFAULT_DENY:
		return decode_default_deny(object, record);
	case RECORD_PROFILE:
		return journal_decode_profile_name(object, record) && journal_copy_text(object, "vrf", record->vrf, sizeof(record->vrf)) &&
		       journal_decode_check_levels(object, record) &&
		       journal_decode_timers(object, record);
	case RECORD_ACKED:
		return journal_number(object, "sequence", &record->sequence);
	case RECORD_PUSHED:
		return journal_decode_declaration(object, record) && decode_removed(object, record);
	case RECORD_EXPORT:
		/* Only for people; one that is no name is left out. */
		if (!journal_copy_text(object, "router", record->name, sizeof(record->name)) || connection_name_error(record->name))
			record->name[0] = '\0';
		return journal_number(object, "version", &version) && version == JOURNAL_VERSION &&
		       journal_number(object, "at", &record->state_since);
	case RECORD_END:
		return journal_number(object, "lines", &record->sequence);
	case RECORD_TIMERS:
		return journal_copy_text(object, "vrf", record->vrf, sizeof(record->vrf)) && journal_decode_timers(object, record);
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
	type = journal_text(object, "type");
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
	XFREE(MTYPE_PEERING_TEXT, record->removed);
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
	record->policy_count = record->exception_count = record->removed_count = 0;
}
