/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bgpd runs as user frr with CAP_NET_RAW, CAP_NET_ADMIN and CAP_SYS_ADMIN permitted and none in effect. Capabilities belong
 * to a thread: one of the module's own takes them for itself, and bgpd's stay as they are.
 */
#ifndef PEERING_THREAD_CAPABILITIES_H
#define PEERING_THREAD_CAPABILITIES_H

/* Takes what of the three is permitted, for the calling thread; gives it back. */
void thread_capabilities_raise(void);
void thread_capabilities_lower(void);

#endif
