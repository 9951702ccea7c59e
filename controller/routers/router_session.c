// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One session with a router.
 *
 *	HANDSHAKE  TLS; the certificate must have a DNS name. One timer.
 *	HELLO	   waits for Hello. The same timer, again.
 *	COMMITTING Hello is on its way into the store; nothing is read.
 *	UP	   reports in, acknowledgements and pushes out, heartbeats both ways.
 *	CLOSING	   the last words go out, what still comes in is thrown away, until the router has closed or the
 *		   linger time is over: closing with unread input would take our last words back.
 *	OVER	   kept only by the reports that still wait for the store.
 */
#include "controller/routers/router_session.h"

#include <ctype.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controller/log.h"
#include "controller/pushes/pushes.h"
#include "controller/routers/certificates.h"
#include "controller/routers/queries.h"
#include "controller/routers/reports.h"
#include "controller/routers/routers.h"
#include "controller/text.h"
#include "lib/frame.h"
#include "lib/tls.h"

/* What waits for a router that does not read: here, and in the kernel, which left to itself goes up to 4 MiB. */
#define WRITE_MAX ((size_t)8 << 20)
#define SEND_BUFFER (128 << 10)
#define LINGER_SECONDS 2
/* How often the clock is looked at between two heartbeats. */
#define LOOKS 3
#define VERSION_TEXT_MAX 64
#define SENTENCE_MAX 1024

enum session_state { HANDSHAKE, HELLO, COMMITTING, UP, CLOSING, OVER };

struct router_session {
	struct router_session_link link;
	unsigned int references;
	struct routers *routers;
	enum session_state state;
	struct bufferevent *stream; /* NULL once over */
	struct event *timer;
	char address[LISTENER_ADDRESS_SIZE];
	char name[TLS_NAME_MAX]; /* from the certificate, in lower case */
	bool claimed;		 /* its name is in the tree */
	bool paused;		 /* reads nothing until the store has committed */
	char *frr_version, *module_version, *journal_id, *boot_id;
	uint64_t last_sequence; /* what Hello said */
	protocol_feature_set features;
	uint64_t stored;	/* highest sequence committed and not acknowledged yet */
	uint64_t differing;	/* connections, by its newest snapshot */
	uint64_t snapshot;
	size_t waiting;		/* memory of its reports that wait for the store */
	struct push_window window;
	int64_t newest_frame; /* steady clock */
	unsigned int looks;
};

struct router_session *router_session_ref(struct router_session *session)
{
	session->references++;
	return session;
}

void router_session_unref(struct router_session *session)
{
	if (--session->references > 0)
		return;
	free(session->frr_version);
	free(session->module_version);
	free(session->journal_id);
	free(session->boot_id);
	free(session);
}

const char *router_session_name(const struct router_session *session)
{
	return session->name;
}

const char *router_session_journal(const struct router_session *session)
{
	return session->journal_id;
}

void router_session_describe(const struct router_session *session, struct store_router *router)
{
	*router = (struct store_router){
		.name = session->name,
		.address = session->address,
		.frr_version = session->frr_version,
		.module_version = session->module_version,
		.journal_id = session->journal_id,
		.boot_id = session->boot_id,
	};
}

bool router_session_is_up(const struct router_session *session)
{
	return session->state == UP;
}

SSL *router_session_ssl(const struct router_session *session)
{
	return session->stream ? bufferevent_openssl_get_ssl(session->stream) : NULL;
}

protocol_feature_set router_session_features(const struct router_session *session)
{
	return session->features;
}

uint64_t *router_session_snapshot(struct router_session *session)
{
	return &session->snapshot;
}

struct push_window *router_session_window(struct router_session *session)
{
	return &session->window;
}

struct router_session_link *router_session_link(struct router_session *session)
{
	return &session->link;
}

static void set_timer(struct router_session *session, int64_t milliseconds)
{
	struct timeval delay = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};

	event_add(session->timer, &delay);
}

/* Frees the socket and everything but what reports still need. */
static void end(struct router_session *session)
{
	if (session->state == OVER)
		return;
	session->state = OVER;
	bufferevent_free(session->stream);
	session->stream = NULL;
	event_free(session->timer);
	session->timer = NULL;
	routers_forget(session->routers, session);
	router_session_unref(session);
}

static void pause_reading(struct router_session *session)
{
	session->paused = true;
	bufferevent_disable(session->stream, EV_READ);
}

/* The last words are out: says so to TLS and TCP, and waits for the router to close. */
static void shut_write(struct router_session *session)
{
	SSL *ssl = bufferevent_openssl_get_ssl(session->stream);

	SSL_shutdown(ssl);
	shutdown(bufferevent_getfd(session->stream), SHUT_WR);
}

static bool queue_frame(struct router_session *session, const Peering__Envelope *envelope)
{
	struct evbuffer *output = bufferevent_get_output(session->stream);
	uint8_t *frame;
	size_t size;
	bool queued;

	if (frame_pack(envelope, &frame, &size) != FRAME_OK)
		return false;
	queued = evbuffer_add(output, frame, size) == 0;
	free(frame);
	return queued;
}

void router_session_close(struct router_session *session, const char *code, const char *sentence)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Error error = PEERING__ERROR__INIT;
	bool greeted = session->state == COMMITTING || session->state == UP;
	bool can_talk = greeted || session->state == HELLO;

	if (session->state == CLOSING && !code)
		end(session);
	if (session->state == CLOSING || session->state == OVER)
		return;

	if (greeted || code)
		log_event(code ? LEVEL_WARNING : LEVEL_INFO, greeted ? "router-disconnected" : "router-refused",
			  "router", session->name[0] ? session->name : NULL, "address", session->address, "code", code,
			  "message", sentence, NULL);
	if (session->claimed) {
		routers_yield(session->routers, session->name, session);
		session->claimed = false;
	}
	if (greeted)
		queries_interrupted(routers_queries(session->routers), session);
	if (greeted)
		reports_add_gone(routers_reports(session->routers), session, sentence);
	if (!code || !can_talk) {
		end(session);
		return;
	}
	session->state = CLOSING;
	error.code = (char *)code;
	error.message = (char *)sentence;
	envelope.body_case = PEERING__ENVELOPE__BODY_ERROR;
	envelope.error = &error;
	queue_frame(session, &envelope);
	bufferevent_enable(session->stream, EV_READ);
	set_timer(session, LINGER_SECONDS * 1000);
	/* Queued words go out by the write callback, which then closes our half. */
}

bool router_session_send(struct router_session *session, const Peering__Envelope *envelope)
{
	if (session->state != UP)
		return false;
	if (evbuffer_get_length(bufferevent_get_output(session->stream)) > WRITE_MAX) {
		router_session_close(session, NULL, "the router does not read what it is sent");
		return false;
	}
	if (!queue_frame(session, envelope)) {
		router_session_close(session, NULL, "a message did not fit in a frame, or memory is short");
		return false;
	}
	return true;
}

static void send_heartbeat(struct router_session *session)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Heartbeat heartbeat = PEERING__HEARTBEAT__INIT;

	heartbeat.at_milliseconds = (uint64_t)clock_milliseconds();
	envelope.body_case = PEERING__ENVELOPE__BODY_HEARTBEAT;
	envelope.heartbeat = &heartbeat;
	router_session_send(session, &envelope);
}

static int64_t heartbeat_milliseconds(const struct router_session *session)
{
	return (int64_t)routers_config(session->routers)->heartbeat * 1000;
}

static void look_at_clock(struct router_session *session)
{
	int64_t silent = clock_steady_milliseconds() - session->newest_frame;

	/* While we do not read, its silence is ours. */
	if (!session->paused && silent >= (int64_t)routers_config(session->routers)->silence * 1000) {
		router_session_close(session, "silent", "the router has sent nothing for too long, not even a heartbeat");
		return;
	}
	set_timer(session, heartbeat_milliseconds(session) / LOOKS);
	if (++session->looks % LOOKS == 0)
		send_heartbeat(session);
}

static void timer_fired(evutil_socket_t fd, short what, void *context)
{
	struct router_session *session = router_session_ref(context);

	switch (session->state) {
	case HANDSHAKE:
		router_session_close(session, "handshake", "the TLS handshake was not complete in time");
		break;
	case HELLO:
		router_session_close(session, "hello", "no Hello came in time");
		break;
	case UP:
		look_at_clock(session);
		break;
	case CLOSING:
		end(session);
		break;
	case COMMITTING:
	case OVER:
		break;
	}
	router_session_unref(session);
}

/* ---- What comes in ---- */

static bool copy_hello(struct router_session *session, const Peering__Hello *hello)
{
	session->frr_version = text_clean(hello->frr_version, VERSION_TEXT_MAX);
	session->module_version = text_clean(hello->module_version, VERSION_TEXT_MAX);
	session->journal_id = text_clean(hello->journal_id, VERSION_TEXT_MAX);
	session->boot_id = text_clean(hello->boot_id, VERSION_TEXT_MAX);
	session->last_sequence = hello->last_sequence;
	session->features = protocol_features_read(hello->features, hello->n_features);
	return session->frr_version && session->module_version && session->journal_id && session->boot_id;
}

/* Takes the envelope. */
static void take_report(struct router_session *session, Peering__Envelope *envelope, size_t memory)
{
	struct reports *reports = routers_reports(session->routers);

	if (!reports_add(reports, session, envelope, memory)) {
		peering__envelope__free_unpacked(envelope, NULL);
		router_session_close(session, "memory", "the controller's memory is short; try again");
		return;
	}
	if (session->waiting > REPORTS_SESSION_MAX || reports_full(reports))
		pause_reading(session);
}

/* Takes the envelope. */
static void take_hello(struct router_session *session, Peering__Envelope *envelope, size_t memory)
{
	const Peering__Hello *hello = envelope->hello;
	char sentence[SENTENCE_MAX];
	const char *code = NULL;

	if (hello->protocol_version != PROTOCOL_VERSION) {
		code = "version";
		snprintf(sentence, sizeof(sentence),
			 "this controller speaks protocol version %d, the router %u; install the versions of "
			 "frr-peering "
			 "and peering-controller that belong together",
			 PROTOCOL_VERSION, hello->protocol_version);
	} else if (hello->router_name[0] != '\0' && strcasecmp(hello->router_name, session->name) != 0) {
		char *claimed = text_clean(hello->router_name, TLS_NAME_MAX);

		code = "router-name";
		snprintf(sentence, sizeof(sentence),
			 "the router calls itself %s, its certificate says %s; set 'peering router-name %s', or "
			 "install the "
			 "right certificate",
			 claimed ? claimed : "?", session->name, session->name);
		free(claimed);
	} else if (!copy_hello(session, hello)) {
		code = "memory";
		snprintf(sentence, sizeof(sentence), "the controller's memory is short; try again");
	} else if (session->journal_id[0] == '\0' || strcmp(session->journal_id, hello->journal_id) != 0) {
		code = "journal";
		snprintf(sentence, sizeof(sentence),
			 "Hello's journal_id must be 1 to %d bytes of UTF-8 without control characters",
			 VERSION_TEXT_MAX);
	} else if (!routers_has_room(session->routers, session->name)) {
		code = "full";
		snprintf(sentence, sizeof(sentence),
			 "as many routers are connected as may be; raise max-routers in the controller's configuration");
	} else if (reports_full(routers_reports(session->routers))) {
		code = "store";
		snprintf(sentence, sizeof(sentence), "the controller's store does not commit; try again later");
	}
	if (code) {
		peering__envelope__free_unpacked(envelope, NULL);
		router_session_close(session, code, sentence);
		return;
	}
	if (!routers_claim(session->routers, session->name, session)) {
		peering__envelope__free_unpacked(envelope, NULL);
		router_session_close(session, "memory", "the controller's memory is short; try again");
		return;
	}
	session->claimed = true;
	session->state = COMMITTING;
	event_del(session->timer);
	/* What follows Hello is read once HelloAck is out. */
	pause_reading(session);
	take_report(session, envelope, memory);
}

/* Takes the envelope. */
static void take_message(struct router_session *session, Peering__Envelope *envelope, size_t memory)
{
	session->newest_frame = clock_steady_milliseconds();
	if (session->state == HELLO) {
		if (envelope->body_case == PEERING__ENVELOPE__BODY_HELLO) {
			take_hello(session, envelope, memory);
			return;
		}
		peering__envelope__free_unpacked(envelope, NULL);
		router_session_close(session, "order", "the first message of a session must be Hello");
		return;
	}
	switch (envelope->body_case) {
	case PEERING__ENVELOPE__BODY_TRANSITION:
	case PEERING__ENVELOPE__BODY_SNAPSHOT:
	case PEERING__ENVELOPE__BODY_PUSH_RESULT:
		take_report(session, envelope, memory);
		return;
	case PEERING__ENVELOPE__BODY_QUERY_ANSWER:
		queries_answered(routers_queries(session->routers), session, envelope->query_answer);
		break;
	case PEERING__ENVELOPE__BODY_HEARTBEAT:
		pushes_heard(routers_pushes(session->routers), session);
		break;
	case PEERING__ENVELOPE__BODY_ERROR:
		log_event(LEVEL_WARNING, "router-error", "router", session->name, "code", envelope->error->code,
			  "message", envelope->error->message, NULL);
		router_session_close(session, NULL, "the router ended the session with an error");
		break;
	case PEERING__ENVELOPE__BODY_HELLO:
		router_session_close(session, "order", "Hello came a second time");
		break;
	default:
		router_session_close(
			session, "unsupported",
			"a router sends Hello, Transition, Snapshot, PushResult, Heartbeat or Error, and this was "
			"something else");
		break;
	}
	peering__envelope__free_unpacked(envelope, NULL);
}

/* Takes whole frames off the input while the session may read. */
static void take_frames(struct router_session *session)
{
	struct evbuffer *input = bufferevent_get_input(session->stream);

	while ((session->state == HELLO || session->state == UP) && !session->paused) {
		Peering__Envelope *envelope;
		enum frame_error error;
		size_t used = FRAME_HEADER_BYTES, memory = 0;

		if (evbuffer_get_length(input) < FRAME_HEADER_BYTES)
			return;
		/* The header alone says how much is needed: the rest is made one piece only once it is all there. */
		error = frame_unpack(evbuffer_pullup(input, FRAME_HEADER_BYTES), FRAME_HEADER_BYTES, &envelope, &used);
		if (error == FRAME_INCOMPLETE) {
			if (evbuffer_get_length(input) < used)
				return;
			error = frame_unpack_measured(evbuffer_pullup(input, (ev_ssize_t)used), used, &envelope, &used,
						      &memory);
		}
		if (error != FRAME_OK) {
			router_session_close(session, "frame", frame_error_text(error));
			return;
		}
		evbuffer_drain(input, used);
		take_message(session, envelope, memory);
	}
}

static void readable(struct bufferevent *stream, void *context)
{
	struct router_session *session = router_session_ref(context);

	if (session->state == CLOSING) {
		struct evbuffer *input = bufferevent_get_input(stream);

		evbuffer_drain(input, evbuffer_get_length(input));
	} else {
		take_frames(session);
	}
	router_session_unref(session);
}

static void written(struct bufferevent *stream, void *context)
{
	struct router_session *session = context;

	if (session->state == CLOSING && evbuffer_get_length(bufferevent_get_output(stream)) == 0)
		shut_write(session);
}

static void handshake_done(struct router_session *session)
{
	SSL *ssl = bufferevent_openssl_get_ssl(session->stream);

	session->state = HELLO;
	set_timer(session, (int64_t)routers_config(session->routers)->handshake_timeout * 1000);
	if (!tls_peer_dns_name(ssl, session->name, sizeof(session->name))) {
		session->name[0] = '\0';
		router_session_close(
			session, "certificate",
			"the certificate names no router: it needs a DNS name in its subject alternative names");
		return;
	}
	/* Letter case means nothing in a DNS name; here one router has one name. */
	for (char *at = session->name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
}

static void happened(struct bufferevent *stream, short what, void *context)
{
	struct router_session *session = router_session_ref(context);

	if (what & BEV_EVENT_CONNECTED)
		handshake_done(session);
	/* The reason of a failed handshake has been logged where it was seen. */
	else if (session->state == HANDSHAKE || session->state == CLOSING)
		end(session);
	else if (what & BEV_EVENT_TIMEOUT)
		router_session_close(session, NULL, "the router does not read what it is sent");
	else if (what & BEV_EVENT_EOF)
		router_session_close(session, NULL, "the router closed the session");
	else
		router_session_close(session, NULL, "the connection broke");
	router_session_unref(session);
}

/* ---- From the store ---- */

void router_session_account(struct router_session *session, size_t memory, bool more)
{
	session->waiting += more ? memory : -memory;
}

bool router_session_differs(struct router_session *session, uint64_t count)
{
	bool changed = count != session->differing;

	session->differing = count;
	return changed;
}

void router_session_stored(struct router_session *session, uint64_t sequence)
{
	if (sequence > session->stored)
		session->stored = sequence;
}

void router_session_welcome(struct router_session *session, uint64_t acked_sequence, int64_t acked_at)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__HelloAck ack = PEERING__HELLO_ACK__INIT;

	if (session->state != COMMITTING)
		return;
	session->state = UP;
	session->newest_frame = clock_steady_milliseconds();
	set_timer(session, heartbeat_milliseconds(session) / LOOKS);
	log_event(LEVEL_INFO, "router-connected", "router", session->name, "address", session->address, "frr",
		  session->frr_version, "module", session->module_version, "journal", session->journal_id, "acked",
		  log_number(acked_sequence), "newest", log_number(session->last_sequence), NULL);
	certificates_shown(routers_certificates(session->routers), "router", session->name, router_session_ssl(session));
	if (session->last_sequence < acked_sequence)
		log_event(
			LEVEL_ERROR, "journal-behind", "router", session->name, "journal", session->journal_id,
			"message",
			"the router's journal ends before what is stored of it: it was restored from an old copy; type "
			"`peering controller new-journal-id` there",
			NULL);
	ack.protocol_version = PROTOCOL_VERSION;
	ack.router_name = session->name;
	ack.acked_sequence = acked_sequence;
	ack.acked_at_milliseconds = (uint64_t)acked_at;
	ack.features = protocol_feature_names;
	ack.n_features = PROTOCOL_FEATURE_COUNT;
	envelope.body_case = PEERING__ENVELOPE__BODY_HELLO_ACK;
	envelope.hello_ack = &ack;
	if (router_session_send(session, &envelope))
		pushes_connected(routers_pushes(session->routers), session);
}

static void send_ack(struct router_session *session)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Ack ack = PEERING__ACK__INIT;

	ack.sequence = session->stored;
	session->stored = 0;
	envelope.body_case = PEERING__ENVELOPE__BODY_ACK;
	envelope.ack = &ack;
	router_session_send(session, &envelope);
}

void router_session_committed(struct router_session *session)
{
	if (session->state == UP && session->stored > 0)
		send_ack(session);
	if (session->state != UP || !session->paused || session->waiting > REPORTS_SESSION_MAX / 2)
		return;
	session->paused = false;
	session->newest_frame = clock_steady_milliseconds();
	bufferevent_enable(session->stream, EV_READ);
	/* Frames that are here already make no socket readable. */
	bufferevent_trigger(session->stream, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

static void set_up_socket(evutil_socket_t fd)
{
	int buffer = SEND_BUFFER;
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	/* An Ack waits for nothing: what goes out together is written together. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

struct router_session *router_session_new(struct routers *routers, struct event_base *base, SSL_CTX *context,
					  evutil_socket_t fd)
{
	struct router_session *session = calloc(1, sizeof(*session));
	SSL *ssl = SSL_new(context);
	struct timeval write_timeout;

	if (!session || !ssl) {
		SSL_free(ssl);
		free(session);
		close(fd);
		return NULL;
	}
	session->references = 1;
	session->routers = routers;
	session->link.session = session;
	listener_peer(fd, session->address);
	set_up_socket(fd);
	session->timer = event_new(base, -1, 0, timer_fired, session);
	/* Frees `ssl` also where it fails. */
	session->stream =
		bufferevent_openssl_socket_new(base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (!session->timer || !session->stream) {
		if (session->timer)
			event_free(session->timer);
		if (session->stream)
			bufferevent_free(session->stream);
		else
			close(fd);
		free(session);
		return NULL;
	}
	write_timeout = (struct timeval){.tv_sec = (time_t)routers_config(routers)->silence};
	bufferevent_set_timeouts(session->stream, NULL, &write_timeout);
	bufferevent_setcb(session->stream, readable, written, happened, session);
	bufferevent_enable(session->stream, EV_READ | EV_WRITE);
	set_timer(session, (int64_t)routers_config(routers)->handshake_timeout * 1000);
	return session;
}
