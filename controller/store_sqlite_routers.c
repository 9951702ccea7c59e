// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: routers and the transitions of their journals.
 */
#include "controller/store_sqlite.h"

enum store_result store_router_connected(struct store *store, const struct store_router *router)
{
	sqlite3_stmt *statement = store_statement(store, SQL_ROUTER_CONNECTED);

	store_bind_text(statement, 1, router->name);
	store_bind_text(statement, 2, router->address);
	store_bind_text(statement, 3, router->frr_version);
	store_bind_text(statement, 4, router->module_version);
	store_bind_text(statement, 5, router->journal_id);
	store_bind_text(statement, 6, router->boot_id);
	sqlite3_bind_int64(statement, 7, router->connected_at);
	return store_run(store, statement);
}

enum store_result store_router_disconnected(struct store *store, const char *name, int64_t at, const char *reason)
{
	enum store_result result;
	sqlite3_stmt *statement;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	statement = store_statement(store, name ? SQL_ROUTER_DISCONNECTED : SQL_ROUTERS_DISCONNECTED);
	store_bind_text(statement, 1, name);
	sqlite3_bind_int64(statement, 2, at);
	store_bind_text(statement, 3, reason);
	result = store_run(store, statement);
	if (result == STORE_OK) {
		statement = store_statement(store, name ? SQL_PUSHES_LOST : SQL_ALL_PUSHES_LOST);
		store_bind_text(statement, 1, name);
		sqlite3_bind_int64(statement, 2, at);
		result = store_run(store, statement);
	}
	return store_end_own(store, own, result);
}

static bool visit_router(sqlite3_stmt *statement, store_router_visit visit, void *context)
{
	struct store_router router = {
		.name = store_column_text(statement, 0),
		.address = store_column_text(statement, 1),
		.frr_version = store_column_text(statement, 2),
		.module_version = store_column_text(statement, 3),
		.journal_id = store_column_text(statement, 4),
		.boot_id = store_column_text(statement, 5),
		.first_seen_at = sqlite3_column_int64(statement, 6),
		.connected_at = sqlite3_column_int64(statement, 7),
		.disconnected_at = sqlite3_column_int64(statement, 8),
		.disconnect_reason = store_column_text(statement, 9),
		.snapshot_at = sqlite3_column_int64(statement, 10),
		.acked_sequence = (uint64_t)sqlite3_column_int64(statement, 11),
		.connection_count = (uint64_t)sqlite3_column_int64(statement, 12),
		.held_since = sqlite3_column_int64(statement, 15),
		.held_push = store_column_text(statement, 16),
		.unsettled_count = (uint64_t)sqlite3_column_int64(statement, 17),
		.revision = (uint64_t)sqlite3_column_int64(statement, 13),
		.revision_of = store_column_text(statement, 14),
	};

	return visit(&router, context);
}

enum store_result store_routers(struct store *store, store_router_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_ROUTERS);
	enum store_result result;

	while ((result = store_next(store, statement)) == STORE_OK)
		if (!visit_router(statement, visit, context))
			break;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_routers_page(struct store *store, const char *after, unsigned int limit, store_router_visit visit,
				     void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_ROUTERS_PAGE);
	enum store_result result;

	store_bind_text(statement, 1, after);
	store_bind_number(statement, 2, limit);
	while ((result = store_next(store, statement)) == STORE_OK)
		if (!visit_router(statement, visit, context))
			break;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_router(struct store *store, const char *name, store_router_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_ROUTER);
	enum store_result result;

	store_bind_text(statement, 1, name);
	result = store_next(store, statement);
	if (result == STORE_OK && visit)
		visit_router(statement, visit, context);
	sqlite3_reset(statement);
	return result;
}

enum store_result store_acked_sequence(struct store *store, const char *router, const char *journal_id,
				       uint64_t *sequence)
{
	sqlite3_stmt *statement = store_statement(store, SQL_ACKED_SEQUENCE);
	enum store_result result;

	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, journal_id);
	result = store_next(store, statement);
	*sequence = result == STORE_OK ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_transition_at(struct store *store, const char *router, const char *journal_id,
				      uint64_t sequence, int64_t *at)
{
	sqlite3_stmt *statement = store_statement(store, SQL_TRANSITION_AT);
	enum store_result result;

	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, journal_id);
	store_bind_number(statement, 3, sequence);
	result = store_next(store, statement);
	*at = result == STORE_OK ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

static void bind_transition(sqlite3_stmt *statement, const char *router, const struct store_transition *transition)
{
	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, transition->journal_id);
	store_bind_number(statement, 3, transition->sequence);
	store_bind_text(statement, 4, transition->connection);
	store_bind_text(statement, 5, transition->vrf);
	store_bind_number(statement, 6, transition->generation);
	store_bind_text(statement, 7, transition->from);
	store_bind_text(statement, 8, transition->to);
	store_bind_text(statement, 9, transition->cause);
	store_bind_text(statement, 10, transition->actor);
	sqlite3_bind_int64(statement, 11, transition->at);
	store_bind_text(statement, 12, transition->message);
}

/* Which of the two it is that is there already. */
static enum store_result compare_transition(struct store *store, const char *router,
					    const struct store_transition *transition, enum store_news *news)
{
	sqlite3_stmt *statement = store_statement(store, SQL_TRANSITION_SAME);
	enum store_result result;

	bind_transition(statement, router, transition);
	result = store_next(store, statement);
	sqlite3_reset(statement);
	if (result != STORE_OK && result != STORE_NOT_FOUND)
		return result;
	*news = result == STORE_OK ? NEWS_REPEATED : NEWS_CONTRADICTED;
	return STORE_OK;
}

static enum store_result move_on(struct store *store, const char *router, const struct store_transition *transition)
{
	sqlite3_stmt *statement = store_statement(store, SQL_JOURNAL_MOVES);
	enum store_result result;

	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, transition->journal_id);
	store_bind_number(statement, 3, transition->sequence);
	sqlite3_bind_int64(statement, 4, transition->received_at);
	result = store_run(store, statement);
	if (result != STORE_OK)
		return result;

	statement = store_statement(store, SQL_OBSERVED_MOVES);
	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, transition->connection);
	store_bind_text(statement, 3, transition->to);
	sqlite3_bind_int64(statement, 4, transition->at);
	store_bind_number(statement, 5, transition->generation);
	return store_run(store, statement);
}

enum store_result store_transition(struct store *store, const char *router, const struct store_transition *transition,
				   enum store_news *news, uint64_t *before)
{
	enum store_result result;
	sqlite3_stmt *statement;
	bool own;

	if (transition->sequence == 0 || transition->sequence > INT64_MAX)
		return store_refuse(store, "a transition's sequence is outside 1 to 2^63 - 1");
	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = store_acked_sequence(store, router, transition->journal_id, before);
	if (result == STORE_OK) {
		statement = store_statement(store, SQL_TRANSITION);
		bind_transition(statement, router, transition);
		sqlite3_bind_int64(statement, 13, transition->received_at);
		result = store_run(store, statement);
	}
	if (result == STORE_OK && sqlite3_changes(store->db) == 0) {
		result = compare_transition(store, router, transition, news);
	} else if (result == STORE_OK) {
		*news = NEWS_STORED;
		result = move_on(store, router, transition);
	}
	return store_end_own(store, own, result);
}

enum store_result store_history(struct store *store, const char *router, const char *connection, int64_t before,
				unsigned int limit, store_transition_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_HISTORY);
	enum store_result result;

	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, connection);
	store_bind_number(statement, 3, limit);
	sqlite3_bind_int64(statement, 4, before ? before : INT64_MAX);
	while ((result = store_next(store, statement)) == STORE_OK) {
		struct store_transition transition = {
			.id = sqlite3_column_int64(statement, 0),
			.journal_id = store_column_text(statement, 1),
			.sequence = (uint64_t)sqlite3_column_int64(statement, 2),
			.connection = store_column_text(statement, 3),
			.vrf = store_column_text(statement, 4),
			.generation = (uint64_t)sqlite3_column_int64(statement, 5),
			.from = store_column_text(statement, 6),
			.to = store_column_text(statement, 7),
			.cause = store_column_text(statement, 8),
			.actor = store_column_text(statement, 9),
			.at = sqlite3_column_int64(statement, 10),
			.message = store_column_text(statement, 11),
			.received_at = sqlite3_column_int64(statement, 12),
		};

		if (!visit(&transition, context))
			break;
	}
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}
