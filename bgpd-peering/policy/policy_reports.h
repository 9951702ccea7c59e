/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pushed policies are still to be reported to the controller, and their reports: all of them when a session with it
 * begins, then those that have changed. In order, a bounded number at a time.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_POLICY_REPORTS_H
#define PEERING_POLICY_REPORTS_H

#include <stdbool.h>

#include "lib/peering.pb-c.h"

/* A session is up: all are to be reported. It is over: none is. */
void policy_reports_begin(void);
void policy_reports_end(void);

/* Pushed, withdrawn, typed at, or gone. False where nobody listens. */
bool policy_reports_changed(const char *name);

/*
 * Adds what is next to an empty list of the snapshot, and says in policies_full where a walk over all begins. True where
 * none is left of such a walk. What it adds is the caller's.
 */
bool policy_reports_add(Peering__Snapshot *snapshot);

#endif
