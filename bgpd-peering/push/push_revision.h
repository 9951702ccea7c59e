/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The revision of what pushes have made of this router's configuration: a number that rises with each push that changes a
 * declaration, and with each rollback. What a person types is drift, and no revision. bgpd's main thread only.
 */
#ifndef PEERING_PUSH_REVISION_H
#define PEERING_PUSH_REVISION_H

#include "bgpd-peering/frr_compat.h"

/* 0: no push has changed anything. */
uint64_t push_revision(void);
/* Id of the push that made it, or whose rollback did; "" for none. */
const char *push_revision_of(void);
/* The next one; the caller has it journalled. */
void push_revision_rise(const char *push);
/* What the journal says, at start. */
void push_revision_restore(uint64_t revision, const char *push);

#endif
