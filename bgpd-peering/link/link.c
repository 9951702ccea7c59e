// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The main thread's side of the link, and the outer loop of its thread: dial one controller after the other, let
 * link_session.c speak with the first that answers, wait, again.
 *
 * The thread is written straight on: each step waits in link_wait(), which also ends it when link_stop() is called. One
 * lock guards the queues; it is never held over a system call other than a write to an eventfd.
 */
#include "bgpd-peering/link/link_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bgpd-peering/link/link_dial.h"

#include "lib/frame.h"

#define STOP_MILLISECONDS 900
#define MESSAGE_BYTES_MOST (8u * 1024u * 1024u)
#define TRANSITION_BYTES_MOST (4u * 1024u * 1024u)
#define PUSH_BYTES_MOST (4u * 1024u * 1024u)

/* Of pushes that the main thread has not freed yet; of all links together, since an event outlives its link. */
static atomic_size_t push_bytes;

uint64_t link_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wake(struct link *link)
{
	uint64_t one = 1;
	ssize_t written = write(link->wake, &one, sizeof(one));

	(void)written;
}

/* --- events --- */

struct link_event *link_event_new(enum link_event_type type)
{
	struct link_event *event = calloc(1, sizeof(*event));

	if (event)
		event->type = type;
	return event;
}

void link_count_push(struct link_event *event, size_t memory)
{
	event->memory = memory;
	atomic_fetch_add(&push_bytes, memory);
}

bool link_throttled(void)
{
	return atomic_load(&push_bytes) >= PUSH_BYTES_MOST;
}

void link_event_free(struct mail *mail)
{
	struct link_event *event = (struct link_event *)mail;

	if (!event)
		return;
	atomic_fetch_sub(&push_bytes, event->memory);
	if (event->envelope)
		peering__envelope__free_unpacked(event->envelope, NULL);
	free(event);
}

void link_post(struct link *link, struct link_event *event)
{
	pthread_mutex_lock(&link->lock);
	if (!link->stopping) {
		mailbox_post(link->events, &event->mail);
		event = NULL;
	}
	pthread_mutex_unlock(&link->lock);
	if (event)
		link_event_free(&event->mail);
}

/* --- queues --- */

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

void queue_append(struct queue *queue, struct queued *queued)
{
	queued->next = NULL;
	*queue->end = queued;
	queue->end = &queued->next;
}

void queue_clear(struct queue *queue)
{
	struct queued *next;

	for (struct queued *queued = queue->first; queued; queued = next) {
		next = queued->next;
		queued_free(queued);
	}
	queue_init(queue);
}

static enum frame_error pack(const Peering__Envelope *envelope, struct queued **packed)
{
	struct queued *queued = calloc(1, sizeof(*queued));
	enum frame_error error = queued ? frame_pack(envelope, &queued->frame, &queued->size) : FRAME_NO_MEMORY;

	if (error != FRAME_OK) {
		free(queued);
		queued = NULL;
	}
	*packed = queued;
	return error;
}

void queued_free(struct queued *queued)
{
	if (queued)
		free(queued->frame);
	free(queued);
}

/* Under the lock. */
static enum link_taken take_transition(struct link *link, struct queued *queued, bool *kept)
{
	if (queued->sequence > link->last_sequence)
		link->last_sequence = queued->sequence;
	if (!link->short_of && link->transition_bytes + queued->size > link->transition_bytes_most)
		link->short_of = true;
	if (link->short_of)
		return LINK_FULL;
	if (queued->sequence <= link->newest)
		return LINK_TAKEN;
	link->newest = queued->sequence;
	queued->order = ++link->last_order;
	link->transition_bytes += queued->size;
	queue_append(&link->transitions, queued);
	if (!link->unsent)
		link->unsent = queued;
	*kept = true;
	return LINK_TAKEN;
}

enum link_taken link_transition(struct link *link, const Peering__Transition *transition)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	struct queued *queued;
	enum link_taken taken;
	bool kept = false;

	envelope.body_case = PEERING__ENVELOPE__BODY_TRANSITION;
	envelope.transition = (Peering__Transition *)transition;
	if (pack(&envelope, &queued) != FRAME_OK)
		return LINK_UNFIT;
	queued->sequence = transition->sequence;
	queued->at = transition->at_milliseconds;

	pthread_mutex_lock(&link->lock);
	taken = take_transition(link, queued, &kept);
	pthread_mutex_unlock(&link->lock);
	if (!kept)
		queued_free(queued);
	wake(link);
	return taken;
}

bool link_ask(struct link *link)
{
	struct link_event *event;
	uint64_t behind;
	bool ask;

	pthread_mutex_lock(&link->lock);
	ask = link->short_of && !link->asked && link->transition_bytes <= link->transition_bytes_most / 2;
	link->asked |= ask;
	behind = link->newest;
	pthread_mutex_unlock(&link->lock);
	if (!ask)
		return true;
	event = link_event_new(LINK_HUNGRY);
	if (!event) {
		pthread_mutex_lock(&link->lock);
		link->asked = false;
		pthread_mutex_unlock(&link->lock);
		return false;
	}
	event->sequence = behind;
	link_post(link, event);
	return true;
}

bool link_feed(struct link *link, uint64_t behind)
{
	bool wanted;

	pthread_mutex_lock(&link->lock);
	wanted = link->asked && link->newest == behind;
	if (wanted) {
		link->short_of = link->asked = false;
		link->feeding = true;
	}
	pthread_mutex_unlock(&link->lock);
	return wanted;
}

void link_fed(struct link *link)
{
	pthread_mutex_lock(&link->lock);
	link->feeding = false;
	pthread_mutex_unlock(&link->lock);
	wake(link);
}

void link_pushed(struct link *link, const char *push, uint64_t revision)
{
	pthread_mutex_lock(&link->lock);
	snprintf(link->last_push, sizeof(link->last_push), "%s", push ? push : "");
	link->revision = revision;
	pthread_mutex_unlock(&link->lock);
}

enum link_sent link_send(struct link *link, const Peering__Envelope *envelope)
{
	struct queued *queued;
	enum link_sent sent = LINK_SENT;
	enum frame_error error = pack(envelope, &queued);

	if (error != FRAME_OK)
		return error == FRAME_TOO_LONG ? LINK_TOO_LONG : LINK_NOT_SENT;
	pthread_mutex_lock(&link->lock);
	if (link->up && link->message_bytes + queued->size > MESSAGE_BYTES_MOST) {
		link->overflowed = true;
		link->overflows++;
		link->up = false;
		sent = LINK_NOT_SENT;
	} else if (link->up) {
		queued->order = ++link->last_order;
		link->message_bytes += queued->size;
		queue_append(&link->messages, queued);
		queued = NULL;
	}
	pthread_mutex_unlock(&link->lock);
	queued_free(queued);
	wake(link);
	return sent;
}

bool link_has_room(struct link *link)
{
	bool room;

	pthread_mutex_lock(&link->lock);
	room = !link->up || link->message_bytes < LINK_ROOM_BYTES;
	link->wants_room = !room;
	pthread_mutex_unlock(&link->lock);
	return room;
}

void link_figures(struct link *link, struct link_figures *figures)
{
	pthread_mutex_lock(&link->lock);
	figures->queued_bytes = link->message_bytes + link->transition_bytes;
	figures->ends = link->ends;
	figures->overflows = link->overflows;
	pthread_mutex_unlock(&link->lock);
}

/* --- the thread --- */

static bool is_stopping(struct link *link)
{
	bool stopping;

	pthread_mutex_lock(&link->lock);
	stopping = link->stopping;
	pthread_mutex_unlock(&link->lock);
	return stopping;
}

enum link_wait link_wait_either(struct link *link, int fd, short events, int other, short other_events, uint64_t deadline)
{
	struct pollfd fds[] = {
		{.fd = link->wake, .events = POLLIN},
		{.fd = fd, .events = events},
		{.fd = other, .events = other_events},
	};
	uint64_t now = link_now();
	uint64_t count;
	bool woken;
	int ready;

	/* An earlier wait may have taken the wake-up. */
	if (is_stopping(link))
		return LINK_STOPPING;
	ready = poll(fds, sizeof(fds) / sizeof(fds[0]),
		     deadline <= now ? 0 : deadline - now > 3600000 ? 3600000 : (int)(deadline - now));
	woken = (fds[0].revents & POLLIN) && read(link->wake, &count, sizeof(count)) > 0;
	if (is_stopping(link))
		return LINK_STOPPING;
	if (ready > 0 && fds[1].revents)
		return LINK_READY;
	if (woken)
		return LINK_WOKEN;
	return link_now() >= deadline ? LINK_TIMEOUT : LINK_WOKEN;
}

enum link_wait link_wait(struct link *link, int fd, short events, uint64_t deadline)
{
	return link_wait_either(link, fd, events, -1, 0, deadline);
}

/* For the steps before a session, which take no notice of what the main thread queues. */
static enum link_wait wait_for(struct link *link, int fd, short events, uint64_t deadline)
{
	enum link_wait wait;

	do
		wait = link_wait(link, fd, events, deadline);
	while (wait == LINK_WOKEN);
	return wait;
}

/* Once: what is wrong with the key does not change from one attempt to the next. */
static void warn(struct link *link, const char *sentence)
{
	struct link_event *event = strcmp(link->warned, sentence) != 0 ? link_event_new(LINK_WARNING) : NULL;

	if (!event)
		return;
	snprintf(link->warned, sizeof(link->warned), "%s", sentence);
	snprintf(event->text, sizeof(event->text), "%s", sentence);
	link_post(link, event);
}

static struct tls_files files_of(const struct link *link)
{
	struct stat status;

	return (struct tls_files){
		.ca = link->ca,
		.certificate = link->certificate,
		.key = link->key,
		.crl = stat(link->crl, &status) != 0 && errno == ENOENT ? NULL : link->crl,
	};
}

/* NULL with a sentence where the files cannot be used as they are now. */
static SSL_CTX *read_files(struct link *link, char *why, size_t why_size)
{
	struct tls_files files = files_of(link);
	char warning[TLS_ERROR_MAX];
	SSL_CTX *context;

	link->files_print = tls_files_print(&files);
	context = tls_client_context(&files, why, why_size);
	if (!context)
		return NULL;
	pthread_mutex_lock(&link->lock);
	link->ends = tls_context_ends(context);
	pthread_mutex_unlock(&link->lock);
	if (tls_key_is_exposed(&files, warning, sizeof(warning)))
		warn(link, warning);
	return context;
}

bool link_still_trusts(struct link *link, SSL *ssl)
{
	char why[TLS_ERROR_MAX / 2], warning[TLS_ERROR_MAX];
	struct tls_files files = files_of(link);
	SSL_CTX *context;

	if (tls_files_print(&files) == link->files_print)
		return true;
	context = read_files(link, why, sizeof(why));
	if (!context) {
		snprintf(warning, sizeof(warning),
			 "the session with the controller %s goes on, but there would be no other one: %s",
			 link->targets[link->current].host, why);
		warn(link, warning);
		return true;
	}
	SSL_CTX_free(link->context);
	link->context = context;
	return !tls_peer_is_revoked(ssl, context);
}

/* Returns for how long a session was up, in milliseconds. */
static uint64_t speak(struct link *link, char *why, size_t why_size)
{
	struct dial dial;
	uint64_t up = 0;

	dial_begin(&dial, link, &link->targets[link->current], link->context);
	while (dial_step(&dial) < DIAL_DONE)
		if (wait_for(link, dial.wait_fd, dial.wait_events, dial.deadline) == LINK_STOPPING)
			break;
	if (dial.stage == DIAL_DONE)
		up = link_session_run(link, dial.ssl, dial.fd, why, why_size);
	else
		snprintf(why, why_size, "%s", dial.why);
	dial_end(&dial);
	return up;
}

static uint64_t attempt(struct link *link, char *why, size_t why_size)
{
	uint64_t up;

	link->context = read_files(link, why, why_size);
	if (!link->context)
		return 0;
	up = speak(link, why, why_size);
	SSL_CTX_free(link->context);
	link->context = NULL;
	return up;
}

/* One controller after the other, up to the first with which there was a session. Returns for how long. */
static uint64_t go_round(struct link *link)
{
	size_t left = link->current;
	bool returned = link->returning;
	uint64_t up = 0;

	link->returning = false;
	for (size_t i = 0; i < link->target_count && up == 0; i++) {
		/* Made before there is anything to tell, so that an end is always told. */
		struct link_event *down = link_event_new(LINK_DOWN);

		if (!down)
			break;
		/* None of the better ones has taken us. */
		if (returned && i == left)
			link->returns++;
		link->current = down->target = i;
		up = attempt(link, down->text, sizeof(down->text));
		down->sequence = link->returning;
		link_post(link, down);
		if (up >= link->timing.steady && i == 0)
			link->returns = 0;
		else if (returned && i < left && up > 0)
			link->returns++;
		if (is_stopping(link))
			break;
	}
	return up;
}

/* Doubles with each failure, and up to half of it more at random, so that a restarted controller is not stampeded. */
static uint64_t backoff(const struct link_timing *timing, unsigned int failures)
{
	uint64_t wait = timing->backoff_first;
	uint32_t random;

	while (failures-- > 0 && wait < timing->backoff_most)
		wait *= 2;
	if (wait > timing->backoff_most)
		wait = timing->backoff_most;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint32_t)link_now() * 2654435761u;
	return wait + random % (wait / 2 + 1);
}

static void free_link(struct link *link)
{
	queue_clear(&link->transitions);
	queue_clear(&link->messages);
	if (link->wake >= 0)
		close(link->wake);
	for (size_t i = 0; i < link->target_count; i++) {
		lookup_abandon(link->targets[i].lookup);
		free(link->targets[i].host);
		free(link->targets[i].vrf);
		free(link->targets[i].source);
	}
	free(link->targets);
	free(link->router_name);
	free(link->frr_version);
	free(link->module_version);
	free(link->journal_id);
	free(link->boot_id);
	free(link->ca);
	free(link->certificate);
	free(link->key);
	free(link->crl);
	pthread_cond_destroy(&link->ended);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

static void *run(void *argument)
{
	struct link *link = argument;
	unsigned int failures = 0;
	bool abandoned;

	prctl(PR_SET_NAME, "peering-link");
	do {
		if (go_round(link) >= link->timing.steady)
			failures = 0;
	} while (wait_for(link, -1, 0, link->returning ? 0 : link_now() + backoff(&link->timing, failures++)) != LINK_STOPPING);

	pthread_mutex_lock(&link->lock);
	link->finished = true;
	abandoned = link->abandoned;
	pthread_cond_signal(&link->ended);
	pthread_mutex_unlock(&link->lock);
	if (abandoned)
		free_link(link);
	return NULL;
}

/* --- start and stop --- */

static bool copy(char **to, const char *from)
{
	*to = strdup(from ? from : "");
	return *to != NULL;
}

static unsigned int or_default(unsigned int value, unsigned int otherwise)
{
	return value ? value : otherwise;
}

static bool copy_targets(struct link *link, const struct link_settings *settings)
{
	link->targets = calloc(settings->target_count, sizeof(*link->targets));
	if (!link->targets)
		return false;
	link->target_count = settings->target_count;
	for (size_t i = 0; i < link->target_count; i++) {
		const struct link_target *from = &settings->targets[i];
		struct target *to = &link->targets[i];

		to->port = from->port;
		to->in_namespace = from->in_namespace;
		if (!copy(&to->host, from->host) || !copy(&to->vrf, from->vrf) || !copy(&to->source, from->source))
			return false;
	}
	return true;
}

static bool copy_settings(struct link *link, const struct link_settings *settings)
{
	const struct link_timing *timing = &settings->timing;

	link->transition_bytes_most = settings->transition_bytes ? settings->transition_bytes : TRANSITION_BYTES_MOST;
	link->newest = link->acked = settings->given_after;
	link->journal_after = settings->journal_after;
	link->last_sequence = settings->last_sequence;
	link->known = settings->known_sequence;
	link_pushed(link, settings->last_push, settings->revision);
	link->timing.backoff_first = or_default(timing->backoff_first, 1000);
	link->timing.backoff_most = or_default(timing->backoff_most, 60000);
	link->timing.steady = or_default(timing->steady, 60000);
	link->timing.step = or_default(timing->step, 10000);
	link->timing.lookup = or_default(timing->lookup, 30000);
	link->timing.look = or_default(timing->look, 5000);
	link->timing.heartbeat = or_default(timing->heartbeat, 30000);
	link->timing.silence = or_default(timing->silence, 90000);
	link->timing.probe = or_default(timing->probe, 30000);
	link->timing.settle = or_default(timing->settle, 300000);
	return copy_targets(link, settings) && copy(&link->router_name, settings->router_name) &&
	       copy(&link->frr_version, settings->frr_version) &&
	       copy(&link->module_version, settings->module_version) && copy(&link->journal_id, settings->journal_id) &&
	       copy(&link->boot_id, settings->boot_id) && copy(&link->ca, settings->tls.ca) &&
	       copy(&link->certificate, settings->tls.certificate) && copy(&link->key, settings->tls.key) &&
	       copy(&link->crl, settings->tls.crl);
}

/*
 * bgpd handles its signals on the main thread. The SIGPIPE that OpenSSL's writes to a broken connection raise is for the
 * writing thread, and stays pending there.
 */
static int start_thread(struct link *link)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&link->thread, NULL, run, link);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct link *link_new(const struct link_settings *settings, struct mailbox *events)
{
	struct link *link = calloc(1, sizeof(*link));
	pthread_condattr_t monotonic;
	int error;

	if (!link)
		return NULL;
	link->events = events;
	queue_init(&link->transitions);
	queue_init(&link->messages);
	pthread_mutex_init(&link->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&link->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	link->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = link->wake < 0 ? errno : !copy_settings(link, settings) ? ENOMEM : 0;
	if (error != 0) {
		free_link(link);
		errno = error;
		return NULL;
	}
	return link;
}

bool link_start(struct link *link)
{
	int error = start_thread(link);

	link->started = error == 0;
	errno = error;
	return link->started;
}

uint64_t link_stop(struct link *link)
{
	struct timespec until;
	pthread_t thread;
	uint64_t known;
	bool finished;

	if (!link)
		return 0;
	if (!link->started) {
		known = link->known;
		free_link(link);
		return known;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += STOP_MILLISECONDS * 1000000L;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	thread = link->thread;
	pthread_mutex_lock(&link->lock);
	link->stopping = true;
	wake(link);
	while (!link->finished)
		if (pthread_cond_timedwait(&link->ended, &link->lock, &until) == ETIMEDOUT)
			break;
	finished = link->finished;
	known = link->known;
	link->abandoned = !finished;
	pthread_mutex_unlock(&link->lock);

	/* Nothing but a file system that hangs (the TLS files are read at each attempt) keeps the thread for so long. */
	if (finished) {
		pthread_join(thread, NULL);
		free_link(link);
	} else {
		pthread_detach(thread);
	}
	return known;
}
