// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tokens as text: what is drawn is read again, and nothing else is.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "controller/api/token.h"

static void what_is_drawn_is_read_again(void **state)
{
	char one[TOKEN_TEXT_SIZE], other[TOKEN_TEXT_SIZE];
	struct token_parts drawn, read, another;

	assert_true(token_draw(one, &drawn));
	assert_int_equal(strlen(one), TOKEN_TEXT_SIZE - 1);
	assert_true(token_read(one, &read));
	assert_string_equal(read.id, drawn.id);
	assert_true(token_hashes_equal(read.hash, drawn.hash));
	/* The hash is no part of the token. */
	assert_null(strstr(one, drawn.hash));

	assert_true(token_draw(other, &another));
	assert_string_not_equal(one, other);
	assert_string_not_equal(another.id, drawn.id);
	assert_false(token_hashes_equal(another.hash, drawn.hash));
}

static void anything_else_is_refused(void **state)
{
	char good[TOKEN_TEXT_SIZE], bad[TOKEN_TEXT_SIZE + 8];
	struct token_parts parts;

	assert_true(token_draw(good, &parts));
	for (size_t i = 0; i < strlen(good); i++) {
		strcpy(bad, good);
		bad[i] = 'X';
		assert_false(token_read(bad, &parts));
		bad[i] = '\0';
		assert_false(token_read(bad, &parts));
	}
	snprintf(bad, sizeof(bad), "%s0", good);
	assert_false(token_read(bad, &parts));
	assert_false(token_read("", &parts));
	assert_false(token_read("pct_", &parts));
}

static void hashes_differ_in_any_digit(void **state)
{
	char one[TOKEN_HASH_SIZE], other[TOKEN_HASH_SIZE];

	/* sha256sum of "abc" and a NUL. */
	assert_true(token_hash(one, "abc", NULL));
	assert_string_equal(one, "dc1114cd074914bd872cc1f9a23ec910ea2203bc79779ab2e17da25782a624fc");
	for (size_t i = 0; i < TOKEN_HASH_SIZE - 1; i++) {
		memcpy(other, one, sizeof(other));
		other[i] = other[i] == '0' ? '1' : '0';
		assert_false(token_hashes_equal(one, other));
	}
	assert_false(token_hashes_equal("", ""));
	/* Pieces do not run into each other. */
	assert_true(token_hash(one, "ab", "c", NULL));
	assert_true(token_hash(other, "a", "bc", NULL));
	assert_false(token_hashes_equal(one, other));
}

static void names_are_plain(void **state)
{
	static const char *const bad[] = {"", "a b", "a/b", "a\"b", "\xc3\xa9", "a:b", "a\nb",
					  "12345678901234567890123456789012345678901234567890123456789012345"};

	assert_true(token_name_is_good("noc@example.net"));
	assert_true(token_name_is_good("1234567890123456789012345678901234567890123456789012345678901234"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(token_name_is_good(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_drawn_is_read_again),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(hashes_differ_in_any_digit),
		cmocka_unit_test(names_are_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
