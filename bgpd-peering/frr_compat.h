/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place that knows what differs between versions of FRR.
 *
 * Everything else of the module uses the names below, and FRR's own names where they mean the same in every version.
 * Written for and tried on 8.4.4.
 */
#ifndef PEERING_FRR_COMPAT_H
#define PEERING_FRR_COMPAT_H

#include <zebra.h>

#include "lib/command.h"
#include "lib/frr_pthread.h"
#include "lib/hook.h"
#include "lib/json.h"
#include "lib/libfrr.h"
#include "lib/memory.h"
#include "lib/module.h"
#include "lib/routemap.h"
#include "lib/sockunion.h"
#include "lib/stream.h"
#include "lib/thread.h"
#include "lib/typesafe.h"
#include "lib/version.h"
#include "lib/vrf.h"
#include "lib/vty.h"

#include "bgpd/bgpd.h"
#include "bgpd/bgp_advertise.h"
#include "bgpd/bgp_attr.h"
#include "bgpd/bgp_debug.h"
#include "bgpd/bgp_fsm.h"
#include "bgpd/bgp_io.h"
#include "bgpd/bgp_memory.h"
#include "bgpd/bgp_packet.h"
#include "bgpd/bgp_route.h"
#include "bgpd/bgp_table.h"
#include "bgpd/bgp_updgrp.h"
#include "bgpd/bgp_vty.h"

/* FRR exports these hooks but declares them in no header. */
DECLARE_HOOK(cmd_execute, (struct vty *vty, const char *cmd_in, char **cmd_out), (vty, cmd_in, cmd_out));
DECLARE_KOOH(cmd_execute_done, (struct vty *vty, const char *cmd_exec), (vty, cmd_exec));

/* Events: 8.4 says thread, later versions event. */
typedef struct thread event_ref;
#define event_argument(event) THREAD_ARG(event)
#define event_add_now(function, argument, reference) thread_add_event(bm->master, function, argument, 0, reference)
#define event_add_milliseconds(function, argument, milliseconds, reference)                                            \
	thread_add_timer_msec(bm->master, function, argument, milliseconds, reference)
#define event_add_seconds(function, argument, seconds, reference)                                                      \
	thread_add_timer(bm->master, function, argument, seconds, reference)
#define event_add_readable(function, argument, descriptor, reference)                                                  \
	thread_add_read(bm->master, function, argument, descriptor, reference)
#define event_stop(reference) THREAD_OFF(reference)

/* The state machine of a peer. */
static inline int peer_fsm_status(const struct peer *peer)
{
	return peer->status;
}

static inline int peer_fsm_previous_status(const struct peer *peer)
{
	return peer->ostatus;
}

static inline const char *peer_fsm_status_name(const struct peer *peer)
{
	return lookup_msg(bgp_status_msg, peer->status, "Idle");
}

static inline bool peer_is_established(struct peer *peer)
{
	return peer_established(peer);
}

static inline const union sockunion *peer_remote_address(const struct peer *peer)
{
	return &peer->su;
}

static inline void peer_reset_session(struct peer *peer)
{
	bgp_notify_send(peer, BGP_NOTIFY_CEASE, BGP_NOTIFY_CEASE_ADMIN_RESET);
}

static inline int peer_create_external(struct bgp *bgp, union sockunion *address, as_t asn)
{
	return peer_remote_as(bgp, address, NULL, &asn, AS_SPECIFIED);
}

static inline pthread_mutex_t *peer_queue_mutex(struct peer *peer)
{
	return &peer->io_mtx;
}

static inline struct stream_fifo *peer_input_queue(struct peer *peer)
{
	return peer->ibuf;
}

static inline struct stream_fifo *peer_output_queue(struct peer *peer)
{
	return peer->obuf;
}

static inline void peer_send_message(struct peer *peer, struct stream *message)
{
	frr_with_mutex (peer_queue_mutex(peer)) {
		if (stream_fifo_count_safe(peer_output_queue(peer)) == 0)
			peer->last_sendq_ok = monotime(NULL);
		stream_fifo_push(peer_output_queue(peer), message);
	}
	bgp_writes_on(peer);
}

static inline void peer_schedule_input(struct peer *peer)
{
	thread_add_event(bm->master, bgp_process_packet, peer, 0, &peer->t_process_packet);
}

#define PEER_REFRESH_RECEIVED (PEER_CAP_REFRESH_OLD_RCV | PEER_CAP_REFRESH_NEW_RCV)

static inline bool peer_can_refresh(const struct peer *peer)
{
	return CHECK_FLAG(peer->cap, PEER_REFRESH_RECEIVED);
}

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

/* Whether `neighbor X path-attribute …` names the type. */
static inline bool peer_path_attribute_is_special(const struct peer *peer, uint8_t type)
{
	return false;
}

static inline bool peer_sort_is_confederation(const struct peer *peer)
{
	return peer->sort == BGP_PEER_CONFED;
}

static inline void peer_path_filter_again(struct peer *peer, const struct bgp_dest *dest, struct bgp_path_info *path,
					  afi_t afi, safi_t safi, struct prefix_rd *rd)
{
	bgp_update(peer, bgp_dest_get_prefix(dest), path->addpath_rx_id, path->attr, afi, safi, path->type,
		   path->sub_type, rd, NULL, 0, 1, NULL);
}

static inline void stream_put_withdrawn(struct stream *stream, const struct prefix *prefix, bool add_path,
					uint32_t path_id)
{
	stream_put_prefix_addpath(stream, prefix, add_path, path_id);
}

static inline void stream_put_unreachable(struct stream *stream, const struct prefix *prefix,
					  const struct bgp_dest *dest, afi_t afi, safi_t safi,
					  const struct prefix_rd *rd, bool add_path, uint32_t path_id)
{
	bgp_packet_mpunreach_prefix(stream, prefix, afi, safi, rd, NULL, 0, add_path, path_id, NULL);
}

/* Whether bgpd's figures for its own structures are ours; `type` counts nothing before the first allocation. */
static inline size_t frr_allocated_size(const struct memtype *type)
{
	return type->size;
}

#endif
