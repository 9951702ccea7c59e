// SPDX-License-Identifier: GPL-2.0-or-later
/* On real files. A full disk is a limit on the size of files, under which the kernel writes a part and then refuses. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bgpd-peering/journal/journal_writer.h"
#include "tests/unit/freeze.h"
#include "tests/unit/temporary.h"

#define THREAD_NAME "peering-journal"

static void discard(struct mail *mail)
{
	free(mail);
}

static struct journal_writer *start(const char *path, uint64_t valid_bytes, struct mailbox *completions)
{
	struct journal_writer *writer = journal_writer_start(path, valid_bytes, false, completions);

	if (!writer)
		fail_msg("%s: %s", path, strerror(errno));
	return writer;
}

static struct mailbox *new_mailbox(void)
{
	struct mailbox *mailbox = mailbox_new();

	assert_non_null(mailbox);
	return mailbox;
}

static uint64_t append(struct journal_writer *writer, const char *line)
{
	return journal_writer_append(writer, line, strlen(line));
}

/* Waits for `count` completions, whose tickets must go on from `first`, and sums up their errors in `errors`. */
static void expect(struct mailbox *completions, uint64_t first, size_t count, int *errors)
{
	size_t got = 0;

	while (got < count) {
		struct pollfd fd = {.fd = mailbox_fd(completions), .events = POLLIN};
		struct mail *next;

		assert_int_equal(poll(&fd, 1, 30000), 1);
		for (struct mail *mail = mailbox_take(completions); mail; mail = next) {
			struct journal_completion *completion = (struct journal_completion *)mail;

			next = mail->next;
			assert_int_equal(completion->ticket, first + got);
			errors[got++] = completion->error;
			free(mail);
		}
	}
	assert_int_equal(got, count);
}

static int outcome(struct mailbox *completions, uint64_t ticket)
{
	int error;

	expect(completions, ticket, 1, &error);
	return error;
}

static void assert_content(const char *path, const char *expected)
{
	static char content[1 << 20];
	FILE *file = fopen(path, "r");
	size_t size;

	assert_non_null(file);
	size = fread(content, 1, sizeof(content) - 1, file);
	fclose(file);
	content[size] = '\0';
	assert_string_equal(content, expected);
}

static void lines_are_written_in_order(void **state)
{
	const char *path = temporary_path("in-order");
	struct mailbox *completions = new_mailbox();
	struct journal_writer *writer;
	static char expected[200000];
	size_t used = 0;
	int errors[5000];

	temporary_write("in-order", "", 0);
	writer = start(path, 0, completions);
	for (unsigned int i = 1; i <= 5000; i++) {
		char line[40];
		size_t size = (size_t)snprintf(line, sizeof(line), "{\"sequence\":%u}\n", i);

		assert_int_equal(journal_writer_append(writer, line, size), i);
		memcpy(expected + used, line, size);
		used += size;
		memset(line, 'X', sizeof(line)); /* it was copied */
	}
	expect(completions, 1, 5000, errors);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(errors[i], 0);
	assert_content(path, expected);
	journal_writer_stop(writer, 5000);
	mailbox_free(completions, discard);
}

static void a_torn_last_line_is_cut(void **state)
{
	const char *path = temporary_path("torn");
	struct mailbox *completions = new_mailbox();
	struct journal_writer *writer;

	temporary_write("torn", "one\ntwo\nthr", 11);
	writer = start(path, 8, completions);
	assert_content(path, "one\ntwo\n");
	append(writer, "three\n");
	assert_int_equal(outcome(completions, 1), 0);
	assert_content(path, "one\ntwo\nthree\n");
	journal_writer_stop(writer, 5000);
	mailbox_free(completions, discard);
}

static void what_cannot_be_a_journal_is_refused(void **state)
{
	struct mailbox *completions = new_mailbox();
	const char *link = temporary_path("symbolic-link");

	assert_null(journal_writer_start(temporary_path("absent"), 0, false, completions));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(access(temporary_path("absent"), F_OK), -1);

	temporary_write("short", "one\n", 4);
	assert_null(journal_writer_start(temporary_path("short"), 5, false, completions));
	assert_int_equal(errno, EINVAL);
	assert_content(temporary_path("short"), "one\n");

	assert_null(journal_writer_start(temporary_directory(), 0, false, completions));
	assert_int_equal(errno, EISDIR);

	assert_int_equal(mkfifo(temporary_path("fifo"), 0600), 0);
	assert_null(journal_writer_start(temporary_path("fifo"), 0, false, completions));
	assert_true(errno == ENXIO || errno == EINVAL);

	assert_int_equal(symlink(temporary_path("short"), link), 0);
	assert_null(journal_writer_start(link, 4, false, completions));
	assert_int_equal(errno, ELOOP);
	mailbox_free(completions, discard);
}

/*
 * The limit comes in the middle of a line. From there on all fails, nothing half written is left, and what was reported
 * as written is there; once there is room again, lines go on behind the last good one.
 */
static void a_full_disk_tears_nothing_and_is_overcome(void **state)
{
	const char *path = temporary_path("full");
	struct mailbox *completions = new_mailbox();
	struct journal_writer *writer;
	struct rlimit before, limit;
	uint64_t ticket;
	int error = EFBIG;
	struct stat status;

	temporary_write("full", "0123456\n", 8);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	writer = start(path, 8, completions);
	append(writer, "one\n");
	assert_int_equal(outcome(completions, 1), 0);

	limit = before;
	limit.rlim_cur = 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	append(writer, "this line is longer than what is left\n");
	error = outcome(completions, 2);
	/* While it is broken, a line that would fit fails as well. */
	append(writer, "two\n");
	ticket = 3;
	assert_int_equal(outcome(completions, ticket), EFBIG);
	assert_int_equal(error, EFBIG);
	assert_content(path, "0123456\none\n");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

	/* Tried again until it goes; each failure is told, and leaves no trace. */
	error = EFBIG;
	for (int i = 0; i < 300 && error != 0; i++) {
		usleep(100000);
		journal_writer_resume(writer);
		ticket = append(writer, "three\n");
		error = outcome(completions, ticket);
	}
	assert_int_equal(error, 0);
	assert_content(path, "0123456\none\nthree\n");

	/* By then it is good for all. */
	ticket = append(writer, "this line is longer than what was left\n");
	assert_int_equal(outcome(completions, ticket), 0);
	assert_content(path, "0123456\none\nthree\nthis line is longer than what was left\n");
	journal_writer_stop(writer, 5000);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, 8 + 4 + 6 + 39);
	mailbox_free(completions, discard);
}

static void a_journal_has_one_writer(void **state)
{
	const char *path = temporary_path("one");
	struct mailbox *completions = new_mailbox();
	struct journal_writer *writer;
	int fd;

	temporary_write("one", "", 0);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_false(journal_is_taken(fd));
	writer = start(path, 0, completions);
	assert_true(journal_is_taken(fd));
	assert_null(journal_writer_start(path, 0, false, completions));
	assert_int_equal(errno, EWOULDBLOCK);
	append(writer, "mine\n");
	assert_int_equal(outcome(completions, 1), 0);
	journal_writer_stop(writer, 5000);
	assert_false(journal_is_taken(fd));
	writer = start(path, 5, completions);
	journal_writer_stop(writer, 5000);
	assert_content(path, "mine\n");
	close(fd);
	mailbox_free(completions, discard);
}

/*
 * Who appends may not have seen yet that a line failed, however long ago that was. What it appends comes behind that line
 * for it, and shall not stand in front of it in the file.
 */
static void nothing_overtakes_a_line_that_failed(void **state)
{
	const char *path = temporary_path("overtake");
	struct mailbox *completions = new_mailbox();
	struct journal_writer *writer;
	struct rlimit before, limit;
	int errors[3];

	temporary_write("overtake", "", 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	writer = start(path, 0, completions);
	limit = before;
	limit.rlim_cur = 2;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	append(writer, "one\n");
	/* Long enough for the file to be good again, and nothing was taken from the mailbox. */
	usleep(1500000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	append(writer, "two\n");
	append(writer, "three\n");
	expect(completions, 1, 3, errors);
	for (int i = 0; i < 3; i++)
		assert_int_equal(errors[i], EFBIG);
	assert_content(path, "");
	usleep(1200000);
	append(writer, "too early\n");
	assert_int_equal(outcome(completions, 4), EFBIG);
	journal_writer_resume(writer);
	append(writer, "one\n");
	append(writer, "two\n");
	append(writer, "three\n");
	expect(completions, 5, 3, errors);
	for (int i = 0; i < 3; i++)
		assert_int_equal(errors[i], 0);
	assert_content(path, "one\ntwo\nthree\n");
	journal_writer_stop(writer, 5000);
	mailbox_free(completions, discard);
}

/* Many lines at once over a limit: however they fall into batches, completions and file tell the same story. */
static void completions_and_file_agree(void **state)
{
	const char *path = temporary_path("agree");
	struct mailbox *completions = new_mailbox();
	struct journal_writer *writer;
	struct rlimit before, limit;
	static char expected[100000];
	size_t used = 0;
	int errors[2000], failed = 0;

	temporary_write("agree", "", 0);
	writer = start(path, 0, completions);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 12345;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (unsigned int i = 1; i <= 2000; i++) {
		char line[40];

		snprintf(line, sizeof(line), "{\"line\":%u}\n", i);
		append(writer, line);
		if (i % 100 == 0)
			usleep(1000);
	}
	expect(completions, 1, 2000, errors);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	for (unsigned int i = 1; i <= 2000; i++) {
		if (errors[i - 1] == 0)
			used += (size_t)snprintf(expected + used, sizeof(expected) - used, "{\"line\":%u}\n", i);
		else
			failed++;
	}
	journal_writer_stop(writer, 5000);
	assert_true(failed > 0);
	assert_content(path, expected);
	mailbox_free(completions, discard);
}

/* Otherwise lines would go to a file that nobody finds after a restart. */
static void a_deleted_journal_is_an_error(void **state)
{
	const char *path = temporary_path("deleted");
	struct mailbox *completions = new_mailbox();
	struct journal_writer *writer;

	temporary_write("deleted", "", 0);
	writer = start(path, 0, completions);
	append(writer, "one\n");
	assert_int_equal(outcome(completions, 1), 0);
	assert_int_equal(unlink(path), 0);
	append(writer, "two\n");
	assert_int_equal(outcome(completions, 2), ENOENT);
	journal_writer_stop(writer, 5000);
	mailbox_free(completions, discard);
}

static void stopping_writes_what_waits(void **state)
{
	const char *path = temporary_path("stopped");
	static char expected[100000];
	size_t used = 0;

	for (int round = 0; round < 20; round++) {
		struct mailbox *completions = new_mailbox();
		struct journal_writer *writer = NULL;
		int errors[200];

		temporary_write("stopped", "", 0);
		writer = start(path, 0, completions);
		used = 0;
		for (unsigned int i = 1; i <= 200; i++) {
			char line[40];

			snprintf(line, sizeof(line), "{\"line\":%u}\n", i);
			append(writer, line);
			used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s", line);
		}
		journal_writer_stop(writer, 30000);
		assert_content(path, expected);
		expect(completions, 1, 200, errors);
		for (int i = 0; i < 200; i++)
			assert_int_equal(errors[i], 0);
		mailbox_free(completions, discard);
	}
	journal_writer_stop(NULL, 1000);
}

/* A signal that the kernel gave to this thread would be lost to bgpd's own handlers, or end bgpd. */
static void the_thread_takes_no_signals(void **state)
{
	struct mailbox *completions = new_mailbox();
	struct journal_writer *writer;
	sigset_t mine;

	temporary_write("signals", "", 0);
	writer = start(temporary_path("signals"), 0, completions);
	assert_true(thread_blocks_signals(thread_called(THREAD_NAME)));
	assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mine), 0);
	assert_int_equal(sigismember(&mine, SIGTERM), 0);
	journal_writer_stop(writer, 5000);
	assert_true(thread_gone(THREAD_NAME));
	mailbox_free(completions, discard);
}

/* The thread stands still in the middle of it: stop returns, and nothing is posted after it. */
static void a_thread_that_hangs_is_left_behind(void **state)
{
	const char *path = temporary_path("hanging");
	struct mailbox *completions = new_mailbox();
	struct journal_writer *writer;
	pid_t thread, tracer;

	temporary_write("hanging", "", 0);
	writer = start(path, 0, completions);
	thread = thread_called(THREAD_NAME);
	append(writer, "one\n");
	assert_int_equal(outcome(completions, 1), 0);
	usleep(50000); /* it waits for lines by now, without the lock */
	tracer = freeze(thread);
	if (tracer < 0) {
		journal_writer_stop(writer, 5000);
		mailbox_free(completions, discard);
		skip();
	}
	append(writer, "two\n");
	journal_writer_stop(writer, 100);
	thaw(tracer);
	assert_true(thread_gone(THREAD_NAME));
	assert_content(path, "one\ntwo\n");
	assert_null(mailbox_take(completions));
	mailbox_free(completions, discard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_written_in_order),
		cmocka_unit_test(a_torn_last_line_is_cut),
		cmocka_unit_test(what_cannot_be_a_journal_is_refused),
		cmocka_unit_test(a_full_disk_tears_nothing_and_is_overcome),
		cmocka_unit_test(a_journal_has_one_writer),
		cmocka_unit_test(completions_and_file_agree),
		cmocka_unit_test(nothing_overtakes_a_line_that_failed),
		cmocka_unit_test(a_deleted_journal_is_an_error),
		cmocka_unit_test(stopping_writes_what_waits),
		cmocka_unit_test(the_thread_takes_no_signals),
		cmocka_unit_test(a_thread_that_hangs_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
