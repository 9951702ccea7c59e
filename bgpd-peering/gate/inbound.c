// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/inbound.h"

#include "bgpd-peering/checks/inbound_audit.h"
#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/checks/watch.h"
#include "bgpd-peering/gate/audit.h"
#include "bgpd-peering/gate/walls.h"
#include "bgpd-peering/preview/preview.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/bgp_capability.h"
#include "lib/bgp_update.h"

#define REPLAY_SLICE 50	       /* messages that wait in bgpd's queue at a time */
#define REPLAY_MICROSECONDS 2000
#define REPLAY_MILLISECONDS 5  /* before it is looked at again */
#define DISCARD_SLICE 500      /* messages */
#define DISCARD_ARRAYS 16      /* of the index */

static struct adj_rib_in_budget budget = {.most = INBOUND_KEPT_MOST};

/* ---- taking in ---- */

static bool uses_add_path(const struct peer *peer, enum counted_family family)
{
	uint16_t capability = peer->af_cap[family_afi(family)][SAFI_UNICAST];

	return CHECK_FLAG(capability, PEER_CAP_ADDPATH_AF_RX_ADV) && CHECK_FLAG(capability, PEER_CAP_ADDPATH_AF_TX_RCV);
}

static size_t most_kept(const struct session *session, enum counted_family family)
{
	size_t twice = (size_t)session->connection->received_limit[family] * 2;

	return MIN(MAX(twice, (size_t)INBOUND_KEPT_LEAST), (size_t)INBOUND_KEPT_LEAST * 40);
}

static struct adj_rib_in *adj_rib_in_for(const struct session *session, const struct peer *peer)
{
	const bool add_path[ADJ_RIB_IN_FAMILIES] = {
		[ADJ_RIB_IN_IPV4] = uses_add_path(peer, FAMILY_IPV4),
		[ADJ_RIB_IN_IPV6] = uses_add_path(peer, FAMILY_IPV6),
	};
	struct adj_rib_in *rib = adj_rib_in_new(&budget, add_path);

	for (int family = 0; rib && family < FAMILY_COUNT; family++)
		adj_rib_in_limit(rib, (enum adj_rib_in_family)family, most_kept(session, family));
	return rib;
}

struct adj_rib_in *inbound_counter(const struct session *session, const struct peer *peer)
{
	struct adj_rib_in *rib = adj_rib_in_for(session, peer);

	if (rib)
		adj_rib_in_sweep(rib, 0);
	return rib;
}

void inbound_note_end_of_rib(struct session *session, const struct bgp_update_summary *summary)
{
	afi_t afi;
	safi_t safi;

	if (bgp_map_afi_safi_iana2int(summary->end_of_rib_afi, summary->end_of_rib_safi, &afi, &safi) == 0 &&
	    safi == SAFI_UNICAST && (afi == AFI_IP || afi == AFI_IP6))
		session->end_of_rib[afi == AFI_IP ? FAMILY_IPV4 : FAMILY_IPV6] = true;
}

/* ---- more than is kept ---- */

static void cut_off(event_ref *event)
{
	struct session *session = event_argument(event);
	TURN(TURN_SESSION);

	for (int family = 0; family < FAMILY_COUNT; family++) {
		if (!inbound_overflow(session, family))
			continue;
		session->cut_off = (uint32_t)most_kept(session, family);
		alert_as(EC_PEERING_CUT_OFF, "the peer of %s sends more than %u %s prefixes, and its session is cut off; `clear bgp %s` once it has mended that",
		      session->connection->name, session->cut_off, family_name(family), session->address);
		peer_cut_off(session->counted_peer, family_afi(family), session->cut_off);
		return;
	}
}

/* bgpd's own maximum-prefix does not see what a gated peer sends. Not in the hook that this runs in. */
static void cut_off_later(struct session *session)
{
	bool over = inbound_overflow(session, FAMILY_IPV4) || inbound_overflow(session, FAMILY_IPV6);

	if (over && !session->cutting_off)
		event_add_now(cut_off, session, &session->cutting_off);
}

/* ---- taking in, of one session ---- */

static void take_in(struct session *session, const struct peer *peer, const uint8_t *message, size_t size)
{
	struct bgp_update_summary summary;
	enum bgp_update_error error;

	if (!session->watch)
		inbound_audit_take(session, peer, message, size);
	if (!session->adj_rib_in)
		session->adj_rib_in = adj_rib_in_for(session, peer);
	if (!session->adj_rib_in)
		session->kept_from_the_start = false;
	if (!session->adj_rib_in)
		return;
	error = adj_rib_in_take(session->adj_rib_in, message, size, &summary);
	cut_off_later(session);
	if (error == BGP_UPDATE_END_OF_RIB)
		inbound_note_end_of_rib(session, &summary);
}

/* An attribute type that the operator has not told bgpd to do anything special about. */
static uint8_t unknown_type(const struct peer *peer)
{
	uint8_t type = 255;

	while (type > 128 && peer_path_attribute_is_special(peer, type))
		type--;
	return type;
}

static void neutralize(const struct peer *peer, uint8_t *message, size_t size)
{
	const struct bgp_update_sender sender = {
		.asn = peer->as,
		.four_octet_as = CHECK_FLAG(peer->cap, PEER_CAP_AS4_RCV) && CHECK_FLAG(peer->cap, PEER_CAP_AS4_ADV),
		.confederation = peer_sort_is_confederation(peer),
		.add_path = uses_add_path(peer, FAMILY_IPV4),
		.unknown_type = unknown_type(peer),
	};

	bgp_update_neutralize(message, size, &sender);
}

/* The peer adds a family or takes one away: noted for the opening, and hidden from bgpd, which would act on it. */
static void note_family(uint16_t iana_afi, uint8_t iana_safi, bool added, void *context)
{
	struct session *session = context;
	afi_t afi;
	safi_t safi;

	if (bgp_map_afi_safi_iana2int(iana_afi, iana_safi, &afi, &safi) == 0)
		session->negotiated[afi][safi] = added && session->counted_peer->afc[afi][safi];
}

static bool waits_in_replay(const struct session *session, const struct stream *message);
static bool is_replayed(struct session *session, const struct stream *message);

/* `gated`: the session where its gate is closed or just opening; it is found already. */
static void watch(const struct peer *peer, struct session *gated, const struct stream *message, bgp_size_t size)
{
	struct session *session = gated ? (gated->watch ? gated : NULL) : session_watched(peer);

	if (!session || !router_works() || stream_get_endp(message) < size)
		return;
	TURN(TURN_SESSION);
	watch_take(session, STREAM_DATA(message), size, session->replay && waits_in_replay(session, message));
}

static int on_message(struct peer *peer, uint8_t type, bgp_size_t size, struct stream *message)
{
	struct session *session;

	if ((type != BGP_MSG_UPDATE && type != BGP_MSG_CAPABILITY) || size < BGP_HEADER_SIZE)
		return 0;
	session = session_counted(peer);
	if (type == BGP_MSG_UPDATE)
		watch(peer, session, message, size);
	if (!session || !router_works() || stream_get_endp(message) < size)
		return 0;
	TURN(TURN_SESSION);
	if (session->replay) {
		if (type == BGP_MSG_UPDATE && !is_replayed(session, message))
			adj_rib_in_pass_over(session->adj_rib_in, STREAM_DATA(message), size);
		return 0;
	}
	if (type == BGP_MSG_CAPABILITY) {
		if (wall_stands(WALL_CAPABILITY))
			bgp_capability_hide_families(STREAM_DATA(message), size, note_family, session);
		return 0;
	}
	take_in(session, peer, STREAM_DATA(message), size);
	if (wall_stands(WALL_PARSER))
		neutralize(peer, STREAM_DATA(message), size);
	return 0;
}

/* ---- what is no longer needed ---- */

PREDECL_DLIST(discarded_list);
struct discarded {
	struct discarded_list_item item;
	struct adj_rib_in *rib;
};
DECLARE_DLIST(discarded_list, struct discarded, item);

DEFINE_MTYPE_STATIC(PEERING, PEERING_INBOUND, "Peering inbound routes");

static struct discarded_list_head discarded;
static event_ref *discard_event;

static void discard_some(event_ref *event)
{
	struct discarded *first = discarded_list_first(&discarded);
	TURN(TURN_GATE);

	if (first && !adj_rib_in_sweep(first->rib, DISCARD_SLICE) &&
	    !adj_rib_in_sweep_index(first->rib, DISCARD_ARRAYS)) {
		discarded_list_del(&discarded, first);
		adj_rib_in_free(first->rib);
		XFREE(MTYPE_PEERING_INBOUND, first);
	}
	if (discarded_list_count(&discarded))
		event_add_now(discard_some, NULL, &discard_event);
}

void inbound_discard(struct adj_rib_in *rib)
{
	struct discarded *entry;

	if (!rib)
		return;
	entry = XCALLOC(MTYPE_PEERING_INBOUND, sizeof(*entry));
	entry->rib = rib;
	discarded_list_add_tail(&discarded, entry);
	if (!discard_event)
		event_add_now(discard_some, NULL, &discard_event);
}

static void discard(struct session *session)
{
	if (!session->watch)
		memset(session->end_of_rib, 0, sizeof(session->end_of_rib));
	session->kept_from_the_start = false;
	adj_rib_in_walk_end(&session->bookmark.walk);
	inbound_discard(session->adj_rib_in);
	session->adj_rib_in = NULL;
}

/* ---- giving out ---- */

/* Messages that wait in bgpd's queue: told from the peer's own by where they lie. */
struct inbound_replay {
	struct session *session;
	const struct stream *waiting[REPLAY_SLICE];
	size_t waiting_count;
	event_ref *event;
};

static bool waits_in_replay(const struct session *session, const struct stream *message)
{
	for (size_t i = 0; i < session->replay->waiting_count; i++)
		if (session->replay->waiting[i] == message)
			return true;
	return false;
}

/* The same, and it waits no more. */
static bool is_replayed(struct session *session, const struct stream *message)
{
	struct inbound_replay *replay = session->replay;

	for (size_t i = 0; i < replay->waiting_count; i++) {
		if (replay->waiting[i] != message)
			continue;
		replay->waiting[i] = replay->waiting[--replay->waiting_count];
		return true;
	}
	return false;
}

/* bgpd's queue has no call that puts something in front. */
static void put_in_front(struct peer *peer, struct stream *first, struct stream *last, size_t count)
{
	struct stream_fifo *queue = peer_input_queue(peer);

	frr_with_mutex (peer_queue_mutex(peer)) {
		last->next = queue->head;
		if (!queue->tail)
			queue->tail = last;
		queue->head = first;
		atomic_fetch_add_explicit(&queue->count, count, memory_order_release);
	}
	peer_schedule_input(peer);
}

static void replay_some(event_ref *event)
{
	struct inbound_replay *replay = event_argument(event);
	struct session *session = replay->session;
	TURN(TURN_GATE);
	static uint8_t out[BGP_UPDATE_MOST];
	struct stream *first = NULL, *last = NULL;
	size_t size, count = 0;
	struct timeval begun;

	/* A message may have one prefix or a thousand. None in a turn means that there are no more. */
	monotime(&begun);
	while (replay->waiting_count < REPLAY_SLICE &&
	       (count == 0 || monotime_since(&begun, NULL) < REPLAY_MICROSECONDS) &&
	       (size = adj_rib_in_next(session->adj_rib_in, out))) {
		struct stream *message = stream_new(size);

		stream_put(message, out, size);
		*(last ? &last->next : &first) = message;
		last = message;
		count++;
		replay->waiting[replay->waiting_count++] = message;
	}
	if (count) {
		put_in_front(session->counted_peer, first, last, count);
		event_add_milliseconds(replay_some, replay, REPLAY_MILLISECONDS, &replay->event);
	} else if (replay->waiting_count) {
		event_add_milliseconds(replay_some, replay, REPLAY_MILLISECONDS, &replay->event);
	} else {
		inbound_end(session);
	}
}

void inbound_replay(struct session *session)
{
	if (session->replay)
		return;
	if (!session->adj_rib_in) {
		inbound_end(session);
		return;
	}
	preview_forget(session);
	session->replay = XCALLOC(MTYPE_PEERING_INBOUND, sizeof(*session->replay));
	session->replay->session = session;
	event_add_now(replay_some, session->replay, &session->replay->event);
}

/* ---- begin and end ---- */

void inbound_init(void)
{
	discarded_list_init(&discarded);
	preview_init();
	/* Behind whoever else looks at messages (BMP, dumps): they see what the peer has sent. */
	hook_register_prio(bgp_packet_dump, INT_MAX, on_message);
}

void inbound_begin(struct session *session, struct peer *peer, bool from_the_start)
{
	inbound_end(session);
	session->cut_off = 0;
	session->kept_from_the_start = from_the_start;
	session_counted_set(session, peer);
	if (session->watch)
		watch_gate_closed(session);
	else
		inbound_audit_begin(session, peer, from_the_start);
	audit_begin();
}

void inbound_end(struct session *session)
{
	session_counted_clear(session);
	if (!session->watch)
		inbound_audit_end(session);
	preview_forget(session);
	event_stop(session->cutting_off);
	if (session->replay) {
		event_stop(session->replay->event);
		XFREE(MTYPE_PEERING_INBOUND, session->replay);
	}
	discard(session);
}

/* ---- what is known ---- */

bool inbound_is_complete(const struct session *session)
{
	return session->counted_peer && session->kept_from_the_start && adj_rib_in_complete(session->adj_rib_in);
}

bool inbound_is_counted(const struct session *session)
{
	return watch_is_complete(session) || (session->counted_peer && !session->replay);
}

/* A watch that has not seen everything, and what was kept since the gate closed, are each a lower bound. */
uint64_t inbound_count(const struct session *session, enum counted_family family)
{
	uint64_t kept = session->replay ? 0 : adj_rib_in_count(session->adj_rib_in, (enum adj_rib_in_family)family);

	return session->watch ? MAX(watch_count(session, family), kept) : kept;
}

uint64_t inbound_default_count(const struct session *session, enum counted_family family)
{
	return session->watch ? watch_default_count(session, family)
			      : adj_rib_in_default_count(session->adj_rib_in, (enum adj_rib_in_family)family);
}

bool inbound_overflow(const struct session *session, enum counted_family family)
{
	return watch_overflow(session, family) ||
	       adj_rib_in_overflow(session->adj_rib_in, (enum adj_rib_in_family)family);
}

bool inbound_malformed(const struct session *session)
{
	return watch_malformed(session) || adj_rib_in_malformed(session->adj_rib_in);
}
