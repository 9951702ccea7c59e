// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: what is kept no longer. Each step looks at a bounded number of rows, whatever there is.
 */
#include <stdio.h>

#include "controller/store/store_sqlite.h"

/* Of one router: it has one, and a new one where that was lost, or a person said so. */
#define JOURNALS_MAX 16
/* A push may be answered late, and an Idempotency-Key names one for a day. */
#define PUSH_LEAST_MILLISECONDS ((int64_t)2 * 86400 * 1000)
/* What the clock may have jumped where no event says which transitions are still told. */
#define GUARD_MILLISECONDS ((int64_t)86400 * 1000)
#define NAME_SIZE 256

static const char *const names[KEPT_COUNT] = {
	[KEPT_EVENTS] = "events",   [KEPT_HISTORY] = "history", [KEPT_PUSHES] = "pushes",  [KEPT_AUDIT] = "audit",
	[KEPT_PEERINGS] = "peerings", [KEPT_TOKENS] = "tokens",	 [KEPT_KEYS] = "idempotency-keys",
};

const char *store_kept_name(enum store_kept what)
{
	return (unsigned int)what < KEPT_COUNT ? names[what] : "?";
}

/* The first column of the first row, as a text. */
static enum store_result first_text(struct store *store, sqlite3_stmt *statement, char text[NAME_SIZE])
{
	enum store_result result = store_next(store, statement);

	text[0] = '\0';
	if (result == STORE_OK)
		snprintf(text, NAME_SIZE, "%s", store_column_text(statement, 0));
	sqlite3_reset(statement);
	return result;
}

static enum store_result first_number(struct store *store, sqlite3_stmt *statement, int64_t *number)
{
	enum store_result result = store_next(store, statement);

	*number = result == STORE_OK ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return result;
}

/* Where there is nothing there is nothing to do. */
static enum store_result nothing_more(enum store_result result)
{
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

/* Adds what the newest statement has deleted. */
static enum store_result count_deleted(struct store *store, struct store_pruning *pruning, enum store_result result)
{
	uint64_t deleted = result == STORE_OK ? store_changed(store) : 0;

	pruning->count += deleted;
	pruning->more = deleted >= pruning->step;
	return result;
}

static enum store_result prune_oldest(struct store *store, struct store_pruning *pruning, enum statement which)
{
	return count_deleted(store, pruning,
			     store_change(store, which, NUMBER(pruning->step), NUMBER((int64_t)pruning->most),
					  NUMBER(pruning->before)));
}

static enum store_result prune_old(struct store *store, struct store_pruning *pruning, enum statement which)
{
	return count_deleted(store, pruning, store_change(store, which, NUMBER(pruning->step), NUMBER(pruning->before)));
}

/* ---- Transitions ---- */

/* Of those at or behind either, an event may be kept. */
struct guard {
	int64_t id;
	int64_t at;
};

static enum store_result read_guard(struct store *store, struct guard *guard)
{
	sqlite3_stmt *statement = store_statement(store, SQL_HISTORY_GUARD);
	enum store_result result = store_next(store, statement);

	*guard = (struct guard){.id = INT64_MAX, .at = INT64_MAX};
	if (result == STORE_OK && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		guard->id = sqlite3_column_int64(statement, 0);
	else if (result == STORE_OK && sqlite3_column_type(statement, 1) != SQLITE_NULL)
		guard->at = sqlite3_column_int64(statement, 1) - GUARD_MILLISECONDS;
	sqlite3_reset(statement);
	return result;
}

static enum store_result prune_oldest_journal(struct store *store, struct store_pruning *pruning, const struct guard *guard,
					      const char *router, unsigned int step)
{
	char journal[NAME_SIZE];
	enum store_result result =
		first_text(store, store_bound(store, SQL_OLDEST_JOURNAL, TEXT(router)), journal);

	if (result == STORE_OK)
		result = count_deleted(store, pruning,
				       store_change(store, SQL_PRUNE_JOURNAL, TEXT(router), TEXT(journal), NUMBER(step),
						    NUMBER(guard->id), NUMBER(guard->at)));
	/* The rest of a journal that is not full of what must stay. */
	pruning->more = pruning->count > 0;
	return nothing_more(result);
}

static enum store_result prune_above_ceiling(struct store *store, struct store_pruning *pruning, const struct guard *guard)
{
	sqlite3_stmt *statement = store_statement(store, SQL_HISTORY_MOST);
	enum store_result result = store_next(store, statement);
	char router[NAME_SIZE] = "";
	uint64_t above = 0;

	if (result == STORE_OK && (uint64_t)sqlite3_column_int64(statement, 2) > pruning->most) {
		above = (uint64_t)sqlite3_column_int64(statement, 2) - pruning->most;
		snprintf(router, sizeof(router), "%s", store_column_text(statement, 0));
	}
	sqlite3_reset(statement);
	if (above == 0)
		return nothing_more(result);
	return prune_oldest_journal(store, pruning, guard, router,
				    above < pruning->step ? (unsigned int)above : pruning->step);
}

static enum store_result prune_by_age(struct store *store, struct store_pruning *pruning, const struct guard *guard)
{
	int64_t before = pruning->before < guard->at ? pruning->before : guard->at;
	sqlite3_stmt *statement =
		store_bound(store, SQL_HISTORY_WINDOW, NUMBER(pruning->cursor), NUMBER(pruning->step), NUMBER(before));
	enum store_result result = store_next(store, statement);
	int64_t from = pruning->cursor;

	pruning->cursor = 0;
	pruning->more = false;
	/* More where all of this window was there, and something old in it. */
	if (result == STORE_OK && sqlite3_column_int(statement, 1) > 0) {
		pruning->more = sqlite3_column_int64(statement, 2) == pruning->step;
		pruning->cursor = pruning->more ? sqlite3_column_int64(statement, 0) : 0;
	}
	sqlite3_reset(statement);
	if (result == STORE_OK)
		result = store_change(store, SQL_PRUNE_HISTORY, NUMBER(from), NUMBER(pruning->step), NUMBER(before),
				      NUMBER(guard->id));
	if (result == STORE_OK)
		pruning->count += store_changed(store);
	return result;
}

/* Journals that a router does not have any more, and too many of them. */
static enum store_result prune_journals(struct store *store, struct store_pruning *pruning, const struct guard *guard)
{
	char router[NAME_SIZE];
	enum store_result result = first_text(store, store_bound(store, SQL_JOURNAL_CROWD, NUMBER(JOURNALS_MAX)), router);

	if (result == STORE_OK)
		result = prune_oldest_journal(store, pruning, guard, router, pruning->step);
	result = nothing_more(result);
	return result == STORE_OK ? store_run(store, store_statement(store, SQL_FORGET_JOURNALS)) : result;
}

static enum store_result prune_history(struct store *store, struct store_pruning *pruning)
{
	struct guard guard;
	enum store_result result = read_guard(store, &guard);

	if (result == STORE_OK)
		result = prune_above_ceiling(store, pruning, &guard);
	if (result == STORE_OK && !pruning->more)
		result = prune_by_age(store, pruning, &guard);
	if (result == STORE_OK && !pruning->more)
		result = prune_journals(store, pruning, &guard);
	return result;
}

/* ---- Pushes ---- */

struct candidate {
	int64_t number, created_at;
	bool open;
	uint64_t operations;
};

static enum store_result next_push(struct store *store, int64_t behind, struct candidate *candidate)
{
	sqlite3_stmt *statement = store_bound(store, SQL_PUSHES_BEHIND, NUMBER(behind));
	enum store_result result = store_next(store, statement);

	if (result == STORE_OK)
		*candidate = (struct candidate){
			.number = sqlite3_column_int64(statement, 0),
			.created_at = sqlite3_column_int64(statement, 1),
			.open = sqlite3_column_int(statement, 2) != 0,
			.operations = (uint64_t)sqlite3_column_int64(statement, 3),
		};
	sqlite3_reset(statement);
	return result;
}

static enum store_result forget_push(struct store *store, struct store_pruning *pruning, int64_t number)
{
	int64_t needed;
	enum store_result result = first_number(store, store_bound(store, SQL_PUSH_NEEDED, NUMBER(number)), &needed);

	if (result != STORE_NOT_FOUND)
		return result;
	result = store_change(store, SQL_FORGET_OPERATIONS, NUMBER(number));
	if (result == STORE_OK)
		pruning->count += store_changed(store);
	return result == STORE_OK ? store_change(store, SQL_FORGET_PUSH, NUMBER(number)) : result;
}

static enum store_result prune_pushes(struct store *store, struct store_pruning *pruning, int64_t now)
{
	int64_t ceiling;
	enum store_result result = nothing_more(
		first_number(store, store_bound(store, SQL_PUSHES_CEILING, NUMBER((int64_t)pruning->most)), &ceiling));

	/* Those that are needed stay in its way: the next sweep begins in front of them again. */
	for (uint64_t looked = 0; result == STORE_OK && looked < pruning->step;) {
		struct candidate candidate;

		result = next_push(store, pruning->cursor, &candidate);
		/* One of the future was made by a clock that was wrong: what is behind it goes by number. */
		if (result != STORE_OK || (candidate.created_at >= pruning->before &&
					   (candidate.number > ceiling ||
					    (candidate.created_at >= now - PUSH_LEAST_MILLISECONDS &&
					     candidate.created_at <= now)))) {
			pruning->cursor = 0;
			return nothing_more(result);
		}
		/* One that is needed is found out by looking at what it says. */
		looked += 1 + candidate.operations;
		pruning->cursor = candidate.number;
		if (!candidate.open)
			result = forget_push(store, pruning, candidate.number);
	}
	pruning->more = result == STORE_OK;
	return result;
}

/* ---- Peerings ---- */

enum store_result store_peering_forget(struct store *store, const char *name, bool with_history)
{
	enum store_result result = store_change(store, SQL_PEERING_FORGET_CONNECTIONS, TEXT(name));

	if (result == STORE_OK)
		result = store_change(store, SQL_PEERING_FORGET, TEXT(name));
	if (result == STORE_OK && with_history)
		result = store_change(store, SQL_PEERING_FORGET_HISTORY, TEXT(name));
	return result;
}

/* Each takes some connections and lines with it. */
#define ROWS_OF_A_PEERING 50

static enum store_result prune_peerings(struct store *store, struct store_pruning *pruning)
{
	char name[NAME_SIZE];

	for (unsigned int looked = 0; looked < pruning->step; looked += ROWS_OF_A_PEERING) {
		enum store_result result =
			first_text(store, store_bound(store, SQL_PEERING_ENDED_BEFORE, NUMBER(pruning->before)), name);

		if (result == STORE_OK)
			result = store_peering_forget(store, name, true);
		if (result != STORE_OK)
			return nothing_more(result);
		pruning->count++;
	}
	pruning->more = true;
	return STORE_OK;
}

/* ---- All of it ---- */

static enum store_result prune(struct store *store, struct store_pruning *pruning, int64_t now)
{
	enum store_result result;

	switch (pruning->what) {
	case KEPT_EVENTS:
		result = prune_oldest(store, pruning, SQL_PRUNE_EVENTS);
		if (result == STORE_OK && pruning->count > 0)
			result = store_run(store, store_statement(store, SQL_PRUNE_EPOCHS));
		return result;
	case KEPT_HISTORY:
		return prune_history(store, pruning);
	case KEPT_PUSHES:
		return prune_pushes(store, pruning, now);
	case KEPT_AUDIT:
		return prune_oldest(store, pruning, SQL_PRUNE_AUDIT);
	case KEPT_PEERINGS:
		return prune_peerings(store, pruning);
	case KEPT_TOKENS:
		return prune_old(store, pruning, SQL_PRUNE_TOKENS);
	case KEPT_KEYS:
		result = count_deleted(store, pruning,
				       store_change(store, SQL_PRUNE_KEYS_OF_THE_FUTURE, NUMBER(pruning->step),
						    NUMBER(pruning->before), NUMBER(now)));
		return result == STORE_OK ? prune_old(store, pruning, SQL_PRUNE_KEYS) : result;
	case KEPT_COUNT:
		break;
	}
	return STORE_OK;
}

enum store_result store_prune(struct store *store, struct store_pruning *pruning, int64_t now)
{
	enum store_result result;
	int64_t cursor = pruning->cursor;
	bool own;

	pruning->count = 0;
	pruning->more = false;
	result = store_begin_own(store, &own);
	if (result != STORE_OK)
		return result;
	result = store_end_own(store, own, prune(store, pruning, now));
	if (result != STORE_OK) {
		pruning->count = 0;
		pruning->cursor = cursor;
		pruning->more = false;
	}
	return result;
}
