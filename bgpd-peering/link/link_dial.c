// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/link/link_dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bgpd-peering/link/link_socket.h"

static void fail(struct dial *dial)
{
	dial->stage = DIAL_FAILED;
	dial->wait_fd = -1;
}

static void wait_for(struct dial *dial, int fd, short events)
{
	dial->wait_fd = fd;
	dial->wait_events = events;
}

static bool is_ready(const struct dial *dial)
{
	struct pollfd fd = {.fd = dial->wait_fd, .events = dial->wait_events};

	return dial->wait_fd < 0 || poll(&fd, 1, 0) > 0;
}

/* ---- DNS ---- */

static void begin_lookup(struct dial *dial)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct target *target = dial->target;
	char port[8];

	dial->stage = DIAL_LOOKUP;
	/* An address in text needs no DNS, and without DNS this never waits. */
	snprintf(port, sizeof(port), "%u", target->port);
	if (getaddrinfo(target->host, port, &hints, &dial->addresses) == 0) {
		dial->address = dial->addresses;
		dial->stage = DIAL_CONNECT;
		return;
	}
	/* A look-up that did not answer in an earlier attempt is waited for again: threads must not pile up. */
	if (!target->lookup)
		target->lookup = lookup_start(target->host, target->port);
	if (!target->lookup) {
		snprintf(dial->why, sizeof(dial->why), "cannot look up %s: %s", target->host, strerror(errno));
		fail(dial);
		return;
	}
	dial->deadline = link_now() + dial->link->timing.lookup;
	wait_for(dial, lookup_fd(target->lookup), POLLIN);
}

static void end_lookup(struct dial *dial)
{
	struct lookup *lookup = dial->target->lookup;
	int result;

	dial->target->lookup = NULL;
	result = lookup_finish(lookup, &dial->addresses);
	if (result == 0) {
		dial->address = dial->addresses;
		dial->stage = DIAL_CONNECT;
		dial->wait_fd = -1;
		return;
	}
	snprintf(dial->why, sizeof(dial->why), "cannot look up %s: %s", dial->target->host,
		 result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result));
	fail(dial);
}

/* ---- TCP ---- */

/* The address that is tried has failed: the next one, or the end. */
static void next_address(struct dial *dial, const char *what, int error)
{
	char text[64] = "?"; /* with the scope of a link-local one */

	getnameinfo(dial->address->ai_addr, dial->address->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
	snprintf(dial->why, sizeof(dial->why), "cannot %s %s port %u: %s", what, text, dial->target->port, strerror(error));
	if (dial->fd >= 0)
		close(dial->fd);
	dial->fd = -1;
	dial->wait_fd = -1;
	dial->address = dial->address->ai_next;
	if (!dial->address)
		fail(dial);
}

static void connected(struct dial *dial)
{
	dial->stage = DIAL_TLS;
	dial->wait_fd = -1;
	dial->deadline = link_now() + dial->link->timing.step;
	if (SSL_set_fd(dial->ssl, dial->fd) == 1 && tls_expect_host(dial->ssl, dial->target->host))
		return;
	snprintf(dial->why, sizeof(dial->why), "cannot set up TLS for the controller's name %s", dial->target->host);
	fail(dial);
}

static void connect_step(struct dial *dial)
{
	const struct addrinfo *address = dial->address;
	char why[TLS_ERROR_MAX] = "";
	socklen_t size = sizeof(int);
	int error = 0;

	if (dial->fd < 0) {
		dial->fd = link_socket_open(dial->target, address, why, sizeof(why));
		if (dial->fd < 0) {
			/* Another address may be of the family that the source has; what failed before says more. */
			if (!dial->why[0])
				memcpy(dial->why, why, sizeof(why));
			dial->address = address->ai_next;
			if (!dial->address)
				fail(dial);
			return;
		}
		if (connect(dial->fd, address->ai_addr, address->ai_addrlen) == 0) {
			connected(dial);
		} else if (errno == EINPROGRESS) {
			dial->deadline = link_now() + dial->link->timing.step;
			wait_for(dial, dial->fd, POLLOUT);
		} else {
			next_address(dial, "connect to", errno);
		}
		return;
	}
	if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error == 0)
		connected(dial);
	else
		next_address(dial, "connect to", error);
}

/* ---- TLS ---- */

static void no_tls(struct dial *dial, const char *reason)
{
	snprintf(dial->why, sizeof(dial->why), "no TLS with %s port %u: %s", dial->target->host, dial->target->port, reason);
	fail(dial);
}

static void handshake_step(struct dial *dial)
{
	char reason[TLS_ERROR_MAX / 2];
	int result, error;

	errno = 0;
	result = SSL_connect(dial->ssl);
	if (result == 1) {
		dial->stage = DIAL_DONE;
		dial->wait_fd = -1;
		return;
	}
	error = SSL_get_error(dial->ssl, result);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		wait_for(dial, dial->fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
		return;
	}
	tls_describe_error(dial->ssl, reason, sizeof(reason));
	no_tls(dial, reason);
}

/* ---- the whole ---- */

static void timed_out(struct dial *dial)
{
	switch (dial->stage) {
	case DIAL_LOOKUP:
		snprintf(dial->why, sizeof(dial->why), "DNS does not answer for %s; check the resolver of this router",
			 dial->target->host);
		fail(dial);
		break;
	case DIAL_CONNECT:
		next_address(dial, "connect to", ETIMEDOUT);
		break;
	default:
		no_tls(dial, "the other side does not go on");
		break;
	}
}

void dial_begin(struct dial *dial, struct link *link, struct target *target, SSL_CTX *context)
{
	*dial = (struct dial){.link = link, .target = target, .fd = -1, .wait_fd = -1, .ssl = SSL_new(context)};
	if (dial->ssl) {
		begin_lookup(dial);
		return;
	}
	snprintf(dial->why, sizeof(dial->why), "memory is short for the link to the controller");
	fail(dial);
}

enum dial_stage dial_step(struct dial *dial)
{
	while (dial->stage < DIAL_DONE) {
		if (!is_ready(dial)) {
			if (link_now() < dial->deadline)
				break;
			timed_out(dial);
		} else if (dial->stage == DIAL_LOOKUP) {
			end_lookup(dial);
		} else if (dial->stage == DIAL_CONNECT) {
			connect_step(dial);
		} else {
			handshake_step(dial);
		}
	}
	return dial->stage;
}

void dial_end(struct dial *dial)
{
	SSL_free(dial->ssl);
	ERR_clear_error();
	if (dial->fd >= 0)
		close(dial->fd);
	if (dial->addresses)
		freeaddrinfo(dial->addresses);
	*dial = (struct dial){.stage = DIAL_FAILED, .fd = -1, .wait_fd = -1};
}
