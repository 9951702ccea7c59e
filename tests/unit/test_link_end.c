// SPDX-License-Identifier: GPL-2.0-or-later
/* Too much for the link, and its end at any moment. */
#include "tests/unit/unit.h"

#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/freeze.h"
#include "tests/unit/pki.h"
#include "tests/unit/router_end.h"

/* A link that was never started is ended all the same. */
static void a_link_that_does_not_dial(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	settings.known_sequence = 3;
	router = link_new(&settings, events);
	assert_non_null(router);
	transition(4);
	assert_int_equal(link_stop(router), 3);
	router = NULL;
	assert_null(mailbox_take(events));
}

static void what_the_controller_does_not_take_closes_the_session(void **state)
{
	struct link_figures figures;
	bool fits = true;
	int sent = 0;

	start_default();
	come_up_empty();
	/* The kernel takes some megabytes, the link 8 MiB; nothing is read at the other end. */
	for (; fits && sent < 200; sent++)
		fits = send_snapshot(500000);
	assert_int_equal(try_snapshot(1), LINK_SENT); /* of no session any more */
	assert_false(fits);
	expect_down("8 MiB");
	link_figures(router, &figures);
	assert_int_equal(figures.overflows, 1);
	controller_hang_up(&controller);
	assert_true(send_snapshot(1)); /* of no session */
	come_up_empty();
	assert_true(send_snapshot(2));
	expect_snapshot(2);
}

/* Who asks before it makes what is large never meets the 8 MiB, and is told when there is room again. */
static void room_is_told(void **state)
{
	struct link_figures figures;
	struct link_event *event;
	int sent = 0, read = 0;

	start_default();
	come_up_empty();
	assert_true(link_has_room(router));
	link_figures(router, &figures);
	assert_int_equal(figures.queued_bytes, 0);
	assert_true(figures.ends.certificate > (uint64_t)time(NULL));
	/* The kernel takes some megabytes; nothing is read at the other end. */
	for (; link_has_room(router) && sent < 200; sent++)
		assert_true(send_snapshot(500000));
	assert_true(sent < 200);
	link_figures(router, &figures);
	assert_true(figures.queued_bytes >= 1024 * 1024);
	assert_null(mailbox_take(events));
	for (; read < sent; read++)
		expect_snapshot(500000);
	event = next_event();
	assert_int_equal(event->type, LINK_DRAINED);
	link_event_free(&event->mail);
	assert_null(mailbox_take(events)); /* once */
	assert_true(link_has_room(router));
	link_figures(router, &figures);
	assert_true(figures.queued_bytes < 1024 * 1024);
	controller_hang_up(&controller);
	expect_down("closed the connection");
	assert_true(link_has_room(router));
}

static void a_key_for_everybody_is_told_once(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	struct link_event *event;

	assert_int_equal(chmod(settings.tls.key, 0644), 0);
	start(&settings);
	event = next_event();
	assert_int_equal(event->type, LINK_WARNING);
	assert_non_null(strstr(event->text, settings.tls.key));
	link_event_free(&event->mail);
	come_up_empty();
	controller_hang_up(&controller);
	expect_down("closed the connection");
	come_up_empty();
	assert_int_equal(chmod(settings.tls.key, 0600), 0);
}

/* The default action of SIGPIPE would end the process. */
static void a_reset_while_it_writes(void **state)
{
	start_default();
	for (int round = 0; round < 5; round++) {
		come_up_empty();
		for (int i = 0; i < 20; i++) {
			send_snapshot(100000);
			if (i == 5)
				controller_reset(&controller);
		}
		expect_down("onnection");
	}
}

static void stops_in_each_stage(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	for (int i = 0; i < 20; i++) { /* anywhere */
		start_default();
		usleep((useconds_t)i * 700);
		stop_in_time();
	}
	controller_close(&controller); /* with what is in its queue */
	controller_open(&controller, pki_files(PKI_CONTROLLER));

	settings = settings_for("127.0.0.1", controller.port);
	start(&settings);
	controller_accept(&controller); /* no HelloAck */
	peering__envelope__free_unpacked(controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO), NULL);
	stop_in_time();
	controller_hang_up(&controller);

	start(&settings);
	come_up_empty();
	for (int i = 0; i < 10; i++)
		send_snapshot(500000); /* it cannot write all that */
	stop_in_time();
	controller_hang_up(&controller);

	settings.timing.backoff_first = 60000;
	settings.timing.backoff_most = 60000;
	close(controller.listener);
	controller.listener = -1;
	start(&settings);
	expect_down("refused");
	stop_in_time();
	assert_null(taken);
	assert_null(mailbox_take(events)); /* an end that was asked for is no news */
	link_stop(NULL);
}

static void the_thread_takes_no_signals(void **state)
{
	start_default();
	assert_true(thread_blocks_signals(thread_called(LINK_THREAD)));
}

/* As a file system would hold it that hangs while the certificates are read. */
static void a_thread_that_hangs_is_left_behind(void **state)
{
	pid_t tracer;

	start_default();
	come_up_empty();
	usleep(50000); /* it waits in poll() by now, without the lock */
	tracer = freeze(thread_called(LINK_THREAD));
	if (tracer < 0)
		skip();
	stop_in_time();
	thaw(tracer);
	assert_true(thread_gone(LINK_THREAD));
	assert_null(taken);
	assert_null(mailbox_take(events));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(a_link_that_does_not_dial),
		LINK_TEST(what_the_controller_does_not_take_closes_the_session),
		LINK_TEST(room_is_told),
		LINK_TEST(a_key_for_everybody_is_told_once),
		LINK_TEST(a_reset_while_it_writes),
		LINK_TEST(stops_in_each_stage),
		LINK_TEST(the_thread_takes_no_signals),
		LINK_TEST(a_thread_that_hangs_is_left_behind),
	};

	router_end_begin();
	return cmocka_run_group_tests(tests, router_end_certificates, NULL);
}
