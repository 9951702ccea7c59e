// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/crash_record.h"

#define BOOT "11111111-2222-3333-4444-555555555555"

static bool start(struct crash_record *record, int64_t now)
{
	bool inert = crash_record_start(record, BOOT, now);

	record->running = !inert;
	return inert;
}

static void three_crashes_within_the_window(void **state)
{
	struct crash_record record = {0};

	assert_false(start(&record, 1000));
	assert_false(start(&record, 5000)); /* after a long run */
	assert_false(start(&record, 5010));
	assert_true(start(&record, 5000 + CRASH_WINDOW));
	/* Nothing of what bgpd does without the module counts; the crashes grow old. */
	assert_true(start(&record, 5000 + CRASH_WINDOW));
	assert_false(start(&record, 5001 + CRASH_WINDOW));
}

static void a_crash_that_is_older_does_not_count(void **state)
{
	struct crash_record record = {0};

	assert_false(start(&record, 1000));
	assert_false(start(&record, 1010));
	assert_false(start(&record, 1020));
	assert_false(start(&record, 1011 + CRASH_WINDOW));
	assert_int_equal(record.count, 2);
}

static void a_clean_end_is_no_crash(void **state)
{
	struct crash_record record = {0};

	for (int i = 0; i < 10; i++) {
		assert_false(start(&record, 1000 + i));
		record.running = false;
	}
	assert_int_equal(record.count, 0);
}

static void a_reboot_forgets(void **state)
{
	struct crash_record record = {.boot_id = BOOT, .running = true, .count = 3, .crashes = {100, 101, 102}};

	assert_false(crash_record_start(&record, "another", 110));
	assert_int_equal(record.count, 0);
	assert_string_equal(record.boot_id, "another");
}

static void what_is_written_is_read(void **state)
{
	struct crash_record record = {.boot_id = BOOT, .running = true, .count = 2, .crashes = {100, 200}}, read;
	char text[CRASH_RECORD_TEXT_MAX];

	crash_record_write(&record, text);
	crash_record_read(&read, text);
	assert_memory_equal(&record, &read, sizeof(record));
	record.count = 3;
	record.crashes[0] = record.crashes[1] = record.crashes[2] = INT64_MAX;
	crash_record_write(&record, text);
	assert_true(strlen(text) < CRASH_RECORD_TEXT_MAX - 1);
	crash_record_read(&read, text);
	assert_int_equal(read.count, 3);
}

static void anything_else_is_nothing(void **state)
{
	static const char *const texts[] = {"", "boot", "boot x running", "boot x running 7 crashes 1", "\xff\xfe",
					    "running 1 crashes 1 2 3"};
	struct crash_record read;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		crash_record_read(&read, texts[i]);
		assert_int_equal(read.count, 0);
		assert_false(read.running);
	}
	crash_record_read(&read, "boot x running 1 crashes 1 2 3 4 5 6");
	assert_int_equal(read.count, CRASHES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_crashes_within_the_window),
		cmocka_unit_test(a_crash_that_is_older_does_not_count),
		cmocka_unit_test(a_clean_end_is_no_crash),
		cmocka_unit_test(a_reboot_forgets),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(anything_else_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
