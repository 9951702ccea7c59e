/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What controllers have declared, by the connection's name, as the journal has it: the last push of each counts.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSHED_DECLARATIONS_H
#define PEERING_PUSHED_DECLARATIONS_H

#include "lib/peering.pb-c.h"

void pushed_declarations_init(void);
/* NULL where no push has declared it. It stands until the next is kept, or it is dropped. */
const Peering__DeclareConnection *pushed_declaration(const char *name);
/* Takes it, in the place of the one of that name. */
void pushed_declaration_keep(Peering__DeclareConnection *declaration);
void pushed_declaration_drop(const char *name);

#endif
