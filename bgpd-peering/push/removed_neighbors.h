/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Neighbors that a push has removed, by declaring their connection without them. A configuration file that was saved before
 * has them still: reading it at start does not bring them back. Meanwhile each has a session (session->removed) whose gate is
 * closed; at the end of the file its neighbor goes again.
 *
 * Whoever wants one later declares it or types it anew: by then bgpd has it, or a connection does. The journal keeps them
 * with the declaration. Of the default VRF, as all that is pushed. bgpd's main thread only, never in a hook.
 */
#ifndef PEERING_REMOVED_NEIGHBORS_H
#define PEERING_REMOVED_NEIGHBORS_H

#include "bgpd-peering/connection/connection.h"

#include "lib/peering.pb-c.h"

/* The declaration is about to take the place of the one of its name: those that it leaves out are removed. */
void removed_neighbors_note(const Peering__DeclareConnection *declaration);
/* The journal has been read. */
void removed_neighbors_restored(void);
/* The end of a file: those that it has brought back go. */
void removed_neighbors_settle(void);
/* A connection declares it now. */
void removed_neighbors_declared(const struct session *session);
/* The configuration is about to be written, to a file perhaps: those that bgpd has by now are wanted. */
void removed_neighbors_look(void);

#endif
