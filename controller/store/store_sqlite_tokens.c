// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: tokens.
 */
#include "controller/store/store_sqlite.h"

enum store_result store_token_create(struct store *store, const struct store_token *token)
{
	return store_change(store, SQL_TOKEN_CREATE, TEXT(token->id), TEXT(token->name), TEXT(token->role),
			    COUNT(token->asn), TEXT(token->hash), TEXT(token->created_by), NUMBER(token->created_at),
			    NUMBER(token->expires_at));
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
	sqlite3_stmt *statement = store_bound(store, SQL_TOKEN, TEXT(id));

	return STORE_ONE(store, statement, visit ? visit_token(statement, visit, context) : true);
}

enum store_result store_token_named(struct store *store, const char *name)
{
	sqlite3_stmt *statement = store_bound(store, SQL_TOKEN_NAMED, TEXT(name));

	return STORE_ONE(store, statement, true);
}

enum store_result store_tokens(struct store *store, int64_t after, unsigned int limit, store_token_visit visit,
			       void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_TOKENS, NUMBER(after), COUNT(limit));

	return STORE_WALK(store, statement, visit_token(statement, visit, context));
}

enum store_result store_token_used(struct store *store, const char *id, int64_t at)
{
	return store_change(store, SQL_TOKEN_USED, TEXT(id), NUMBER(at));
}

enum store_result store_token_revoked(struct store *store, const char *id, int64_t at, const char *by)
{
	return store_change(store, SQL_TOKEN_REVOKED, TEXT(id), NUMBER(at), TEXT(by));
}
