// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text that comes from outside, times and ages, tables, and addresses to listen on.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <locale.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "controller/cli/peerctl_table.h"
#include "controller/routers/listener.h"
#include "controller/text.h"
#include "lib/utf8.h"

static void what_is_unwanted_becomes_a_question_mark(void **state)
{
	static const struct {
		const char *raw, *clean;
	} texts[] = {
		{"plain", "plain"},
		{"Zürich – Köln", "Zürich – Köln"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"a\nb\tc\x1b[2J", "a?b?c?[2J"},
		{"\x7f", "?"},
		{"a\xff"
		 "b",
		 "a?b"},
		{"\xc3", "?"},
		{"\xe2\x80", "?"},
		{"\x80\x80"
		 "b",
		 "?b"},
		/* Overlong, a surrogate, beyond Unicode, a C1 control. */
		{"\xc0\xaf", "?"},
		{"\xe0\x80\xaf", "?"},
		{"\xed\xa0\x80", "?"},
		{"\xf4\x90\x80\x80", "?"},
		{"\xc2\x9b", "?"},
		/* Turns the direction of writing; a line separator. */
		{"a\u202eb", "a?b"},
		{"a\u2066b", "a?b"},
		{"a\u2028b", "a?b"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *clean = text_clean(texts[i].raw, 100);

		assert_string_equal(clean, texts[i].clean);
		assert_true(utf8_is_clean(clean));
		assert_int_equal(utf8_is_clean(texts[i].raw), strcmp(texts[i].raw, texts[i].clean) == 0);
		free(clean);
	}
	free(text_clean(NULL, 10));
}

static void text_is_cut_at_a_character(void **state)
{
	static const char *const cuts[] = {"", "a", "a", "aé", "aéb", "aéb€" /* at 7 */};
	static const size_t sizes[] = {0, 1, 2, 3, 4, 7};
	char *clean;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		clean = text_clean("aéb€", sizes[i]);
		assert_string_equal(clean, cuts[i]);
		free(clean);
	}
	clean = text_clean("aéb€", 6);
	assert_string_equal(clean, "aéb");
	free(clean);
}

static void times_are_rfc_3339(void **state)
{
	char text[TEXT_TIME_SIZE];

	text_time(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	text_time(INT64_C(1764000000123), text);
	assert_string_equal(text, "2025-11-24T16:00:00.123Z");
	text_time(INT64_C(253402300799999), text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	text_time(INT64_C(253402300800000), text);
	assert_string_equal(text, "");
	text_time(-1, text);
	assert_string_equal(text, "");
	text_time(INT64_MAX, text);
	assert_string_equal(text, "");
}

static void ids_differ(void **state)
{
	char one[TEXT_ID_SIZE], other[TEXT_ID_SIZE];

	assert_true(random_id(one));
	assert_true(random_id(other));
	assert_int_equal(strlen(one), 32);
	assert_int_equal(strspn(one, "0123456789abcdef"), 32);
	assert_string_not_equal(one, other);
}

static void ages_are_for_people(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} ages[] = {
		{-1, "-"},	    {0, "0s"},		   {59, "59s"},		 {60, "1m00s"},
		{372, "6m12s"},	    {3599, "59m59s"},	   {3600, "1h00m"},	 {14700, "4h05m"},
		{86400, "1d00h"},   {1130400, "13d02h"},   {31535999, "364d23h"}, {31536000, "1y000d"},
		{65750400, "2y031d"},
	};
	char text[AGE_SIZE];

	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		age_text(ages[i].seconds, text);
		assert_string_equal(text, ages[i].text);
	}
}

static char *printed(const struct table *table, size_t width)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	table_print(table, out, width);
	fclose(out);
	return text;
}

static void columns_line_up(void **state)
{
	struct table *table = table_new((const char *[]){"NAME", ">COUNT", "NOTE", NULL});
	char *text;

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	table_row(table, (const char *[]){"PNI-ACME-FRA1", "7", "Zürich\n"});
	table_row(table, (const char *[]){"Köln", "120000000", NULL});
	table_row(table, (const char *[]){"", "", "x"});
	assert_int_equal(table_rows(table), 3);
	text = printed(table, 0);
	assert_string_equal(text, "NAME               COUNT  NOTE\n"
				  "PNI-ACME-FRA1          7  Zürich?\n"
				  "Köln           120000000  -\n"
				  "-                      -  x\n");
	free(text);
	text = printed(table, 29);
	assert_string_equal(text, "NAME               COUNT  NOT\n"
				  "PNI-ACME-FRA1          7  Zür\n"
				  "Köln           120000000  -\n"
				  "-                      -  x\n");
	free(text);
	table_free(table);
}

static char *wrapped(const struct table *table, size_t width)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	table_print_wrapped(table, out, width);
	fclose(out);
	return text;
}

static void sentences_go_on_in_their_column(void **state)
{
	struct table *table = table_new((const char *[]){"NAME", ">COUNT", "HAS", "WHY", NULL});
	char *text;

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	table_row(table, (const char *[]){"PNI-ACME", "7", "changed by hand in Zürich", "who knows that"});
	table_row(table, (const char *[]){"K", "100000", "-", "a-word-that-is-rather-long"});
	text = wrapped(table, 132);
	assert_string_equal(text, "NAME       COUNT  HAS                        WHY\n"
				  "PNI-ACME       7  changed by hand in Zürich  who knows that\n"
				  "K         100000  -                          a-word-that-is-rather-long\n");
	free(text);
	text = wrapped(table, 60);
	assert_string_equal(text, "NAME       COUNT  HAS             WHY\n"
				  "PNI-ACME       7  changed by      who knows that\n"
				  "                  hand in Zürich\n"
				  "K         100000  -               a-word-that-is-rather-long\n");
	free(text);
	/* Words stay whole, and nothing is lost, where there is no room at all. */
	text = wrapped(table, 1);
	assert_string_equal(text, "NAME       COUNT  HAS      WHY\n"
				  "PNI-ACME       7  changed  who knows that\n"
				  "                  by hand\n"
				  "                  in\n"
				  "                  Zürich\n"
				  "K         100000  -        a-word-that-is-rather-long\n");
	free(text);
	table_free(table);
}

static void addresses_to_listen_on(void **state)
{
	static const char *const good[] = {"192.0.2.1:4790", "0.0.0.0:0", "[::]:4790", "[2001:db8::1]:65535"};
	static const char *const bad[] = {"",		"4790",		   ":4790",	       "192.0.2.1",
					  "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1",     "192.0.2.1:47 90",
					  "::1:4790",	"[::1]",	   "[::1]4790",	       "[::1:4790",
					  "host:4790",	"192.0.2.1:1e3",   "192.0.2.1:000000001", "[192.0.2.1]:4790"};
	struct sockaddr_storage address;
	char text[LISTENER_ADDRESS_SIZE];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(listener_parse(good[i], &address));
		listener_format((struct sockaddr *)&address, text);
		assert_string_equal(text, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (listener_parse(bad[i], &address))
			fail_msg("'%s' is taken for an address", bad[i]);
	assert_true(listener_parse("[::ffff:192.0.2.1]:4790", &address));
	listener_format((struct sockaddr *)&address, text);
	assert_string_equal(text, "192.0.2.1:4790");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_unwanted_becomes_a_question_mark),
		cmocka_unit_test(text_is_cut_at_a_character),
		cmocka_unit_test(times_are_rfc_3339),
		cmocka_unit_test(ids_differ),
		cmocka_unit_test(ages_are_for_people),
		cmocka_unit_test(columns_line_up),
		cmocka_unit_test(sentences_go_on_in_their_column),
		cmocka_unit_test(addresses_to_listen_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
