// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `show peering NAME config`: what the connection is configured with, pushed or typed. Below the connection's own lines those
 * of its neighbors' sessions, as bgpd has them now, with what the gate hides in its place and passwords left out.
 */
#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/commands/config_write.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/show/show.h"
#include "bgpd-peering/turn.h"


static void write_session(struct vty *vty, const struct session *session, const struct peer *peer)
{
	const char *address = session->address;

	vty_out(vty, " neighbor %s remote-as %u\n", address, peer->as);
	if (peer->desc)
		vty_out(vty, " neighbor %s description %s\n", address, peer->desc);
	if (peer->password)
		vty_out(vty, " neighbor %s password (set, not shown)\n", address);
	if (peer->gtsm_hops > 0)
		vty_out(vty, " neighbor %s ttl-security hops %d\n", address, peer->gtsm_hops);
	if (peer->local_role != ROLE_UNDEFINED)
		vty_out(vty, " neighbor %s local-role %s%s\n", address, bgp_get_name_by_role(peer->local_role),
			CHECK_FLAG(peer->flags, PEER_FLAG_ROLE_STRICT_MODE) ? " strict-mode" : "");
	if (peer->update_source)
		vty_out(vty, " neighbor %s update-source %pSU\n", address, peer->update_source);
	if (CHECK_FLAG(peer->flags, PEER_FLAG_TIMER))
		vty_out(vty, " neighbor %s timers %u %u\n", address, peer->keepalive, peer->holdtime);
	if (CHECK_FLAG(peer->flags, PEER_FLAG_TIMER_CONNECT))
		vty_out(vty, " neighbor %s timers connect %u\n", address, peer->connect);
	if (peer->bfd_config && peer->bfd_config->profile[0])
		vty_out(vty, " neighbor %s bfd profile %s\n", address, peer->bfd_config->profile);
	else if (peer->bfd_config)
		vty_out(vty, " neighbor %s bfd\n", address);
}

static void write_family(struct vty *vty, const struct session *session, const struct peer *peer,
			 enum counted_family family)
{
	static const char *const words[RMAP_MAX] = {[RMAP_IN] = "in", [RMAP_OUT] = "out"};
	afi_t afi = family_afi(family);

	if (!peer->afc[afi][SAFI_UNICAST])
		return;
	vty_out(vty, " address-family %s unicast\n  neighbor %s activate\n", family_name(family), session->address);
	for (int direction = 0; direction < RMAP_MAX; direction++) {
		const char *name = gate_policy_wanted(session, afi, SAFI_UNICAST, direction);

		if (name)
			vty_out(vty, "  neighbor %s route-map %s %s\n", session->address, name, words[direction]);
	}
	if (CHECK_FLAG(peer->af_flags[afi][SAFI_UNICAST], PEER_FLAG_MAX_PREFIX))
		vty_out(vty, "  neighbor %s maximum-prefix %u\n", session->address, peer->pmax[afi][SAFI_UNICAST]);
	vty_out(vty, " exit-address-family\n");
}

static void write_config(struct vty *vty, const struct connection *connection)
{
	const struct session *session;

	config_write_connection(vty, connection);
	frr_each (session_list_const, &connection->sessions, session) {
		const struct peer *peer = session_peer(session);

		if (!peer)
			continue;
		write_session(vty, session, peer);
		for (int family = 0; family < FAMILY_COUNT; family++)
			write_family(vty, session, peer, family);
	}
}

COMMAND_HANDLER(cmd_show_config)
{
	const struct connection *connection = command_connection(vty, argc, argv);
	TURN(TURN_SHOW);

	if (!connection)
		return CMD_WARNING;
	write_config(vty, connection);
	return CMD_SUCCESS;
}
