// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: observed connections, beside what was asked for.
 */
#include "controller/store/store_sqlite.h"

enum store_result store_snapshot(struct store *store, const char *router, bool full, int64_t at)
{
	enum store_result result;
	bool own;

	if (!full)
		return STORE_OK;
	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = store_change(store, SQL_FORGET_LOST_DEGRADATIONS, TEXT(router));
	if (result == STORE_OK)
		result = store_change(store, SQL_FORGET_OBSERVED, TEXT(router));
	if (result == STORE_OK)
		result = store_change(store, SQL_SNAPSHOT_FULL, TEXT(router), NUMBER(at));
	return store_end_own(store, own, result);
}

static enum store_result number_snapshot(struct store *store, const char *router, uint64_t *snapshot)
{
	sqlite3_stmt *statement = store_bound(store, SQL_SNAPSHOT_NUMBER, TEXT(router));
	enum store_result result = store_next(store, statement);

	if (result == STORE_OK)
		*snapshot = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return result;
}

enum store_result store_snapshot_begins(struct store *store, const char *router, bool connections, bool policies,
					uint64_t *snapshot)
{
	enum store_result result = connections ? number_snapshot(store, router, snapshot) : STORE_OK;

	return result == STORE_OK && policies ? store_change(store, SQL_POLICIES_STALE, TEXT(router)) : result;
}

enum store_result store_snapshot_complete(struct store *store, const char *router, uint64_t snapshot, int64_t at)
{
	enum store_result result;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	if (snapshot)
		result = store_change(store, SQL_FORGET_STALE_CONNECTIONS, TEXT(router), COUNT(snapshot));
	if (result == STORE_OK)
		result = store_change(store, SQL_FORGET_STALE_POLICIES, TEXT(router));
	if (result == STORE_OK)
		result = store_change(store, SQL_SNAPSHOT_COMPLETE, TEXT(router), NUMBER(at));
	return store_end_own(store, own, result);
}

enum store_result store_observe(struct store *store, const char *router, const struct store_observation *observed)
{
	enum store_result result;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = store_change(store, SQL_OBSERVE, TEXT(router), TEXT(observed->name), TEXT(observed->vrf),
			      NUMBER(observed->peer_asn), TEXT(observed->kind), TEXT(observed->state),
			      COUNT(observed->generation), NUMBER(observed->state_since), TEXT(observed->activation),
			      TEXT(observed->waiting_for), TEXT(observed->detail), NUMBER(observed->observed_at),
			      COUNT(observed->snapshot));
	if (result == STORE_OK)
		result = store_events_of_degradation(store, router, observed);
	return store_end_own(store, own, result);
}

enum store_result store_observed_count(struct store *store, const char *router, uint64_t *count)
{
	sqlite3_stmt *statement = store_bound(store, SQL_OBSERVED_COUNT, TEXT(router));
	enum store_result result = store_next(store, statement);

	*count = result == STORE_OK ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result;
}

enum store_result store_is_observed(struct store *store, const char *router, const char *name)
{
	sqlite3_stmt *statement = store_bound(store, SQL_IS_OBSERVED, TEXT(router), TEXT(name));

	return STORE_ONE(store, statement, true);
}

/* A text that may be NULL. */
static const char *column_or_null(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

static bool visit_connection(sqlite3_stmt *statement, store_connection_visit visit, void *context)
{
	struct store_observation observed = {
		.name = store_column_text(statement, 1),
		.vrf = store_column_text(statement, 3),
		.peer_asn = (uint32_t)sqlite3_column_int64(statement, 4),
		.kind = store_column_text(statement, 5),
		.state = store_column_text(statement, 6),
		.generation = (uint64_t)sqlite3_column_int64(statement, 7),
		.state_since = sqlite3_column_int64(statement, 8),
		.activation = store_column_text(statement, 9),
		.waiting_for = store_column_text(statement, 10),
		.detail = store_column_text(statement, 11),
		.observed_at = sqlite3_column_int64(statement, 12),
	};
	struct store_connection connection = {
		.router = store_column_text(statement, 0),
		.name = observed.name,
		.observed = sqlite3_column_int(statement, 2) ? &observed : NULL,
		.definition = column_or_null(statement, 13),
		.requested_by = column_or_null(statement, 14),
		.requested_at = sqlite3_column_int64(statement, 15),
		.push_id = column_or_null(statement, 16),
		.push_state = column_or_null(statement, 17),
		.differs_since = sqlite3_column_int64(statement, 18),
	};

	return visit(&connection, context);
}

enum store_result store_connections(struct store *store, const char *router, const char *after_router,
				    const char *after_name, store_connection_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, router ? SQL_CONNECTIONS_OF_ROUTER : SQL_CONNECTIONS,
					      TEXT(router ? router : after_router), TEXT(after_name));

	return STORE_WALK(store, statement, visit_connection(statement, visit, context));
}

enum store_result store_connections_of_asn(struct store *store, uint32_t asn, const char *router,
					   const char *after_router, const char *after_name,
					   store_connection_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_CONNECTIONS_OF_ASN, TEXT(after_router), TEXT(after_name),
					      NUMBER(asn), TEXT(router));

	return STORE_WALK(store, statement, visit_connection(statement, visit, context));
}

enum store_result store_connection_is_of_asn(struct store *store, uint32_t asn, const char *router, const char *name)
{
	sqlite3_stmt *statement = store_bound(store, SQL_CONNECTION_IS_OF_ASN, NUMBER(asn), TEXT(router), TEXT(name));

	return STORE_ONE(store, statement, true);
}

enum store_result store_connection(struct store *store, const char *router, const char *name,
				   store_connection_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_CONNECTION, TEXT(router), TEXT(name));

	return STORE_ONE(store, statement, visit ? visit_connection(statement, visit, context) : true);
}
