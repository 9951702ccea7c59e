// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A copy that is put in a database's place, by a process that is killed at every single thing that it does to the disk:
 * what is there then is all of the old database or all of the copy. The old one has commits that stand in its log alone.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/store/store.h"
#include "tests/unit/temporary.h"

#define OLD_TOKENS 40
#define COPY_TOKENS 3

/* What the process that is killed leaves to the one that looks. */
struct seen {
	unsigned int operations;
	char order[4096]; /* of names: "u" a log is gone, "r" the file has its new name, "s" the folder is synced */
};

static struct seen *seen;
static bool counts; /* in the process that is killed alone */
static unsigned int kill_at;
static bool kill_behind;
static const char *path, *copy;

/* ---- The disk, also under SQLite, which finds these in front of the C library's ---- */

#pragma GCC visibility push(default)
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset);
int ftruncate64(int fd, off64_t size);
int fsync(int fd);
int fdatasync(int fd);
int unlink(const char *name);
int rename(const char *from, const char *to);
#pragma GCC visibility pop

static unsigned int begin(void)
{
	unsigned int operation = counts ? ++seen->operations : 0;

	if (operation && operation == kill_at && !kill_behind)
		raise(SIGKILL);
	return operation;
}

static void end(unsigned int operation)
{
	if (operation && operation == kill_at)
		raise(SIGKILL);
}

static void note(const char *letter)
{
	if (counts && strlen(seen->order) + 1 < sizeof(seen->order))
		strcat(seen->order, letter);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
	unsigned int operation = begin();
	ssize_t written = syscall(SYS_pwrite64, fd, bytes, size, offset);

	end(operation);
	return written;
}

int ftruncate64(int fd, off64_t size)
{
	unsigned int operation = begin();
	int result = (int)syscall(SYS_ftruncate, fd, size);

	end(operation);
	return result;
}

static int sync_it(int fd)
{
	unsigned int operation = begin();
	struct stat file;

	if (fstat(fd, &file) == 0 && S_ISDIR(file.st_mode))
		note("s");
	end(operation);
	/* What is killed leaves all that was written. */
	return 0;
}

int fsync(int fd)
{
	return sync_it(fd);
}

int fdatasync(int fd)
{
	return sync_it(fd);
}

int unlink(const char *name)
{
	unsigned int operation = begin();
	int result = (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0);
	size_t length = strlen(name);

	if (result == 0 && length > 4 && strcmp(name + length - 4, "-wal") == 0)
		note("u");
	end(operation);
	return result;
}

int rename(const char *from, const char *to)
{
	unsigned int operation = begin();
	int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);

	note("r");
	end(operation);
	return result;
}

/* ---- Databases ---- */

static void add_tokens(struct store *store, unsigned int count)
{
	assert_int_equal(store_begin(store), STORE_OK);
	for (unsigned int i = 0; i < count; i++) {
		char name[32];
		struct store_token token = {.id = name, .name = name, .role = "viewer", .hash = "h", .created_by = "test"};

		snprintf(name, sizeof(name), "token%u", i);
		assert_int_equal(store_token_create(store, &token), STORE_OK);
	}
	assert_int_equal(store_commit(store), STORE_OK);
}

static struct store *must_open(void)
{
	char error[STORE_ERROR_MAX];
	struct store *store = store_open(path, error, sizeof(error));

	if (!store)
		fail_msg("%s", error);
	return store;
}

static bool count_one(const struct store_token *token, void *context)
{
	(*(unsigned int *)context)++;
	return true;
}

static unsigned int tokens(void)
{
	struct store *store = must_open();
	unsigned int count = 0;

	assert_int_equal(store_tokens(store, 0, 1000, count_one, &count), STORE_OK);
	store_close(store);
	return count;
}

static void remove_files(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".new", ".new-journal"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char name[1024];

		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
	}
}

/* Ends `work` as a crash would. */
static int in_a_process(void (*work)(void))
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		work();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* Not closed: what was committed stands in the log. */
static void write_old(void)
{
	add_tokens(must_open(), OLD_TOKENS);
}

static char *old_file, *old_log;
static size_t old_file_size, old_log_size;

static char *read_file(const char *name, size_t *size)
{
	FILE *file = fopen(name, "r");
	struct stat status;
	char *bytes;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	*size = (size_t)status.st_size;
	assert_true(*size > 0);
	bytes = malloc(*size);
	assert_int_equal(fread(bytes, 1, *size, file), *size);
	fclose(file);
	return bytes;
}

static void write_file(const char *name, const char *bytes, size_t size)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void make_old(void)
{
	char log[1024];

	remove_files();
	snprintf(log, sizeof(log), "%s-wal", path);
	if (!old_file) {
		assert_int_equal(in_a_process(write_old), 0);
		old_file = read_file(path, &old_file_size);
		old_log = read_file(log, &old_log_size);
		remove_files();
	}
	write_file(path, old_file, old_file_size);
	write_file(log, old_log, old_log_size);
}

static void restore(void)
{
	char error[STORE_ERROR_MAX];

	counts = true;
	if (!store_restore(path, copy, error, sizeof(error)))
		_exit(1);
	counts = false;
}

static int set_up(void **state)
{
	char error[STORE_ERROR_MAX];
	struct store *store;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(seen, MAP_FAILED);
	path = temporary_path("controller.db");
	copy = temporary_path("copy.db");
	store = must_open();
	add_tokens(store, COPY_TOKENS);
	assert_true(store_backup(path, copy, error, sizeof(error)));
	store_close(store);
	return 0;
}

/* ---- Tests ---- */

static void a_kill_at_any_step_leaves_one_of_both(void **state)
{
	unsigned int old = 0, restored = 0;
	int status;

	for (kill_at = 1;; kill_at += kill_behind, kill_behind = !kill_behind) {
		unsigned int found;

		make_old();
		memset(seen, 0, sizeof(*seen));
		status = in_a_process(restore);
		if (WIFEXITED(status))
			break;
		assert_int_equal(WTERMSIG(status), SIGKILL);
		found = tokens();
		if (found != OLD_TOKENS && found != COPY_TOKENS)
			fail_msg("killed at %u, %s: %u tokens", kill_at, kill_behind ? "behind" : "in front", found);
		old += found == OLD_TOKENS;
		restored += found == COPY_TOKENS;
		/* And it can be done again. */
		assert_int_equal(in_a_process(restore), 0);
		assert_int_equal(tokens(), COPY_TOKENS);
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(tokens(), COPY_TOKENS);
	/* It was killed on both sides of the one step that counts. */
	assert_true(old > 10);
	assert_true(restored > 0);
	kill_at = 0;
}

static void restores_with_names_in_their_order(void)
{
	const char *gone, *named;

	memset(seen, 0, sizeof(*seen));
	assert_int_equal(in_a_process(restore), 0);
	gone = strrchr(seen->order, 'u');
	named = strrchr(seen->order, 'r');
	assert_non_null(gone);
	assert_non_null(named);
	assert_true(gone < named);
	assert_true(memchr(gone, 's', (size_t)(named - gone)) != NULL);
	assert_non_null(strchr(named, 's'));
	assert_int_equal(tokens(), COPY_TOKENS);
}

static void names_are_on_the_disk_in_their_order(void **state)
{
	make_old();
	restores_with_names_in_their_order();
}

static void what_is_no_database_any_more_makes_room(void **state)
{
	FILE *file;

	make_old();
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database", file);
	fclose(file);
	restores_with_names_in_their_order();
	/* Nor one of which the log alone is left. */
	make_old();
	unlink(path);
	restores_with_names_in_their_order();
}

static void one_that_is_read_elsewhere_stays(void **state)
{
	char error[STORE_ERROR_MAX] = "";
	sqlite3 *reader;

	make_old();
	assert_int_equal(sqlite3_open(path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM token", NULL, NULL, NULL), SQLITE_OK);
	assert_false(store_restore(path, copy, error, sizeof(error)));
	assert_non_null(strstr(error, "another process has it open"));
	sqlite3_close(reader);
	assert_int_equal(tokens(), OLD_TOKENS);
}

static int clear(void **state)
{
	free(old_file);
	free(old_log);
	return munmap(seen, sizeof(*seen));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kill_at_any_step_leaves_one_of_both),
		cmocka_unit_test(names_are_on_the_disk_in_their_order),
		cmocka_unit_test(what_is_no_database_any_more_makes_room),
		cmocka_unit_test(one_that_is_read_elsewhere_stays),
	};

	return cmocka_run_group_tests(tests, set_up, clear);
}
