// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: what became of a push behind its first answer, and the revision of a router.
 */
#include "controller/store_sqlite.h"

enum store_result store_router_revision(struct store *store, const char *router, uint64_t revision, const char *push,
					bool exact)
{
	sqlite3_stmt *statement = store_statement(store, SQL_ROUTER_REVISION);

	store_bind_text(statement, 1, router);
	store_bind_number(statement, 2, revision);
	store_bind_text(statement, 3, push);
	sqlite3_bind_int(statement, 4, exact);
	return store_run(store, statement);
}

enum store_result store_push_outcome(struct store *store, const char *router, const char *id, uint64_t revision,
				     bool waits)
{
	sqlite3_stmt *statement = store_statement(store, SQL_PUSH_OUTCOME);

	store_bind_text(statement, 1, id);
	store_bind_text(statement, 2, router);
	store_bind_number(statement, 3, revision);
	sqlite3_bind_int(statement, 4, waits);
	return store_run(store, statement);
}

enum store_result store_push_confirmed(struct store *store, const char *router, const char *id, const char *confirmation)
{
	sqlite3_stmt *statement = store_statement(store, SQL_PUSH_CONFIRMED);
	enum store_result result;

	store_bind_text(statement, 1, id);
	store_bind_text(statement, 2, router);
	store_bind_text(statement, 3, confirmation);
	result = store_run(store, statement);
	return result == STORE_OK && sqlite3_changes(store->db) == 0 ? STORE_NOT_FOUND : result;
}

enum store_result store_push_unconfirmed(struct store *store, const char *router, store_push_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_PUSH_UNCONFIRMED);
	enum store_result result;

	store_bind_text(statement, 1, router);
	result = store_next(store, statement);
	if (result == STORE_OK)
		result = store_visit_push(store, statement, visit, context);
	sqlite3_reset(statement);
	return result;
}
