/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the controller pushes: checked as a whole, then applied as a whole, or not at all, whenever bgpd ends meanwhile;
 * answered once all that it did has reached the disk.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSH_H
#define PEERING_PUSH_H

#include "bgpd-peering/frr_compat.h"

#include "lib/peering.pb-c.h"

/*
 * Carries it out: in slices, behind the pushes that came before. Its answer goes to the session that is up by then, if any.
 * The push has to live until `done` is called, once, perhaps from inside this call.
 */
void push_take(const Peering__Push *push, void (*done)(void));
/* Ends what has begun, however long that takes: somebody is about to change something. Costs nothing where there is none. */
void push_finish(void);
/* Whether there is one. */
bool push_goes_on(void);

/* Whether one has begun to change something, and goes on in its next slice. */
bool push_is_being_applied(void);

/* Sends an answer, and frees it: at once, or once every line that is queued now has reached the disk. */
void push_send_answer(Peering__PushResult *answer);
void push_hold_answer(Peering__PushResult *answer);
/* Whether the answer to the push still waits for the disk: it comes then, as it is by then. */
bool push_is_held(const char *id);

/* The journal's word that lines have reached the disk, or were given up. Called by durable_state.c. */
void push_journal_moved(void);

#endif
