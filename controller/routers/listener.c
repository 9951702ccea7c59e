// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/log.h"
#include "controller/service/metrics.h"
#include "controller/text.h"

#define BACKLOG 512
#define PAUSE_SECONDS 1

bool listener_parse(const char *text, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t length;
	unsigned long port;

	if (!colon || colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon) > 6)
		return false;
	port = strtoul(colon + 1, NULL, 10);
	length = (size_t)(colon - text);
	if (port > 65535 || length < 2 || length >= sizeof(host))
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	memset(address, 0, sizeof(*address));
	if (host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1;
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

void listener_format(const struct sockaddr *address, char text[LISTENER_ADDRESS_SIZE])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->sa_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(text, LISTENER_ADDRESS_SIZE, "%s:%u", host, ntohs(v4->sin_port));
	} else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof(host));
		snprintf(text, LISTENER_ADDRESS_SIZE, "%s:%u", host, ntohs(v6->sin6_port));
	} else if (address->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(text, LISTENER_ADDRESS_SIZE, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		snprintf(text, LISTENER_ADDRESS_SIZE, "?");
	}
}

static void resume(evutil_socket_t fd, short what, void *context)
{
	evconnlistener_enable(context);
}

static void accept_failed(struct evconnlistener *listener, void *context)
{
	struct timeval pause = {.tv_sec = PAUSE_SECONDS};
	int failure = EVUTIL_SOCKET_ERROR();

	/* The socket stays readable: without a pause the loop would do nothing else. */
	metrics.accept_failed_at = clock_steady_milliseconds();
	log_event(LEVEL_ERROR, "accept-failed", "message", strerror(failure), "do",
		  "raise the limit of open files (LimitNOFILE) if this stays", NULL);
	evconnlistener_disable(listener);
	event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, resume, listener, &pause);
}

static int bind_socket(const struct sockaddr_storage *address)
{
	socklen_t size = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int off = 0;
	int on = 1;
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    (address->ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) ||
	    bind(fd, (const struct sockaddr *)address, size) < 0) {
		int failure = errno;

		close(fd);
		errno = failure;
		return -1;
	}
	return fd;
}

static const char *bind_advice(int failure)
{
	switch (failure) {
	case EADDRINUSE:
		return "another process has this port; end it or choose another port";
	case EADDRNOTAVAIL:
		return "no interface of this machine has this address";
	case EAFNOSUPPORT:
		return "this machine has no IPv6; use 0.0.0.0 for every IPv4 address";
	case EACCES:
		return "ports below 1024 need CAP_NET_BIND_SERVICE";
	default:
		return "choose another address";
	}
}

struct evconnlistener *listener_open(struct event_base *base, const char *text, evconnlistener_cb accepted,
				     void *context, char *error, size_t error_size)
{
	struct sockaddr_storage address;
	struct evconnlistener *listener;
	int fd;

	if (!listener_parse(text, &address)) {
		snprintf(error, error_size, "cannot listen on %s: not an address and a port", text);
		return NULL;
	}
	fd = bind_socket(&address);
	if (fd < 0) {
		int failure = errno;

		snprintf(error, error_size, "cannot listen on %s: %s; %s", text, strerror(failure),
			 bind_advice(failure));
		return NULL;
	}
	listener =
		evconnlistener_new(base, accepted, context, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (!listener) {
		snprintf(error, error_size, "cannot listen on %s: %s", text, strerror(errno));
		close(fd);
		return NULL;
	}
	evconnlistener_set_error_cb(listener, accept_failed);
	return listener;
}

void listener_bound(struct evconnlistener *listener, char text[LISTENER_ADDRESS_SIZE])
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	socklen_t size = sizeof(address);

	getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&address, &size);
	listener_format((struct sockaddr *)&address, text);
}

void listener_peer(evutil_socket_t fd, char text[LISTENER_ADDRESS_SIZE])
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	socklen_t size = sizeof(address);

	getpeername(fd, (struct sockaddr *)&address, &size);
	listener_format((struct sockaddr *)&address, text);
}
