// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/routers.h"

#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/log.h"
#include "controller/routers/certificates.h"
#include "controller/routers/newcomers.h"
#include "controller/routers/queries.h"
#include "controller/routers/router_session.h"
#include "lib/tls.h"

/* One node of the tree of names. */
struct claim {
	char *name;
	struct router_session *session;
};

struct routers {
	struct event_base *base;
	const struct config *config;
	struct certificates *certificates;
	struct reports *reports;
	struct pushes *pushes;
	struct queries *queries;
	struct evconnlistener *listener;
	LIST_HEAD(, router_session_link) sessions;
	unsigned int count;
	struct newcomers newcomers;
	void *claims; /* tsearch() tree of struct claim */
	unsigned int claim_count;
};

static int compare_claims(const void *left, const void *right)
{
	return strcmp(((const struct claim *)left)->name, ((const struct claim *)right)->name);
}

static struct claim *find_claim(const struct routers *routers, const char *name)
{
	struct claim key = {.name = (char *)name};
	void *node = tfind(&key, &routers->claims, compare_claims);

	return node ? *(struct claim **)node : NULL;
}

static void accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int length,
		     void *context)
{
	struct routers *routers = context;
	struct router_session *session = router_session_new(routers, routers->base, certificates_router_tls(routers->certificates), fd);
	struct router_session_link *link;
	struct newcomer *leaving;

	if (!session) {
		log_event(LEVEL_ERROR, "router-refused", "message", "memory is short", NULL);
		return;
	}
	link = router_session_link(session);
	routers->count++;
	LIST_INSERT_HEAD(&routers->sessions, link, link);
	leaving = newcomers_add(&routers->newcomers, &link->newcomer, from);
	if (leaving) {
		link = (struct router_session_link *)((char *)leaving - offsetof(struct router_session_link, newcomer));
		router_session_close(link->session, NULL, "others have come since");
	}
}

struct routers *routers_open(struct event_base *base, const struct config *config,
			     struct certificates *certificates, struct reports *reports, struct pushes *pushes, char *error, size_t error_size)
{
	struct routers *routers = calloc(1, sizeof(*routers));

	if (!routers)
		return NULL;
	routers->base = base;
	routers->config = config;
	routers->certificates = certificates;
	routers->reports = reports;
	routers->pushes = pushes;
	routers->queries = queries_new(base);
	if (!routers->queries) {
		free(routers);
		return NULL;
	}
	LIST_INIT(&routers->sessions);
	newcomers_init(&routers->newcomers, "router", config->max_handshakes, config->max_handshakes_per_source);
	routers->listener = listener_open(base, config->router_listen, accepted, routers, error, error_size);
	if (!routers->listener) {
		queries_free(routers->queries);
		free(routers);
		return NULL;
	}
	return routers;
}

static void close_all(struct routers *routers, const char *code)
{
	struct router_session_link *link = LIST_FIRST(&routers->sessions);

	while (link) {
		/* Closing may take the session, and its link with it, out of the list. */
		struct router_session_link *next = LIST_NEXT(link, link);

		router_session_close(link->session, code, "the controller is stopping; connect again later");
		link = next;
	}
}

void routers_end_revoked(struct routers *routers)
{
	SSL_CTX *tls = certificates_router_tls(routers->certificates);
	struct router_session_link *link = LIST_FIRST(&routers->sessions);

	while (link) {
		struct router_session_link *next = LIST_NEXT(link, link);
		SSL *ssl = router_session_ssl(link->session);

		/* One that is being judged is judged by the files of before. */
		if (ssl && !SSL_is_init_finished(ssl))
			router_session_close(link->session, NULL, "the certificates have changed");
		else if (ssl && tls_peer_is_revoked(ssl, tls))
			router_session_close(link->session, "certificate", "the router's certificate has been revoked");
		link = next;
	}
}

void routers_look_at_certificates(struct routers *routers)
{
	struct router_session_link *link;

	LIST_FOREACH (link, &routers->sessions, link)
		if (router_session_is_up(link->session))
			certificates_shown(routers->certificates, "router", router_session_name(link->session),
					   router_session_ssl(link->session));
}

void routers_stop(struct routers *routers)
{
	evconnlistener_set_cb(routers->listener, NULL, NULL);
	close_all(routers, "stopping");
}

void routers_free(struct routers *routers)
{
	if (!routers)
		return;
	close_all(routers, NULL);
	evconnlistener_free(routers->listener);
	queries_free(routers->queries);
	free(routers);
}

void routers_bound(const struct routers *routers, char text[LISTENER_ADDRESS_SIZE])
{
	listener_bound(routers->listener, text);
}

unsigned int routers_session_count(const struct routers *routers)
{
	return routers->count;
}

struct router_session *routers_find(const struct routers *routers, const char *name)
{
	struct claim *claim = find_claim(routers, name);

	return claim && router_session_is_up(claim->session) ? claim->session : NULL;
}

struct reports *routers_reports(const struct routers *routers)
{
	return routers->reports;
}

struct pushes *routers_pushes(const struct routers *routers)
{
	return routers->pushes;
}

struct certificates *routers_certificates(const struct routers *routers)
{
	return routers->certificates;
}

struct queries *routers_queries(const struct routers *routers)
{
	return routers->queries;
}

const struct config *routers_config(const struct routers *routers)
{
	return routers->config;
}

bool routers_has_room(const struct routers *routers, const char *name)
{
	return routers->claim_count < routers->config->max_routers || find_claim(routers, name);
}

bool routers_claim(struct routers *routers, const char *name, struct router_session *session)
{
	struct claim *claim = find_claim(routers, name);

	if (claim) {
		log_event(
			LEVEL_WARNING, "router-replaced", "router", name, "message",
			"a newer session of this router replaces the older one; if this repeats, two machines use one "
			"certificate",
			NULL);
		router_session_close(claim->session, "replaced", "a newer session of this router replaces this one");
	}
	claim = calloc(1, sizeof(*claim));
	if (!claim)
		return false;
	claim->session = session;
	claim->name = strdup(name);
	if (claim->name && tsearch(claim, &routers->claims, compare_claims)) {
		routers->claim_count++;
		newcomers_remove(&routers->newcomers, &router_session_link(session)->newcomer);
		return true;
	}
	free(claim->name);
	free(claim);
	return false;
}

void routers_yield(struct routers *routers, const char *name, struct router_session *session)
{
	struct claim *claim = find_claim(routers, name);

	if (!claim || claim->session != session)
		return;
	tdelete(claim, &routers->claims, compare_claims);
	routers->claim_count--;
	free(claim->name);
	free(claim);
}

void routers_forget(struct routers *routers, struct router_session *session)
{
	LIST_REMOVE(router_session_link(session), link);
	newcomers_remove(&routers->newcomers, &router_session_link(session)->newcomer);
	routers->count--;
}
