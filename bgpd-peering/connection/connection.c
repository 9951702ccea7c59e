// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/connection.h"

#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/router.h"

#include "lib/jhash.h"

/* All of it lives as long as bgpd. */
DEFINE_MGROUP_ACTIVEATEXIT(PEERING, "Peering");
DEFINE_MTYPE(PEERING, PEERING_TEXT, "Peering text and history");
DEFINE_MTYPE_STATIC(PEERING, PEERING_CONNECTION, "Peering connection");
DEFINE_MTYPE_STATIC(PEERING, PEERING_SESSION, "Peering session");

struct connection_tree_head connections;
static struct session_table_head sessions_by_address;
static struct gated_peer_table_head sessions_by_peer;
static struct watched_peer_table_head sessions_by_watched;

int connection_compare(const struct connection *a, const struct connection *b)
{
	return strcmp(a->name, b->name);
}

static int session_compare(const struct session *a, const struct session *b)
{
	int difference = strcmp(a->address, b->address);

	return difference ? difference : strcmp(a->connection->vrf, b->connection->vrf);
}

static uint32_t session_hash(const struct session *session)
{
	uint32_t hash = jhash(session->address, strlen(session->address), 0x70656572);

	return jhash(session->connection->vrf, strlen(session->connection->vrf), hash);
}

DECLARE_HASH(session_table, struct session, by_address, session_compare, session_hash);

static int counted_compare(const struct session *a, const struct session *b)
{
	return numcmp((uintptr_t)a->counted_peer, (uintptr_t)b->counted_peer);
}

static uint32_t counted_hash(const struct session *session)
{
	return jhash(&session->counted_peer, sizeof(session->counted_peer), 0x67617465);
}

DECLARE_DLIST(policy_list, struct session, in_policies);
static struct policy_list_head policies_changed;

DECLARE_HASH(gated_peer_table, struct session, by_peer, counted_compare, counted_hash);

static int watched_compare(const struct session *a, const struct session *b)
{
	return numcmp((uintptr_t)a->watched_peer, (uintptr_t)b->watched_peer);
}

static uint32_t watched_hash(const struct session *session)
{
	return jhash(&session->watched_peer, sizeof(session->watched_peer), 0x77617463);
}

DECLARE_HASH(watched_peer_table, struct session, by_watched, watched_compare, watched_hash);

void connections_init(void)
{
	connection_tree_init(&connections);
	session_table_init(&sessions_by_address);
	gated_peer_table_init(&sessions_by_peer);
	watched_peer_table_init(&sessions_by_watched);
	policy_list_init(&policies_changed);
}

/* ---- connections ---- */

struct connection *connection_find(const char *name)
{
	struct connection key;

	if (strlcpy(key.name, name, sizeof(key.name)) >= sizeof(key.name))
		return NULL;
	return connection_tree_find(&connections, &key);
}

struct connection *connection_new(const char *name, const char *vrf)
{
	struct connection *connection = XCALLOC(MTYPE_PEERING_CONNECTION, sizeof(*connection));

	router.changes++;
	strlcpy(connection->name, name, sizeof(connection->name));
	strlcpy(connection->vrf, vrf, sizeof(connection->vrf));
	session_list_init(&connection->sessions);
	connection_tree_add(&connections, connection);
	return connection;
}

void connection_delete(struct connection *connection)
{
	assert(session_list_count(&connection->sessions) == 0);
	router.changes++;
	event_stop(connection->evaluation);
	event_stop(connection->after_hook);
	link_test_forget(connection);
	event_stop(connection->drain.look);
	event_stop(connection->state_timer);
	connection_tree_del(&connections, connection);
	XFREE(MTYPE_PEERING_TEXT, connection->history);
	XFREE(MTYPE_PEERING_CONNECTION, connection);
}

void connection_clear_configuration(struct connection *connection)
{
	struct session *session;

	connection->declared = connection->adopted_line = connection->activation_set = false;
	connection->kind = KIND_DIRECT;
	connection->remote_as = 0;
	connection->description[0] = '\0';
	memset(connection->received_limit, 0, sizeof(connection->received_limit));
	memset(connection->timers, 0, sizeof(connection->timers));
	connection->profile[0] = '\0';
	memset(connection->allowed_prefixes, 0, sizeof(connection->allowed_prefixes));
	memset(connection->check_levels, 0, sizeof(connection->check_levels));
	connection->on_violation_deny = connection->reopen_auto = false;
	connection->reopen_hold_down = 0;
	connection->link_test = (struct link_test_settings){0};
	frr_each (session_list, &connection->sessions, session)
		session->declared = session->required = false;
}

enum connection_state connection_coming_state(const struct connection *connection)
{
	return connection->pending.ticket ? connection->pending.entry.to : connection->state;
}

bool connection_has_conflict(const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session->hands_off)
			return true;
	return false;
}

/* Carries traffic on every session. */
static bool is_in_full_service(const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		struct peer *peer = session_peer(session);

		if (!peer || !peer_is_established(peer) || session->gate != GATE_ALLOW)
			return false;
	}
	return connection->state == STATE_ACTIVE && session_list_count(&connection->sessions);
}

/* Whether another connection with this peer carries the traffic; that it is wide enough is for the operator to know. */
static bool has_sibling(const struct connection *connection)
{
	const struct connection *other;
	as_t peer = connection_peer_asn(connection);

	frr_each (connection_tree_const, &connections, other)
		if (other != connection && peer && connection_peer_asn(other) == peer && is_in_full_service(other))
			return true;
	return false;
}

void connection_facts(const struct connection *connection, struct lifecycle_facts *facts)
{
	const struct session *session;

	*facts = (struct lifecycle_facts){
		.kind = connection->kind,
		.former = connection->former,
		.discovered = connection->discovered,
		.ended = connection->state == STATE_NONE && connection->state_since,
		.link_tested = connection->link_result.passed,
		.link_required = connection->link_test.level == LINK_TEST_REQUIRED,
		.draining = drain_is_on(connection),
		.maintenance = connection->maintenance.on,
		.deny_on_violation = connection->on_violation_deny,
		.sibling = connection->state == STATE_TYPE_CHANGE_REQUESTED && has_sibling(connection),
	};
	frr_each (session_list_const, &connection->sessions, session) {
		facts->violated |= session->held && session->denied;
		facts->held |= session->held && !session->denied;
	}
}

enum connection_kind connection_kind_to_be(const struct connection *connection)
{
	return connection->state == STATE_TYPE_CHANGE_IN_PROGRESS ? connection->wanted_kind : connection->kind;
}

enum activation_mode connection_activation(const struct connection *connection)
{
	return connection->activation_set ? connection->activation : ACTIVATION_MANUAL;
}

/* ---- sessions ---- */

struct session *session_find(const char *vrf, const char *address)
{
	struct connection connection;
	struct session key = {.connection = &connection};

	if (strlcpy(connection.vrf, vrf, sizeof(connection.vrf)) >= sizeof(connection.vrf) ||
	    strlcpy(key.address, address, sizeof(key.address)) >= sizeof(key.address))
		return NULL;
	return session_table_find(&sessions_by_address, &key);
}

struct session *session_new(struct connection *connection, const char *address)
{
	struct session *session = XCALLOC(MTYPE_PEERING_SESSION, sizeof(*session));

	router.changes++;
	session->connection = connection;
	session->required = true;
	session->gate = GATE_DENY;
	strlcpy(session->address, address, sizeof(session->address));
	session_table_add(&sessions_by_address, session);
	session_list_add_tail(&connection->sessions, session);
	return session;
}

void session_delete(struct session *session)
{
	afi_t afi;
	safi_t safi;

	router.changes++;
	gate_session_down(session);
	if (session->wanted_changed)
		policy_list_del(&policies_changed, session);
	FOREACH_AFI_SAFI (afi, safi)
		for (int direction = 0; direction < RMAP_MAX; direction++)
			XFREE(MTYPE_PEERING_TEXT, session->wanted[afi][safi][direction].name);
	session_table_del(&sessions_by_address, session);
	session_list_del(&session->connection->sessions, session);
	XFREE(MTYPE_PEERING_SESSION, session);
}

void session_move(struct session *session, struct connection *to)
{
	router.changes++;
	session_table_del(&sessions_by_address, session);
	session_list_del(&session->connection->sessions, session);
	session->connection = to;
	session_table_add(&sessions_by_address, session);
	session_list_add_tail(&to->sessions, session);
}

bool session_normalize(const char *text, char address[SESSION_ADDRESS_MAX])
{
	union sockunion su;

	if (str2sockunion(text, &su) == 0)
		return sockunion2str(&su, address, SESSION_ADDRESS_MAX) != NULL;
	return strlcpy(address, text, SESSION_ADDRESS_MAX) < SESSION_ADDRESS_MAX;
}

const char *bgp_vrf_name(const struct bgp *bgp)
{
	return bgp->name ? bgp->name : VRF_DEFAULT_NAME;
}

enum counted_family session_family(const struct session *session)
{
	struct in_addr ipv4;

	return inet_pton(AF_INET, session->address, &ipv4) == 1 ? FAMILY_IPV4 : FAMILY_IPV6;
}

const char *session_bgp_words(const struct session *session, char text[BGP_WORDS_MAX])
{
	const char *vrf = session->connection->vrf;
	bool is_default = strcmp(vrf, VRF_DEFAULT_NAME) == 0;

	snprintf(text, BGP_WORDS_MAX, "bgp%s%s", is_default ? "" : " vrf ", is_default ? "" : vrf);
	return text;
}

struct bgp *bgp_of_vrf(const char *vrf)
{
	if (!router_works())
		return NULL;
	return strcmp(vrf, VRF_DEFAULT_NAME) == 0 ? bgp_get_default() : bgp_lookup_by_name(vrf);
}

struct peer *session_peer(const struct session *session)
{
	struct bgp *bgp = bgp_of_vrf(session->connection->vrf);
	union sockunion su;

	if (!bgp)
		return NULL;
	if (str2sockunion(session->address, &su) == 0)
		return peer_find(bgp, &su);
	return peer_lookup_by_conf_if(bgp, session->address);
}

const char *peer_key(const struct peer *peer)
{
	return peer->conf_if ? peer->conf_if : peer->host;
}

struct session *session_of_peer(const struct peer *peer)
{
	return session_find(bgp_vrf_name(peer->bgp), peer_key(peer));
}

bool session_carries(const struct session *session, const struct peer *peer, afi_t afi, safi_t safi)
{
	if (peer_is_established((struct peer *)peer))
		return peer->afc_nego[afi][safi] || session->negotiated[afi][safi];
	return peer->afc[afi][safi];
}

void session_policy_changed(struct session *session)
{
	if (session->wanted_changed)
		return;
	session->wanted_changed = true;
	policy_list_add_tail(&policies_changed, session);
}

struct session *session_policy_next(void)
{
	struct session *session = policy_list_pop(&policies_changed);

	if (session)
		session->wanted_changed = false;
	return session;
}

/* ---- what gated peers send ---- */

struct session *session_counted(const struct peer *peer)
{
	struct session key = {.counted_peer = (struct peer *)peer};

	if (gated_peer_table_count(&sessions_by_peer) == 0)
		return NULL;
	return gated_peer_table_find(&sessions_by_peer, &key);
}

size_t session_counted_count(void)
{
	return gated_peer_table_count(&sessions_by_peer);
}

void session_counted_set(struct session *session, struct peer *peer)
{
	session_counted_clear(session);
	session->counted_peer = peer;
	gated_peer_table_add(&sessions_by_peer, session);
}

void session_counted_clear(struct session *session)
{
	if (!session->counted_peer)
		return;
	gated_peer_table_del(&sessions_by_peer, session);
	session->counted_peer = NULL;
}

/* ---- what peers in service send ---- */

struct session *session_watched(const struct peer *peer)
{
	struct session key = {.watched_peer = (struct peer *)peer};

	if (watched_peer_table_count(&sessions_by_watched) == 0)
		return NULL;
	return watched_peer_table_find(&sessions_by_watched, &key);
}

void session_watched_set(struct session *session, struct peer *peer)
{
	session_watched_clear(session);
	session->watched_peer = peer;
	watched_peer_table_add(&sessions_by_watched, session);
}

void session_watched_clear(struct session *session)
{
	if (!session->watched_peer)
		return;
	watched_peer_table_del(&sessions_by_watched, session);
	session->watched_peer = NULL;
}
