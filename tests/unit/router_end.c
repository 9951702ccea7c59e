// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/router_end.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/own_network.h"
#include "tests/unit/pki.h"

bool own_network;
atomic_uint ahead;
struct mailbox *events;
struct mail *taken;
struct link *router;
struct controller_end controller;

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

struct link_settings settings_for(const char *host, uint16_t port)
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

void start(const struct link_settings *settings)
{
	assert_null(router);
	router = link_new(settings, events);
	assert_non_null(router);
	assert_true(link_start(router));
}

void start_default(void)
{
	struct link_settings settings = settings_for("127.0.0.1", controller.port);

	start(&settings);
}

struct link_event *next_event(void)
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

void expect_of(enum link_event_type type, size_t target, uint64_t sequence, const char *words)
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

void expect_up(const char *name)
{
	struct link_event *event = next_event();

	if (event->type == LINK_DOWN)
		print_message("down: %s\n", event->text);
	assert_int_equal(event->type, LINK_UP);
	assert_string_equal(event->text, name);
	link_event_free(&event->mail);
}

void expect_acked(uint64_t sequence)
{
	struct link_event *event = next_event();

	if (event->type == LINK_DOWN)
		print_message("down: %s\n", event->text);
	assert_int_equal(event->type, LINK_ACKED);
	assert_int_equal(event->sequence, sequence);
	link_event_free(&event->mail);
}

void expect_down(const char *words)
{
	struct link_event *event = next_event();

	assert_int_equal(event->type, LINK_DOWN);
	if (!strstr(event->text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, event->text);
	assert_null(strchr(event->text, '\n'));
	link_event_free(&event->mail);
}

void expect_push(const char *id)
{
	struct link_event *event = next_event();

	assert_int_equal(event->type, LINK_PUSH);
	assert_int_equal(event->envelope->body_case, PEERING__ENVELOPE__BODY_PUSH);
	assert_string_equal(event->envelope->push->id, id);
	link_event_free(&event->mail);
}

void come_up(uint64_t acked)
{
	controller_accept(&controller);
	peering__envelope__free_unpacked(controller_expect(&controller, PEERING__ENVELOPE__BODY_HELLO), NULL);
	controller_hello_ack(&controller, PKI_ROUTER, acked);
}

void come_up_empty(void)
{
	come_up(0);
	expect_acked(0);
	expect_up(PKI_ROUTER);
}

void transition(uint64_t sequence)
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

enum link_sent try_snapshot(size_t size)
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

bool send_snapshot(size_t size)
{
	return try_snapshot(size) == LINK_SENT;
}

void expect_snapshot(size_t size)
{
	Peering__Envelope *envelope = controller_expect(&controller, PEERING__ENVELOPE__BODY_SNAPSHOT);

	assert_int_equal(envelope->snapshot->n_connections, 1);
	assert_int_equal(strlen(envelope->snapshot->connections[0]->name), size);
	peering__envelope__free_unpacked(envelope, NULL);
}

void send_push(const char *id)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Push push = PEERING__PUSH__INIT;

	push.id = (char *)id;
	envelope.body_case = PEERING__ENVELOPE__BODY_PUSH;
	envelope.push = &push;
	controller_send(&controller, &envelope);
}

int64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The steps that it cuts short would take 10 s; the contract is one. */
void stop_in_time(void)
{
	int64_t before = milliseconds();

	link_stop(router);
	router = NULL;
	assert_true(milliseconds() - before < 5000);
}

int open_both(void **state)
{
	events = mailbox_new();
	assert_non_null(events);
	controller_open(&controller, pki_files(PKI_CONTROLLER));
	return 0;
}

int close_both(void **state)
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

int router_end_certificates(void **state)
{
	pki_make();
	return 0;
}

void router_end_begin(void)
{
	sigset_t pipe_signal;

	/* For the writes of the controller's end. The link has to see to its own thread, which it starts with its own mask. */
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
	own_network = own_network_enter();
}
