/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main thread's side of the link: when there is one, what is reported over it, and what it brings.
 *
 * Nothing on the router needs it: where no controller is configured or none answers, all of this does nothing.
 * bgpd's main thread only.
 */
#ifndef PEERING_CONTROLLER_LINK_H
#define PEERING_CONTROLLER_LINK_H

#include "bgpd-peering/connection.h"

#include "lib/peering.pb-c.h"

#define CONTROLLER_PORT 4790

/* After the fork, and at bgpd's clean end. */
void controller_link_start(void);
void controller_link_stop(void);

/* A file has been read to its end: what its lines say of the controller takes effect. */
void controller_link_file_end(void);

/* `peering controller HOST port PORT`; NULL: none. Takes effect at once, or at the end of a file. */
void controller_link_set(const char *host, uint16_t port);
/* `peering router-name NAME`; NULL: what the certificate says. */
void controller_link_set_router_name(const char *name);

/* What the journal says, at start only; link begins once the configuration has been read, too. */
void controller_link_restore(const char *host, uint16_t port, const char *name);
/* The file of a start has lines of the module's: what it does not say of the controller is not so any more. */
void controller_link_settle_lines(void);

const char *controller_link_host(void); /* NULL where none is configured */
uint16_t controller_link_port(void);
const char *controller_link_router_name(void); /* as configured; NULL where it is not */

/* One line for people: "connected to HOST as edge1 4m", "not connected: refused", "none". */
void controller_link_describe(char *text, size_t size);
bool controller_link_is_up(void);
uint64_t controller_link_since(void); /* up, or down: Unix milliseconds; 0: it was not tried yet */

struct link_figures;
/* False where there is no link; zeroed then. */
bool controller_link_figures(struct link_figures *figures);

/* A transition that is durable. */
void controller_link_transition(const Peering__Transition *transition);
/* What pushes have made of the configuration, and the journal has: the next Hello says it. */
void controller_link_pushed(const char *push, uint64_t revision);
/* The journal has a new id. */
void controller_link_new_journal(void);
/* Where a session is up. False where the envelope does not fit a frame: a shorter one is to be sent instead. */
bool controller_link_send(const Peering__Envelope *envelope);
/* Something of the connection that the controller sees has changed; reported within a second, folded together. */
void controller_link_changed(struct connection *connection);
/* A connection that the controller may have seen is gone. */
void controller_link_gone(void);

#endif
