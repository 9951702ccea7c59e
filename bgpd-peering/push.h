/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the controller pushes: checked as a whole, then applied as a whole, or not at all.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSH_H
#define PEERING_PUSH_H

#include "bgpd-peering/connection.h"

#include "lib/peering.pb-c.h"

/* Always returns a result for each operation; the caller frees it with push_result_free(). */
Peering__PushResult *push_apply(const Peering__Push *push);
void push_result_free(Peering__PushResult *result);

/* At the end of a file: neighbors that were pushed and are not in it are made again. */
void push_make_again(void);

/* A pushed connection has ended: the neighbors that were made for it go. Not from inside a hook of bgpd. */
void push_remove_neighbors(struct connection *connection);

#endif
