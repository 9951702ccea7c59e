/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What controllers have declared, by the connection's name, as the journal has it: the last push of each counts. And the
 * neighbors that a later push of the same connection has left out: a file that was saved before has them still.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSHED_DECLARATIONS_H
#define PEERING_PUSHED_DECLARATIONS_H

#include "bgpd-peering/connection/connection.h"

#include "lib/peering.pb-c.h"

#define PUSHED_REMOVED_MAX 64 /* neighbors of one connection: the newest */

void pushed_declarations_init(void);
/* NULL where no push has declared it. It stands until the next is kept, or it is dropped. */
const Peering__DeclareConnection *pushed_declaration(const char *name);
/* Takes it, in the place of the one of that name. */
void pushed_declaration_keep(Peering__DeclareConnection *declaration);
void pushed_declaration_drop(const char *name);

/* A neighbor of a connection that is declared; an address as session_normalize() writes it. It is that one's alone. */
void pushed_removed_add(const char *name, const char *address);
void pushed_removed_drop(const char *address);
/* The connection whose push has removed it; NULL: none has. */
const char *pushed_removed_from(const char *address);
/* Those of the connection, the oldest first, at most PUSHED_REMOVED_MAX: how many. */
size_t pushed_removed_of(const char *name, char addresses[][SESSION_ADDRESS_MAX]);
/* `each` may drop the one that it is called for. */
void pushed_removed_each(void (*each)(const char *name, const char *address));

#endif
