// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: what was answered to requests with an Idempotency-Key.
 */
#include "controller/store/store_sqlite.h"

enum store_result store_idempotency(struct store *store, const char *actor, const char *key, int64_t since,
				    store_idempotency_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_IDEMPOTENCY, TEXT(actor), TEXT(key), NUMBER(since));
	enum store_result result;

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
	return store_change(store, SQL_IDEMPOTENCY_KEEP, TEXT(row->actor), TEXT(row->key), TEXT(row->request),
			    NUMBER(row->created_at), TEXT(row->push_id));
}

enum store_result store_idempotency_answered(struct store *store, const struct store_idempotency *row)
{
	return store_change(store, SQL_IDEMPOTENCY_ANSWERED, TEXT(row->actor), TEXT(row->key), NUMBER(row->status),
			    TEXT(row->location), TEXT(row->answer));
}
