// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: what was answered to requests with an Idempotency-Key.
 */
#include "controller/store_sqlite.h"

enum store_result store_idempotency(struct store *store, const char *actor, const char *key, int64_t since,
				    store_idempotency_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_IDEMPOTENCY);
	enum store_result result;

	store_bind_text(statement, 1, actor);
	store_bind_text(statement, 2, key);
	sqlite3_bind_int64(statement, 3, since);
	result = store_next(store, statement);
	if (result == STORE_OK) {
		struct store_idempotency row = {
			.actor = actor,
			.key = key,
			.request = store_column_text(statement, 0),
			.created_at = sqlite3_column_int64(statement, 1),
			.push_id = store_column_text(statement, 2),
			.status = sqlite3_column_int(statement, 3),
			.location = store_column_text(statement, 4),
			.answer = store_column_text(statement, 5),
		};

		visit(&row, context);
	}
	sqlite3_reset(statement);
	return result;
}

enum store_result store_idempotency_count(struct store *store, uint64_t *count)
{
	sqlite3_stmt *statement = store_statement(store, SQL_KEYS);
	enum store_result result = store_next(store, statement);

	*count = result == STORE_OK ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result;
}

enum store_result store_idempotency_keep(struct store *store, const struct store_idempotency *row)
{
	sqlite3_stmt *statement = store_statement(store, SQL_IDEMPOTENCY_KEEP);

	store_bind_text(statement, 1, row->actor);
	store_bind_text(statement, 2, row->key);
	store_bind_text(statement, 3, row->request);
	sqlite3_bind_int64(statement, 4, row->created_at);
	store_bind_text(statement, 5, row->push_id);
	return store_run(store, statement);
}

enum store_result store_idempotency_answered(struct store *store, const struct store_idempotency *row)
{
	sqlite3_stmt *statement = store_statement(store, SQL_IDEMPOTENCY_ANSWERED);

	store_bind_text(statement, 1, row->actor);
	store_bind_text(statement, 2, row->key);
	sqlite3_bind_int(statement, 3, row->status);
	store_bind_text(statement, 4, row->location);
	store_bind_text(statement, 5, row->answer);
	return store_run(store, statement);
}
