// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: events. A transition's event is one short row that points at the transition: at thousands a second a
 * second copy would cost more than the first.
 */
#include <stdio.h>

#include "controller/events/events.h"
#include "controller/store/store_sqlite.h"

static enum store_result run_event(struct store *store, sqlite3_stmt *statement)
{
	enum store_result result = store_run(store, statement);

	store->event_added = store->event_added || result == STORE_OK;
	return result;
}

enum store_result store_event_add(struct store *store, const struct store_event *event)
{
	enum store_result result;
	sqlite3_stmt *statement;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	statement = store_statement(store, SQL_EVENT);
	sqlite3_bind_int64(statement, 1, event->at);
	store_bind_text(statement, 2, event->type);
	store_bind_text(statement, 3, event->router);
	store_bind_text(statement, 4, event->connection);
	store_bind_text(statement, 5, event->data);
	return store_end_own(store, own, run_event(store, statement));
}

enum store_result store_event_of_transition(struct store *store, const char *router, const char *connection,
					    int64_t transition, int64_t at)
{
	sqlite3_stmt *statement = store_statement(store, SQL_EVENT_OF_TRANSITION);

	sqlite3_bind_int64(statement, 1, at);
	store_bind_text(statement, 2, router);
	store_bind_text(statement, 3, connection);
	sqlite3_bind_int64(statement, 4, transition);
	return run_event(store, statement);
}

enum store_result store_event_of_push(struct store *store, const char *type, int64_t number, int64_t at)
{
	sqlite3_stmt *statement = store_statement(store, SQL_EVENT_OF_PUSH);

	sqlite3_bind_int64(statement, 1, at);
	store_bind_text(statement, 2, type);
	sqlite3_bind_int64(statement, 3, number);
	return run_event(store, statement);
}

enum store_result store_event_of_router(struct store *store, const char *type, const char *name, int64_t at)
{
	sqlite3_stmt *statement = store_statement(store, SQL_EVENT_OF_ROUTER);

	sqlite3_bind_int64(statement, 1, at);
	store_bind_text(statement, 2, type);
	store_bind_text(statement, 3, name);
	return run_event(store, statement);
}

enum store_result store_events_of_lost_routers(struct store *store, int64_t at, const char *reason)
{
	sqlite3_stmt *statement = store_statement(store, SQL_EVENTS_OF_LOST_ROUTERS);

	sqlite3_bind_int64(statement, 1, at);
	store_bind_text(statement, 2, reason);
	return run_event(store, statement);
}

/* All four statements number their parameters alike, and use some of them. */
static enum store_result run_degradation(struct store *store, enum statement which, const char *router,
					 const struct store_observation *observed)
{
	sqlite3_stmt *statement = store_statement(store, which);
	int parameters = sqlite3_bind_parameter_count(statement);

	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, observed->name);
	store_bind_text(statement, 3, observed->degraded ? observed->degraded : "[]");
	if (parameters >= 4)
		sqlite3_bind_int64(statement, 4, observed->observed_at);
	if (parameters >= 5)
		store_bind_number(statement, 5, observed->peer_asn);
	if (parameters >= 6)
		store_bind_text(statement, 6, observed->detail);
	return run_event(store, statement);
}

enum store_result store_events_of_degradation(struct store *store, const char *router,
					      const struct store_observation *observed)
{
	static const enum statement statements[] = {SQL_EVENTS_DEGRADED, SQL_EVENTS_RECOVERED, SQL_DEGRADED_NO_LONGER,
						    SQL_DEGRADED_NOW};
	enum store_result result = STORE_OK;

	/* Nearly every connection that is reported is well, and was before. */
	if (!observed->degraded) {
		sqlite3_stmt *statement = store_statement(store, SQL_IS_DEGRADED);

		store_bind_text(statement, 1, router);
		store_bind_text(statement, 2, observed->name);
		result = store_next(store, statement);
		sqlite3_reset(statement);
		if (result != STORE_OK)
			return result == STORE_NOT_FOUND ? STORE_OK : result;
	}
	for (size_t i = 0; result == STORE_OK && i < sizeof(statements) / sizeof(statements[0]); i++)
		result = run_degradation(store, statements[i], router, observed);
	return result;
}

enum store_result store_forget_degradation(struct store *store, const char *router, const char *connection)
{
	sqlite3_stmt *statement = store_statement(store, SQL_FORGET_DEGRADATION);

	store_bind_text(statement, 1, router);
	store_bind_text(statement, 2, connection);
	return store_run(store, statement);
}

static enum store_result walk_events(struct store *store, sqlite3_stmt *statement, store_event_visit visit, void *context)
{
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

		if (!visit(&event, context))
			break;
	}
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_events(struct store *store, int64_t after, unsigned int limit, store_event_visit visit,
			       void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_EVENTS);

	sqlite3_bind_int64(statement, 1, after);
	store_bind_number(statement, 2, limit);
	return walk_events(store, statement, visit, context);
}

enum store_result store_events_of_asn(struct store *store, uint32_t asn, int64_t after, int64_t look,
				      store_event_visit visit, void *context)
{
	sqlite3_stmt *statement = store_statement(store, SQL_EVENTS_OF_ASN);

	sqlite3_bind_int64(statement, 1, after);
	sqlite3_bind_int64(statement, 2, look);
	store_bind_number(statement, 3, asn);
	return walk_events(store, statement, visit, context);
}

enum store_result store_event_range(struct store *store, int64_t *oldest, int64_t *newest)
{
	sqlite3_stmt *statement = store_statement(store, SQL_EVENT_RANGE);
	enum store_result result = store_next(store, statement);

	if (result == STORE_OK) {
		*newest = sqlite3_column_int64(statement, 1);
		*oldest = sqlite3_column_type(statement, 0) == SQLITE_NULL ? *newest + 1
									   : sqlite3_column_int64(statement, 0);
	}
	sqlite3_reset(statement);
	return result;
}

enum store_result store_event_epoch_begins(struct store *store)
{
	return store_run(store, store_statement(store, SQL_EPOCH_BEGINS));
}

enum store_result store_event_epoch(struct store *store, struct store_event_id *id)
{
	sqlite3_stmt *statement = store_statement(store, SQL_EPOCH);
	enum store_result result;

	sqlite3_bind_int64(statement, 1, id->number);
	result = store_next(store, statement);
	if (result == STORE_OK)
		snprintf(id->epoch, sizeof(id->epoch), "%s", store_column_text(statement, 0));
	sqlite3_reset(statement);
	return result;
}

/* STORE_NOT_FOUND where the epoch is not known. */
static enum store_result epoch_end(struct store *store, const char *epoch, int64_t newest, int64_t *end)
{
	sqlite3_stmt *statement = store_statement(store, SQL_EPOCH_END);
	enum store_result result;

	store_bind_text(statement, 1, epoch);
	result = store_next(store, statement);
	*end = newest;
	if (result == STORE_OK && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		*end = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return result;
}

enum store_result store_event_resume(struct store *store, const struct store_event_id *has, int64_t *after, bool *gap)
{
	int64_t oldest, newest, end;
	enum store_result result = store_event_range(store, &oldest, &newest);

	if (result != STORE_OK)
		return result;
	end = newest;
	if (has->epoch[0])
		result = epoch_end(store, has->epoch, newest, &end);
	/* How much of it is here nobody knows. */
	if (result == STORE_NOT_FOUND) {
		*after = oldest - 1;
		*gap = true;
		return STORE_OK;
	}
	*after = has->number > end ? end : has->number;
	if (*after + 1 < oldest)
		*after = oldest - 1;
	*gap = *after != has->number;
	return result;
}

void store_on_events(struct store *store, store_event_told told, void *context)
{
	store->event_told = told;
	store->event_context = context;
}
