// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/commands.h"

#include "bgpd-peering/kept_lines.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/transition.h"
#include "bgpd-peering/turn.h"

typedef COMMAND_HANDLER((*command_handler));

struct command {
	enum node_type node;
	command_handler handler;
	struct cmd_element element;
};

static COMMAND_HANDLER(run)
{
	const struct command *command = container_of(self, const struct command, element);
	TURN(command->node == VIEW_NODE ? TURN_SHOW : TURN_COMMAND);

	return command->handler(self, vty, argc, argv);
}

/* Made by hand, not by DEFUN: the strings come from the one list that vtysh's extension uses too. */
static struct command commands[] = {
#define PEERING_COMMAND(node_type, function, command_string, command_help)                                             \
	{node_type, function, {.string = command_string, .doc = command_help, .func = run, .name = #function}},
#include "vtysh/commands.def"
#undef PEERING_COMMAND
};

void commands_init(void)
{
	for (size_t i = 0; i < array_size(commands); i++)
		_install_element(commands[i].node, &commands[i].element);
}

void commands_init_inert(void)
{
	kept_lines_init();
	for (size_t i = 0; i < array_size(commands); i++)
		if (commands[i].node == BGP_NODE)
			commands[i].handler = kept_lines_command;
	commands_init();
}

bool command_module_works(struct vty *vty)
{
	if (router_works())
		return true;
	vty_out(vty, "%% The peering module is inert in this bgpd; %s\n", router_inert_reason());
	return false;
}

int command_result(struct vty *vty, const struct verdict *verdict)
{
	if (verdict->accepted)
		return CMD_SUCCESS;
	vty_out(vty, "%% %c%s\n", toupper((unsigned char)verdict->message[0]), verdict->message + 1);
	return vty->config ? CMD_WARNING_CONFIG_FAILED : CMD_WARNING;
}

const char *command_argument(int argc, struct cmd_token *argv[], const char *keyword)
{
	for (int i = 0; i + 1 < argc; i++)
		if (argv[i]->type == WORD_TKN && strcmp(argv[i]->text, keyword) == 0)
			return argv[i + 1]->arg;
	return NULL;
}

const char *command_variable(int argc, struct cmd_token *argv[], const char *variable)
{
	for (int i = 0; i < argc; i++)
		if (argv[i]->varname && strcmp(argv[i]->varname, variable) == 0)
			return argv[i]->arg;
	return NULL;
}

bool command_has(int argc, struct cmd_token *argv[], const char *keyword)
{
	for (int i = 0; i < argc; i++)
		if (argv[i]->type == WORD_TKN && strcmp(argv[i]->text, keyword) == 0)
			return true;
	return false;
}
