// SPDX-License-Identifier: GPL-2.0-or-later
/* Profiles, and the connections that go by one. */
#include "bgpd-peering/commands/config_commands.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/router.h"

COMMAND_HANDLER(cmd_use_profile)
{
	const char *name = argv[argc - 1]->arg, *error = profile_name_error(name);
	struct connection *connection = error ? NULL : config_declare(vty, argc, argv);

	if (error)
		vty_out(vty, "%% '%s': %s\n", name, error);
	if (!connection)
		return CMD_WARNING_CONFIG_FAILED;
	strlcpy(connection->profile, name, sizeof(connection->profile));
	if (!profile_of(connection) && !router_reading_file(vty))
		vty_out(vty, "There is no profile %s yet: until there is, %s does not pass its validation\n", name,
			connection->name);
	return config_changed(vty, connection);
}

COMMAND_HANDLER(cmd_no_use_profile)
{
	struct connection *connection = config_existing(vty, argc, argv);

	if (!connection)
		return CMD_SUCCESS;
	connection->profile[0] = '\0';
	return config_removed(vty, connection);
}

/* The profile that the line is about; of a `no` line NULL where there is none. */
static struct profile *profile_of_line(struct vty *vty, int argc, struct cmd_token *argv[], bool make)
{
	const char *name = command_variable(argc, argv, "profile"), *vrf = config_vrf(vty), *error;
	struct profile *profile;

	if (!command_module_works(vty) || !vrf)
		return NULL;
	error = profile_name_error(name);
	if (error && make)
		vty_out(vty, "%% '%s': %s\n", name, error);
	if (error)
		return NULL;
	profile = make ? profile_make(vrf, name) : profile_find(vrf, name);
	if (profile && router_reading_file(vty))
		configuration_line_read(NULL);
	if (profile)
		profile_line(profile, router_reading_file(vty));
	return profile;
}

COMMAND_HANDLER(cmd_profile_check)
{
	int check = config_check_of(argc, argv);
	struct profile *profile = check >= 0 ? profile_of_line(vty, argc, argv, true) : NULL;

	if (!profile)
		return CMD_WARNING_CONFIG_FAILED;
	profile->check_levels[check] = check_level_from_name(argv[argc - 1]->text);
	profile_changed(profile, router_reading_file(vty));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_profile_check)
{
	int check = config_check_of(argc, argv);
	struct profile *profile = check >= 0 ? profile_of_line(vty, argc, argv, false) : NULL;

	if (!profile)
		return CMD_SUCCESS;
	profile->check_levels[check] = CHECK_LEVEL_DEFAULT;
	profile_changed(profile, router_reading_file(vty));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_profile_window)
{
	struct profile *profile = profile_of_line(vty, argc, argv, true);

	if (!profile)
		return CMD_WARNING_CONFIG_FAILED;
	profile->validation_window = strtoul(argv[argc - 1]->arg, NULL, 10);
	profile_changed(profile, router_reading_file(vty));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_no_profile_window)
{
	struct profile *profile = profile_of_line(vty, argc, argv, false);

	if (!profile)
		return CMD_SUCCESS;
	profile->validation_window = 0;
	profile_changed(profile, router_reading_file(vty));
	return CMD_SUCCESS;
}
