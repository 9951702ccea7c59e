// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: what became of a push behind its first answer, and the revision of a router.
 */
#include "controller/store/store_sqlite.h"

enum store_result store_router_revision(struct store *store, const char *router, uint64_t revision, const char *push,
					bool exact)
{
	return store_change(store, SQL_ROUTER_REVISION, TEXT(router), COUNT(revision), TEXT(push), NUMBER(exact));
}

enum store_result store_push_outcome(struct store *store, const char *router, const char *id, uint64_t revision,
				     bool waits)
{
	return store_change(store, SQL_PUSH_OUTCOME, TEXT(id), TEXT(router), COUNT(revision), NUMBER(waits));
}

enum store_result store_push_confirmed(struct store *store, const char *router, const char *id, const char *confirmation)
{
	enum store_result result;

	result = store_change(store, SQL_PUSH_CONFIRMED, TEXT(id), TEXT(router), TEXT(confirmation));
	return result == STORE_OK && sqlite3_changes(store->db) == 0 ? STORE_NOT_FOUND : result;
}

enum store_result store_push_unconfirmed(struct store *store, const char *router, store_push_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PUSH_UNCONFIRMED, TEXT(router));
	enum store_result result;

	result = store_next(store, statement);
	if (result == STORE_OK)
		result = store_visit_push(store, statement, visit, context);
	sqlite3_reset(statement);
	return result;
}
