// SPDX-License-Identifier: GPL-2.0-or-later
/* Verbs: what moves a connection through its lifecycle. */
#include "bgpd-peering/commands/commands.h"

#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/connection/drift.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/gate/audit.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/state_file.h"
#include "bgpd-peering/journal/written_answer.h"
#include "bgpd-peering/port/link_test.h"

#include "lib/json.h"
#include "lib/utf8.h"

static void say_next(struct vty *vty, const struct connection *connection, const struct verdict *verdict)
{
	char waiting[256];

	validation_waiting_for(connection, waiting, sizeof(waiting));
	vty_out(vty, "%s%s%s\n", verdict->message, !connection->pending.ticket && waiting[0] ? ", waits for: " : "",
		connection->pending.ticket ? "" : waiting);
}

/* Said before it happens: the gates open once this is in the journal. */
static void say_resets(struct vty *vty, const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session_opens_with_reset(session))
			vty_out(vty, "%s: the session with %s will be reset, since neither kept routes nor route refresh are to be had\n",
				connection->name, session->address);
}

/* The free words at the end of the line, from the token LINE on, as text that a terminal may show. MTYPE_TMP. */
static char *last_words(int argc, struct cmd_token *argv[])
{
	int at = 0;
	char *words = argv_find(argv, argc, "LINE", &at) ? argv_concat(argv, argc, at) : XSTRDUP(MTYPE_TMP, "");

	utf8_clean(words);
	return words;
}

/* For programs: where the verb has led. */
static int verb_result_json(struct vty *vty, const struct connection *connection, const struct verdict *verdict)
{
	json_object *object = json_object_new_object();

	json_object_string_add(object, "name", connection->name);
	json_object_string_add(object, "connectionState", connection_state_name(connection->state));
	json_object_string_add(object, "becoming", connection_state_name(connection_coming_state(connection)));
	json_object_boolean_add(object, "unchanged", verdict->unchanged);
	json_object_string_add(object, "message", verdict->message);
	return vty_json(vty, object);
}

/* `since`: the newest line of the journal before the verb. */
static int verb_result(struct vty *vty, int argc, struct cmd_token *argv[], const struct connection *connection,
		       const struct verdict *verdict, uint64_t since)
{
	if (!verdict->accepted)
		return command_refuse(vty, argc, argv, verdict);
	if (command_has(argc, argv, "json"))
		return answer_when_written(vty, since, true, verb_result_json(vty, connection, verdict));
	say_next(vty, connection, verdict);
	if (connection->pending.ticket)
		say_resets(vty, connection);
	return answer_when_written(vty, since, false, CMD_SUCCESS);
}

/* The verb is the word behind the name; `activate force` and `type-change start` have a second one. */
static enum lifecycle_event verb_of(int argc, struct cmd_token *argv[])
{
	char words[32];
	int at = 0;

	while (at + 1 < argc && !command_is_variable(argv[at], "name"))
		at++;
	if (command_has(argc, argv, "force") || command_has(argc, argv, "start")) {
		snprintf(words, sizeof(words), "%s %s", argv[at + 1]->text, argv[at + 2]->text);
		return lifecycle_event_from_name(words);
	}
	return lifecycle_event_from_name(argv[at + 1]->text);
}

/* The connection that a verb is about; NULL, and it is said, where there is none. */
static struct connection *find_for_verb(struct vty *vty, int argc, struct cmd_token *argv[])
{
	return command_module_works(vty) ? command_connection(vty, argc, argv) : NULL;
}

COMMAND_HANDLER(cmd_verb)
{
	struct connection *connection = find_for_verb(vty, argc, argv);
	struct verdict verdict;
	enum lifecycle_event event = verb_of(argc, argv);
	uint64_t since = durable_state_newest_line();
	char *reason;

	if (!connection)
		return CMD_WARNING;
	reason = last_words(argc, argv);
	if (event == EVENT_ACTIVATE_FORCE && !command_has(argc, argv, "json"))
		say_resets(vty, connection);
	if (transition(connection, event, "operator", reason, &verdict) && command_has(argc, argv, "now"))
		drain_end(connection, "the operator does not wait for it");
	XFREE(MTYPE_TMP, reason);
	return verb_result(vty, argc, argv, connection, &verdict, since);
}

COMMAND_HANDLER(cmd_type_change)
{
	enum connection_kind kind = connection_kind_from_name(argv[argc - (command_has(argc, argv, "json") ? 2 : 1)]->text);
	enum connection_kind before;
	struct connection *connection = find_for_verb(vty, argc, argv);
	uint64_t since = durable_state_newest_line();
	struct verdict verdict = {.code = ""};

	if (!connection)
		return CMD_WARNING;
	before = connection->wanted_kind;
	if (connection->pushed) {
		verdict_refuse(&verdict, "not-owned", "%s is declared by the controller, its kind too", connection->name);
	} else if (kind == connection->kind) {
		verdict_refuse(&verdict, "same-kind", "%s is of kind %s already", connection->name,
			       connection_kind_name(kind));
	} else {
		connection->wanted_kind = kind;
		if (!transition(connection, EVENT_TYPE_CHANGE, "operator", connection_kind_name(kind), &verdict))
			connection->wanted_kind = before;
		else if (verdict.unchanged)
			durable_state_connection(connection);
	}
	return verb_result(vty, argc, argv, connection, &verdict, since);
}

COMMAND_HANDLER(cmd_clear_overridden)
{
	uint64_t since = durable_state_newest_line();
	struct connection *connection;

	if (!command_module_works(vty))
		return CMD_WARNING;
	connection = command_connection(vty, argc, argv);
	if (!connection)
		return CMD_WARNING;
	transition_override_seen(connection);
	return answer_when_written(vty, since, false, CMD_SUCCESS);
}

COMMAND_HANDLER(cmd_link_test)
{
	struct connection *connection;
	struct verdict verdict;

	if (!command_module_works(vty))
		return CMD_WARNING;
	connection = command_connection(vty, argc, argv);
	if (!connection)
		return CMD_WARNING;
	if (link_test_begin(connection, &verdict))
		vty_out(vty, "%s\n", verdict.message);
	return command_result(vty, &verdict);
}

COMMAND_HANDLER(cmd_adopt_neighbor)
{
	uint64_t since = durable_state_newest_line();
	const char *name = command_variable(argc, argv, "name"), *vrf = command_variable(argc, argv, "vrf");
	const char *addresses[SESSIONS_MAX];
	size_t count = 0;
	struct verdict verdict;
	int first = 0;

	if (!command_module_works(vty))
		return CMD_WARNING;
	argv_find(argv, argc, "neighbor", &first);
	if (argc - first - 1 > SESSIONS_MAX) {
		vty_out(vty, "%% A connection has at most %d neighbors\n", SESSIONS_MAX);
		return CMD_WARNING;
	}
	for (int i = first + 1; i < argc; i++)
		addresses[count++] = argv[i]->arg;
	if (configuration_adopt(name, vrf ? vrf : VRF_DEFAULT_NAME, addresses, count, NULL, &verdict))
		vty_out(vty, "%s\n", verdict.message);
	return answer_when_written(vty, since, false, command_result(vty, &verdict));
}

static uint32_t seconds_of(int argc, struct cmd_token *argv[])
{
	const char *seconds = command_variable(argc, argv, "seconds");

	return seconds ? strtoul(seconds, NULL, 10) : 0;
}

COMMAND_HANDLER(cmd_maintenance)
{
	uint64_t since = durable_state_newest_line();
	struct connection *connection;
	struct verdict verdict;
	char *reason;

	if (!command_module_works(vty))
		return CMD_WARNING;
	connection = command_connection(vty, argc, argv);
	if (!connection)
		return CMD_WARNING;
	reason = last_words(argc, argv);
	if (drain_maintenance(connection, !command_has(argc, argv, "off"), seconds_of(argc, argv), "operator", reason,
			      &verdict))
		snprintf(verdict.message, sizeof(verdict.message), "%s: maintenance %s", connection->name,
			 command_has(argc, argv, "off") ? "off" : "on");
	XFREE(MTYPE_TMP, reason);
	return verb_result(vty, argc, argv, connection, &verdict, since);
}

COMMAND_HANDLER(cmd_maintenance_of_port)
{
	uint64_t since = durable_state_newest_line();
	struct verdict verdict;
	char *reason;

	if (!command_module_works(vty))
		return CMD_WARNING;
	reason = last_words(argc, argv);
	if (drain_maintenance_of_port(command_variable(argc, argv, "interface"), !command_has(argc, argv, "off"),
				      seconds_of(argc, argv), "operator", reason, &verdict))
		vty_out(vty, "%s\n", verdict.message);
	XFREE(MTYPE_TMP, reason);
	return answer_when_written(vty, since, false, command_result(vty, &verdict));
}

COMMAND_HANDLER(cmd_bypass)
{
	uint64_t since = durable_state_newest_line();
	const char *name = command_variable(argc, argv, "name");
	struct connection *connection = NULL;
	char *reason;

	if (!command_module_works(vty))
		return CMD_WARNING;
	if (name && !(connection = command_connection(vty, argc, argv)))
		return CMD_WARNING;
	reason = last_words(argc, argv);
	if (connection)
		say_resets(vty, connection);
	bypass_begin(connection, "operator", reason);
	XFREE(MTYPE_TMP, reason);
	vty_out(vty, "%s: open until `no peering bypass %s`\n", name ? name : "Every session", name ? name : "all");
	return answer_when_written(vty, since, false, CMD_SUCCESS);
}

COMMAND_HANDLER(cmd_no_bypass)
{
	uint64_t since = durable_state_newest_line();
	const char *name = command_variable(argc, argv, "name");
	struct connection *connection = NULL;

	if (!command_module_works(vty))
		return CMD_WARNING;
	if (name && !(connection = command_connection(vty, argc, argv)))
		return CMD_WARNING;
	bypass_end(connection);
	return answer_when_written(vty, since, false, CMD_SUCCESS);
}

COMMAND_HANDLER(cmd_clear_violation)
{
	struct connection *connection;

	if (!command_module_works(vty))
		return CMD_WARNING;
	connection = command_connection(vty, argc, argv);
	if (!connection)
		return CMD_WARNING;
	audit_forgive(connection);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_clear_drift)
{
	struct connection *connection;
	struct verdict verdict;

	if (!command_module_works(vty))
		return CMD_WARNING;
	connection = command_connection(vty, argc, argv);
	if (!connection)
		return CMD_WARNING;
	if (drift_accept(connection, &verdict) && verdict.message[0])
		vty_out(vty, "%s\n", verdict.message);
	return command_result(vty, &verdict);
}

COMMAND_HANDLER(cmd_clear_gate)
{
	uint64_t since = durable_state_newest_line();
	struct connection *connection;
	struct verdict verdict;
	char *reason;

	if (!command_module_works(vty))
		return CMD_WARNING;
	connection = command_connection(vty, argc, argv);
	if (!connection)
		return CMD_WARNING;
	reason = last_words(argc, argv);
	if (transition_release(connection, "operator", reason, &verdict))
		vty_out(vty, "%s\n", verdict.message);
	XFREE(MTYPE_TMP, reason);
	return answer_when_written(vty, since, false, command_result(vty, &verdict));
}

static void say(const char *line, void *context)
{
	vty_out(context, "%s\n", line);
}

COMMAND_HANDLER(cmd_adopt_all)
{
	bool dry_run = command_has(argc, argv, "dry-run");
	unsigned int count;
	char error[256];

	if (!command_module_works(vty))
		return CMD_WARNING;
	if (!dry_run && !durable_state_writable(error, sizeof(error))) {
		vty_out(vty, "%% %s\n", error);
		return CMD_WARNING;
	}
	count = dry_run ? default_deny_would_adopt(NULL, say, vty) : default_deny_adopt_all(NULL, say, vty);
	if (count == 0)
		vty_out(vty, "Nothing to adopt: every external neighbor belongs to a connection already\n");
	else if (dry_run)
		vty_out(vty, "%u would be adopted; nothing has been changed\n", count);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_state_file)
{
	const char *path = command_variable(argc, argv, "path");
	bool importing = command_has(argc, argv, "import");
	struct verdict verdict;

	if (!command_module_works(vty))
		return CMD_WARNING;
	if (importing ? state_file_import(path, &verdict) : state_file_export(path, &verdict))
		vty_out(vty, "%s is being %s; `show peering state-file` says when that is done\n", path,
			importing ? "read" : "written");
	return command_result(vty, &verdict);
}

COMMAND_HANDLER(cmd_new_journal_id)
{
	uint64_t since = durable_state_newest_line();
	struct verdict verdict = {.accepted = true, .code = ""};

	if (!command_module_works(vty))
		return CMD_WARNING;
	if (!durable_state_renew_id(verdict.message, sizeof(verdict.message))) {
		verdict.accepted = false;
		verdict.code = "journal";
	} else {
		vty_out(vty, "The journal gets a new id; what the controller has not acknowledged is reported under it\n");
	}
	return answer_when_written(vty, since, false, command_result(vty, &verdict));
}
