// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Open addressing with linear probing. Removal shifts the run behind it back, so that there are no tombstones and a
 * peer that flaps for days does not fill the table. A large map is 256 tables of their own: each grows by itself, so that
 * the growth of a million prefixes is never one long step.
 */
#include "lib/prefix_map.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MIN 64
#define PLACES_SPLIT 4096 /* a single table of that size becomes many */
#define TABLES 256

struct place {
	uint8_t address[16];
	void *value;
	uint32_t path_id;
	uint8_t length;
	uint8_t used;
};

struct table {
	struct place *places;
	size_t place_count; /* a power of two, or 0 */
	size_t count;
};

struct prefix_map {
	struct table one;    /* while `many` is NULL */
	struct table *many;  /* TABLES of them */
	size_t swept;	     /* of `many`: freed, and the map is of no more use */
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

static uint64_t hash_of(const struct prefix_map *map, const struct place *key)
{
	uint64_t high, low, hash;

	memcpy(&high, key->address, 8);
	memcpy(&low, key->address + 8, 8);
	hash = mix(map->seed ^ high);
	hash = mix(hash ^ low);
	return mix(hash ^ ((uint64_t)key->path_id << 8 | key->length));
}

/* The upper bits choose the table, the lower ones the place in it. */
static struct table *table_of(struct prefix_map *map, uint64_t hash)
{
	return map->many ? &map->many[hash >> 56] : &map->one;
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

/* The place that holds the key, or the free one where it would go. The table has places, and is never full. */
static struct place *place_of(const struct table *table, const struct place *key, uint64_t hash)
{
	size_t mask = table->place_count - 1, at = (size_t)hash & mask;

	while (table->places[at].used && !same(&table->places[at], key))
		at = (at + 1) & mask;
	return &table->places[at];
}

static bool grow(const struct prefix_map *map, struct table *table)
{
	struct table larger = {.place_count = table->place_count ? table->place_count * 2 : PLACES_MIN,
			       .count = table->count};

	larger.places = calloc(larger.place_count, sizeof(*larger.places));
	if (!larger.places)
		return false;
	for (size_t i = 0; i < table->place_count; i++)
		if (table->places[i].used)
			*place_of(&larger, &table->places[i], hash_of(map, &table->places[i])) = table->places[i];
	free(table->places);
	*table = larger;
	return true;
}

static bool make_room(const struct prefix_map *map, struct table *table)
{
	return (table->count + 1) * 4 <= table->place_count * 3 || grow(map, table);
}

/* Where memory is short the one table stays, and grows as it can. */
static void split(struct prefix_map *map)
{
	struct table *many = calloc(TABLES, sizeof(*many));

	if (!many)
		return;
	for (size_t i = 0; i < map->one.place_count; i++) {
		const struct place *place = &map->one.places[i];
		uint64_t hash = hash_of(map, place);
		struct table *table = &many[hash >> 56];

		if (!place->used)
			continue;
		if (!make_room(map, table)) {
			for (size_t j = 0; j < TABLES; j++)
				free(many[j].places);
			free(many);
			return;
		}
		*place_of(table, place, hash) = *place;
		table->count++;
	}
	free(map->one.places);
	map->one = (struct table){0};
	map->many = many;
}

struct prefix_map *prefix_map_new(size_t limit)
{
	struct prefix_map *map = calloc(1, sizeof(*map));

	if (!map)
		return NULL;
	map->limit = limit;
	map->seed = mix((uint64_t)(uintptr_t)map ^ (uint64_t)random() << 32 ^ (uint64_t)random());
	return map;
}

bool prefix_map_sweep(struct prefix_map *map, size_t arrays)
{
	if (!map)
		return false;
	for (; map->many && map->swept < TABLES && arrays > 0; map->swept++, arrays--)
		free(map->many[map->swept].places);
	return map->many && map->swept < TABLES;
}

void prefix_map_free(struct prefix_map *map)
{
	if (!map)
		return;
	prefix_map_sweep(map, SIZE_MAX);
	free(map->one.places);
	free(map->many);
	free(map);
}

void **prefix_map_get(const struct prefix_map *map, uint8_t length, const uint8_t address[16], uint32_t path_id)
{
	struct place key = key_of(length, address, path_id);
	uint64_t hash = hash_of(map, &key);
	const struct table *table = table_of((struct prefix_map *)map, hash);
	struct place *place;

	if (!table->place_count)
		return NULL;
	place = place_of(table, &key, hash);
	return place->used ? &place->value : NULL;
}

void **prefix_map_put(struct prefix_map *map, uint8_t length, const uint8_t address[16], uint32_t path_id)
{
	void **there = prefix_map_get(map, length, address, path_id);
	struct place key = key_of(length, address, path_id), *place;
	uint64_t hash = hash_of(map, &key);
	struct table *table;

	if (there)
		return there;
	if (map->count >= map->limit)
		return NULL;
	if (!map->many && map->one.place_count >= PLACES_SPLIT)
		split(map);
	table = table_of(map, hash);
	if (!make_room(map, table))
		return NULL;
	place = place_of(table, &key, hash);
	*place = key;
	table->count++;
	map->count++;
	map->default_count += length == 0;
	return &place->value;
}

void *prefix_map_remove(struct prefix_map *map, uint8_t length, const uint8_t address[16], uint32_t path_id)
{
	struct place key = key_of(length, address, path_id), *place;
	uint64_t hash = hash_of(map, &key);
	struct table *table = table_of(map, hash);
	size_t mask = table->place_count - 1, hole;
	void *value;

	if (!table->place_count)
		return NULL;
	place = place_of(table, &key, hash);
	if (!place->used)
		return NULL;
	value = place->value;
	table->count--;
	map->count--;
	map->default_count -= length == 0;

	hole = (size_t)(place - table->places);
	for (size_t at = (hole + 1) & mask; table->places[at].used; at = (at + 1) & mask) {
		size_t home = (size_t)hash_of(map, &table->places[at]) & mask;

		/* Whoever would be found no more past the hole moves into it. */
		if (((at - home) & mask) >= ((at - hole) & mask)) {
			table->places[hole] = table->places[at];
			hole = at;
		}
	}
	table->places[hole].used = 0;
	return value;
}

size_t prefix_map_count(const struct prefix_map *map)
{
	return map ? map->count : 0;
}

size_t prefix_map_default_count(const struct prefix_map *map)
{
	return map ? map->default_count : 0;
}
