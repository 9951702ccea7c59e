// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/policy_reports.h"

#include "lib/policy_object.h"

static enum store_result apply(struct store *store, const char *router, const Peering__PolicyStatus *status, int64_t at)
{
	const char *kind = policy_kind_name(status->kind);
	struct store_observed_policy observed = {
		.name = status->name,
		.kind = kind ? kind : "",
		.digest = status->digest,
		.entries = status->entries,
		.drifted = status->drifted,
		.withdrawn = status->withdrawn,
		.observed_at = at,
	};

	return status->gone ? store_policy_gone(store, router, status->name)
			    : store_observe_policy(store, router, &observed);
}

enum store_result policy_reports_apply(struct store *store, const char *router, const Peering__Snapshot *snapshot,
				       int64_t at, size_t *skipped, const char **why)
{
	enum store_result result = STORE_OK;
	uint64_t count = 0;

	if (snapshot->n_policies)
		result = store_policies_observed(store, router, &count);
	for (size_t i = 0; result == STORE_OK && i < snapshot->n_policies; i++) {
		const Peering__PolicyStatus *status = snapshot->policies[i];
		const char *wrong = policy_name_error(status->name);

		if (!wrong && !status->gone && count + i >= STORE_POLICIES_OBSERVED_MAX)
			wrong = "the router reports more policies than one may have";
		if (wrong) {
			*why = wrong;
			(*skipped)++;
			continue;
		}
		result = apply(store, router, status, at);
	}
	return result;
}

enum store_result policy_reports_compare(struct store *store, const char *router, const Peering__Snapshot *snapshot,
					 int64_t at)
{
	enum store_result result = STORE_OK;

	for (size_t i = 0; result == STORE_OK && i < snapshot->n_policies; i++)
		result = store_policy_differs(store, router, snapshot->policies[i]->name, at);
	if (result == STORE_OK && snapshot->complete)
		result = store_policy_differs(store, router, NULL, at);
	return result;
}
