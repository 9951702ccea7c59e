// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *	FRESH	 evhttp has not given it its socket yet; it is looked at behind the turn that accepted it
 *	NEWCOMER it has shown neither a certificate (TLS is not complete, or it has none) nor a token
 *	KNOWN	 it has
 *	LEAVING	 its socket was shut down, evhttp will notice
 */
#include "controller/api/api_clients.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "controller/api/api_error_page.h"
#include "controller/api/api_idempotency.h"
#include "controller/log.h"
#include "controller/routers/certificates.h"
#include "controller/routers/newcomers.h"
#include "controller/text.h"
#include "controller/turn.h"
#include "lib/tls.h"

/* A connection on which no request was complete for this long, longer than any answer waits, is closed. */
#define IDLE_SECONDS 60
#define SWEEP_SECONDS 1
/* What all together may send before it is known whose it is: each alone may send a policy of a megabyte. */
#define UNKNOWN_BYTES_MAX ((size_t)64 << 20)

enum client_state { FRESH, NEWCOMER, KNOWN, LEAVING };

struct client {
	LIST_ENTRY(client) link;
	struct newcomer newcomer;
	struct api_clients *clients; /* NULL once the API is gone */
	SSL *ssl;
	enum client_state state;
	size_t unknown_bytes;	/* that came while it was FRESH or NEWCOMER; counted in `clients`, too */
	int64_t newest_request; /* of somebody known, steady clock; at first when it was opened */
	struct api_claim *claim; /* owned */
	uint32_t peer;		/* AS of the peer that it is of; 0: of nobody, or of an operator */
};

struct api_clients {
	const struct config *config;
	struct certificates *certificates;
	struct evconnlistener *listener;
	struct event *sweep, *look;
	LIST_HEAD(, client) list;
	struct newcomers newcomers;
	unsigned int known;
	size_t unknown_bytes;
	bool full;
};

static int client_index = -1;

/* Accepts, or leaves those that come to wait, as many as are known. */
static void settle(struct api_clients *clients)
{
	bool full = clients->known >= clients->config->max_api_clients;

	if (!clients->listener || full == clients->full)
		return;
	clients->full = full;
	if (full) {
		log_event(LEVEL_WARNING, "api-full", "clients", log_number(clients->known), "message",
			  "further clients wait until one leaves; raise max-api-clients in the configuration", NULL);
		evconnlistener_disable(clients->listener);
	} else {
		evconnlistener_enable(clients->listener);
	}
}

static void forget_bytes(struct client *client)
{
	client->clients->unknown_bytes -= client->unknown_bytes;
	client->unknown_bytes = 0;
}

static void client_gone(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long number, void *argument)
{
	struct client *client = pointer;
	struct api_clients *clients;

	if (!client)
		return;
	clients = client->clients;
	if (clients) {
		LIST_REMOVE(client, link);
		newcomers_remove(&clients->newcomers, &client->newcomer);
		forget_bytes(client);
		clients->known -= client->state == KNOWN;
		settle(clients);
	}
	api_claim_free(client->claim);
	free(client);
}

/* evhttp notices and frees it. */
static void shut(struct client *client)
{
	struct api_clients *clients = client->clients;

	newcomers_remove(&clients->newcomers, &client->newcomer);
	forget_bytes(client);
	clients->known -= client->state == KNOWN;
	client->state = LEAVING;
	if (SSL_get_fd(client->ssl) >= 0)
		shutdown(SSL_get_fd(client->ssl), SHUT_RDWR);
	settle(clients);
}

static void welcome(struct client *client)
{
	struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
	socklen_t size = sizeof(from);
	struct newcomer *leaving;

	getpeername(SSL_get_fd(client->ssl), (struct sockaddr *)&from, &size);
	client->state = NEWCOMER;
	leaving = newcomers_add(&client->clients->newcomers, &client->newcomer, (struct sockaddr *)&from);
	if (leaving)
		shut((struct client *)((char *)leaving - offsetof(struct client, newcomer)));
}

static void become_known(struct client *client)
{
	char name[TLS_NAME_MAX];

	if (client->state != NEWCOMER)
		return;
	newcomers_remove(&client->clients->newcomers, &client->newcomer);
	forget_bytes(client);
	client->state = KNOWN;
	client->clients->known++;
	if (tls_peer_email(client->ssl, name, sizeof(name)))
		certificates_shown(client->clients->certificates, "operator", name, client->ssl);
	settle(client->clients);
}

/* Nothing tells when a handshake of evhttp's is complete. */
static void look_at(struct client *client)
{
	if (client->state == FRESH && SSL_get_fd(client->ssl) >= 0)
		welcome(client);
	if (client->state == NEWCOMER && SSL_is_init_finished(client->ssl) && SSL_get0_peer_certificate(client->ssl))
		become_known(client);
}

static void look_at_all(evutil_socket_t fd, short what, void *context)
{
	struct api_clients *clients = context;
	struct client *client;

	LIST_FOREACH (client, &clients->list, link)
		look_at(client);
}

/* Where it is too much, whoever has sent most goes. */
static void bytes_came(struct evbuffer *input, const struct evbuffer_cb_info *info, void *context)
{
	struct client *client = SSL_get_ex_data(context, client_index), *most = client, *other;
	struct api_clients *clients = client->clients;

	if (!clients || info->n_added == 0)
		return;
	look_at(client);
	if (client->state != FRESH && client->state != NEWCOMER)
		return;
	client->unknown_bytes += info->n_added;
	clients->unknown_bytes += info->n_added;
	if (clients->unknown_bytes <= UNKNOWN_BYTES_MAX)
		return;
	LIST_FOREACH (other, &clients->list, link)
		if (other->unknown_bytes > most->unknown_bytes)
			most = other;
	shut(most);
}

/* evhttp asks for the stream of each connection that it accepts; on NULL it would talk plain HTTP. */
static struct bufferevent *new_stream(struct event_base *base, void *context)
{
	struct api_clients *clients = context;
	struct client *client = calloc(1, sizeof(*client));
	struct bufferevent *stream;
	SSL *ssl = SSL_new(certificates_api_tls(clients->certificates));

	if (!client || !ssl || SSL_set_ex_data(ssl, client_index, client) != 1) {
		free(client);
		SSL_free(ssl);
		return NULL;
	}
	client->clients = clients;
	client->ssl = ssl;
	client->newest_request = clock_steady_milliseconds();
	LIST_INSERT_HEAD(&clients->list, client, link);
	event_active(clients->look, EV_TIMEOUT, 0);
	/* Frees `ssl`, and with it the client, also where it fails. */
	stream = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (stream && (!api_error_page_watch(stream) ||
		       !evbuffer_add_cb(bufferevent_get_input(stream), bytes_came, ssl))) {
		bufferevent_free(stream);
		return NULL;
	}
	return stream;
}

static void sweep(evutil_socket_t fd, short what, void *context)
{
	struct api_clients *clients = context;
	const struct config *config = clients->config;
	int64_t now = clock_steady_milliseconds();
	struct client *client;
	TURN(TURN_UPKEEP);

	LIST_FOREACH (client, &clients->list, link) {
		int64_t patience;

		look_at(client);
		patience = client->state == KNOWN ? IDLE_SECONDS + config->push_wait : config->handshake_timeout;
		if (client->state != LEAVING && now - client->newest_request > patience * 1000)
			shut(client);
	}
}

struct api_clients *api_clients_new(struct event_base *base, const struct config *config,
				    struct certificates *certificates, struct evhttp *http)
{
	struct api_clients *clients = calloc(1, sizeof(*clients));
	struct timeval each = {.tv_sec = SWEEP_SECONDS};

	if (!clients)
		return NULL;
	if (client_index < 0)
		client_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, client_gone);
	clients->config = config;
	clients->certificates = certificates;
	LIST_INIT(&clients->list);
	newcomers_init(&clients->newcomers, "api", config->max_handshakes, config->max_handshakes_per_source);
	clients->sweep = event_new(base, -1, EV_PERSIST, sweep, clients);
	clients->look = event_new(base, -1, 0, look_at_all, clients);
	if (client_index < 0 || !clients->sweep || !clients->look || event_add(clients->sweep, &each) < 0) {
		api_clients_free(clients);
		return NULL;
	}
	evhttp_set_timeout(http, IDLE_SECONDS);
	evhttp_set_bevcb(http, new_stream, clients);
	return clients;
}

void api_clients_end_revoked(struct api_clients *clients)
{
	SSL_CTX *tls = certificates_api_tls(clients->certificates);
	struct client *client;

	LIST_FOREACH (client, &clients->list, link)
		/* One that is being judged is judged by the files of before. */
		if ((client->state == NEWCOMER && !SSL_is_init_finished(client->ssl)) ||
		    (client->state == KNOWN && tls_peer_is_revoked(client->ssl, tls)))
			shut(client);
}

void api_clients_set_listener(struct api_clients *clients, struct evconnlistener *listener)
{
	clients->listener = listener;
}

void api_clients_free(struct api_clients *clients)
{
	struct client *client;

	if (!clients)
		return;
	if (clients->sweep)
		event_free(clients->sweep);
	if (clients->look)
		event_free(clients->look);
	LIST_FOREACH (client, &clients->list, link)
		client->clients = NULL;
	free(clients);
}

/* Whether this connection may be one more of this peer's. */
static bool has_room(const struct api_clients *clients, uint32_t peer)
{
	unsigned int own = 1, all = 1;
	const struct client *client;

	LIST_FOREACH (client, &clients->list, link) {
		own += client->peer == peer && client->state == KNOWN;
		all += client->peer != 0 && client->state == KNOWN;
	}
	return own <= clients->config->max_api_clients / 8 + 1 && all <= clients->config->max_api_clients / 2 + 1;
}

bool api_clients_is_ours(SSL *ssl)
{
	const struct client *client = ssl ? SSL_get_ex_data(ssl, client_index) : NULL;

	return client && client->state == KNOWN && client->peer == 0;
}

unsigned int api_clients_known(const struct api_clients *clients)
{
	return clients->known;
}

void api_clients_active(SSL *ssl)
{
	struct client *client = ssl ? SSL_get_ex_data(ssl, client_index) : NULL;

	if (client && client->clients)
		client->newest_request = clock_steady_milliseconds();
}

bool api_clients_identified(struct api_clients *clients, SSL *ssl, const struct api_identity *identity)
{
	struct client *client = ssl ? SSL_get_ex_data(ssl, client_index) : NULL;

	if (!client || !client->clients)
		return true;
	look_at(client);
	if (identity->role == API_ROLE_PEER && client->peer == 0) {
		if (!has_room(clients, identity->asn))
			return false;
		client->peer = identity->asn;
	}
	client->newest_request = clock_steady_milliseconds();
	become_known(client);
	return true;
}

struct api_claim *api_clients_claim(SSL *ssl)
{
	struct client *client = ssl ? SSL_get_ex_data(ssl, client_index) : NULL;

	return client ? client->claim : NULL;
}

bool api_clients_set_claim(SSL *ssl, struct api_claim *claim)
{
	struct client *client = ssl ? SSL_get_ex_data(ssl, client_index) : NULL;

	if (client)
		client->claim = claim;
	return client != NULL;
}
