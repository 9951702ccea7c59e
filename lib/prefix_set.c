// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Open addressing with linear probing. Removal shifts the run behind it back, so that there are no tombstones and a
 * peer that flaps for days does not fill the table.
 */
#include "lib/prefix_set.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MIN 64

struct place {
	uint8_t address[16];
	uint32_t path_id;
	uint8_t length;
	uint8_t used;
};

struct prefix_set {
	struct place *places;
	size_t place_count; /* a power of two, or 0 */
	size_t count;
	size_t default_count;
	size_t limit;
	uint64_t seed; /* the peer chooses the keys; it must not choose where they land */
};

static uint64_t mix(uint64_t value)
{
	value ^= value >> 33;
	value *= UINT64_C(0xff51afd7ed558ccd);
	value ^= value >> 33;
	value *= UINT64_C(0xc4ceb9fe1a85ec53);
	value ^= value >> 33;
	return value;
}

static size_t home_of(const struct prefix_set *set, const struct place *key)
{
	uint64_t high, low;

	memcpy(&high, key->address, 8);
	memcpy(&low, key->address + 8, 8);
	uint64_t hash = mix(set->seed ^ high);

	hash = mix(hash ^ low);
	hash = mix(hash ^ ((uint64_t)key->path_id << 8 | key->length));
	return (size_t)hash & (set->place_count - 1);
}

static bool same(const struct place *a, const struct place *b)
{
	return a->length == b->length && a->path_id == b->path_id && memcmp(a->address, b->address, 16) == 0;
}

static struct place key_of(uint8_t length, const uint8_t address[16], uint32_t path_id)
{
	struct place key = {.path_id = path_id, .length = length, .used = 1};

	memcpy(key.address, address, 16);
	return key;
}

/* The place that holds the key, or the free one where it would go. The table is never full. */
static struct place *place_of(const struct prefix_set *set, const struct place *key)
{
	size_t at = home_of(set, key);

	while (set->places[at].used && !same(&set->places[at], key))
		at = (at + 1) & (set->place_count - 1);
	return &set->places[at];
}

static bool grow(struct prefix_set *set)
{
	struct place *old = set->places;
	size_t old_count = set->place_count;
	size_t new_count = old_count ? old_count * 2 : PLACES_MIN;
	struct place *places = calloc(new_count, sizeof(*places));

	if (!places)
		return false;
	set->places = places;
	set->place_count = new_count;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].used)
			*place_of(set, &old[i]) = old[i];
	free(old);
	return true;
}

struct prefix_set *prefix_set_new(size_t limit)
{
	struct prefix_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->limit = limit;
	set->seed = mix((uint64_t)(uintptr_t)set ^ (uint64_t)random() << 32 ^ (uint64_t)random());
	return set;
}

void prefix_set_free(struct prefix_set *set)
{
	if (!set)
		return;
	free(set->places);
	free(set);
}

bool prefix_set_add(struct prefix_set *set, uint8_t length, const uint8_t address[16], uint32_t path_id)
{
	struct place key = key_of(length, address, path_id);

	if (set->place_count && place_of(set, &key)->used)
		return true;
	if (set->count >= set->limit)
		return false;
	if ((set->count + 1) * 4 > set->place_count * 3 && !grow(set))
		return false;
	*place_of(set, &key) = key;
	set->count++;
	set->default_count += length == 0;
	return true;
}

void prefix_set_remove(struct prefix_set *set, uint8_t length, const uint8_t address[16], uint32_t path_id)
{
	struct place key = key_of(length, address, path_id);

	if (!set->place_count)
		return;
	struct place *place = place_of(set, &key);

	if (!place->used)
		return;
	set->count--;
	set->default_count -= length == 0;

	size_t mask = set->place_count - 1;
	size_t hole = (size_t)(place - set->places);

	for (size_t at = (hole + 1) & mask; set->places[at].used; at = (at + 1) & mask) {
		size_t home = home_of(set, &set->places[at]);

		/* Whoever would be found no more past the hole moves into it. */
		if (((at - home) & mask) >= ((at - hole) & mask)) {
			set->places[hole] = set->places[at];
			hole = at;
		}
	}
	set->places[hole].used = 0;
}

bool prefix_set_has(const struct prefix_set *set, uint8_t length, const uint8_t address[16], uint32_t path_id)
{
	struct place key = key_of(length, address, path_id);

	return set->place_count && place_of(set, &key)->used;
}

size_t prefix_set_count(const struct prefix_set *set)
{
	return set ? set->count : 0;
}

size_t prefix_set_default_count(const struct prefix_set *set)
{
	return set ? set->default_count : 0;
}
