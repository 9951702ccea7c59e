// SPDX-License-Identifier: GPL-2.0-or-later
/* `peering gated …`: the policy behind a closed gate. */
#include "bgpd-peering/commands/config_commands.h"

#include "bgpd-peering/address_family.h"
#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/gate/session_events.h"
#include "bgpd-peering/router.h"

/* "neighbor A.B.C.D ipv4 unicast route-map NAME in", read off the tokens behind "gated". */
struct gated_line {
	const char *vrf;
	char address[SESSION_ADDRESS_MAX];
	afi_t afi;
	safi_t safi;
	int direction;
	const char *name; /* NULL: inherit */
};

static bool read_gated_line(struct vty *vty, int argc, struct cmd_token *argv[], struct gated_line *line)
{
	int at = 0;

	line->vrf = config_vrf(vty);
	if (!command_module_works(vty) || !line->vrf || !argv_find(argv, argc, "neighbor", &at) ||
	    !session_normalize(argv[at + 1]->arg, line->address))
		return false;
	line->afi = afi_from_word(argv[at + 2]->text);
	line->safi = safi_from_word(argv[at + 3]->text);
	line->direction = strcmp(argv[argc - 1]->text, "in") == 0 ? RMAP_IN : RMAP_OUT;
	line->name = command_argument(argc, argv, "route-map");
	if (line->afi != AFI_UNSPEC && line->safi != SAFI_UNSPEC)
		return true;
	vty_out(vty, "%% This bgpd has no address family %s %s\n", argv[at + 2]->text, argv[at + 3]->text);
	return false;
}

COMMAND_HANDLER(cmd_gated)
{
	bool reading = router_reading_file(vty);
	struct gated_line line;
	struct session *session;

	if (!read_gated_line(vty, argc, argv, &line))
		return CMD_WARNING_CONFIG_FAILED;
	session = session_find(line.vrf, line.address);
	if (!session && !reading) {
		vty_out(vty, "%% No connection has the neighbor %s; nothing of it is gated\n", line.address);
		return CMD_WARNING_CONFIG_FAILED;
	}
	if (!session) {
		/* It was gated when the file was saved, and nobody had declared it. */
		session = default_deny_discover(line.vrf, line.address, 0);
		session_events_later(session->connection);
	}
	if (reading)
		configuration_line_read(NULL);
	gate_policy_want(session, line.afi, line.safi, line.direction, line.name);
	/* A file that was saved while the gate was closed, read after it has opened. */
	if (!router.booting)
		gate_assert(session);
	return CMD_SUCCESS;
}

/* Nothing is wanted there any more, and so nothing passes there once the gate opens, until something is. */
COMMAND_HANDLER(cmd_no_gated)
{
	struct gated_line line;
	struct session *session;

	if (!read_gated_line(vty, argc, argv, &line))
		return CMD_SUCCESS;
	session = session_find(line.vrf, line.address);
	if (session)
		gate_policy_want_nothing(session, line.afi, line.safi, line.direction);
	return CMD_SUCCESS;
}
