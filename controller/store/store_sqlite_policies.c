// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: the policy objects that are wanted on each router.
 */
#include "controller/store/store_sqlite.h"

enum store_result store_policy_desired(struct store *store, int64_t number, const struct store_push *push,
				       const struct store_operation *operation)
{
	sqlite3_stmt *statement = store_statement(store, SQL_POLICY_DESIRE);

	store_bind_text(statement, 1, push->router);
	store_bind_text(statement, 2, operation->connection);
	store_bind_text(statement, 3, operation->definition);
	store_bind_text(statement, 4, push->actor);
	sqlite3_bind_int64(statement, 5, push->created_at);
	sqlite3_bind_int64(statement, 6, number);
	sqlite3_bind_int64(statement, 7, (int64_t)operation->digest);
	return store_run(store, statement);
}

static enum store_result run_with_number(struct store *store, enum statement which, int64_t number)
{
	sqlite3_stmt *statement = store_statement(store, which);

	sqlite3_bind_int64(statement, 1, number);
	return store_run(store, statement);
}

enum store_result store_policies_answered(struct store *store, int64_t number, bool applied)
{
	enum store_result result;

	if (applied)
		return run_with_number(store, SQL_POLICY_NO_LONGER, number);
	result = run_with_number(store, SQL_POLICY_REFUSED, number);
	/* Nothing went: a newer one stands there already, and is right. */
	if (result == STORE_OK && sqlite3_changes(store->db) > 0)
		result = run_with_number(store, SQL_POLICY_AS_BEFORE, number);
	return result;
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
	sqlite3_stmt *statement = store_statement(store, SQL_POLICIES);
	enum store_result result;

	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, after_name);
	store_bind_number(statement, 3, limit);
	while ((result = store_next(store, statement)) == STORE_OK)
		if (!visit_policy(statement, visit, context))
			break;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_policy(struct store *store, const char *router, const char *name, store_policy_visit visit,
			       void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_POLICY);
	enum store_result result;

	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, name);
	result = store_next(store, statement);
	if (result == STORE_OK)
		visit_policy(statement, visit, context);
	sqlite3_reset(statement);
	return result;
}
