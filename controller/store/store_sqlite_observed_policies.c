// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: what routers report of the policy objects that were pushed to them, beside what is wanted there.
 */
#include <string.h>

#include "controller/store/store_sqlite.h"

enum store_result store_observe_policy(struct store *store, const char *router,
				       const struct store_observed_policy *policy)
{
	return store_change(store, SQL_OBSERVE_POLICY, TEXT(router), TEXT(policy->name), TEXT(policy->kind),
			    NUMBER((int64_t)policy->digest), NUMBER(policy->entries), NUMBER(policy->drifted),
			    NUMBER(policy->withdrawn), NUMBER(policy->observed_at));
}

enum store_result store_policy_gone(struct store *store, const char *router, const char *name)
{
	return store_change(store, SQL_POLICY_GONE, TEXT(router), TEXT(name));
}

enum store_result store_policies_observed(struct store *store, const char *router, uint64_t *count)
{
	sqlite3_stmt *statement = store_bound(store, SQL_POLICIES_OBSERVED, TEXT(router));
	enum store_result result = store_next(store, statement);

	*count = result == STORE_OK ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result;
}

enum store_result store_policies_unknown(struct store *store, const char *router)
{
	static const enum statement order[] = {SQL_FORGET_POLICIES, SQL_POLICIES_UNKNOWN};
	enum store_result result;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	for (size_t i = 0; result == STORE_OK && i < sizeof(order) / sizeof(order[0]); i++)
		result = store_change(store, order[i], TEXT(router));
	return store_end_own(store, own, result);
}

static bool is_there(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_type(statement, column) != SQLITE_NULL;
}

static bool visit_difference(sqlite3_stmt *statement, store_policy_difference_visit visit, void *context)
{
	struct store_policy desired = {
		.name = store_column_text(statement, 1),
		.kind = store_column_text(statement, 2),
		.entries = sqlite3_column_int64(statement, 3),
		.requested_by = store_column_text(statement, 4),
		.requested_at = sqlite3_column_int64(statement, 5),
		.push_id = store_column_text(statement, 6),
		.push_state = store_column_text(statement, 7),
	};
	struct store_observed_policy observed = {
		.name = desired.name,
		.kind = store_column_text(statement, 9),
		.entries = (uint32_t)sqlite3_column_int64(statement, 10),
		.drifted = sqlite3_column_int(statement, 11) != 0,
		.withdrawn = sqlite3_column_int(statement, 12) != 0,
		.observed_at = sqlite3_column_int64(statement, 13),
	};
	struct store_policy_difference difference = {
		.router = store_column_text(statement, 0),
		.name = desired.name,
		.desired = is_there(statement, 2) ? &desired : NULL,
		.differs_since = sqlite3_column_int64(statement, 8),
		.observed = is_there(statement, 9) ? &observed : NULL,
		.other_contents = sqlite3_column_int(statement, 14) != 0,
		.differs = sqlite3_column_int(statement, 15) != 0,
		.again = sqlite3_column_int(statement, 16) != 0,
	};

	return visit(&difference, context);
}

enum store_result store_policy_differences(struct store *store, const char *router, const char *after_router,
					   const char *after_name, store_policy_difference_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_POLICY_DIFFERENCES, TEXT(router ? router : after_router),
					      TEXT(after_name));

	/* All of one router's stand in a row. */
	return STORE_WALK(store, statement,
			  (!router || strcmp(store_column_text(statement, 0), router) == 0) &&
				  visit_difference(statement, visit, context));
}
