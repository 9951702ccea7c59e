/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place that knows what differs between versions of FRR.
 *
 * Everything else of the module uses the names below, and FRR's own names where they mean the same in every version.
 * Built for and tried with 8.4.4 (Debian 12), 10.3 (Debian 13) and 10.7 (Debian testing and unstable). A section is one
 * topic: the names come first, what they are in each version stands below them. Functions marked "gate" are there for
 * the gate alone, whether or not it uses them yet.
 *
 * Same in all of them, so used as they are: peer_route_map_set(), peer_af_find(), afc, afc_nego, pcount,
 * nsf and nsf_af_count, af_sflags, PEER_STATUS_*, peer_dynamic_neighbor(), update_group_adjust_peer(),
 * update_subgroup_remove_peer(), subgroup_announce_all(), bgp_stop_announce_route_timer(), bpacket_reformat_for_peer(),
 * bgp_packet_mpunreach_start() and _end(), bgp_addpath_encode_tx(). AFI_MAX and SAFI_MAX differ (10.7 adds BGP-LS):
 * arrays are made with them, walks use FOREACH_AFI_SAFI.
 */
#ifndef PEERING_FRR_COMPAT_H
#define PEERING_FRR_COMPAT_H

#include <zebra.h>
#include <string.h>

#include "lib/version.h"

/* FRR_VERSION_NUMBER stands in the config.h that tools/frr-headers makes: 80404, 100300, 100701. */
#ifndef FRR_VERSION_NUMBER
#error "no FRR_VERSION_NUMBER: take FRR's headers from tools/frr-headers"
#endif
#define FRR_SINCE(major, minor) (FRR_VERSION_NUMBER >= (major)*10000 + (minor)*100)
#if !FRR_SINCE(8, 4)
#error "FRR is older than 8.4"
#endif

/* lifecycle.h has an event of that name, which is not frrevent.h's. */
#define EVENT_READY FRR_EVENT_READY

#include "lib/command.h"
#include "lib/bfd.h"
#include "lib/hook.h"
#include "lib/if.h"
#include "lib/json.h"
#include "lib/libfrr.h"
#include "lib/memory.h"
#include "lib/module.h"
#include "lib/plist.h"
#include "lib/routemap.h"
#include "lib/sockunion.h"
#include "lib/stream.h"
#include "lib/typesafe.h"
#include "lib/vrf.h"
#include "lib/vty.h"
#if FRR_SINCE(9, 0)
#include "lib/frrevent.h"
#else
#include "lib/thread.h"
#endif

#include "bgpd/bgpd.h"
#include "bgpd/bgp_advertise.h"
#include "bgpd/bgp_aspath.h"
#include "bgpd/bgp_attr.h"
#include "bgpd/bgp_bfd.h"
#include "bgpd/bgp_debug.h"
#include "bgpd/bgp_fsm.h"
#include "bgpd/bgp_io.h"
#include "bgpd/bgp_memory.h"
#include "bgpd/bgp_nexthop.h"
#include "bgpd/bgp_packet.h"
#include "bgpd/bgp_regex.h"
#include "bgpd/bgp_route.h"
#include "bgpd/bgp_table.h"
#include "bgpd/bgp_updgrp.h"
#include "bgpd/bgp_vty.h"

#undef EVENT_READY

/* ---- whether this bgpd is the one that the module was built for (frr_compat.c) ---- */

/*
 * At load, where nothing is allocated yet: the version, and options that show in what bgpd exports. False with a
 * sentence in `error`.
 */
bool frr_is_ours(char *error, size_t error_size);

/*
 * Compares what bgpd has allocated until now with the structures that the module was compiled with (the list is
 * frr_structures.def). False with a sentence in `error`; nothing of bgpd's may be touched then. Cheap enough for every
 * hook: a structure that was found right is not looked at again, one that bgpd has not allocated yet is next time.
 */
bool frr_structures_fit(char *error, size_t error_size);

/* ---- hooks that FRR exports and declares in no header ---- */

/* Before and behind each command from a vty or vtysh. The first may replace the line (MTYPE_TMP) or refuse it: gate. */
DECLARE_HOOK(cmd_execute, (struct vty *vty, const char *cmd_in, char **cmd_out), (vty, cmd_in, cmd_out));
DECLARE_KOOH(cmd_execute_done, (struct vty *vty, const char *cmd_exec), (vty, cmd_exec));

/* What bgpd may do beyond user frr, raised for a few lines by frr_with_privs(): exported, and in no header. */
extern struct zebra_privs_t bgpd_privs;

/* Every route-map that bgpd has, `deleted` ones among them: exported likewise. */
extern struct hash *route_map_master_hash;

/* ---- events ---- */

#if FRR_SINCE(9, 0)
typedef struct event event_ref;
typedef struct event_loop event_master;
#define event_argument(event) EVENT_ARG(event)
#define event_add_now(function, argument, reference) event_add_event(bm->master, function, argument, 0, reference)
#define event_add_milliseconds(function, argument, milliseconds, reference)                                            \
	event_add_timer_msec(bm->master, function, argument, milliseconds, reference)
#define event_add_seconds(function, argument, seconds, reference)                                                      \
	event_add_timer(bm->master, function, argument, seconds, reference)
#define event_add_readable(function, argument, descriptor, reference)                                                  \
	event_add_read(bm->master, function, argument, descriptor, reference)
#define event_add_writable(function, argument, descriptor, reference)                                                  \
	event_add_write(bm->master, function, argument, descriptor, reference)
#define event_stop(reference) event_cancel(&(reference))
#define event_milliseconds_left(reference) event_timer_remain_msec(reference)
#else
typedef struct thread event_ref;
typedef struct thread_master event_master;
#define event_argument(event) THREAD_ARG(event)
#define event_add_now(function, argument, reference) thread_add_event(bm->master, function, argument, 0, reference)
#define event_add_milliseconds(function, argument, milliseconds, reference)                                            \
	thread_add_timer_msec(bm->master, function, argument, milliseconds, reference)
#define event_add_seconds(function, argument, seconds, reference)                                                      \
	thread_add_timer(bm->master, function, argument, seconds, reference)
#define event_add_readable(function, argument, descriptor, reference)                                                  \
	thread_add_read(bm->master, function, argument, descriptor, reference)
#define event_add_writable(function, argument, descriptor, reference)                                                  \
	thread_add_write(bm->master, function, argument, descriptor, reference)
#define event_stop(reference) thread_cancel(&(reference))
#define event_milliseconds_left(reference) thread_timer_remain_msec(reference)
#endif

/* ---- the connection of a peer: part of struct peer, later a structure of its own ---- */

#if FRR_SINCE(9, 1)
typedef struct peer_connection peer_connection_ref;
#define PEER_CONNECTION(peer) ((peer)->connection)
#else
typedef struct peer peer_connection_ref;
#define PEER_CONNECTION(peer) (peer)
#endif

static inline int peer_fsm_status(const struct peer *peer)
{
	return PEER_CONNECTION(peer)->status;
}

static inline int peer_fsm_previous_status(const struct peer *peer)
{
	return PEER_CONNECTION(peer)->ostatus;
}

static inline const char *peer_fsm_status_name(const struct peer *peer)
{
	return lookup_msg(bgp_status_msg, peer_fsm_status(peer), "Idle");
}

static inline bool peer_is_established(const struct peer *peer)
{
	return peer_fsm_status(peer) == Established;
}

/* The neighbor's address. */
static inline const union sockunion *peer_remote_address(const struct peer *peer)
{
	return &PEER_CONNECTION(peer)->su;
}

/* Resets the session with Cease, Administrative Reset. Never in a hook. */
static inline void peer_reset_session(struct peer *peer)
{
	bgp_notify_send(PEER_CONNECTION(peer), BGP_NOTIFY_CEASE, BGP_NOTIFY_CEASE_ADMIN_RESET);
}

/*
 * Ends the session with Cease, Maximum Number of Prefixes Reached, as bgpd does for its own maximum-prefix: until somebody
 * types `clear bgp`. A dynamic neighbor comes back by itself. Never in a hook.
 */
static inline void peer_cut_off(struct peer *peer, afi_t afi, uint32_t most)
{
	uint8_t data[7] = {0, (uint8_t)afi_int2iana(afi), IANA_SAFI_UNICAST, (uint8_t)(most >> 24), (uint8_t)(most >> 16),
			   (uint8_t)(most >> 8), (uint8_t)most};

	SET_FLAG(peer->sflags, PEER_STATUS_PREFIX_OVERFLOW);
	bgp_notify_send_with_data(PEER_CONNECTION(peer), BGP_NOTIFY_CEASE, BGP_NOTIFY_CEASE_MAX_PREFIX, data,
				  sizeof(data));
}

/* Tells the peer that it is no longer configured, before peer_delete(). */
static inline void peer_say_unconfigured(struct peer *peer)
{
#if FRR_SINCE(9, 1)
	peer_notify_unconfig(peer->connection);
#else
	peer_notify_unconfig(peer);
#endif
}

/* ---- messages that wait between the main thread and bgpd's I/O thread: gate ---- */

/* Guards both queues. */
static inline pthread_mutex_t *peer_queue_mutex(struct peer *peer)
{
	return &PEER_CONNECTION(peer)->io_mtx;
}

/* What was received and not parsed yet. Each from its marker on, getp 0. */
static inline struct stream_fifo *peer_input_queue(struct peer *peer)
{
	return PEER_CONNECTION(peer)->ibuf;
}

/* What is to be written to the socket. */
static inline struct stream_fifo *peer_output_queue(struct peer *peer)
{
	return PEER_CONNECTION(peer)->obuf;
}

/* The message that bgpd is parsing, NULL for none; the same object that bgp_packet_dump is called with. */
static inline struct stream *peer_current_message(struct peer *peer)
{
#if FRR_SINCE(10, 7)
	return peer->connection->curr;
#else
	return peer->curr;
#endif
}

/*
 * Queues a whole message for the peer, as bgp_packet_add() does, and has it written. Takes the stream over. Established
 * peers only.
 */
static inline void peer_send_message(struct peer *peer, struct stream *message)
{
	frr_with_mutex (peer_queue_mutex(peer)) {
		/* An empty queue is one that has just been sent, or bgpd would take the peer for stuck. */
		if (stream_fifo_count_safe(peer_output_queue(peer)) == 0) {
#if FRR_SINCE(10, 7)
			atomic_store_explicit(&peer->connection->last_sendq_ok, monotime(NULL), memory_order_relaxed);
#else
			peer->last_sendq_ok = monotime(NULL);
#endif
		}
		stream_fifo_push(peer_output_queue(peer), message);
	}
	bgp_writes_on(PEER_CONNECTION(peer));
}

/* Has bgpd parse the input queue from its event loop: after something was put at its head. */
static inline void peer_schedule_input(struct peer *peer)
{
#if FRR_SINCE(10, 7)
	frr_with_mutex (&bm->peer_connection_mtx) {
		if (!peer_connection_fifo_member(&bm->connection_fifo, peer->connection))
			peer_connection_fifo_add_tail(&bm->connection_fifo, peer->connection);
	}
	event_add_event(bm->master, bgp_process_packet, NULL, 0, &bm->e_process_packet);
#elif FRR_SINCE(9, 1)
	event_add_event(bm->master, bgp_process_packet, peer->connection, 0, &peer->connection->t_process_packet);
#else
	thread_add_event(bm->master, bgp_process_packet, peer, 0, &peer->t_process_packet);
#endif
}

/* ---- capabilities ---- */

/* Bits of peer->cap that say that the peer answers a ROUTE-REFRESH. */
#if FRR_SINCE(10, 0)
#define PEER_REFRESH_RECEIVED PEER_CAP_REFRESH_RCV
#else
#define PEER_REFRESH_RECEIVED (PEER_CAP_REFRESH_OLD_RCV | PEER_CAP_REFRESH_NEW_RCV)
#endif

static inline bool peer_can_refresh(const struct peer *peer)
{
	return CHECK_FLAG(peer->cap, PEER_REFRESH_RECEIVED);
}

/*
 * Around a policy call that is not to ask the peer for its routes again: hide the capability before, and show it
 * afterwards with what the first call returned. Gate.
 */
static inline uint64_t peer_refresh_hide(struct peer *peer)
{
	uint64_t had = CHECK_FLAG(peer->cap, PEER_REFRESH_RECEIVED);

	UNSET_FLAG(peer->cap, PEER_REFRESH_RECEIVED);
	return had;
}

static inline void peer_refresh_show(struct peer *peer, uint64_t had)
{
	SET_FLAG(peer->cap, had);
}

/* Whether `neighbor X path-attribute …` has bgpd do something special about attributes of that type. Gate. */
static inline bool peer_path_attribute_is_special(const struct peer *peer, uint8_t type)
{
#if FRR_SINCE(9, 0)
	return peer->discard_attrs[type] || peer->withdraw_attrs[type];
#else
	return false;
#endif
}

/* Whether such an attribute takes the routes away that come with it; only for what is special. */
static inline bool peer_path_attribute_withdraws(const struct peer *peer, uint8_t type)
{
#if FRR_SINCE(9, 0)
	return peer->withdraw_attrs[type];
#else
	return false;
#endif
}

/* ---- sorts of neighbors ---- */

/*
 * The sort as bgpd cached it. bgpd computes it from remote-as and the AS numbers of its own: on 8.4.4 a neighbor whose
 * remote-as is the instance's `local-as` for it is external, later internal. With `remote-as auto` (since 10.1) it is
 * known only once the peer's OPEN has come.
 */
static inline bool peer_sort_is_external(const struct peer *peer)
{
	return peer->sort == BGP_PEER_EBGP;
}

/* A member of the own confederation in another member AS. RFC 8212 exempts those: gate. */
static inline bool peer_sort_is_confederation(const struct peer *peer)
{
	return peer->sort == BGP_PEER_CONFED;
}

/* An external peer of the same administration (`neighbor X oad`): external by sort, treated as internal. Gate. */
static inline bool peer_sort_is_same_administration(const struct peer *peer)
{
#if FRR_SINCE(10, 0)
	return peer->sort == BGP_PEER_EBGP && peer->sub_sort == BGP_PEER_EBGP_OAD;
#else
	return false;
#endif
}

/* ---- neighbors ---- */

/*
 * peer_lookup(), for hooks too. Since 9.1 bgpd has taken a peer out of its table while it runs peer_status_changed for
 * Established, and peer_lookup() finds nothing: whoever would close a gate by the neighbor's address there would close
 * none. So the hook says first whose it is, and at its end what that had returned.
 */
struct peer *peer_find(struct bgp *bgp, union sockunion *address);
struct peer *peer_hook_runs(struct peer *peer);

/* `neighbor ADDRESS remote-as ASN`. 0, or an error of bgpd's. */
static inline int peer_create_external(struct bgp *bgp, union sockunion *address, as_t asn)
{
#if FRR_SINCE(9, 0)
	/* What the configuration shows is kept as text. */
	return peer_remote_as(bgp, address, NULL, &asn, AS_SPECIFIED, asn_asn2asplain(asn));
#else
	return peer_remote_as(bgp, address, NULL, &asn, AS_SPECIFIED);
#endif
}

/* Resets its session; everything else that is configured for it stays. */
static inline void peer_change_asn(struct peer *peer, as_t asn)
{
#if FRR_SINCE(9, 0)
	peer_as_change(peer, asn, AS_SPECIFIED, asn_asn2asplain(asn));
#else
	peer_as_change(peer, asn, AS_SPECIFIED);
#endif
}

/* Whether lines of a vty in this node may be `neighbor …` lines of an instance. */
bool node_has_neighbors(int node);

/* ---- routes: gate ---- */

/*
 * Sends a path of the peer through its inbound policy again, as bgpd's own soft reconfiguration does: under DENY ALL it
 * leaves every table that it or a copy of it is in. `safi` is SAFI_LABELED_UNICAST for a peer with labels; `rd` belongs
 * to families that have one. bgpd keeps the path in the list until the prefix was processed: read path->next before.
 */
static inline void peer_path_filter_again(struct peer *peer, const struct bgp_dest *dest, struct bgp_path_info *path,
					  afi_t afi, safi_t safi, struct prefix_rd *rd)
{
	/* The 1 is soft_reconfig: what the peer has sent stays as it is. */
	bgp_update(peer, bgp_dest_get_prefix(dest), path->addpath_rx_id, path->attr, afi, safi, path->type,
		   path->sub_type, rd, NULL, 0, 1, NULL);
}

/*
 * Takes a path of the peer out of every table that it or a copy of it is in, whatever the policy says: as if the peer had
 * withdrawn it. What soft-reconfiguration has kept of it stays. Else as above.
 */
static inline void peer_path_withdraw(struct peer *peer, const struct bgp_dest *dest, struct bgp_path_info *path, afi_t afi,
				      safi_t safi, struct prefix_rd *rd)
{
	/* Labeled routes live in the unicast table, and bgpd withdraws them there. */
	safi_t table = safi == SAFI_LABELED_UNICAST ? SAFI_UNICAST : safi;
	bool kept = CHECK_FLAG(peer->af_flags[afi][table], PEER_FLAG_SOFT_RECONFIG);

	UNSET_FLAG(peer->af_flags[afi][table], PEER_FLAG_SOFT_RECONFIG);
#if FRR_SINCE(10, 0)
	bgp_withdraw(peer, bgp_dest_get_prefix(dest), path->addpath_rx_id, afi, table, path->type, path->sub_type, rd, NULL,
		     0);
#else
	bgp_withdraw(peer, bgp_dest_get_prefix(dest), path->addpath_rx_id, path->attr, afi, table, path->type,
		     path->sub_type, rd, NULL, 0, NULL);
#endif
	if (kept)
		SET_FLAG(peer->af_flags[afi][table], PEER_FLAG_SOFT_RECONFIG);
}

/* The path that a path was leaked or imported from in the end, itself where it was not. */
static inline const struct bgp_path_info *path_origin(const struct bgp_path_info *path)
{
	for (;;) {
#if FRR_SINCE(9, 1)
		const struct bgp_path_info *parent =
			path->extra && path->extra->vrfleak ? path->extra->vrfleak->parent : NULL;
#else
		const struct bgp_path_info *parent = path->extra ? path->extra->parent : NULL;
#endif
		if (!parent)
			return path;
		path = parent;
	}
}

/* Whether an attribute that is there once more is passed over (RFC 7606), and does not end the session. */
static inline bool peer_takes_attribute_twice(const struct peer *peer, uint8_t type)
{
	return FRR_SINCE(9, 0) && peer->sort == BGP_PEER_EBGP && type != BGP_ATTR_MP_REACH_NLRI &&
	       type != BGP_ATTR_MP_UNREACH_NLRI;
}

/* What ONLY_TO_CUSTOMER says in attributes that have it. */
static inline uint32_t attr_only_to_customer(const struct attr *attr)
{
#if FRR_SINCE(10, 7)
	return bgp_attr_get_otc(attr);
#else
	return attr->otc;
#endif
}

/* Whether bgpd passes over ORIGINATOR_ID and CLUSTER_LIST of the peer. */
static inline bool peer_ignores_reflection(const struct peer *peer)
{
	return FRR_SINCE(10, 0) && peer->sort == BGP_PEER_EBGP;
}

/* How link bandwidth in extended communities is written between the two. */
static inline bool peer_has_no_ieee_bandwidth(const struct peer *peer)
{
	return CHECK_FLAG(peer->flags, PEER_FLAG_DISABLE_LINK_BW_ENCODING_IEEE);
}

/* An AS path as it stands in an UPDATE, interned; NULL where it is malformed. */
struct aspath *peer_read_as_path(const struct peer *peer, const uint8_t *bytes, size_t size, bool four_octet_as);

/* Whether bgpd takes a path of the peer for a loop, `local-as` and `allowas-in` considered. */
bool peer_finds_own_asn(struct peer *peer, struct bgp_dest *dest, struct attr *attr, afi_t afi, safi_t safi);

/* Whether bgpd takes no host route of that address, its own. */
static inline bool bgp_refuses_local_address(struct bgp *bgp, const struct prefix *prefix)
{
#if FRR_SINCE(10, 7)
	return is_host_route(prefix) && bgp_hostroute_self(bgp, prefix);
#else
	return false;
#endif
}

/* Whether a route is meant for other routers alone: its node target communities (since 10.0). */
bool attr_is_for_other_nodes(struct peer *peer, struct attr *attr);

/* Whether bgpd takes no unicast route with those attributes since they name a MAC address of this router's (8.4). */
bool attr_names_own_mac(struct attr *attr);

/* The first place of a table behind a prefix, whether that is there or not; locked. NULL: none. */
static inline struct bgp_dest *bgp_dest_behind(const struct bgp_table *table, const struct prefix *prefix)
{
	struct route_node *node = route_table_get_next(table->route_table, prefix);

#if FRR_SINCE(9, 0)
	/* Where the tree only branches there is none. */
	while (node && !node->info)
		node = route_next(node);
#endif
	return bgp_dest_from_rnode(node);
}

/* A place for a prefix as policies want one, in no table: though it names one. */
struct outside_dest {
	struct bgp_dest dest;
#if FRR_SINCE(9, 0)
	struct route_node node;
#endif
};

static inline struct bgp_dest *outside_dest_set(struct outside_dest *outside, struct bgp_table *table,
						const struct prefix *prefix)
{
	memset(outside, 0, sizeof(*outside));
#if FRR_SINCE(9, 0)
	outside->dest.rn = &outside->node;
	outside->node.table = table->route_table;
	prefix_copy(&outside->node.p, prefix);
#else
	outside->dest.table = table->route_table;
	prefix_copy(&outside->dest.p, prefix);
#endif
	return &outside->dest;
}

/* A copy of attributes for a route-map to change. To be flushed; what is interned in it stays the other's. */
static inline void attr_copy(struct attr *copy, const struct attr *attr)
{
#if FRR_SINCE(10, 7)
	bgp_attr_dup_into(copy, attr);
#else
	*copy = *attr;
#endif
}

/* Frees what a route-map has put into a copy of attributes. */
static inline void attr_copy_flush(struct attr *attr)
{
	bgp_attr_flush(attr);
#if FRR_SINCE(10, 7)
	bgp_attr_extra_discard(attr);
#endif
}

/* What RPKI says of a route's origin (RFC 6811). */
enum origin_validity {
	ORIGIN_UNKNOWN = 0, /* bgpd does not validate, or no cache is synchronised */
	ORIGIN_VALID,
	ORIGIN_NOT_FOUND,
	ORIGIN_INVALID,
	ORIGIN_VALIDITY_COUNT
};
const char *origin_validity_name(enum origin_validity validity); /* "not-found" */
/* Whether bgpd's rpki module is loaded. */
bool origin_validation_is_loaded(void);
enum origin_validity peer_origin_validity(struct peer *peer, struct attr *attr, const struct prefix *prefix);
/* Of a route whose path ends with the AS. */
enum origin_validity asn_origin_validity(struct peer *peer, as_t origin, const struct prefix *prefix);

/* as-path lists: the same in all, up to 8.4 in bgp_filter.c alone. */
#if !FRR_SINCE(9, 0)
#include "bgpd/bgp_filter.h"
struct as_filter {
	struct as_filter *next, *prev;
	enum as_filter_type type;
	regex_t *reg;
	char *reg_str;
	int64_t seq;
};
struct as_list {
	char *name;
	struct as_list *next, *prev;
	struct as_filter *head, *tail;
};
#endif

/*
 * The list has come to its name by no line of bgpd's: rules of route-maps that exclude what a list of that name has, since 10.0,
 * are told of it, as such a line does.
 */
static inline void as_list_named(struct as_list *list)
{
#if FRR_SINCE(10, 0)
	struct aspath_exclude *rule;

	while ((rule = as_exclude_lookup_orphan(list->name))) {
		as_list_list_add_head(&list->exclude_rule, rule);
		rule->exclude_aspath_acl = list;
	}
#endif
}

/* A regular expression for AS paths, as FRR compiles and frees them. */
#if FRR_SINCE(10, 7)
typedef struct frregex as_path_regex;
#else
typedef regex_t as_path_regex;
#endif

/* Writes a prefix as the withdrawn field of an UPDATE has it. */
static inline void stream_put_withdrawn(struct stream *stream, const struct prefix *prefix, bool add_path,
					uint32_t path_id)
{
#if FRR_SINCE(10, 7)
	bgp_attr_stream_put_prefix_addpath(stream, prefix, add_path, path_id);
#else
	stream_put_prefix_addpath(stream, prefix, add_path, path_id);
#endif
}

/*
 * Writes a prefix into an MP_UNREACH that bgp_packet_mpunreach_start() began. `dest` is what the prefix stands in, NULL
 * for a default route that was originated for the peer alone.
 */
static inline void stream_put_unreachable(struct stream *stream, const struct prefix *prefix,
					  const struct bgp_dest *dest, afi_t afi, safi_t safi,
					  const struct prefix_rd *rd, bool add_path, uint32_t path_id)
{
#if FRR_SINCE(10, 7)
	bgp_packet_mpunreach_prefix(stream, prefix, afi, safi, rd, NULL, 0, add_path, path_id, NULL,
				    dest ? dest->ls_nlri : NULL);
#else
	bgp_packet_mpunreach_prefix(stream, prefix, afi, safi, rd, NULL, 0, add_path, path_id, NULL);
#endif
}

/* What `network` lines of the instance say. */
static inline struct bgp_table *bgp_own_networks(const struct bgp *bgp, afi_t afi)
{
#if FRR_SINCE(10, 7)
	return bgp->static_routes[afi][SAFI_UNICAST];
#else
	return bgp->route[afi][SAFI_UNICAST];
#endif
}

#if FRR_SINCE(10, 0)
#define for_each_connected(interface, connected) frr_each (if_connected, (interface)->connected, connected)
#else
#define for_each_connected(interface, connected)                                                                       \
	for (struct listnode *node_ = listhead((interface)->connected); node_ && ((connected) = listgetdata(node_));   \
	     node_ = listnextnode(node_))
#endif

/* Copies at most `most` addresses of an interface, each with the length of its network. Returns how many. */
static inline size_t interface_addresses(struct interface *interface, struct prefix *addresses, size_t most)
{
	struct connected *connected;
	size_t count = 0;

	for_each_connected (interface, connected)
		if (connected->address && count < most)
			addresses[count++] = *connected->address;
	return count;
}

/*
 * The interface in whose network an address is, by the longest one; NULL where it is in none, and for a link-local one,
 * which could be in any. FRR's if_lookup_address() finds no network of IPv6 before 10.7.
 */
struct interface *interface_of_network(const struct prefix *address, vrf_id_t vrf_id);

/*
 * One End-of-RIB more or less (`change` 1 or -1) that a restarting bgpd waits for before it selects best paths. Up to
 * 10.3 bgpd counts them when a session comes up and goes down, by what was negotiated then. Later it looks at the
 * sessions themselves, and nothing is to be done.
 */
static inline void bgp_expect_end_of_rib(struct bgp *bgp, afi_t afi, safi_t safi, int change)
{
#if !FRR_SINCE(10, 7)
	bgp->gr_info[afi][safi].eor_required += change;
#endif
}

/* A record of FRR's debugging: the line that is saved, and what `show debugging` calls it. */
#if FRR_SINCE(10, 1)
#define FRR_DEBUG(line, description) {.conf = line, .desc = description}
#else
#define FRR_DEBUG(line, description) {.desc = line}
#endif
/* Makes them known to `show debugging`, `debug all` and the configuration. Once. */
struct debug;
void debugs_install(struct debug *debugs, size_t count);

/*
 * What a vty of its own prints for a line that needs no more than VIEW_NODE: freed with XFREE(MTYPE_TMP, …).
 * *status is the command's.
 */
char *vty_answer(const char *line, int *status);

#endif
