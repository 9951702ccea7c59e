// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The SQLite store: opening, transactions, errors. WAL, so that other processes can read while we write; synchronous
 * FULL, so that what is committed survives a power failure too.
 */
#include "controller/store/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

/* The loop stands still meanwhile: just enough for the short locks of a back-up or a shell. */
#define BUSY_MILLISECONDS 10
/* At the start nobody waits for us yet. */
#define OPEN_BUSY_MILLISECONDS 5000
#define LOCK_TRIES 20
#define LOCK_PAUSE_MILLISECONDS 50

static const char *const statement_texts[STATEMENT_COUNT] = {
#define STATEMENT(name, sql) [name] = sql,
#include "controller/store/store_sqlite_statements.def"
#undef STATEMENT
};

static const char *const push_state_names[PUSH_STATE_COUNT] = {"queued", "applied", "refused", "unanswered"};

const char *push_state_name(enum push_state state)
{
	return (unsigned int)state < PUSH_STATE_COUNT ? push_state_names[state] : "?";
}

/* Somebody who changes something beside the controller holds it for a moment. */
static bool lock_soon(int lock)
{
	struct timespec pause = {.tv_nsec = LOCK_PAUSE_MILLISECONDS * 1000000L};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(lock, LOCK_EX | LOCK_NB) == 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

int store_take_lock(const char *path, bool beside, char *error, size_t error_size)
{
	char lock_path[PATH_MAX];
	int lock;

	/* Not the database itself: closing any descriptor of it would drop SQLite's own locks. */
	if (snprintf(lock_path, sizeof(lock_path), "%s.lock", path) >= (int)sizeof(lock_path)) {
		snprintf(error, error_size, "the path of the database is too long");
		return -1;
	}
	lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0) {
		snprintf(error, error_size,
			 "cannot create %s: %s; make the folder, let this user write in it, or set 'database'",
			 lock_path, strerror(errno));
		return -1;
	}
	if (beside ? flock(lock, LOCK_EX | LOCK_NB) == 0 : lock_soon(lock))
		return lock;
	snprintf(error, error_size,
		 "another peering-controller uses the database %s; end it, or set 'database' to another file", path);
	close(lock);
	return -1;
}

/* Both are there by now, and stay the same as long as the database is open. */
static bool note_files(struct store *store, const char *path, char *error, size_t error_size)
{
	static const char *const suffixes[STORE_FILES] = {"", "-wal"};

	for (size_t i = 0; i < STORE_FILES; i++) {
		struct store_file *file = &store->files[i];
		struct stat now;

		if (snprintf(file->path, sizeof(file->path), "%s%s", path, suffixes[i]) >= (int)sizeof(file->path) ||
		    stat(file->path, &now) < 0) {
			snprintf(error, error_size, "cannot find %s: %s", file->path, strerror(errno));
			return false;
		}
		file->inode = now.st_ino;
		file->device = now.st_dev;
	}
	return true;
}

static bool set_up(struct store *store, const char *path, char *error, size_t error_size)
{
	if (sqlite3_exec(store->db,
			 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
			 "PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864;"
			 "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;",
			 NULL, NULL, NULL) != SQLITE_OK) {
		snprintf(error, error_size, "cannot use the database %s: %s", path, sqlite3_errmsg(store->db));
		return false;
	}
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Only who has the lock changes the schema. */
	if (store->lock < 0 && store_schema_version(store->db, path, error, error_size) != store_schema_newest) {
		snprintf(error, error_size,
			 "the controller that uses the database %s is of another version; restart it, then try again", path);
		return false;
	}
	if (!store_migrate(store->db, path, error, error_size))
		return false;
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		if (sqlite3_prepare_v3(store->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->statements[i], NULL) != SQLITE_OK) {
			snprintf(error, error_size, "the database %s does not have the schema that it claims: %s", path,
				 sqlite3_errmsg(store->db));
			return false;
		}
	}
	if (!note_files(store, path, error, error_size))
		return false;
	if (store->lock >= 0)
		sqlite3_busy_timeout(store->db, BUSY_MILLISECONDS);
	return true;
}

static struct store *open_store(const char *path, bool beside, char *error, size_t error_size)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store) {
		snprintf(error, error_size, "memory is short");
		return NULL;
	}
	store->lock = store_take_lock(path, beside, error, error_size);
	if (store->lock < 0 && !beside) {
		store_close(store);
		return NULL;
	}
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK) {
		snprintf(error, error_size,
			 "cannot open the database %s: %s; is it a file that this user may read and write?", path,
			 sqlite3_errmsg(store->db));
		store_close(store);
		return NULL;
	}
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, OPEN_BUSY_MILLISECONDS);
	if (store_schema_version(store->db, path, error, error_size) < 0 || !set_up(store, path, error, error_size)) {
		store_close(store);
		return NULL;
	}
	return store;
}

struct store *store_open(const char *path, char *error, size_t error_size)
{
	return open_store(path, false, error, error_size);
}

struct store *store_open_beside(const char *path, char *error, size_t error_size)
{
	return open_store(path, true, error, error_size);
}

/* What store_open() would say about a file that is not there yet. */
static bool check_folder(const char *path, char *error, size_t error_size)
{
	char folder[PATH_MAX];
	char *slash;

	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder)) {
		snprintf(error, error_size, "the path of the database is too long");
		return false;
	}
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	if (access(slash ? folder : ".", W_OK | X_OK) == 0)
		return true;
	snprintf(error, error_size,
		 "cannot create the database %s: %s; make the folder, let this user write in it, or set 'database'",
		 path, strerror(errno));
	return false;
}

bool store_check(const char *path, char *error, size_t error_size)
{
	sqlite3 *db = NULL;
	bool good;

	if (access(path, F_OK) < 0)
		return check_folder(path, error, error_size);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		snprintf(error, error_size,
			 "cannot open the database %s: %s; is it a file that this user may read and write?", path,
			 sqlite3_errmsg(db));
		sqlite3_close(db);
		return false;
	}
	good = store_schema_version(db, path, error, error_size) >= 0;
	sqlite3_close(db);
	return good;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
}

const char *store_error(const struct store *store)
{
	return store->error;
}

enum store_result store_sort_error(struct store *store, int code)
{
	int system = sqlite3_system_errno(store->db);
	enum store_result result;

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		snprintf(store->error, sizeof(store->error), "another process holds the database");
		return STORE_BUSY;
	case SQLITE_FULL:
		result = STORE_FULL;
		break;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		result = STORE_REFUSED;
		break;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		result = system == ENOSPC || system == EDQUOT ? STORE_FULL : STORE_FAILED;
		break;
	default:
		result = STORE_FAILED;
	}
	if (code == SQLITE_NOMEM)
		snprintf(store->error, sizeof(store->error), "memory is short");
	else if (result == STORE_FULL)
		snprintf(store->error, sizeof(store->error), "the disk with the database is full: make room");
	else
		snprintf(store->error, sizeof(store->error), "the database failed: %s", sqlite3_errmsg(store->db));
	return result;
}

enum store_result store_refuse(struct store *store, const char *sentence)
{
	snprintf(store->error, sizeof(store->error), "%s", sentence);
	return STORE_REFUSED;
}

sqlite3_stmt *store_statement(struct store *store, enum statement which)
{
	sqlite3_reset(store->statements[which]);
	sqlite3_clear_bindings(store->statements[which]);
	return store->statements[which];
}

void store_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	/* Every caller runs the statement before the text goes. NULL binds NULL. */
	sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

void store_bind_number(sqlite3_stmt *statement, int index, uint64_t number)
{
	sqlite3_bind_int64(statement, index, number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

sqlite3_stmt *store_bind_values(struct store *store, enum statement which, const struct store_value *values, size_t count)
{
	sqlite3_stmt *statement = store_statement(store, which);

	for (size_t i = 0; i < count; i++) {
		if (values[i].is_text)
			store_bind_text(statement, (int)i + 1, values[i].text);
		else
			sqlite3_bind_int64(statement, (int)i + 1, values[i].number);
	}
	return statement;
}

uint64_t store_changed(const struct store *store)
{
	return (uint64_t)sqlite3_changes64(store->db);
}

enum store_result store_run(struct store *store, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);
	enum store_result result = STORE_OK;

	if (code != SQLITE_DONE && code != SQLITE_ROW)
		result = store_sort_error(store, code);
	sqlite3_reset(statement);
	return result;
}

enum store_result store_next(struct store *store, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return STORE_OK;
	return code == SQLITE_DONE ? STORE_NOT_FOUND : store_sort_error(store, code);
}

enum store_result store_walked(sqlite3_stmt *statement, enum store_result result)
{
	sqlite3_reset(statement);
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

const char *store_column_text(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? text : "";
}

enum store_result store_begin(struct store *store)
{
	return store_run(store, store_statement(store, SQL_BEGIN));
}

/*
 * A file that was deleted, or whose file system was taken away, can still be written to: what went in would be lost with
 * its descriptor. And ext4 that was made read-only by force (sysrq-u) says that it has synced, and has not. Nothing is
 * committed to it; where it comes back, all goes on.
 */
static enum store_result look_at_files(struct store *store)
{
	for (size_t i = 0; i < STORE_FILES; i++) {
		const struct store_file *file = &store->files[i];
		struct statvfs filesystem;
		struct stat now;

		if (stat(file->path, &now) == 0 && now.st_ino == file->inode && now.st_dev == file->device) {
			if (statvfs(file->path, &filesystem) != 0 || !(filesystem.f_flag & ST_RDONLY))
				continue;
			snprintf(store->error, sizeof(store->error), "the file system of %s is read-only", file->path);
			return STORE_FAILED;
		}
		snprintf(store->error, sizeof(store->error),
			 "%s is not the file any more that this controller has opened: put it back, or end this controller "
			 "and restore a copy",
			 file->path);
		return STORE_FAILED;
	}
	return STORE_OK;
}

enum store_result store_commit(struct store *store)
{
	enum store_result result = look_at_files(store);

	if (result == STORE_OK)
		result = store_run(store, store_statement(store, SQL_COMMIT));
	/* Behind its sync: what was lost with it is not acknowledged. */
	if (result == STORE_OK)
		result = look_at_files(store);
	if (result == STORE_OK && store->event_added) {
		store->event_added = false;
		if (store->event_told)
			store->event_told(store->event_context);
	}
	return result;
}

void store_rollback(struct store *store)
{
	char kept[STORE_ERROR_MAX];

	store->event_added = false;
	/* A full disk rolls back by itself. */
	if (sqlite3_get_autocommit(store->db))
		return;
	memcpy(kept, store->error, sizeof(kept));
	store_run(store, store_statement(store, SQL_ROLLBACK));
	memcpy(store->error, kept, sizeof(kept));
}

enum store_result store_begin_own(struct store *store, bool *own)
{
	*own = sqlite3_get_autocommit(store->db) != 0;
	return *own ? store_begin(store) : STORE_OK;
}

enum store_result store_end_own(struct store *store, bool own, enum store_result result)
{
	if (!own)
		return result;
	if (result == STORE_OK)
		result = store_commit(store);
	if (result != STORE_OK)
		store_rollback(store);
	return result;
}
