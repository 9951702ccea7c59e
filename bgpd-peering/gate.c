// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate.h"

/* What our shutdown messages begin with; `neighbor X shutdown message …` of the operator's own is left alone. */
#define SHUT_PREFIX "peering "

/* ---- the operator's policy ---- */

void gate_want(struct session *session, afi_t afi, safi_t safi, int direction, const char *name)
{
	struct wanted_policy *wanted = &session->wanted[afi][safi][direction];

	if (wanted->known && ((!wanted->name && !name) || (wanted->name && name && strcmp(wanted->name, name) == 0)))
		return;
	XFREE(MTYPE_PEERING_TEXT, wanted->name);
	wanted->name = name ? XSTRDUP(MTYPE_PEERING_TEXT, name) : NULL;
	wanted->known = true;
}

void gate_want_nothing(struct session *session, afi_t afi, safi_t safi, int direction)
{
	struct wanted_policy *wanted = &session->wanted[afi][safi][direction];

	XFREE(MTYPE_PEERING_TEXT, wanted->name);
	wanted->known = false;
}

static const char *policy_name(const struct peer *peer, afi_t afi, safi_t safi, int direction)
{
	return peer->filter[afi][safi].map[direction].name;
}

static bool is_reserved(const char *name)
{
	return name && strcmp(name, GATE_ROUTE_MAP) == 0;
}

const char *gate_operator_policy(const struct session *session, afi_t afi, safi_t safi, int direction)
{
	struct peer *peer = session_peer(session);
	const char *name = peer ? policy_name(peer, afi, safi, direction) : NULL;
	const struct wanted_policy *wanted = &session->wanted[afi][safi][direction];

	if (name && !is_reserved(name))
		return name;
	if (wanted->known && wanted->name)
		return wanted->name;
	if (wanted->known && peer && peer_group_active(peer))
		return peer->group->conf->filter[afi][safi].map[direction].name;
	return NULL;
}

/* Keeps what stands in the operator's place, before the reserved name takes it. */
static void remember_policy(struct session *session, struct peer *peer, afi_t afi, safi_t safi, int direction)
{
	bool own = CHECK_FLAG(peer->filter_override[afi][safi][direction], PEER_FT_ROUTE_MAP);

	gate_want(session, afi, safi, direction, own ? policy_name(peer, afi, safi, direction) : NULL);
}

static void restore_policy(struct session *session, struct peer *peer, afi_t afi, safi_t safi, int direction)
{
	struct wanted_policy *wanted = &session->wanted[afi][safi][direction];

	/* Nobody has said what belongs there: denied, until somebody does. */
	if (!is_reserved(policy_name(peer, afi, safi, direction)) || !wanted->known)
		return;
	if (wanted->name)
		peer_route_map_set(peer, afi, safi, direction, wanted->name, route_map_lookup_by_name(wanted->name));
	else
		peer_route_map_unset(peer, afi, safi, direction);
	gate_want_nothing(session, afi, safi, direction);
}

/* ---- the walls ---- */

static void close_family(struct session *session, struct peer *peer, afi_t afi, safi_t safi)
{
	/*
	 * First the negotiated flag: with it, a policy call would put an established peer into an update-group at once.
	 * A session that is already in one is emptied through the route-map instead, for which it has to stay there.
	 */
	if (peer_is_established(peer) && peer->afc_nego[afi][safi]) {
		struct peer_af *paf = peer_af_find(peer, afi, safi);

		if (!paf || !PAF_SUBGRP(paf)) {
			peer->afc_nego[afi][safi] = 0;
			session->negotiated[afi][safi] = true;
		}
	}
	if (!peer->afc[afi][safi])
		return;
	for (int direction = 0; direction < RMAP_MAX; direction++) {
		if (is_reserved(policy_name(peer, afi, safi, direction)))
			continue;
		remember_policy(session, peer, afi, safi, direction);
		peer_route_map_set(peer, afi, safi, direction, GATE_ROUTE_MAP,
				   route_map_lookup_by_name(GATE_ROUTE_MAP));
	}
}

static void open_family(struct session *session, struct peer *peer, afi_t afi, safi_t safi)
{
	if (peer->afc[afi][safi])
		for (int direction = 0; direction < RMAP_MAX; direction++)
			restore_policy(session, peer, afi, safi, direction);

	if (!session->negotiated[afi][safi])
		return;
	session->negotiated[afi][safi] = false;
	if (!peer_is_established(peer) || !peer->afc[afi][safi])
		return;
	/* The policy stands already, so what the peer joins now is the update-group of the operator's own policy. */
	peer->afc_nego[afi][safi] = 1;
	update_group_adjust_peer(peer_af_find(peer, afi, safi));
	bgp_announce_route(peer, afi, safi, false);
}

void gate_assert(struct session *session)
{
	struct peer *peer = session_peer(session);
	afi_t afi;
	safi_t safi;

	if (!peer || session->hands_off)
		return;
	if (session->gate == GATE_DENY) {
		FOREACH_AFI_SAFI (afi, safi)
			close_family(session, peer, afi, safi);
	} else {
		FOREACH_AFI_SAFI (afi, safi)
			open_family(session, peer, afi, safi);
	}
}

void gate_close(struct session *session)
{
	session->gate = GATE_DENY;
	session->hands_off = false;
	gate_assert(session);
}

/* Whether bgpd can learn again what the peer has sent, without a new session. */
static bool can_learn_again(const struct peer *peer)
{
	afi_t afi;
	safi_t safi;

	if (peer_can_refresh(peer))
		return true;
	FOREACH_AFI_SAFI (afi, safi)
		if (peer->afc_nego[afi][safi] && !CHECK_FLAG(peer->af_flags[afi][safi], PEER_FLAG_SOFT_RECONFIG))
			return false;
	return true;
}

bool gate_open(struct session *session)
{
	struct peer *peer = session_peer(session);

	session->gate = GATE_ALLOW;
	session->hands_off = false;
	gate_assert(session);
	if (peer && peer_is_established(peer) && !can_learn_again(peer)) {
		peer_reset_session(peer);
		return false;
	}
	return true;
}

/* ---- what passes ---- */

uint64_t session_installed_count(const struct session *session, afi_t afi, safi_t safi)
{
	struct peer *peer = session_peer(session);

	return peer ? peer->pcount[afi][safi] : 0;
}

static uint64_t advertised_to(struct peer *peer, afi_t afi, safi_t safi)
{
	struct peer_af *paf = peer_af_find(peer, afi, safi);
	struct update_subgroup *subgroup = paf ? PAF_SUBGRP(paf) : NULL;

	return subgroup ? subgroup->scount : 0;
}

uint64_t session_advertised_count(const struct session *session, afi_t afi, safi_t safi)
{
	struct peer *peer = session_peer(session);

	return peer ? advertised_to(peer, afi, safi) : 0;
}

void gate_inspect(const struct session *session, struct gate_facts *facts)
{
	struct peer *peer = session_peer(session);
	afi_t afi;
	safi_t safi;

	/* Somebody who defines the reserved name has taken one wall down. */
	*facts = (struct gate_facts){.walls = route_map_lookup_by_name(GATE_ROUTE_MAP) == NULL};
	if (!peer)
		return;
	FOREACH_AFI_SAFI (afi, safi) {
		struct peer_af *paf = peer_af_find(peer, afi, safi);

		facts->installed += peer->pcount[afi][safi];
		facts->advertised += advertised_to(peer, afi, safi);
		if (paf && PAF_SUBGRP(paf))
			facts->walls = false;
		for (int direction = 0; peer->afc[afi][safi] && direction < RMAP_MAX; direction++)
			if (!is_reserved(policy_name(peer, afi, safi, direction)))
				facts->walls = false;
	}
}

/* ---- administratively down ---- */

void gate_shut(struct session *session, const char *message)
{
	struct peer *peer = session_peer(session);
	char text[DESCRIPTION_MAX];

	if (!peer || peer_dynamic_neighbor(peer) || CHECK_FLAG(peer->flags, PEER_FLAG_SHUTDOWN))
		return;
	snprintf(text, sizeof(text), SHUT_PREFIX "%s", message);
	peer_tx_shutdown_message_set(peer, text);
	peer_flag_set(peer, PEER_FLAG_SHUTDOWN);
}

void gate_unshut(struct session *session)
{
	struct peer *peer = session_peer(session);

	if (!peer || !CHECK_FLAG(peer->flags, PEER_FLAG_SHUTDOWN) || !peer->tx_shutdown_message ||
	    strncmp(peer->tx_shutdown_message, SHUT_PREFIX, strlen(SHUT_PREFIX)) != 0)
		return;
	peer_flag_unset(peer, PEER_FLAG_SHUTDOWN);
	peer_tx_shutdown_message_unset(peer);
}
