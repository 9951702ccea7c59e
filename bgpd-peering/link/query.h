/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the controller asks about a connection, answered as `show peering` answers people. Nothing is changed by it.
 *
 * Each question is answered in a turn of the event loop of its own, with a pause behind it, so that no controller can keep
 * bgpd busy. bgpd's main thread only.
 */
#ifndef PEERING_QUERY_H
#define PEERING_QUERY_H

#include "lib/peering.pb-c.h"

/* The answer goes to the session that is up by then; one that cannot be taken is answered at once. */
void query_take(const Peering__Query *query);
/* The session is over: nobody waits for the answers any more. */
void query_forget(void);

#endif
