// SPDX-License-Identifier: GPL-2.0-or-later
/* Several controllers: the next one is tried, and the best is returned to. */
#include "tests/unit/unit.h"

#include <poll.h>

#include "tests/unit/pki.h"
#include "tests/unit/router_end.h"

static struct controller_end second;

/* The link comes up to the second controller. */
static void come_up_to_the_second(void)
{
	controller_accept(&second);
	peering__envelope__free_unpacked(controller_expect(&second, PEERING__ENVELOPE__BODY_HELLO), NULL);
	controller_hello_ack(&second, PKI_ROUTER, 0);
	expect_acked(0);
	expect_of(LINK_UP, 1, 0, PKI_ROUTER);
}

/* While the first one is deaf. */
static void start_towards_the_second(struct link_settings *settings)
{
	static struct link_target targets[2];

	controller_open(&second, pki_files(PKI_CONTROLLER));
	targets[0] = (struct link_target){.host = "127.0.0.1", .port = controller.port};
	targets[1] = (struct link_target){.host = "127.0.0.1", .port = second.port};
	settings->targets = targets;
	settings->target_count = 2;
	controller_deafen(&controller);
	start(settings);
	expect_of(LINK_DOWN, 0, 0, "cannot connect to 127.0.0.1");
	come_up_to_the_second();
}

/* Probes, which say no word, two at least, and then a session that does. Returns how long after the first one that comes. */
static uint64_t take_probes_until_hello(struct controller_end *end)
{
	Peering__Envelope *envelope;
	unsigned int probes = 0;
	uint64_t first = 0;

	for (;;) {
		controller_accept_tcp(end);
		if (!first)
			first = milliseconds();
		assert_true(controller_handshake(end));
		envelope = controller_read(end);
		if (envelope)
			break;
		controller_hang_up(end);
		probes++;
	}
	assert_int_equal(envelope->body_case, PEERING__ENVELOPE__BODY_HELLO);
	peering__envelope__free_unpacked(envelope, NULL);
	assert_true(probes >= 2);
	return milliseconds() - first;
}

static void the_next_controller_is_tried_and_the_best_is_returned_to(void **state)
{
	struct link_settings settings = settings_for("", 0);

	settings.timing.probe = 30;
	settings.timing.settle = 150;
	start_towards_the_second(&settings);
	expect_of(LINK_PROBED, 0, 0, "cannot connect to 127.0.0.1");
	controller_listen(&controller);
	assert_true(take_probes_until_hello(&controller) >= 150);
	expect_of(LINK_DOWN, 1, 1, "a better controller");
	/* It refuses the router: the other one is there at once, and the next return takes longer to come. */
	controller_error(&controller, "store", "no room");
	controller_hang_up(&controller);
	expect_of(LINK_DOWN, 0, 0, "no room");
	controller_hang_up(&second);
	come_up_to_the_second();
	assert_true(take_probes_until_hello(&controller) >= 300);
	expect_of(LINK_DOWN, 1, 1, "a better controller");
	controller_hello_ack(&controller, PKI_ROUTER, 0);
	expect_acked(0);
	expect_of(LINK_UP, 0, 0, PKI_ROUTER);
	controller_close(&second);
}

/* Whether nobody connects although the link has looked at its clock. */
static bool nobody_connects(struct controller_end *end)
{
	struct pollfd fd = {.fd = end->listener, .events = POLLIN};

	return poll(&fd, 1, 100) == 0;
}

/* By its own times: it looks every 30 s, and goes back when the better one has answered each time for 5 minutes. */
static void five_minutes_of_answers_lead_back(void **state)
{
	struct link_settings settings = settings_for("", 0);

	/* The session with the second one is silent meanwhile. */
	settings.timing.heartbeat = settings.timing.silence = settings.timing.step = 24 * 3600 * 1000;
	start_towards_the_second(&settings);
	controller_listen(&controller);
	ahead += 29000;
	transition(1);
	assert_true(nobody_connects(&controller));
	ahead += 1000;
	/* The first answer, and one every 30 s until there were 5 minutes of them. */
	for (uint64_t seconds = 0; seconds <= 300; seconds += 30) {
		transition(2 + seconds);
		controller_accept(&controller);
		assert_null(controller_read(&controller));
		controller_hang_up(&controller);
		if (seconds == 300)
			break;
		expect_of(LINK_PROBED, 0, 0, "");
		ahead += 30000;
	}
	expect_of(LINK_DOWN, 1, 1, "a better controller");
	controller_accept(&controller);
	peering__envelope__free_unpacked(controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO), NULL);
	controller_close(&second);
	ahead = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(the_next_controller_is_tried_and_the_best_is_returned_to),
		LINK_TEST(five_minutes_of_answers_lead_back),
	};

	router_end_begin();
	return cmocka_run_group_tests(tests, router_end_certificates, NULL);
}
