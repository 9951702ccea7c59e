// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The main thread's side of the link, and the outer loop of its thread: dial, let link_session.c speak, wait, again.
 *
 * The thread is written straight on: each step waits in link_wait(), which also ends it when link_stop() is called. One
 * lock guards the queues; it is never held over a system call other than a write to an eventfd.
 */
#include "bgpd-peering/link_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
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
#include <time.h>
#include <unistd.h>

#include "lib/frame.h"

#define STOP_MILLISECONDS 900
#define MESSAGE_BYTES_MOST (8u * 1024u * 1024u)
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

bool link_transition(struct link *link, const Peering__Transition *transition)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	struct queued *queued;

	envelope.body_case = PEERING__ENVELOPE__BODY_TRANSITION;
	envelope.transition = (Peering__Transition *)transition;
	if (pack(&envelope, &queued) != FRAME_OK)
		return false;
	queued->sequence = transition->sequence;
	queued->at = transition->at_milliseconds;

	pthread_mutex_lock(&link->lock);
	if (transition->sequence > link->last_sequence)
		link->last_sequence = transition->sequence;
	if (transition->sequence > link->newest) {
		link->newest = transition->sequence;
		queued->order = ++link->last_order;
		link->transition_bytes += queued->size;
		queue_append(&link->transitions, queued);
		if (!link->unsent)
			link->unsent = queued;
		queued = NULL;
	}
	pthread_mutex_unlock(&link->lock);
	queued_free(queued);
	wake(link);
	return true;
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
	figures->certificate_ends = link->certificate_ends;
	pthread_mutex_unlock(&link->lock);
}

/* --- the thread --- */

enum link_wait link_wait(struct link *link, int fd, short events, uint64_t deadline)
{
	struct pollfd fds[2] = {{.fd = link->wake, .events = POLLIN}, {.fd = fd, .events = events}};
	uint64_t now = link_now();
	uint64_t count;
	bool stopping, woken;
	int ready;

	ready = poll(fds, 2, deadline <= now ? 0 : deadline - now > 3600000 ? 3600000 : (int)(deadline - now));
	woken = (fds[0].revents & POLLIN) && read(link->wake, &count, sizeof(count)) > 0;
	pthread_mutex_lock(&link->lock);
	stopping = link->stopping;
	pthread_mutex_unlock(&link->lock);
	if (stopping)
		return LINK_STOPPING;
	if (ready > 0 && fds[1].revents)
		return LINK_READY;
	if (woken)
		return LINK_WOKEN;
	return link_now() >= deadline ? LINK_TIMEOUT : LINK_WOKEN;
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

static struct addrinfo *resolve(struct link *link, char *why, size_t why_size)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *addresses = NULL;
	struct lookup *lookup;
	char port[8];
	int result;

	/* An address in text needs no DNS, and without DNS this never waits. */
	snprintf(port, sizeof(port), "%u", link->port);
	if (getaddrinfo(link->host, port, &hints, &addresses) == 0)
		return addresses;

	/* A look-up that did not answer in an earlier attempt is waited for again: threads must not pile up. */
	if (!link->lookup)
		link->lookup = lookup_start(link->host, link->port);
	if (!link->lookup) {
		snprintf(why, why_size, "cannot look up %s: %s", link->host, strerror(errno));
		return NULL;
	}
	if (wait_for(link, lookup_fd(link->lookup), POLLIN, link_now() + link->timing.lookup) != LINK_READY) {
		snprintf(why, why_size, "DNS does not answer for %s; check the resolver of this router", link->host);
		return NULL;
	}
	lookup = link->lookup;
	link->lookup = NULL;
	result = lookup_finish(lookup, &addresses);
	if (result != 0) {
		snprintf(why, why_size, "cannot look up %s: %s", link->host,
			 result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
		return NULL;
	}
	return addresses;
}

/* The one place that makes the socket: what binds it to an address, an interface or a VRF belongs here. */
static int open_socket(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	int on = 1, idle = 30, interval = 10, count = 3, most_milliseconds = 90000;

	if (fd < 0)
		return -1;
	/* None of these can keep the link from working; where one is refused, the link's own heartbeats are left. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &most_milliseconds, sizeof(most_milliseconds));
	return fd;
}

static int connect_one(struct link *link, const struct addrinfo *address, char *why, size_t why_size)
{
	char text[64] = "?"; /* with the scope of a link-local one */
	socklen_t size = sizeof(int);
	enum link_wait wait;
	int fd, error = 0;

	getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
	fd = open_socket(address);
	if (fd < 0) {
		snprintf(why, why_size, "cannot make a socket for %s: %s", text, strerror(errno));
		return -1;
	}
	if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
		return fd;
	if (errno != EINPROGRESS) {
		error = errno;
	} else {
		wait = wait_for(link, fd, POLLOUT, link_now() + link->timing.step);
		if (wait == LINK_TIMEOUT)
			error = ETIMEDOUT;
		else if (wait == LINK_STOPPING)
			error = ECANCELED;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
			error = errno;
	}
	if (error == 0)
		return fd;
	close(fd);
	snprintf(why, why_size, "cannot connect to %s port %u: %s", text, link->port, strerror(error));
	return -1;
}

static bool handshake(struct link *link, SSL *ssl, int fd, char *why, size_t why_size)
{
	uint64_t deadline = link_now() + link->timing.step;
	char reason[TLS_ERROR_MAX / 2];

	for (;;) {
		int result, error;

		errno = 0;
		result = SSL_connect(ssl);
		if (result == 1)
			return true;
		error = SSL_get_error(ssl, result);
		if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
			tls_describe_error(ssl, reason, sizeof(reason));
			break;
		}
		if (wait_for(link, fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline) != LINK_READY) {
			snprintf(reason, sizeof(reason), "the other side does not go on");
			break;
		}
	}
	snprintf(why, why_size, "no TLS with %s port %u: %s", link->host, link->port, reason);
	return false;
}

/* TLS and what comes after it on a socket that is connected. Returns for how long the session was up. */
static uint64_t converse(struct link *link, SSL_CTX *context, int fd, char *why, size_t why_size)
{
	SSL *ssl = SSL_new(context);
	uint64_t up = 0;

	if (!ssl || SSL_set_fd(ssl, fd) != 1 || !tls_expect_host(ssl, link->host))
		snprintf(why, why_size, "cannot set up TLS for the controller's name %s", link->host);
	else if (handshake(link, ssl, fd, why, why_size))
		up = link_session_run(link, ssl, fd, why, why_size);
	SSL_free(ssl);
	ERR_clear_error();
	return up;
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

static uint64_t attempt(struct link *link, char *why, size_t why_size)
{
	char warning[TLS_ERROR_MAX];
	struct tls_files files = {.ca = link->ca, .certificate = link->certificate, .key = link->key};
	SSL_CTX *context = tls_client_context(&files, why, why_size);
	struct addrinfo *addresses;
	uint64_t up = 0;
	int fd = -1;

	if (!context)
		return 0;
	pthread_mutex_lock(&link->lock);
	link->certificate_ends = tls_certificate_ends(context);
	pthread_mutex_unlock(&link->lock);
	if (tls_key_is_exposed(&files, warning, sizeof(warning)))
		warn(link, warning);
	addresses = resolve(link, why, why_size);
	for (struct addrinfo *address = addresses; address && fd < 0; address = address->ai_next)
		fd = connect_one(link, address, why, why_size);
	if (addresses)
		freeaddrinfo(addresses);
	if (fd >= 0) {
		up = converse(link, context, fd, why, why_size);
		close(fd);
	}
	SSL_CTX_free(context);
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
	lookup_abandon(link->lookup);
	if (link->wake >= 0)
		close(link->wake);
	free(link->host);
	free(link->router_name);
	free(link->frr_version);
	free(link->module_version);
	free(link->journal_id);
	free(link->boot_id);
	free(link->ca);
	free(link->certificate);
	free(link->key);
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
		/* Made before there is anything to tell, so that an end is always told. */
		struct link_event *down = link_event_new(LINK_DOWN);

		if (down) {
			if (attempt(link, down->text, sizeof(down->text)) >= link->timing.steady)
				failures = 0;
			link_post(link, down);
		}
	} while (wait_for(link, -1, 0, link_now() + backoff(&link->timing, failures++)) != LINK_STOPPING);

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

static bool copy_settings(struct link *link, const struct link_settings *settings)
{
	const struct link_timing *timing = &settings->timing;

	link->port = settings->port;
	link->last_sequence = settings->last_sequence;
	link->known = settings->known_sequence;
	link_pushed(link, settings->last_push, settings->revision);
	link->timing.backoff_first = or_default(timing->backoff_first, 1000);
	link->timing.backoff_most = or_default(timing->backoff_most, 60000);
	link->timing.steady = or_default(timing->steady, 60000);
	link->timing.step = or_default(timing->step, 10000);
	link->timing.lookup = or_default(timing->lookup, 30000);
	link->timing.heartbeat = or_default(timing->heartbeat, 30000);
	link->timing.silence = or_default(timing->silence, 90000);
	return copy(&link->host, settings->host) && copy(&link->router_name, settings->router_name) &&
	       copy(&link->frr_version, settings->frr_version) &&
	       copy(&link->module_version, settings->module_version) && copy(&link->journal_id, settings->journal_id) &&
	       copy(&link->boot_id, settings->boot_id) && copy(&link->ca, settings->tls.ca) &&
	       copy(&link->certificate, settings->tls.certificate) && copy(&link->key, settings->tls.key);
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
