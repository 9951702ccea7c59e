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

#define add_event(store, which, ...) run_event(store, store_bound(store, which, __VA_ARGS__))

enum store_result store_event_add(struct store *store, const struct store_event *event)
{
	enum store_result result;
	bool own;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	return store_end_own(store, own,
			     add_event(store, SQL_EVENT, NUMBER(event->at), TEXT(event->type), TEXT(event->router),
				       TEXT(event->connection), TEXT(event->data)));
}

enum store_result store_event_of_transition(struct store *store, const char *router, const char *connection,
					    int64_t transition, int64_t at)
{
	return add_event(store, SQL_EVENT_OF_TRANSITION, NUMBER(at), TEXT(router), TEXT(connection), NUMBER(transition));
}

enum store_result store_event_of_push(struct store *store, const char *type, int64_t number, int64_t at)
{
	return add_event(store, SQL_EVENT_OF_PUSH, NUMBER(at), TEXT(type), NUMBER(number));
}

enum store_result store_event_of_router(struct store *store, const char *type, const char *name, int64_t at)
{
	return add_event(store, SQL_EVENT_OF_ROUTER, NUMBER(at), TEXT(type), TEXT(name));
}

enum store_result store_events_of_lost_routers(struct store *store, int64_t at, const char *reason)
{
	return add_event(store, SQL_EVENTS_OF_LOST_ROUTERS, NUMBER(at), TEXT(reason));
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
		sqlite3_stmt *statement = store_bound(store, SQL_IS_DEGRADED, TEXT(router), TEXT(observed->name));

		result = STORE_ONE(store, statement, true);
		if (result != STORE_OK)
			return result == STORE_NOT_FOUND ? STORE_OK : result;
	}
	for (size_t i = 0; result == STORE_OK && i < sizeof(statements) / sizeof(statements[0]); i++)
		result = run_degradation(store, statements[i], router, observed);
	return result;
}

enum store_result store_forget_degradation(struct store *store, const char *router, const char *connection)
{
	return store_change(store, SQL_FORGET_DEGRADATION, TEXT(router), TEXT(connection));
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
	return store_walked(statement, result);
}

enum store_result store_events(struct store *store, int64_t after, unsigned int limit, store_event_visit visit,
			       void *context)
{
	return walk_events(store, store_bound(store, SQL_EVENTS, NUMBER(after), COUNT(limit)), visit, context);
}

enum store_result store_events_of_asn(struct store *store, uint32_t asn, int64_t after, int64_t look,
				      store_event_visit visit, void *context)
{
	return walk_events(store, store_bound(store, SQL_EVENTS_OF_ASN, NUMBER(after), NUMBER(look), NUMBER(asn)), visit,
			   context);
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
	sqlite3_stmt *statement = store_bound(store, SQL_EPOCH, NUMBER(id->number));
	enum store_result result = store_next(store, statement);

	if (result == STORE_OK)
		snprintf(id->epoch, sizeof(id->epoch), "%s", store_column_text(statement, 0));
	sqlite3_reset(statement);
	return result;
}

/* STORE_NOT_FOUND where the epoch is not known. */
static enum store_result epoch_end(struct store *store, const char *epoch, int64_t newest, int64_t *end)
{
	sqlite3_stmt *statement = store_bound(store, SQL_EPOCH_END, TEXT(epoch));
	enum store_result result = store_next(store, statement);

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
