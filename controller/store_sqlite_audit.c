// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: the audit log.
 */
#include "controller/store_sqlite.h"

enum store_result store_audit(struct store *store, const struct store_audit *row)
{
	sqlite3_stmt *statement = store_statement(store, SQL_AUDIT);

	sqlite3_bind_int64(statement, 1, row->at);
	store_bind_text(statement, 2, row->actor);
	store_bind_text(statement, 3, row->role);
	store_bind_text(statement, 4, row->address);
	store_bind_text(statement, 5, row->action);
	store_bind_text(statement, 6, row->object);
	store_bind_text(statement, 7, row->detail);
	return store_run(store, statement);
}

enum store_result store_audits(struct store *store, int64_t after, unsigned int limit, store_audit_visit visit,
			       void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_AUDITS);
	enum store_result result;

	sqlite3_bind_int64(statement, 1, after);
	store_bind_number(statement, 2, limit);
	while ((result = store_next(store, statement)) == STORE_OK) {
		struct store_audit row = {
			.id = sqlite3_column_int64(statement, 0),
			.at = sqlite3_column_int64(statement, 1),
			.actor = store_column_text(statement, 2),
			.role = store_column_text(statement, 3),
			.address = store_column_text(statement, 4),
			.action = store_column_text(statement, 5),
			.object = store_column_text(statement, 6),
			.detail = store_column_text(statement, 7),
			.result = store_column_text(statement, 8),
		};

		if (!visit(&row, context))
			break;
	}
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_audit_newest(struct store *store, int64_t *id)
{
	sqlite3_stmt *statement = store_statement(store, SQL_AUDIT_NEWEST);
	enum store_result result = store_next(store, statement);

	if (result == STORE_OK)
		*id = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return result;
}
