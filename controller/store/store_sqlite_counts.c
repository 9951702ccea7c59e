// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: how much there is of what.
 */
#include "controller/store/store_sqlite.h"

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

enum store_result store_census(struct store *store, const char *router, const char *name, unsigned int limit,
			       store_census_visit visit, void *context, bool *more)
{
	sqlite3_stmt *statement = store_bound(store, SQL_CENSUS, TEXT(router), TEXT(name), COUNT(limit));
	enum store_result result;
	unsigned int count = 0;

	while ((result = store_next(store, statement)) == STORE_OK) {
		count++;
		if (!visit(store_column_text(statement, 0), store_column_text(statement, 1),
			   store_column_text(statement, 2), sqlite3_column_int(statement, 3) != 0, context))
			break;
	}
	sqlite3_reset(statement);
	*more = count == limit;
	return result == STORE_NOT_FOUND ? STORE_OK : result;
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
