// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages of events: read and put into words once, whoever and however many read them.
 */
#include "tests/unit/unit.h"

#include <event2/buffer.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/events/event_pages.h"
#include "controller/events/events.h"
#include "controller/service/metrics.h"
#include "controller/store/store.h"
#include "lib/secret.h"
#include "tests/unit/temporary.h"

#define EVENTS 2000
#define READERS 40
#define STRANGERS 5000
#define MEMORY_MOST ((size_t)12 << 20)

static struct store *store;
static struct secret_key *key;
static struct event_pages *pages;
static int64_t first, last;

/* Of two routers in turn, and as long as a transition's. */
static int begin(void **state)
{
	char error[STORE_ERROR_MAX], data[512];
	int64_t oldest;

	(void)state;
	store = store_open(temporary_path("events.db"), error, sizeof(error));
	key = secret_key_load(temporary_path("events.key"), error, sizeof(error));
	if (!store || !key || store_event_epoch_begins(store) != STORE_OK || store_begin(store) != STORE_OK)
		return -1;
	for (int i = 1; i <= EVENTS; i++) {
		struct store_event event = {.at = 1764000000000, .type = EVENT_TRANSITION, .connection = "PNI-ACME",
					    .router = i % 2 ? "odd" : "even", .data = data};

		snprintf(data, sizeof(data), "{\"number\":%d,\"filling\":\"%0200d\"}", i, 0);
		store_event_add(store, &event);
	}
	if (store_commit(store) != STORE_OK || store_event_range(store, &oldest, &last) != STORE_OK)
		return -1;
	first = last - EVENTS + 1;
	return 0;
}

static int end(void **state)
{
	(void)state;
	store_close(store);
	secret_key_free(key);
	return 0;
}

static int begin_pages(void **state)
{
	(void)state;
	pages = event_pages_new(store, key);
	return pages ? 0 : -1;
}

static int end_pages(void **state)
{
	(void)state;
	event_pages_free(pages);
	return 0;
}

/* What a reader of these gets that has all up to `after`; the caller frees. */
static struct evbuffer *read_behind(int64_t after, const struct event_filter *filter)
{
	struct evbuffer *out = evbuffer_new();
	struct event_page *page;

	while (after < last) {
		assert_true(event_pages_behind(pages, after, &page));
		assert_non_null(page);
		assert_true(event_page_first(page) <= after + 1 && event_page_last(page) > after);
		assert_true(event_page_add(pages, page, filter, after, out));
		after = event_page_last(page);
	}
	return out;
}

/* Each number once and in order, from `from` on; every `step`th. */
static void assert_numbers(struct evbuffer *out, int from, int step)
{
	const char *at;
	char number[32];

	evbuffer_add(out, "", 1);
	at = (const char *)evbuffer_pullup(out, -1);
	for (int i = from; i <= EVENTS; i += step) {
		at = strstr(at, "\"number\":");
		assert_non_null(at);
		at += strlen("\"number\":");
		snprintf(number, sizeof(number), "%d,", i);
		assert_memory_equal(at, number, strlen(number));
	}
	assert_null(strstr(at, "\"number\":"));
	evbuffer_free(out);
}

static void test_is_put_into_words_once_for_all(void **state)
{
	const struct event_filter all = {.router = NULL}, even = {.router = (char *)"even"};
	uint64_t before = metrics.event_bytes_worded, once, given = 0;
	struct evbuffer *readers[READERS];

	(void)state;
	evbuffer_free(read_behind(first - 1, &all));
	once = metrics.event_bytes_worded - before;
	/* All at one place, then all at the next. */
	for (int i = 0; i < READERS; i++)
		readers[i] = read_behind(first - 1, &all);
	for (int i = 0; i < READERS; i++) {
		given += evbuffer_get_length(readers[i]);
		assert_numbers(readers[i], 1, 1);
	}
	assert_int_equal(given, READERS * once);
	assert_int_equal(metrics.event_bytes_worded - before, once);
	/* One filter more: half of them, once. */
	for (int i = 0; i < READERS; i++)
		assert_numbers(read_behind(first - 1, &even), 2, 2);
	assert_true(metrics.event_bytes_worded - before < 2 * once);
}

static void test_begins_anywhere_on_a_page(void **state)
{
	const struct event_filter all = {.router = NULL}, odd = {.router = (char *)"odd"};

	(void)state;
	evbuffer_free(read_behind(first - 1, &all));
	for (int i = 1; i < EVENTS; i += 37) {
		assert_numbers(read_behind(first - 1 + i, &all), i + 1, 1);
		assert_numbers(read_behind(first - 1 + i, &odd), i % 2 ? i + 2 : i + 1, 2);
	}
}

static void test_a_peer_sees_nothing_of_others(void **state)
{
	const struct event_filter peer = {.for_peer = true, .peer_asn = 64510}, all = {.router = NULL};
	struct evbuffer *out;

	(void)state;
	/* The words for people are there already. */
	evbuffer_free(read_behind(first - 1, &all));
	out = read_behind(first - 1, &peer);
	assert_int_equal(evbuffer_get_length(out), 0);
	evbuffer_free(out);
}

/* Many filters of many pages: what is kept goes, what readers have on their way stays. */
static void test_words_outlive_their_page(void **state)
{
	struct evbuffer *readers[READERS];
	char types[READERS][16];

	(void)state;
	for (int i = 0; i < READERS; i++) {
		/* Another filter each, which takes all. */
		struct event_filter filter = {.connection = (char *)"PNI-ACME"};

		snprintf(types[i], sizeof(types[i]), "other-%d", i);
		filter.types[0] = EVENT_TRANSITION;
		filter.types[1] = types[i];
		readers[i] = read_behind(first - 1, &filter);
	}
	event_pages_free(pages);
	pages = NULL;
	for (int i = 0; i < READERS; i++)
		assert_numbers(readers[i], 1, 1);
}

/* Whoever comes again and again, and wants something else each time, of one page: nothing new happens. */
static void test_filters_of_one_page_are_bounded(void **state)
{
	struct evbuffer *out = evbuffer_new();
	struct event_page *page;
	static char name[4096];
	size_t before;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	before = mallinfo2().uordblks;
	for (int i = 0; i < STRANGERS; i++) {
		const struct event_filter filter = {.connection = name};

		snprintf(name, 16, "%015d", i);
		name[15] = 'x';
		assert_true(event_pages_behind(pages, first - 1, &page));
		assert_true(event_page_add(pages, page, &filter, first - 1, out));
	}
	assert_int_equal(evbuffer_get_length(out), 0);
	evbuffer_free(out);
	assert_in_range(mallinfo2().uordblks - before, 0, MEMORY_MOST);
	/* Those who want something of it get it all the same. */
	test_begins_anywhere_on_a_page(NULL);
}

static void test_nothing_is_behind_the_newest(void **state)
{
	struct event_page *page;

	(void)state;
	assert_true(event_pages_behind(pages, last, &page));
	assert_null(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_is_put_into_words_once_for_all, begin_pages, end_pages),
		cmocka_unit_test_setup_teardown(test_begins_anywhere_on_a_page, begin_pages, end_pages),
		cmocka_unit_test_setup_teardown(test_a_peer_sees_nothing_of_others, begin_pages, end_pages),
		cmocka_unit_test_setup_teardown(test_words_outlive_their_page, begin_pages, end_pages),
		cmocka_unit_test_setup_teardown(test_filters_of_one_page_are_bounded, begin_pages, end_pages),
		cmocka_unit_test_setup_teardown(test_nothing_is_behind_the_newest, begin_pages, end_pages),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
