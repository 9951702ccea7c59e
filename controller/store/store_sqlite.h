/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the SQLite store share; nobody else includes it. store.h is the contract.
 *
 * Every statement is prepared once, when the database is opened, from the constants in store_sqlite_statements.def: no
 * SQL is ever put together from input.
 */
#ifndef PEERING_CONTROLLER_STORE_SQLITE_H
#define PEERING_CONTROLLER_STORE_SQLITE_H

#include <limits.h>
#include <sqlite3.h>
#include <sys/types.h>

#include "controller/store/store.h"

/* SQL: the AS in a definition; 0 where it cannot be read. */
#define STORE_ASN_OF(definition)                                                                                       \
	" CASE WHEN json_valid(" definition ") AND json_type(" definition ", '$.peerAsn') = 'integer'"                  \
	" THEN json_extract(" definition ", '$.peerAsn') ELSE 0 END"

enum statement {
#define STATEMENT(name, sql) name,
#include "controller/store/store_sqlite_statements.def"
#undef STATEMENT
	STATEMENT_COUNT
};

/* The database, and what is committed and not in it yet. */
#define STORE_FILES 2

struct store_file {
	char path[PATH_MAX];
	dev_t device;
	ino_t inode;
};

struct store {
	sqlite3 *db;
	struct store_file files[STORE_FILES];
	int lock; /* descriptor of the file whose lock keeps a second controller out */
	sqlite3_stmt *statements[STATEMENT_COUNT];
	char error[STORE_ERROR_MAX];
	bool event_added; /* in the transaction that is open */
	store_event_told event_told;
	void *event_context;
};

/* Brings the schema up to date, or says why not. Inside, a newer version than ours is an error. */
bool store_migrate(sqlite3 *db, const char *path, char *error, size_t error_size);
/* The version of a database that is ours, 0 for an empty one, -1 with a sentence in `error`. */
int store_schema_version(sqlite3 *db, const char *path, char *error, size_t error_size);
extern const int store_schema_newest;

/*
 * The lock that keeps a second controller out, until the descriptor is closed. -1 with a sentence in `error`; at once
 * where it is asked for `beside` whoever has it.
 */
int store_take_lock(const char *path, bool beside, char *error, size_t error_size);

/* A statement ready for binding. */
sqlite3_stmt *store_statement(struct store *store, enum statement which);
void store_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* Above what SQLite can hold, the highest number that it can. */
void store_bind_number(sqlite3_stmt *statement, int index, uint64_t number);

static inline int64_t store_clamp(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

/* What a statement is given, in the order of its parameters. */
struct store_value {
	bool is_text;
	const char *text; /* NULL is NULL */
	int64_t number;
};

#define TEXT(value) {.is_text = true, .text = (value)}
#define NUMBER(value) {.number = (value)}
/* Above what SQLite can hold, the highest number that it can. */
#define COUNT(value) {.number = store_clamp(value)}
#define STORE_VALUES(...)                                                                                              \
	(const struct store_value[]){__VA_ARGS__},                                                                     \
		sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value)

/* A statement with its values, ready for store_next(). */
#define store_bound(store, which, ...) store_bind_values(store, which, STORE_VALUES(__VA_ARGS__))
sqlite3_stmt *store_bind_values(struct store *store, enum statement which, const struct store_value *values, size_t count);
/* A statement that changes rows. */
#define store_change(store, which, ...) store_run(store, store_bound(store, which, __VA_ARGS__))
/* Rows that the newest one has changed. */
uint64_t store_changed(const struct store *store);

/* Runs a statement that gives no rows, and resets it. */
enum store_result store_run(struct store *store, sqlite3_stmt *statement);
/* The next row: STORE_OK, STORE_NOT_FOUND behind the last one. The caller resets the statement. */
enum store_result store_next(struct store *store, sqlite3_stmt *statement);
/* The end of a walk, with the newest result of store_next(): resets, and takes the last row for a good end. */
enum store_result store_walked(sqlite3_stmt *statement, enum store_result result);
/* Every row, until `visit`, an expression, is false. */
#define STORE_WALK(store, statement, visit)                                                                            \
	({                                                                                                             \
		enum store_result walk_result;                                                                         \
		while ((walk_result = store_next(store, statement)) == STORE_OK && (visit))                            \
			continue;                                                                                      \
		store_walked(statement, walk_result);                                                                  \
	})
/* One row; STORE_NOT_FOUND where there is none. */
#define STORE_ONE(store, statement, visit)                                                                             \
	({                                                                                                             \
		enum store_result one_result = store_next(store, statement);                                           \
		if (one_result == STORE_OK)                                                                            \
			(void)(visit);                                                                                 \
		sqlite3_reset(statement);                                                                              \
		one_result;                                                                                            \
	})
/* Sorts a result of SQLite's and keeps the sentence. */
enum store_result store_sort_error(struct store *store, int code);
/* Keeps a sentence of our own. */
enum store_result store_refuse(struct store *store, const char *sentence);

/* The push of a row of PUSH_COLUMNS, with its operations. */
enum store_result store_visit_push(struct store *store, sqlite3_stmt *statement, store_push_visit visit, void *context);
/* store_sqlite_policies.c: what a push and its answer make of the policies that are wanted. */
enum store_result store_policy_desired(struct store *store, int64_t number, const struct store_push *push,
				       const struct store_operation *operation);
enum store_result store_policies_answered(struct store *store, int64_t number, bool applied);
/* None of those that it asked for are wanted any more, but what was before them; `applied`: what it has withdrawn, too. */
enum store_result store_policies_as_before(struct store *store, int64_t number, bool applied);

/* Never NULL. */
const char *store_column_text(sqlite3_stmt *statement, int column);

/* store_sqlite_events.c; each inside a transaction, for the row that was just written. */
enum store_result store_event_of_transition(struct store *store, const char *router, const char *connection,
					    int64_t transition, int64_t at);
enum store_result store_event_of_push(struct store *store, const char *type, int64_t number, int64_t at);
enum store_result store_event_of_router(struct store *store, const char *type, const char *name, int64_t at);
/* Every router that is still written down as connected. */
enum store_result store_events_of_lost_routers(struct store *store, int64_t at, const char *reason);
/* What is wrong with a connection, or right again, since it was observed last. */
enum store_result store_events_of_degradation(struct store *store, const char *router,
					      const struct store_observation *observed);
/* The connection is gone: what was wrong with it is over, without a word. */
enum store_result store_forget_degradation(struct store *store, const char *router, const char *connection);

/* store_sqlite_retention.c: one that has ended goes; without its history where another one takes its name. */
enum store_result store_peering_forget(struct store *store, const char *name, bool with_history);

/* Several writes that belong together: joins a transaction that is open, else makes one. */
enum store_result store_begin_own(struct store *store, bool *own);
enum store_result store_end_own(struct store *store, bool own, enum store_result result);

#endif
