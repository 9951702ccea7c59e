/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts what gated peers send: each announced prefix, although every one is denied.
 *
 * Hangs on bgpd's hook for received messages, which runs before the message is parsed. One look-up for a message of any
 * other peer. At most RECEIVED_KEPT prefixes, or twice the limit where that is more, are kept for a session and family;
 * beyond that the count is a lower bound. bgpd's main thread only.
 */
#ifndef PEERING_RECEIVED_H
#define PEERING_RECEIVED_H

#define RECEIVED_KEPT 100000u

void received_init(void);

#endif
