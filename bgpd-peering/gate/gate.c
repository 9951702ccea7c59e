// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/gate.h"

#include "bgpd-peering/checks/watch.h"
#include "bgpd-peering/commands/debug_areas.h"
#include "bgpd-peering/gate/drain_policy.h"
#include "bgpd-peering/gate/gate_closing.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/gate/walls.h"
#include "bgpd-peering/router.h"

#include "lib/utf8.h"

/* What our shutdown messages begin with; `neighbor X shutdown message …` of the operator's own is left alone. */
#define SHUT_PREFIX "peering "

/* ---- the families of a session ---- */

static struct update_subgroup *subgroup_of(struct peer *peer, afi_t afi, safi_t safi)
{
	struct peer_af *peer_family = peer_af_find(peer, afi, safi);

	return peer_family ? PAF_SUBGRP(peer_family) : NULL;
}

/*
 * bgpd puts no peer into an update-group for a family that was not negotiated. The flag is cleared before any policy call,
 * which would join the peer at once, and never set without joining: bgpd's conditional advertisement takes a peer that
 * has it and no group for a fault of its own, and ends.
 *
 * Its bookkeeping of graceful restart goes by the same flag. A family that is hidden is not waited for after a restart of
 * this router, so its End-of-RIB must not be counted either.
 */
static void hide_family(struct session *session, struct peer *peer, afi_t afi, safi_t safi)
{
	peer->afc_nego[afi][safi] = 0;
	session->negotiated[afi][safi] = true;
	SET_FLAG(peer->af_sflags[afi][safi], PEER_STATUS_EOR_RECEIVED);
}

/* As bgpd does at Established for a family that is negotiated: its routes are kept while the peer restarts. */
static void keep_through_restart(struct peer *peer, afi_t afi, safi_t safi)
{
	if (!CHECK_FLAG(peer->cap, PEER_CAP_RESTART_ADV) ||
	    !CHECK_FLAG(peer->af_cap[afi][safi], PEER_CAP_RESTART_AF_RCV) || peer->nsf[afi][safi])
		return;
	peer->nsf[afi][safi] = 1;
	peer->nsf_af_count++;
	SET_FLAG(peer->sflags, PEER_STATUS_NSF_MODE);
}

static void show_family(struct session *session, struct peer *peer, afi_t afi, safi_t safi)
{
	struct peer_af *peer_family = peer_af_find(peer, afi, safi);

	session->negotiated[afi][safi] = false;
	if (!peer->afc[afi][safi] || !peer_family)
		return;
	/* The policy stands already, so what the peer joins now is the update-group of the operator's own policy. */
	peer->afc_nego[afi][safi] = 1;
	keep_through_restart(peer, afi, safi);
	/* It asked for a delay until it has sent its filter, which bgpd has not looked at while the family was hidden. */
	UNSET_FLAG(peer->af_sflags[afi][safi], PEER_STATUS_ORF_WAIT_REFRESH);
	update_group_adjust_peer(peer_family);
	if (session->gate == GATE_DRAIN)
		drain_policy_default(peer, afi, safi, true);
	/* Not bgp_announce_route(), whose timer lets the End-of-RIB out before the routes. */
	subgroup_announce_all(PAF_SUBGRP(peer_family));
	peer->advmap_config_change[afi][safi] = true;
}

/* ---- closed ---- */

/* Whether anything of somebody's was in the way. */
static bool close_family(struct session *session, struct peer *peer, afi_t afi, safi_t safi, bool typed)
{
	bool was_open = false, changed;

	if (peer_is_established(peer)) {
		if (subgroup_of(peer, afi, safi) && wall_stands(WALL_CLOSING)) {
			was_open = true;
			gate_closing_leave(session, peer, peer_af_find(peer, afi, safi));
		}
		if (peer->afc_nego[afi][safi] && wall_stands(WALL_GROUPS))
			hide_family(session, peer, afi, safi);
	}
	/* A peer that was heard until now is asked to say it all again: it is counted from here on. */
	changed = gate_policy_deny(session, peer, afi, safi, typed, was_open ? ASK_THE_PEER : LEARN_NOTHING);
	if (peer_is_established(peer) && wall_stands(WALL_CLOSING))
		gate_closing_remove_paths(session, peer, afi, safi);
	return changed;
}

static bool close_all(struct session *session, struct peer *peer, bool typed)
{
	bool changed = false;
	afi_t afi;
	safi_t safi;

	/*
	 * The wall in front of the parser first: what the peer sends from here on is not heard, nor what was just being given
	 * out of what had been kept.
	 */
	if (peer_is_established(peer) && (session->counted_peer != peer || session->replay))
		inbound_begin(session, peer, false);
	FOREACH_AFI_SAFI (afi, safi)
		changed |= close_family(session, peer, afi, safi, typed);
	return changed;
}

/* ---- open ---- */

/* What bgpd has kept itself and what was kept here since make up all that the peer announces. */
static bool kept_by_bgpd(const struct session *session, const struct peer *peer)
{
	afi_t afi;
	safi_t safi;

	if (!adj_rib_in_complete(session->adj_rib_in))
		return false;
	FOREACH_AFI_SAFI (afi, safi)
		if (session->negotiated[afi][safi] && !CHECK_FLAG(peer->af_flags[afi][safi], PEER_FLAG_SOFT_RECONFIG))
			return false;
	return true;
}

enum gate_opening gate_opening(const struct session *session)
{
	const struct peer *peer = session_peer(session);

	if (!peer || !peer_is_established((struct peer *)peer) || inbound_is_complete(session))
		return OPENS_WITH_KEPT;
	if (peer_can_refresh(peer))
		return OPENS_WITH_REFRESH;
	return kept_by_bgpd(session, peer) ? OPENS_WITH_KEPT : OPENS_WITH_RESET;
}

/* What bgpd is to do about the peer's routes where its policy changes. */
static enum gate_policy_learning learning_of(const struct session *session, enum gate_opening opening, bool was_closed)
{
	if (!was_closed)
		return ASK_OR_TAKE;
	if (opening == OPENS_WITH_REFRESH)
		return ASK_THE_PEER;
	return inbound_is_complete(session) ? LEARN_NOTHING : TAKE_KEPT;
}

/* Both directions of every family at once. Returns whether the session stays up. */
static bool open_all(struct session *session, struct peer *peer, bool typed)
{
	bool was_closed = peer_is_established(peer) && session->counted_peer == peer && !session->replay;
	enum gate_opening opening = gate_opening(session);
	enum gate_policy_learning learning = learning_of(session, opening, was_closed);
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi) {
		if (session->gate == GATE_DRAIN)
			gate_policy_drain(session, peer, afi, safi, typed, learning);
		else
			gate_policy_restore(session, peer, afi, safi, learning);
	}
	if (!was_closed)
		return true;
	/* What is given out, or asked for, comes by once more. */
	watch_begin(session, peer, opening == OPENS_WITH_REFRESH || inbound_is_complete(session));
	if (opening == OPENS_WITH_KEPT)
		inbound_replay(session);
	else
		inbound_end(session);
	FOREACH_AFI_SAFI (afi, safi)
		if (session->negotiated[afi][safi])
			show_family(session, peer, afi, safi);
	if (opening != OPENS_WITH_RESET)
		return true;
	peer_reset_session(peer);
	return false;
}

/* ---- down ---- */

/* It restarts, and bgpd keeps its routes until it is back: for minutes, with long-lived stale routes for days. */
static bool is_waited_for(const struct peer *peer)
{
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi)
		if (CHECK_FLAG(peer->af_sflags[afi][safi], PEER_STATUS_LLGR_WAIT))
			return true;
	return CHECK_FLAG(peer->sflags, PEER_STATUS_NSF_WAIT);
}

/*
 * Behind a closed gate no peer is waited for: its routes go as they do when a session ends. bgpd deletes a dynamic neighbor
 * that it has kept for them at its next attempt to connect.
 */
static void wait_no_more(struct peer *peer)
{
	afi_t afi;
	safi_t safi;

	if (peer_is_established(peer) || !is_waited_for(peer) || !wall_stands(WALL_CLOSING))
		return;
	peer_nsf_stop(peer);
	/* It stops that timer and leaves the flag. */
	FOREACH_AFI_SAFI (afi, safi)
		UNSET_FLAG(peer->af_sflags[afi][safi], PEER_STATUS_LLGR_WAIT);
}

/* ---- the interface ---- */

static bool assert_gate(struct session *session, bool typed)
{
	struct peer *peer = session_peer(session);

	if (!peer || session->hands_off)
		return false;
	if (session->gate == GATE_DENY)
		return close_all(session, peer, typed);
	/* The next closing takes out what is taken now, whatever stayed behind the last one. */
	session->removal_failed = false;
	/* Withdrawals that are on their way would take back what is announced now. */
	if (!gate_closing_is_on(session))
		open_all(session, peer, typed);
	return false;
}

void gate_assert(struct session *session)
{
	assert_gate(session, false);
}

void gate_assert_typed(struct session *session, const char *line)
{
	if (!assert_gate(session, true) || session->gate != GATE_DENY)
		return;
	debug_log(DEBUG_GATE, "gate: %s of %s stays closed: `%s` applies when it opens", session->address,
		  session->connection->name, line);
	session->attempts.count++;
	session->attempts.last_at = wall_clock_milliseconds();
	utf8_copy(session->attempts.last_line, sizeof(session->attempts.last_line), line);
}

void gate_close(struct session *session)
{
	struct peer *peer = session_peer(session);
	/* As in gate_open(): an open gate's empty place says that no policy is wanted there. */
	bool says = (session->gate != GATE_DENY || session->hands_off) && !router.booting;

	debug_log(DEBUG_GATE, "gate: %s of %s closes, it was %s", session->address, session->connection->name,
		  gate_position_name(session->gate));
	session->gate = GATE_DENY;
	session->hands_off = session->removal_failed = false;
	assert_gate(session, says);
	if (peer)
		wait_no_more(peer);
}

bool gate_open(struct session *session, enum gate_position position)
{
	struct peer *peer = session_peer(session);
	/* What stands in an open gate's places is what is wanted, an empty one too; in a file that is read it says nothing. */
	bool says = session->gate == GATE_ALLOW && !router.booting;

	debug_log(DEBUG_GATE, "gate: %s of %s becomes %s, it was %s", session->address, session->connection->name,
		  gate_position_name(position), gate_position_name(session->gate));
	session->gate = position;
	session->hands_off = false;
	/* What was typed meanwhile applies from here on. */
	session->attempts = (struct policy_attempts){0};
	if (!peer || gate_closing_is_on(session))
		return true;
	return open_all(session, peer, says);
}

void gate_mark_default(struct session *session)
{
	struct peer *peer = session->gate == GATE_DRAIN ? session_peer(session) : NULL;
	afi_t afi;
	safi_t safi;

	if (!peer || gate_closing_is_on(session))
		return;
	FOREACH_AFI_SAFI (afi, safi)
		drain_policy_default(peer, afi, safi, true);
}

bool gate_is_busy(const struct session *session)
{
	return session->replay || session->closing;
}

void gate_session_up(struct session *session, struct peer *peer)
{
	memset(session->negotiated, 0, sizeof(session->negotiated));
	session->violation.ended = false;
	session->removal_failed = false;
	if (session->gate == GATE_DENY && !session->hands_off)
		inbound_begin(session, peer, true);
	else if (!session->hands_off)
		watch_begin(session, peer, true);
	gate_assert(session);
}

void gate_session_settle(struct session *session)
{
	struct peer *peer = session_peer(session);
	afi_t afi;
	safi_t safi;

	if (!peer || !peer_is_established(peer) || session->gate != GATE_DENY || session->hands_off)
		return;
	FOREACH_AFI_SAFI (afi, safi) {
		if (session->negotiated[afi][safi] && CHECK_FLAG(peer->cap, PEER_CAP_RESTART_RCV) && !session->closing)
			gate_closing_end_of_rib(peer, afi, safi);
		if (wall_stands(WALL_CLOSING))
			gate_closing_remove_paths(session, peer, afi, safi);
	}
}

void gate_session_down(struct session *session)
{
	gate_closing_stop(session);
	watch_end(session);
	inbound_end(session);
	memset(session->negotiated, 0, sizeof(session->negotiated));
}

/* ---- what passes ---- */

uint64_t session_installed_count(const struct session *session, afi_t afi, safi_t safi)
{
	struct peer *peer = session_peer(session);

	return peer ? peer->pcount[afi][safi] : 0;
}

static uint64_t advertised_to(struct peer *peer, afi_t afi, safi_t safi)
{
	struct update_subgroup *subgroup = subgroup_of(peer, afi, safi);

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

	*facts = (struct gate_facts){.walls = true, .closing = gate_closing_is_on(session)};
	if (!peer)
		return;
	FOREACH_AFI_SAFI (afi, safi) {
		if (wall_stands(WALL_COUNT))
			facts->installed += peer->pcount[afi][safi];
		facts->advertised += advertised_to(peer, afi, safi);
		facts->in_group |= subgroup_of(peer, afi, safi) != NULL;
		if (peer_is_established(peer) && peer->afc_nego[afi][safi])
			facts->walls = false;
		for (int direction = 0; peer->afc[afi][safi] && direction < RMAP_MAX; direction++)
			if (!gate_policy_stands(peer, afi, safi, direction))
				facts->walls = false;
	}
	if (peer_is_established(peer) && session->counted_peer != peer)
		facts->walls = false;
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

bool gate_is_shut_by_us(const struct session *session)
{
	const struct peer *peer = session_peer(session);

	return peer && CHECK_FLAG(peer->flags, PEER_FLAG_SHUTDOWN) && peer->tx_shutdown_message &&
	       strncmp(peer->tx_shutdown_message, SHUT_PREFIX, strlen(SHUT_PREFIX)) == 0;
}

void gate_unshut(struct session *session)
{
	struct peer *peer = session_peer(session);

	if (!gate_is_shut_by_us(session))
		return;
	peer_flag_unset(peer, PEER_FLAG_SHUTDOWN);
	peer_tx_shutdown_message_unset(peer);
}
