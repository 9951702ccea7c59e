/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections as messages for the controller. Main thread; what is returned is the caller's. */
#ifndef PEERING_REPORT_H
#define PEERING_REPORT_H

#include "bgpd-peering/connection/connection.h"

#include "lib/peering.pb-c.h"

Peering__Snapshot *report_snapshot(struct connection *const *list, size_t count, bool full);
/* What was reported of it is on its way to the controller: the next report counts from there on. */
void report_taken(struct connection *connection);
/* Whether its counts are not those that were reported last any more: by much, or by anything for a minute. */
bool report_counts_moved(const struct connection *connection);
void report_snapshot_free(Peering__Snapshot *snapshot);

#endif
