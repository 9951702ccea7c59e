// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the reader's thread hands over: which lines, in which order, how much of them at a time, and its end.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bgpd-peering/journal/journal_reader.h"
#include "tests/unit/freeze.h"
#include "tests/unit/temporary.h"

#define THREAD_NAME "peering-reader"

static void wait_readable(struct journal_reader *reader)
{
	struct pollfd fd = {.fd = journal_reader_fd(reader), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, 30000), 1);
}

/* All of it as one text (malloc), and how it ended. */
static char *read_all(struct journal_reader *reader, int *error)
{
	char *text = calloc(1, 1);
	size_t size = 0;
	bool last = false;

	while (!last) {
		struct journal_piece *piece, *next;

		wait_readable(reader);
		for (piece = journal_reader_take(reader); piece; piece = next) {
			next = (struct journal_piece *)piece->mail.next;
			assert_false(last);
			last = piece->last;
			*error = piece->error;
			text = realloc(text, size + piece->size + 1);
			assert_non_null(text);
			memcpy(text + size, piece->text, piece->size);
			size += piece->size;
			text[size] = '\0';
			assert_true(piece->size == 0 || text[size - 1] == '\n');
			journal_reader_done(reader, piece);
		}
	}
	return text;
}

static void expect(const char *path, uint64_t after, uint64_t upto, const char *wanted, int wanted_error)
{
	struct journal_reader *reader = journal_reader_start(path, after, upto);
	int error = 0;
	char *text;

	assert_non_null(reader);
	text = read_all(reader, &error);
	assert_string_equal(text, wanted);
	assert_int_equal(error, wanted_error);
	journal_reader_end(reader);
	free(text);
}

static const char journal[] = "{\"type\":\"journal\",\"version\":1,\"id\":\"x\"}\n"
			      "{\"type\":\"transition\",\"sequence\":1,\"from\":\"None\"}\n"
			      "{\"type\":\"connection\",\"connection\":{}}\n"
			      "{\"type\":\"transition\",\"sequence\":2,\"from\":\"None\"}\n"
			      "{\"type\":\"acked\",\"sequence\":2}\n"
			      "{\"type\":\"transition\",\"sequence\":3,\"from\":\"None\"}\n"
			      "{\"type\":\"transition\",\"sequence\":10,\"from\":\"None\"}\n";

static void only_transitions_between_the_two_are_read(void **state)
{
	const char *path = temporary_path("journal");

	temporary_write("journal", journal, strlen(journal));
	expect(path, 1, 3,
	       "{\"type\":\"transition\",\"sequence\":2,\"from\":\"None\"}\n"
	       "{\"type\":\"transition\",\"sequence\":3,\"from\":\"None\"}\n",
	       0);
	expect(path, 3, 10, "{\"type\":\"transition\",\"sequence\":10,\"from\":\"None\"}\n", 0);
	expect(path, 10, 20, "", 0);
}

/* Somebody may have edited the file: what does not look as usual is for the caller to judge. */
static void unusual_lines_are_handed_over(void **state)
{
	static const char edited[] = "{ \"type\": \"transition\", \"sequence\": 7 }\n"
				     "{\"type\":\"transition\",\"from\":\"None\",\"sequence\":7}\n"
				     "garbage\n"
				     "{\"type\":\"acked\",\"sequence\":7}\n"
				     "\n";

	temporary_write("edited", edited, strlen(edited));
	expect(temporary_path("edited"), 7, 7,
	       "{ \"type\": \"transition\", \"sequence\": 7 }\n"
	       "{\"type\":\"transition\",\"from\":\"None\",\"sequence\":7}\n"
	       "garbage\n"
	       "\n",
	       0);
}

static void a_torn_line_is_not_read(void **state)
{
	static const char torn[] = "{\"type\":\"transition\",\"sequence\":1}\n{\"type\":\"transition\",\"sequence\":2";

	temporary_write("torn", torn, strlen(torn));
	expect(temporary_path("torn"), 0, 9, "{\"type\":\"transition\",\"sequence\":1}\n", 0);
	temporary_write("empty", "", 0);
	expect(temporary_path("empty"), 0, 9, "", 0);
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
	expect(temporary_path("nowhere"), 0, 9, "", ENOENT);
}

/* More than may be on the way at once: nothing is lost, and what nobody takes is bounded. */
static void a_long_journal_comes_in_pieces(void **state)
{
	enum { LINES = 60000 };
	const char *path = temporary_path("long");
	FILE *file = fopen(path, "w");
	struct journal_reader *reader;
	struct journal_piece *piece, *next;
	char line[128], *text, *at;
	size_t waiting = 0;
	int error = 0;

	assert_non_null(file);
	for (int i = 1; i <= LINES; i++)
		fprintf(file, "{\"type\":\"transition\",\"sequence\":%d,\"message\":\"some words to fill it\"}\n", i);
	assert_int_equal(fclose(file), 0);

	reader = journal_reader_start(path, 0, LINES);
	assert_non_null(reader);
	/* As much as it reads by itself; one piece is given back then, and it goes on. */
	usleep(300000);
	piece = journal_reader_take(reader);
	for (struct journal_piece *one = piece; one; one = (struct journal_piece *)one->mail.next)
		waiting += one->size;
	assert_true(waiting > 512 * 1024 && waiting <= 1024 * 1024);
	text = malloc(waiting + 1);
	assert_non_null(text);
	for (at = text; piece; piece = next) {
		next = (struct journal_piece *)piece->mail.next;
		memcpy(at, piece->text, piece->size);
		at += piece->size;
		journal_reader_done(reader, piece);
	}
	*at = '\0';
	at = read_all(reader, &error);
	assert_int_equal(error, 0);
	text = realloc(text, waiting + strlen(at) + 1);
	assert_non_null(text);
	memcpy(text + waiting, at, strlen(at) + 1);
	free(at);
	at = text;
	for (int i = 1; i <= LINES; i++) {
		int length = snprintf(line, sizeof(line),
				      "{\"type\":\"transition\",\"sequence\":%d,\"message\":\"some words to fill it\"}\n", i);

		assert_memory_equal(at, line, (size_t)length);
		at += length;
	}
	assert_int_equal(*at, '\0');
	free(text);
	journal_reader_end(reader);

	/* One that nobody takes anything of ends as well. */
	reader = journal_reader_start(path, 0, LINES);
	assert_non_null(reader);
	wait_readable(reader);
	journal_reader_end(reader);
	assert_true(thread_gone(THREAD_NAME));
	journal_reader_end(NULL);
}

static void the_thread_takes_no_signals(void **state)
{
	/* It waits for room as long as nothing is taken. */
	struct journal_reader *reader = journal_reader_start(temporary_path("long"), 0, UINT64_MAX);

	assert_non_null(reader);
	wait_readable(reader);
	assert_true(thread_blocks_signals(thread_called(THREAD_NAME)));
	journal_reader_end(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_transitions_between_the_two_are_read),
		cmocka_unit_test(unusual_lines_are_handed_over),
		cmocka_unit_test(a_torn_line_is_not_read),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told),
		cmocka_unit_test(a_long_journal_comes_in_pieces),
		cmocka_unit_test(the_thread_takes_no_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
