// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/rate_limit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define CHAIN_COUNT 1024

struct bucket {
	LIST_ENTRY(bucket) chain;
	TAILQ_ENTRY(bucket) age;
	int64_t full_at;
	size_t size;
	unsigned char key[RATE_LIMIT_KEY_MAX];
};

struct rate_limit {
	int64_t interval;
	unsigned int burst, most, count;
	LIST_HEAD(, bucket) chains[CHAIN_COUNT];
	TAILQ_HEAD(buckets, bucket) ages; /* the one used longest ago first */
};

struct rate_limit *rate_limit_new(int64_t interval, unsigned int burst, unsigned int most)
{
	struct rate_limit *limit = calloc(1, sizeof(*limit));

	if (!limit)
		return NULL;
	limit->interval = interval;
	limit->burst = burst;
	limit->most = most;
	TAILQ_INIT(&limit->ages);
	return limit;
}

static void drop(struct rate_limit *limit, struct bucket *bucket)
{
	LIST_REMOVE(bucket, chain);
	TAILQ_REMOVE(&limit->ages, bucket, age);
	limit->count--;
	free(bucket);
}

void rate_limit_free(struct rate_limit *limit)
{
	struct bucket *bucket;

	if (!limit)
		return;
	while ((bucket = TAILQ_FIRST(&limit->ages)))
		drop(limit, bucket);
	free(limit);
}

static unsigned int chain_of(const unsigned char *key, size_t size)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ key[i]) * 16777619u;
	return hash % CHAIN_COUNT;
}

static struct bucket *find(struct rate_limit *limit, const void *key, size_t size, int64_t now)
{
	unsigned int chain = chain_of(key, size);
	struct bucket *bucket, *oldest = TAILQ_FIRST(&limit->ages);

	LIST_FOREACH (bucket, &limit->chains[chain], chain)
		if (bucket->size == size && memcmp(bucket->key, key, size) == 0)
			break;
	if (bucket) {
		TAILQ_REMOVE(&limit->ages, bucket, age);
		TAILQ_INSERT_TAIL(&limit->ages, bucket, age);
		return bucket;
	}
	if (oldest && (limit->count >= limit->most || oldest->full_at <= now))
		drop(limit, oldest);
	bucket = calloc(1, sizeof(*bucket));
	if (!bucket)
		return NULL;
	bucket->size = size;
	memcpy(bucket->key, key, size);
	LIST_INSERT_HEAD(&limit->chains[chain], bucket, chain);
	TAILQ_INSERT_TAIL(&limit->ages, bucket, age);
	limit->count++;
	return bucket;
}

int64_t rate_limit_take(struct rate_limit *limit, const void *key, size_t size, int64_t now)
{
	struct bucket *bucket = find(limit, key, size < RATE_LIMIT_KEY_MAX ? size : RATE_LIMIT_KEY_MAX, now);
	int64_t room = limit->interval * ((int64_t)limit->burst - 1);

	if (!bucket)
		return 0;
	if (bucket->full_at < now)
		bucket->full_at = now;
	if (bucket->full_at - now > room)
		return bucket->full_at - now - room;
	bucket->full_at += limit->interval;
	return 0;
}
