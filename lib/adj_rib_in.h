/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a gated peer has sent: counted, and kept so that it can be given to bgpd once the gate opens.
 *
 * UPDATE messages are kept as they came, as long as a prefix that they announced stands. What a later message announces
 * or withdraws is taken out of the earlier one; a message of which little is left is written anew. So memory follows what
 * the peer announces now, not how often it has changed its mind. Families other than ipv4 and ipv6 unicast are not taken
 * apart: their messages are kept in their order, all of them, up to the budget.
 *
 * Where the budget or a limit does not suffice, or a message cannot be read, everything kept is given up and only the
 * counting goes on. Pure; one object belongs to one thread, and so does a budget with all that use it.
 */
#ifndef PEERING_ADJ_RIB_IN_H
#define PEERING_ADJ_RIB_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bgp_update.h"

enum adj_rib_in_family { ADJ_RIB_IN_IPV4 = 0, ADJ_RIB_IN_IPV6, ADJ_RIB_IN_FAMILIES };

/* Bytes of kept messages, of all objects that share it. */
struct adj_rib_in_budget {
	size_t used, most;
};

struct adj_rib_in;

/*
 * `add_path`: the peer sends path identifiers in the family. `budget` outlives the object. NULL where memory is short.
 */
struct adj_rib_in *adj_rib_in_new(struct adj_rib_in_budget *budget, const bool add_path[ADJ_RIB_IN_FAMILIES]);
/* Frees at once: what it keeps may be a lot, see adj_rib_in_sweep(). NULL is fine. */
void adj_rib_in_free(struct adj_rib_in *rib);

/* At most so many prefixes of the family are counted and kept; before the first message of that family. */
void adj_rib_in_limit(struct adj_rib_in *rib, enum adj_rib_in_family family, size_t prefixes);

/* Takes in an UPDATE as it was received, with its header. `summary` as of bgp_update_walk(). */
enum bgp_update_error adj_rib_in_take(struct adj_rib_in *rib, const uint8_t *message, size_t size,
				      struct bgp_update_summary *summary);

/* Prefixes that the peer announces now; with an overflow, at least so many. Of NULL: 0, false. */
size_t adj_rib_in_count(const struct adj_rib_in *rib, enum adj_rib_in_family family);
size_t adj_rib_in_default_count(const struct adj_rib_in *rib, enum adj_rib_in_family family);
bool adj_rib_in_overflow(const struct adj_rib_in *rib, enum adj_rib_in_family family);
/* A message could not be read to its end: the counts are not certain. */
bool adj_rib_in_malformed(const struct adj_rib_in *rib);

/* Whether what is kept is all that the peer announces. */
bool adj_rib_in_complete(const struct adj_rib_in *rib);
size_t adj_rib_in_bytes(const struct adj_rib_in *rib);

/* Messages that were taken in: whether it has grown, a preview is out of date. Of NULL: 0. */
uint64_t adj_rib_in_taken(const struct adj_rib_in *rib);

/*
 * A walk over what is kept, in the order in which it came, that may be left and gone on with while messages come in: what
 * is announced anew meanwhile comes at the end, again where it came before. Nothing comes where everything was given up.
 * The memory is the caller's; it may be walked whatever becomes of the object.
 */
struct adj_rib_in_walk {
	struct adj_rib_in *rib; /* NULL: not begun, ended, or the object is gone */
	struct adj_rib_in_walk *next;
	struct message *message; /* NULL: at the end */
	size_t passed;		 /* announcements of that message, whether they stand or not */
};

void adj_rib_in_walk_begin(struct adj_rib_in_walk *walk, struct adj_rib_in *rib);
/* Begins behind a prefix. False where that is not kept; then nothing has begun. */
bool adj_rib_in_walk_begin_behind(struct adj_rib_in_walk *walk, struct adj_rib_in *rib,
				  const struct bgp_update_prefix *prefix);
/* The message that it stands at, header included; NULL at the end. Valid until the object changes. */
const uint8_t *adj_rib_in_walk_message(const struct adj_rib_in_walk *walk, size_t *size);
/* Returns whether the next prefix is to come, too. */
typedef bool (*adj_rib_in_visit)(const struct bgp_update_prefix *prefix, void *context);
/* Visits those prefixes of the message that stand. Behind the last one the walk is at the next message. */
void adj_rib_in_walk_prefixes(struct adj_rib_in_walk *walk, adj_rib_in_visit visit, void *context);
void adj_rib_in_walk_end(struct adj_rib_in_walk *walk);

/*
 * Takes the oldest message out: what still stands of it, a whole UPDATE, is written to `out` (BGP_UPDATE_MOST bytes).
 * Returns its size, 0 where nothing is left. Each prefix comes once.
 */
size_t adj_rib_in_next(struct adj_rib_in *rib, uint8_t *out);
/* A message that bgpd has taken itself meanwhile: what it speaks of is not to come out any more. */
void adj_rib_in_pass_over(struct adj_rib_in *rib, const uint8_t *message, size_t size);

/* Gives up what is kept and frees at most `messages` of it. Returns whether there is more: then call it again. */
bool adj_rib_in_sweep(struct adj_rib_in *rib, size_t messages);
/* Frees the index, at most so many arrays of it (prefix_map.h), of one that nothing but adj_rib_in_free() is to follow. */
bool adj_rib_in_sweep_index(struct adj_rib_in *rib, size_t arrays);

#endif
