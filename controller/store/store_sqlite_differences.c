// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: since when what is observed differs from what was asked for, and which routers are held for that.
 */
#include "controller/store/store_sqlite.h"

/* One number about a router. */
static enum store_result ask_of_router(struct store *store, enum statement which, const char *router, int64_t *number)
{
	sqlite3_stmt *statement = store_bound(store, which, TEXT(router));
	enum store_result result = store_next(store, statement);

	*number = result == STORE_OK ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result;
}

enum store_result store_desires(struct store *store, const char *router, bool *desires)
{
	int64_t number;
	enum store_result result = ask_of_router(store, SQL_DESIRES, router, &number);

	*desires = number != 0;
	return result;
}

enum store_result store_differing(struct store *store, const char *router, uint64_t *count)
{
	int64_t number;
	enum store_result result = ask_of_router(store, SQL_DIFFERING, router, &number);

	*count = (uint64_t)number;
	return result;
}

enum store_result store_differs(struct store *store, const char *router, const char *name, int64_t at)
{
	return store_change(store, SQL_DIFFERS, TEXT(router), TEXT(name), NUMBER(at));
}

enum store_result store_policy_differs(struct store *store, const char *router, const char *name, int64_t at)
{
	return name ? store_change(store, SQL_POLICY_DIFFERS, TEXT(router), NUMBER(at), TEXT(name))
		    : store_change(store, SQL_POLICIES_DIFFER, TEXT(router), NUMBER(at));
}

enum store_result store_missing(struct store *store, const char *router, int64_t at)
{
	return store_change(store, SQL_MISSING, TEXT(router), NUMBER(at));
}

static enum store_result hold(struct store *store, const char *router, const char *last_push, int64_t at, bool *held)
{
	enum store_result result = store_change(store, SQL_HOLD, TEXT(router), TEXT(last_push), NUMBER(at));

	*held = result == STORE_OK && sqlite3_changes(store->db) > 0;
	if (!*held)
		return result;
	return store_change(store, SQL_HELD_PUSHES, TEXT(router), NUMBER(at));
}

enum store_result store_judge_last_push(struct store *store, const char *router, const char *last_push, int64_t at,
					bool *held)
{
	enum store_result result;
	bool own;

	*held = false;
	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	if (last_push[0] != '\0')
		result = hold(store, router, last_push, at, held);
	if (result == STORE_OK && !*held) {
		/* One that is held already is asked again. */
		result = store_change(store, SQL_HELD_AGAIN, TEXT(router));
		*held = result == STORE_OK && sqlite3_changes(store->db) > 0;
	}
	return store_end_own(store, own, result);
}

enum store_result store_held(struct store *store, const char *router, bool *held)
{
	int64_t number;
	enum store_result result = ask_of_router(store, SQL_HELD, router, &number);

	*held = number > 0;
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result store_settles(struct store *store, const char *router, const char *name, bool *settles)
{
	sqlite3_stmt *statement = store_bound(store, SQL_SETTLES, TEXT(router), TEXT(name));
	enum store_result result = store_next(store, statement);

	*settles = result == STORE_OK && sqlite3_column_int64(statement, 0) != 0;
	sqlite3_reset(statement);
	return result;
}

enum store_result store_release(struct store *store, const char *router, bool *released)
{
	enum store_result result = store_change(store, SQL_RELEASE, TEXT(router));

	*released = result == STORE_OK && sqlite3_changes(store->db) > 0;
	return result;
}
