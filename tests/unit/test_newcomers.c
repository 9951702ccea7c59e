// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who has to go for one more connection that has not shown who it is.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "controller/routers/listener.h"
#include "controller/routers/newcomers.h"

enum { MOST = 5, MOST_OF_SOURCE = 2 };

static struct newcomers newcomers;

static int set_up(void **state)
{
	newcomers_init(&newcomers, "router", MOST, MOST_OF_SOURCE);
	return 0;
}

static struct newcomer *add(struct newcomer *one, const char *from)
{
	struct sockaddr_storage address;

	*one = (struct newcomer){0};
	assert_true(listener_parse(from, &address));
	return newcomers_add(&newcomers, one, (struct sockaddr *)&address);
}

static void the_oldest_of_a_source_makes_room(void **state)
{
	struct newcomer a[4], b;

	assert_null(add(&a[0], "192.0.2.1:1"));
	assert_null(add(&b, "192.0.2.2:1"));
	assert_null(add(&a[1], "192.0.2.1:2"));
	assert_ptr_equal(add(&a[2], "192.0.2.1:3"), &a[0]);
	assert_ptr_equal(add(&a[3], "192.0.2.1:4"), &a[1]);
	assert_false(a[0].listed || a[1].listed);
	assert_true(a[2].listed && a[3].listed && b.listed);
	assert_int_equal(newcomers.count, 3);
}

static void the_oldest_of_all_makes_room(void **state)
{
	struct newcomer all[MOST + 2];
	char from[32];

	for (int i = 0; i < MOST + 2; i++) {
		snprintf(from, sizeof(from), "192.0.2.%d:1", i + 1);
		assert_ptr_equal(add(&all[i], from), i < MOST ? NULL : &all[i - MOST]);
	}
	assert_int_equal(newcomers.count, MOST);
}

static void a_source_is_an_address_or_a_64(void **state)
{
	struct newcomer one[3], mapped[3], other;

	assert_null(add(&one[0], "[2001:db8::1]:1"));
	assert_null(add(&one[1], "[2001:db8::2:0:0:1]:1"));
	assert_ptr_equal(add(&one[2], "[2001:db8::ffff:ffff:ffff:ffff]:1"), &one[0]);
	assert_null(add(&other, "[2001:db8:0:1::1]:1"));
	newcomers_remove(&newcomers, &one[1]);
	newcomers_remove(&newcomers, &one[2]);
	/* IPv4 through a socket of IPv6 is IPv4: others of that /96 are others. */
	assert_null(add(&mapped[0], "[::ffff:192.0.2.1]:1"));
	assert_null(add(&mapped[1], "[::ffff:192.0.2.2]:1"));
	assert_null(add(&mapped[2], "192.0.2.1:1"));
	assert_ptr_equal(add(&one[0], "[::ffff:192.0.2.1]:2"), &mapped[0]);
}

static void who_is_known_makes_room_and_leaves_once(void **state)
{
	struct newcomer one[4];

	assert_null(add(&one[0], "192.0.2.1:1"));
	assert_null(add(&one[1], "192.0.2.1:2"));
	newcomers_remove(&newcomers, &one[0]);
	newcomers_remove(&newcomers, &one[0]);
	assert_int_equal(newcomers.count, 1);
	assert_null(add(&one[2], "192.0.2.1:3"));
	assert_ptr_equal(add(&one[3], "192.0.2.1:4"), &one[1]);
	newcomers_remove(&newcomers, &one[1]);
	assert_int_equal(newcomers.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_oldest_of_a_source_makes_room, set_up),
		cmocka_unit_test_setup(the_oldest_of_all_makes_room, set_up),
		cmocka_unit_test_setup(a_source_is_an_address_or_a_64, set_up),
		cmocka_unit_test_setup(who_is_known_makes_room_and_leaves_once, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
