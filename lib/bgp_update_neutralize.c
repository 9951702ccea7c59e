// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A message that announces nothing, of a given size.
 *
 * Its size is fixed: who reads it has looked at the header already. The attributes are the three that a receiver misses
 * where they are not there, and an unknown one that fills the rest: ORIGIN, AS_PATH with the sender's own AS (so that it
 * passes for its first AS), NEXT_HOP, filler. One byte or two are no attribute; they go into the length fields of the
 * first ones, which may be longer than they need to be.
 */
#include "lib/bgp_update.h"

#include <string.h>

#include "lib/bgp_attributes.h"

#define SIZES 4 /* bytes of the two length fields */
#define SEGMENT_SEQUENCE 2
#define SEGMENT_CONFEDERATION_SEQUENCE 3

struct writer {
	uint8_t *at;
	size_t spare; /* bytes to be lost in length fields */
};

static void put_u8(struct writer *writer, uint8_t value)
{
	*writer->at++ = value;
}

static void put_u16(struct writer *writer, uint16_t value)
{
	write_u16(writer->at, value);
	writer->at += 2;
}

static void put_head(struct writer *writer, uint8_t flags, uint8_t type, uint8_t size)
{
	if (writer->spare > 0) {
		writer->spare--;
		put_u8(writer, flags | ATTRIBUTE_FLAG_EXTENDED_LENGTH);
		put_u8(writer, type);
		put_u8(writer, 0);
	} else {
		put_u8(writer, flags);
		put_u8(writer, type);
	}
	put_u8(writer, size);
}

static void put_filler(struct writer *writer, uint8_t type, size_t size)
{
	if (size > 3 + 255) {
		put_u8(writer, ATTRIBUTE_FLAG_OPTIONAL | ATTRIBUTE_FLAG_EXTENDED_LENGTH);
		put_u8(writer, type);
		put_u16(writer, (uint16_t)(size - 4));
		size -= 4;
	} else {
		put_u8(writer, ATTRIBUTE_FLAG_OPTIONAL);
		put_u8(writer, type);
		put_u8(writer, (uint8_t)(size - 3));
		size -= 3;
	}
	memset(writer->at, 0, size);
	writer->at += size;
}

/* False where the body is too small for the three attributes. */
static bool write_attributes(uint8_t *body, size_t size, const struct bgp_update_sender *sender)
{
	uint8_t as_size = sender->four_octet_as ? 4 : 2;
	size_t least = 4 + (3u + 2u + as_size) + 7, rest;
	struct writer writer = {.at = body};

	if (size < SIZES + least)
		return false;
	rest = size - SIZES - least;
	writer.spare = rest < 3 ? rest : 0;
	put_u16(&writer, 0);
	put_u16(&writer, (uint16_t)(size - SIZES));
	put_head(&writer, ATTRIBUTE_FLAG_TRANSITIVE, ATTRIBUTE_ORIGIN, 1);
	put_u8(&writer, 0);
	put_head(&writer, ATTRIBUTE_FLAG_TRANSITIVE, ATTRIBUTE_AS_PATH, (uint8_t)(2 + as_size));
	put_u8(&writer, sender->confederation ? SEGMENT_CONFEDERATION_SEQUENCE : SEGMENT_SEQUENCE);
	put_u8(&writer, 1);
	if (sender->four_octet_as)
		put_u16(&writer, (uint16_t)(sender->asn >> 16));
	put_u16(&writer, (uint16_t)sender->asn);
	put_head(&writer, ATTRIBUTE_FLAG_TRANSITIVE, ATTRIBUTE_NEXT_HOP, 4);
	/* 192.0.2.1, of a documentation prefix: no route is ever made of it. */
	put_u16(&writer, 0xc000);
	put_u16(&writer, 0x0201);
	if (rest >= 3)
		put_filler(&writer, sender->unknown_type, rest);
	return true;
}

/*
 * A message too small for an announcement with its attributes, that announces all the same: its body becomes withdrawals
 * of 0.0.0.0/0 and the like, again and again, which take away what is not there.
 */
static void write_withdrawals(uint8_t *body, size_t size, bool add_path)
{
	size_t room = size - SIZES;

	memset(body, 0, size);
	write_u16(body, room);
	/* A path identifier is four bytes; the last prefix is as long as it takes to fill what is left. */
	if (add_path && room % 5)
		body[2 + (room / 5 - 1) * 5 + 4] = (uint8_t)(room % 5 * 8);
}

bool bgp_update_neutralize(uint8_t *message, size_t size, const struct bgp_update_sender *sender)
{
	uint8_t *body = message + BGP_UPDATE_HEADER;

	if (size > BGP_UPDATE_MOST || size < BGP_UPDATE_HEADER + SIZES || !bgp_update_announces(message, size))
		return false;
	size -= BGP_UPDATE_HEADER;
	if (write_attributes(body, size, sender))
		return true;
	/* No prefix with a path identifier has room in there: it is for the receiver to refuse. */
	if (sender->add_path && size < SIZES + 5)
		return false;
	write_withdrawals(body, size, sender->add_path);
	return true;
}
