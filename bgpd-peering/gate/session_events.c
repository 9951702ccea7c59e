// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * peer_status_changed runs inside bgpd's state machine. At Established it runs before the peer joins an update-group,
 * and control may go from here straight on to the next UPDATE in the buffer: what has to be closed is closed before the
 * hook returns. Everything that could reset or delete a peer, and every change of state, is left to the event loop.
 */
#include "bgpd-peering/gate/session_events.h"

#include "bgpd-peering/checks/service.h"
#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/commands/held_command.h"
#include "bgpd-peering/connection/adoption.h"
#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/connection/connection_walk.h"
#include "bgpd-peering/connection/drift.h"
#include "bgpd-peering/connection/policy_edits.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/gate/drain_policy.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/gate/walls.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/policy/policy_uses.h"
#include "bgpd-peering/push/password_keys.h"
#include "bgpd-peering/push/push.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/push/push_declaration.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/bgp_open.h"
#include "lib/linklist.h"

bool peer_is_external(const struct peer *peer)
{
	return (peer_sort_is_external(peer) || peer_sort_is_confederation(peer)) &&
	       CHECK_FLAG(peer->flags, PEER_FLAG_CONFIG_NODE) && !CHECK_FLAG(peer->sflags, PEER_STATUS_GROUP) &&
	       peer != peer->bgp->peer_self;
}

/* What a hook may not do itself. */
static void after_hook(event_ref *event)
{
	struct connection *connection = event_argument(event);
	struct session *session;
	TURN(TURN_SESSION);

	if (!router_works())
		return;
	if (connection->state == STATE_NONE && connection->discovered)
		transition(connection, EVENT_REQUEST, "router", "undeclared neighbor under default-deny", NULL);
	transition_assert(connection);
	frr_each (session_list, &connection->sessions, session)
		gate_session_settle(session);
	if (connection->state == STATE_NONE && connection->pushed)
		push_remove_neighbors(connection);
	drift_note(connection);
}

void session_events_later(struct connection *connection)
{
	event_add_now(after_hook, connection, &connection->after_hook);
}

/* ---- the hook ---- */

static void session_up(struct session *session, struct peer *peer)
{
	service_session_up(session, peer);
	if (session->gate == GATE_DENY)
		session_events_later(session->connection);
	validation_look_again(session->connection);
	controller_link_changed(session->connection);
}

static void session_down(struct session *session)
{
	gate_session_down(session);
	if (session->hands_off) {
		/* It was open before anything was said of it; from its next start on it is like any other. */
		session->hands_off = false;
		session->gate = GATE_DENY;
	}
	/* Where it restarts gracefully, what was not taken back yet would stay. */
	if (session->gate == GATE_DENY)
		session_events_later(session->connection);
	validation_look_again(session->connection);
	controller_link_changed(session->connection);
}

static void session_lost(struct session *session)
{
	service_session_down(session);
	session_down(session);
}

/* The neighbor goes: by `no neighbor …`, with its instance, or because a dynamic one is down. */
static void session_deleted(struct session *session, const struct peer *peer)
{
	session_down(session);
	if (peer_dynamic_neighbor((struct peer *)peer))
		return;
	gate_policy_forget(session);
	push_neighbor_gone(session);
	session_events_later(session->connection);
}

static void status_changed(struct peer *peer)
{
	struct session *session;

	if (peer_fsm_status(peer) == Established && !router.reading_file)
		router.booting = false;
	session = session_counted(peer);
	if (!session)
		session = session_watched(peer);
	/* One that goes without being the neighbor any more goes all the same: nothing of it may be looked at afterwards. */
	if (session && peer_fsm_status(peer) != Established &&
	    (peer_fsm_status(peer) != Deleted || !CHECK_FLAG(peer->flags, PEER_FLAG_CONFIG_NODE))) {
		session_lost(session);
		return;
	}

	if (peer_fsm_status(peer) == Deleted && CHECK_FLAG(peer->flags, PEER_FLAG_CONFIG_NODE) &&
	    !peer_dynamic_neighbor(peer))
		adoption_unmark(peer);
	session = session_of_peer(peer);
	if (!session) {
		if (peer_fsm_status(peer) != Established || default_deny_judge(peer) != IS_DENIED)
			return;
		session = default_deny_discover(bgp_vrf_name(peer->bgp), peer_key(peer), peer->as);
		session->gate = transition_session_gate(session);
		session_events_later(session->connection);
		gate_session_up(session, peer);
		return;
	}

	/* The other connection of a collision says nothing about the session. */
	if (!CHECK_FLAG(peer->flags, PEER_FLAG_CONFIG_NODE))
		return;
	if (peer_fsm_status(peer) == Deleted)
		session_deleted(session, peer);
	else if (peer_fsm_status(peer) == Established)
		session_up(session, peer);
	else if (peer_fsm_previous_status(peer) == Established)
		session_lost(session);
	else
		gate_assert(session);
}

static int on_status_changed(struct peer *peer)
{
	struct peer *outer;

	if (!router_works() || bm->terminating)
		return 0;
	TURN(TURN_SESSION);
	outer = peer_hook_runs(peer);
	status_changed(peer);
	peer_hook_runs(outer);
	return 0;
}

/*
 * Where a peer asks for its routes, or somebody clears them softly, bgpd makes its default anew, some tenths of a second later:
 * ours stands in its queue before. Sessions that nobody has touched are told nothing.
 */
static bool clears;

static void mark_defaults(struct connection *connection)
{
	struct session *session;

	frr_each (session_list, &connection->sessions, session) {
		if (clears || session->asks)
			gate_mark_default(session);
		session->asks = false;
	}
}

static void defaults_are_marked(void)
{
	clears = false;
}

static struct connection_walk defaults = {.visit = mark_defaults, .done = defaults_are_marked};

/*
 * An OPEN that bgpd is about to refuse for its AS number: whether it comes in on the neighbor itself or on the other
 * connection of a collision, no session comes of it. And a ROUTE-REFRESH.
 */
static int on_message(struct peer *peer, uint8_t type, bgp_size_t size, struct stream *message)
{
	struct session *session;
	uint32_t asn;

	if ((type != BGP_MSG_OPEN && type != BGP_MSG_ROUTE_REFRESH_NEW && type != BGP_MSG_ROUTE_REFRESH_OLD) ||
	    !router_works() || stream_get_endp(message) < size)
		return 0;
	session = session_of_peer(peer);
	if (type != BGP_MSG_OPEN) {
		if (session && session->gate == GATE_DRAIN) {
			session->asks = true;
			connection_walk_begin(&defaults);
		}
		return 0;
	}
	asn = session && peer->as_type == AS_SPECIFIED ? bgp_open_asn(STREAM_DATA(message), size) : 0;
	if (!asn)
		return 0;
	TURN(TURN_SESSION);
	session->wrong_opens = asn == peer->as ? 0 : session->wrong_opens + 1;
	if (session->wrong_opens)
		validation_look_again(session->connection);
	return 0;
}

/* ---- what people type ---- */

/* `words` are what stands behind the neighbor in the line. */
static void assert_reserved(struct session *session, const char *line, const char *words)
{
	if (!session)
		return;
	if (session->gate != GATE_ALLOW)
		gate_assert_typed(session, line);
	policy_edits_neighbor(session, words ? words : "");
	password_keys_typed(words ? words : "");
	if (session->connection->pushed)
		session_events_later(session->connection);
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
	assert_reserved(session_find(bgp_vrf_name(bgp), address), line, rest);
	group = peer_group_lookup(bgp, word);
	if (group)
		for (ALL_LIST_ELEMENTS_RO(group->peer, node, member))
			assert_reserved(session_of_peer(member), line, rest);
done:
	XFREE(MTYPE_TMP, copy);
}

/*
 * Somebody has defined a reserved name: it is to stand nowhere any more. It denies until bgpd looks at route-maps again,
 * which it does when its delay timer ends, a second after the line at the earliest, or when `bgp route-map delay-timer`
 * is typed. So gates are asserted in slices, the rest at once where either is near. Where there is no such timer, or a
 * drain's route-map is meant, which bgpd uses already, all are asserted at once. bgpd runs a timer behind the events
 * that wait with it: a slice that comes too late comes before it still.
 */
static struct {
	bool on;
	struct timeval begun;
} naming;

#define NAMING_MICROSECONDS 500000

static void assert_reserved_of(struct connection *connection)
{
	struct session *session;

	frr_each (session_list, &connection->sessions, session)
		if (session->gate != GATE_ALLOW)
			gate_assert(session);
}

static void finish_naming(void)
{
	struct connection *connection;

	naming.on = false;
	frr_each (connection_tree, &connections, connection)
		assert_reserved_of(connection);
}

static void assert_in_slice(struct connection *connection)
{
	if (naming.on && monotime_since(&naming.begun, NULL) > NAMING_MICROSECONDS)
		finish_naming();
	if (naming.on)
		assert_reserved_of(connection);
}

static void end_naming(void)
{
	naming.on = false;
}

static void begin_naming(const char *line)
{
	static struct connection_walk walk = {.visit = assert_in_slice, .done = end_naming};

	if (!bm->rmap_update_timer || (line && strstr(line, DRAIN_ROUTE_MAP))) {
		finish_naming();
		return;
	}
	if (!naming.on)
		monotime(&naming.begun);
	naming.on = true;
	connection_walk_begin(&walk);
}

/*
 * Whether a reserved name was defined, or may have been, or what a drain is made of has changed. Not by the thousands of
 * lines for neighbors that a file which was saved while gated has.
 */
static bool names_anew(const struct vty *vty, const char *line)
{
	static char last[64] = GATE_ROUTE_MAP;
	const char *name = gate_policy_reserved_name();
	bool is_another = strcmp(name, last) != 0;

	/* bgpd may define what a file says some lines later. */
	strlcpy(last, name, sizeof(last));
	return is_another || (line && !node_has_neighbors(vty->node) &&
			      (strstr(line, GATE_ROUTE_MAP) || strstr(line, DRAIN_ROUTE_MAP)));
}

/* `bgp …`, of whatever node. */
static bool is_of_bgp(const char *line)
{
	size_t length;

	line += strspn(line, " \t");
	length = strcspn(line, " \t");
	return length > 0 && strncmp(line, "bgp", length) == 0;
}

/* It looks or moves about, and changes nothing: `show`, `enable`, `end`, `exit`, `terminal`, … */
static bool changes_nothing(const char *line)
{
	static const char *const beginnings[] = {"sh", "do sh", "en", "ex", "qu", "te", "conf", "li"};

	line += strspn(line, " ");
	for (size_t i = 0; i < array_size(beginnings); i++)
		if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static int on_command(struct vty *vty, const char *line, char **instead)
{
	if (!router_works())
		return 0;
	TURN(TURN_COMMAND);
	if (line && held_command_prints_configuration(line)) {
		push_confirm_finish();
		if (push_is_being_applied() && !held_command_take(vty, line, instead))
			push_finish();
	} else if (line && !changes_nothing(line)) {
		policy_uses_typed();
		push_finish();
	}
	if (naming.on && is_of_bgp(line))
		finish_naming();
	return 0;
}

/* Runs behind each typed line, before bgpd turns to any packet or timer. */
static int on_command_done(struct vty *vty, const char *line)
{
	struct bgp *bgp;

	if (!router_works())
		return 0;
	TURN(TURN_COMMAND);
	/* A file's route-maps may be made at its end only. */
	if (names_anew(vty, line) && wall_stands(WALL_TYPED))
		begin_naming(line);
	if (router_file_ends(line)) {
		configuration_file_end();
		return 0;
	}
	if (router.reading_file)
		configuration_file_goes_on();
	if (line && vty->node == ENABLE_NODE && strstr(line, "cl")) {
		clears = true;
		connection_walk_begin(&defaults);
	}
	if (line && !router.booting && (connection_tree_count(&connections) || policy_objects_totals().objects))
		policy_edits_line(vty, line);
	/*
	 * While the configuration of a start is read bgpd brings no neighbor up, and what stands in a policy's place says
	 * nothing before the end: the file may have been saved while the reserved name stood there.
	 */
	if (!line || connection_tree_count(&connections) == 0 || !node_has_neighbors(vty->node) ||
	    (router.booting && router.reading_file) || !wall_stands(WALL_TYPED))
		return 0;
	bgp = VTY_GET_CONTEXT(bgp);
	if (bgp)
		assert_named(bgp, line);
	return 0;
}

void session_events_init(void)
{
	hook_register(peer_status_changed, on_status_changed);
	hook_register(bgp_packet_dump, on_message);
	hook_register(cmd_execute, on_command);
	hook_register(cmd_execute_done, on_command_done);
}
