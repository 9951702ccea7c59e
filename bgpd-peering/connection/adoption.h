/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adopting neighbors that are there already, perhaps thousands at once.
 *
 * Which ones is decided in one turn, by marking them: from then on default-deny leaves them alone. What costs, the
 * journal's line and the transition, is done in slices of a few milliseconds. A mark is a name, not a peer: bgpd frees
 * and makes those at any time. bgpd's main thread only.
 */
#ifndef PEERING_ADOPTION_H
#define PEERING_ADOPTION_H

#include "bgpd-peering/connection/connection.h"

/* As many as are adopted, and listed, before the command returns. */
#define ADOPTED_AT_ONCE 50

/* To be adopted; `gated`: also where it has a gated connection that nobody has declared. Marking twice is one mark. */
void adoption_mark(const struct peer *peer, bool gated);
/* Whether its turn has not come yet. O(1). */
bool adoption_awaits(const struct peer *peer);
/* How many are marked. */
size_t adoption_left(void);
/* The neighbor was taken out of the configuration: one that is made anew under its name is another. Safe in a hook. */
void adoption_unmark(const struct peer *peer);

/*
 * Adopts what is marked: a few at once, more by an event; `said` (may be NULL) gets a line for each in the first case,
 * else one on what happens. default_deny_adopted() is called at the end.
 */
void adoption_run(void (*said)(const char *line, void *context), void *context);

/*
 * Whether a neighbor that nothing covers is open until the journal has its adoption: one that comes up in that time waits
 * for it where default-deny gates already.
 */
bool adoption_leaves_open(const struct peer *peer);
/* Its line could not be written, and what the adoption, or an import, has made goes again. For transition.c. */
void adoption_failed(struct connection *connection);

/* What adopting this neighbor would be called, in the words of the lines above; for a dry run. */
void adoption_describe(const struct peer *peer, void (*said)(const char *line, void *context), void *context);

#endif
