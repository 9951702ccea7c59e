/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a router reports of the policies that were pushed to it, into the store. Inside the caller's transaction. */
#ifndef PEERING_CONTROLLER_POLICY_REPORTS_H
#define PEERING_CONTROLLER_POLICY_REPORTS_H

#include "controller/store/store.h"
#include "lib/peering.pb-c.h"

/* *skipped counts those that are not stored: no name of a policy, or more than a router may have; *why is then static. */
enum store_result policy_reports_apply(struct store *store, const char *router, const Peering__Snapshot *snapshot,
				       int64_t at, size_t *skipped, const char **why);
/* Behind that: which of them differ from what was asked for. */
enum store_result policy_reports_compare(struct store *store, const char *router, const Peering__Snapshot *snapshot,
					 int64_t at);

#endif
