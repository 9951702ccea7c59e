// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A message that announces nothing, of a given size.
 *
 * Its size is fixed: who reads it has looked at the header already. What it withdraws stays in it: routes from before the
 * gate closed may be kept in places that are given out again when it opens. The other attributes are the three that a
 * receiver misses where they are not there, and an unknown one that fills the rest: ORIGIN, AS_PATH with the sender's own
 * AS (so that it passes for its first AS), NEXT_HOP, filler. One byte or two are no attribute; they go into the length
 * fields of the first ones, which may be longer than they need to be.
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

/*
 * Moves the attributes that withdraw something to the front of the others, and returns how many bytes they are. One that
 * withdraws nothing is left out: behind an announcement it says nothing, alone it would be an End-of-RIB.
 */
static size_t gather_withdrawals(uint8_t *front, struct byte_reader attributes)
{
	size_t gathered = 0;

	while (attributes.left > 0) {
		const uint8_t *start = attributes.at;
		struct byte_reader value;
		uint8_t flags, type, safi;
		uint16_t afi;
		size_t size;

		if (!take_attribute(&attributes, &flags, &type, &value))
			return gathered;
		if (type != ATTRIBUTE_MP_UNREACH || !take_multiprotocol_head(&value, type, &afi, &safi) || value.left == 0)
			continue;
		size = (size_t)(attributes.at - start);
		memmove(front + gathered, start, size);
		gathered += size;
	}
	return gathered;
}

/* False where the body is too small for the three attributes; it may have lost what it was, but never its size. */
static bool write_attributes(uint8_t *body, size_t size, const struct bgp_update_sender *sender)
{
	uint8_t as_size = sender->four_octet_as ? 4 : 2;
	size_t least = 4 + (3u + 2u + as_size) + 7, withdrawn_size = 0, gathered = 0, rest;
	struct byte_reader reader = {.at = body, .left = size}, withdrawn, attributes;
	struct writer writer;

	if (take_sized(&reader, &withdrawn) && take_sized(&reader, &attributes)) {
		withdrawn_size = withdrawn.left;
		gathered = gather_withdrawals(body + SIZES + withdrawn_size, attributes);
	}
	if (size < SIZES + withdrawn_size + gathered + least)
		return false;
	rest = size - SIZES - withdrawn_size - gathered - least;
	writer.spare = rest < 3 ? rest : 0;
	write_u16(body, withdrawn_size);
	write_u16(body + 2 + withdrawn_size, size - SIZES - withdrawn_size);
	writer.at = body + SIZES + withdrawn_size + gathered;
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
