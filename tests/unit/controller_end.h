/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's end of a link, for tests: a real TLS server on 127.0.0.1, led by the test line by line. Whatever takes
 * longer than some seconds fails the test.
 */
#ifndef TESTS_UNIT_CONTROLLER_END_H
#define TESTS_UNIT_CONTROLLER_END_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/peering.pb-c.h"
#include "lib/tls.h"

struct controller_end {
	int listener;
	uint16_t port;
	SSL_CTX *context;
	int fd; /* the session, -1: none */
	SSL *ssl;
	uint8_t *input;
	size_t input_size;
	uint64_t heartbeats; /* read and passed over */
};

/* Listens on a port of its own. */
void controller_open(struct controller_end *end, struct tls_files files);
void controller_close(struct controller_end *end);
/* Nobody gets in; on the same port again. */
void controller_deafen(struct controller_end *end);
void controller_listen(struct controller_end *end);

/* Waits for the router, without TLS; then with it. A failed handshake is the test's failure in the second. */
void controller_accept_tcp(struct controller_end *end);
void controller_accept(struct controller_end *end);
/* TLS on what was accepted; false where it failed. */
bool controller_handshake(struct controller_end *end);
/* Ends the session: in good order, or by a reset. */
void controller_hang_up(struct controller_end *end);
void controller_reset(struct controller_end *end);

/* The next envelope that is no heartbeat; NULL at the end of the session. The caller frees it. */
Peering__Envelope *controller_read(struct controller_end *end);
/* The same, and it must be of that kind. */
Peering__Envelope *controller_expect(struct controller_end *end, Peering__Envelope__BodyCase body);
/* The next one must be a transition with that number. */
void controller_expect_transition(struct controller_end *end, uint64_t sequence);
/* The session must end with an Error of that code. */
void controller_expect_error(struct controller_end *end, const char *code);

void controller_send_bytes(struct controller_end *end, const void *bytes, size_t size);
void controller_send(struct controller_end *end, const Peering__Envelope *envelope);
void controller_hello_ack(struct controller_end *end, const char *router_name, uint64_t acked);
void controller_hello_ack_at(struct controller_end *end, const char *router_name, uint64_t acked,
			     uint64_t acked_at_milliseconds);
void controller_ack(struct controller_end *end, uint64_t sequence);
void controller_heartbeat(struct controller_end *end);
void controller_error(struct controller_end *end, const char *code, const char *message);

#endif
