// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bytes through bgp_update_walk(), with and without add-path. The first byte says for which family there is add-path, the
 * rest is the body of an UPDATE. For libFuzzer, or with fuzz_main.c for afl++ and `make check`.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bgp_update.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk walk = {.add_path = size ? data[0] : 0};
	uint16_t afi = 0xffff;
	uint8_t safi = 0xff;
	enum bgp_update_error error;
	uint8_t *body;

	if (size == 0)
		return 0;
	/* a copy of its own, so that a read behind the end is behind an allocation */
	body = malloc(size);
	require(body != NULL, "memory is short");
	memcpy(body, data + 1, size - 1);
	error = bgp_update_walk(body, size - 1, add_path, visit, &walk, &afi, &safi);
	free(body);

	require(walk.bytes <= size, "more prefixes than there are bytes");
	require((error == BGP_UPDATE_END_OF_RIB) == (afi != 0xffff), "End-of-RIB without its family, or the other way");
	if (error == BGP_UPDATE_END_OF_RIB)
		require(walk.prefixes == 0, "End-of-RIB with prefixes");
	return 0;
}
