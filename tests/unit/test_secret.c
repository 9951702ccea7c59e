// SPDX-License-Identifier: GPL-2.0-or-later
/* Passwords that are sealed: who has the key of that place opens them, and nobody else. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/secret.h"

static char folder[] = "/tmp/peering-secret-XXXXXX";
static char error[512];

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static struct secret_key *load(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	error[0] = '\0';
	return secret_key_load(path, error, sizeof(error));
}

static void what_is_sealed_is_opened_in_its_place_with_its_key(void **state)
{
	struct secret_key *key = load("key"), *again = load("key"), *other = load("other");
	char sealed[SECRET_SEALED_SIZE], same[SECRET_SEALED_SIZE], text[SECRET_TEXT_MAX + 1];
	char longest[SECRET_TEXT_MAX + 2];

	assert_non_null(key);
	assert_non_null(again);
	assert_non_null(other);
	assert_true(secret_seal(key, "PNI 192.0.2.2", "secret", sealed));
	assert_null(strstr(sealed, "secret"));
	assert_int_equal(strlen(sealed), SECRET_SEALED_SIZE - 1);
	/* After a restart, and the same again for who compares. */
	assert_true(secret_open(again, "PNI 192.0.2.2", sealed, text));
	assert_string_equal(text, "secret");
	assert_true(secret_seal(again, "PNI 192.0.2.2", "secret", same));
	assert_string_equal(same, sealed);
	/* Elsewhere, or with another key, it is nothing; nor does it look the same. */
	assert_false(secret_open(key, "PNI 192.0.2.3", sealed, text));
	assert_string_equal(text, "");
	assert_false(secret_open(other, "PNI 192.0.2.2", sealed, text));
	assert_true(secret_seal(key, "PNI 192.0.2.3", "secret", same));
	assert_string_not_equal(same, sealed);
	/* The longest there can be, and the shortest look alike. */
	memset(longest, 'x', sizeof(longest));
	longest[SECRET_TEXT_MAX + 1] = '\0';
	assert_false(secret_seal(key, "P", longest, sealed));
	longest[SECRET_TEXT_MAX] = '\0';
	assert_true(secret_seal(key, "P", longest, sealed));
	assert_int_equal(strlen(sealed), SECRET_SEALED_SIZE - 1);
	assert_true(secret_open(key, "P", sealed, text));
	assert_string_equal(text, longest);
	secret_key_free(key);
	secret_key_free(again);
	secret_key_free(other);
}

static void whatever_was_changed_is_not_opened(void **state)
{
	struct secret_key *key = load("key");
	char sealed[SECRET_SEALED_SIZE], changed[SECRET_SEALED_SIZE], text[SECRET_TEXT_MAX + 1];

	assert_true(secret_seal(key, "P", "secret", sealed));
	for (size_t i = 0; i < SECRET_SEALED_SIZE - 1; i++) {
		strcpy(changed, sealed);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_false(secret_open(key, "P", changed, text));
		strcpy(changed, sealed);
		changed[i] = '\0';
		assert_false(secret_open(key, "P", changed, text));
	}
	assert_false(secret_open(key, "P", "", text));
	assert_false(secret_open(key, "P", "secret", text));
	secret_key_free(key);
}

static void a_key_is_its_owners_alone(void **state)
{
	struct secret_key *key = load("mine");
	char path[128];
	struct stat about;

	assert_non_null(key);
	secret_key_free(key);
	snprintf(path, sizeof(path), "%s/mine", folder);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0600);
	assert_int_equal(chmod(path, 0640), 0);
	assert_null(load("mine"));
	assert_non_null(strstr(error, "chmod 600"));
	/* One that is too short, or too long, is none; and what stands there is not written over. */
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 63), 0);
	assert_null(load("mine"));
	assert_int_equal(truncate(path, 65), 0);
	assert_null(load("mine"));
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_size, 65);
	assert_null(load("no/folder"));
	assert_non_null(strstr(error, "no/folder"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_is_opened_in_its_place_with_its_key),
		cmocka_unit_test(whatever_was_changed_is_not_opened),
		cmocka_unit_test(a_key_is_its_owners_alone),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
