/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's TLS files: read at the start, and again whenever one of them has changed or SIGHUP has come. What cannot
 * be used is refused with a line in the log, and what was there before stays in use. Sessions go on, but for those whose
 * certificate is now revoked.
 *
 * Says in the log when a certificate ends, its own or one that it is shown, each step once (lib/expiry.h); nobody is
 * refused for it before that end.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_CERTIFICATES_H
#define PEERING_CONTROLLER_CERTIFICATES_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/service/config.h"

struct certificates;

/* `config` must outlive it. NULL with a sentence in `error`. */
struct certificates *certificates_load(const struct config *config, char *error, size_t error_size);
void certificates_free(struct certificates *certificates);

/* Of the files as they are now; new sessions are made with it. */
SSL_CTX *certificates_router_tls(const struct certificates *certificates);
SSL_CTX *certificates_api_tls(const struct certificates *certificates);

/* When its own certificate ends: Unix seconds, 0 where that cannot be told. */
uint64_t certificates_own_end(const struct certificates *certificates);

struct certificates_hooks {
	void (*renewed)(void *context);	     /* sessions may have lost their right */
	/* That it ends soon has just been said in the log: 30, 7 and 1 days before, and then. Unix seconds. */
	void (*ends)(void *context, const char *whose, const char *name, uint64_t ends);
	void (*look_at_peers)(void *context); /* now and then: certificates_shown() for whoever is connected */
};
/* Begins to look at the files. False where memory is short. */
bool certificates_watch(struct certificates *certificates, struct event_base *base, const struct certificates_hooks *hooks,
			void *context);

/* Somebody of ours has shown this certificate: `kind` is "router" or "operator". */
void certificates_shown(struct certificates *certificates, const char *kind, const char *name, SSL *ssl);

#endif
