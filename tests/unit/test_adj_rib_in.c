// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random histories of UPDATEs, against a plain model: of each prefix, which message said the last word. Every message has
 * a number of its own in an attribute (MED), by which it is known again.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/adj_rib_in.h"

#define UNIVERSE 300 /* prefixes of each family */
#define HISTORY 4000 /* messages */

static const bool plain[ADJ_RIB_IN_FAMILIES];
static struct adj_rib_in_budget budget = {.most = 64 << 20};

/* ---- messages ---- */

struct update {
	uint8_t at[4096];
	size_t size;
};

struct parts {
	uint8_t withdrawn[1200], nlri[1200], reach[1500], unreach[1500];
	size_t withdrawn_size, nlri_size, reach_size, unreach_size;
	bool vpn;
};

static size_t write_prefix(uint8_t *at, bool ipv6, unsigned int number)
{
	if (!ipv6) {
		at[0] = number ? 24 : 0;
		at[1] = 10;
		at[2] = (uint8_t)(number >> 8);
		at[3] = (uint8_t)number;
		return number ? 4 : 1;
	}
	at[0] = number ? 48 : 0;
	memcpy(at + 1, (const uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
	at[5] = (uint8_t)(number >> 8);
	at[6] = (uint8_t)number;
	return number ? 7 : 1;
}

static void add_attribute(struct update *update, uint8_t flags, uint8_t type, const uint8_t *value, size_t size)
{
	update->at[update->size++] = flags | 0x10;
	update->at[update->size++] = type;
	update->at[update->size++] = (uint8_t)(size >> 8);
	update->at[update->size++] = (uint8_t)size;
	memcpy(update->at + update->size, value, size);
	update->size += size;
}

static void add_sized(struct update *update, const uint8_t *value, size_t size)
{
	update->at[update->size++] = (uint8_t)(size >> 8);
	update->at[update->size++] = (uint8_t)size;
	memcpy(update->at + update->size, value, size);
	update->size += size;
}

static void build(struct update *update, const struct parts *parts, uint32_t number)
{
	static const uint8_t vpn[] = {0, 1, 128, 4, 192, 0, 2, 1, 0, 112, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 192, 0, 2};
	const uint8_t med[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
	size_t attributes;

	memset(update->at, 0xff, 16);
	update->at[18] = 2;
	update->size = BGP_UPDATE_HEADER;
	add_sized(update, parts->withdrawn, parts->withdrawn_size);
	attributes = update->size;
	update->size += 2;
	add_attribute(update, 0x80, 4, med, sizeof(med));
	if (parts->unreach_size)
		add_attribute(update, 0x80, 15, parts->unreach, parts->unreach_size);
	if (parts->reach_size)
		add_attribute(update, 0x80, 14, parts->reach, parts->reach_size);
	if (parts->vpn)
		add_attribute(update, 0x80, 14, vpn, sizeof(vpn));
	update->at[attributes] = (uint8_t)((update->size - attributes - 2) >> 8);
	update->at[attributes + 1] = (uint8_t)(update->size - attributes - 2);
	memcpy(update->at + update->size, parts->nlri, parts->nlri_size);
	update->size += parts->nlri_size;
	update->at[16] = (uint8_t)(update->size >> 8);
	update->at[17] = (uint8_t)update->size;
	assert_true(update->size <= sizeof(update->at));
}

static uint32_t med_of(const uint8_t *message)
{
	const uint8_t *withdrawn = message + BGP_UPDATE_HEADER;
	const uint8_t *at = withdrawn + 4 + (withdrawn[0] << 8 | withdrawn[1]);

	assert_int_equal(at[1], 4);
	return (uint32_t)at[4] << 24 | (uint32_t)at[5] << 16 | (uint32_t)at[6] << 8 | at[7];
}

/* ---- the model ---- */

struct model {
	uint32_t last[2][UNIVERSE]; /* number of the message that announced it last; 0: withdrawn */
};

static unsigned int draw(unsigned int below)
{
	return (unsigned int)random() % below;
}

/* A message with some of everything; the model learns it in the order of bgpd. */
static void draw_update(struct update *update, struct model *model, uint32_t number)
{
	static const uint8_t next_hop[] = {0, 2, 1, 16, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
	struct parts parts = {0};
	unsigned int announced = draw(4) ? draw(6) : draw(150), withdrawn = draw(3) ? 0 : draw(40);

	for (unsigned int i = 0; i < announced; i++) {
		unsigned int prefix = draw(UNIVERSE);

		parts.nlri_size += write_prefix(parts.nlri + parts.nlri_size, false, prefix);
		model->last[0][prefix] = number;
	}
	for (unsigned int i = 0; i < withdrawn; i++) {
		unsigned int prefix = draw(UNIVERSE);

		parts.withdrawn_size += write_prefix(parts.withdrawn + parts.withdrawn_size, false, prefix);
		model->last[0][prefix] = 0;
	}
	if (draw(2)) {
		memcpy(parts.reach, next_hop, sizeof(next_hop));
		parts.reach_size = sizeof(next_hop);
		for (unsigned int i = 0; i < announced + 1; i++) {
			unsigned int prefix = draw(UNIVERSE);

			parts.reach_size += write_prefix(parts.reach + parts.reach_size, true, prefix);
			model->last[1][prefix] = number;
		}
	}
	if (draw(4) == 0) {
		memcpy(parts.unreach, next_hop, 3);
		parts.unreach_size = 3;
		for (unsigned int i = 0; i < withdrawn + 1; i++) {
			unsigned int prefix = draw(UNIVERSE);

			parts.unreach_size += write_prefix(parts.unreach + parts.unreach_size, true, prefix);
			model->last[1][prefix] = 0;
		}
	}
	build(update, &parts, number);
}

static size_t standing(const struct model *model, int family)
{
	size_t count = 0;

	for (unsigned int i = 0; i < UNIVERSE; i++)
		count += model->last[family][i] != 0;
	return count;
}

/* What comes out, prefix by prefix. */
struct replay {
	struct model seen;
	uint32_t number;
	bool twice;
};

static void visit(const struct bgp_update_prefix *prefix, void *context)
{
	struct replay *replay = context;
	bool ipv6 = prefix->afi == BGP_UPDATE_AFI_IPV6;
	unsigned int number = prefix->length == 0 ? 0 : (unsigned int)(prefix->address[ipv6 ? 4 : 1] << 8 | prefix->address[ipv6 ? 5 : 2]);

	assert_true(prefix->announced);
	assert_true(number < UNIVERSE);
	replay->twice |= replay->seen.last[ipv6][number] != 0 && replay->seen.last[ipv6][number] != replay->number;
	replay->seen.last[ipv6][number] = replay->number;
}

static unsigned int replay_some(struct adj_rib_in *rib, struct replay *replay, unsigned int messages)
{
	static uint8_t out[BGP_UPDATE_MOST];
	struct bgp_update_summary summary;
	unsigned int got = 0;
	size_t size;

	while (got < messages && (size = adj_rib_in_next(rib, out))) {
		got++;
		replay->number = med_of(out);
		assert_int_equal(bgp_update_walk(out + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER, NULL, visit, replay,
						 &summary), BGP_UPDATE_OK);
	}
	return got;
}

static void comes_out_as_it_stands(void **state)
{
	for (unsigned int seed = 1; seed <= 5; seed++) {
		struct adj_rib_in *rib = adj_rib_in_new(&budget, plain);
		static struct model model;
		static struct replay replay;
		struct update update;

		model = (struct model){0};
		replay = (struct replay){0};
		srandom(seed);
		for (uint32_t number = 1; number <= HISTORY; number++) {
			struct bgp_update_summary summary;

			draw_update(&update, &model, number);
			assert_int_equal(adj_rib_in_take(rib, update.at, update.size, &summary), BGP_UPDATE_OK);
			assert_int_equal(adj_rib_in_count(rib, ADJ_RIB_IN_IPV4), standing(&model, 0));
			assert_int_equal(adj_rib_in_count(rib, ADJ_RIB_IN_IPV6), standing(&model, 1));
			assert_int_equal(adj_rib_in_default_count(rib, ADJ_RIB_IN_IPV4), model.last[0][0] != 0);
		}
		assert_true(adj_rib_in_complete(rib));
		/* Memory follows what stands: 600 prefixes at most, after thousands of messages. */
		assert_true(adj_rib_in_bytes(rib) < 200000);
		assert_int_equal(adj_rib_in_bytes(rib), budget.used);
		replay_some(rib, &replay, UINT32_MAX);
		assert_memory_equal(&replay.seen, &model, sizeof(model));
		assert_false(replay.twice);
		assert_int_equal(adj_rib_in_bytes(rib), 0);
		assert_int_equal(adj_rib_in_count(rib, ADJ_RIB_IN_IPV4) + adj_rib_in_count(rib, ADJ_RIB_IN_IPV6), 0);
		adj_rib_in_free(rib);
		assert_int_equal(budget.used, 0);
	}
}

/* While it comes out in pieces the peer goes on: what it says then is not overruled by what it said before. */
static void what_is_said_meanwhile_stands(void **state)
{
	struct adj_rib_in *rib = adj_rib_in_new(&budget, plain);
	static struct model model;
	static struct replay replay;
	struct update update;
	uint32_t number = 0;

	model = (struct model){0};
	replay = (struct replay){0};
	srandom(77);
	while (number < 500) {
		struct bgp_update_summary summary;

		draw_update(&update, &model, ++number);
		adj_rib_in_take(rib, update.at, update.size, &summary);
	}
	/* bgpd's table: what was replayed, and over it each live message. */
	do {
		struct model before = model;

		draw_update(&update, &model, ++number);
		adj_rib_in_pass_over(rib, update.at, update.size);
		for (int family = 0; family < 2; family++)
			for (unsigned int i = 0; i < UNIVERSE; i++)
				if (model.last[family][i] != before.last[family][i] || model.last[family][i] == number)
					replay.seen.last[family][i] = model.last[family][i];
		/* A withdrawal of what had not stood is no change, but takes it out of what bgpd was given. */
		for (int family = 0; family < 2; family++)
			for (unsigned int i = 0; i < UNIVERSE; i++)
				if (!model.last[family][i])
					replay.seen.last[family][i] = 0;
	} while (replay_some(rib, &replay, 7));
	assert_memory_equal(&replay.seen, &model, sizeof(model));
	adj_rib_in_free(rib);
	assert_int_equal(budget.used, 0);
}

static void other_families_come_out_all_in_their_order(void **state)
{
	struct adj_rib_in *rib = adj_rib_in_new(&budget, plain);
	static uint8_t out[BGP_UPDATE_MOST];
	struct bgp_update_summary summary;
	struct update update;
	uint32_t next = 1;
	size_t size;

	for (uint32_t number = 1; number <= 200; number++) {
		struct parts parts = {.vpn = true};

		parts.nlri_size = write_prefix(parts.nlri, false, 1 + number % 5);
		build(&update, &parts, number);
		assert_int_equal(adj_rib_in_take(rib, update.at, update.size, &summary), BGP_UPDATE_OK);
		assert_true(summary.other_families);
	}
	while ((size = adj_rib_in_next(rib, out))) {
		assert_int_equal(med_of(out), next);
		/* The ipv4 prefix beside it is in the last five alone. */
		assert_int_equal(size, next > 195 ? update.size : update.size - 4);
		next++;
	}
	assert_int_equal(next, 201);
	adj_rib_in_free(rib);
}

/* ---- walks ---- */

struct walked {
	struct replay replay;
	unsigned int left; /* prefixes before it is to stop */
	struct bgp_update_prefix last;
};

static bool walk_one(const struct bgp_update_prefix *prefix, void *context)
{
	struct walked *walked = context;

	visit(prefix, &walked->replay);
	walked->last = *prefix;
	return --walked->left > 0;
}

/* At most `most` prefixes; false at the end. */
static bool walk_some(struct adj_rib_in_walk *walk, struct walked *walked, unsigned int most)
{
	const uint8_t *message;
	size_t size;

	walked->left = most;
	while (walked->left && (message = adj_rib_in_walk_message(walk, &size))) {
		walked->replay.number = med_of(message);
		adj_rib_in_walk_prefixes(walk, walk_one, walked);
	}
	return walked->left == 0;
}

static void a_walk_sees_all_that_stands(void **state)
{
	for (unsigned int seed = 1; seed <= 20; seed++) {
		struct adj_rib_in *rib = adj_rib_in_new(&budget, plain);
		static struct model model;
		static struct walked walked;
		struct bgp_update_summary summary;
		struct adj_rib_in_walk walk;
		struct update update;
		uint32_t number = 0;

		model = (struct model){0};
		walked = (struct walked){0};
		srandom(seed);
		while (number < 300) {
			draw_update(&update, &model, ++number);
			adj_rib_in_take(rib, update.at, update.size, &summary);
		}
		adj_rib_in_walk_begin(&walk, rib);
		while (walk_some(&walk, &walked, 1 + draw(9)))
			;
		assert_memory_equal(&walked.replay.seen, &model, sizeof(model));
		assert_false(walked.replay.twice);
		adj_rib_in_walk_end(&walk);

		/* From behind any prefix on it sees the rest, and the same once more. */
		adj_rib_in_walk_begin(&walk, rib);
		walked = (struct walked){0};
		walk_some(&walk, &walked, 1 + draw(100));
		adj_rib_in_walk_end(&walk);
		assert_true(adj_rib_in_walk_begin_behind(&walk, rib, &walked.last));
		while (walk_some(&walk, &walked, 7))
			;
		assert_memory_equal(&walked.replay.seen, &model, sizeof(model));
		assert_false(walked.replay.twice);
		adj_rib_in_walk_end(&walk);
		adj_rib_in_free(rib);
	}
	assert_int_equal(budget.used, 0);
}

/* What comes while it goes on makes it pass over nothing that stands at its end. */
static void a_walk_goes_on_while_messages_come(void **state)
{
	for (unsigned int seed = 1; seed <= 20; seed++) {
		struct adj_rib_in *rib = adj_rib_in_new(&budget, plain);
		static struct model model;
		static struct walked walked;
		struct bgp_update_summary summary;
		struct adj_rib_in_walk walk;
		struct update update;
		uint32_t number = 0;

		model = (struct model){0};
		walked = (struct walked){0};
		srandom(100 + seed);
		while (number < 200) {
			draw_update(&update, &model, ++number);
			adj_rib_in_take(rib, update.at, update.size, &summary);
		}
		adj_rib_in_walk_begin(&walk, rib);
		while (walk_some(&walk, &walked, 1 + draw(40))) {
			if (number >= 240)
				continue;
			draw_update(&update, &model, ++number);
			adj_rib_in_take(rib, update.at, update.size, &summary);
		}
		for (int family = 0; family < 2; family++)
			for (unsigned int i = 0; i < UNIVERSE; i++)
				if (model.last[family][i])
					assert_int_equal(walked.replay.seen.last[family][i], model.last[family][i]);
		/* It outlives what it walks over. */
		adj_rib_in_walk_end(&walk);
		adj_rib_in_walk_begin(&walk, rib);
		adj_rib_in_free(rib);
		assert_null(walk.rib);
		adj_rib_in_walk_end(&walk);
	}
	assert_int_equal(budget.used, 0);
}

static void what_is_too_much_is_counted_and_not_kept(void **state)
{
	struct adj_rib_in_budget small = {.most = 5000};
	struct adj_rib_in *rib = adj_rib_in_new(&small, plain);
	static struct model model;
	static uint8_t out[BGP_UPDATE_MOST];
	struct update update;

	model = (struct model){0};
	srandom(5);
	for (uint32_t number = 1; number <= 1000; number++) {
		struct bgp_update_summary summary;

		draw_update(&update, &model, number);
		adj_rib_in_take(rib, update.at, update.size, &summary);
		assert_true(small.used <= small.most);
		assert_int_equal(adj_rib_in_count(rib, ADJ_RIB_IN_IPV4), standing(&model, 0));
	}
	assert_false(adj_rib_in_complete(rib));
	assert_int_equal(adj_rib_in_next(rib, out), 0);
	/* Each further message has freed some of what was given up. */
	assert_int_equal(small.used, 0);
	adj_rib_in_free(rib);
}

static void no_more_than_the_limit_is_counted(void **state)
{
	struct adj_rib_in *rib = adj_rib_in_new(&budget, plain);
	struct bgp_update_summary summary;
	struct update update;

	adj_rib_in_limit(rib, ADJ_RIB_IN_IPV4, 10);
	for (uint32_t number = 1; number <= 12; number++) {
		struct parts parts = {0};

		parts.nlri_size = write_prefix(parts.nlri, false, number);
		build(&update, &parts, number);
		adj_rib_in_take(rib, update.at, update.size, &summary);
		assert_int_equal(adj_rib_in_overflow(rib, ADJ_RIB_IN_IPV4), number > 10);
		assert_int_equal(adj_rib_in_complete(rib), number <= 10);
	}
	assert_int_equal(adj_rib_in_count(rib, ADJ_RIB_IN_IPV4), 10);
	assert_false(adj_rib_in_overflow(rib, ADJ_RIB_IN_IPV6));
	adj_rib_in_free(rib);
	assert_int_equal(budget.used, 0);
}

static void what_cannot_be_read_is_told(void **state)
{
	struct adj_rib_in *rib = adj_rib_in_new(&budget, plain);
	struct bgp_update_summary summary;
	struct parts parts = {0};
	struct update update;

	parts.nlri_size = write_prefix(parts.nlri, false, 7);
	build(&update, &parts, 1);
	adj_rib_in_take(rib, update.at, update.size, &summary);
	assert_false(adj_rib_in_malformed(rib));
	update.at[update.size - 4] = 99; /* longer than an IPv4 prefix can be */
	assert_int_equal(adj_rib_in_take(rib, update.at, update.size, &summary), BGP_UPDATE_BAD_PREFIX);
	assert_true(adj_rib_in_malformed(rib));
	assert_false(adj_rib_in_complete(rib));
	assert_int_equal(adj_rib_in_count(rib, ADJ_RIB_IN_IPV4), 1);
	assert_int_equal(adj_rib_in_take(rib, update.at, 3, &summary), BGP_UPDATE_TRUNCATED);
	adj_rib_in_free(rib);
	assert_int_equal(budget.used, 0);
}

static void freeing_goes_in_pieces(void **state)
{
	struct adj_rib_in *rib = adj_rib_in_new(&budget, plain);
	struct bgp_update_summary summary;
	struct update update;
	unsigned int turns = 0;

	for (uint32_t number = 1; number <= 100; number++) {
		struct parts parts = {0};

		parts.nlri_size = write_prefix(parts.nlri, false, number);
		build(&update, &parts, number);
		adj_rib_in_take(rib, update.at, update.size, &summary);
	}
	while (adj_rib_in_sweep(rib, 30))
		turns++;
	assert_int_equal(turns, 3);
	assert_int_equal(budget.used, 0);
	adj_rib_in_free(rib);
	assert_int_equal(adj_rib_in_count(NULL, ADJ_RIB_IN_IPV4), 0);
	assert_true(adj_rib_in_complete(NULL));
	adj_rib_in_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_out_as_it_stands),
		cmocka_unit_test(what_is_said_meanwhile_stands),
		cmocka_unit_test(other_families_come_out_all_in_their_order),
		cmocka_unit_test(a_walk_sees_all_that_stands),
		cmocka_unit_test(a_walk_goes_on_while_messages_come),
		cmocka_unit_test(what_is_too_much_is_counted_and_not_kept),
		cmocka_unit_test(no_more_than_the_limit_is_counted),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(freeing_goes_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
