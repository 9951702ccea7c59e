// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: how much there is of what. Each is answered from an index.
 */
#include "controller/store_sqlite.h"

enum store_result store_router_names(struct store *store, store_name_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_ROUTER_NAMES);
	enum store_result result;

	while ((result = store_next(store, statement)) == STORE_OK)
		if (!visit(store_column_text(statement, 0), context))
			break;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_count_states(struct store *store, store_count_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_COUNT_STATES);
	enum store_result result;

	while ((result = store_next(store, statement)) == STORE_OK)
		if (!visit(store_column_text(statement, 0), (uint64_t)sqlite3_column_int64(statement, 1), context))
			break;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_count_degraded(struct store *store, uint64_t *count)
{
	sqlite3_stmt *statement = store_statement(store, SQL_COUNT_DEGRADED);
	enum store_result result = store_next(store, statement);

	if (result == STORE_OK)
		*count = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return result;
}

enum store_result store_count_pushes(struct store *store, uint64_t *queued, uint64_t *stored)
{
	sqlite3_stmt *statement = store_statement(store, SQL_COUNT_PUSHES);
	enum store_result result = store_next(store, statement);

	if (result == STORE_OK) {
		*queued = (uint64_t)sqlite3_column_int64(statement, 0);
		*stored = (uint64_t)sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	return result;
}
