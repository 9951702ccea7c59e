// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: peerings, what the controller does for their connections, and their history.
 */
#include <stdio.h>

#include "controller/store/store_sqlite.h"

/* Of one AS, that have ended; of one peering, lines of its history: the newest are kept. */
#define ENDED_MAX 100
#define ENDED_STEP 10
#define HISTORY_MAX 500

static enum store_result insert_peering(struct store *store, const struct store_peering *peering)
{
	return store_change(store, SQL_PEERING_CREATE, TEXT(peering->name), NUMBER(peering->peer_asn),
			    TEXT(peering->document), NUMBER(peering->by_peer), TEXT(peering->requested_by),
			    NUMBER(peering->requested_at));
}

/* The oldest that have ended make room for what will end. */
static enum store_result make_room(struct store *store, uint32_t asn)
{
	enum store_result result = STORE_OK;

	/* Never more than one too many, but in a database of before there was a limit. */
	for (int i = 0; result == STORE_OK && i < ENDED_STEP; i++) {
		sqlite3_stmt *statement = store_bound(store, SQL_PEERING_ENDED_BEHIND, NUMBER(asn), NUMBER(ENDED_MAX));
		char name[256] = "";

		result = store_next(store, statement);
		if (result == STORE_OK)
			snprintf(name, sizeof(name), "%s", store_column_text(statement, 0));
		sqlite3_reset(statement);
		if (result == STORE_OK)
			result = store_peering_forget(store, name, true);
	}
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_peering_create(struct store *store, const struct store_peering *peering,
				       const struct store_peering_connection *connections, size_t count)
{
	enum store_result result;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = store_peering_forget(store, peering->name, false);
	if (result == STORE_OK)
		result = make_room(store, peering->peer_asn);
	if (result == STORE_OK)
		result = insert_peering(store, peering);
	for (size_t i = 0; result == STORE_OK && i < count; i++)
		result = store_change(store, SQL_PEERING_CONNECTION_CREATE, TEXT(peering->name), COUNT(i),
				      TEXT(connections[i].router), TEXT(connections[i].name));
	return store_end_own(store, own, result);
}

enum store_result store_peering_decide(struct store *store, const struct store_peering *peering)
{
	enum store_result result;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = store_change(store, SQL_PEERING_DECIDE, TEXT(peering->name), TEXT(peering->state),
			      TEXT(peering->reason), TEXT(peering->decided_by), NUMBER(peering->decided_at));
	if (result == STORE_OK)
		result = store_change(store, SQL_PEERING_CONNECTIONS_END, TEXT(peering->name));
	return store_end_own(store, own, result);
}

static bool visit_peering(sqlite3_stmt *statement, store_peering_visit visit, void *context)
{
	struct store_peering peering = {
		.name = store_column_text(statement, 0),
		.peer_asn = (uint32_t)sqlite3_column_int64(statement, 1),
		.state = store_column_text(statement, 2),
		.reason = store_column_text(statement, 3),
		.document = store_column_text(statement, 4),
		.by_peer = sqlite3_column_int(statement, 5) != 0,
		.requested_by = store_column_text(statement, 6),
		.requested_at = sqlite3_column_int64(statement, 7),
		.decided_by = store_column_text(statement, 8),
		.decided_at = sqlite3_column_int64(statement, 9),
	};

	return visit(&peering, context);
}

enum store_result store_peering(struct store *store, const char *name, store_peering_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PEERING, TEXT(name));

	return STORE_ONE(store, statement, visit ? visit_peering(statement, visit, context) : true);
}

enum store_result store_peerings(struct store *store, const char *state, uint32_t asn, const char *after,
				 unsigned int limit, store_peering_visit visit, void *context)
{
	sqlite3_stmt *statement =
		asn ? store_bound(store, SQL_PEERINGS_OF_ASN, TEXT(after), TEXT(state), NUMBER(limit), NUMBER(asn))
		    : store_bound(store, SQL_PEERINGS, TEXT(after), TEXT(state), NUMBER(limit));

	return STORE_WALK(store, statement, visit_peering(statement, visit, context));
}

enum store_result store_peering_connection_set(struct store *store, const struct store_peering_connection *connection)
{
	return store_change(store, SQL_PEERING_CONNECTION_SET, TEXT(connection->peering),
			    NUMBER(connection->position), TEXT(connection->phase), TEXT(connection->approved),
			    NUMBER(connection->declared), TEXT(connection->problem), TEXT(connection->asked),
			    TEXT(connection->push_id), TEXT(connection->configured_by),
			    NUMBER(connection->configured_at));
}

static bool visit_connection(sqlite3_stmt *statement, store_peering_connection_visit visit, void *context)
{
	struct store_peering_connection connection = {
		.peering = store_column_text(statement, 0),
		.position = (unsigned int)sqlite3_column_int(statement, 1),
		.router = store_column_text(statement, 2),
		.name = store_column_text(statement, 3),
		.phase = store_column_text(statement, 4),
		.approved = store_column_text(statement, 5),
		.declared = sqlite3_column_int(statement, 6) != 0,
		.problem = store_column_text(statement, 7),
		.asked = store_column_text(statement, 8),
		.push_id = store_column_text(statement, 9),
		.configured_by = store_column_text(statement, 10),
		.configured_at = sqlite3_column_int64(statement, 11),
		.peer_asn = (uint32_t)sqlite3_column_int64(statement, 12),
		.decided_by = store_column_text(statement, 13),
		.push_state = store_column_text(statement, 14),
		.answered_at = sqlite3_column_int64(statement, 15),
		.push_message = store_column_text(statement, 16),
		.observed = store_column_text(statement, 17),
		.observed_asn = (uint32_t)sqlite3_column_int64(statement, 18),
		.activation = store_column_text(statement, 19),
		.detail = store_column_text(statement, 20),
		.connected = sqlite3_column_int(statement, 21) != 0,
		.snapshot_at = sqlite3_column_int64(statement, 22),
	};

	return visit(&connection, context);
}

static enum store_result walk_connections(struct store *store, sqlite3_stmt *statement,
					  store_peering_connection_visit visit, void *context)
{
	return STORE_WALK(store, statement, visit_connection(statement, visit, context));
}

enum store_result store_peering_connections(struct store *store, const char *peering,
					    store_peering_connection_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PEERING_CONNECTIONS, TEXT(peering));

	return walk_connections(store, statement, visit, context);
}

enum store_result store_peering_connections_driven(struct store *store, const char *after_peering,
						   const char *after_router, unsigned int limit,
						   store_peering_connection_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PEERING_CONNECTIONS_DRIVEN, TEXT(after_peering),
					      TEXT(after_router), NUMBER(limit));

	return walk_connections(store, statement, visit, context);
}

enum store_result store_connection_taken(struct store *store, const char *router, const char *name, const char *peering)
{
	sqlite3_stmt *statement = store_bound(store, SQL_CONNECTION_TAKEN, TEXT(router), TEXT(name), TEXT(peering));

	return STORE_ONE(store, statement, true);
}

enum store_result store_peering_note(struct store *store, const char *peering, const struct store_peering_event *event)
{
	enum store_result result;

	result = store_change(store, SQL_PEERING_NOTE, TEXT(peering), NUMBER(event->at), TEXT(event->actor),
			      TEXT(event->action), TEXT(event->message));
	return result == STORE_OK
		       ? store_change(store, SQL_PEERING_HISTORY_CEILING, TEXT(peering), NUMBER(HISTORY_MAX))
		       : result;
}

enum store_result store_peering_history(struct store *store, const char *peering, unsigned int limit,
					store_peering_event_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PEERING_HISTORY, TEXT(peering), NUMBER(limit));
	enum store_result result;

	while ((result = store_next(store, statement)) == STORE_OK) {
		struct store_peering_event event = {
			.at = sqlite3_column_int64(statement, 0),
			.actor = store_column_text(statement, 1),
			.action = store_column_text(statement, 2),
			.message = store_column_text(statement, 3),
		};

		if (!visit(&event, context))
			break;
	}
	return store_walked(statement, result);
}
