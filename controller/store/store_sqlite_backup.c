// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite store: a copy of the database while a controller uses it, and such a copy in the database's place. Each is
 * written beside its target, looked over, synced and then renamed: a target is whole or as it was.
 */
#include "controller/store/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MILLISECONDS 60000

static bool say(char *error, size_t error_size, const char *what, const char *path, const char *why)
{
	snprintf(error, error_size, "%s %s: %s", what, path, why);
	return false;
}

/* Reads all of it: a page that is wrong would be found on the day that the copy is needed. */
static bool is_sound(sqlite3 *db, const char *path, char *error, size_t error_size)
{
	sqlite3_stmt *statement = NULL;
	const char *said = NULL;
	bool good;

	if (store_schema_version(db, path, error, error_size) < 1)
		return error[0] ? false : say(error, error_size, "cannot use", path, "it is empty");
	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		said = (const char *)sqlite3_column_text(statement, 0);
	good = said && strcmp(said, "ok") == 0;
	if (!good)
		say(error, error_size, "cannot use", path, said ? said : sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	return good;
}

/* From one into the other, both ours. The copy has no -wal and -shm of its own. */
static bool copy_pages(sqlite3 *from, sqlite3 *to, const char *path, char *error, size_t error_size)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");

	/* All in one step: in WAL mode it holds up nobody, and smaller ones begin anew whenever somebody writes. */
	int code = backup ? sqlite3_backup_step(backup, -1) : sqlite3_errcode(to);

	sqlite3_backup_finish(backup);
	if (code != SQLITE_DONE)
		return say(error, error_size, "cannot write", path, sqlite3_errstr(code));
	if (sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)
		return say(error, error_size, "cannot write", path, sqlite3_errmsg(to));
	return is_sound(to, path, error, error_size);
}

static bool open_database(const char *path, int flags, sqlite3 **db, char *error, size_t error_size)
{
	if (sqlite3_open_v2(path, db, flags, NULL) != SQLITE_OK)
		return say(error, error_size, "cannot open", path, sqlite3_errmsg(*db));
	sqlite3_busy_timeout(*db, BUSY_MILLISECONDS);
	return true;
}

/* The new name is on the disk too. */
static bool sync_folder(const char *path, char *error, size_t error_size)
{
	char copy[PATH_MAX];
	int folder;
	bool good;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	good = folder >= 0 && fsync(folder) == 0;
	if (!good)
		say(error, error_size, "cannot sync the folder of", path, strerror(errno));
	if (folder >= 0)
		close(folder);
	return good;
}

static bool is_one_file(const char *one, const char *other)
{
	struct stat first, second;

	return stat(one, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/* What lies beside a database that is to go would be read into the one that takes its name. */
static void forget_log(const char *path)
{
	static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
	char beside[PATH_MAX];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(beside, sizeof(beside), "%s%s", path, suffixes[i]);
		unlink(beside);
	}
}

/*
 * `target` becomes a copy of `source`, which another process may be writing. `before_rename` may be NULL, and says
 * whether `beside`, where the copy is, may take the place of `target`.
 */
static bool copy_database(const char *source, const char *target,
			  bool (*before_rename)(const char *beside, const char *target, char *error, size_t error_size),
			  char *error, size_t error_size)
{
	sqlite3 *from = NULL, *to = NULL;
	char beside[PATH_MAX];
	bool good;

	error[0] = '\0';
	if (snprintf(beside, sizeof(beside), "%s.new", target) >= (int)sizeof(beside))
		return say(error, error_size, "cannot write", target, "its path is too long");
	if (access(source, F_OK) < 0)
		return say(error, error_size, "cannot open", source, strerror(errno));
	if (is_one_file(source, target))
		return say(error, error_size, "cannot write", target, "it is what is to be copied");
	unlink(beside);
	forget_log(beside);
	good = open_database(source, SQLITE_OPEN_READONLY, &from, error, error_size) &&
	       store_schema_version(from, source, error, error_size) >= 0 &&
	       open_database(beside, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &to, error, error_size) &&
	       copy_pages(from, to, beside, error, error_size);
	sqlite3_close(from);
	sqlite3_close(to);
	if (good && before_rename)
		good = before_rename(beside, target, error, error_size);
	if (good && rename(beside, target) < 0)
		good = say(error, error_size, "cannot write", target, strerror(errno));
	if (!good)
		unlink(beside);
	return good && sync_folder(target, error, error_size);
}

bool store_backup(const char *path, const char *copy, char *error, size_t error_size)
{
	return copy_database(path, copy, NULL, error, error_size);
}

/*
 * What the old database has committed and not written into its file yet: it goes there first, so that the file alone is
 * all of it whenever this ends. False where that cannot be now. A file that is no sound database has nothing to keep.
 */
static bool fold_log(const char *path, char *error, size_t error_size)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	const char *mode = NULL;
	struct stat file;
	int code;
	bool good;

	/* A link goes alone: what it leads to stays where it is, and its log beside it. */
	if (lstat(path, &file) < 0 || !S_ISREG(file.st_mode))
		return true;
	code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(db, "PRAGMA journal_mode = DELETE", -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		mode = (const char *)sqlite3_column_text(statement, 0);
	good = (mode && strcmp(mode, "delete") == 0) || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	if (!good)
		snprintf(error, error_size, "cannot close %s: %s; it is as it was. %s", path,
			 code == SQLITE_ROW || code == SQLITE_BUSY ? "another process has it open" : sqlite3_errmsg(db),
			 code == SQLITE_ROW || code == SQLITE_BUSY ? "End that, then try again"
								   : "Move it away where it is of no use any more");
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return good;
}

/* Whose the database at `path` is; where there is none, whose its folder is. */
static bool find_owner(const char *path, struct stat *owner)
{
	char folder[PATH_MAX];

	if (stat(path, owner) == 0)
		return true;
	snprintf(folder, sizeof(folder), "%s", path);
	return stat(dirname(folder), owner) == 0;
}

/* What root has made here is the controller's, which does not run as root. */
static bool give_away(int file, const struct stat *owner)
{
	struct stat now;

	if (geteuid() != 0 || file < 0)
		return file >= 0;
	/* Whoever owns the folder could have put another file of root's in its place. */
	return fstat(file, &now) == 0 && S_ISREG(now.st_mode) && now.st_nlink == 1 &&
	       (now.st_uid == owner->st_uid || fchown(file, owner->st_uid, owner->st_gid) == 0);
}

static bool take_place(const char *beside, const char *target, char *error, size_t error_size)
{
	int file = open(beside, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat owner;
	bool good;

	errno = 0;
	good = find_owner(target, &owner) && give_away(file, &owner);

	if (!good)
		say(error, error_size, "cannot give away", beside,
		    errno ? strerror(errno) : "it is not a file of its own");
	if (file >= 0)
		close(file);
	if (!good || !fold_log(target, error, error_size))
		return false;
	forget_log(target);
	/* Nothing of the old log is there any more, also after a power failure, when the new file takes its name. */
	return sync_folder(target, error, error_size);
}

bool store_restore(const char *path, const char *copy, char *error, size_t error_size)
{
	int lock = store_take_lock(path, false, error, error_size);
	struct stat owner;
	bool good;

	if (lock < 0)
		return false;
	good = copy_database(copy, path, take_place, error, error_size) && find_owner(path, &owner);
	if (good && !give_away(lock, &owner))
		good = say(error, error_size, "cannot give away the lock of", path, strerror(errno));
	close(lock);
	return good;
}
