// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: routers and the transitions of their journals.
 */
#include <json-c/json.h>
#include <string.h>

#include "controller/events/events.h"
#include "controller/store/store_sqlite.h"
#include "lib/lifecycle.h"

enum store_result store_router_connected(struct store *store, const struct store_router *router)
{
	enum store_result known, result;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	known = store_router(store, router->name, NULL, NULL);
	if (known != STORE_OK && known != STORE_NOT_FOUND)
		return store_end_own(store, own, known);
	result = store_change(store, SQL_ROUTER_CONNECTED, TEXT(router->name), TEXT(router->address),
			      TEXT(router->frr_version), TEXT(router->module_version), TEXT(router->journal_id),
			      TEXT(router->boot_id), NUMBER(router->connected_at));
	if (result == STORE_OK && known == STORE_NOT_FOUND)
		result = store_event_of_router(store, EVENT_ROUTER_NEW, router->name, router->connected_at);
	if (result == STORE_OK)
		result = store_event_of_router(store, EVENT_ROUTER_CONNECTED, router->name, router->connected_at);
	return store_end_own(store, own, result);
}

static enum store_result add_disconnected(struct store *store, const char *name, int64_t at, const char *reason)
{
	json_object *data = json_object_new_object();
	enum store_result result;

	json_object_object_add(data, "reason", json_object_new_string(reason));
	result = store_event_add(store, &(struct store_event){
						.at = at,
						.type = EVENT_ROUTER_DISCONNECTED,
						.router = name,
						.connection = "",
						.data = json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN),
					});
	json_object_put(data);
	return result;
}

enum store_result store_router_disconnected(struct store *store, const char *name, int64_t at, const char *reason)
{
	enum store_result result;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = name ? STORE_OK : store_events_of_lost_routers(store, at, reason);
	if (result == STORE_OK) {
		result = store_change(store, name ? SQL_ROUTER_DISCONNECTED : SQL_ROUTERS_DISCONNECTED, TEXT(name),
				      NUMBER(at), TEXT(reason));
	}
	if (result == STORE_OK && name && sqlite3_changes(store->db) > 0)
		result = add_disconnected(store, name, at, reason);
	if (result == STORE_OK) {
		result = store_change(store, name ? SQL_PUSHES_LOST : SQL_ALL_PUSHES_LOST, TEXT(name), NUMBER(at));
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

	return STORE_WALK(store, statement, visit_router(statement, visit, context));
}

enum store_result store_routers_page(struct store *store, const char *after, unsigned int limit, store_router_visit visit,
				     void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_ROUTERS_PAGE, TEXT(after), COUNT(limit));

	return STORE_WALK(store, statement, visit_router(statement, visit, context));
}

enum store_result store_router(struct store *store, const char *name, store_router_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_ROUTER, TEXT(name));

	return STORE_ONE(store, statement, visit ? visit_router(statement, visit, context) : true);
}

enum store_result store_acked_sequence(struct store *store, const char *router, const char *journal_id,
				       uint64_t *sequence)
{
	sqlite3_stmt *statement = store_bound(store, SQL_ACKED_SEQUENCE, TEXT(router), TEXT(journal_id));
	enum store_result result;

	result = store_next(store, statement);
	*sequence = result == STORE_OK ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_transition_at(struct store *store, const char *router, const char *journal_id,
				      uint64_t sequence, int64_t *at)
{
	sqlite3_stmt *statement = store_bound(store, SQL_TRANSITION_AT, TEXT(router), TEXT(journal_id),
					      COUNT(sequence));
	enum store_result result;

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
	enum store_result result;

	result = store_change(store, SQL_JOURNAL_MOVES, TEXT(router), TEXT(transition->journal_id),
			      COUNT(transition->sequence), NUMBER(transition->received_at));
	if (result != STORE_OK)
		return result;

	return store_change(store, SQL_OBSERVED_MOVES, TEXT(router), TEXT(transition->connection),
			    TEXT(transition->to), NUMBER(transition->at), COUNT(transition->generation));
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
		result = store_event_of_transition(store, router, transition->connection,
						   sqlite3_last_insert_rowid(store->db), transition->received_at);
		if (result == STORE_OK)
			result = move_on(store, router, transition);
		if (result == STORE_OK && strcmp(transition->to, connection_state_name(STATE_NONE)) == 0)
			result = store_forget_degradation(store, router, transition->connection);
	}
	return store_end_own(store, own, result);
}

enum store_result store_history(struct store *store, const char *router, const char *connection, int64_t before,
				unsigned int limit, store_transition_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_HISTORY, TEXT(router), TEXT(connection), COUNT(limit),
					      NUMBER(before ? before : INT64_MAX));
	enum store_result result;

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
	return store_walked(statement, result);
}
