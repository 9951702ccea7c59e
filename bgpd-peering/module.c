// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module as bgpd loads it: `bgpd -M peering`.
 *
 * bgpd exits when a module's init fails or misses a symbol, and it compares no version. So init never fails: in a bgpd
 * that the module was not built for it registers nothing and says so in one line.
 */
#include "bgpd-peering/frr_compat.h"

#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/commands/config_write.h"
#include "bgpd-peering/commands/debug_areas.h"
#include "bgpd-peering/commands/held_command.h"
#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/gate/drain_policy.h"
#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/gate/session_events.h"
#include "bgpd-peering/journal/crash_guard.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/link/link_plugin.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/policy/policy_staging.h"
#include "bgpd-peering/push/password.h"
#include "bgpd-peering/push/push.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/linklist.h"

/* After the tables and nodes are made, before any configuration and before bgpd forks: nothing starts here. */
static int on_late_init(event_master *master)
{
	if (!router_works())
		return 0;
	alerts_init();
	debug_areas_init();
	if (crash_guard_begin()) {
		router.inert = router.crashed = true;
		connections_init();
		commands_init_inert();
		return 0;
	}
	connections_init();
	drain_policy_init();
	policy_objects_init();
	commands_init();
	held_command_init();
	config_write_init();
	session_events_init();
	inbound_init();
	durable_state_load();
	policy_objects_restored();
	return 0;
}

/* In the process that stays; in a dry run (-C), without a fork, too: that one reads a configuration and does no more. */
static int on_config_pre(event_master *master)
{
	struct connection *connection;

	router.dry_run = !frr_is_after_fork;
	crash_guard_runs(router.dry_run);
	if (router.crashed && !router.dry_run)
		crash_guard_alert();
	if (!router_works())
		return 0;
	if (router.dry_run)
		return 0;
	durable_state_start();
	password_start();
	frr_each (connection_tree, &connections, connection)
		drain_watch(connection);
	policy_objects_start();
	controller_link_start();
	return 0;
}

/* bgpd's own configuration file has been read. Where vtysh is still to bring one, there is no instance yet. */
static int on_config_post(event_master *master)
{
	TURN(TURN_COMMAND);

	if (router_works() && !router.dry_run && listcount(bm->bgp))
		configuration_file_end();
	return 0;
}

/* Some time after the end of a file, or long after its beginning where vtysh went away in the middle. */
static int on_config_end(struct bgp *bgp)
{
	TURN(TURN_COMMAND);

	if (router_works() && router.reading_file)
		configuration_file_end();
	return 0;
}

static int on_end(void)
{
	push_finish();
	held_commands_stop();
	push_confirm_stop();
	controller_link_stop();
	policy_staging_stop();
	policy_objects_stop();
	durable_state_stop();
	crash_guard_end();
	return 0;
}

static int peering_init(void)
{
	char error[PATH_MAX + 128];

	if (!frr_is_ours(error, sizeof(error))) {
		zlog_warn("peering: inert: %s; install the frr-peering of this FRR. No session is gated", error);
		return 0;
	}
	if (!router_arguments(THIS_MODULE->load_args, error, sizeof(error)))
		zlog_err("peering: -M peering: %s; the argument is left out", error);
	link_load();
	hook_register(frr_late_init, on_late_init);
	hook_register(frr_config_pre, on_config_pre);
	hook_register(frr_config_post, on_config_post);
	hook_register(bgp_config_end, on_config_end);
	hook_register(frr_early_fini, on_end);
	return 0;
}

FRR_MODULE_SETUP(.name = "bgpd_peering", .version = PEERING_PACKAGE_VERSION,
		 .description = "Peering connections that pass nothing until they are validated", .init = peering_init, );
