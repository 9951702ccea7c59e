// SPDX-License-Identifier: GPL-2.0-or-later
/* The link as it goes on an ordinary day: what it sends and takes, in which order, and that it notices silence. */
#include "tests/unit/unit.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/frame.h"
#include "lib/protocol_features.h"
#include "tests/unit/pki.h"
#include "tests/unit/router_end.h"

static void hello_says_who_the_router_is(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	Peering__Envelope *envelope;

	settings.last_sequence = settings.known_sequence = 41;
	start(&settings);
	memset(&settings, 0, sizeof(settings)); /* it was copied */
	controller_accept(&controller);
	envelope = controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO);
	assert_int_equal(envelope->hello->protocol_version, 1);
	assert_string_equal(envelope->hello->router_name, PKI_ROUTER);
	assert_string_equal(envelope->hello->frr_version, "8.4.4");
	assert_string_equal(envelope->hello->module_version, "0.1.0");
	assert_string_equal(envelope->hello->journal_id, "journal-1");
	assert_string_equal(envelope->hello->boot_id, "boot-1");
	assert_int_equal(envelope->hello->last_sequence, 41);
	assert_int_equal(envelope->hello->n_features, PROTOCOL_FEATURE_COUNT);
	peering__envelope__free_unpacked(envelope, NULL);
	controller_hello_ack(&controller, "edge1\nforged.example.net", 41);
	expect_acked(41);
	expect_up("edge1?forged.example.net");
	stop_in_time();
	assert_null(controller_read(&controller)); /* and the controller sees it go */
}

static void strings_that_are_null_are_empty(void **state)
{
	struct link_target target = {.host = "127.0.0.1", .port = controller.port};
	struct link_settings settings = {.targets = &target, .target_count = 1, .tls = pki_files(PKI_ROUTER)};
	Peering__Envelope *envelope;

	start(&settings);
	controller_accept(&controller);
	envelope = controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO);
	assert_string_equal(envelope->hello->router_name, "");
	assert_string_equal(envelope->hello->journal_id, "");
	peering__envelope__free_unpacked(envelope, NULL);
}

static void transitions_and_snapshots_keep_their_order(void **state)
{
	struct link_figures figures;

	start_default();
	transition(1);
	transition(2);
	come_up(0);
	expect_acked(0);
	controller_expect_transition(&controller, 1);
	controller_expect_transition(&controller, 2);
	expect_up(PKI_ROUTER); /* after what was waiting */
	assert_true(send_snapshot(3));
	transition(3);
	assert_true(send_snapshot(4));
	transition(4);
	transition(5);
	assert_true(send_snapshot(5));
	expect_snapshot(3);
	controller_expect_transition(&controller, 3);
	expect_snapshot(4);
	controller_expect_transition(&controller, 4);
	controller_expect_transition(&controller, 5);
	expect_snapshot(5);
	controller_ack(&controller, 4);
	expect_acked(4);
	controller_ack(&controller, 2); /* an old one says nothing new */
	link_figures(router, &figures);
	assert_true(figures.queued_bytes > 0);
	controller_ack(&controller, 5);
	expect_acked(5);
	link_figures(router, &figures);
	assert_int_equal(figures.queued_bytes, 0);
}

/* Transitions that are more than the kernel holds on the way. */
#define MUCH 20
static void start_with_much_to_say(void)
{
	Peering__Transition large = PEERING__TRANSITION__INIT;
	char *message = malloc(FRAME_MAX_BYTES);

	assert_non_null(message);
	memset(message, 'm', FRAME_MAX_BYTES);
	message[FRAME_MAX_BYTES - 100] = '\0';
	large.message = message;
	start_default();
	for (large.sequence = 1; large.sequence <= MUCH; large.sequence++)
		assert_int_equal(link_transition(router, &large), LINK_TAKEN);
	free(message);
}

/* As long as the controller reads none of it, the link is not up. */
static void up_is_told_after_what_was_waiting(void **state)
{
	struct pollfd fd = {.fd = mailbox_fd(events), .events = POLLIN};

	start_with_much_to_say();
	come_up(0);
	expect_acked(0);
	assert_null(taken);
	assert_int_equal(poll(&fd, 1, 500), 0);
	for (uint64_t i = 1; i <= MUCH; i++)
		controller_expect_transition(&controller, i);
	expect_up(PKI_ROUTER);
}

/* A push may come behind HelloAck while transitions are still on their way; its answer goes out behind them. */
static void what_is_pushed_early_is_answered(void **state)
{
	start_with_much_to_say();
	come_up(0);
	send_push("early");
	expect_acked(0);
	expect_push("early");
	assert_true(send_snapshot(7));
	for (uint64_t i = 1; i <= MUCH; i++)
		controller_expect_transition(&controller, i);
	expect_snapshot(7);
	expect_up(PKI_ROUTER);
}

static void many_transitions_are_all_there(void **state)
{
	enum { MANY = 20000, ACK_EACH = 1000 };

	start_default();
	for (uint64_t i = 1; i <= MANY / 2; i++)
		transition(i);
	come_up(0);
	expect_acked(0);
	for (uint64_t i = MANY / 2 + 1; i <= MANY; i++)
		transition(i);
	for (uint64_t i = 1; i <= MANY; i++) {
		controller_expect_transition(&controller, i);
		if (i % ACK_EACH == 0)
			controller_ack(&controller, i);
	}
	for (uint64_t acked = 0; acked < MANY;) {
		struct link_event *event = next_event();

		assert_true(event->type == LINK_ACKED || event->type == LINK_UP);
		if (event->type == LINK_ACKED) {
			assert_int_equal(event->sequence, acked + ACK_EACH);
			acked = event->sequence;
		}
		link_event_free(&event->mail);
	}
}

static void frames_up_to_the_cap_pass(void **state)
{
	start_default();
	come_up_empty();
	assert_int_equal(try_snapshot(FRAME_MAX_BYTES), LINK_TOO_LONG);
	assert_true(send_snapshot(FRAME_MAX_BYTES - 20));
	assert_true(send_snapshot(1));
	expect_snapshot(FRAME_MAX_BYTES - 20);
	expect_snapshot(1);
}

static void without_a_session_messages_go_nowhere(void **state)
{
	start_default();
	assert_true(send_snapshot(1));
	come_up_empty();
	assert_true(send_snapshot(2));
	expect_snapshot(2);
}

static void pushes_come_whole_however_they_are_cut(void **state)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Push push = PEERING__PUSH__INIT;
	uint8_t *frame;
	size_t size;

	start_default();
	come_up_empty();
	send_push("one");
	expect_push("one");
	push.id = "byte by byte";
	envelope.body_case = PEERING__ENVELOPE__BODY_PUSH;
	envelope.push = &push;
	assert_int_equal(frame_pack(&envelope, &frame, &size), FRAME_OK);
	for (size_t i = 0; i < size; i++)
		controller_send_bytes(&controller, frame + i, 1);
	expect_push("byte by byte");
	/* two in one TLS record */
	frame = realloc(frame, 2 * size);
	assert_non_null(frame);
	memcpy(frame + size, frame, size);
	controller_send_bytes(&controller, frame, 2 * size);
	expect_push("byte by byte");
	expect_push("byte by byte");
	/* one and a half, and then the other half */
	controller_send_bytes(&controller, frame, size + size / 2);
	expect_push("byte by byte");
	controller_send_bytes(&controller, frame + size + size / 2, size - size / 2);
	expect_push("byte by byte");
	free(frame);
}

/* A controller that pushes faster than bgpd applies meets a closed window, and bgpd's memory stays as it is. */
static void a_flood_of_pushes_waits_outside(void **state)
{
	enum { PUSHES = 40, SIZE = 500000 };
	char *id = malloc(SIZE + 1);
	struct mail *held = NULL, *next;
	size_t in_memory = 0;
	pid_t child;
	int total = 0;

	assert_non_null(id);
	memset(id, 'p', SIZE);
	id[SIZE] = '\0';
	start_default();
	come_up_empty();
	/* the controller's side writes 20 MB, and has to wait; so another process does it */
	child = fork();
	if (child == 0) {
		for (int i = 0; i < PUSHES; i++)
			send_push(id);
		_exit(0);
	}
	assert_true(child > 0);
	/* Nothing is freed until no more comes for a while. */
	for (;;) {
		struct pollfd fd = {.fd = mailbox_fd(events), .events = POLLIN};

		if (poll(&fd, 1, 1000) == 0)
			break;
		for (struct mail *mail = mailbox_take(events); mail; mail = next) {
			next = mail->next;
			assert_int_equal(((struct link_event *)mail)->type, LINK_PUSH);
			in_memory += ((struct link_event *)mail)->memory;
			mail->next = held;
			held = mail;
			total++;
		}
	}
	assert_true(total < PUSHES);
	assert_true(in_memory >= 4 * 1024 * 1024 && in_memory < 6 * 1024 * 1024);
	for (; held; held = next) {
		next = held->next;
		link_event_free(held);
	}
	for (; total < PUSHES; total++)
		expect_push(id);
	free(id);
	/* the session has survived it; the child's copy of it ends without a word on the wire */
	controller_reset(&controller);
	expect_down("");
}

static void heartbeats_keep_the_session(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	uint64_t seen = 0;

	settings.timing.heartbeat = 50;
	settings.timing.silence = 2000;
	start(&settings);
	come_up_empty();
	/* For longer than the silence that it bears: the router's own come, and ours keep it up. */
	for (int i = 0; i < 30; i++) {
		usleep(100000);
		controller_heartbeat(&controller);
	}
	assert_true(send_snapshot(1));
	expect_snapshot(1);
	seen = controller.heartbeats;
	assert_true(seen > 5);
	assert_null(taken);
	assert_null(mailbox_take(events));
}

static void a_silent_controller_is_gone(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	settings.timing.heartbeat = 50;
	settings.timing.silence = 500;
	start(&settings);
	come_up_empty();
	expect_down("has been silent");
	controller_hang_up(&controller);
	come_up_empty();
	expect_down("has been silent");
}

/* Bytes that never make a frame are no sign of life: another controller may be there. */
static void half_a_frame_is_silence(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	static const uint8_t length[] = {0, 0, 1, 0};

	settings.timing.heartbeat = 50;
	settings.timing.silence = 500;
	start(&settings);
	come_up_empty();
	controller_send_bytes(&controller, length, sizeof(length));
	/* A byte each time, until the router has closed. */
	for (int i = 0; SSL_write(controller.ssl, "x", 1) > 0; i++) {
		assert_true(i < 200);
		usleep(50000);
	}
	expect_down("has been silent");
}

static void a_controller_that_does_not_greet_is_left(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	settings.timing.step = 500;
	start(&settings);
	controller_accept(&controller);
	expect_down("did not answer Hello");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(hello_says_who_the_router_is),
		LINK_TEST(strings_that_are_null_are_empty),
		LINK_TEST(transitions_and_snapshots_keep_their_order),
		LINK_TEST(up_is_told_after_what_was_waiting),
		LINK_TEST(what_is_pushed_early_is_answered),
		LINK_TEST(many_transitions_are_all_there),
		LINK_TEST(frames_up_to_the_cap_pass),
		LINK_TEST(without_a_session_messages_go_nowhere),
		LINK_TEST(pushes_come_whole_however_they_are_cut),
		LINK_TEST(a_flood_of_pushes_waits_outside),
		LINK_TEST(heartbeats_keep_the_session),
		LINK_TEST(a_silent_controller_is_gone),
		LINK_TEST(half_a_frame_is_silence),
		LINK_TEST(a_controller_that_does_not_greet_is_left),
	};

	router_end_begin();
	return cmocka_run_group_tests(tests, router_end_certificates, NULL);
}
