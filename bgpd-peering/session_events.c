// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * peer_status_changed runs inside bgpd's state machine. At Established it runs before the peer joins an update-group,
 * and control may go from here straight on to the next UPDATE in the buffer: what has to be closed is closed before the
 * hook returns. Everything that could reset or delete a peer, and every change of state, is left to the event loop.
 */
#include "bgpd-peering/session_events.h"

#include "bgpd-peering/configuration.h"
#include "bgpd-peering/controller_link.h"
#include "bgpd-peering/gate.h"
#include "bgpd-peering/push_declaration.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/transition.h"
#include "bgpd-peering/validation.h"

#include "lib/linklist.h"

bool peer_is_external(const struct peer *peer)
{
	return peer->sort == BGP_PEER_EBGP && CHECK_FLAG(peer->flags, PEER_FLAG_CONFIG_NODE) &&
	       !CHECK_FLAG(peer->sflags, PEER_STATUS_GROUP) && peer != peer->bgp->peer_self;
}

/* ---- undeclared sessions under default-deny ---- */

/* The address, or with a number behind it where somebody has taken that name for another connection. */
void session_undeclared_name(const struct peer *peer, char name[CONNECTION_NAME_MAX])
{
	char base[SESSION_ADDRESS_MAX];

	strlcpy(base, peer_key(peer), sizeof(base));
	for (char *c = base; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-:", *c))
			*c = '-';
	/* "::1" does not begin with a letter or a digit. */
	const char *first = isalnum((unsigned char)base[0]) ? "" : "0";

	snprintf(name, CONNECTION_NAME_MAX, "%s%.50s", first, base);
	for (unsigned int number = 2; connection_find(name) || connection_name_error(name); number++)
		snprintf(name, CONNECTION_NAME_MAX, "%s%.50s.%u", first, base, number);
}

static struct session *discover(struct peer *peer)
{
	struct connection *connection;
	char name[CONNECTION_NAME_MAX];

	session_undeclared_name(peer, name);
	connection = connection_new(name, bgp_vrf_name(peer->bgp));
	connection->kind = KIND_EXCHANGE;
	connection->discovered = true;
	connection->remote_as = peer->as;
	return session_new(connection, peer_key(peer));
}

/* What a hook may not do itself. */
static void after_hook(event_ref *event)
{
	struct connection *connection = event_argument(event);

	if (connection->state == STATE_NONE && connection->discovered)
		transition(connection, EVENT_REQUEST, "router", "undeclared neighbor under default-deny", NULL);
	transition_assert(connection);
	if (connection->state == STATE_NONE && connection->pushed)
		push_remove_neighbors(connection);
}

void session_events_later(struct connection *connection)
{
	event_add_now(after_hook, connection, &connection->after_hook);
}

/* ---- the hook ---- */

static void session_up(struct session *session, struct peer *peer)
{
	memset(session->negotiated, 0, sizeof(session->negotiated));
	session_received_reset(session);
	if (session->gate == GATE_DENY && !session->hands_off)
		session_counted_set(session, peer);
	gate_assert(session);
	validation_look_again(session->connection);
	controller_link_changed(session->connection);
}

static void session_down(struct session *session)
{
	session_counted_clear(session);
	session_received_reset(session);
	if (session->hands_off) {
		/* It was open before anything was said of it; from its next start on it is like any other. */
		gate_close(session);
		session_events_later(session->connection);
	}
	validation_look_again(session->connection);
	controller_link_changed(session->connection);
}

static int on_status_changed(struct peer *peer)
{
	struct session *session;

	if (router.inert || bm->terminating)
		return 0;
	if (!gate_abi_fits()) {
		router.inert = true;
		zlog_err("peering: inert: this bgpd's structures are not those that the module was built for; build it for exactly this FRR");
		return 0;
	}

	if (peer_fsm_status(peer) == Established && !router.reading_file)
		router.booting = false;
	session = session_counted(peer);
	if (session && peer_fsm_status(peer) != Established) {
		session_down(session);
		return 0;
	}

	session = session_of_peer(peer);
	if (!session) {
		if (peer_fsm_status(peer) != Established || !peer_is_external(peer) ||
		    !default_deny(bgp_vrf_name(peer->bgp)))
			return 0;
		session = discover(peer);
		session_events_later(session->connection);
		session->gate = GATE_DENY;
		session_counted_set(session, peer);
		gate_assert(session);
		return 0;
	}

	/* The other connection of a collision, and a peer that is being freed, say nothing about the session. */
	if (!CHECK_FLAG(peer->flags, PEER_FLAG_CONFIG_NODE))
		return 0;
	if (peer_fsm_status(peer) == Deleted) {
		push_neighbor_gone(session);
		return 0;
	}
	if (peer_fsm_status(peer) == Established)
		session_up(session, peer);
	else if (peer_fsm_previous_status(peer) == Established)
		session_down(session);
	else
		gate_assert(session);
	return 0;
}

/* ---- what people type ---- */

static void assert_closed(struct session *session)
{
	if (session && session->gate == GATE_DENY)
		gate_assert(session);
}

/*
 * `[no] neighbor X …` is the one sort of line that changes a neighbor's families or policy; a line for a peer-group
 * changes its members'. Only what the line names is looked at: a file may have a hundred thousand of them.
 */
static void assert_named(struct bgp *bgp, const char *line)
{
	char *copy = XSTRDUP(MTYPE_TMP, line), *rest = copy, *word = NULL;
	char address[SESSION_ADDRESS_MAX];
	struct peer_group *group;
	struct listnode *node;
	struct peer *member;

	do
		word = strsep(&rest, " \t");
	while (word && (*word == '\0' || strcmp(word, "no") == 0));
	if (!word || strncmp(word, "neighbor", strlen(word)) != 0)
		goto done;
	do
		word = strsep(&rest, " \t");
	while (word && *word == '\0');
	if (!word || !session_normalize(word, address))
		goto done;
	assert_closed(session_find(bgp_vrf_name(bgp), address));
	group = peer_group_lookup(bgp, word);
	if (group)
		for (ALL_LIST_ELEMENTS_RO(group->peer, node, member))
			assert_closed(session_of_peer(member));
done:
	XFREE(MTYPE_TMP, copy);
}

static bool is_bgp_node(int node)
{
	switch (node) {
	case BGP_NODE:
	case BGP_IPV4_NODE:
	case BGP_IPV4M_NODE:
	case BGP_IPV4L_NODE:
	case BGP_IPV6_NODE:
	case BGP_IPV6M_NODE:
	case BGP_IPV6L_NODE:
	case BGP_VPNV4_NODE:
	case BGP_VPNV6_NODE:
	case BGP_EVPN_NODE:
	case BGP_FLOWSPECV4_NODE:
	case BGP_FLOWSPECV6_NODE:
		return true;
	default:
		return false;
	}
}

/* Runs behind each typed line, before bgpd turns to any packet or timer. */
static int on_command_done(struct vty *vty, const char *line)
{
	struct bgp *bgp;

	if (router.inert)
		return 0;
	if (router_file_ends(line)) {
		configuration_file_end();
		return 0;
	}
	if (!line || connection_tree_count(&connections) == 0 || !is_bgp_node(vty->node) || !gate_abi_fits())
		return 0;
	bgp = VTY_GET_CONTEXT(bgp);
	if (bgp)
		assert_named(bgp, line);
	return 0;
}

void session_events_init(void)
{
	hook_register(peer_status_changed, on_status_changed);
	hook_register(cmd_execute_done, on_command_done);
}
