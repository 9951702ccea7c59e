/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers to pushes: made of verdicts, sent, and kept for a while, since a push that is repeated because its answer was
 * lost gets the same one.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSH_ANSWERS_H
#define PEERING_PUSH_ANSWERS_H

#include "bgpd-peering/transition.h"

#include "lib/peering.pb-c.h"

#define PUSH_ID_MAX 128 /* with the final NUL; a longer one is no id */

/* An answer without a result yet, to be freed with push_answer_free(). `most` is how many results it may get. */
Peering__PushResult *push_answer_new(const char *id, size_t most);
void push_answer_free(Peering__PushResult *answer);
void push_answer_add(Peering__PushResult *answer, const struct verdict *verdict);
/* The result at `index` is another one. */
void push_answer_replace(Peering__PushResult *answer, size_t index, const struct verdict *verdict);

/* Where a session is up; without its sentences where all of it does not fit a frame. */
void push_answer_send(Peering__PushResult *answer);
/* Also without its sentences where they are long. */
void push_answer_keep(const Peering__PushResult *answer);
/* What was kept under this id, or NULL. To be freed. */
Peering__PushResult *push_answer_kept(const char *id);

#endif
