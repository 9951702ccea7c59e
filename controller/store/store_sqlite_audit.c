// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: the audit log.
 */
#include "controller/store/store_sqlite.h"

enum store_result store_audit(struct store *store, const struct store_audit *row)
{
	return store_change(store, SQL_AUDIT, NUMBER(row->at), TEXT(row->actor), TEXT(row->role), TEXT(row->address),
			    TEXT(row->action), TEXT(row->object), TEXT(row->detail));
}

enum store_result store_audits(struct store *store, int64_t after, unsigned int limit, store_audit_visit visit,
			       void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_AUDITS, NUMBER(after), COUNT(limit));
	enum store_result result;

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
	return store_walked(statement, result);
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
