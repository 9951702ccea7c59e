/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a link is given before it dials, and when it is hungry: the durable transitions behind one, in order, as many as it
 * takes. They are in the journal and nowhere else, and are read from it by a thread; those that become durable meanwhile
 * wait for their turn.
 *
 * One at a time. bgpd's main thread only.
 */
#ifndef PEERING_CATCH_UP_H
#define PEERING_CATCH_UP_H

#include "bgpd-peering/frr_compat.h"
#include "bgpd-peering/link/link.h"

/* Calls `done` once, perhaps before it returns: with NULL, or a sentence on what failed; unless catch_up_stop() is first. */
void catch_up_begin(struct link *link, uint64_t behind, void (*done)(const char *error));
bool catch_up_is_running(void);
/* A transition that has become durable while it runs. */
void catch_up_transition(const Peering__Transition *transition);
void catch_up_stop(void);

#endif
