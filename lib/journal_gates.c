// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "lib/journal_gates.h"

#include <errno.h>
#include <json-c/json.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/connection_name.h"
#include "lib/journal_damage.h"
#include "lib/journal_group.h"
#include "lib/journal_json.h"
#include "lib/journal_sum.h"
#include "lib/lifecycle.h"

#define SESSIONS_MAX 64 /* of one connection, as in the module */

struct known_session {
	char *address;
	bool held;
};

struct known_connection {
	char name[CONNECTION_NAME_MAX];
	char *vrf;
	enum connection_state state;
	bool damaged, bypass;
	unsigned long line; /* the last that spoke of it: what it says of a session counts */
	struct known_session sessions[SESSIONS_MAX];
	size_t session_count;
};

struct known_instance {
	char *vrf;
	struct default_deny_record record;
};

struct journal_gates {
	struct known_connection **connections; /* sorted by name once everything is read */
	size_t connection_count, connection_room;
	void *by_name; /* of tsearch() */
	struct known_instance *instances;
	size_t instance_count;
	struct gate_record *records;
	size_t record_count;
	bool begins_as_journal, bypass_all;
	bool lost_a_line; /* and no `journal` line has come behind it */
	char damage[320];
};

/* Where there is no memory for a few lines there is none to boot with either; and nothing has been opened yet. */
static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* ---- connections ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct known_connection *)a)->name, ((const struct known_connection *)b)->name);
}

static struct known_connection *find(const struct journal_gates *gates, const char *name)
{
	struct known_connection key, **found;

	if (connection_name_error(name))
		return NULL;
	snprintf(key.name, sizeof(key.name), "%s", name);
	found = tfind(&key, &gates->by_name, by_name);
	return found ? *found : NULL;
}

static void clear_sessions(struct known_connection *connection)
{
	for (size_t i = 0; i < connection->session_count; i++)
		free(connection->sessions[i].address);
	connection->session_count = 0;
}

static struct known_connection *make(struct journal_gates *gates, const char *name)
{
	struct known_connection *connection = must(calloc(1, sizeof(*connection)));

	snprintf(connection->name, sizeof(connection->name), "%s", name);
	if (gates->connection_count == gates->connection_room) {
		gates->connection_room = gates->connection_room ? 2 * gates->connection_room : 64;
		gates->connections =
			must(reallocarray(gates->connections, gates->connection_room, sizeof(*gates->connections)));
	}
	gates->connections[gates->connection_count++] = connection;
	must(tsearch(connection, &gates->by_name, by_name));
	return connection;
}

static void forget(struct journal_gates *gates, struct known_connection *connection)
{
	clear_sessions(connection);
	tdelete(connection, &gates->by_name, by_name);
	for (size_t i = 0; i < gates->connection_count; i++) {
		if (gates->connections[i] != connection)
			continue;
		gates->connections[i] = gates->connections[--gates->connection_count];
		break;
	}
	free(connection->vrf);
	free(connection);
}

/* ---- lines ---- */

static bool sessions_are_good(json_object *sessions)
{
	if (!sessions || json_object_array_length(sessions) > SESSIONS_MAX)
		return false;
	for (size_t i = 0; i < json_object_array_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);

		if (!json_object_is_type(session, json_type_object) || !journal_text(session, "address"))
			return false;
	}
	return true;
}

static bool take_connection(struct journal_gates *gates, json_object *object, unsigned long number, bool gone)
{
	json_object *said, *sessions;
	const char *name, *vrf;
	struct known_connection *connection;
	int state;

	if (!json_object_object_get_ex(object, "connection", &said) || !json_object_is_type(said, json_type_object))
		return false;
	name = journal_text(said, "name");
	vrf = journal_text(said, "vrf");
	sessions = journal_array(said, "sessions");
	state = connection_state_from_name(journal_text(said, "state"));
	if (!name || connection_name_error(name) || !vrf || state < 0 || !sessions_are_good(sessions))
		return false;

	connection = find(gates, name);
	if (gone) {
		if (connection)
			forget(gates, connection);
		return true;
	}
	if (!connection)
		connection = make(gates, name);
	free(connection->vrf);
	connection->vrf = must(strdup(vrf));
	connection->state = state;
	connection->damaged = false;
	connection->line = number;
	clear_sessions(connection);
	for (size_t i = 0; i < json_object_array_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);

		connection->sessions[connection->session_count++] = (struct known_session){
			.address = must(strdup(journal_text(session, "address"))),
			.held = journal_true(session, "held"),
		};
	}
	return true;
}

static bool take_bypass(struct journal_gates *gates, json_object *object)
{
	const char *name = journal_text(object, "name");
	struct known_connection *connection;

	if (!name)
		return false;
	if (!name[0]) {
		gates->bypass_all = journal_true(object, "on");
		return true;
	}
	connection = find(gates, name);
	if (connection)
		connection->bypass = journal_true(object, "on");
	return true;
}

static void clear_exceptions(struct default_deny_record *record)
{
	for (size_t i = 0; i < record->exception_count; i++)
		free(record->exceptions[i]);
	free(record->exceptions);
	*record = (struct default_deny_record){0};
}

static bool take_default_deny(struct journal_gates *gates, json_object *object)
{
	const char *vrf = journal_text(object, "vrf"), *mode = journal_text(object, "mode");
	json_object *except = journal_array(object, "except");
	struct known_instance *instance = NULL;
	struct default_deny_record *record;

	if (!vrf || !mode || !except ||
	    (strcmp(mode, "on") != 0 && strcmp(mode, "monitor") != 0 && strcmp(mode, "off") != 0))
		return false;
	for (size_t i = 0; i < gates->instance_count; i++)
		if (strcmp(gates->instances[i].vrf, vrf) == 0)
			instance = &gates->instances[i];
	if (!instance) {
		gates->instances =
			must(reallocarray(gates->instances, gates->instance_count + 1, sizeof(*gates->instances)));
		instance = &gates->instances[gates->instance_count++];
		*instance = (struct known_instance){.vrf = must(strdup(vrf))};
	}
	record = &instance->record;
	clear_exceptions(record);
	record->on = strcmp(mode, "on") == 0;
	record->confederation = journal_true(object, "confederation");
	record->exceptions = must(calloc(json_object_array_length(except) + 1, sizeof(*record->exceptions)));
	for (size_t i = 0; i < json_object_array_length(except); i++) {
		const char *words = json_object_get_string(json_object_array_get_idx(except, i));

		/* An exception that cannot be read excepts nothing. */
		if (words)
			record->exceptions[record->exception_count++] = must(strdup(words));
	}
	return true;
}

/* Those that say nothing of a gate. */
static bool is_of_no_concern(const char *type)
{
	static const char *const types[] = {"policy",	  "policyObject", "acked",  "pushed",
					   "controller", "profile",	  "timers", "pushes"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static bool take_line(struct journal_gates *gates, const char *line, unsigned long number)
{
	json_object *object = journal_damage_parse(line), *version;
	const char *type = object ? journal_text(object, "type") : NULL;
	bool good = false;

	if (!type) {
		/* no JSON object, or none of ours */
	} else if (strcmp(type, "journal") == 0) {
		good = journal_text(object, "id") && json_object_object_get_ex(object, "version", &version) &&
		       json_object_get_int64(version) == 1;
		gates->begins_as_journal |= good && number == 1;
		gates->lost_a_line &= !good;
	} else if (strcmp(type, "transition") == 0 || strcmp(type, "connection") == 0) {
		good = take_connection(gates, object, number, false);
	} else if (strcmp(type, "forget") == 0) {
		good = take_connection(gates, object, number, true);
	} else if (strcmp(type, "bypass") == 0) {
		good = take_bypass(gates, object);
	} else if (strcmp(type, "defaultDeny") == 0) {
		good = take_default_deny(gates, object);
	} else {
		good = is_of_no_concern(type);
	}
	json_object_put(object);
	return good;
}

/* ---- damage ---- */

static void close_connection(struct known_connection *connection)
{
	connection->damaged = true;
	connection->bypass = false;
}

static void close_all(struct journal_gates *gates)
{
	gates->bypass_all = false;
	for (size_t i = 0; i < gates->connection_count; i++)
		close_connection(gates->connections[i]);
}

/* Whoever has the session: the name in the line may be what is damaged. False where nobody has it. */
static bool close_owner(struct journal_gates *gates, const char *vrf, const char *address)
{
	bool found = false;

	for (size_t i = 0; i < gates->connection_count; i++) {
		struct known_connection *connection = gates->connections[i];

		for (size_t j = 0; j < connection->session_count; j++) {
			if (strcmp(connection->vrf, vrf) != 0 || strcmp(connection->sessions[j].address, address) != 0)
				continue;
			close_connection(connection);
			found = true;
		}
	}
	return found;
}

/* False where nothing is known of the connection that could be gated. */
static bool close_named(struct journal_gates *gates, const struct damaged_connection *damaged)
{
	struct known_connection *connection = find(gates, damaged->name);

	if (!connection && !damaged->address_count)
		return false;
	if (!connection) {
		connection = make(gates, damaged->name);
		connection->vrf = must(strdup(damaged->vrf));
		connection->state = STATE_NONE;
	}
	close_connection(connection);
	for (size_t i = 0; i < damaged->address_count; i++)
		if (!close_owner(gates, connection->vrf, damaged->addresses[i]) && connection->session_count < SESSIONS_MAX)
			connection->sessions[connection->session_count++].address = must(strdup(damaged->addresses[i]));
	return true;
}

static void take_damage(struct journal_gates *gates, const char *path, const char *line, unsigned long number)
{
	bool nameless = journal_damage_is_nameless(line), named = false;
	struct damaged_connection damaged;
	const char *at = line;

	while ((at = journal_damage_next(at, &damaged))) {
		nameless |= !close_named(gates, &damaged);
		named = true;
	}
	if (nameless) {
		close_all(gates);
		gates->lost_a_line = true;
	}
	if (!gates->damage[0])
		snprintf(gates->damage, sizeof(gates->damage), "%.200s line %lu cannot be read: %s", path, number,
			 nameless ? "every gate in it is closed, and that of whoever it does not know"
			 : named  ? "the gate that it speaks of is closed"
				  : "it says nothing of a gate");
}

/* ---- the file ---- */

enum line_end { LINE_WHOLE, LINE_TOO_LONG, LINE_TORN, LINE_NONE };

/* One line into `line`, of JOURNAL_LINE_MAX + 1 bytes, without its newline; of a longer one its beginning. */
static enum line_end read_line(FILE *file, char *line)
{
	size_t length = 0;
	bool any = false;
	int c;

	while ((c = getc_unlocked(file)) != EOF && c != '\n') {
		any = true;
		if (length <= JOURNAL_LINE_MAX)
			line[length++] = (char)(c ? c : ' ');
	}
	line[length > JOURNAL_LINE_MAX ? JOURNAL_LINE_MAX : length] = '\0';
	if (c == EOF)
		return any ? LINE_TORN : LINE_NONE;
	/* With its newline it is one byte more. */
	return length >= JOURNAL_LINE_MAX ? LINE_TOO_LONG : LINE_WHOLE;
}

static void read_lines(struct journal_gates *gates, const char *path, FILE *file)
{
	char *line = must(malloc(JOURNAL_LINE_MAX + 2));
	uint64_t unfinished = journal_group_unfinished(path);
	unsigned long number = 0;
	enum line_end end = LINE_NONE;

	while ((uint64_t)ftello(file) < unfinished &&
	       ((end = read_line(file, line)) == LINE_WHOLE || end == LINE_TOO_LONG)) {
		number++;
		if (end == LINE_TOO_LONG || !take_line(gates, line, number))
			take_damage(gates, path, line, number);
	}
	/* Whole but for its newline, it is not the one that was being written. */
	if (end == LINE_TORN && line[0] && journal_sum_look(line, strlen(line) - 1) == JOURNAL_SUM_RIGHT)
		take_damage(gates, path, line, ++number);
	free(line);
	if (number > 0 && !gates->begins_as_journal) {
		close_all(gates);
		/* Of no journal nothing is lost. */
		gates->lost_a_line = false;
		snprintf(gates->damage, sizeof(gates->damage), "%.200s is not a journal of frr-peering: every gate in it is closed",
			 path);
	}
}

/* ---- what it comes to ---- */

struct claim {
	struct gate_record record;
	unsigned long line;
};

static int by_place(const void *a, const void *b)
{
	const struct gate_record *first = a, *second = b;
	int difference = strcmp(first->vrf, second->vrf);

	return difference ? difference : strcmp(first->address, second->address);
}

/* Of two connections that name one session, the one that spoke last comes first. */
static int by_place_and_line(const void *a, const void *b)
{
	const struct claim *first = a, *second = b;
	int difference = by_place(&first->record, &second->record);

	if (difference)
		return difference;
	return first->line < second->line ? 1 : first->line > second->line ? -1 : 0;
}

static bool is_open(const struct journal_gates *gates, const struct known_connection *connection,
		    const struct known_session *session)
{
	if (gates->bypass_all || connection->bypass)
		return true;
	return !connection->damaged && !session->held && lifecycle_gate(connection->state) == GATE_ALLOW;
}

static void conclude(struct journal_gates *gates)
{
	struct claim *claims;
	size_t count = 0;

	for (size_t i = 0; i < gates->connection_count; i++)
		count += gates->connections[i]->session_count;
	claims = must(calloc(count + 1, sizeof(*claims)));
	count = 0;
	for (size_t i = 0; i < gates->connection_count; i++) {
		const struct known_connection *connection = gates->connections[i];

		for (size_t j = 0; j < connection->session_count; j++)
			claims[count++] = (struct claim){
				.line = connection->line,
				.record = {
					.vrf = connection->vrf,
					.address = connection->sessions[j].address,
					.connection = connection->name,
					.state = connection_state_name(connection->state),
					.open = is_open(gates, connection, &connection->sessions[j]),
				},
			};
	}
	qsort(claims, count, sizeof(*claims), by_place_and_line);
	gates->records = must(calloc(count + 1, sizeof(*gates->records)));
	for (size_t i = 0; i < count; i++)
		if (!i || by_place(&claims[i].record, &claims[i - 1].record) != 0)
			gates->records[gates->record_count++] = claims[i].record;
	free(claims);
}

enum journal_gates_result journal_gates_read(const char *path, struct journal_gates **gates, char *error,
					     size_t error_size)
{
	FILE *file = fopen(path, "re");
	bool failed;

	*gates = NULL;
	if (!file && (errno == ENOENT || errno == ENOTDIR))
		return JOURNAL_ABSENT;
	if (!file) {
		snprintf(error, error_size, "%s cannot be read: %s", path, strerror(errno));
		return errno == EACCES || errno == EPERM ? JOURNAL_FORBIDDEN : JOURNAL_UNREADABLE;
	}
	*gates = must(calloc(1, sizeof(**gates)));
	read_lines(*gates, path, file);
	failed = ferror(file);
	fclose(file);
	if (failed) {
		journal_gates_free(*gates);
		*gates = NULL;
		snprintf(error, error_size, "%s cannot be read to its end", path);
		return JOURNAL_UNREADABLE;
	}
	conclude(*gates);
	return JOURNAL_READ;
}

static void no_action(void *node)
{
}

void journal_gates_free(struct journal_gates *gates)
{
	if (!gates)
		return;
	tdestroy(gates->by_name, no_action);
	for (size_t i = 0; i < gates->connection_count; i++) {
		clear_sessions(gates->connections[i]);
		free(gates->connections[i]->vrf);
		free(gates->connections[i]);
	}
	for (size_t i = 0; i < gates->instance_count; i++) {
		clear_exceptions(&gates->instances[i].record);
		free(gates->instances[i].vrf);
	}
	free(gates->connections);
	free(gates->instances);
	free(gates->records);
	free(gates);
}

const char *journal_gates_damage(const struct journal_gates *gates)
{
	return gates->damage[0] ? gates->damage : NULL;
}

size_t journal_gates_count(const struct journal_gates *gates)
{
	return gates->record_count;
}

const struct gate_record *journal_gates_at(const struct journal_gates *gates, size_t index)
{
	return &gates->records[index];
}

const struct gate_record *journal_gates_find(const struct journal_gates *gates, const char *vrf, const char *address)
{
	struct gate_record key = {.vrf = vrf, .address = address};

	return bsearch(&key, gates->records, gates->record_count, sizeof(key), by_place);
}

bool journal_gates_knows(const struct journal_gates *gates, const char *connection)
{
	return find(gates, connection) != NULL;
}

bool journal_gates_lost_a_line(const struct journal_gates *gates)
{
	return gates->lost_a_line;
}

bool journal_gates_bypass_all(const struct journal_gates *gates)
{
	return gates->bypass_all;
}

const struct default_deny_record *journal_gates_default_deny(const struct journal_gates *gates, const char *vrf)
{
	for (size_t i = 0; i < gates->instance_count; i++)
		if (strcmp(gates->instances[i].vrf, vrf) == 0)
			return &gates->instances[i].record;
	return NULL;
}
