// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/adoption.h"

#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/gate/session_events.h"
#include "bgpd-peering/gate/walls.h"
#include "bgpd-peering/turn.h"

#include "lib/jhash.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_ADOPTION, "Peering adoption");

#define SLICE_MICROSECONDS 3000

PREDECL_HASH(mark_table);
PREDECL_DLIST(mark_list);

struct mark {
	struct mark_table_item by_key;
	struct mark_list_item in_order;
	char vrf[VRF_NAME_MAX];
	char key[SESSION_ADDRESS_MAX];
	bool gated;
};

static int mark_compare(const struct mark *a, const struct mark *b)
{
	int difference = strcmp(a->key, b->key);

	return difference ? difference : strcmp(a->vrf, b->vrf);
}

static uint32_t mark_hash(const struct mark *mark)
{
	return jhash(mark->key, strlen(mark->key), jhash(mark->vrf, strlen(mark->vrf), 0x61646f70));
}

DECLARE_HASH(mark_table, struct mark, by_key, mark_compare, mark_hash);
DECLARE_DLIST(mark_list, struct mark, in_order);

static struct mark_table_head marks;
static struct mark_list_head order;
static event_ref *slice_event;

/* ---- marks ---- */

static bool any_marks(void)
{
	return mark_table_count(&marks) > 0;
}

static struct mark *find(const struct peer *peer)
{
	struct mark key;

	if (!any_marks())
		return NULL;
	strlcpy(key.vrf, bgp_vrf_name(peer->bgp), sizeof(key.vrf));
	strlcpy(key.key, peer_key(peer), sizeof(key.key));
	return mark_table_find(&marks, &key);
}

void adoption_mark(const struct peer *peer, bool gated)
{
	struct mark *mark = find(peer);

	if (mark) {
		mark->gated |= gated;
		return;
	}
	if (!any_marks()) {
		mark_table_init(&marks);
		mark_list_init(&order);
	}
	mark = XCALLOC(MTYPE_PEERING_ADOPTION, sizeof(*mark));
	strlcpy(mark->vrf, bgp_vrf_name(peer->bgp), sizeof(mark->vrf));
	strlcpy(mark->key, peer_key(peer), sizeof(mark->key));
	mark->gated = gated;
	mark_table_add(&marks, mark);
	mark_list_add_tail(&order, mark);
}

static void unmark(struct mark *mark)
{
	mark_table_del(&marks, mark);
	mark_list_del(&order, mark);
	XFREE(MTYPE_PEERING_ADOPTION, mark);
	if (!any_marks())
		mark_table_fini(&marks);
}

bool adoption_awaits(const struct peer *peer)
{
	return find(peer) != NULL;
}

size_t adoption_left(void)
{
	return mark_table_count(&marks);
}

void adoption_unmark(const struct peer *peer)
{
	struct mark *mark = find(peer);

	if (mark)
		unmark(mark);
}

/* ---- adopting ---- */

struct speaker {
	void (*said)(const char *line, void *context);
	void *context;
};

static void say(const struct speaker *speaker, const char *name, as_t asn, const char *what)
{
	char line[CONNECTION_NAME_MAX + REFUSAL_MESSAGE_MAX + 32];

	snprintf(line, sizeof(line), "%s AS%u: %s", name, asn, what);
	if (speaker->said)
		speaker->said(line, speaker->context);
}

static void name_of(const struct peer *peer, const struct session *session, char name[CONNECTION_NAME_MAX])
{
	if (session)
		strlcpy(name, session->connection->name, CONNECTION_NAME_MAX);
	else
		default_deny_name(peer_key(peer), name);
}

void adoption_describe(const struct peer *peer, void (*said)(const char *line, void *context), void *context)
{
	struct session *session = session_of_peer(peer);
	char name[CONNECTION_NAME_MAX];

	name_of(peer, session, name);
	say(&(struct speaker){said, context}, name, peer->as,
	    session ? "would be adopted, and its gate opened" : "would be adopted");
}

static struct session *make(const struct peer *peer, const char *name)
{
	struct connection *connection = connection_new(name, bgp_vrf_name(peer->bgp));
	struct session *session;

	connection->kind = KIND_EXCHANGE;
	connection->declared = connection->adopted_line = true;
	session = session_new(connection, peer_key(peer));
	session->declared = true;
	session->hands_off = adoption_leaves_open(peer);
	return session;
}

static void adopt(struct peer *peer, bool gated, const struct speaker *speaker)
{
	struct session *session = session_of_peer(peer);
	char name[CONNECTION_NAME_MAX];
	struct connection *connection;
	struct verdict verdict;
	bool made = !session;

	if (session && !(gated && session->connection->discovered))
		return;
	name_of(peer, session, name);
	if (made)
		session = make(peer, name);
	connection = session->connection;
	if (transition(connection, EVENT_ADOPT, "operator", "there already", &verdict)) {
		connection->pending.made = made && connection->pending.ticket;
		strlcpy(verdict.message, "adopted", sizeof(verdict.message));
	} else if (made) {
		/* It is what it was: left behind, an open session would be gated at its next start, a gated one opened. */
		session_delete(session);
		connection_delete(connection);
	}
	say(speaker, name, peer->as, verdict.message);
	zlog_notice("peering: %s AS%u: %s", name, peer->as, verdict.message);
}

bool adoption_leaves_open(const struct peer *peer)
{
	return peer_is_established((struct peer *)peer) || default_deny_mode(bgp_vrf_name(peer->bgp)) != DEFAULT_DENY_ON;
}

static bool is_denied_without(const struct session *session)
{
	const struct peer *peer = session_peer(session);

	return peer && default_deny_judge(peer) == IS_DENIED;
}

void adoption_failed(struct connection *connection)
{
	struct session *session;
	bool any_denied = false;

	default_deny_adoption_failed(connection->vrf);
	frr_each (session_list, &connection->sessions, session)
		any_denied |= is_denied_without(session);
	if (!any_denied) {
		transition_let_go(connection);
		return;
	}
	frr_each_safe (session_list, &connection->sessions, session) {
		session->declared = false;
		if (!is_denied_without(session))
			session_delete(session);
	}
	connection->declared = connection->adopted_line = false;
	connection->discovered = true;
	connection->remote_as = session_peer(session_list_first(&connection->sessions))->as;
	session_events_later(connection);
}

static struct peer *peer_of(const struct mark *mark)
{
	struct connection connection;
	struct session probe = {.connection = &connection};

	strlcpy(connection.vrf, mark->vrf, sizeof(connection.vrf));
	strlcpy(probe.address, mark->key, sizeof(probe.address));
	return session_peer(&probe);
}

static void adopt_first(const struct speaker *speaker)
{
	struct mark *mark = mark_list_first(&order);
	struct peer *peer = peer_of(mark);
	bool gated = mark->gated;

	unmark(mark);
	/* It may have gone meanwhile, or have been excepted. */
	if (peer && default_deny_covers(peer))
		adopt(peer, gated, speaker);
}

static void adopt_slice(event_ref *event)
{
	const struct speaker nobody = {0};
	struct timeval begun;
	TURN(TURN_LIFECYCLE);

	if (!wall_stands(WALL_ADOPTION)) {
		event_add_milliseconds(adopt_slice, NULL, 50, &slice_event);
		return;
	}
	monotime(&begun);
	while (any_marks() && monotime_since(&begun, NULL) < SLICE_MICROSECONDS)
		adopt_first(&nobody);
	if (any_marks()) {
		event_add_now(adopt_slice, NULL, &slice_event);
		return;
	}
	zlog_notice("peering: every neighbor that was to be adopted is");
	default_deny_adopted();
}

void adoption_run(void (*said)(const char *line, void *context), void *context)
{
	const struct speaker speaker = {said, context};
	char line[128];

	if (adoption_left() <= ADOPTED_AT_ONCE) {
		while (any_marks())
			adopt_first(&speaker);
		event_stop(slice_event);
		default_deny_adopted();
		return;
	}
	snprintf(line, sizeof(line), "%zu neighbors are being adopted, and carry on meanwhile; `show peering` says how many are left",
		 adoption_left());
	if (said)
		said(line, context);
	zlog_notice("peering: %s", line);
	if (!slice_event)
		event_add_now(adopt_slice, NULL, &slice_event);
}
