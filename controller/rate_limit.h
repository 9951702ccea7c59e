/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often somebody may do something: a bucket for each key, from which each time takes one, and which fills at a
 * steady rate. A full bucket takes no memory; at most `most` others are kept, and the one that was used longest ago makes
 * room. Pure but for memory; one thread.
 */
#ifndef PEERING_CONTROLLER_RATE_LIMIT_H
#define PEERING_CONTROLLER_RATE_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#define RATE_LIMIT_KEY_MAX 128

struct rate_limit;

/* One each `interval` milliseconds, `burst` at once. NULL where memory is short. */
struct rate_limit *rate_limit_new(int64_t interval, unsigned int burst, unsigned int most);
void rate_limit_free(struct rate_limit *limit);

/*
 * Takes one for `key` (at most RATE_LIMIT_KEY_MAX bytes) at `now`, milliseconds of a steady clock. 0: there was one.
 * Else the milliseconds until there is. Where memory is short everybody may.
 */
int64_t rate_limit_take(struct rate_limit *limit, const void *key, size_t size, int64_t now);

#endif
