// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A database of each earlier schema version (tests/schema/) is brought up to date with everything in it, and where that fails
 * at any point it is as it was. A new version comes with a dump of the one before it, with rows in every table.
 */
#include "tests/unit/unit.h"

#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/store/store.h"
#include "tests/unit/temporary.h"

/* What a migration writes at the least, and far more than it does. */
#define WRITES_LEAST 5
#define WRITES_MAX 2000

static glob_t dumps;

static sqlite3 *open_at(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

/* "version-1.sql": 1. */
static int version_of(const char *dump)
{
	return atoi(strrchr(dump, '-') + 1);
}

static void load(const char *dump, const char *path)
{
	static char sql[1 << 20];
	FILE *file = fopen(dump, "r");
	size_t size;
	sqlite3 *db;

	assert_non_null(file);
	size = fread(sql, 1, sizeof(sql) - 1, file);
	assert_true(size < sizeof(sql) - 1);
	fclose(file);
	sql[size] = '\0';
	unlink(path);
	db = open_at(path);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", dump, sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* Every value of every row, one a line; malloc'd. */
static char *answers(sqlite3 *db, const char *sql, bool wants_rows)
{
	sqlite3_stmt *statement;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	unsigned int rows = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	for (; sqlite3_step(statement) == SQLITE_ROW; rows++)
		for (int i = 0; i < sqlite3_column_count(statement); i++)
			fprintf(out, "%d %s\n", sqlite3_column_type(statement, i), sqlite3_column_text(statement, i));
	sqlite3_finalize(statement);
	fclose(out);
	if (wants_rows && !rows)
		fail_msg("no row: %s", sql);
	return text;
}

/* For each table of the dump the query that reads its columns, one a line. */
static char *queries(sqlite3 *db, int version)
{
	sqlite3_stmt *statement;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT t.name, group_concat('\"' || c.name || '\"') FROM sqlite_master t"
					    " JOIN pragma_table_info(t.name) c WHERE t.type = 'table' GROUP BY t.name",
					    -1, &statement, NULL),
			 SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *table = (const char *)sqlite3_column_text(statement, 0);
		const char *columns = (const char *)sqlite3_column_text(statement, 1);

		if (strcmp(table, "schema_version") == 0)
			fprintf(out, "SELECT * FROM schema_version WHERE version <= %d ORDER BY 1\n", version);
		else if (strcmp(table, "sqlite_sequence") != 0)
			fprintf(out, "SELECT %s FROM \"%s\" ORDER BY %s\n", columns, table, columns);
	}
	sqlite3_finalize(statement);
	fclose(out);
	return text;
}

/* All that stands in the tables of the dump. */
static char *content(const char *path, const char *reading)
{
	sqlite3 *db = open_at(path);
	char *copy = strdup(reading), *rest = copy, *query, *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	while ((query = strsep(&rest, "\n")) && *query) {
		char *rows = answers(db, query, true);

		fprintf(out, "%s\n%s", query, rows);
		free(rows);
	}
	fclose(out);
	free(copy);
	sqlite3_close(db);
	return text;
}

static char *schema(const char *path)
{
	sqlite3 *db = open_at(path);
	char *text = answers(db, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name", true);

	sqlite3_close(db);
	return text;
}

static int version_in(const char *path)
{
	sqlite3 *db = open_at(path);
	char *text = answers(db, "SELECT max(version) FROM schema_version", true);
	int version = atoi(text + 2);

	free(text);
	sqlite3_close(db);
	return version;
}

/* What a step works out of what is there: none of these has a row. */
static const char *const mistakes[] = {
	"SELECT * FROM push_operation o JOIN push p ON p.number = o.push WHERE o.router <> p.router",
	"SELECT * FROM journal j WHERE stored <>"
	" (SELECT count(*) FROM transition t WHERE t.router = j.router AND t.journal_id = j.journal_id)",
	"SELECT * FROM desired_connection WHERE peer_asn <> json_extract(definition, '$.peerAsn')",
	"PRAGMA foreign_key_check",
};

static void expect_no_mistakes(const char *path)
{
	sqlite3 *db = open_at(path);

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		char *rows = answers(db, mistakes[i], false);

		assert_string_equal(rows, "");
		free(rows);
	}
	sqlite3_close(db);
}

static void everything_in_it_stays(void **state)
{
	const char *fresh = temporary_path("fresh.db");
	char error[STORE_ERROR_MAX];
	struct store *store = store_open(fresh, error, sizeof(error));
	char *newest;

	assert_non_null(store);
	store_close(store);
	newest = schema(fresh);
	if (dumps.gl_pathc + 1 != (size_t)version_in(fresh))
		fail_msg("tests/schema/ has %zu dumps, and there are %d earlier versions", dumps.gl_pathc, version_in(fresh) - 1);
	for (size_t i = 0; i < dumps.gl_pathc; i++) {
		const char *path = temporary_path("old.db");
		char *reading, *before, *after, *migrated;
		sqlite3 *db;

		load(dumps.gl_pathv[i], path);
		db = open_at(path);
		reading = queries(db, version_of(dumps.gl_pathv[i]));
		sqlite3_close(db);
		before = content(path, reading);
		store = store_open(path, error, sizeof(error));
		if (!store)
			fail_msg("%s: %s", dumps.gl_pathv[i], error);
		store_close(store);
		after = content(path, reading);
		migrated = schema(path);
		assert_string_equal(after, before);
		assert_string_equal(migrated, newest);
		expect_no_mistakes(path);
		assert_int_equal(version_in(path), version_in(fresh));
		free(migrated);
		free(after);
		free(before);
		free(reading);
	}
	free(newest);
}

/* ---- A disk on which so many writes still find room ---- */

static int writes_left = -1; /* -1: all of them */
/* Of a database, and of the files beside it, which SQLite opens without locks. */
static struct methods {
	sqlite3_io_methods limited;
	const sqlite3_io_methods *unlimited;
} methods[2];
static sqlite3_vfs disk;

static bool is_full(void)
{
	if (writes_left > 0)
		writes_left--;
	return writes_left == 0;
}

static const sqlite3_io_methods *below(sqlite3_file *file)
{
	return ((const struct methods *)file->pMethods)->unlimited;
}

static int write_file(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
	return is_full() ? SQLITE_FULL : below(file)->xWrite(file, data, size, offset);
}

static int sync_file(sqlite3_file *file, int flags)
{
	return is_full() ? SQLITE_IOERR_FSYNC : below(file)->xSync(file, flags);
}

static int open_file(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *flags_out)
{
	struct methods *own = &methods[(flags & SQLITE_OPEN_MAIN_DB) != 0];
	sqlite3_vfs *original = vfs->pAppData;
	int code = original->xOpen(original, name, file, flags, flags_out);

	if (code != SQLITE_OK)
		return code;
	own->unlimited = file->pMethods;
	own->limited = *file->pMethods;
	own->limited.xWrite = write_file;
	own->limited.xSync = sync_file;
	file->pMethods = &own->limited;
	return SQLITE_OK;
}

static void use_limited_disk(void)
{
	disk = *sqlite3_vfs_find(NULL);
	disk.zName = "limited";
	disk.pAppData = sqlite3_vfs_find(NULL);
	disk.xOpen = open_file;
	assert_int_equal(sqlite3_vfs_register(&disk, 1), SQLITE_OK);
}

static bool opens_with(const char *path, int writes)
{
	char error[STORE_ERROR_MAX];
	struct store *store;

	writes_left = writes;
	store = store_open(path, error, sizeof(error));
	store_close(store);
	writes_left = -1;
	return store != NULL;
}

static void what_fails_half_way_changes_nothing(void **state)
{
	const char *fresh = temporary_path("fresh.db");

	use_limited_disk();
	for (size_t i = 0; i < dumps.gl_pathc; i++) {
		int version = version_of(dumps.gl_pathv[i]);
		const char *path = temporary_path("full.db");
		int writes = 0;
		char *reading, *before, *as_before;
		sqlite3 *db;

		load(dumps.gl_pathv[i], path);
		db = open_at(path);
		reading = queries(db, version);
		sqlite3_close(db);
		before = content(path, reading);
		as_before = schema(path);
		while (version < version_in(fresh) && !opens_with(path, ++writes)) {
			char *after = content(path, reading), *still = schema(path);

			assert_int_equal(version_in(path), version);
			assert_string_equal(after, before);
			assert_string_equal(still, as_before);
			free(after);
			free(still);
			assert_true(writes < WRITES_MAX);
		}
		if (version < version_in(fresh)) {
			char *after = content(path, reading);

			print_message("version %d: refused %d times\n", version, writes - 1);
			assert_true(writes > WRITES_LEAST);
			assert_string_equal(after, before);
			assert_int_equal(version_in(path), version_in(fresh));
			free(after);
		}
		free(as_before);
		free(before);
		free(reading);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_in_it_stays),
		cmocka_unit_test(what_fails_half_way_changes_nothing),
	};
	int failed;

	if (glob(SCHEMA_FOLDER "/version-*.sql", 0, NULL, &dumps) != 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	globfree(&dumps);
	return failed;
}
