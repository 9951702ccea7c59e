// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/gate_closing.h"

#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/rib_walk.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_CLOSING, "Peering gate that closes");

#define SLICE_MICROSECONDS 2000 /* of the main thread, at a time */
#define LOOK_EACH 64		/* prefixes between two looks at the clock */
#define MESSAGES_QUEUED 64	/* to a peer; more wait until it has taken some */
#define WAIT_MILLISECONDS 20
#define CACHE_LINE 64	   /* bytes */
#define FETCHED_AHEAD 16   /* prefixes */
#define MESSAGE_MARGIN 256 /* bytes: the longest prefix of any family, with all that belongs to it */

struct sent {
	struct bgp_dest *dest; /* locked */
	uint32_t path_id;
};

PREDECL_DLIST(family_list);
struct family {
	struct family_list_item item;
	afi_t afi;
	safi_t safi;

	/* outbound */
	struct sent *sent;
	size_t sent_count, sent_next;
	bool end_of_rib; /* still to be sent, behind the withdrawals */

	/* inbound */
	bool remove;
	struct rib_walk walk;
};
DECLARE_DLIST(family_list, struct family, item);

struct gate_closing {
	struct session *session; /* NULL: the session is gone, what is left is given back */
	struct peer *peer;
	struct bgp *bgp; /* locked: its tables stay as long as we hold prefixes of theirs */
	struct family_list_head families;
	event_ref *event;
	bool left; /* a family's routes are not all gone: what came of that is seen when all families are through */
};

static void go_on(event_ref *event);

static struct gate_closing *begin(struct session *session, struct peer *peer)
{
	struct gate_closing *closing = session->closing;

	if (closing)
		return closing;
	closing = XCALLOC(MTYPE_PEERING_CLOSING, sizeof(*closing));
	closing->session = session;
	closing->peer = peer;
	closing->bgp = bgp_lock(peer->bgp);
	family_list_init(&closing->families);
	session->closing = closing;
	event_add_now(go_on, closing, &closing->event);
	return closing;
}

static struct family *family_of(struct gate_closing *closing, afi_t afi, safi_t safi)
{
	struct family *family;

	frr_each (family_list, &closing->families, family)
		if (family->afi == afi && family->safi == safi)
			return family;
	family = XCALLOC(MTYPE_PEERING_CLOSING, sizeof(*family));
	family->afi = afi;
	family->safi = safi;
	family_list_add_tail(&closing->families, family);
	return family;
}

/* ---- leaving ---- */

static void note_sent(struct family *family, struct update_subgroup *subgroup)
{
	size_t locked = family->sent_count;
	struct bgp_adj_out *adj;

	family->sent = XREALLOC(MTYPE_PEERING_CLOSING, family->sent,
				(family->sent_count + subgroup->adj_count + 1) * sizeof(*family->sent));
	SUBGRP_FOREACH_ADJ (subgroup, adj) {
		if (!adj->attr)
			continue;
		/* Prefixes lie all over the memory: they are fetched some time before they are locked. */
		__builtin_prefetch(adj->dest, 1);
		__builtin_prefetch((const char *)adj->dest + CACHE_LINE, 1);
		family->sent[family->sent_count++] = (struct sent){.dest = adj->dest, .path_id = adj->addpath_tx_id};
		if (family->sent_count - locked > FETCHED_AHEAD)
			bgp_dest_lock_node(family->sent[locked++].dest);
	}
	while (locked < family->sent_count)
		bgp_dest_lock_node(family->sent[locked++].dest);
}

void gate_closing_leave(struct session *session, struct peer *peer, struct peer_af *peer_family)
{
	struct update_subgroup *subgroup = PAF_SUBGRP(peer_family);
	afi_t afi = peer_family->afi;
	safi_t safi = peer_family->safi;
	struct family *family = family_of(begin(session, peer), afi, safi);

	note_sent(family, subgroup);
	/* Withdrawals that stand in bgpd's queue already are noted nowhere else. */
	for (struct bpacket *packet = peer_family->next_pkt_to_send; packet && packet->buffer; packet = bpacket_next(packet))
		peer_send_message(peer, bpacket_reformat_for_peer(packet, peer_family));
	/* bgpd's own timers and flags of the family would find it without a group, or promise what never comes. */
	bgp_stop_announce_route_timer(peer_family);
	update_subgroup_remove_peer(subgroup, peer_family);
	UNSET_FLAG(peer->af_sflags[afi][safi],
		   PEER_STATUS_EOR_SEND | PEER_STATUS_BORR_SEND | PEER_STATUS_REFRESH_PENDING);
	family->end_of_rib = true;
}

/* ---- what is said to the peer ---- */

static struct stream *update_begin(const struct peer *peer)
{
	struct stream *message = stream_new(peer->max_packet_size);

	bgp_packet_set_marker(message, BGP_MSG_UPDATE);
	return message;
}

static void update_send(struct peer *peer, struct stream *message)
{
	bgp_packet_set_size(message);
	peer_send_message(peer, message);
}

void gate_closing_end_of_rib(struct peer *peer, afi_t afi, safi_t safi)
{
	struct stream *message = update_begin(peer);
	iana_afi_t iana_afi;
	iana_safi_t iana_safi;

	stream_putw(message, 0);
	if (afi == AFI_IP && safi == SAFI_UNICAST) {
		stream_putw(message, 0);
	} else {
		bgp_map_afi_safi_int2iana(afi, safi, &iana_afi, &iana_safi);
		stream_putw(message, 6);
		stream_putc(message, BGP_ATTR_FLAG_OPTIONAL);
		stream_putc(message, BGP_ATTR_MP_UNREACH_NLRI);
		stream_putc(message, 3);
		stream_putw(message, iana_afi);
		stream_putc(message, iana_safi);
	}
	update_send(peer, message);
}

/* As bgpd writes it: in the withdrawn field where the family's own next hop stands in NEXT_HOP. */
static bool in_withdrawn_field(struct peer *peer, const struct family *family)
{
	return family->afi == AFI_IP && family->safi == SAFI_UNICAST && !peer_cap_enhe(peer, family->afi, family->safi);
}

static void put_withdrawal(struct peer *peer, const struct family *family, struct stream *message, struct bgp_dest *dest,
			   const struct prefix *prefix, uint32_t path_id)
{
	bool add_path = bgp_addpath_encode_tx(peer, family->afi, family->safi);
	const struct prefix_rd *rd = NULL;

	if (dest && dest->pdest)
		rd = (const struct prefix_rd *)bgp_dest_get_prefix(dest->pdest);
	if (in_withdrawn_field(peer, family))
		stream_put_withdrawn(message, prefix, add_path, path_id);
	else
		stream_put_unreachable(message, prefix, dest, family->afi, family->safi, rd, add_path, path_id);
}

/* A default route that was originated for the peer stands in no table. One withdrawal too many harms nobody. */
static void put_default(struct peer *peer, const struct family *family, struct stream *message)
{
	struct prefix prefix = {.family = afi2family(family->afi)};

	put_withdrawal(peer, family, message, NULL, &prefix, BGP_ADDPATH_TX_ID_FOR_DEFAULT_ORIGINATE);
}

static bool has_originated_default(const struct family *family)
{
	return (family->afi == AFI_IP || family->afi == AFI_IP6) && family->safi != SAFI_MPLS_VPN &&
	       family->safi != SAFI_ENCAP && family->safi != SAFI_FLOWSPEC;
}

/* Families whose prefixes are of a size that is known go many to a message, others one. */
static size_t most_in_one(const struct family *family)
{
	return family->safi == SAFI_UNICAST || family->safi == SAFI_MULTICAST ? SIZE_MAX : 1;
}

/* One message, with as many prefixes as it takes. */
static void withdraw_some(struct peer *peer, struct family *family, bool with_default)
{
	struct stream *message = update_begin(peer);
	size_t field = stream_get_endp(message), attributes = 0, reach = 0, count = 0;

	stream_putw(message, 0);
	if (!in_withdrawn_field(peer, family)) {
		attributes = stream_get_endp(message);
		stream_putw(message, 0);
		reach = bgp_packet_mpunreach_start(message, family->afi, family->safi);
	}
	if (with_default)
		put_default(peer, family, message);
	while (!with_default && family->sent_next < family->sent_count && count < most_in_one(family) &&
	       STREAM_WRITEABLE(message) > MESSAGE_MARGIN) {
		struct sent *sent = &family->sent[family->sent_next++];

		put_withdrawal(peer, family, message, sent->dest, bgp_dest_get_prefix(sent->dest), sent->path_id);
		bgp_dest_unlock_node(sent->dest);
		count++;
	}
	if (in_withdrawn_field(peer, family)) {
		stream_putw_at(message, field, stream_get_endp(message) - field - 2);
		stream_putw(message, 0);
	} else {
		bgp_packet_mpunreach_end(message, reach);
		stream_putw_at(message, attributes, stream_get_endp(message) - attributes - 2);
	}
	update_send(peer, message);
}

/* ---- slices ---- */

static bool time_is_up(const struct timeval *begun)
{
	return monotime_since(begun, NULL) > SLICE_MICROSECONDS;
}

enum progress { DONE, MORE, PEER_IS_SLOW };

static enum progress withdraw(struct gate_closing *closing, struct family *family, const struct timeval *begun)
{
	while (family->end_of_rib) {
		if (stream_fifo_count_safe(peer_output_queue(closing->peer)) >= MESSAGES_QUEUED)
			return PEER_IS_SLOW;
		if (time_is_up(begun))
			return MORE;
		if (family->sent_next < family->sent_count) {
			withdraw_some(closing->peer, family, false);
			continue;
		}
		if (has_originated_default(family))
			withdraw_some(closing->peer, family, true);
		gate_closing_end_of_rib(closing->peer, family->afi, family->safi);
		family->end_of_rib = false;
		XFREE(MTYPE_PEERING_CLOSING, family->sent);
		family->sent_count = family->sent_next = 0;
	}
	return DONE;
}

/* bgpd counts labeled routes with the unicast ones. */
static uint64_t installed(const struct peer *peer, const struct family *family)
{
	return peer->pcount[family->afi][family->safi == SAFI_LABELED_UNICAST ? SAFI_UNICAST : family->safi];
}

static void remove_paths_of(struct peer *peer, const struct family *family, struct bgp_dest *dest, struct prefix_rd *rd)
{
	struct bgp_path_info *path, *next;

	for (path = bgp_dest_get_bgp_path_info(dest); path; path = next) {
		next = path->next;
		if (path->peer != peer || path->type != ZEBRA_ROUTE_BGP || path->sub_type != BGP_ROUTE_NORMAL ||
		    CHECK_FLAG(path->flags, BGP_PATH_REMOVED))
			continue;
		/* The reserved route-map denies it. A withdrawal would do alone, but `bgp dampening` counts those as flaps. */
		peer_path_filter_again(peer, dest, path, family->afi, family->safi, rd);
		if (!CHECK_FLAG(path->flags, BGP_PATH_REMOVED | BGP_PATH_HISTORY))
			peer_path_withdraw(peer, dest, path, family->afi, family->safi, rd);
	}
}

static enum progress remove_paths(struct gate_closing *closing, struct family *family, const struct timeval *begun)
{
	struct bgp_dest *dest;
	struct prefix_rd *rd;
	unsigned int count = 0;

	if (!family->remove)
		return DONE;
	if (!rib_walk_is_on(&family->walk))
		rib_walk_begin(&family->walk, closing->bgp, family->afi, family->safi);
	while (installed(closing->peer, family) > 0 && (dest = rib_walk_next(&family->walk, &rd))) {
		remove_paths_of(closing->peer, family, dest, rd);
		if (++count % LOOK_EACH == 0 && time_is_up(begun))
			return MORE;
	}
	rib_walk_end(&family->walk);
	family->remove = false;
	closing->left |= installed(closing->peer, family) > 0;
	return DONE;
}

/* Of a session that is gone: the prefixes that are still held, some at a time. */
static enum progress give_back(struct family *family, const struct timeval *begun)
{
	rib_walk_end(&family->walk);
	while (family->sent_next < family->sent_count) {
		bgp_dest_unlock_node(family->sent[family->sent_next++].dest);
		if (family->sent_next % LOOK_EACH == 0 && time_is_up(begun))
			return MORE;
	}
	XFREE(MTYPE_PEERING_CLOSING, family->sent);
	return DONE;
}

/* Copies of EVPN routes are counted with IPv4's and IPv6's and go with EVPN's, so it is asked at the very end. */
static void judge_what_is_left(const struct gate_closing *closing)
{
	struct session *session = closing->session;
	struct family family;

	FOREACH_AFI_SAFI (family.afi, family.safi) {
		if (family.safi == SAFI_LABELED_UNICAST || !installed(closing->peer, &family))
			continue;
		session->removal_failed = true;
		alert_as(EC_PEERING_VIOLATION, "%s: %llu %s routes of %s are still installed although its gate is closed",
			 session->connection->name, (unsigned long long)installed(closing->peer, &family),
			 get_afi_safi_str(family.afi, family.safi, false), session->address);
	}
}

static void finish(struct gate_closing *closing)
{
	struct session *session = closing->session;

	if (session && closing->left)
		judge_what_is_left(closing);
	event_stop(closing->event);
	bgp_unlock(closing->bgp);
	XFREE(MTYPE_PEERING_CLOSING, closing);
	if (!session)
		return;
	session->closing = NULL;
	/* A gate that was to open meanwhile has waited for this. */
	gate_assert(session);
}

static void go_on(event_ref *event)
{
	struct gate_closing *closing = event_argument(event);
	enum progress all = DONE;
	struct timeval begun;
	struct family *family;
	TURN(TURN_GATE);

	monotime(&begun);
	frr_each_safe (family_list, &closing->families, family) {
		enum progress progress;

		if (!closing->session) {
			progress = give_back(family, &begun);
		} else {
			progress = withdraw(closing, family, &begun);
			if (progress != MORE) {
				enum progress removal = remove_paths(closing, family, &begun);

				progress = removal == DONE ? progress : removal;
			}
		}
		if (progress == DONE) {
			family_list_del(&closing->families, family);
			XFREE(MTYPE_PEERING_CLOSING, family);
			continue;
		}
		all = all == MORE ? MORE : progress;
		if (time_is_up(&begun))
			break;
	}
	if (family_list_count(&closing->families) == 0)
		finish(closing);
	else if (all == PEER_IS_SLOW)
		event_add_milliseconds(go_on, closing, WAIT_MILLISECONDS, &closing->event);
	else
		event_add_now(go_on, closing, &closing->event);
}

void gate_closing_remove_paths(struct session *session, struct peer *peer, afi_t afi, safi_t safi)
{
	struct family family = {.afi = afi, .safi = safi};

	/* Once was enough: the audit ends the session. */
	if (session->removal_failed)
		return;
	/* A peer has one of the two; its labeled routes, counted with unicast ones, are looked at as what they are. */
	if (safi == SAFI_UNICAST && peer->afc[afi][SAFI_LABELED_UNICAST])
		return;
	if (safi == SAFI_LABELED_UNICAST && !peer->afc[afi][safi])
		return;
	if (installed(peer, &family) > 0)
		family_of(begin(session, peer), afi, safi)->remove = true;
}

bool gate_closing_is_on(const struct session *session)
{
	return session->closing != NULL;
}

void gate_closing_stop(struct session *session)
{
	struct gate_closing *closing = session->closing;

	if (!closing)
		return;
	session->closing = NULL;
	closing->session = NULL;
	closing->peer = NULL;
	event_stop(closing->event);
	event_add_now(go_on, closing, &closing->event);
}
