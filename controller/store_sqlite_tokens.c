// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: tokens.
 */
#include "controller/store_sqlite.h"

enum store_result store_token_create(struct store *store, const struct store_token *token)
{
	sqlite3_stmt *statement = store_statement(store, SQL_TOKEN_CREATE);

	store_bind_text(statement, 1, token->id);
	store_bind_text(statement, 2, token->name);
	store_bind_text(statement, 3, token->role);
	store_bind_number(statement, 4, token->asn);
	store_bind_text(statement, 5, token->hash);
	store_bind_text(statement, 6, token->created_by);
	sqlite3_bind_int64(statement, 7, token->created_at);
	sqlite3_bind_int64(statement, 8, token->expires_at);
	return store_run(store, statement);
}

static bool visit_token(sqlite3_stmt *statement, store_token_visit visit, void *context)
{
	struct store_token token = {
		.number = sqlite3_column_int64(statement, 0),
		.id = store_column_text(statement, 1),
		.name = store_column_text(statement, 2),
		.role = store_column_text(statement, 3),
		.asn = (uint32_t)sqlite3_column_int64(statement, 4),
		.hash = store_column_text(statement, 5),
		.created_by = store_column_text(statement, 6),
		.created_at = sqlite3_column_int64(statement, 7),
		.expires_at = sqlite3_column_int64(statement, 8),
		.last_used_at = sqlite3_column_int64(statement, 9),
		.revoked_at = sqlite3_column_int64(statement, 10),
		.revoked_by = store_column_text(statement, 11),
	};

	return visit(&token, context);
}

enum store_result store_token(struct store *store, const char *id, store_token_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_TOKEN);
	enum store_result result;

	store_bind_text(statement, 1, id);
	result = store_next(store, statement);
	if (result == STORE_OK && visit)
		visit_token(statement, visit, context);
	sqlite3_reset(statement);
	return result;
}

enum store_result store_token_named(struct store *store, const char *name)
{
	sqlite3_stmt *statement = store_statement(store, SQL_TOKEN_NAMED);
	enum store_result result;

	store_bind_text(statement, 1, name);
	result = store_next(store, statement);
	sqlite3_reset(statement);
	return result;
}

enum store_result store_tokens(struct store *store, int64_t after, unsigned int limit, store_token_visit visit,
			       void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_TOKENS);
	enum store_result result;

	sqlite3_bind_int64(statement, 1, after);
	store_bind_number(statement, 2, limit);
	while ((result = store_next(store, statement)) == STORE_OK)
		if (!visit_token(statement, visit, context))
			break;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_token_used(struct store *store, const char *id, int64_t at)
{
	sqlite3_stmt *statement = store_statement(store, SQL_TOKEN_USED);

	store_bind_text(statement, 1, id);
	sqlite3_bind_int64(statement, 2, at);
	return store_run(store, statement);
}

enum store_result store_token_revoked(struct store *store, const char *id, int64_t at, const char *by)
{
	sqlite3_stmt *statement = store_statement(store, SQL_TOKEN_REVOKED);

	store_bind_text(statement, 1, id);
	sqlite3_bind_int64(statement, 2, at);
	store_bind_text(statement, 3, by);
	return store_run(store, statement);
}
