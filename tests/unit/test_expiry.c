// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When it is time to say that something ends, and that it is said once.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/expiry.h"

#define DAY 86400u
#define NOW 1780000000u

static void steps_come_at_30_7_and_1_days(void **state)
{
	static const struct {
		uint64_t ends;
		enum expiry step;
	} cases[] = {
		{0, EXPIRY_FAR},
		{NOW + 30 * DAY + 1, EXPIRY_FAR},
		{NOW + 30 * DAY, EXPIRY_MONTH},
		{NOW + 7 * DAY + 1, EXPIRY_MONTH},
		{NOW + 7 * DAY, EXPIRY_WEEK},
		{NOW + DAY + 1, EXPIRY_WEEK},
		{NOW + DAY, EXPIRY_DAY},
		{NOW + 1, EXPIRY_DAY},
		{NOW, EXPIRY_OVER},
		{1, EXPIRY_OVER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(expiry_of(cases[i].ends, NOW), cases[i].step);
}

static void each_step_is_said_once(void **state)
{
	struct expiry_said said = {0};
	uint64_t ends = NOW + 40 * DAY;
	unsigned int times = 0;

	for (uint64_t now = NOW; now < ends + 10 * DAY; now += DAY / 2)
		times += expiry_is_news(&said, ends, now);
	assert_int_equal(times, 4);
	/* A new one begins anew; and whoever was away hears the step that it is at, not those before. */
	assert_false(expiry_is_news(&said, ends + 400 * DAY, ends));
	assert_true(expiry_is_news(&said, ends + 400 * DAY, ends + 399 * DAY));
	assert_false(expiry_is_news(&said, ends + 400 * DAY, ends + 399 * DAY + 1));
	/* The clock was put back. */
	assert_false(expiry_is_news(&said, ends + 400 * DAY, NOW));
}

static void the_sentence_says_when(void **state)
{
	static const struct {
		uint64_t ends;
		const char *sentence;
	} cases[] = {
		{NOW + 6 * DAY + 5, "it ends in 6 days, at 2026-06-03 20:26 UTC"},
		{NOW + 3600, "it ends in 1 hour, at 2026-05-28 21:26 UTC"},
		{NOW + 30, "it ends in 0 minutes, at 2026-05-28 20:27 UTC"},
		{NOW - 3 * DAY, "it ended 3 days ago, at 2026-05-25 20:26 UTC"},
	};
	char text[EXPIRY_SENTENCE_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		expiry_sentence(text, sizeof(text), "it", cases[i].ends, NOW);
		assert_string_equal(text, cases[i].sentence);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_come_at_30_7_and_1_days),
		cmocka_unit_test(each_step_is_said_once),
		cmocka_unit_test(the_sentence_says_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
