/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers to pushes: made of verdicts, sent, and kept for a while, since a push that is repeated because its answer was
 * lost gets the same one.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSH_ANSWERS_H
#define PEERING_PUSH_ANSWERS_H

#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/push/push_record.h"

#include "lib/peering.pb-c.h"

/* An answer without a result yet, to be freed with push_answer_free(). `most` is how many results it may get. */
Peering__PushResult *push_answer_new(const char *id, size_t most);
void push_answer_free(Peering__PushResult *answer);
void push_answer_add(Peering__PushResult *answer, const struct verdict *verdict);
/* None of it stands any more. */
void push_answer_roll_back(Peering__PushResult *answer);
/* The result at `index` is another one. */
void push_answer_replace(Peering__PushResult *answer, size_t index, const struct verdict *verdict);

/* Where a session is up; without its sentences where all of it does not fit a frame. */
void push_answer_send(Peering__PushResult *answer);
/*
 * In the place of one of the same id. Also without its sentences where they are long. `done`: something was done for it,
 * and the journal keeps it (the caller has that written).
 */
void push_answer_keep(const Peering__PushResult *answer, bool done);
/* What was kept under this id, or NULL. To be freed. */
Peering__PushResult *push_answer_kept(const char *id);

/* Those that the journal keeps, the oldest first; each to be freed. Returns how many. */
size_t push_answers_done(Peering__PushResult *answers[PUSH_ANSWERS_KEPT]);
/* What the journal has kept, at start. */
void push_answers_restore(Peering__PushResult *const answers[], size_t count);
/* A session has begun: those that tell of a rollback, of which the controller may not have heard. */
void push_answers_tell_rollbacks(void);

#endif
