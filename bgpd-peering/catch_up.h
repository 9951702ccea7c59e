/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a link is given before it dials: every durable transition that the controller has not acknowledged, in order. They
 * are in the journal and nowhere else, and are read from it by a thread; those that become durable meanwhile wait for
 * their turn.
 *
 * One at a time. bgpd's main thread only.
 */
#ifndef PEERING_CATCH_UP_H
#define PEERING_CATCH_UP_H

#include "bgpd-peering/link.h"

/* Calls `done` once, perhaps before it returns: with NULL, or a sentence on what failed; unless catch_up_stop() is first. */
void catch_up_begin(struct link *link, void (*done)(const char *error));
bool catch_up_is_running(void);
/* A transition that has become durable while it runs. */
void catch_up_transition(const Peering__Transition *transition);
void catch_up_stop(void);

#endif
