// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One session with the controller, on TLS that is up.
 *
 *   greeting   Hello is sent; only HelloAck (or Error) may come
 *   resuming   transitions past the acknowledged one are on their way
 *   up         they are sent, the main thread was told; everything goes as it comes
 *
 * Each stage lasts until the next one or the end. Timers: the answer to Hello has `step`; a heartbeat leaves every
 * `heartbeat`; a controller of which no whole frame came for `silence` is gone.
 */
#include "bgpd-peering/link/link_private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/frame.h"
#include "lib/protocol_features.h"

#define PROTOCOL_VERSION 1
#define INPUT_BYTES 16384
/* How much is read before others get their turn. */
#define READS_IN_A_ROW 16
#define FAREWELL_MILLISECONDS 500

enum stage { STAGE_GREETING, STAGE_RESUMING, STAGE_UP };

struct session {
	struct link *link;
	const char *host; /* of the controller */
	SSL *ssl;
	int fd;
	enum stage stage;
	uint64_t up_since;
	char router_name[TLS_NAME_MAX]; /* as the controller knows us */

	uint8_t *input; /* from the beginning of a frame on */
	size_t input_size;
	size_t input_capacity;

	const uint8_t *output; /* the frame that is being written */
	size_t output_size;
	size_t output_sent;
	uint64_t output_sequence; /* where it is a transition, else 0 */
	struct queued *output_owned; /* to be freed once written; NULL: the link keeps it */

	struct queue control; /* frames of this file: Hello, heartbeats, Error. They overtake the rest. */
	uint64_t resume_until; /* the order of the last call before HelloAck */
	uint64_t sent_sequence; /* newest transition that is out, or was acknowledged */

	short read_wants; /* poll events that reading and writing wait for; 0: they can go on */
	short write_wants;
	uint64_t heard_at;
	uint64_t beat_at;
	uint64_t look_at; /* at the TLS files */
	uint64_t answer_until; /* for HelloAck */

	bool ended;
	bool refused; /* an Error waits in `control`, to be sent before the end */
	char *why;
	size_t why_size;
};

/* The first reason stays: what fails after it is a consequence. */
#define end_session(session, ...)                                                                                      \
	do {                                                                                                           \
		if (!(session)->ended)                                                                                 \
			snprintf((session)->why, (session)->why_size, __VA_ARGS__);                                    \
		(session)->ended = true;                                                                               \
	} while (0)

static bool control(struct session *session, Peering__Envelope *envelope)
{
	struct queued *queued = calloc(1, sizeof(*queued));

	if (!queued || frame_pack(envelope, &queued->frame, &queued->size) != FRAME_OK) {
		free(queued);
		end_session(session, "memory is short for the link to the controller");
		return false;
	}
	queue_append(&session->control, queued);
	session->write_wants = 0;
	return true;
}

/* Ends the session because of what the controller sent, and tells it so. */
static void refuse(struct session *session, const char *code, const char *message)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Error error = PEERING__ERROR__INIT;

	if (session->ended)
		return;
	error.code = (char *)code;
	error.message = (char *)message;
	envelope.body_case = PEERING__ENVELOPE__BODY_ERROR;
	envelope.error = &error;
	session->refused = control(session, &envelope);
	end_session(session, "the session with the controller %s was closed: %s", session->host, message);
}

static void say_hello(struct session *session)
{
	struct link *link = session->link;
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Hello hello = PEERING__HELLO__INIT;
	char last_push[LINK_PUSH_ID_MAX];

	hello.protocol_version = PROTOCOL_VERSION;
	hello.router_name = link->router_name;
	hello.frr_version = link->frr_version;
	hello.module_version = link->module_version;
	hello.journal_id = link->journal_id;
	hello.boot_id = link->boot_id;
	hello.features = protocol_feature_names;
	hello.n_features = PROTOCOL_FEATURE_COUNT;
	hello.last_push = last_push;
	pthread_mutex_lock(&link->lock);
	memcpy(last_push, link->last_push, sizeof(last_push));
	hello.revision = link->revision;
	hello.last_sequence = link->last_sequence;
	pthread_mutex_unlock(&link->lock);
	envelope.body_case = PEERING__ENVELOPE__BODY_HELLO;
	envelope.hello = &hello;
	control(session, &envelope);
}

static void beat(struct session *session)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Heartbeat heartbeat = PEERING__HEARTBEAT__INIT;
	struct timespec now;

	session->beat_at = link_now() + session->link->timing.heartbeat;
	/* Where the last one has not left yet, another says nothing more. */
	if (session->control.first)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	heartbeat.at_milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	envelope.body_case = PEERING__ENVELOPE__BODY_HEARTBEAT;
	envelope.heartbeat = &heartbeat;
	control(session, &envelope);
}

/* --- what the controller says --- */

/* Its words go to the log and the screen; what could forge a line or move a cursor does not. */
static void copy_printable(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; i + 1 < size && from[i]; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

static void drop_acked(struct session *session, uint64_t sequence)
{
	struct link *link = session->link;
	struct queue acked;

	pthread_mutex_lock(&link->lock);
	acked = link->transitions;
	acked.end = &acked.first;
	while (*acked.end && (*acked.end)->sequence <= sequence) {
		link->transition_bytes -= (*acked.end)->size;
		acked.end = &(*acked.end)->next;
	}
	link->transitions.first = *acked.end;
	*acked.end = NULL;
	link->acked = sequence;
	if (!link->transitions.first) {
		link->transitions.end = &link->transitions.first;
		if (sequence > link->newest)
			link->newest = sequence;
	}
	pthread_mutex_unlock(&link->lock);
	/* Outside of the lock: there may be many. */
	queue_clear(&acked);
	if (!link_ask(link))
		end_session(session, "memory is short for the link to the controller");
}

/*
 * The controller lacks what another one has acknowledged, or its store was put back from a copy: it gets what the journal
 * still has of that. What was on its way here is read with it.
 */
static void forget_what_waits(struct link *link, uint64_t acked)
{
	struct queue waiting;
	bool behind;

	if (acked < link->journal_after)
		acked = link->journal_after;
	pthread_mutex_lock(&link->lock);
	behind = acked < link->acked;
	waiting = link->transitions;
	if (behind) {
		link->transitions.first = NULL;
		link->transitions.end = &link->transitions.first;
		link->transition_bytes = 0;
		link->unsent = NULL;
		link->newest = link->acked = acked;
		link->short_of = true;
		link->asked = false;
	}
	pthread_mutex_unlock(&link->lock);
	if (behind)
		queue_clear(&waiting);
}

static void tell_acked(struct session *session, uint64_t sequence)
{
	struct link_event *event = link_event_new(LINK_ACKED);

	if (!event) {
		end_session(session, "memory is short for the link to the controller");
		return;
	}
	event->sequence = sequence;
	link_post(session->link, event);
}

/*
 * Whether the controller means the transitions that this journal has. Where an older copy of it was put back, its numbers
 * are used again for others, and the controller takes those for done: all of them would be lost without a word. Such a
 * controller holds a number that cannot have been sent, or another transition under one that waits here.
 */
static bool same_journal(struct link *link, const Peering__HelloAck *ack)
{
	bool same;

	pthread_mutex_lock(&link->lock);
	same = ack->acked_sequence <= link->known;
	for (struct queued *queued = link->transitions.first; same && queued && queued->sequence <= ack->acked_sequence;
	     queued = queued->next)
		if (queued->sequence == ack->acked_sequence && ack->acked_at_milliseconds)
			same = queued->at == ack->acked_at_milliseconds;
	pthread_mutex_unlock(&link->lock);
	return same;
}

static void take_hello_ack(struct session *session, const Peering__HelloAck *ack)
{
	struct link *link = session->link;
	char message[256];

	if (ack->protocol_version != PROTOCOL_VERSION) {
		snprintf(message, sizeof(message), "this router speaks version %u of the protocol, the controller %u",
			 PROTOCOL_VERSION, ack->protocol_version);
		refuse(session, "version", message);
		return;
	}
	if (!same_journal(link, ack)) {
		snprintf(message, sizeof(message),
			 "the controller holds a transition %llu that this router's journal never had; was an older "
			 "journal put back? `peering controller new-journal-id` begins anew and keeps everything",
			 (unsigned long long)ack->acked_sequence);
		refuse(session, "sequence", message);
		return;
	}
	forget_what_waits(link, ack->acked_sequence);
	drop_acked(session, ack->acked_sequence);
	pthread_mutex_lock(&link->lock);
	link->unsent = link->transitions.first;
	session->resume_until = link->last_order;
	/* What is to be said from now on, an answer to a push perhaps, goes out behind those. */
	link->up = true;
	pthread_mutex_unlock(&link->lock);
	session->sent_sequence = ack->acked_sequence;
	session->stage = STAGE_RESUMING;
	session->write_wants = 0;
	copy_printable(session->router_name, sizeof(session->router_name), ack->router_name);
	tell_acked(session, ack->acked_sequence);
}

static void take_ack(struct session *session, uint64_t sequence)
{
	if (sequence > session->sent_sequence) {
		refuse(session, "sequence", "the controller acknowledges a transition that was not sent");
		return;
	}
	pthread_mutex_lock(&session->link->lock);
	if (sequence < session->link->acked)
		sequence = 0;
	pthread_mutex_unlock(&session->link->lock);
	if (sequence == 0)
		return;
	drop_acked(session, sequence);
	tell_acked(session, sequence);
}

static void take_push(struct session *session, Peering__Envelope **envelope, size_t memory)
{
	struct link_event *event = link_event_new(LINK_PUSH);

	if (!event) {
		end_session(session, "memory is short for the link to the controller");
		return;
	}
	event->envelope = *envelope;
	*envelope = NULL;
	link_count_push(event, memory);
	link_post(session->link, event);
}

static void take_error(struct session *session, const Peering__Error *error)
{
	char code[64], message[256];

	copy_printable(code, sizeof(code), error->code);
	copy_printable(message, sizeof(message), error->message);
	end_session(session, "the controller %s refuses this router: %s (%s)", session->host,
		    *message ? message : "it does not say why", *code ? code : "no code");
}

static const char *body_name(const Peering__Envelope *envelope)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field(&peering__envelope__descriptor, envelope->body_case);

	return field ? field->name : "message of an unknown kind";
}

/* Takes *envelope over where it sets it to NULL. */
static void take_envelope(struct session *session, Peering__Envelope **envelope, size_t memory)
{
	char message[128];

	switch ((*envelope)->body_case) {
	case PEERING__ENVELOPE__BODY_ERROR:
		take_error(session, (*envelope)->error);
		return;
	case PEERING__ENVELOPE__BODY_HEARTBEAT:
		return;
	case PEERING__ENVELOPE__BODY_HELLO_ACK:
		if (session->stage != STAGE_GREETING)
			break;
		take_hello_ack(session, (*envelope)->hello_ack);
		return;
	case PEERING__ENVELOPE__BODY_ACK:
		if (session->stage == STAGE_GREETING)
			break;
		take_ack(session, (*envelope)->ack->sequence);
		return;
	case PEERING__ENVELOPE__BODY_PUSH:
	case PEERING__ENVELOPE__BODY_CONFIRM:
	case PEERING__ENVELOPE__BODY_QUERY:
		if (session->stage == STAGE_GREETING)
			break;
		take_push(session, envelope, memory);
		return;
	default:
		break;
	}
	snprintf(message, sizeof(message), "the router takes no %s from a controller %s", body_name(*envelope),
		 session->stage == STAGE_GREETING ? "before hello_ack" : "now");
	refuse(session, "unsupported", message);
}

/* --- reading --- */

static bool make_room(struct session *session, size_t needed)
{
	uint8_t *larger;

	if (needed <= session->input_capacity)
		return true;
	/* `needed` is at most a frame, which frame_unpack() has judged. */
	larger = realloc(session->input, needed);
	if (!larger) {
		end_session(session, "memory is short for the link to the controller");
		return false;
	}
	session->input = larger;
	session->input_capacity = needed;
	return true;
}

static void take_frames(struct session *session)
{
	size_t at = 0;

	while (!session->ended) {
		Peering__Envelope *envelope = NULL;
		size_t used = 0, memory = 0;
		enum frame_error error = frame_unpack_measured(session->input + at, session->input_size - at, &envelope,
							       &used, &memory);

		if (error == FRAME_OK) {
			session->heard_at = link_now();
			take_envelope(session, &envelope, memory);
			if (envelope)
				peering__envelope__free_unpacked(envelope, NULL);
			at += used;
			continue;
		}
		memmove(session->input, session->input + at, session->input_size - at);
		session->input_size -= at;
		if (error == FRAME_INCOMPLETE)
			make_room(session, used);
		else
			refuse(session, "frame", frame_error_text(error));
		return;
	}
}

/* What to wait for after SSL_read() or SSL_write() returned `result`; 0 where it failed, and then `reason` says why. */
static short wants(struct session *session, int result, char *reason, size_t reason_size)
{
	switch (SSL_get_error(session->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	default:
		/* A close in good order leaves nothing in the error queue, and reads as "closed". */
		tls_describe_error(session->ssl, reason, reason_size);
		return 0;
	}
}

static void receive(struct session *session)
{
	char reason[TLS_ERROR_MAX / 2];

	for (int i = 0; i < READS_IN_A_ROW && !session->ended && !link_throttled(); i++) {
		int result;

		errno = 0;
		result = SSL_read(session->ssl, session->input + session->input_size,
				  (int)(session->input_capacity - session->input_size));
		if (result <= 0) {
			session->read_wants = wants(session, result, reason, sizeof(reason));
			if (session->read_wants == 0)
				end_session(session, "the session with the controller %s ended: %s", session->host,
					    reason);
			return;
		}
		session->input_size += (size_t)result;
		take_frames(session);
	}
}

/* --- writing --- */

static void take_output(struct session *session, struct queued *queued, bool owned)
{
	if (queued->sequence) {
		pthread_mutex_lock(&session->link->lock);
		if (queued->sequence > session->link->known)
			session->link->known = queued->sequence;
		pthread_mutex_unlock(&session->link->lock);
	}
	session->output = queued->frame;
	session->output_size = queued->size;
	session->output_sent = 0;
	session->output_sequence = queued->sequence;
	session->output_owned = owned ? queued : NULL;
}

static void announce_up(struct session *session)
{
	struct link_event *event = link_event_new(LINK_UP);

	if (!event) {
		end_session(session, "memory is short for the link to the controller");
		return;
	}
	memcpy(event->text, session->router_name, sizeof(session->router_name));
	event->target = session->link->current;
	session->stage = STAGE_UP;
	session->up_since = link_now();
	link_post(session->link, event);
}

static void announce_room(struct session *session)
{
	struct link_event *event = link_event_new(LINK_DRAINED);

	if (event)
		link_post(session->link, event);
	else
		end_session(session, "memory is short for the link to the controller");
}

/* The next of the transitions and messages, in the order in which the main thread gave them. */
static bool next_of_link(struct session *session)
{
	struct link *link = session->link;
	struct queued *transition, *message;
	bool resumed, room;

	pthread_mutex_lock(&link->lock);
	transition = link->unsent;
	message = link->messages.first;
	if (message && (!transition || message->order < transition->order)) {
		link->messages.first = message->next;
		if (!message->next)
			link->messages.end = &link->messages.first;
		link->message_bytes -= message->size;
		transition = NULL;
	} else {
		message = NULL;
		if (transition)
			link->unsent = transition->next;
	}
	/* What is still to come from the journal is resumed, too. */
	if (link->short_of || link->feeding)
		session->resume_until = link->last_order;
	resumed = !transition ? !link->short_of && !link->feeding : transition->order > session->resume_until;
	room = link->wants_room && link->message_bytes < LINK_ROOM_BYTES;
	if (room)
		link->wants_room = false;
	pthread_mutex_unlock(&link->lock);

	if (room)
		announce_room(session);

	if (session->stage == STAGE_RESUMING && resumed)
		announce_up(session);
	if (message)
		take_output(session, message, true);
	else if (transition)
		take_output(session, transition, false); /* only this thread takes one out of the queue */
	return message || transition;
}

static bool next_output(struct session *session)
{
	struct queued *queued = session->control.first;

	if (!queued)
		return session->stage != STAGE_GREETING && !session->ended && next_of_link(session);
	session->control.first = queued->next;
	if (!queued->next)
		session->control.end = &session->control.first;
	take_output(session, queued, true);
	return true;
}

static void output_done(struct session *session)
{
	if (session->output_sequence > session->sent_sequence)
		session->sent_sequence = session->output_sequence;
	queued_free(session->output_owned);
	session->output_owned = NULL;
	session->output = NULL;
}

/*
 * Writes until there is nothing more or the socket is full. Where the controller has closed already, its last words, an
 * alert that says why, may still wait to be read: they tell more than a broken pipe.
 */
static void transmit(struct session *session)
{
	char reason[TLS_ERROR_MAX / 2];

	while (session->output || next_output(session)) {
		int result;

		errno = 0;
		result = SSL_write(session->ssl, session->output + session->output_sent,
				   (int)(session->output_size - session->output_sent));
		if (result <= 0) {
			session->write_wants = wants(session, result, reason, sizeof(reason));
			if (session->write_wants != 0)
				return;
			if (!session->ended)
				receive(session);
			end_session(session, "the session with the controller %s ended: %s", session->host, reason);
			return;
		}
		session->output_sent += (size_t)result;
		if (session->output_sent == session->output_size)
			output_done(session);
	}
	session->write_wants = 0;
}

/* --- the whole --- */

/* Sends the Error that is due, and leaves the controller the time to read it before the socket goes. */
static void say_farewell(struct session *session)
{
	uint64_t deadline = link_now() + FAREWELL_MILLISECONDS;
	char ignored[1024];

	do
		transmit(session);
	while (session->write_wants &&
	       (session->output || session->control.first) &&
	       link_wait(session->link, session->fd, session->write_wants, deadline) < LINK_TIMEOUT);
	SSL_shutdown(session->ssl);
	shutdown(session->fd, SHUT_WR);
	/* A socket that is closed with input unread resets the connection, and the Error with it. */
	for (;;) {
		ssize_t got = recv(session->fd, ignored, sizeof(ignored), MSG_DONTWAIT);

		if (got == 0 || (got < 0 && errno != EAGAIN) || link_now() >= deadline)
			return;
		if (link_wait(session->link, session->fd, POLLIN, deadline) >= LINK_TIMEOUT)
			return;
	}
}

static void check_timers(struct session *session)
{
	const struct link_timing *timing = &session->link->timing;
	uint64_t now = link_now();

	if (session->stage == STAGE_GREETING && now >= session->answer_until) {
		end_session(session, "the controller %s did not answer Hello within %u s", session->host,
			    (timing->step + 999) / 1000);
		return;
	}
	/* While the main thread is behind, nothing is read: that is not the controller's silence. */
	if (link_throttled())
		session->heard_at = now;
	if (now >= session->heard_at + timing->silence) {
		end_session(session, "the controller %s has been silent for %u s", session->host,
			    (timing->silence + 999) / 1000);
		return;
	}
	if (now >= session->look_at) {
		session->look_at = now + timing->look;
		if (!link_still_trusts(session->link, session->ssl))
			end_session(session, "the certificate of the controller %s has been revoked", session->host);
	}
	if (!session->ended && session->stage != STAGE_GREETING && now >= session->beat_at)
		beat(session);
}

static uint64_t next_timer(const struct session *session)
{
	uint64_t next = session->heard_at + session->link->timing.silence;

	if (session->look_at < next)
		next = session->look_at;
	if (session->stage == STAGE_GREETING)
		return session->answer_until < next ? session->answer_until : next;
	return session->beat_at < next ? session->beat_at : next;
}

static void check_link(struct session *session)
{
	bool overflowed;

	pthread_mutex_lock(&session->link->lock);
	overflowed = session->link->overflowed;
	pthread_mutex_unlock(&session->link->lock);
	if (overflowed)
		end_session(session, "the controller %s takes too little: more than 8 MiB wait for it",
			    session->host);
}

/* Waits for what there is to do next. */
static void wait_for_work(struct session *session)
{
	short events = session->write_wants, probe_events;
	uint64_t deadline = next_timer(session);
	int probe_fd;

	if (link_throttled()) {
		/* Nothing tells when the main thread has caught up. */
		if (deadline > link_now() + 100)
			deadline = link_now() + 100;
	} else if (session->read_wants == 0) {
		deadline = 0; /* more waits in OpenSSL's buffer, where poll() does not see it */
	} else {
		events |= session->read_wants;
	}
	/* Without anything to wait for, poll() would still report a hang-up, again and again. */
	probe_fd = link_probe_wait(session->link, &probe_events, &deadline);
	switch (link_wait_either(session->link, events ? session->fd : -1, events, probe_fd, probe_events, deadline)) {
	case LINK_STOPPING:
		end_session(session, "the link is being stopped");
		break;
	case LINK_READY:
		session->read_wants = 0;
		session->write_wants = 0;
		break;
	default:
		break;
	}
}

static void end_up(struct session *session)
{
	struct link *link = session->link;
	struct queue messages;

	pthread_mutex_lock(&link->lock);
	link->up = false;
	link->overflowed = link->wants_room = false;
	messages = link->messages;
	link->messages.first = NULL;
	link->messages.end = &link->messages.first;
	link->message_bytes = 0;
	pthread_mutex_unlock(&link->lock);
	if (messages.first)
		queue_clear(&messages);
	queue_clear(&session->control);
	output_done(session);
	free(session->input);
}

uint64_t link_session_run(struct link *link, SSL *ssl, int fd, char *why, size_t why_size)
{
	struct session session = {
		.link = link,
		.host = link->targets[link->current].host,
		.ssl = ssl,
		.fd = fd,
		.why = why,
		.why_size = why_size,
	};
	uint64_t now = link_now();

	session.control.end = &session.control.first;
	session.heard_at = now;
	session.answer_until = now + link->timing.step;
	session.beat_at = now + link->timing.heartbeat;
	session.look_at = now + link->timing.look;
	link_probe_begin(link);
	if (make_room(&session, INPUT_BYTES))
		say_hello(&session);
	while (!session.ended) {
		if (session.read_wants == 0)
			receive(&session);
		if (!session.ended)
			check_timers(&session);
		if (!session.ended)
			check_link(&session);
		if (!session.ended && link_probe_step(link)) {
			end_session(&session, "a better controller than %s is reached again", session.host);
			link->returning = true;
		}
		if (!session.ended && session.write_wants == 0)
			transmit(&session);
		if (!session.ended)
			wait_for_work(&session);
	}
	if (session.refused)
		say_farewell(&session);
	else
		SSL_shutdown(ssl);
	link_probe_end(link);
	end_up(&session);
	return session.up_since ? link_now() - session.up_since + 1 : 0;
}
