/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connections to the API: how many there may be, and which of them have to go. evhttp makes and frees them; here
 * each has an entry that lives as long as its SSL.
 *
 * While max-api-clients of them have shown a certificate or a token no further one is accepted, and those that come wait in
 * the kernel. Those that have shown none yet hold no place of theirs (newcomers.h). Main thread.
 */
#ifndef PEERING_CONTROLLER_API_CLIENTS_H
#define PEERING_CONTROLLER_API_CLIENTS_H

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <openssl/ssl.h>

#include "controller/api/api_identity.h"
#include "controller/service/config.h"

struct api_claim;
struct api_clients;
struct certificates;

/* Gives `http` its TLS. `config` and `certificates` must outlive it. NULL where memory is short. */
struct api_clients *api_clients_new(struct event_base *base, const struct config *config,
				    struct certificates *certificates, struct evhttp *http);
/* The listener of `http`, which is paused while it is full; NULL: no longer. */
void api_clients_set_listener(struct api_clients *clients, struct evconnlistener *listener);
/* After evhttp_free(), which frees all of its connections but those that libevent frees with its base. */
void api_clients_free(struct api_clients *clients);

/* New revocation lists: closes the connections that they concern. */
void api_clients_end_revoked(struct api_clients *clients);

/*
 * A request of somebody known came in over it. False where it is a peer's, and peers have as many connections as they
 * may: an eighth of all for one, half for all of them, so that they never keep operators out.
 */
bool api_clients_identified(struct api_clients *clients, SSL *ssl, const struct api_identity *identity);

/* Whether it is known, and of nobody outside this network. */
bool api_clients_is_ours(SSL *ssl);

/* How many have shown who they are. */
unsigned int api_clients_known(const struct api_clients *clients);

/* An answer that goes on is being taken: it is not idle. */
void api_clients_active(SSL *ssl);

/* What a request with an Idempotency-Key has on its connection while it runs, and that frees. NULL `ssl`: none. */
struct api_claim *api_clients_claim(SSL *ssl);
/* False where there is no such connection. */
bool api_clients_set_claim(SSL *ssl, struct api_claim *claim);

#endif
