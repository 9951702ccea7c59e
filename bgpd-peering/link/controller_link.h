/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main thread's side of the link: when there is one, what is reported over it, and what it brings. Of several
 * controllers one is spoken with, the best that answers.
 *
 * Nothing on the router needs it: where no controller is configured or none answers, all of this does nothing.
 * bgpd's main thread only.
 */
#ifndef PEERING_CONTROLLER_LINK_H
#define PEERING_CONTROLLER_LINK_H

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/link/controller_line.h"

#include "lib/peering.pb-c.h"

/* After the fork, and at bgpd's clean end. */
void controller_link_start(void);
void controller_link_stop(void);

/* A file has been read to its end: what its lines say of the controller takes effect. */
void controller_link_file_end(void);

/*
 * A line `peering controller`: another host, port or VRF is another controller, the same ones have another source or
 * priority. Takes effect at once, or at the end of a file. False where there are CONTROLLERS_MAX.
 */
bool controller_link_add(const struct controller_line *line);
/* That host, port (0: any) and VRF (NULL: any), the line that is written with these words first; NULL: all. False: none. */
bool controller_link_remove(const char *host, uint16_t port, const char *vrf);
/* `peering router-name NAME`; NULL: what the certificate says. */
void controller_link_set_router_name(const char *name);

/* What the journal says, at start only; link begins once the configuration has been read, too. */
void controller_link_restore(const struct controller_line *lines, size_t count, const char *name);
/* The file of a start has lines of the module's: what it does not say of the controller is not so any more. */
void controller_link_settle_lines(void);

/* The best first. */
size_t controller_link_count(void);
const struct controller_line *controller_link_line(size_t which);
const char *controller_link_router_name(void); /* as configured; NULL where it is not */

/* One line for people: "connected to HOST as edge1 4m", "not connected: refused", "none". */
void controller_link_describe(char *text, size_t size);
bool controller_link_is_up(void);
/* Host of the one that is spoken with, else of the best; NULL where none is configured. */
const char *controller_link_host(void);
uint64_t controller_link_since(void); /* up, or down: Unix milliseconds; 0: it was not tried yet */

enum controller_state { CONTROLLER_UNTRIED, CONTROLLER_FAILED, CONTROLLER_REACHABLE, CONTROLLER_CONNECTED };

struct controller_status {
	enum controller_state state; /* REACHABLE: it answers, and another one is spoken with */
	uint64_t since;		     /* Unix milliseconds; 0: UNTRIED */
	const char *text;	     /* of FAILED: why; of CONNECTED: as whom */
};
struct controller_status controller_link_status(size_t which);

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
