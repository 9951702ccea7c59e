// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/tls_watch.h"

#include <openssl/err.h>

#include "controller/log.h"
#include "controller/routers/listener.h"
#include "controller/service/metrics.h"
#include "lib/tls.h"

#define ERRORS_MAX 16

static void raise_again(const unsigned long *errors, int count)
{
	for (int i = 0; i < count; i++) {
		ERR_new();
		ERR_set_error(ERR_GET_LIB(errors[i]), ERR_GET_REASON(errors[i]), NULL);
	}
}

/*
 * The only place that sees a failed handshake of both listeners: evhttp has no callback for one. libevent looks at the
 * error queue after us, so it has to stay as it was.
 */
static void handshake_step(const SSL *const_ssl, int where, int result)
{
	SSL *ssl = (SSL *)const_ssl;
	unsigned long errors[ERRORS_MAX];
	char address[LISTENER_ADDRESS_SIZE];
	char message[TLS_ERROR_MAX];
	int count = 0;

	if (where != SSL_CB_ACCEPT_EXIT || result == 1 || ERR_peek_error() == 0)
		return;
	while (count < ERRORS_MAX && ERR_peek_error() != 0)
		errors[count++] = ERR_get_error();
	raise_again(errors, count);
	tls_describe_error(ssl, message, sizeof(message));
	raise_again(errors, count);
	listener_peer(SSL_get_fd(ssl), address);
	metrics.tls_refused++;
	log_event(LEVEL_WARNING, "tls-refused", "side", (const char *)SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)),
		  "address", address, "message", message, NULL);
}

void tls_watch(SSL_CTX *context, const char *side)
{
	SSL_CTX_set_app_data(context, (void *)side);
	SSL_CTX_set_info_callback(context, handshake_step);
	/* An idle session keeps no 32 KiB of record buffers. */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	/* libevent's writer counts on whole writes. */
	SSL_CTX_clear_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
	/* Frames and HTTP bodies have their own lengths: a cut is seen without TLS's help, and is no error of TLS. */
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
}
