// SPDX-License-Identifier: GPL-2.0-or-later
/* What a check that fails in service does, and who opens again. */
#include "bgpd-peering/commands/config_commands.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/connection/connection.h"

/* What fails just now would close at once. */
static void say_failing(struct vty *vty, const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (connection->state == STATE_ACTIVE && session->fault.check)
			vty_out(vty,
				"%s fails now, %s: its gate closes; `no peering %s on-violation` if that is not meant\n",
				session->address, session->fault.check->name, connection->name);
}

COMMAND_HANDLER(cmd_on_violation)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->on_violation_deny = command_has(argc, argv, "deny");
	if (connection->on_violation_deny)
		say_failing(vty, connection);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_on_violation)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->on_violation_deny = false;
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_reopen_mode)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->reopen_auto = command_has(argc, argv, "auto");
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_reopen_mode)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->reopen_auto = false;
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_reopen_hold_down)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->reopen_hold_down = strtoul(argv[argc - 1]->arg, NULL, 10);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_reopen_hold_down)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->reopen_hold_down = 0;
	return config_removed(vty, connection);
}
