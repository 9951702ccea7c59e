// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/commands/commands.h"

#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/journal/kept_lines.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

typedef COMMAND_HANDLER((*command_handler));

#include "lib/json.h"
#include "lib/linklist.h"

#include "vtysh/own_variables.h"

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

/* ---- what completes them ---- */

static void add_completion(vector completions, const char *text)
{
	vector_set(completions, XSTRDUP(MTYPE_COMPLETION, text));
}

static void complete_name(vector completions, struct cmd_token *token)
{
	const struct connection *connection;

	frr_each (connection_tree_const, &connections, connection)
		add_completion(completions, connection->name);
}

static void complete_state(vector completions, struct cmd_token *token)
{
	for (int state = 0; state < STATE_COUNT; state++)
		add_completion(completions, connection_state_name(state));
}

static void add_profile(const struct profile *profile, void *context)
{
	add_completion(context, profile->name);
}

static void complete_profile(vector completions, struct cmd_token *token)
{
	const struct listnode *node;
	const struct bgp *bgp;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, node, bgp))
		profile_each(bgp_vrf_name(bgp), add_profile, completions);
}

static const struct cmd_variable_handler completions[] = {
	{.tokenname = "WORD", .varname = OWN_VARIABLE_PREFIX "name", .completions = complete_name},
	{.tokenname = "WORD", .varname = OWN_VARIABLE_PREFIX "state", .completions = complete_state},
	{.tokenname = "WORD", .varname = OWN_VARIABLE_PREFIX "profile", .completions = complete_profile},
	{.completions = NULL},
};

void commands_init(void)
{
	cmd_variable_handler_register(completions);
	for (size_t i = 0; i < array_size(commands); i++) {
		commands[i].element.string = own_variables(commands[i].element.string);
		_install_element(commands[i].node, &commands[i].element);
	}
}

/* ---- what was typed ---- */


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

static json_object *allowed_json(const char *allowed)
{
	json_object *array = json_object_new_array();
	char *copy = XSTRDUP(MTYPE_TMP, allowed), *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		word += strspn(word, " ");
		if (*word && strcmp(word, "none") != 0)
			json_object_array_add(array, json_object_new_string(word));
	}
	XFREE(MTYPE_TMP, copy);
	return array;
}

int command_refuse(struct vty *vty, int argc, struct cmd_token *argv[], const struct verdict *verdict)
{
	json_object *object, *error;

	if (!command_has(argc, argv, "json"))
		return command_result(vty, verdict);
	object = json_object_new_object();
	error = json_object_new_object();
	json_object_string_add(error, "code", verdict->code);
	json_object_string_add(error, "message", verdict->message);
	json_object_object_add(error, "allowed", allowed_json(verdict->allowed));
	json_object_object_add(object, "error", error);
	vty_json(vty, object);
	return CMD_WARNING;
}

struct connection *command_connection(struct vty *vty, int argc, struct cmd_token *argv[])
{
	const char *name = command_variable(argc, argv, "name");
	struct connection *connection = connection_find(name), *near = NULL;
	struct verdict verdict = {.code = ""};

	if (connection)
		return connection;
	frr_each (connection_tree, &connections, connection)
		if (!near && strcasecmp(connection->name, name) == 0)
			near = connection;
	if (near)
		verdict_refuse(&verdict, "no-such-connection", "there is no connection '%s'; did you mean %s?", name, near->name);
	else if (connection_tree_count(&connections))
		verdict_refuse(&verdict, "no-such-connection", "there is no connection '%s'; `show peering` lists them", name);
	else
		verdict_refuse(&verdict, "no-such-connection",
			       "there is no connection '%s'; declare one under `router bgp` with `peering NAME neighbor ADDRESS`",
			       name);
	command_refuse(vty, argc, argv, &verdict);
	return NULL;
}

const char *command_argument(int argc, struct cmd_token *argv[], const char *keyword)
{
	for (int i = 0; i + 1 < argc; i++)
		if (argv[i]->type == WORD_TKN && strcmp(argv[i]->text, keyword) == 0)
			return argv[i + 1]->arg;
	return NULL;
}

bool command_is_variable(const struct cmd_token *token, const char *variable)
{
	size_t size = strlen(OWN_VARIABLE_PREFIX);
	const char *name = token->varname;

	if (name && strncmp(name, OWN_VARIABLE_PREFIX, size) == 0)
		name += size;
	return name && strcmp(name, variable) == 0;
}

const char *command_variable(int argc, struct cmd_token *argv[], const char *variable)
{
	for (int i = 0; i < argc; i++)
		if (command_is_variable(argv[i], variable))
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
