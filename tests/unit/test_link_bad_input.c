// SPDX-License-Identifier: GPL-2.0-or-later
/* What a controller can say wrong. */
#include "tests/unit/unit.h"

#include <string.h>

#include "tests/unit/pki.h"
#include "tests/unit/router_end.h"

static void garbage_in_the_stream(void **state)
{
	static const uint8_t garbage[] = {0, 0, 0, 3, 0x0b, 0xff, 0xff};

	start_default();
	come_up_empty();
	controller_send_bytes(&controller, garbage, sizeof(garbage));
	controller_expect_error(&controller, "frame");
	expect_down("holds no message of the peering protocol");
	controller_hang_up(&controller);
	come_up_empty(); /* and it comes back */
}

/* The reset that ends a socket with unread input would take the Error with it. */
static void garbage_with_much_behind_it(void **state)
{
	static uint8_t garbage[200000];

	memset(garbage, 0xff, sizeof(garbage));
	start_default();
	come_up_empty();
	controller_send_bytes(&controller, garbage, sizeof(garbage));
	controller_expect_error(&controller, "frame");
	expect_down("longer than 1 MiB");
}

static void a_frame_that_is_too_long(void **state)
{
	static const uint8_t header[] = {0, 0x10, 0, 1};

	start_default();
	come_up_empty();
	controller_send_bytes(&controller, header, sizeof(header));
	controller_expect_error(&controller, "frame");
	expect_down("longer than 1 MiB");
}

static void the_controller_says_error(void **state)
{
	start_default();
	controller_accept(&controller);
	controller_error(&controller, "router-name", "the certificate says edge1.example.net,\n\033[31mHello does not");
	controller_hang_up(&controller);
	expect_down("the controller 127.0.0.1 refuses this router: the certificate says edge1.example.net,??[31mHello "
		    "does not (router-name)");
}

static void an_unknown_body(void **state)
{
	static const uint8_t later[] = {0, 0, 0, 4, 0xfa, 0x07, 0x01, 'x'};

	start_default();
	come_up_empty();
	controller_send_bytes(&controller, later, sizeof(later));
	controller_expect_error(&controller, "unsupported");
	expect_down("takes no message of an unknown kind");
}

static void messages_of_the_other_direction(void **state)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Hello hello = PEERING__HELLO__INIT;

	start_default();
	come_up_empty();
	hello.protocol_version = 1;
	envelope.body_case = PEERING__ENVELOPE__BODY_HELLO;
	envelope.hello = &hello;
	controller_send(&controller, &envelope);
	controller_expect_error(&controller, "unsupported");
	expect_down("takes no hello");
	controller_hang_up(&controller);

	/* a second HelloAck */
	come_up_empty();
	controller_hello_ack(&controller, PKI_ROUTER, 0);
	controller_expect_error(&controller, "unsupported");
	expect_down("takes no hello_ack");
}

static void a_push_before_hello_ack(void **state)
{
	start_default();
	controller_accept(&controller);
	peering__envelope__free_unpacked(controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO), NULL);
	send_push("too early");
	controller_expect_error(&controller, "unsupported");
	expect_down("takes no push");
}

static void another_version(void **state)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__HelloAck ack = PEERING__HELLO_ACK__INIT;

	start_default();
	controller_accept(&controller);
	peering__envelope__free_unpacked(controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO), NULL);
	ack.protocol_version = 2;
	envelope.body_case = PEERING__ENVELOPE__BODY_HELLO_ACK;
	envelope.hello_ack = &ack;
	controller_send(&controller, &envelope);
	controller_expect_error(&controller, "version");
	expect_down("this router speaks version 1 of the protocol, the controller 2");
}

static void acknowledged_but_never_sent(void **state)
{
	start_default();
	transition(1);
	come_up(0);
	expect_acked(0);
	controller_expect_transition(&controller, 1);
	expect_up(PKI_ROUTER);
	controller_ack(&controller, 2);
	controller_expect_error(&controller, "sequence");
	expect_down("acknowledges a transition that was not sent");
	controller_hang_up(&controller);
	/* and nothing was lost by it */
	come_up(0);
	expect_acked(0);
	controller_expect_transition(&controller, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(garbage_in_the_stream),
		LINK_TEST(garbage_with_much_behind_it),
		LINK_TEST(a_frame_that_is_too_long),
		LINK_TEST(the_controller_says_error),
		LINK_TEST(an_unknown_body),
		LINK_TEST(messages_of_the_other_direction),
		LINK_TEST(a_push_before_hello_ack),
		LINK_TEST(another_version),
		LINK_TEST(acknowledged_but_never_sent),
	};

	router_end_begin();
	return cmocka_run_group_tests(tests, router_end_certificates, NULL);
}
