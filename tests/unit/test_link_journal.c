// SPDX-License-Identifier: GPL-2.0-or-later
/* What the link sends of a journal to a controller that is behind it, or ahead. */
#include "tests/unit/unit.h"

#include "tests/unit/pki.h"
#include "tests/unit/router_end.h"

/* Whatever is committed is not sent again, and the rest is, once and in order, however often the session breaks. */
static void resumes_where_the_controller_is(void **state)
{
	Peering__Envelope *envelope;

	start_default();
	for (uint64_t i = 1; i <= 5; i++)
		transition(i);
	come_up(0);
	expect_acked(0);
	for (uint64_t i = 1; i <= 5; i++)
		controller_expect_transition(&controller, i);
	expect_up(PKI_ROUTER);
	controller_ack(&controller, 2);
	expect_acked(2);
	controller_hang_up(&controller);
	expect_down("closed the connection");

	transition(6);
	controller_accept(&controller);
	envelope = controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO);
	assert_int_equal(envelope->hello->last_sequence, 6);
	peering__envelope__free_unpacked(envelope, NULL);
	controller_hello_ack(&controller, PKI_ROUTER, 3); /* committed, although its Ack was lost */
	expect_acked(3);
	for (uint64_t i = 4; i <= 6; i++)
		controller_expect_transition(&controller, i);
	expect_up(PKI_ROUTER);
	controller_reset(&controller);
	expect_down("onnection");

	come_up(6);
	expect_acked(6);
	expect_up(PKI_ROUTER);
	controller_ack(&controller, 6); /* again, although nothing was sent in this session */
	expect_acked(6);
	transition(7);
	controller_expect_transition(&controller, 7);
	controller_hang_up(&controller);
	expect_down("closed the connection");

	/* Even with nothing left to send, Hello tells the newest. */
	come_up(7);
	expect_acked(7);
	expect_up(PKI_ROUTER);
	controller_hang_up(&controller);
	expect_down("closed the connection");
	controller_accept(&controller);
	envelope = controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO);
	assert_int_equal(envelope->hello->last_sequence, 7);
	peering__envelope__free_unpacked(envelope, NULL);
}

/* After a restart of bgpd the journal's transitions come again; those that the controller has are passed over. */
static void a_restart_brings_the_journal_again(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	settings.last_sequence = settings.known_sequence = 9;
	start(&settings);
	come_up(7);
	expect_acked(7);
	expect_up(PKI_ROUTER);
	for (uint64_t i = 5; i <= 9; i++)
		transition(i);
	transition(9); /* the same again */
	transition(10);
	controller_expect_transition(&controller, 8);
	controller_expect_transition(&controller, 9);
	controller_expect_transition(&controller, 10);
	assert_true(send_snapshot(1));
	expect_snapshot(1);
}

/* An old journal that was put back would use numbers again that the controller takes for done. */
static void a_controller_that_knows_more_than_the_journal(void **state)
{
	start_default();
	transition(1);
	come_up(5);
	controller_expect_error(&controller, "sequence");
	expect_down("a transition 5 that this router's journal never had");
}

/* So it is also when enough has happened since to have used those numbers again. */
static void an_older_journal_that_has_grown_since(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	settings.last_sequence = 6;
	settings.known_sequence = 3; /* what it had when bgpd started */
	router = link_new(&settings, events);
	assert_non_null(router);
	for (uint64_t i = 4; i <= 6; i++)
		transition(i);
	assert_true(link_start(router));
	come_up(5);
	controller_expect_error(&controller, "sequence");
	expect_down("a transition 5 that this router's journal never had");
	controller_hang_up(&controller);
	/* What bgpd had at its start, the controller may have. */
	come_up(3);
	expect_acked(3);
	for (uint64_t i = 4; i <= 6; i++)
		controller_expect_transition(&controller, i);
	expect_up(PKI_ROUTER);
	controller_hang_up(&controller);
	expect_down("closed the connection");
	/* And now what was sent, too. */
	come_up(5);
	expect_acked(5);
	controller_expect_transition(&controller, 6);
	expect_up(PKI_ROUTER);
	assert_int_equal(link_stop(router), 6);
	router = NULL;
}

/* Or when bgpd was started once more before the controller was back: then it knows by the time of the transition. */
static void another_transition_of_the_same_number(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	settings.last_sequence = settings.known_sequence = 7;
	router = link_new(&settings, events);
	assert_non_null(router);
	for (uint64_t i = 4; i <= 7; i++)
		transition(i);
	assert_true(link_start(router));
	controller_accept(&controller);
	peering__envelope__free_unpacked(controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO), NULL);
	controller_hello_ack_at(&controller, PKI_ROUTER, 5, 999);
	controller_expect_error(&controller, "sequence");
	expect_down("a transition 5 that this router's journal never had");
	controller_hang_up(&controller);
	controller_accept(&controller);
	peering__envelope__free_unpacked(controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO), NULL);
	controller_hello_ack_at(&controller, PKI_ROUTER, 5, 1005);
	expect_acked(5);
	controller_expect_transition(&controller, 6);
	controller_expect_transition(&controller, 7);
	expect_up(PKI_ROUTER);
}

static void expect_hungry(uint64_t behind)
{
	expect_of(LINK_HUNGRY, 0, behind, "");
}

static enum link_taken try_transition(uint64_t sequence)
{
	Peering__Transition transition = PEERING__TRANSITION__INIT;

	transition.sequence = sequence;
	transition.connection = "PNI-ACME-FRA1";
	return link_transition(router, &transition);
}

/* What does not fit is in the journal, and asked for once there is room; nothing overtakes it. */
static void more_than_is_kept_is_asked_for(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	struct link_figures figures;
	uint64_t kept = 0;

	settings.transition_bytes = 1000;
	settings.last_sequence = 100;
	router = link_new(&settings, events);
	assert_non_null(router);
	while (try_transition(kept + 1) == LINK_TAKEN)
		kept++;
	assert_in_range(kept, 10, 90);
	link_figures(router, &figures);
	assert_true(figures.queued_bytes <= 1000);
	assert_true(link_start(router));
	come_up(0);
	expect_acked(0);
	for (uint64_t i = 1; i <= kept; i++)
		controller_expect_transition(&controller, i);
	controller_ack(&controller, kept / 3);
	expect_acked(kept / 3);
	/* There would be room for this one; it is not its turn. */
	assert_int_equal(try_transition(100), LINK_FULL);
	controller_ack(&controller, kept);
	expect_hungry(kept);
	expect_acked(kept);
	assert_false(link_feed(router, kept - 1));
	assert_true(link_feed(router, kept));
	assert_false(link_feed(router, kept));
	for (uint64_t i = kept + 1; i <= kept + 5; i++)
		assert_int_equal(try_transition(i), LINK_TAKEN);
	for (uint64_t i = kept + 1; i <= kept + 5; i++)
		controller_expect_transition(&controller, i);
	assert_null(taken);
	assert_null(mailbox_take(events)); /* not up before all of it is out */
	link_fed(router);
	expect_up(PKI_ROUTER);
	assert_int_equal(try_transition(kept + 6), LINK_TAKEN);
	controller_expect_transition(&controller, kept + 6);
}

/* Another store than the one that has acknowledged, or the same one put back from a copy. */
static void a_controller_that_is_behind_gets_what_the_journal_has(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	settings.given_after = 10;
	settings.known_sequence = settings.last_sequence = 12;
	settings.journal_after = 3;
	router = link_new(&settings, events);
	assert_non_null(router);
	transition(11);
	transition(12);
	assert_true(link_start(router));
	come_up(5);
	expect_hungry(5);
	expect_acked(5);
	assert_true(link_feed(router, 5));
	for (uint64_t i = 6; i <= 12; i++)
		transition(i);
	link_fed(router);
	for (uint64_t i = 6; i <= 12; i++)
		controller_expect_transition(&controller, i);
	expect_up(PKI_ROUTER);
	controller_ack(&controller, 12);
	expect_acked(12);
	controller_hang_up(&controller);
	expect_down("closed");
	/* One that has none of this journal, whose first three were reported under another id. */
	come_up(0);
	expect_hungry(3);
	expect_acked(0);
	assert_true(link_feed(router, 3));
	for (uint64_t i = 4; i <= 12; i++)
		transition(i);
	link_fed(router);
	for (uint64_t i = 4; i <= 12; i++)
		controller_expect_transition(&controller, i);
	expect_up(PKI_ROUTER);
	/* And one that has all. */
	controller_hang_up(&controller);
	expect_down("closed");
	come_up(12);
	expect_acked(12);
	expect_up(PKI_ROUTER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(resumes_where_the_controller_is),
		LINK_TEST(a_restart_brings_the_journal_again),
		LINK_TEST(a_controller_that_knows_more_than_the_journal),
		LINK_TEST(an_older_journal_that_has_grown_since),
		LINK_TEST(another_transition_of_the_same_number),
		LINK_TEST(more_than_is_kept_is_asked_for),
		LINK_TEST(a_controller_that_is_behind_gets_what_the_journal_has),
	};

	router_end_begin();
	return cmocka_run_group_tests(tests, router_end_certificates, NULL);
}
