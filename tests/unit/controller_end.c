// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include "tests/unit/controller_end.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/frame.h"

#define PATIENCE_SECONDS 30

void controller_open(struct controller_end *end, struct tls_files files)
{
	char error[TLS_ERROR_MAX] = "";

	memset(end, 0, sizeof(*end));
	end->fd = -1;
	end->context = tls_server_context(&files, error, sizeof(error));
	if (!end->context)
		fail_msg("%s", error);
	controller_listen(end);
}

void controller_listen(struct controller_end *end)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = {htonl(INADDR_LOOPBACK)},
		.sin_port = htons(end->port),
	};
	socklen_t size = sizeof(address);
	int on = 1;

	end->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(end->listener >= 0);
	assert_int_equal(setsockopt(end->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(end->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(end->listener, 4), 0);
	assert_int_equal(getsockname(end->listener, (struct sockaddr *)&address, &size), 0);
	end->port = ntohs(address.sin_port);
}

void controller_deafen(struct controller_end *end)
{
	close(end->listener);
	end->listener = -1;
}

static void forget_session(struct controller_end *end)
{
	SSL_free(end->ssl);
	ERR_clear_error();
	free(end->input);
	if (end->fd >= 0)
		close(end->fd);
	end->ssl = NULL;
	end->input = NULL;
	end->input_size = 0;
	end->fd = -1;
}

void controller_close(struct controller_end *end)
{
	forget_session(end);
	close(end->listener);
	SSL_CTX_free(end->context);
}

void controller_accept_tcp(struct controller_end *end)
{
	struct pollfd fd = {.fd = end->listener, .events = POLLIN};
	struct timeval patience = {.tv_sec = PATIENCE_SECONDS};

	assert_int_equal(end->fd, -1);
	assert_int_equal(poll(&fd, 1, PATIENCE_SECONDS * 1000), 1);
	end->fd = accept4(end->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(end->fd >= 0);
	assert_int_equal(setsockopt(end->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(setsockopt(end->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
}

bool controller_handshake(struct controller_end *end)
{
	end->ssl = SSL_new(end->context);
	assert_non_null(end->ssl);
	assert_int_equal(SSL_set_fd(end->ssl, end->fd), 1);
	if (SSL_accept(end->ssl) == 1)
		return true;
	ERR_clear_error();
	return false;
}

void controller_accept(struct controller_end *end)
{
	controller_accept_tcp(end);
	assert_true(controller_handshake(end));
}

void controller_hang_up(struct controller_end *end)
{
	if (end->ssl)
		SSL_shutdown(end->ssl);
	forget_session(end);
}

void controller_reset(struct controller_end *end)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	assert_int_equal(setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	forget_session(end);
}

/* One more byte or more; false at the end of the session. A time-out fails the test. */
static bool read_more(struct controller_end *end, size_t needed)
{
	int got;

	end->input = realloc(end->input, needed);
	assert_non_null(end->input);
	errno = 0;
	got = SSL_read(end->ssl, end->input + end->input_size, (int)(needed - end->input_size));
	if (got <= 0) {
		assert_int_not_equal(errno, EAGAIN);
		ERR_clear_error();
		return false;
	}
	end->input_size += (size_t)got;
	return true;
}

Peering__Envelope *controller_read(struct controller_end *end)
{
	for (;;) {
		Peering__Envelope *envelope = NULL;
		size_t used = 0;
		enum frame_error error = frame_unpack(end->input, end->input_size, &envelope, &used);

		if (error == FRAME_INCOMPLETE) {
			if (!read_more(end, used))
				return NULL;
			continue;
		}
		assert_int_equal(error, FRAME_OK);
		memmove(end->input, end->input + used, end->input_size - used);
		end->input_size -= used;
		if (envelope->body_case != PEERING__ENVELOPE__BODY_HEARTBEAT)
			return envelope;
		end->heartbeats++;
		peering__envelope__free_unpacked(envelope, NULL);
	}
}

Peering__Envelope *controller_expect(struct controller_end *end, Peering__Envelope__BodyCase body)
{
	Peering__Envelope *envelope = controller_read(end);

	assert_non_null(envelope);
	assert_int_equal(envelope->body_case, body);
	return envelope;
}

void controller_expect_transition(struct controller_end *end, uint64_t sequence)
{
	Peering__Envelope *envelope = controller_expect(end, PEERING__ENVELOPE__BODY_TRANSITION);

	assert_int_equal(envelope->transition->sequence, sequence);
	peering__envelope__free_unpacked(envelope, NULL);
}

void controller_expect_error(struct controller_end *end, const char *code)
{
	Peering__Envelope *envelope = controller_expect(end, PEERING__ENVELOPE__BODY_ERROR);

	assert_string_equal(envelope->error->code, code);
	assert_true(strlen(envelope->error->message) > 10);
	peering__envelope__free_unpacked(envelope, NULL);
	assert_null(controller_read(end));
}

void controller_send_bytes(struct controller_end *end, const void *bytes, size_t size)
{
	size_t sent = 0;

	while (sent < size) {
		int result = SSL_write(end->ssl, (const uint8_t *)bytes + sent, (int)(size - sent));

		assert_true(result > 0);
		sent += (size_t)result;
	}
}

void controller_send(struct controller_end *end, const Peering__Envelope *envelope)
{
	uint8_t *frame;
	size_t size;

	assert_int_equal(frame_pack(envelope, &frame, &size), FRAME_OK);
	controller_send_bytes(end, frame, size);
	free(frame);
}

void controller_hello_ack(struct controller_end *end, const char *router_name, uint64_t acked)
{
	controller_hello_ack_at(end, router_name, acked, 0);
}

void controller_hello_ack_at(struct controller_end *end, const char *router_name, uint64_t acked,
			     uint64_t acked_at_milliseconds)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__HelloAck ack = PEERING__HELLO_ACK__INIT;

	ack.protocol_version = 1;
	ack.router_name = (char *)router_name;
	ack.acked_sequence = acked;
	ack.acked_at_milliseconds = acked_at_milliseconds;
	envelope.body_case = PEERING__ENVELOPE__BODY_HELLO_ACK;
	envelope.hello_ack = &ack;
	controller_send(end, &envelope);
}

void controller_ack(struct controller_end *end, uint64_t sequence)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Ack ack = PEERING__ACK__INIT;

	ack.sequence = sequence;
	envelope.body_case = PEERING__ENVELOPE__BODY_ACK;
	envelope.ack = &ack;
	controller_send(end, &envelope);
}

void controller_heartbeat(struct controller_end *end)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Heartbeat heartbeat = PEERING__HEARTBEAT__INIT;

	heartbeat.at_milliseconds = 1;
	envelope.body_case = PEERING__ENVELOPE__BODY_HEARTBEAT;
	envelope.heartbeat = &heartbeat;
	controller_send(end, &envelope);
}

void controller_error(struct controller_end *end, const char *code, const char *message)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Error error = PEERING__ERROR__INIT;

	error.code = (char *)code;
	error.message = (char *)message;
	envelope.body_case = PEERING__ENVELOPE__BODY_ERROR;
	envelope.error = &error;
	controller_send(end, &envelope);
}
