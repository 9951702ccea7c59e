/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets a server context up for libevent, and says in the log why a handshake failed and whose it was.
 */
#ifndef PEERING_CONTROLLER_TLS_WATCH_H
#define PEERING_CONTROLLER_TLS_WATCH_H

#include <openssl/ssl.h>

/* `side` is a static word for the log, "router" or "api". */
void tls_watch(SSL_CTX *context, const char *side);

#endif
