// SPDX-License-Identifier: GPL-2.0-or-later
/* Verbs: what moves a connection through its lifecycle. */
#include "bgpd-peering/commands.h"

#include "bgpd-peering/configuration.h"
#include "bgpd-peering/durable_state.h"
#include "bgpd-peering/validation.h"

static struct connection *find(struct vty *vty, const char *name)
{
	struct connection *connection, *near = NULL;

	connection = connection_find(name);
	if (connection)
		return connection;
	vty_out(vty, "%% There is no connection '%s'", name);
	frr_each (connection_tree, &connections, connection)
		if (!near && strcasecmp(connection->name, name) == 0)
			near = connection;
	if (near)
		vty_out(vty, "; did you mean %s?\n", near->name);
	else if (connection_tree_count(&connections))
		vty_out(vty, "; `show peering` lists them\n");
	else
		vty_out(vty, "; declare one under `router bgp` with `peering NAME neighbor ADDRESS`\n");
	return NULL;
}

static void say_next(struct vty *vty, const struct connection *connection, const struct verdict *verdict)
{
	char waiting[256];

	validation_waiting_for(connection, waiting, sizeof(waiting));
	vty_out(vty, "%s%s%s\n", verdict->message, !connection->pending.ticket && waiting[0] ? ", waits for: " : "",
		connection->pending.ticket ? "" : waiting);
}

COMMAND_HANDLER(cmd_verb)
{
	struct connection *connection;
	struct verdict verdict;

	if (!command_module_works(vty))
		return CMD_WARNING;
	connection = find(vty, command_variable(argc, argv, "name"));
	if (!connection)
		return CMD_WARNING;
	if (transition(connection, lifecycle_event_from_name(argv[argc - 1]->text), "operator", NULL, &verdict))
		say_next(vty, connection, &verdict);
	return command_result(vty, &verdict);
}

COMMAND_HANDLER(cmd_adopt_neighbor)
{
	const char *name = command_variable(argc, argv, "name");
	const char *addresses[SESSIONS_MAX];
	size_t count = 0;
	struct verdict verdict;
	int first = 0;

	if (!command_module_works(vty))
		return CMD_WARNING;
	argv_find(argv, argc, "neighbor", &first);
	for (int i = first + 1; i < argc && count < SESSIONS_MAX; i++)
		addresses[count++] = argv[i]->arg;
	if (configuration_adopt(name, VRF_DEFAULT_NAME, addresses, count, &verdict))
		vty_out(vty, "%s\n", verdict.message);
	return command_result(vty, &verdict);
}

COMMAND_HANDLER(cmd_new_journal_id)
{
	struct verdict verdict = {.accepted = true, .code = ""};

	if (!command_module_works(vty))
		return CMD_WARNING;
	if (!durable_state_renew_id(verdict.message, sizeof(verdict.message))) {
		verdict.accepted = false;
		verdict.code = "journal";
	} else {
		vty_out(vty, "The journal gets a new id; what the controller has not acknowledged is reported under it\n");
	}
	return command_result(vty, &verdict);
}
