// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/audit.h"

#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/gate_closing.h"
#include "bgpd-peering/gate/rib_walk.h"
#include "bgpd-peering/gate/session_events.h"
#include "bgpd-peering/gate/walls.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/linklist.h"

#define LOOK_MILLISECONDS 2000	   /* between two looks at all sessions */
#define WALK_SLICE_MICROSECONDS 1000
#define WALK_MILLISECONDS 100	   /* between two slices */
#define WALK_REST_MILLISECONDS 30000 /* between two walks */
#define CLOCK_EACH 64		   /* steps between two looks at the clock */

static struct audit_figures figures;
static event_ref *look_event, *walk_event;

const struct audit_figures *audit_figures(void)
{
	return &figures;
}

static void note_time(const struct timeval *begun)
{
	figures.longest_microseconds = MAX(figures.longest_microseconds, (uint64_t)monotime_since(begun, NULL));
}

static bool time_is_up(const struct timeval *begun)
{
	return monotime_since(begun, NULL) > WALK_SLICE_MICROSECONDS;
}

/* ---- what is found ---- */

static void violated(struct session *session, const char *what)
{
	struct violation *violation = &session->violation;
	char message[CONNECTION_NAME_MAX + 96];
	struct peer *peer = session_peer(session);
	bool comes_back = peer && peer_dynamic_neighbor(peer) && peer_is_established(peer);

	figures.violations++;
	/*
	 * It is shut already: a table may hold a million routes of it until bgpd has cleared them. But a dynamic neighbor
	 * cannot be shut, and what it does when it has come back is a new finding.
	 */
	if (violation->count++ && !comes_back)
		return;
	violation->at = wall_clock_milliseconds();
	strlcpy(violation->what, what, sizeof(violation->what));
	violation->ended = true;
	alert_as(EC_PEERING_VIOLATION, "audit: %s of %s: %s, although its gate is closed; the session is shut. Keep the log, then `clear peering violation %s`",
	      session->address, session->connection->name, what, session->connection->name);
	gate_assert(session);
	snprintf(message, sizeof(message), "%s: audit violation", session->connection->name);
	gate_shut(session, message);
	if (comes_back)
		peer_reset_session(peer);
	controller_link_changed(session->connection);
}

bool audit_keeps_shut(const struct session *session)
{
	return session->violation.count > 0;
}

void audit_forgive(struct connection *connection)
{
	struct session *session;

	frr_each (session_list, &connection->sessions, session)
		session->violation = (struct violation){0};
	session_events_later(connection);
	controller_link_changed(connection);
}

/* ---- sessions ---- */

static bool is_looked_at(const struct session *session)
{
	return session->gate == GATE_DENY && !session->hands_off && session->counted_peer && !session->replay;
}

/* It is up, and nothing hears what its peer says. */
static bool is_forgotten(const struct session *session)
{
	const struct peer *peer;

	if (session->gate != GATE_DENY || session->hands_off || session->counted_peer)
		return false;
	peer = session_peer(session);
	return peer && peer_is_established(peer);
}

static void look_at(struct session *session)
{
	struct gate_facts facts;
	char what[sizeof(session->violation.what)];

	/* It goes in the next turn, or is down already. */
	if (session->violation.ended)
		return;
	figures.looks++;
	gate_inspect(session, &facts);
	if (facts.advertised || facts.in_group) {
		snprintf(what, sizeof(what), "it is in an update-group, %llu prefixes sent",
			 (unsigned long long)facts.advertised);
		violated(session, what);
	} else if (facts.installed && !facts.closing) {
		snprintf(what, sizeof(what), "%llu of its routes are installed", (unsigned long long)facts.installed);
		violated(session, what);
	} else if (!facts.walls) {
		figures.repairs++;
		alert_as(EC_PEERING_WALL, "audit: a wall around %s of %s was missing, and stands again", session->address,
		      session->connection->name);
		gate_assert(session);
	}
}

/* Where the last slice has stopped: a connection may go meanwhile, its name stays in its place. */
static char position[CONNECTION_NAME_MAX];

static void look(event_ref *event)
{
	struct connection key, *connection;
	struct session *session;
	struct timeval begun;
	unsigned int steps = 0;
	TURN(TURN_AUDIT);

	if (!router_works() || session_counted_count() == 0)
		return;
	if (!wall_stands(WALL_AUDIT)) {
		event_add_milliseconds(look, NULL, LOOK_MILLISECONDS, &look_event);
		return;
	}
	monotime(&begun);
	strlcpy(key.name, position, sizeof(key.name));
	for (connection = connection_tree_find_gteq(&connections, &key); connection;
	     connection = connection_tree_next(&connections, connection)) {
		if (++steps % CLOCK_EACH == 0 && time_is_up(&begun))
			break;
		frr_each (session_list, &connection->sessions, session)
			if (is_looked_at(session) || is_forgotten(session))
				look_at(session);
	}
	strlcpy(position, connection ? connection->name : "", sizeof(position));
	note_time(&begun);
	if (connection)
		event_add_now(look, NULL, &look_event);
	else
		event_add_milliseconds(look, NULL, LOOK_MILLISECONDS, &look_event);
}

/* ---- tables ---- */

/* Where the walk stands: instance by instance, by name; family by family. */
static struct {
	bool on;
	char vrf[VRF_NAME_MAX];
	bool first_instance; /* no instance has been walked yet */
	afi_t afi;
	safi_t safi;
	struct rib_walk table;
} walk;

/* The instance whose name comes next, NULL behind the last. */
static struct bgp *next_instance(void)
{
	struct bgp *bgp, *next = NULL;
	struct listnode *node;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, node, bgp)) {
		const char *name = bgp_vrf_name(bgp);

		if ((walk.first_instance || strcmp(name, walk.vrf) > 0) &&
		    (!next || strcmp(name, bgp_vrf_name(next)) < 0))
			next = bgp;
	}
	return next;
}

static bool next_family(void)
{
	for (;;) {
		walk.safi++;
		if (walk.safi >= SAFI_MAX) {
			walk.safi = SAFI_UNICAST;
			walk.afi++;
		}
		if (walk.afi >= AFI_MAX)
			return false;
		/* Labeled routes are in the unicast table. */
		if (walk.safi != SAFI_LABELED_UNICAST)
			return true;
	}
}

/* Stands at the beginning of the next table. False where there is none: the walk is over. */
static bool next_table(void)
{
	for (;;) {
		struct bgp *bgp = walk.first_instance ? NULL : bgp_of_vrf(walk.vrf);

		if (bgp && next_family()) {
			rib_walk_begin(&walk.table, bgp, walk.afi, walk.safi);
			if (rib_walk_is_on(&walk.table))
				return true;
			continue;
		}
		bgp = next_instance();
		if (!bgp)
			return false;
		walk.first_instance = false;
		strlcpy(walk.vrf, bgp_vrf_name(bgp), sizeof(walk.vrf));
		walk.afi = AFI_IP;
		walk.safi = SAFI_UNSPEC;
	}
}

/* The gated session that a path comes from, NULL where it comes from none. */
static struct session *gated_origin(const struct bgp_path_info *path)
{
	struct session *session;

	figures.paths++;
	if (CHECK_FLAG(path->flags, BGP_PATH_REMOVED | BGP_PATH_HISTORY) ||
	    (path_origin(path) == path && !wall_stands(WALL_ORIGINALS)))
		return NULL;
	session = session_counted(path_origin(path)->peer);
	/* One finding is enough for a session: the table may hold a million of its routes until bgpd has cleared them. */
	if (!session || session->violation.ended)
		return NULL;
	return is_looked_at(session) && !gate_closing_is_on(session) ? session : NULL;
}

static void look_at_paths(const struct bgp_dest *dest)
{
	const struct bgp_path_info *path = bgp_dest_get_bgp_path_info((struct bgp_dest *)dest);
	struct session *session = NULL;
	char prefix[PREFIX2STR_BUFFER], what[sizeof(session->violation.what)];

	while (path && !(session = gated_origin(path)))
		path = path->next;
	if (!session)
		return;
	prefix2str(bgp_dest_get_prefix(dest), prefix, sizeof(prefix));
	snprintf(what, sizeof(what), "%s%s is in the %s table of vrf %s", path_origin(path) != path ? "a copy of " : "", prefix,
		 get_afi_safi_str(walk.afi, walk.safi, false), walk.vrf);
	violated(session, what);
}

static void walk_some(event_ref *event)
{
	struct timeval begun;
	unsigned int steps = 0;
	TURN(TURN_AUDIT);

	if (!router_works())
		return;
	if (session_counted_count() == 0) {
		rib_walk_end(&walk.table);
		walk.on = false;
		return;
	}
	if (!wall_stands(WALL_AUDIT)) {
		event_add_milliseconds(walk_some, NULL, WALK_MILLISECONDS, &walk_event);
		return;
	}
	monotime(&begun);
	if (!walk.on) {
		walk.on = walk.first_instance = true;
		walk.vrf[0] = '\0';
	}
	while (rib_walk_is_on(&walk.table) || next_table()) {
		struct prefix_rd *rd;
		struct bgp_dest *dest = rib_walk_next(&walk.table, &rd);

		/* Shutting the session may free paths: one finding for each prefix, and no path is looked at afterwards. */
		if (dest)
			look_at_paths(dest);
		if (++steps % CLOCK_EACH == 0 && time_is_up(&begun)) {
			note_time(&begun);
			event_add_milliseconds(walk_some, NULL, WALK_MILLISECONDS, &walk_event);
			return;
		}
	}
	note_time(&begun);
	walk.on = false;
	figures.walks++;
	event_add_milliseconds(walk_some, NULL, WALK_REST_MILLISECONDS, &walk_event);
}

void audit_begin(void)
{
	if (!look_event)
		event_add_milliseconds(look, NULL, LOOK_MILLISECONDS, &look_event);
	if (!walk_event)
		event_add_milliseconds(walk_some, NULL, WALK_MILLISECONDS, &walk_event);
}
