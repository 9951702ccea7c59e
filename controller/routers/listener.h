/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listening sockets of both sides: parses an address, binds, and survives a shortage of descriptors.
 */
#ifndef PEERING_CONTROLLER_LISTENER_H
#define PEERING_CONTROLLER_LISTENER_H

#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define LISTENER_ADDRESS_SIZE 64 /* "[2001:db8::1]:4790" and its NUL */

/* "192.0.2.1:4790", "[2001:db8::1]:4790"; the port must be there, 0 is the kernel's choice. Pure. */
bool listener_parse(const char *text, struct sockaddr_storage *address);

/* Writes an address the way listener_parse() reads it; IPv4 that came in through an IPv6 socket as IPv4. */
void listener_format(const struct sockaddr *address, char text[LISTENER_ADDRESS_SIZE]);

/*
 * Binds and listens; "[::]" takes IPv4 as well. While the process has no descriptor left, accepting pauses for a
 * second at a time instead of spinning. NULL with a sentence in `error`. evconnlistener_free() ends it.
 */
struct evconnlistener *listener_open(struct event_base *base, const char *text, evconnlistener_cb accepted,
				     void *context, char *error, size_t error_size);

/* The address that a listener is bound to, with the port that the kernel chose. */
void listener_bound(struct evconnlistener *listener, char text[LISTENER_ADDRESS_SIZE]);

/* The far end of a connected socket, or "?". */
void listener_peer(evutil_socket_t fd, char text[LISTENER_ADDRESS_SIZE]);

#endif
