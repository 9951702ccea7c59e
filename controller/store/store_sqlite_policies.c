// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: the policy objects that are wanted on each router.
 */
#include "controller/store/store_sqlite.h"

enum store_result store_policy_desired(struct store *store, int64_t number, const struct store_push *push,
				       const struct store_operation *operation)
{
	return store_change(store, SQL_POLICY_DESIRE, TEXT(push->router), TEXT(operation->connection),
			    TEXT(operation->definition), TEXT(push->actor), NUMBER(push->created_at), NUMBER(number),
			    NUMBER((int64_t)operation->digest));
}

enum store_result store_policies_as_before(struct store *store, int64_t number, bool applied)
{
	enum store_result result = store_change(store, SQL_POLICY_REFUSED, NUMBER(number));

	/* Nothing went: a newer one stands there already, and is right. */
	if (result != STORE_OK || (sqlite3_changes(store->db) == 0 && !applied))
		return result;
	return store_change(store, SQL_POLICY_AS_BEFORE, NUMBER(number), NUMBER(applied));
}

enum store_result store_policies_answered(struct store *store, int64_t number, bool applied)
{
	return applied ? store_change(store, SQL_POLICY_NO_LONGER, NUMBER(number))
		       : store_policies_as_before(store, number, false);
}

static bool visit_policy(sqlite3_stmt *statement, store_policy_visit visit, void *context)
{
	struct store_policy policy = {
		.name = store_column_text(statement, 0),
		.kind = store_column_text(statement, 1),
		.entries = sqlite3_column_int64(statement, 2),
		.requested_by = store_column_text(statement, 3),
		.requested_at = sqlite3_column_int64(statement, 4),
		.push_id = store_column_text(statement, 5),
		.push_state = store_column_text(statement, 6),
		.digest = (uint64_t)sqlite3_column_int64(statement, 7),
		.definition = (const char *)sqlite3_column_text(statement, 8),
	};

	return visit(&policy, context);
}

enum store_result store_policies(struct store *store, const char *router, const char *after_name, unsigned int limit,
				 store_policy_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_POLICIES, TEXT(router), TEXT(after_name), COUNT(limit));

	return STORE_WALK(store, statement, visit_policy(statement, visit, context));
}

enum store_result store_policy(struct store *store, const char *router, const char *name, store_policy_visit visit,
			       void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_POLICY, TEXT(router), TEXT(name));

	return STORE_ONE(store, statement, visit_policy(statement, visit, context));
}
