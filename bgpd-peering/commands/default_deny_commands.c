// SPDX-License-Identifier: GPL-2.0-or-later
/* `peering default-deny` and what it excepts. */
#include "bgpd-peering/commands/config_commands.h"

#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/router.h"

static void say(const char *line, void *context)
{
	vty_out(context, "%s\n", line);
}

COMMAND_HANDLER(cmd_default_deny)
{
	const char *vrf = config_vrf(vty);
	struct verdict verdict;

	if (!command_module_works(vty) || !vrf)
		return CMD_WARNING_CONFIG_FAILED;
	default_deny_set_mode(vrf, command_has(argc, argv, "monitor") ? DEFAULT_DENY_MONITOR : DEFAULT_DENY_ON,
			      router_reading_file(vty), say, vty, &verdict);
	return command_result(vty, &verdict);
}

COMMAND_HANDLER(cmd_no_default_deny)
{
	const char *vrf = config_vrf(vty);
	struct verdict verdict;

	if (command_module_works(vty) && vrf)
		default_deny_set_mode(vrf, DEFAULT_DENY_OFF, router_reading_file(vty), NULL, NULL, &verdict);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_default_deny_confederation)
{
	const char *vrf = config_vrf(vty);

	if (!command_module_works(vty) || !vrf)
		return CMD_WARNING_CONFIG_FAILED;
	default_deny_set_confederation(vrf, true, router_reading_file(vty), say, vty);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_default_deny_confederation)
{
	const char *vrf = config_vrf(vty);

	if (command_module_works(vty) && vrf)
		default_deny_set_confederation(vrf, false, router_reading_file(vty), NULL, NULL);
	return CMD_SUCCESS;
}

/* The exception as default_deny.h has it: the last two words of the line. */
static void exception_words(int argc, struct cmd_token *argv[], char words[SESSION_ADDRESS_MAX + 32])
{
	snprintf(words, SESSION_ADDRESS_MAX + 32, "%s %s", argv[argc - 2]->text, argv[argc - 1]->arg);
}

COMMAND_HANDLER(cmd_default_deny_except)
{
	const char *vrf = config_vrf(vty);
	char words[SESSION_ADDRESS_MAX + 32];
	struct verdict verdict;

	if (!command_module_works(vty) || !vrf || !config_keyword_is_whole(vty, argv[argc - 3]))
		return CMD_WARNING_CONFIG_FAILED;
	exception_words(argc, argv, words);
	default_deny_add_exception(vrf, words, router_reading_file(vty), &verdict);
	return command_result(vty, &verdict);
}

COMMAND_HANDLER(cmd_no_default_deny_except)
{
	const char *vrf = config_vrf(vty);
	char words[SESSION_ADDRESS_MAX + 32];

	if (!command_module_works(vty) || !vrf)
		return CMD_SUCCESS;
	exception_words(argc, argv, words);
	default_deny_remove_exception(vrf, words, router_reading_file(vty));
	return CMD_SUCCESS;
}
