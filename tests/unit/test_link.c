// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The link against a real TLS server in the same process: the link's thread dials, the test is the controller. Waits are
 * for events, never for a time; what fails would wait for 30 s.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bgpd-peering/link/link.h"
#include "lib/frame.h"
#include "lib/protocol_features.h"
#include "tests/unit/controller_end.h"
#include "tests/unit/freeze.h"
#include "tests/unit/own_network.h"
#include "tests/unit/pki.h"
#include "tests/unit/temporary.h"

#define THREAD_NAME "peering-link"
#define DAY 86400L

static bool own_network;

/* Milliseconds that the monotonic clock of this process is ahead. */
static atomic_uint ahead;

/* In the place of the C library's. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);
	long milliseconds = clock == CLOCK_MONOTONIC ? (long)ahead : 0;

	now->tv_sec += milliseconds / 1000;
	now->tv_nsec += milliseconds % 1000 * 1000000;
	if (now->tv_nsec >= 1000000000) {
		now->tv_nsec -= 1000000000;
		now->tv_sec++;
	}
	return result;
}

/* The router's end: what bgpd's main thread would hold. */
static struct mailbox *events;
static struct mail *taken; /* from the mailbox, not looked at yet */
static struct link *router;
static struct controller_end controller;

static struct link_settings settings_for(const char *host, uint16_t port)
{
	static struct link_target target;

	target = (struct link_target){.host = host, .port = port};
	return (struct link_settings){
		.targets = &target,
		.target_count = 1,
		.router_name = PKI_ROUTER,
		.frr_version = "8.4.4",
		.module_version = "0.1.0",
		.journal_id = "journal-1",
		.boot_id = "boot-1",
		.transition_bytes = 64 << 20,
		.tls = pki_files(PKI_ROUTER),
		.timing = {.backoff_first = 10, .backoff_most = 40},
	};
}

static void start(const struct link_settings *settings)
{
	assert_null(router);
	router = link_new(settings, events);
	assert_non_null(router);
	assert_true(link_start(router));
}

static void start_default(void)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	start(&settings);
}

static struct link_event *next_event(void)
{
	struct link_event *event;

	if (!taken) {
		struct pollfd fd = {.fd = mailbox_fd(events), .events = POLLIN};

		assert_int_equal(poll(&fd, 1, 30000), 1);
		taken = mailbox_take(events);
	}
	event = (struct link_event *)taken;
	taken = taken->next;
	return event;
}

/* Each of these takes the next event, which must be of its kind. */
static void expect_up(const char *name)
{
	struct link_event *event = next_event();

	if (event->type == LINK_DOWN)
		print_message("down: %s\n", event->text);
	assert_int_equal(event->type, LINK_UP);
	assert_string_equal(event->text, name);
	link_event_free(&event->mail);
}

static void expect_acked(uint64_t sequence)
{
	struct link_event *event = next_event();

	if (event->type == LINK_DOWN)
		print_message("down: %s\n", event->text);
	assert_int_equal(event->type, LINK_ACKED);
	assert_int_equal(event->sequence, sequence);
	link_event_free(&event->mail);
}

static void expect_down(const char *words)
{
	struct link_event *event = next_event();

	assert_int_equal(event->type, LINK_DOWN);
	if (!strstr(event->text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, event->text);
	assert_null(strchr(event->text, '\n'));
	link_event_free(&event->mail);
}

static void expect_push(const char *id)
{
	struct link_event *event = next_event();

	assert_int_equal(event->type, LINK_PUSH);
	assert_int_equal(event->envelope->body_case, PEERING__ENVELOPE__BODY_PUSH);
	assert_string_equal(event->envelope->push->id, id);
	link_event_free(&event->mail);
}

/* From dialling to LINK_UP. */
static void come_up(uint64_t acked)
{
	controller_accept(&controller);
	peering__envelope__free_unpacked(controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO), NULL);
	controller_hello_ack(&controller, PKI_ROUTER, acked);
}

static void come_up_empty(void)
{
	come_up(0);
	expect_acked(0);
	expect_up(PKI_ROUTER);
}

static void transition(uint64_t sequence)
{
	Peering__Transition transition = PEERING__TRANSITION__INIT;
	char message[32];

	snprintf(message, sizeof(message), "number %llu", (unsigned long long)sequence);
	transition.sequence = sequence;
	transition.at_milliseconds = 1000 + sequence;
	transition.connection = "PNI-ACME-FRA1";
	transition.from = "Validating";
	transition.to = "Active";
	transition.message = message;
	assert_int_equal(link_transition(router, &transition), LINK_TAKEN);
	memset(message, 'X', sizeof(message)); /* it was copied */
}

/* A snapshot with one connection whose name has `size` letters. */
static enum link_sent try_snapshot(size_t size)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Snapshot snapshot = PEERING__SNAPSHOT__INIT;
	Peering__ConnectionStatus status = PEERING__CONNECTION_STATUS__INIT;
	Peering__ConnectionStatus *connections[] = {&status};
	char *name = malloc(size + 1);
	enum link_sent sent;

	assert_non_null(name);
	memset(name, 'n', size);
	name[size] = '\0';
	status.name = name;
	snapshot.connections = connections;
	snapshot.n_connections = 1;
	envelope.body_case = PEERING__ENVELOPE__BODY_SNAPSHOT;
	envelope.snapshot = &snapshot;
	sent = link_send(router, &envelope);
	free(name);
	return sent;
}

static bool send_snapshot(size_t size)
{
	return try_snapshot(size) == LINK_SENT;
}

static void expect_snapshot(size_t size)
{
	Peering__Envelope *envelope = controller_expect(&controller, PEERING__ENVELOPE__BODY_SNAPSHOT);

	assert_int_equal(envelope->snapshot->n_connections, 1);
	assert_int_equal(strlen(envelope->snapshot->connections[0]->name), size);
	peering__envelope__free_unpacked(envelope, NULL);
}

static void send_push(const char *id)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Push push = PEERING__PUSH__INIT;

	push.id = (char *)id;
	envelope.body_case = PEERING__ENVELOPE__BODY_PUSH;
	envelope.push = &push;
	controller_send(&controller, &envelope);
}

static int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The steps that it cuts short would take 10 s; the contract is one. */
static void stop_in_time(void)
{
	int64_t before = milliseconds();

	link_stop(router);
	router = NULL;
	assert_true(milliseconds() - before < 5000);
}

static int open_both(void **state)
{
	events = mailbox_new();
	assert_non_null(events);
	controller_open(&controller, pki_files(PKI_CONTROLLER));
	return 0;
}

static int close_both(void **state)
{
	struct mail *next;

	link_stop(router);
	router = NULL;
	for (; taken; taken = next) {
		next = taken->next;
		link_event_free(taken);
	}
	mailbox_free(events, link_event_free);
	controller_close(&controller);
	return 0;
}

/* --- the ordinary --- */

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

/* More than the kernel holds on the way: as long as the controller reads none of it, the link is not up. */
static void up_is_told_after_what_was_waiting(void **state)
{
	enum { MANY = 20 };
	struct pollfd fd = {.fd = mailbox_fd(events), .events = POLLIN};
	Peering__Transition large = PEERING__TRANSITION__INIT;
	char *message = malloc(FRAME_MAX_BYTES);

	assert_non_null(message);
	memset(message, 'm', FRAME_MAX_BYTES);
	message[FRAME_MAX_BYTES - 100] = '\0';
	large.message = message;
	start_default();
	for (large.sequence = 1; large.sequence <= MANY; large.sequence++)
		assert_int_equal(link_transition(router, &large), LINK_TAKEN);
	free(message);
	come_up(0);
	expect_acked(0);
	assert_null(taken);
	assert_int_equal(poll(&fd, 1, 500), 0);
	for (uint64_t i = 1; i <= MANY; i++)
		controller_expect_transition(&controller, i);
	expect_up(PKI_ROUTER);
}

/* A push may come behind HelloAck while transitions are still on their way; its answer goes out behind them. */
static void what_is_pushed_early_is_answered(void **state)
{
	enum { MANY = 20 };
	Peering__Transition large = PEERING__TRANSITION__INIT;
	char *message = malloc(FRAME_MAX_BYTES);

	assert_non_null(message);
	memset(message, 'm', FRAME_MAX_BYTES);
	message[FRAME_MAX_BYTES - 100] = '\0';
	large.message = message;
	start_default();
	for (large.sequence = 1; large.sequence <= MANY; large.sequence++)
		assert_int_equal(link_transition(router, &large), LINK_TAKEN);
	free(message);
	come_up(0);
	send_push("early");
	expect_acked(0);
	expect_push("early");
	assert_true(send_snapshot(7));
	for (uint64_t i = 1; i <= MANY; i++)
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

/* --- heartbeats and silence --- */

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

/* --- what can go wrong on the way --- */

/* The same text each time: it is the main thread that folds them. */
static void a_refused_connection_is_told_each_time(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	char expected[100];

	snprintf(expected, sizeof(expected), "cannot connect to 127.0.0.1 port %u: Connection refused", controller.port);
	close(controller.listener);
	controller.listener = -1;
	start(&settings);
	for (int i = 0; i < 4; i++)
		expect_down(expected);
}

static void all_addresses_are_tried(void **state)
{
	struct link_settings settings = settings_for("localhost", controller.port);

	/* localhost is ::1 first, and nobody listens there */
	if (!own_network)
		skip();
	start(&settings);
	come_up_empty();
}

static void a_name_that_does_not_exist(void **state)
{
	struct link_settings settings = settings_for("controller.invalid", controller.port);

	if (!own_network)
		skip();
	start(&settings);
	expect_down("cannot look up controller.invalid");
	expect_down("cannot look up controller.invalid");
}

static int silent_name_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The look-up takes some seconds; it is told before, no second one is begun beside it, and stopping leaves it behind. */
static void dns_that_hangs_is_left_behind(void **state)
{
	struct link_settings settings = settings_for("controller.example.net", controller.port);
	int fd;

	if (!own_network)
		skip();
	fd = silent_name_server();
	settings.timing.lookup = 200;
	start(&settings);
	expect_down("DNS does not answer for controller.example.net");
	expect_down("DNS does not answer for controller.example.net");
	expect_down("DNS does not answer for controller.example.net");
	assert_int_equal(threads_called("peering-dns"), 1);
	stop_in_time();
	assert_true(thread_gone(THREAD_NAME));
	assert_int_equal(threads_called("peering-dns"), 1);
	close(fd);
	/* It ends by itself, and frees what it holds: the next question is refused. */
	for (int i = 0; i < 3 && !thread_gone("peering-dns"); i++)
		;
	assert_true(thread_gone("peering-dns"));
}

/* A listener whose queue is full does not answer at all. */
static void a_connection_that_hangs(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fds[8];

	address.sin_port = htons(controller.port);
	assert_int_equal(listen(controller.listener, 0), 0);
	for (int i = 0; i < 8; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_true(fds[i] >= 0);
		connect(fds[i], (struct sockaddr *)&address, sizeof(address));
	}
	settings.timing.step = 300;
	start(&settings);
	expect_down("Connection timed out");
	stop_in_time();
	settings.timing.step = 0;
	start(&settings);
	usleep(100000);
	stop_in_time();
	for (int i = 0; i < 8; i++)
		close(fds[i]);
}

static void tls_that_hangs(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	settings.timing.step = 300;
	start(&settings);
	expect_down("no TLS with 127.0.0.1");
	stop_in_time();
	settings.timing.step = 0;
	start(&settings);
	controller_accept_tcp(&controller);
	usleep(100000);
	stop_in_time();
}

static void restart_controller(struct tls_files files)
{
	controller_close(&controller);
	controller_open(&controller, files);
}

static void the_wrong_ca(void **state)
{
	restart_controller(pki_other_files(PKI_CONTROLLER));
	start_default();
	controller_accept_tcp(&controller);
	assert_false(controller_handshake(&controller));
	expect_down("not signed by the CA in our CA file");
}

static void the_wrong_name(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	pki_issue("elsewhere",
		  &(struct pki_request){.usage = "serverAuth", .san_type = GEN_DNS, .san = "elsewhere.example.net",
					.san_size = 21, .begins = -DAY, .ends = DAY});
	restart_controller(pki_files("elsewhere"));
	settings = settings_for("127.0.0.1", controller.port);
	start(&settings);
	controller_accept_tcp(&controller);
	assert_false(controller_handshake(&controller));
	expect_down("certificate does not name 127.0.0.1");
}

static void an_expired_controller(void **state)
{
	struct link_settings settings = settings_for("localhost", controller.port);

	if (!own_network)
		skip();
	pki_issue("expired", &(struct pki_request){.usage = "serverAuth", .san_type = GEN_DNS, .san = "localhost",
						   .san_size = 9, .begins = -2 * DAY, .ends = -DAY});
	restart_controller(pki_files("expired"));
	settings = settings_for("localhost", controller.port);
	start(&settings);
	controller_accept_tcp(&controller);
	assert_false(controller_handshake(&controller));
	expect_down("the other side's certificate has expired");
}

/* In TLS 1.3 the client learns that only after its own handshake is done. */
static void an_expired_router(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	pki_issue("expired-router", &(struct pki_request){.usage = "clientAuth", .san_type = GEN_DNS, .san = PKI_ROUTER,
							  .san_size = strlen(PKI_ROUTER), .begins = -2 * DAY, .ends = -DAY});
	settings.tls = pki_files("expired-router");
	start(&settings);
	for (int i = 0; i < 10; i++) {
		controller_accept_tcp(&controller);
		assert_false(controller_handshake(&controller));
		controller_hang_up(&controller);
		expect_down("our certificate has expired");
	}
}

/* Files are read anew at each attempt, so that a certificate that was forgotten needs no restart of bgpd. */
static void missing_files_are_named_until_they_are_there(void **state)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);
	struct tls_files good = pki_files(PKI_ROUTER);
	const char *later = temporary_path("later.pem");

	settings.tls.certificate = later;
	start(&settings);
	expect_down(later);
	expect_down(later);
	assert_int_equal(symlink(good.certificate, later), 0);
	controller_accept(&controller);
	assert_int_equal(unlink(later), 0);
}

static void plain_tcp_is_not_spoken(void **state)
{
	start_default();
	controller_accept_tcp(&controller);
	assert_int_equal(send(controller.fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, 0), 28);
	expect_down("does not speak TLS");
}

/* --- what the controller can say wrong --- */

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

/* --- too much, and the end --- */

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
	assert_true(thread_blocks_signals(thread_called(THREAD_NAME)));
}

/* As a file system would hold it that hangs while the certificates are read. */
static void a_thread_that_hangs_is_left_behind(void **state)
{
	pid_t tracer;

	start_default();
	come_up_empty();
	usleep(50000); /* it waits in poll() by now, without the lock */
	tracer = freeze(thread_called(THREAD_NAME));
	if (tracer < 0)
		skip();
	stop_in_time();
	thaw(tracer);
	assert_true(thread_gone(THREAD_NAME));
	assert_null(taken);
	assert_null(mailbox_take(events));
}

static int make_certificates(void **state)
{
	pki_make();
	return 0;
}

/* --- several controllers --- */

static struct controller_end second;

static void expect_of(enum link_event_type type, size_t target, uint64_t sequence, const char *words)
{
	struct link_event *event = next_event();

	while (event->type == LINK_PROBED && type != LINK_PROBED) {
		link_event_free(&event->mail);
		event = next_event();
	}
	if (event->type != type || event->target != target || event->sequence != sequence || !strstr(event->text, words))
		fail_msg("event %d of %zu, %llu: %s", event->type, event->target, (unsigned long long)event->sequence,
			 event->text);
	link_event_free(&event->mail);
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
	struct link_target targets[2];

	settings.timing.probe = 30;
	settings.timing.settle = 150;
	controller_open(&second, pki_files(PKI_CONTROLLER));
	targets[0] = (struct link_target){.host = "127.0.0.1", .port = controller.port};
	targets[1] = (struct link_target){.host = "127.0.0.1", .port = second.port};
	settings.targets = targets;
	settings.target_count = 2;
	controller_deafen(&controller);
	start(&settings);
	expect_of(LINK_DOWN, 0, 0, "cannot connect to 127.0.0.1");
	controller_accept(&second);
	peering__envelope__free_unpacked(controller_expect(&second, PEERING__ENVELOPE__BODY_HELLO), NULL);
	controller_hello_ack(&second, PKI_ROUTER, 0);
	expect_acked(0);
	expect_of(LINK_UP, 1, 0, PKI_ROUTER);
	expect_of(LINK_PROBED, 0, 0, "cannot connect to 127.0.0.1");
	controller_listen(&controller);
	assert_true(take_probes_until_hello(&controller) >= 150);
	expect_of(LINK_DOWN, 1, 1, "a better controller");
	/* It refuses the router: the other one is there at once, and the next return takes longer to come. */
	controller_error(&controller, "store", "no room");
	controller_hang_up(&controller);
	expect_of(LINK_DOWN, 0, 0, "no room");
	controller_hang_up(&second);
	controller_accept(&second);
	peering__envelope__free_unpacked(controller_expect(&second, PEERING__ENVELOPE__BODY_HELLO), NULL);
	controller_hello_ack(&second, PKI_ROUTER, 0);
	expect_acked(0);
	expect_of(LINK_UP, 1, 0, PKI_ROUTER);
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
	struct link_target targets[2];
	Peering__Envelope *envelope;

	/* The session with the second one is silent meanwhile. */
	settings.timing.heartbeat = settings.timing.silence = settings.timing.step = 24 * 3600 * 1000;
	controller_open(&second, pki_files(PKI_CONTROLLER));
	targets[0] = (struct link_target){.host = "127.0.0.1", .port = controller.port};
	targets[1] = (struct link_target){.host = "127.0.0.1", .port = second.port};
	settings.targets = targets;
	settings.target_count = 2;
	controller_deafen(&controller);
	start(&settings);
	expect_of(LINK_DOWN, 0, 0, "cannot connect to 127.0.0.1");
	controller_accept(&second);
	peering__envelope__free_unpacked(controller_expect(&second, PEERING__ENVELOPE__BODY_HELLO), NULL);
	controller_hello_ack(&second, PKI_ROUTER, 0);
	expect_acked(0);
	expect_of(LINK_UP, 1, 0, PKI_ROUTER);
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
	envelope = controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO);
	peering__envelope__free_unpacked(envelope, NULL);
	controller_close(&second);
	ahead = 0;
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

#define LINK_TEST(function) cmocka_unit_test_setup_teardown(function, open_both, close_both)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(the_next_controller_is_tried_and_the_best_is_returned_to),
		LINK_TEST(five_minutes_of_answers_lead_back),
		LINK_TEST(more_than_is_kept_is_asked_for),
		LINK_TEST(a_controller_that_is_behind_gets_what_the_journal_has),
		LINK_TEST(hello_says_who_the_router_is),
		LINK_TEST(strings_that_are_null_are_empty),
		LINK_TEST(transitions_and_snapshots_keep_their_order),
		LINK_TEST(resumes_where_the_controller_is),
		LINK_TEST(a_restart_brings_the_journal_again),
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
		LINK_TEST(a_refused_connection_is_told_each_time),
		LINK_TEST(all_addresses_are_tried),
		LINK_TEST(a_name_that_does_not_exist),
		LINK_TEST(dns_that_hangs_is_left_behind),
		LINK_TEST(a_connection_that_hangs),
		LINK_TEST(tls_that_hangs),
		LINK_TEST(the_wrong_ca),
		LINK_TEST(the_wrong_name),
		LINK_TEST(an_expired_controller),
		LINK_TEST(an_expired_router),
		LINK_TEST(missing_files_are_named_until_they_are_there),
		LINK_TEST(plain_tcp_is_not_spoken),
		LINK_TEST(garbage_in_the_stream),
		LINK_TEST(garbage_with_much_behind_it),
		LINK_TEST(a_frame_that_is_too_long),
		LINK_TEST(the_controller_says_error),
		LINK_TEST(an_unknown_body),
		LINK_TEST(messages_of_the_other_direction),
		LINK_TEST(a_push_before_hello_ack),
		LINK_TEST(another_version),
		LINK_TEST(acknowledged_but_never_sent),
		LINK_TEST(a_controller_that_knows_more_than_the_journal),
		LINK_TEST(an_older_journal_that_has_grown_since),
		LINK_TEST(another_transition_of_the_same_number),
		LINK_TEST(a_link_that_does_not_dial),
		LINK_TEST(what_the_controller_does_not_take_closes_the_session),
		LINK_TEST(room_is_told),
		LINK_TEST(a_key_for_everybody_is_told_once),
		LINK_TEST(a_reset_while_it_writes),
		LINK_TEST(stops_in_each_stage),
		LINK_TEST(the_thread_takes_no_signals),
		LINK_TEST(a_thread_that_hangs_is_left_behind),
	};

	sigset_t pipe_signal;

	/* For the writes of the controller's end. The link has to see to its own thread, which it starts with its own mask. */
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
	own_network = own_network_enter();
	return cmocka_run_group_tests(tests, make_certificates, NULL);
}
