// SPDX-License-Identifier: GPL-2.0-or-later
/* The two commands that answer in a bgpd where the module is inert, too. */
#include "bgpd-peering/commands/commands.h"

#include "bgpd-peering/journal/crash_guard.h"
#include "bgpd-peering/router.h"

/* Read by vtysh/bgpd_question.c. */
COMMAND_HANDLER(cmd_show_guard)
{
	vty_out(vty, "%s\nstate-dir %s\n", router_works() ? "enforcing" : "inert", router.state_directory);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_clear_crashes)
{
	size_t count = crash_guard_clear();

	if (!count)
		vty_out(vty, "bgpd has not crashed with the module in the last minutes\n");
	else if (router.crashed)
		vty_out(vty, "%zu crashes are forgotten; restart bgpd, and the module works again\n", count);
	else
		vty_out(vty, "%zu crashes are forgotten\n", count);
	return CMD_SUCCESS;
}
