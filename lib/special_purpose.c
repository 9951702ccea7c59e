// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The registries "IANA IPv4 Special-Purpose Address Registry", "IANA IPv6 Special-Purpose Address Registry" and
 * "Autonomous System (AS) Numbers", as far as they say "not globally reachable", with the multicast and reserved blocks
 * beside them; and everything outside of the IPv6 space that is given out. A prefix that holds such a block among others'
 * networks is none: an aggregate may be right all the same.
 */
#include "lib/special_purpose.h"

#include <stddef.h>
#include <string.h>

struct block {
	uint8_t address[16];
	uint8_t length;
	const char *what;
};

static const struct block ipv4[] = {
	{{0}, 8, "\"this network\" (RFC 791)"},
	{{10}, 8, "private use (RFC 1918)"},
	{{100, 64}, 10, "shared address space (RFC 6598)"},
	{{127}, 8, "loopback (RFC 1122)"},
	{{169, 254}, 16, "link local (RFC 3927)"},
	{{172, 16}, 12, "private use (RFC 1918)"},
	{{192, 0, 0}, 24, "protocol assignments (RFC 6890)"},
	{{192, 0, 2}, 24, "documentation (RFC 5737)"},
	{{192, 88, 99}, 24, "6to4 relay, deprecated (RFC 7526)"},
	{{192, 168}, 16, "private use (RFC 1918)"},
	{{198, 18}, 15, "benchmarking (RFC 2544)"},
	{{198, 51, 100}, 24, "documentation (RFC 5737)"},
	{{203, 0, 113}, 24, "documentation (RFC 5737)"},
	{{224}, 4, "multicast (RFC 5771)"},
	{{240}, 4, "reserved (RFC 1112)"},
};

/* Only 2000::/3 is given out as global unicast; what lies in it and is not, follows. */
static const struct block ipv6_global = {{0x20}, 3, NULL};
static const struct block ipv6[] = {
	{{0x20, 0x01, 0x00, 0x00}, 32, "Teredo (RFC 4380)"},
	{{0x20, 0x01, 0x00, 0x02, 0x00, 0x00}, 48, "benchmarking (RFC 5180)"},
	{{0x20, 0x01, 0x00, 0x10}, 28, "ORCHID, deprecated (RFC 4843)"},
	{{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation (RFC 3849)"},
	{{0x20, 0x02}, 16, "6to4 (RFC 3056)"},
	{{0x3f, 0xfe}, 16, "6bone, given back (RFC 3701)"},
	{{0x3f, 0xff}, 20, "documentation (RFC 9637)"},
};

/* Names for what is outside of 2000::/3. */
static const struct block ipv6_outside[] = {
	{{0}, 8, "reserved, loopback and IPv4-mapped (RFC 4291)"},
	{{0x00, 0x64, 0xff, 0x9b}, 32, "IPv4/IPv6 translation (RFC 6052, 8215)"},
	{{0x01, 0x00}, 64, "discard only (RFC 6666)"},
	{{0x5f, 0x00}, 16, "segment routing SIDs (RFC 9602)"},
	{{0xfc}, 7, "unique local (RFC 4193)"},
	{{0xfe, 0x80}, 10, "link local (RFC 4291)"},
	{{0xfe, 0xc0}, 10, "site local, deprecated (RFC 3879)"},
	{{0xff}, 8, "multicast (RFC 4291)"},
};

/* Whether a prefix lies in a block, or a block in the prefix: the shorter of both lengths decides. */
static bool overlaps(const struct block *block, uint8_t length, const uint8_t address[16])
{
	uint8_t bits = length < block->length ? length : block->length;

	if (memcmp(block->address, address, bits / 8u) != 0)
		return false;
	return bits % 8 == 0 || ((block->address[bits / 8] ^ address[bits / 8]) & (uint8_t)(0xff << (8 - bits % 8))) == 0;
}

static bool contains(const struct block *block, uint8_t length, const uint8_t address[16])
{
	return length >= block->length && overlaps(block, length, address);
}

static const char *find(const struct block *blocks, size_t count, uint8_t length, const uint8_t address[16])
{
	for (size_t i = 0; i < count; i++) {
		/* Most end here: this is asked for each route that a peer sends. */
		if (blocks[i].length >= 8 && blocks[i].address[0] != address[0])
			continue;
		if (contains(&blocks[i], length, address))
			return blocks[i].what;
	}
	return NULL;
}

#define FIND(blocks, length, address) find(blocks, sizeof(blocks) / sizeof((blocks)[0]), length, address)

const char *special_purpose_prefix(uint16_t afi, uint8_t length, const uint8_t address[16])
{
	const char *what;

	if (length == 0)
		return NULL;
	if (afi == 1)
		return FIND(ipv4, length, address);
	if (!overlaps(&ipv6_global, length, address)) {
		what = FIND(ipv6_outside, length, address);
		return what ? what : "not given out (RFC 4291)";
	}
	return FIND(ipv6, length, address);
}

struct range {
	uint32_t first, last;
	const char *what;
};

static const struct range asns[] = {
	{0, 0, "reserved (RFC 7607)"},
	{23456, 23456, "AS_TRANS (RFC 6793)"},
	{64496, 64511, "documentation (RFC 5398)"},
	{64512, 65534, "private use (RFC 6996)"},
	{65535, 65535, "reserved (RFC 7300)"},
	{65536, 65551, "documentation (RFC 5398)"},
	{65552, 131071, "reserved"},
	{4200000000u, 4294967294u, "private use (RFC 6996)"},
	{4294967295u, 4294967295u, "reserved (RFC 7300)"},
};

const char *special_purpose_asn(uint32_t asn)
{
	for (size_t i = 0; i < sizeof(asns) / sizeof(asns[0]); i++)
		if (asn >= asns[i].first && asn <= asns[i].last)
			return asns[i].what;
	return NULL;
}

bool special_purpose_is_transit_free(uint32_t asn)
{
	/* As these networks are commonly known; it changes once in years. */
	static const uint16_t transit_free[] = {
		174,  /* Cogent */	  209,	 /* Lumen, formerly Qwest */ 701,   /* Verizon */
		1299, /* Arelion */	  2914,	 /* NTT */		     3257,  /* GTT */
		3320, /* Deutsche Telekom */ 3356, /* Lumen */		     3491,  /* PCCW Global */
		5511, /* Orange */	  6453,	 /* Tata */		     6461,  /* Zayo */
		6762, /* Sparkle */	  6830,	 /* Liberty Global */	     7018,  /* AT&T */
		12956, /* Telxius */
	};

	for (size_t i = 0; i < sizeof(transit_free) / sizeof(transit_free[0]); i++)
		if (asn == transit_free[i])
			return true;
	return false;
}
