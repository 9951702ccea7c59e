/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of prefixes with path identifiers, for counting what a peer announces.
 *
 * Pure; one object belongs to one thread. Memory is one array, 24 bytes a place: 32 to 64 bytes for each prefix
 * kept. Freeing it is one call however many there are.
 */
#ifndef PEERING_PREFIX_SET_H
#define PEERING_PREFIX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prefix_set;

/* At most `limit` prefixes are kept. NULL where memory is short. */
struct prefix_set *prefix_set_new(size_t limit);
void prefix_set_free(struct prefix_set *set);

/* `length` is at most 128; `address` has 16 bytes, those behind `length` bits are 0. */
/* False where the set is full or memory is short; true where it is in the set now, also where it was before. */
bool prefix_set_add(struct prefix_set *set, uint8_t length, const uint8_t address[16], uint32_t path_id);
void prefix_set_remove(struct prefix_set *set, uint8_t length, const uint8_t address[16], uint32_t path_id);
bool prefix_set_has(const struct prefix_set *set, uint8_t length, const uint8_t address[16], uint32_t path_id);
size_t prefix_set_count(const struct prefix_set *set);
/* How many of them have length 0: a default route, under whatever path identifier. */
size_t prefix_set_default_count(const struct prefix_set *set);

#endif
