// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is a character, what is none, and where text is cut.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/utf8.h"

static void a_character_is_valid_and_no_control(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} characters[] = {
		{"a", 1},
		{"~", 1},
		{" ", 1},
		{"é", 2},
		{"€", 3},
		{"\xf0\x9f\x98\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"", 0},
		{"\n", 0},
		{"\x7f", 0},
		/* C1 controls: as UTF-8, and the bare byte. */
		{"\xc2\x80", 0},
		{"\xc2\x9f", 0},
		{"\x9b", 0},
		{"\xc2\xa0", 2},
		/* Cut, overlong, a surrogate, beyond the last. */
		{"\xc3", 0},
		{"\xe2\x82", 0},
		{"\xf0\x9f\x98", 0},
		{"\xc0\xaf", 0},
		{"\xe0\x9f\xbf", 0},
		{"\xf0\x8f\xbf\xbf", 0},
		{"\xed\xa0\x80", 0},
		{"\xf4\x90\x80\x80", 0},
		{"\xff", 0},
		{"\u2028", 0},
		{"\u202e", 0},
		{"\u2066", 0},
	};

	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
		assert_int_equal(utf8_character(characters[i].text), characters[i].length);
	assert_true(utf8_is_clean(""));
	assert_true(utf8_is_clean("Zürich – Köln"));
	assert_false(utf8_is_clean("Zürich\tKöln"));
	assert_false(utf8_is_clean("Z\xc3"));
}

static void what_is_no_text_becomes_a_question_mark(void **state)
{
	static const char *const texts[][2] = {
		{"", ""}, {"Zürich", "Zürich"}, {"a\x1b[1mb", "a?[1mb"}, {"a\xff", "a?"}, {"Z\xc3", "Z?"}, {"\u202e.", "???."},
	};
	char text[16];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(text, sizeof(text), "%s", texts[i][0]);
		utf8_clean(text);
		assert_string_equal(text, texts[i][1]);
		assert_true(utf8_is_clean(text));
	}
}

static void a_copy_ends_with_a_whole_character(void **state)
{
	static const struct {
		const char *from;
		size_t size;
		const char *copy;
	} copies[] = {
		{"", 1, ""},	   {"ab", 3, "ab"},   {"ab", 2, "a"},	{"ab", 1, ""},	     {"éé", 5, "éé"},
		{"éé", 4, "é"},	   {"éé", 3, "é"},    {"éé", 2, ""},	{"€€", 7, "€€"},     {"€€", 6, "€"},
		{"€€", 5, "€"},	   {"€€", 4, "€"},    {"€€", 3, ""},	{"a\xf0\x9f\x98\x80", 5, "a"},
		{"a\xf0\x9f\x98\x80", 6, "a\xf0\x9f\x98\x80"},
	};
	char to[8];

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		memset(to, 'X', sizeof(to));
		assert_int_equal(utf8_copy(to, copies[i].size, copies[i].from),
				 strcmp(copies[i].from, copies[i].copy) == 0);
		assert_string_equal(to, copies[i].copy);
		/* And nothing behind its end. */
		if (copies[i].size < sizeof(to))
			assert_int_equal(to[copies[i].size], 'X');
	}
	assert_false(utf8_copy(to, 0, "a"));
}

/* Not cleaned, and never read or written beyond its ends. */
static void bytes_that_are_no_text_are_cut_all_the_same(void **state)
{
	static const char bytes[] = "\x80\x80\x80\x80\x80\x80\x80\x80";
	char to[8];

	for (size_t size = 1; size <= sizeof(to); size++) {
		assert_false(utf8_copy(to, size, bytes));
		assert_true(strlen(to) < size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_character_is_valid_and_no_control),
		cmocka_unit_test(what_is_no_text_becomes_a_question_mark),
		cmocka_unit_test(a_copy_ends_with_a_whole_character),
		cmocka_unit_test(bytes_that_are_no_text_are_cut_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
