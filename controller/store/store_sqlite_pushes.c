// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: pushes, their answers, and the desired state that follows from both.
 */
#include <stdlib.h>
#include <string.h>

#include "controller/events/events.h"
#include "controller/store/store_sqlite.h"

/* A push has at most this many operations; what creates one keeps to it. */
#define OPERATIONS_MAX 10000

static enum store_result insert_push(struct store *store, const struct store_push *push)
{
	sqlite3_stmt *statement = store_statement(store, SQL_PUSH);

	store_bind_text(statement, 1, push->id);
	store_bind_text(statement, 2, push->router);
	store_bind_text(statement, 3, push->actor);
	sqlite3_bind_int64(statement, 4, push->created_at);
	sqlite3_bind_int(statement, 5, push->dry_run);
	if (push->expects_revision)
		store_bind_number(statement, 6, push->expected_revision);
	sqlite3_bind_int64(statement, 7, push->confirm_seconds);
	sqlite3_bind_int(statement, 8, push->confirm_by_person);
	return store_run(store, statement);
}

static enum store_result insert_operation(struct store *store, int64_t number, size_t position, const char *router,
					  const struct store_operation *operation)
{
	return store_change(store, SQL_PUSH_OPERATION, NUMBER(number), COUNT(position), TEXT(operation->connection),
			    TEXT(operation->verb), TEXT(operation->definition),
			    TEXT(operation->reason ? operation->reason : ""), NUMBER((int64_t)operation->digest),
			    TEXT(router));
}

static enum store_result desire(struct store *store, int64_t number, const struct store_push *push,
				const struct store_operation *operation)
{
	return store_change(store, SQL_DESIRE, TEXT(push->router), TEXT(operation->connection),
			    TEXT(operation->definition), TEXT(push->actor), NUMBER(push->created_at), NUMBER(number));
}

enum store_result store_push_create(struct store *store, const struct store_push *push)
{
	enum store_result result;
	int64_t number;
	bool own;

	if (push->operation_count == 0 || push->operation_count > OPERATIONS_MAX)
		return store_refuse(store, "a push has 1 to 10000 operations");
	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = insert_push(store, push);
	number = sqlite3_last_insert_rowid(store->db);
	for (size_t i = 0; result == STORE_OK && i < push->operation_count; i++) {
		const struct store_operation *operation = &push->operations[i];

		result = insert_operation(store, number, i, push->router, operation);
		if (result == STORE_OK && !push->dry_run && strcmp(operation->verb, STORE_REQUEST) == 0)
			result = desire(store, number, push, operation);
		else if (result == STORE_OK && !push->dry_run && strcmp(operation->verb, STORE_POLICY) == 0)
			result = store_policy_desired(store, number, push, operation);
	}
	if (result == STORE_OK)
		result = store_event_of_push(store, EVENT_PUSH_STORED, number, push->created_at);
	return store_end_own(store, own, result);
}

static enum store_result write_answer(struct store *store, int64_t number, bool applied,
				      const struct store_operation *results, size_t count, int64_t at)
{
	enum store_result result = store_change(store, SQL_PUSH_ANSWERED, NUMBER(number),
						TEXT(push_state_name(applied ? PUSH_APPLIED : PUSH_REFUSED)), NUMBER(at));

	for (size_t i = 0; result == STORE_OK && i < count; i++)
		result = store_change(store, SQL_OPERATION_ANSWERED, NUMBER(number), COUNT(i), NUMBER(results[i].ok),
				      TEXT(results[i].code), TEXT(results[i].message), TEXT(results[i].allowed));
	return result;
}

static enum store_result supersede(struct store *store, const struct store_push *push, const char *connection)
{
	enum store_result result =
		store_change(store, SQL_SUPERSEDE_OPERATIONS, TEXT(push->router), TEXT(connection));
	sqlite3_stmt *statement;
	int64_t left = 0;

	if (result == STORE_OK)
		result = store_change(store, SQL_SUPERSEDE, TEXT(push->router), TEXT(connection), NUMBER(push->created_at));
	if (result != STORE_OK)
		return result;
	statement = store_bound(store, SQL_WAITING_REQUESTS, TEXT(push->router), TEXT(connection));
	result = STORE_ONE(store, statement, left = sqlite3_column_int64(statement, 0));
	if (result == STORE_OK && left > 0)
		return store_refuse(store, "a push that asks for this connection among others waits for the router");
	return result;
}

static enum store_result policy_waits(struct store *store, const struct store_push *push, const char *name)
{
	sqlite3_stmt *statement = store_bound(store, SQL_POLICY_WAITS, TEXT(push->router), TEXT(name));
	enum store_result result = STORE_ONE(store, statement, true);

	if (result == STORE_OK)
		return store_refuse(store, "a push of this policy waits for the router");
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_accept(struct store *store, const struct store_push *push)
{
	const struct store_operation *operation = &push->operations[0];
	const struct store_operation done = {.ok = true, .code = "", .message = "accepted as it is", .allowed = "[]"};
	enum store_result result;
	const bool of_policy = strcmp(operation->verb, STORE_ACCEPT_POLICY) == 0;
	int64_t number;
	bool own;

	if (push->operation_count != 1)
		return store_refuse(store, "one thing is accepted at a time");
	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	if (of_policy)
		result = policy_waits(store, push, operation->connection);
	else
		result = supersede(store, push, operation->connection);
	if (result == STORE_OK)
		result = insert_push(store, push);
	number = sqlite3_last_insert_rowid(store->db);
	if (result == STORE_OK)
		result = insert_operation(store, number, 0, push->router, operation);
	if (result == STORE_OK)
		result = write_answer(store, number, true, &done, 1, push->created_at);
	if (result == STORE_OK && operation->definition)
		result = desire(store, number, push, operation);
	else if (result == STORE_OK)
		result = store_change(store, of_policy ? SQL_POLICY_ACCEPTED : SQL_DESIRE_ENDS, TEXT(push->router),
				      TEXT(operation->connection));
	return store_end_own(store, own, result);
}

/* Nothing of it is desired any more, but what was before it; `applied`: what it has ended, too. */
static enum store_result desire_as_before(struct store *store, int64_t number, bool applied)
{
	enum store_result result = store_change(store, SQL_DESIRE_REFUSED, NUMBER(number));

	/* Nothing went: a newer request stands there already, and is right. */
	if (result != STORE_OK || (sqlite3_changes(store->db) == 0 && !applied))
		return result;
	return store_change(store, SQL_DESIRE_AS_BEFORE, NUMBER(number), NUMBER(applied));
}

/* STORE_NOT_FOUND where `which` finds no such push. */
static enum store_result find_number(struct store *store, enum statement which, const char *router, const char *id,
				     int64_t *number, bool *dry_run)
{
	sqlite3_stmt *statement = store_bound(store, which, TEXT(id), TEXT(router));
	enum store_result result = store_next(store, statement);

	if (result == STORE_OK) {
		*number = sqlite3_column_int64(statement, 0);
		*dry_run = sqlite3_column_int(statement, 1) != 0;
	}
	sqlite3_reset(statement);
	return result;
}

enum store_result store_push_answered(struct store *store, const char *router, const char *id, bool applied,
				      const struct store_operation *results, size_t count, int64_t at)
{
	enum store_result result;
	int64_t number = 0;
	bool own, dry_run = false;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = find_number(store, SQL_PUSH_NUMBER, router, id, &number, &dry_run);
	/* Whatever the router says: of a dry run nothing was asked for. */
	applied &= !dry_run;
	if (result == STORE_OK)
		result = write_answer(store, number, applied, results, count, at);
	if (result == STORE_OK)
		result = applied ? store_change(store, SQL_DESIRE_NO_LONGER, NUMBER(number))
				 : desire_as_before(store, number, false);
	if (result == STORE_OK)
		result = store_policies_answered(store, number, applied);
	if (result == STORE_OK)
		result = store_event_of_push(store, EVENT_PUSH_ANSWERED, number, at);
	return store_end_own(store, own, result);
}

enum store_result store_push_rolled_back(struct store *store, const char *router, const char *id,
					 const struct store_operation *results, size_t count, int64_t at)
{
	enum store_result result;
	int64_t number = 0;
	bool own, dry_run;

	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = find_number(store, SQL_PUSH_NUMBER_APPLIED, router, id, &number, &dry_run);
	if (result == STORE_OK)
		result = write_answer(store, number, false, results, count, at);
	if (result == STORE_OK)
		result = desire_as_before(store, number, true);
	if (result == STORE_OK)
		result = store_policies_as_before(store, number, true);
	if (result == STORE_OK)
		result = store_change(store, SQL_PUSH_ROLLED_BACK, NUMBER(number));
	if (result == STORE_OK)
		result = store_event_of_push(store, EVENT_PUSH_ANSWERED, number, at);
	return store_end_own(store, own, result);
}

static enum push_state push_state_from_name(const char *name)
{
	for (int state = 0; state < PUSH_STATE_COUNT; state++)
		if (strcmp(push_state_name(state), name) == 0)
			return state;
	return PUSH_UNANSWERED;
}

static void free_operations(struct store_operation *operations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free((char *)operations[i].connection);
		free((char *)operations[i].verb);
		free((char *)operations[i].definition);
		free((char *)operations[i].reason);
		free((char *)operations[i].code);
		free((char *)operations[i].message);
		free((char *)operations[i].allowed);
	}
	free(operations);
}

static bool copy_operation(sqlite3_stmt *statement, struct store_operation *operation)
{
	const char *definition = (const char *)sqlite3_column_text(statement, 2);

	operation->connection = strdup(store_column_text(statement, 0));
	operation->verb = strdup(store_column_text(statement, 1));
	operation->definition = definition ? strdup(definition) : NULL;
	operation->reason = strdup(store_column_text(statement, 3));
	operation->ok = sqlite3_column_int(statement, 4) != 0;
	operation->code = strdup(store_column_text(statement, 5));
	operation->message = strdup(store_column_text(statement, 6));
	operation->allowed = strdup(store_column_text(statement, 7));
	return operation->connection && operation->verb && (operation->definition || !definition) &&
	       operation->reason && operation->code && operation->message && operation->allowed;
}

static enum store_result read_operations(struct store *store, int64_t number, struct store_operation **operations,
					 size_t *count)
{
	sqlite3_stmt *statement = store_bound(store, SQL_OPERATIONS, NUMBER(number));
	enum store_result result;

	*operations = NULL;
	*count = 0;
	while ((result = store_next(store, statement)) == STORE_OK) {
		struct store_operation *more = realloc(*operations, (*count + 1) * sizeof(*more));

		if (!more) {
			result = store_sort_error(store, SQLITE_NOMEM);
			break;
		}
		*operations = more;
		memset(&more[*count], 0, sizeof(*more));
		if (!copy_operation(statement, &more[(*count)++])) {
			result = store_sort_error(store, SQLITE_NOMEM);
			break;
		}
	}
	sqlite3_reset(statement);
	if (result == STORE_NOT_FOUND)
		return STORE_OK;
	free_operations(*operations, *count);
	*operations = NULL;
	*count = 0;
	return result;
}

/* *more says whether the visitor wants to go on. */
static enum store_result visit_push(struct store *store, sqlite3_stmt *statement, store_push_visit visit, void *context,
				    bool *more)
{
	struct store_operation *operations;
	size_t count;
	enum store_result result = read_operations(store, sqlite3_column_int64(statement, 0), &operations, &count);
	struct store_push push = {
		.number = sqlite3_column_int64(statement, 0),
		.id = store_column_text(statement, 1),
		.router = store_column_text(statement, 2),
		.actor = store_column_text(statement, 3),
		.state = push_state_from_name(store_column_text(statement, 4)),
		.created_at = sqlite3_column_int64(statement, 5),
		.answered_at = sqlite3_column_int64(statement, 6),
		.dry_run = sqlite3_column_int(statement, 7) != 0,
		.expects_revision = sqlite3_column_type(statement, 8) != SQLITE_NULL,
		.expected_revision = (uint64_t)sqlite3_column_int64(statement, 8),
		.confirm_seconds = (uint32_t)sqlite3_column_int64(statement, 9),
		.confirm_by_person = sqlite3_column_int(statement, 10) != 0,
		.confirmation = store_column_text(statement, 11),
		.revision = (uint64_t)sqlite3_column_int64(statement, 12),
		.operation_count = count,
		.operations = operations,
	};

	*more = false;
	if (result == STORE_OK)
		*more = visit(&push, context);
	free_operations(operations, count);
	return result;
}

enum store_result store_visit_push(struct store *store, sqlite3_stmt *statement, store_push_visit visit, void *context)
{
	bool more;

	return visit_push(store, statement, visit, context, &more);
}

enum store_result store_pushes_queued(struct store *store, const char *router, int64_t after, unsigned int limit,
				      store_push_visit visit, void *context)
{
	sqlite3_stmt *statement =
		store_bound(store, SQL_PUSHES_QUEUED, TEXT(router), NUMBER(after), COUNT(limit));
	enum store_result result = STORE_OK;
	bool more = true;

	while (more && (result = store_next(store, statement)) == STORE_OK) {
		result = visit_push(store, statement, visit, context, &more);
		if (result != STORE_OK)
			break;
	}
	return store_walked(statement, result);
}

enum store_result store_pushes_queued_count(struct store *store, const char *router, uint64_t *count)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PUSHES_QUEUED_COUNT, TEXT(router));
	enum store_result result = store_next(store, statement);

	*count = result == STORE_OK ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result;
}

enum store_result store_push(struct store *store, const char *id, store_push_visit visit, void *context)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PUSH_BY_ID, TEXT(id));
	enum store_result result = store_next(store, statement);
	bool more;

	if (result == STORE_OK && visit)
		result = visit_push(store, statement, visit, context, &more);
	sqlite3_reset(statement);
	return result;
}
