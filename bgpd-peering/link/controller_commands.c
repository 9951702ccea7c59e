// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the controller is. */
#include "bgpd-peering/commands/config_commands.h"

#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/router.h"

COMMAND_HANDLER(cmd_controller)
{
	const char *host = command_variable(argc, argv, "host"), *vrf = command_argument(argc, argv, "vrf"),
		   *source = command_argument(argc, argv, "source"), *number = command_argument(argc, argv, "port"),
		   *priority = command_argument(argc, argv, "priority");
	struct controller_line line = {
		.port = number ? (uint16_t)strtoul(number, NULL, 10) : CONTROLLER_PORT,
		.priority = priority ? (uint8_t)strtoul(priority, NULL, 10) : CONTROLLER_PRIORITY,
	};

	if (!command_module_works(vty) || !config_keyword_is_whole(vty, argv[1]))
		return CMD_WARNING_CONFIG_FAILED;
	if (strlcpy(line.host, host, sizeof(line.host)) >= sizeof(line.host) ||
	    (source && strlcpy(line.source, source, sizeof(line.source)) >= sizeof(line.source)) ||
	    /* The name of a network namespace is one of a file. */
	    (vrf && (strlcpy(line.vrf, vrf, sizeof(line.vrf)) >= sizeof(line.vrf) || strchr(vrf, '/')))) {
		vty_out(vty, "%% peering: the name of the controller, its VRF or its source is none\n");
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (strcmp(line.vrf, VRF_DEFAULT_NAME) == 0)
		line.vrf[0] = '\0';
	router.lines_read |= router_reading_file(vty);
	if (controller_link_add(&line))
		return CMD_SUCCESS;
	vty_out(vty, "%% peering: there are %d controllers; take one out first: no peering controller HOST\n", CONTROLLERS_MAX);
	return CMD_WARNING_CONFIG_FAILED;
}

COMMAND_HANDLER(cmd_no_controller)
{
	const char *number = command_argument(argc, argv, "port"), *vrf = command_argument(argc, argv, "vrf");

	if (vrf && strcmp(vrf, VRF_DEFAULT_NAME) == 0)
		vrf = "";
	if (command_module_works(vty) && config_keyword_is_whole(vty, argv[2]))
		controller_link_remove(command_variable(argc, argv, "host"),
				       number ? (uint16_t)strtoul(number, NULL, 10) : 0, vrf);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_router_name)
{
	if (!command_module_works(vty) || !config_keyword_is_whole(vty, argv[1]))
		return CMD_WARNING_CONFIG_FAILED;
	router.lines_read |= router_reading_file(vty);
	controller_link_set_router_name(command_variable(argc, argv, "router"));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_router_name)
{
	if (command_module_works(vty) && config_keyword_is_whole(vty, argv[2]))
		controller_link_set_router_name(NULL);
	return CMD_SUCCESS;
}
