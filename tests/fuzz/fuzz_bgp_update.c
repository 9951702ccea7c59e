// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes through everything that reads an UPDATE. The first byte says for which family there is add-path, and who sent it;
 * the rest is the body of one message, or, cut in two by the second byte, of two that a gated peer sends one after the
 * other. For libFuzzer, or with fuzz_main.c for afl++ and `make check`.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/adj_rib_in.h"
#include "lib/bgp_capability.h"
#include "lib/bgp_update.h"
#include "lib/route_audit.h"
#include "tests/fuzz/fuzz.h"

struct walk {
	uint8_t add_path;
	size_t prefixes;
	size_t bytes; /* that they took at least in the message */
};

static void require(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_bgp_update: %s\n", what);
	abort();
}

static bool add_path(uint16_t afi, uint8_t safi, void *context)
{
	return ((struct walk *)context)->add_path & (afi == BGP_UPDATE_AFI_IPV4 ? 1 : 2);
}

static void visit(const struct bgp_update_prefix *prefix, void *context)
{
	struct walk *walk = context;
	size_t bits = prefix->afi == BGP_UPDATE_AFI_IPV4 ? 32 : 128;

	require(prefix->afi == BGP_UPDATE_AFI_IPV4 || prefix->afi == BGP_UPDATE_AFI_IPV6, "another family");
	require(prefix->safi == BGP_UPDATE_SAFI_UNICAST, "another SAFI");
	require(prefix->length <= bits, "a prefix longer than its family allows");
	for (size_t bit = prefix->length; bit < 128; bit++)
		require(!(prefix->address[bit / 8] & 0x80 >> bit % 8), "a bit behind the length is set");
	if (!add_path(prefix->afi, prefix->safi, walk))
		require(prefix->path_id == 0, "a path identifier without add-path");
	walk->prefixes++;
	walk->bytes += 1 + (prefix->length + 7u) / 8u;
}

/* A whole message of its own, so that a read behind its end is behind an allocation. */
static uint8_t *message_of(const uint8_t *body, size_t size)
{
	uint8_t *message = malloc(BGP_UPDATE_HEADER + size);

	require(message != NULL, "memory is short");
	memset(message, 0xff, 16);
	message[16] = (uint8_t)((BGP_UPDATE_HEADER + size) >> 8);
	message[17] = (uint8_t)(BGP_UPDATE_HEADER + size);
	message[18] = 2;
	memcpy(message + BGP_UPDATE_HEADER, body, size);
	return message;
}

static void walk_body(uint8_t flags, const uint8_t *body, size_t size)
{
	struct walk walk = {.add_path = flags};
	struct bgp_update_summary summary;
	uint8_t *message = message_of(body, size);
	enum bgp_update_error error =
		bgp_update_walk(message + BGP_UPDATE_HEADER, size, add_path, visit, &walk, &summary);

	free(message);
	require(walk.bytes <= size, "more prefixes than there are bytes");
	require((error == BGP_UPDATE_END_OF_RIB) == (summary.end_of_rib_afi != 0),
		"End-of-RIB without its family, or the other way");
	if (error == BGP_UPDATE_END_OF_RIB)
		require(walk.prefixes == 0, "End-of-RIB with prefixes");
}

static bool keep_some(const struct bgp_update_prefix *prefix, void *context)
{
	visit(prefix, context);
	require(prefix->announced, "a withdrawal is picked");
	return prefix->address[1] & 1;
}

static void require_kept(const struct bgp_update_prefix *prefix, void *context)
{
	require(prefix->announced && prefix->address[1] & 1, "something that was not kept");
}

static void filter_body(uint8_t flags, const uint8_t *body, size_t size)
{
	struct walk walk = {.add_path = flags};
	uint8_t *message = message_of(body, size), *out = malloc(BGP_UPDATE_HEADER + size);
	struct bgp_update_summary summary;
	size_t kept;

	require(out != NULL, "memory is short");
	kept = bgp_update_filter(message, BGP_UPDATE_HEADER + size, add_path, keep_some, &walk, out);
	if (kept) {
		require(kept <= BGP_UPDATE_HEADER + size, "more than there was");
		require((size_t)(out[16] << 8 | out[17]) == kept, "a size that is not the message's");
		require(bgp_update_walk(out + BGP_UPDATE_HEADER, kept - BGP_UPDATE_HEADER, add_path, require_kept, &walk,
					&summary) == BGP_UPDATE_OK, "what was picked cannot be read");
	}
	free(message);
	free(out);
}

static void neutralize_body(uint8_t flags, const uint8_t *body, size_t size)
{
	struct bgp_update_sender sender = {.asn = 64510, .four_octet_as = flags & 4, .confederation = flags & 8,
					   .add_path = flags & 1, .unknown_type = 255};
	uint8_t *message = message_of(body, size), *before = message_of(body, size);
	bool rewritten = bgp_update_neutralize(message, BGP_UPDATE_HEADER + size, &sender);

	require(memcmp(message, before, BGP_UPDATE_HEADER) == 0, "the header has changed");
	if (!rewritten)
		require(memcmp(message, before, BGP_UPDATE_HEADER + size) == 0, "changed without a word");
	/* What is left to the receiver: too short for a size, or for one prefix with its identifier. */
	if (size >= (sender.add_path ? 9u : 4u))
		require(!bgp_update_announces(message, BGP_UPDATE_HEADER + size), "it still announces");
	free(message);
	free(before);
}

static void tell(uint16_t afi, uint8_t safi, bool added, void *context)
{
	(*(size_t *)context)++;
}

static void hide_families(const uint8_t *body, size_t size)
{
	uint8_t *message = message_of(body, size);
	size_t first = 0, second = 0;

	require(bgp_capability_hide_families(message, BGP_UPDATE_HEADER + size, tell, &first) == first, "a wrong count");
	bgp_capability_hide_families(message, BGP_UPDATE_HEADER + size, tell, &second);
	require(first == second, "hiding has changed what there is");
	free(message);
}

static void keep_bodies(uint8_t flags, const uint8_t *body, size_t size)
{
	static uint8_t out[BGP_UPDATE_MOST];
	const bool paths[ADJ_RIB_IN_FAMILIES] = {flags & 1, flags & 2};
	struct adj_rib_in_budget budget = {.most = 4096};
	struct adj_rib_in *rib = adj_rib_in_new(&budget, paths);
	size_t cut = size ? body[0] % size : 0, prefixes;
	struct walk walk = {.add_path = flags};

	require(rib != NULL, "memory is short");
	for (int part = 0; part < 3; part++) {
		const uint8_t *from = part == 1 ? body + cut : body;
		size_t length = part == 1 ? size - cut : cut;
		uint8_t *message = message_of(from, length);
		struct bgp_update_summary summary;

		if (part < 2)
			adj_rib_in_take(rib, message, BGP_UPDATE_HEADER + length, &summary);
		else if (flags & 16)
			adj_rib_in_pass_over(rib, message, BGP_UPDATE_HEADER + length);
		free(message);
	}
	require(adj_rib_in_bytes(rib) == budget.used && budget.used <= budget.most, "the budget is wrong");
	prefixes = adj_rib_in_count(rib, ADJ_RIB_IN_IPV4) + adj_rib_in_count(rib, ADJ_RIB_IN_IPV6);
	if (adj_rib_in_complete(rib)) {
		struct bgp_update_summary summary;
		size_t kept;

		while ((kept = adj_rib_in_next(rib, out)))
			require(bgp_update_walk(out + BGP_UPDATE_HEADER, kept - BGP_UPDATE_HEADER, add_path, visit, &walk,
						&summary) == BGP_UPDATE_OK, "what was kept cannot be read");
		require(walk.prefixes >= prefixes, "less comes out than stands");
		require(adj_rib_in_count(rib, ADJ_RIB_IN_IPV4) + adj_rib_in_count(rib, ADJ_RIB_IN_IPV6) == 0, "some is left");
		require(budget.used == 0, "the budget is not given back");
	}
	adj_rib_in_free(rib);
	require(budget.used == 0, "the budget is not given back at the end");
}

/* Both halves after each other, and both again: what is counted is no more than there are prefixes, and stays the same. */
static void audit_bodies(uint8_t flags, const uint8_t *body, size_t size)
{
	const struct route_audit_session session = {
		.peer_asn = 64510,
		.own_asns = {64500},
		.four_octet_as = flags & 4,
		.add_path = {flags & 1, flags & 2},
		.third_party = flags & 8,
		.peer = {.afi = 1, .length = 32, .address = {192, 0, 2, 2}},
		.connected = {{.afi = 1, .length = 24, .address = {192, 0, 2, 1}}},
	};
	struct route_audit *audit = route_audit_new(&session);
	size_t cut = size ? body[0] % size : 0, counts[RULE_COUNT];

	require(audit != NULL, "memory is short");
	for (int part = 0; part < 4; part++) {
		const uint8_t *from = part % 2 ? body + cut : body;
		size_t length = part % 2 ? size - cut : cut;
		uint8_t *message = message_of(from, length);

		route_audit_take(audit, message, BGP_UPDATE_HEADER + length, NULL, NULL);
		free(message);
		for (int rule = 0; rule < RULE_COUNT; rule++) {
			const struct route_audit_example *example = route_audit_example(audit, rule);

			require(route_audit_count(audit, rule) <= 2 * size, "more offenders than there are bytes");
			require(!example || route_audit_count(audit, rule), "an example of nothing");
			if (part == 1)
				counts[rule] = route_audit_count(audit, rule);
			if (part == 3)
				require(route_audit_count(audit, rule) == counts[rule], "counted twice");
		}
	}
	route_audit_free(audit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > BGP_UPDATE_MOST - BGP_UPDATE_HEADER)
		return 0;
	walk_body(data[0], data + 1, size - 1);
	filter_body(data[0], data + 1, size - 1);
	neutralize_body(data[0], data + 1, size - 1);
	hide_families(data + 1, size - 1);
	keep_bodies(data[0], data + 1, size - 1);
	audit_bodies(data[0], data + 1, size - 1);
	return 0;
}
