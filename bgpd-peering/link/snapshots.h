/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When which connections and pushed policies are reported: all of them when a session with the controller begins, and
 * within a second those that have changed, folded together. In pieces, one in each turn of the event loop and no faster than the controller
 * takes them: nothing that is to be reported is dropped, and however many connections there are, little of them waits in
 * memory.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_SNAPSHOTS_H
#define PEERING_SNAPSHOTS_H

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/link/link.h"

/* A session of the link is up; it is over. */
void snapshots_begin(struct link *link);
void snapshots_end(void);
/* LINK_DRAINED. */
void snapshots_drained(void);

/* The connection has changed. */
void snapshots_changed(struct connection *connection);
/* Looks whether its counts have moved so that they are to be reported. */
void snapshots_look(struct connection *connection);
/* One is gone: only a full snapshot says so. */
void snapshots_gone(void);
/* The pushed policy has changed, or is gone. */
void snapshots_policy_changed(const char *name);

#endif
