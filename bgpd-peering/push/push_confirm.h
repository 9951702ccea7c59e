/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A push that stays only where the controller confirms it: one that cuts this router off from its controller is taken back
 * without it. One at a time.
 *
 * How each connection was declared, and what its policies were, is noted, and journalled with what the push does. Until Confirm comes the push
 * drains at most: nothing that it has declared opens by itself, and no drain that it has begun ends. Where Confirm does not
 * come in time, what was declared before is put back; no gate is opened by that, and what carries traffic by then (a person
 * has opened it) stays as it is. A restart of bgpd goes on with the time that is left. bgpd's main thread only.
 */
#ifndef PEERING_PUSH_CONFIRM_H
#define PEERING_PUSH_CONFIRM_H

#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/push/push_record.h"

#include "lib/peering.pb-c.h"

#define PUSH_CONFIRM_LEAST 10 /* seconds */
#define PUSH_CONFIRM_MOST 3600

/* The push that waits, or NULL. */
const struct unconfirmed_push *push_unconfirmed(void);
/* The same as the journal is to have it: not before all of the push is applied. */
const struct unconfirmed_push *push_confirm_noted(void);
/* Seconds until it is rolled back; 0 where another, or none, waits. */
uint32_t push_confirm_seconds_left(const char *id);
/* Whether it has declared or drained the connection. */
bool push_confirm_concerns(const char *connection);

/* What the push says of being confirmed, as a whole. False with a refusal. */
bool push_confirm_judge(const Peering__Push *push, struct verdict *verdict);
/* Whether the operation is one that can be taken back, where the push asks for that, and is not about what waits. */
bool push_confirm_judge_operation(const Peering__Push *push, const Peering__Operation *operation,
				  struct verdict *verdict);

/* Notes what is before the push, which the caller applies now. False with a refusal. */
bool push_confirm_begin(const Peering__Push *push, const char *actor, struct verdict *verdict);
/* All of it is applied, and what the journal is told from now on has what was before. */
void push_confirm_applied(void);
/* It could not be applied as a whole, and the caller has taken back what was: there is nothing to confirm. */
void push_confirm_give_up(void);
/* A session has begun: the answer to the push that waits, of which the controller may not have heard. */
void push_confirm_tell(void);
/* Ends a rollback that has begun to put back policies: somebody is about to change something. */
void push_confirm_finish(void);
/* Confirm has come. */
void push_confirm_take(const char *id);

/* What the journal says, at start; takes what *unconfirmed has. */
void push_confirm_restore(struct unconfirmed_push *unconfirmed);
/* The configuration has been read. */
void push_confirm_start(void);
void push_confirm_stop(void);

#endif
