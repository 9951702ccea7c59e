/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The path attributes that carry prefixes, and how attributes are laid out (RFC 4271, 4760). For lib/bgp_update*.c. */
#ifndef PEERING_BGP_ATTRIBUTES_H
#define PEERING_BGP_ATTRIBUTES_H

#include "lib/byte_reader.h"

#define ATTRIBUTE_FLAG_OPTIONAL 0x80
#define ATTRIBUTE_FLAG_TRANSITIVE 0x40
#define ATTRIBUTE_FLAG_PARTIAL 0x20
#define ATTRIBUTE_FLAG_EXTENDED_LENGTH 0x10

#define ATTRIBUTE_ORIGIN 1
#define ATTRIBUTE_AS_PATH 2
#define ATTRIBUTE_NEXT_HOP 3
#define ATTRIBUTE_MP_REACH 14
#define ATTRIBUTE_MP_UNREACH 15
#define ATTRIBUTE_AS4_PATH 17

static inline bool take_attribute(struct byte_reader *attributes, uint8_t *flags, uint8_t *type,
				  struct byte_reader *value)
{
	uint8_t short_size;

	if (!take_u8(attributes, flags) || !take_u8(attributes, type))
		return false;
	if (*flags & ATTRIBUTE_FLAG_EXTENDED_LENGTH)
		return take_sized(attributes, value);
	return take_u8(attributes, &short_size) && take(attributes, short_size, value);
}

/* The head of MP_REACH_NLRI or MP_UNREACH_NLRI; `value` is left at its prefixes. */
static inline bool take_multiprotocol_head(struct byte_reader *value, uint8_t type, uint16_t *afi, uint8_t *safi)
{
	struct byte_reader next_hop;
	uint8_t size, reserved;

	return take_u16(value, afi) && take_u8(value, safi) &&
	       (type != ATTRIBUTE_MP_REACH ||
		(take_u8(value, &size) && take(value, size, &next_hop) && take_u8(value, &reserved)));
}

#endif
