// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/commands/config_write.h"

#include "bgpd-peering/address_family.h"
#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/push/removed_neighbors.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

static void write_link_test(struct vty *vty, const char *name, const struct link_test_settings *settings)
{
	if (settings->port[0])
		vty_out(vty, " peering %s port %s\n", name, settings->port);
	if (settings->level != LINK_TEST_OPTIONAL)
		vty_out(vty, " peering %s link-test %s\n", name, link_test_level_name(settings->level));
	if (settings->prefix_length)
		vty_out(vty, " peering %s link-test address %pI4/%u peer %pI4\n", name, &settings->address,
			settings->prefix_length, &settings->peer_address);
	if (settings->interval)
		vty_out(vty, " peering %s timers link-test %u\n", name, settings->interval);
}

void config_write_connection(struct vty *vty, const struct connection *connection)
{
	const char *name = connection->name;
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session->declared)
			vty_out(vty, " peering %s neighbor %s%s\n", name, session->address,
				session->required ? "" : " optional");
	if (connection->kind != KIND_DIRECT)
		vty_out(vty, " peering %s kind %s\n", name, connection_kind_name(connection->kind));
	if (connection->remote_as)
		vty_out(vty, " peering %s remote-as %u\n", name, connection->remote_as);
	if (connection->description[0])
		vty_out(vty, " peering %s description %s\n", name, connection->description);
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (connection->received_limit[family])
			vty_out(vty, " peering %s received-limit %s %u\n", name, family_name(family),
				connection->received_limit[family]);
	if (connection->activation_set)
		vty_out(vty, " peering %s activation %s\n", name, activation_mode_name(connection->activation));
	if (connection->profile[0])
		vty_out(vty, " peering %s profile %s\n", name, connection->profile);
	for (int timer = 0; timer < TIMER_COUNT; timer++) {
		if (connection->timers[timer] && timer == TIMER_WINDOW)
			vty_out(vty, " peering %s validation-window %u\n", name, connection->timers[timer]);
		else if (connection->timers[timer])
			vty_out(vty, " peering %s timers %s %u\n", name, timer_name(timer), connection->timers[timer]);
	}
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (connection->allowed_prefixes[family][0])
			vty_out(vty, " peering %s allowed-prefixes %s %s\n", name, family_name(family),
				connection->allowed_prefixes[family]);
	for (size_t i = 0; i < check_count; i++)
		if (connection->check_levels[i] != CHECK_LEVEL_DEFAULT)
			vty_out(vty, " peering %s check %s %s\n", name, checks[i]->name,
				check_level_name(connection->check_levels[i]));
	if (connection->on_violation_deny)
		vty_out(vty, " peering %s on-violation deny\n", name);
	if (connection->reopen_auto)
		vty_out(vty, " peering %s reopen-mode auto\n", name);
	if (connection->reopen_hold_down)
		vty_out(vty, " peering %s reopen-hold-down %u\n", name, connection->reopen_hold_down);
	write_link_test(vty, name, &connection->link_test);
	if (connection->adopted_line || (connection->adopted && connection->state == STATE_ACTIVE))
		vty_out(vty, " peering %s adopted\n", name);
}

static void write_profile(const struct profile *profile, void *context)
{
	struct vty *vty = context;

	if (profile->validation_window)
		vty_out(vty, " peering profile %s validation-window %u\n", profile->name, profile->validation_window);
	for (size_t i = 0; i < check_count; i++)
		if (profile->check_levels[i] != CHECK_LEVEL_DEFAULT)
			vty_out(vty, " peering profile %s check %s %s\n", profile->name, checks[i]->name,
				check_level_name(profile->check_levels[i]));
}

/* What the reserved route-map hides; read back, it is there when the gate opens. */
static void write_gated(struct vty *vty, const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		struct peer *peer = session_peer(session);
		afi_t afi;
		safi_t safi;

		if (session->gate == GATE_ALLOW || session->hands_off || (peer && peer_dynamic_neighbor(peer)))
			continue;
		FOREACH_AFI_SAFI (afi, safi) {
			for (int direction = 0; direction < RMAP_MAX; direction++) {
				const struct wanted_policy *wanted = &session->wanted[afi][safi][direction];

				if (wanted->known)
					vty_out(vty, " peering gated neighbor %s %s %s %s%s %s\n", session->address,
						afi_word(afi), safi_word(safi), wanted->name ? "route-map " : "inherit",
						wanted->name ? wanted->name : "", direction == RMAP_IN ? "in" : "out");
			}
		}
	}
}

static void write_exception(const char *words, void *context)
{
	vty_out(context, " peering default-deny-except %s\n", words);
}

static void write_default_deny(struct vty *vty, const char *vrf)
{
	enum default_deny_mode mode = default_deny_mode(vrf);

	if (mode != DEFAULT_DENY_OFF)
		vty_out(vty, " peering default-deny%s\n", mode == DEFAULT_DENY_MONITOR ? " monitor" : "");
	if (default_deny_confederation(vrf))
		vty_out(vty, " peering default-deny-confederation\n");
	default_deny_each_exception(vrf, write_exception, vty);
}

static void write_controllers(struct vty *vty)
{
	for (size_t i = 0; i < controller_link_count(); i++) {
		const struct controller_line *line = controller_link_line(i);

		vty_out(vty, " peering controller %s", line->host);
		if (line->port != CONTROLLER_PORT)
			vty_out(vty, " port %u", line->port);
		if (line->vrf[0])
			vty_out(vty, " vrf %s", line->vrf);
		if (line->source[0])
			vty_out(vty, " source %s", line->source);
		if (line->priority != CONTROLLER_PRIORITY)
			vty_out(vty, " priority %u", line->priority);
		vty_out(vty, "\n");
	}
}

static int write_instance(struct bgp *bgp, struct vty *vty)
{
	const struct connection *connection;
	const char *vrf;
	TURN(TURN_SHOW);

	if (!router_works())
		return 0;
	vrf = bgp_vrf_name(bgp);
	if (bgp == bgp_get_default()) {
		removed_neighbors_look();
		if (controller_link_router_name())
			vty_out(vty, " peering router-name %s\n", controller_link_router_name());
		write_controllers(vty);
	}
	write_default_deny(vty, vrf);
	for (int timer = 0; timer < TIMER_COUNT; timer++)
		if (timers_default(vrf, timer))
			vty_out(vty, " peering timers %s %u\n", timer_name(timer), timers_default(vrf, timer));
	profile_each(vrf, write_profile, vty);
	frr_each (connection_tree_const, &connections, connection) {
		if (strcmp(connection->vrf, vrf) != 0)
			continue;
		if (connection->declared)
			config_write_connection(vty, connection);
		write_gated(vty, connection);
	}
	return 0;
}

void config_write_init(void)
{
	hook_register(bgp_inst_config_write, write_instance);
}
