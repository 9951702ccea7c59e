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
#include "lib/hook.h"
#include "lib/json.h"
#include "lib/libfrr.h"
#include "lib/memory.h"
#include "lib/module.h"
#include "lib/routemap.h"
#include "lib/sockunion.h"
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
#include "bgpd/bgp_memory.h"
#include "bgpd/bgp_packet.h"
#include "bgpd/bgp_route.h"
#include "bgpd/bgp_updgrp.h"
#include "bgpd/bgp_vty.h"

/* FRR exports this hook but declares it in no header. */
DECLARE_KOOH(cmd_execute_done, (struct vty *vty, const char *cmd_exec), (vty, cmd_exec));

/* Events: 8.4 says thread, later versions event. */
typedef struct thread event_ref;
#define event_argument(event) THREAD_ARG(event)
#define event_add_now(function, argument, reference) thread_add_event(bm->master, function, argument, 0, reference)
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

/* Resets its session; everything else that is configured for it stays. */
static inline void peer_change_asn(struct peer *peer, as_t asn)
{
	peer_as_change(peer, asn, AS_SPECIFIED);
}

/* Whether bgpd's figures for its own structures are ours; `type` counts nothing before the first allocation. */
static inline size_t frr_allocated_size(const struct memtype *type)
{
	return type->size;
}

#endif
