/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The routers' side: the listener, every session, and which router is connected.
 *
 * Main thread. A name has one session: the newest whose Hello was accepted. Until then a session is a newcomer
 * (newcomers.h) and takes no router's place.
 */
#ifndef PEERING_CONTROLLER_ROUTERS_H
#define PEERING_CONTROLLER_ROUTERS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/routers/listener.h"
#include "controller/service/config.h"

struct certificates;
struct reports;
struct pushes;
struct queries;
struct router_session;
struct routers;

/* Listens. `config`, `certificates`, `reports` and `pushes` must outlive it. NULL with a sentence in `error`. */
struct routers *routers_open(struct event_base *base, const struct config *config,
			     struct certificates *certificates, struct reports *reports, struct pushes *pushes, char *error, size_t error_size);
/* New revocation lists: ends the sessions that they concern. */
void routers_end_revoked(struct routers *routers);
/* certificates_shown() for each that is connected. */
void routers_look_at_certificates(struct routers *routers);
/* Stops listening, and ends every session with a word. */
void routers_stop(struct routers *routers);
/* Ends what is left, at once. */
void routers_free(struct routers *routers);

void routers_bound(const struct routers *routers, char text[LISTENER_ADDRESS_SIZE]);
/* Open sessions, authenticated or not. */
unsigned int routers_session_count(const struct routers *routers);
/* The session of a connected router, or NULL. */
struct router_session *routers_find(const struct routers *routers, const char *name);

/* ---- From router_session.c ---- */

struct reports *routers_reports(const struct routers *routers);
struct queries *routers_queries(const struct routers *routers);
struct pushes *routers_pushes(const struct routers *routers);
struct certificates *routers_certificates(const struct routers *routers);
const struct config *routers_config(const struct routers *routers);
/* Whether one more router may be connected, or this one again. */
bool routers_has_room(const struct routers *routers, const char *name);
/* A Hello was accepted: an older session of this name is replaced. False where memory is short. */
bool routers_claim(struct routers *routers, const char *name, struct router_session *session);
/* It no longer speaks for its name. */
void routers_yield(struct routers *routers, const char *name, struct router_session *session);
/* It is over. */
void routers_forget(struct routers *routers, struct router_session *session);

#endif
