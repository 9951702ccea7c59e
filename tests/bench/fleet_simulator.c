// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many routers in one process, as the controller sees them: each with a certificate of its own, TLS, Hello, the
 * transitions that are not acknowledged, a full snapshot, heartbeats, and a dial with backoff when the session is gone.
 * There is no bgpd behind them. `tests/bench/fleet` starts it and says what is to be done, a line each on standard
 * input; each line is answered by one JSON object on standard output.
 *
 *	connect         dials with all; answered once every router is synchronised
 *	load R S        R transitions a second of all routers together, S seconds long, sent by the clock whatever the
 *			controller does; answered once all are acknowledged
 *	synchronised    answered once every router is synchronised again
 *	quit
 *
 * A router is synchronised when the controller has acknowledged the transition that follows its full snapshot: reports
 * of a session are committed in their order. What transition N of a router says follows from N, so nothing is kept of it
 * but when it was sent.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/util.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/frame.h"
#include "lib/tls.h"
#include "tests/bench/certificates.h"

#define NAME_SIZE 32
#define LINE_SIZE 256
#define PIECE 200 /* connections in a piece of a snapshot, as the router's */
#define HEARTBEAT_SECONDS 30
#define BACKOFF_FIRST 1000
#define BACKOFF_MOST 60000
#define LOAD_TICK 1 /* milliseconds */

struct router {
	struct fleet *fleet;
	char name[NAME_SIZE];
	X509 *certificate;
	struct bufferevent *stream; /* NULL: waits for its next dial */
	struct event *timer;	    /* the next dial, or the next heartbeat */
	unsigned int failures;
	bool welcome;	  /* HelloAck came */
	bool synchronised;
	uint64_t mark;	   /* the transition behind the newest full snapshot */
	uint64_t sequence; /* newest */
	uint64_t acked;
	int64_t *sent_at; /* of each sequence, [0] is of 1; microseconds of the steady clock */
	size_t sent_room;
};

enum waiting { NOTHING, SYNCHRONISED, LOADED };

struct fleet {
	struct event_base *base;
	struct sockaddr_storage address;
	int address_length;
	SSL_CTX *context;
	struct issuer issuer;
	char journal_id[NAME_SIZE]; /* each simulator begins with transition 1 */
	struct router *routers;
	unsigned int count, connections;
	unsigned int synchronised;
	uint64_t sent, acked;
	uint8_t **snapshot; /* the full one, in frames; the same for every router */
	size_t *snapshot_size;
	unsigned int pieces;
	enum waiting waiting;
	int64_t waiting_since;
	/* The load that is on. */
	struct event *tick;
	uint64_t due_total, load_sent, load_acked, rate;
	int64_t load_began;
	uint32_t *latency; /* microseconds from sent to acknowledged, one for each transition of the load */
	unsigned int next;
	uint64_t sessions, errors;
};

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void die(const char *sentence)
{
	fprintf(stderr, "fleet_simulator: %s\n", sentence);
	exit(EXIT_FAILURE);
}

static void *must(void *memory)
{
	if (!memory)
		die("memory is short");
	return memory;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- What a router says ---- */

static bool say(struct router *router, const Peering__Envelope *envelope)
{
	uint8_t *frame;
	size_t size;

	if (!router->stream)
		return false;
	if (frame_pack(envelope, &frame, &size) != FRAME_OK)
		die("a message does not fit in a frame");
	bufferevent_write(router->stream, frame, size);
	free(frame);
	return true;
}

static void say_hello(struct router *router)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Hello hello = PEERING__HELLO__INIT;

	hello.protocol_version = 1;
	hello.router_name = router->name;
	hello.frr_version = "simulated";
	hello.module_version = "simulated";
	hello.journal_id = router->fleet->journal_id;
	hello.boot_id = "simulated";
	hello.last_sequence = router->sequence;
	envelope.body_case = PEERING__ENVELOPE__BODY_HELLO;
	envelope.hello = &hello;
	say(router, &envelope);
}

static void say_heartbeat(struct router *router)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Heartbeat heartbeat = PEERING__HEARTBEAT__INIT;

	envelope.body_case = PEERING__ENVELOPE__BODY_HEARTBEAT;
	envelope.heartbeat = &heartbeat;
	say(router, &envelope);
}

/* Each connection goes from ProvisioningCompleted to Validating and back. */
static void say_transition(struct router *router, uint64_t sequence)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Transition transition = PEERING__TRANSITION__INIT;
	unsigned int connections = router->fleet->connections ? router->fleet->connections : 1;
	bool up = sequence / connections % 2 == 0;
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "PNI-%u", (unsigned int)(sequence % connections));
	transition.sequence = sequence;
	transition.connection = name;
	transition.vrf = "default";
	transition.generation = 1;
	transition.from = up ? "ProvisioningCompleted" : "Validating";
	transition.to = up ? "Validating" : "ProvisioningCompleted";
	transition.cause = up ? "8" : "9";
	transition.actor = "router";
	transition.at_milliseconds = 1764000000000 + sequence;
	transition.message = up ? "every required session is up" : "a required session went down";
	envelope.body_case = PEERING__ENVELOPE__BODY_TRANSITION;
	envelope.transition = &transition;
	say(router, &envelope);
}

static void new_transition(struct router *router)
{
	if (router->sequence == router->sent_room) {
		router->sent_room = router->sent_room ? 2 * router->sent_room : 16;
		router->sent_at = must(realloc(router->sent_at, router->sent_room * sizeof(*router->sent_at)));
	}
	router->sent_at[router->sequence++] = now();
	router->fleet->sent++;
	if (router->welcome)
		say_transition(router, router->sequence);
}

static void describe_session(Peering__SessionStatus *session, Peering__FamilyStatus *family,
			     Peering__FamilyStatus **families, char *address, const char *afi)
{
	peering__session_status__init(session);
	peering__family_status__init(family);
	family->afi = (char *)afi;
	family->received = 1204;
	family->installed = 1190;
	family->advertised = 240;
	family->received_limit = 2000;
	family->import_policy = "CUSTOMER-IN";
	family->export_policy = "CUSTOMER-OUT";
	families[0] = family;
	session->address = address;
	session->bgp_state = "Established";
	session->gate = PEERING__GATE__GATE_ALLOW;
	session->required = true;
	session->up_seconds = 86400;
	session->n_families = 1;
	session->families = families;
}

/* The checks that are required by default, all passed. */
static void describe_checks(Peering__CheckStatus *checks, Peering__CheckStatus **list, size_t count)
{
	static const char *const names[] = {"local-policy", "session-stable", "remote-as",  "agreed-families",
					    "received-limit", "no-default",   "gate-holds", "end-of-rib"};

	for (size_t i = 0; i < count; i++) {
		peering__check_status__init(&checks[i]);
		checks[i].name = (char *)names[i % (sizeof(names) / sizeof(names[0]))];
		checks[i].verdict = "pass";
		checks[i].figures = "1204 of 2000";
		checks[i].level = "required";
		list[i] = &checks[i];
	}
}

static void pack_piece(struct fleet *fleet, unsigned int piece, unsigned int first, unsigned int count)
{
	enum { SESSIONS = 2, CHECKS = 8 };
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Snapshot snapshot = PEERING__SNAPSHOT__INIT;
	Peering__ConnectionStatus *status = must(calloc(count + 1, sizeof(*status)));
	Peering__ConnectionStatus **list = must(calloc(count + 1, sizeof(*list)));
	Peering__SessionStatus session[SESSIONS], *sessions[SESSIONS] = {&session[0], &session[1]};
	Peering__FamilyStatus family[SESSIONS], *families[SESSIONS][1];
	Peering__CheckStatus check[CHECKS], *checks[CHECKS];
	char(*names)[NAME_SIZE] = must(calloc(count + 1, sizeof(*names)));

	describe_session(&session[0], &family[0], families[0], "192.0.2.2", "ipv4");
	describe_session(&session[1], &family[1], families[1], "2001:db8:1::2", "ipv6");
	describe_checks(check, checks, CHECKS);
	for (unsigned int i = 0; i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "PNI-%u", first + i);
		peering__connection_status__init(&status[i]);
		status[i].name = names[i];
		status[i].vrf = "default";
		status[i].peer_asn = 64500 + first + i;
		status[i].kind = PEERING__KIND__KIND_DIRECT;
		status[i].state = "Active";
		status[i].generation = 1;
		status[i].state_since = 1764000000;
		status[i].activation = PEERING__ACTIVATION_MODE__ACTIVATION_MANUAL;
		status[i].n_sessions = SESSIONS;
		status[i].sessions = sessions;
		status[i].n_checks = CHECKS;
		status[i].checks = checks;
		list[i] = &status[i];
	}
	snapshot.full = piece == 0;
	snapshot.n_connections = count;
	snapshot.connections = list;
	snapshot.taken_at = 1764000000;
	envelope.body_case = PEERING__ENVELOPE__BODY_SNAPSHOT;
	envelope.snapshot = &snapshot;
	if (frame_pack(&envelope, &fleet->snapshot[piece], &fleet->snapshot_size[piece]) != FRAME_OK)
		die("a piece of the snapshot does not fit in a frame");
	free(names);
	free(list);
	free(status);
}

static void pack_snapshot(struct fleet *fleet)
{
	fleet->pieces = fleet->connections ? (fleet->connections + PIECE - 1) / PIECE : 1;
	fleet->snapshot = must(calloc(fleet->pieces, sizeof(*fleet->snapshot)));
	fleet->snapshot_size = must(calloc(fleet->pieces, sizeof(*fleet->snapshot_size)));
	for (unsigned int piece = 0; piece < fleet->pieces; piece++) {
		unsigned int first = piece * PIECE;
		unsigned int left = fleet->connections - first;

		pack_piece(fleet, piece, first, left < PIECE ? left : PIECE);
	}
}

/* ---- Answers to whoever drives it ---- */

static int by_size(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return (a > b) - (a < b);
}

static double milliseconds_at(const struct fleet *fleet, double share)
{
	if (fleet->load_acked == 0)
		return 0;
	return fleet->latency[(size_t)((double)(fleet->load_acked - 1) * share)] / 1000.0;
}

static void answer(struct fleet *fleet)
{
	double seconds = (double)(now() - fleet->waiting_since) / 1e6;

	if (fleet->waiting == LOADED) {
		qsort(fleet->latency, fleet->load_acked, sizeof(*fleet->latency), by_size);
		printf("{\"reports\": %llu, \"seconds\": %.3f, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f, ",
		       (unsigned long long)fleet->load_acked, seconds, milliseconds_at(fleet, 0.5),
		       milliseconds_at(fleet, 0.99), milliseconds_at(fleet, 1));
		free(fleet->latency);
		fleet->latency = NULL;
	} else {
		printf("{\"seconds\": %.3f, ", seconds);
	}
	printf("\"sent\": %llu, \"acked\": %llu, \"sessions\": %llu, \"errors\": %llu, \"cpu\": %.3f}\n",
	       (unsigned long long)fleet->sent, (unsigned long long)fleet->acked, (unsigned long long)fleet->sessions,
	       (unsigned long long)fleet->errors, cpu_seconds());
	fflush(stdout);
	fleet->waiting = NOTHING;
}

static void answer_when_done(struct fleet *fleet)
{
	if (fleet->waiting == SYNCHRONISED && fleet->synchronised == fleet->count)
		answer(fleet);
	else if (fleet->waiting == LOADED && fleet->load_sent == fleet->due_total && fleet->acked == fleet->sent)
		answer(fleet);
}

/* ---- A session ---- */

static void after(struct router *router, int64_t milliseconds)
{
	struct timeval delay = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};

	event_add(router->timer, &delay);
}

/* Doubles with each failure, and up to half of it more at random, as the module's link does. */
static void hang_up(struct router *router)
{
	int64_t wait = BACKOFF_FIRST;

	for (unsigned int i = 0; i < router->failures && wait < BACKOFF_MOST; i++)
		wait *= 2;
	if (wait > BACKOFF_MOST)
		wait = BACKOFF_MOST;
	router->failures++;
	if (router->synchronised)
		router->fleet->synchronised--;
	router->synchronised = router->welcome = false;
	if (router->stream)
		bufferevent_free(router->stream);
	router->stream = NULL;
	after(router, wait + random() % (wait / 2 + 1));
}

static void take_ack(struct router *router, uint64_t sequence)
{
	struct fleet *fleet = router->fleet;
	int64_t at = now();

	if (sequence > router->sequence)
		die("the controller acknowledges what was never sent");
	for (; router->acked < sequence; router->acked++) {
		int64_t sent_at = router->sent_at[router->acked];

		fleet->acked++;
		if (fleet->latency && sent_at >= fleet->load_began && fleet->load_acked < fleet->due_total)
			fleet->latency[fleet->load_acked++] = (uint32_t)(at - sent_at);
	}
	if (!router->synchronised && router->welcome && router->acked >= router->mark) {
		router->synchronised = true;
		router->failures = 0;
		fleet->synchronised++;
	}
	answer_when_done(fleet);
}

static void take_welcome(struct router *router, uint64_t acked)
{
	struct fleet *fleet = router->fleet;

	router->welcome = true;
	fleet->sessions++;
	router->mark = UINT64_MAX;
	take_ack(router, acked);
	for (uint64_t sequence = router->acked + 1; sequence <= router->sequence; sequence++)
		say_transition(router, sequence);
	for (unsigned int piece = 0; piece < fleet->pieces; piece++)
		bufferevent_write(router->stream, fleet->snapshot[piece], fleet->snapshot_size[piece]);
	new_transition(router);
	router->mark = router->sequence;
	after(router, HEARTBEAT_SECONDS * 1000);
}

static void take_envelope(struct router *router, const Peering__Envelope *envelope)
{
	switch (envelope->body_case) {
	case PEERING__ENVELOPE__BODY_HELLO_ACK:
		take_welcome(router, envelope->hello_ack->acked_sequence);
		break;
	case PEERING__ENVELOPE__BODY_ACK:
		take_ack(router, envelope->ack->sequence);
		break;
	case PEERING__ENVELOPE__BODY_ERROR:
		router->fleet->errors++;
		fprintf(stderr, "fleet_simulator: %s was told %s: %s\n", router->name, envelope->error->code,
			envelope->error->message);
		break;
	default:
		break;
	}
}

static void readable(struct bufferevent *stream, void *context)
{
	struct router *router = context;
	struct evbuffer *input = bufferevent_get_input(stream);

	while (evbuffer_get_length(input) > 0) {
		Peering__Envelope *envelope;
		size_t used;
		enum frame_error error =
			frame_unpack(evbuffer_pullup(input, -1), evbuffer_get_length(input), &envelope, &used);

		if (error == FRAME_INCOMPLETE)
			return;
		if (error != FRAME_OK)
			die(frame_error_text(error));
		evbuffer_drain(input, used);
		take_envelope(router, envelope);
		peering__envelope__free_unpacked(envelope, NULL);
	}
}

static void happened(struct bufferevent *stream, short what, void *context)
{
	struct router *router = context;

	if (what & BEV_EVENT_CONNECTED)
		say_hello(router);
	else
		hang_up(router);
}

static void dial(struct router *router)
{
	struct fleet *fleet = router->fleet;
	SSL *ssl = must(SSL_new(fleet->context));
	int on = 1;

	if (SSL_use_certificate(ssl, router->certificate) != 1 || SSL_use_PrivateKey(ssl, fleet->issuer.key) != 1 ||
	    !tls_expect_host(ssl, "localhost"))
		die("OpenSSL does not take the certificate");
	router->stream = must(bufferevent_openssl_socket_new(fleet->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
							     BEV_OPT_CLOSE_ON_FREE));
	bufferevent_setcb(router->stream, readable, NULL, happened, router);
	bufferevent_enable(router->stream, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect(router->stream, (struct sockaddr *)&fleet->address, fleet->address_length) < 0)
		return; /* happened() was told */
	setsockopt(bufferevent_getfd(router->stream), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void timer_fired(evutil_socket_t fd, short what, void *context)
{
	struct router *router = context;

	if (!router->stream) {
		dial(router);
	} else if (router->welcome) {
		say_heartbeat(router);
		after(router, HEARTBEAT_SECONDS * 1000);
	}
}

/* ---- The load ---- */

/* By the clock: a controller that is late makes the queue longer, not the load smaller. */
static void load_tick(evutil_socket_t fd, short what, void *context)
{
	struct fleet *fleet = context;
	struct timeval delay = {.tv_usec = LOAD_TICK * 1000};
	uint64_t due = (uint64_t)(now() - fleet->load_began) * fleet->rate / 1000000;

	if (due > fleet->due_total)
		due = fleet->due_total;
	for (; fleet->load_sent < due; fleet->load_sent++) {
		new_transition(&fleet->routers[fleet->next]);
		fleet->next = (fleet->next + 1) % fleet->count;
	}
	if (fleet->load_sent < fleet->due_total)
		event_add(fleet->tick, &delay);
}

static void begin_load(struct fleet *fleet, unsigned int rate, unsigned int seconds)
{
	fleet->rate = rate;
	fleet->due_total = (uint64_t)rate * seconds;
	fleet->load_sent = fleet->load_acked = 0;
	fleet->latency = must(calloc(fleet->due_total + 1, sizeof(*fleet->latency)));
	fleet->load_began = now();
	event_active(fleet->tick, EV_TIMEOUT, 0);
}

/* ---- Orders ---- */

static void obey(struct fleet *fleet, const char *line)
{
	unsigned int rate, seconds;

	fleet->waiting_since = now();
	if (strcmp(line, "connect") == 0) {
		fleet->waiting = SYNCHRONISED;
		for (unsigned int i = 0; i < fleet->count; i++)
			dial(&fleet->routers[i]);
	} else if (strcmp(line, "synchronised") == 0) {
		fleet->waiting = SYNCHRONISED;
		answer_when_done(fleet);
	} else if (sscanf(line, "load %u %u", &rate, &seconds) == 2 && rate > 0 && seconds > 0) {
		fleet->waiting = LOADED;
		begin_load(fleet, rate, seconds);
	} else if (strcmp(line, "quit") == 0) {
		event_base_loopbreak(fleet->base);
	} else {
		die("orders are: connect, synchronised, load RATE SECONDS, quit");
	}
}

static void ordered(struct bufferevent *input, void *context)
{
	char *line;

	while ((line = evbuffer_readln(bufferevent_get_input(input), NULL, EVBUFFER_EOL_LF)) != NULL) {
		obey(context, line);
		free(line);
	}
}

static void orders_ended(struct bufferevent *input, short what, void *context)
{
	struct fleet *fleet = context;

	event_base_loopbreak(fleet->base);
}

/* ---- Start ---- */

static void make_routers(struct fleet *fleet)
{
	fleet->routers = must(calloc(fleet->count, sizeof(*fleet->routers)));
	for (unsigned int i = 0; i < fleet->count; i++) {
		struct router *router = &fleet->routers[i];

		router->fleet = fleet;
		snprintf(router->name, sizeof(router->name), "edge%u.example.net", i);
		router->certificate = must(issuer_issue(&fleet->issuer, router->name, (long)i + 1));
		router->timer = must(event_new(fleet->base, -1, 0, timer_fired, router));
	}
}

static void free_fleet(struct fleet *fleet)
{
	for (unsigned int i = 0; i < fleet->count; i++) {
		struct router *router = &fleet->routers[i];

		if (router->stream)
			bufferevent_free(router->stream);
		event_free(router->timer);
		X509_free(router->certificate);
		free(router->sent_at);
	}
	for (unsigned int i = 0; i < fleet->pieces; i++)
		free(fleet->snapshot[i]);
	free(fleet->snapshot);
	free(fleet->snapshot_size);
	free(fleet->latency);
	free(fleet->routers);
	event_free(fleet->tick);
	event_base_free(fleet->base);
	SSL_CTX_free(fleet->context);
	issuer_close(&fleet->issuer);
}

static void usage(FILE *stream)
{
	fputs("usage: fleet_simulator --address HOST:PORT --pki FOLDER [--routers N] [--connections N]\n"
	      "FOLDER is tools/lab-pki's, with a router \"simulator\"; tests/bench/fleet makes it and starts this.\n",
	      stream);
}

static unsigned int number(const char *text, unsigned int most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value > most)
		die("a number is out of range");
	return (unsigned int)value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"address", required_argument, NULL, 'a'},  {"pki", required_argument, NULL, 'p'},
		{"routers", required_argument, NULL, 'r'},  {"connections", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},	    {NULL, 0, NULL, 0},
	};
	struct fleet fleet = {.count = 10, .connections = 100};
	const char *address = NULL, *pki = NULL;
	char ca[LINE_SIZE], certificate[LINE_SIZE], key[LINE_SIZE], error[TLS_ERROR_MAX];
	struct tls_files files = {.ca = ca, .certificate = certificate, .key = key};
	struct rlimit descriptors;
	struct bufferevent *orders;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'a':
			address = optarg;
			break;
		case 'p':
			pki = optarg;
			break;
		case 'r':
			fleet.count = number(optarg, 100000);
			break;
		case 'c':
			fleet.connections = number(optarg, 100000);
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (!address || !pki || fleet.count == 0 || optind < argc) {
		usage(stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	snprintf(fleet.journal_id, sizeof(fleet.journal_id), "simulator-%ld", (long)getpid());
	getrlimit(RLIMIT_NOFILE, &descriptors);
	descriptors.rlim_cur = descriptors.rlim_max;
	setrlimit(RLIMIT_NOFILE, &descriptors);

	snprintf(ca, sizeof(ca), "%s/ca.pem", pki);
	snprintf(certificate, sizeof(certificate), "%s/simulator.pem", pki);
	snprintf(key, sizeof(key), "%s/simulator.key", pki);
	fleet.context = tls_client_context(&files, error, sizeof(error));
	if (!fleet.context)
		die(error);
	fleet.address_length = sizeof(fleet.address);
	if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&fleet.address, &fleet.address_length) < 0)
		die("--address must be an address and a port, as 127.0.0.1:4790");
	if (!issuer_open(&fleet.issuer, pki))
		return EXIT_FAILURE;
	fleet.base = must(event_base_new());
	fleet.tick = must(event_new(fleet.base, -1, 0, load_tick, &fleet));
	make_routers(&fleet);
	pack_snapshot(&fleet);
	orders = must(bufferevent_socket_new(fleet.base, STDIN_FILENO, 0));
	bufferevent_setcb(orders, ordered, NULL, orders_ended, &fleet);
	bufferevent_enable(orders, EV_READ);
	event_base_dispatch(fleet.base);
	bufferevent_free(orders);
	free_fleet(&fleet);
	return EXIT_SUCCESS;
}
