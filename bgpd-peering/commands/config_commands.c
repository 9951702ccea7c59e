// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/commands/config_commands.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/router.h"

#include "lib/utf8.h"

/* ---- for every line ---- */

const char *config_vrf(struct vty *vty)
{
	struct bgp *bgp;

	if (!router_works())
		return NULL;
	bgp = VTY_GET_CONTEXT(bgp);
	return bgp ? bgp_vrf_name(bgp) : NULL;
}

struct connection *config_declare(struct vty *vty, int argc, struct cmd_token *argv[])
{
	const char *vrf = config_vrf(vty);
	struct connection *connection;
	struct verdict verdict = {.code = ""};

	if (!command_module_works(vty) || !vrf)
		return NULL;
	connection = configuration_connection(command_variable(argc, argv, "name"), vrf, &verdict);
	if (!connection)
		command_result(vty, &verdict);
	else if (router_reading_file(vty))
		configuration_line_read(connection);
	return connection;
}

struct connection *config_existing(struct vty *vty, int argc, struct cmd_token *argv[])
{
	const char *vrf = config_vrf(vty);
	struct connection *connection;

	if (!command_module_works(vty) || !vrf)
		return NULL;
	connection = connection_find(command_variable(argc, argv, "name"));
	return connection && strcmp(connection->vrf, vrf) == 0 ? connection : NULL;
}

int config_changed(struct vty *vty, struct connection *connection)
{
	configuration_changed(connection, router_reading_file(vty), "operator");
	return CMD_SUCCESS;
}

int config_removed(struct vty *vty, struct connection *connection)
{
	bool any = connection->kind != KIND_DIRECT || connection->activation_set || connection->remote_as ||
		   connection->description[0] || connection->received_limit[FAMILY_IPV4] ||
		   connection->received_limit[FAMILY_IPV6] || connection->profile[0] || connection->adopted_line ||
		   connection->on_violation_deny || connection->reopen_auto || connection->reopen_hold_down;
	const struct session *session;

	for (int family = 0; family < FAMILY_COUNT; family++)
		any |= connection->allowed_prefixes[family][0] != '\0';
	for (int timer = 0; timer < TIMER_COUNT; timer++)
		any |= connection->timers[timer] != 0;
	for (size_t i = 0; i < check_count; i++)
		any |= connection->check_levels[i] != CHECK_LEVEL_DEFAULT;
	any |= connection->link_test.port[0] || connection->link_test.level != LINK_TEST_OPTIONAL ||
	       connection->link_test.interval || connection->link_test.prefix_length;

	frr_each (session_list_const, &connection->sessions, session)
		any |= session->declared;
	config_changed(vty, connection);
	connection->declared = any;
	return CMD_SUCCESS;
}

bool config_keyword_is_whole(struct vty *vty, const struct cmd_token *keyword)
{
	if (strcmp(keyword->arg, keyword->text) == 0)
		return true;
	vty_out(vty, "%% Nothing was changed: write `%s` in full, or give the connection another name than `%s`\n",
		keyword->text, keyword->arg);
	return false;
}

int config_check_of(int argc, struct cmd_token *argv[])
{
	int at = 0;

	return argv_find(argv, argc, "check", &at) ? check_find(argv[at + 1]->text) : -1;
}

/* ---- neighbors ---- */

/* It may come later; and it may be that another instance was meant. */
static void say_other_instance(struct vty *vty, const struct connection *connection, const char *text)
{
	struct listnode *node;
	union sockunion su;
	struct bgp *bgp;

	if (str2sockunion(text, &su) != 0 || bgp_of_vrf(connection->vrf) == NULL ||
	    peer_find(bgp_of_vrf(connection->vrf), &su))
		return;
	for (ALL_LIST_ELEMENTS_RO(bm->bgp, node, bgp))
		if (peer_find(bgp, &su))
			vty_out(vty,
				"There is no neighbor %s in vrf %s yet, but one in vrf %s: where that is meant, `no peering %s neighbor %s` here and declare it there\n",
				text, connection->vrf, bgp_vrf_name(bgp), connection->name, text);
}

COMMAND_HANDLER(cmd_neighbor)
{
	struct connection *connection = config_declare(vty, argc, argv);
	const char *address = command_argument(argc, argv, "neighbor");
	struct verdict verdict;

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	if (!configuration_add_neighbor(connection, address, command_has(argc, argv, "optional"),
					router_reading_file(vty), &verdict)) {
		/* A connection that this line would have begun is not left half made. */
		if (!connection->declared && connection->state == STATE_NONE && !connection->state_since &&
		    session_list_count(&connection->sessions) == 0)
			connection_delete(connection);
		return command_result(vty, &verdict);
	}
	config_changed(vty, connection);
	if (!router_reading_file(vty))
		say_other_instance(vty, connection, address);
	if (lifecycle_gate(connection_coming_state(connection)) != GATE_DENY) {
		char normal[SESSION_ADDRESS_MAX];
		const struct session *session;

		session_normalize(address, normal);
		session = session_find(connection->vrf, normal);
		if (session && session->held)
			vty_out(vty,
				"%s is %s: %s is gated and validated by itself; the other sessions are not touched\n",
				connection->name, connection_state_name(connection->state), normal);
	}
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_neighbor)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	configuration_remove_neighbor(connection, command_argument(argc, argv, "neighbor"));
	return config_removed(vty, connection);
}

/* ---- settings ---- */

COMMAND_HANDLER(cmd_kind)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->kind = connection_kind_from_name(argv[argc - 1]->text);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_kind)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->kind = KIND_DIRECT;
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_remote_as)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->remote_as = strtoul(argv[argc - 1]->arg, NULL, 10);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_remote_as)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->remote_as = 0;
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_description)
{
	int index = 0;
	char *text;
	bool fits, clean;
	struct connection *connection;

	argv_find(argv, argc, "LINE", &index);
	text = argv_concat(argv, argc, index);
	/* An older version took it: at a start the line goes on. */
	if (router.booting)
		utf8_clean(text);
	fits = strlen(text) < DESCRIPTION_MAX;
	clean = utf8_is_clean(text);
	if (!clean)
		vty_out(vty, "%% The description has a control character or is not UTF-8; remove it\n");
	else if (!fits)
		vty_out(vty, "%% The description is too long: %zu characters, at most %d\n", strlen(text),
			DESCRIPTION_MAX - 1);
	connection = fits && clean ? config_declare(vty, argc, argv) : NULL;
	if (connection)
		strlcpy(connection->description, text, sizeof(connection->description));
	XFREE(MTYPE_TMP, text);
	return connection ? config_changed(vty, connection) : CMD_WARNING_CONFIG_FAILED;
}

COMMAND_HANDLER(cmd_no_description)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->description[0] = '\0';
	return config_removed(vty, connection);
}

static enum counted_family family_of(int argc, struct cmd_token *argv[])
{
	return command_has(argc, argv, "ipv4") ? FAMILY_IPV4 : FAMILY_IPV6;
}

COMMAND_HANDLER(cmd_received_limit)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->received_limit[family_of(argc, argv)] = strtoul(argv[argc - 1]->arg, NULL, 10);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_received_limit)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->received_limit[family_of(argc, argv)] = 0;
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_activation)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->activation = activation_mode_from_name(argv[argc - 1]->text);
	connection->activation_set = true;
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_activation)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->activation_set = false;
	return config_removed(vty, connection);
}

/* "validation-window …", or "timers WHICH …". */
static enum connection_timer timer_of(int argc, struct cmd_token *argv[])
{
	int at = 0;

	return argv_find(argv, argc, "timers", &at) ? timer_from_name(argv[at + 1]->text) : TIMER_WINDOW;
}

COMMAND_HANDLER(cmd_timer)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->timers[timer_of(argc, argv)] = strtoul(argv[argc - 1]->arg, NULL, 10);
	timers_look_again(connection);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_timer)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->timers[timer_of(argc, argv)] = 0;
	timers_look_again(connection);
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_timer_default)
{
	const char *vrf = config_vrf(vty);

	if (!command_module_works(vty) || !vrf)
		return CMD_WARNING_CONFIG_FAILED;
	router.lines_read |= router_reading_file(vty);
	timers_set_default(vrf, timer_of(argc, argv), strtoul(argv[argc - 1]->arg, NULL, 10));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_timer_default)
{
	const char *vrf = config_vrf(vty);

	if (command_module_works(vty) && vrf)
		timers_set_default(vrf, timer_of(argc, argv), 0);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_allowed_prefixes)
{
	const char *list = argv[argc - 1]->arg;
	bool fits = strlen(list) < PREFIX_LIST_NAME_MAX;
	struct connection *connection = fits ? config_declare(vty, argc, argv) : NULL;

	if (!fits)
		vty_out(vty, "%% The name of the prefix-list is too long: %zu characters, at most %d\n", strlen(list),
			PREFIX_LIST_NAME_MAX - 1);
	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	strlcpy(connection->allowed_prefixes[family_of(argc, argv)], list, PREFIX_LIST_NAME_MAX);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_allowed_prefixes)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->allowed_prefixes[family_of(argc, argv)][0] = '\0';
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_check)
{
	int check = config_check_of(argc, argv);
	struct connection *connection = check >= 0 ? config_declare(vty, argc, argv) : NULL;

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->check_levels[check] = check_level_from_name(argv[argc - 1]->text);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_check)
{
	int check = config_check_of(argc, argv);
	struct connection *connection = check >= 0 ? config_existing(vty, argc, argv) : NULL;

	if (!connection)
		return CMD_SUCCESS;
	connection->check_levels[check] = CHECK_LEVEL_DEFAULT;
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_adopted)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->adopted_line = true;
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_adopted)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->adopted_line = false;
	return config_removed(vty, connection);
}
