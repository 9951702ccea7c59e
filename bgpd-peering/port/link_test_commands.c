// SPDX-License-Identifier: GPL-2.0-or-later
/* The link test of a connection. */
#include "bgpd-peering/commands/config_commands.h"

#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/router.h"

COMMAND_HANDLER(cmd_port)
{
	const char *port = argv[argc - 1]->arg;
	bool fits = strlen(port) < INTERFACE_NAME_MAX;
	struct connection *connection = fits ? config_declare(vty, argc, argv) : NULL;

	if (!fits)
		vty_out(vty, "%% The name of an interface has at most %d characters\n", INTERFACE_NAME_MAX - 1);
	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	if (strcmp(connection->link_test.port, port) != 0) {
		strlcpy(connection->link_test.port, port, sizeof(connection->link_test.port));
		link_test_void(connection);
	}
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_port)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	if (connection->link_test.port[0]) {
		connection->link_test.port[0] = '\0';
		link_test_void(connection);
	}
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_link_test_level)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->link_test.level = link_test_level_from_name(argv[argc - 1]->text);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_link_test_level)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->link_test.level = LINK_TEST_OPTIONAL;
	return config_removed(vty, connection);
}

static void set_link_test_addresses(struct connection *connection, struct in_addr address, uint8_t prefix_length,
				    struct in_addr peer)
{
	struct link_test_settings *settings = &connection->link_test;

	if (settings->prefix_length == prefix_length && settings->address.s_addr == address.s_addr &&
	    settings->peer_address.s_addr == peer.s_addr)
		return;
	settings->address = address;
	settings->prefix_length = prefix_length;
	settings->peer_address = peer;
	link_test_void(connection);
}

COMMAND_HANDLER(cmd_link_test_address)
{
	struct connection *connection;
	struct prefix_ipv4 address;
	struct in_addr peer;
	char error[128];

	/* As it is: str2prefix_ipv4() keeps the bits of the host. */
	if (!str2prefix_ipv4(command_argument(argc, argv, "address"), &address) ||
	    inet_pton(AF_INET, argv[argc - 1]->arg, &peer) != 1) {
		vty_out(vty, "%% '%s' or '%s' is no address\n", command_argument(argc, argv, "address"), argv[argc - 1]->arg);
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (!link_test_address_fits(&address, &peer, error, sizeof(error))) {
		vty_out(vty, "%% %c%s\n", toupper((unsigned char)error[0]), error + 1);
		return CMD_WARNING_CONFIG_FAILED;
	}
	connection = config_declare(vty, argc, argv);
	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	set_link_test_addresses(connection, address.prefix, address.prefixlen, peer);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_link_test_address)
{
	struct connection *connection = config_existing(vty, argc, argv);
	const struct in_addr none = {0};

	if (!connection)
		return CMD_SUCCESS;
	set_link_test_addresses(connection, none, 0, none);
	return config_removed(vty, connection);
}

COMMAND_HANDLER(cmd_link_test_timer)
{
	struct connection *connection = config_declare(vty, argc, argv);

	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	connection->link_test.interval = strtoul(argv[argc - 1]->arg, NULL, 10);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_link_test_timer)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->link_test.interval = 0;
	return config_removed(vty, connection);
}
