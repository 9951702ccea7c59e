// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/connection_name.h"

static void good_names(void **state)
{
	static const char *const names[] = {"PNI-ACME-FRA1", "a", "7", "DECIX-AS64513", "x.y_z-1:2", "192.0.2.1",
					    "2001:db8::1",   "Alle", "allx", "jsonp"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(connection_name_error(names[i]));
}

static void length_is_1_to_63(void **state)
{
	char name[CONNECTION_NAME_MAX + 1];

	assert_non_null(strstr(connection_name_error(""), "empty"));
	memset(name, 'a', sizeof(name));
	name[CONNECTION_NAME_MAX - 1] = '\0';
	assert_int_equal(strlen(name), 63);
	assert_null(connection_name_error(name));
	name[CONNECTION_NAME_MAX - 1] = 'a';
	name[CONNECTION_NAME_MAX] = '\0';
	assert_non_null(strstr(connection_name_error(name), "too long"));
}

/* Every byte: allowed inside a name, allowed at its beginning, or neither. */
static void each_character_is_judged(void **state)
{
	for (int c = 1; c < 256; c++) {
		char inside[] = {'a', (char)c, 'b', '\0'}, first[] = {(char)c, 'b', '\0'};
		bool alphanumeric =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		bool allowed = alphanumeric || c == '.' || c == '_' || c == '-' || c == ':';

		assert_int_equal(connection_name_error(inside) == NULL, allowed);
		assert_int_equal(connection_name_error(first) == NULL, alphanumeric);
	}
}

/* A connection called like a word of the grammar could never be named in a command. */
static void words_of_the_commands_are_refused(void **state)
{
	static const char *const words[] = {"default-deny", "json",    "JSON",	  "all",      "All",   "neighbor",
					    "controller",   "gated",   "bypass",  "adopt",    "state", "summary",
					    "router-name",  "profile", "problems"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_non_null(strstr(connection_name_error(words[i]), "word of the command"));
}

/* FRR takes the beginning of a word for the whole, so that such a connection could not be named in some commands. */
static void beginnings_of_words_are_no_new_names(void **state)
{
	static const char *const words[] = {"a", "al", "c", "contr", "default", "default-deny-c", "stat", "by", "prob", "w"};
	static const char *const names[] = {"A", "allx", "Default", "states", "state-1", "x", "7"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_null(connection_name_error(words[i]));
		assert_non_null(strstr(connection_new_name_error(words[i]), "beginning of a word"));
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(connection_new_name_error(names[i]));
	assert_non_null(strstr(connection_new_name_error("all"), "word of the command itself"));
	assert_non_null(strstr(connection_new_name_error("-x"), "begin with"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_names),
		cmocka_unit_test(length_is_1_to_63),
		cmocka_unit_test(each_character_is_judged),
		cmocka_unit_test(words_of_the_commands_are_refused),
		cmocka_unit_test(beginnings_of_words_are_no_new_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
