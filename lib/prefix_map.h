/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prefixes with path identifiers, each with a value: what a peer announces, and where that was said.
 *
 * Pure; one object belongs to one thread. Memory is some arrays, 32 bytes a place: 43 to 85 bytes for each prefix kept.
 * No call costs more than a few thousand steps, however many prefixes there are, but prefix_map_free(), which frees 256
 * arrays at once: of a million prefixes that gives 64 MiB back to the kernel, some 15 ms. prefix_map_sweep() goes before it.
 */
#ifndef PEERING_PREFIX_MAP_H
#define PEERING_PREFIX_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prefix_map;

/* At most `limit` prefixes are kept. NULL where memory is short. */
struct prefix_map *prefix_map_new(size_t limit);
/* The values are the caller's. */
void prefix_map_free(struct prefix_map *map);
/*
 * Frees at most so many arrays of a map that is of no more use; nothing but this and prefix_map_free() may follow. Returns
 * whether there are more.
 */
bool prefix_map_sweep(struct prefix_map *map, size_t arrays);

/* `length` is at most 128; `address` has 16 bytes, those behind `length` bits are 0. */

/* The value's place, NULL where the prefix is not in the map. Valid until the next put or remove. */
void **prefix_map_get(const struct prefix_map *map, uint8_t length, const uint8_t address[16], uint32_t path_id);
/* The same, put in with a value of NULL where it was not; NULL where the map is full or memory is short. */
void **prefix_map_put(struct prefix_map *map, uint8_t length, const uint8_t address[16], uint32_t path_id);
/* Takes it out and returns its value; NULL where it was not in the map. */
void *prefix_map_remove(struct prefix_map *map, uint8_t length, const uint8_t address[16], uint32_t path_id);

/* Of NULL: 0. */
size_t prefix_map_count(const struct prefix_map *map);
/* How many of them have length 0: a default route, under whatever path identifier. */
size_t prefix_map_default_count(const struct prefix_map *map);

#endif
