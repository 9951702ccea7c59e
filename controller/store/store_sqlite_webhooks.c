// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: what web hooks still have to be told, and how it went.
 */
#include "controller/store/store_sqlite.h"

enum store_result store_notable_events(struct store *store, int64_t after, int64_t last, store_notable_visit visit,
				       void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_NOTABLE_EVENTS, NUMBER(after), NUMBER(last));
	enum store_result result;

	while ((result = store_next(store, statement)) == STORE_OK) {
		struct store_event event = {
			.id = sqlite3_column_int64(statement, 0),
			.at = sqlite3_column_int64(statement, 1),
			.type = store_column_text(statement, 2),
			.router = store_column_text(statement, 3),
			.connection = store_column_text(statement, 4),
			.peer_asn = (uint32_t)sqlite3_column_int64(statement, 5),
			.data = store_column_text(statement, 6),
			.epoch = store_column_text(statement, 7),
		};

		if (!visit(&event, (const char *)sqlite3_column_text(statement, 8), context))
			break;
	}
	return store_walked(statement, result);
}

enum store_result store_webhook_cursor(struct store *store, int64_t *event)
{
	sqlite3_stmt *statement = store_statement(store, SQL_WEBHOOK_CURSOR);
	enum store_result result = store_next(store, statement);

	if (result == STORE_OK)
		*event = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return result;
}

enum store_result store_webhook_cursor_moves(struct store *store, int64_t event)
{
	return store_change(store, SQL_WEBHOOK_CURSOR_MOVES, NUMBER(event));
}

enum store_result store_webhook_add(struct store *store, const char *name)
{
	return store_change(store, SQL_WEBHOOK_ADD, TEXT(name));
}

enum store_result store_webhook_remove(struct store *store, const char *name)
{
	return store_change(store, SQL_WEBHOOK_REMOVE, TEXT(name));
}

enum store_result store_webhooks(struct store *store, store_webhook_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_WEBHOOKS);
	enum store_result result;

	while ((result = store_next(store, statement)) == STORE_OK) {
		struct store_webhook webhook = {
			.name = store_column_text(statement, 0),
			.delivered = (uint64_t)sqlite3_column_int64(statement, 1),
			.dropped = (uint64_t)sqlite3_column_int64(statement, 2),
			.last_event = sqlite3_column_int64(statement, 3),
			.last_at = sqlite3_column_int64(statement, 4),
			.last_status = sqlite3_column_int(statement, 5),
			.last_error = store_column_text(statement, 6),
			.last_success_at = sqlite3_column_int64(statement, 7),
			.failing_since = sqlite3_column_int64(statement, 8),
			.pending = (uint64_t)sqlite3_column_int64(statement, 9),
			.oldest_pending_at = sqlite3_column_int64(statement, 10),
		};

		if (!visit(&webhook, context))
			break;
	}
	return store_walked(statement, result);
}

enum store_result store_webhook_queue(struct store *store, const char *name, const struct store_event *event,
				      const char *body, int64_t at)
{
	return store_change(store, SQL_WEBHOOK_QUEUE, TEXT(name), NUMBER(event->id), TEXT(event->router),
			    TEXT(event->connection), TEXT(body), NUMBER(at));
}

enum store_result store_webhook_due(struct store *store, const char *name, int64_t now, unsigned int limit,
				    store_delivery_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_WEBHOOK_DUE, TEXT(name), NUMBER(now), COUNT(limit));
	enum store_result result;

	while ((result = store_next(store, statement)) == STORE_OK) {
		struct store_delivery delivery = {
			.event = sqlite3_column_int64(statement, 0),
			.attempts = (unsigned int)sqlite3_column_int(statement, 1),
			.body = store_column_text(statement, 2),
			.id = store_column_text(statement, 3),
		};

		if (!visit(&delivery, context))
			break;
	}
	return store_walked(statement, result);
}

enum store_result store_webhook_attempted(struct store *store, const char *name, int64_t event, bool accepted,
					  int status, const char *error, int64_t at, int64_t next_at)
{
	sqlite3_stmt *statement = store_bound(store, accepted ? SQL_WEBHOOK_ACCEPTED : SQL_WEBHOOK_REFUSED,
					      TEXT(name), NUMBER(event));
	enum store_result result;

	if (!accepted)
		sqlite3_bind_int64(statement, 3, next_at);
	result = store_run(store, statement);
	if (result != STORE_OK)
		return result;
	return store_change(store, SQL_WEBHOOK_RESULT, TEXT(name), NUMBER(accepted), NUMBER(event), NUMBER(at),
			    NUMBER(status), TEXT(error));
}

enum store_result store_webhook_dropped(struct store *store, const char *name, uint64_t count)
{
	return store_change(store, SQL_WEBHOOK_DROPPED, TEXT(name), COUNT(count));
}

enum store_result store_webhook_expire(struct store *store, const char *name, int64_t before, uint64_t *count)
{
	enum store_result result;
	bool own;

	*count = 0;
	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = store_change(store, SQL_WEBHOOK_EXPIRE, TEXT(name), NUMBER(before));
	if (result == STORE_OK)
		*count = (uint64_t)sqlite3_changes64(store->db);
	if (result == STORE_OK && *count > 0)
		result = store_webhook_dropped(store, name, *count);
	return store_end_own(store, own, result);
}
