// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/bgp_update.h"

#include <string.h>

#define ATTRIBUTE_FLAG_EXTENDED_LENGTH 0x10
#define ATTRIBUTE_MP_REACH 14
#define ATTRIBUTE_MP_UNREACH 15

/* What is left to read of a part of the message. */
struct reader {
	const uint8_t *at;
	size_t left;
};

struct walk {
	bgp_update_add_path add_path;
	bgp_update_visit visit;
	void *context;
};

static bool take(struct reader *reader, size_t size, struct reader *part)
{
	if (size > reader->left)
		return false;
	part->at = reader->at;
	part->left = size;
	reader->at += size;
	reader->left -= size;
	return true;
}

static bool take_u8(struct reader *reader, uint8_t *value)
{
	struct reader part;

	if (!take(reader, 1, &part))
		return false;
	*value = part.at[0];
	return true;
}

static bool take_u16(struct reader *reader, uint16_t *value)
{
	struct reader part;

	if (!take(reader, 2, &part))
		return false;
	*value = (uint16_t)(part.at[0] << 8 | part.at[1]);
	return true;
}

static bool take_u32(struct reader *reader, uint32_t *value)
{
	struct reader part;

	if (!take(reader, 4, &part))
		return false;
	*value = (uint32_t)part.at[0] << 24 | (uint32_t)part.at[1] << 16 | (uint32_t)part.at[2] << 8 | part.at[3];
	return true;
}

/* A part whose size stands in front of it. */
static bool take_sized(struct reader *reader, struct reader *part)
{
	uint16_t size;

	return take_u16(reader, &size) && take(reader, size, part);
}

static bool take_attribute(struct reader *attributes, uint8_t *type, struct reader *value)
{
	uint8_t flags, short_size;

	if (!take_u8(attributes, &flags) || !take_u8(attributes, type))
		return false;
	if (flags & ATTRIBUTE_FLAG_EXTENDED_LENGTH)
		return take_sized(attributes, value);
	return take_u8(attributes, &short_size) && take(attributes, short_size, value);
}

static enum bgp_update_error walk_prefixes(const struct walk *walk, struct reader prefixes, bool announced, uint16_t afi,
					   uint8_t safi)
{
	uint8_t most = afi == BGP_UPDATE_AFI_IPV4 ? 32 : 128;
	bool add_path = walk->add_path && walk->add_path(afi, safi, walk->context);

	while (prefixes.left > 0) {
		struct bgp_update_prefix prefix = {.announced = announced, .afi = afi, .safi = safi};
		struct reader address;

		if (add_path && !take_u32(&prefixes, &prefix.path_id))
			return BGP_UPDATE_TRUNCATED;
		if (!take_u8(&prefixes, &prefix.length))
			return BGP_UPDATE_TRUNCATED;
		if (prefix.length > most)
			return BGP_UPDATE_BAD_PREFIX;
		if (!take(&prefixes, (prefix.length + 7u) / 8u, &address))
			return BGP_UPDATE_TRUNCATED;
		memcpy(prefix.address, address.at, address.left);
		/* RFC 4271: what stands behind the length is irrelevant; two spellings must count as one prefix. */
		if (prefix.length % 8)
			prefix.address[address.left - 1] &= (uint8_t)(0xff << (8 - prefix.length % 8));
		walk->visit(&prefix, walk->context);
	}
	return BGP_UPDATE_OK;
}

static bool is_visited(uint16_t afi, uint8_t safi)
{
	return (afi == BGP_UPDATE_AFI_IPV4 || afi == BGP_UPDATE_AFI_IPV6) && safi == BGP_UPDATE_SAFI_UNICAST;
}

/* Visits what the attributes of one type hold. *empty stays true where there is no prefix of any family in them. */
static enum bgp_update_error walk_multiprotocol(const struct walk *walk, struct reader attributes, uint8_t wanted,
						bool *empty, uint16_t *last_afi, uint8_t *last_safi)
{
	while (attributes.left > 0) {
		struct reader value, next_hop;
		enum bgp_update_error error;
		uint8_t type, size, reserved;
		uint16_t afi;
		uint8_t safi;

		if (!take_attribute(&attributes, &type, &value))
			return BGP_UPDATE_TRUNCATED;
		if (type != wanted)
			continue;
		if (!take_u16(&value, &afi) || !take_u8(&value, &safi))
			return BGP_UPDATE_TRUNCATED;
		if (wanted == ATTRIBUTE_MP_REACH &&
		    (!take_u8(&value, &size) || !take(&value, size, &next_hop) || !take_u8(&value, &reserved)))
			return BGP_UPDATE_TRUNCATED;
		*last_afi = afi;
		*last_safi = safi;
		if (value.left == 0)
			continue;
		*empty = false;
		if (!is_visited(afi, safi))
			continue;
		error = walk_prefixes(walk, value, wanted == ATTRIBUTE_MP_REACH, afi, safi);
		if (error != BGP_UPDATE_OK)
			return error;
	}
	return BGP_UPDATE_OK;
}

enum bgp_update_error bgp_update_walk(const uint8_t *body, size_t size, bgp_update_add_path add_path,
				      bgp_update_visit visit, void *context, uint16_t *eor_afi, uint8_t *eor_safi)
{
	struct walk walk = {.add_path = add_path, .visit = visit, .context = context};
	struct reader message = {.at = body, .left = size};
	struct reader withdrawn, attributes;
	uint16_t reach_afi = 0, unreach_afi = 0;
	uint8_t reach_safi = 0, unreach_safi = 0;
	bool empty;
	enum bgp_update_error error;

	if (!take_sized(&message, &withdrawn) || !take_sized(&message, &attributes))
		return BGP_UPDATE_TRUNCATED;
	/* What is left of the message now is the NLRI field. */
	empty = withdrawn.left == 0 && message.left == 0;

	/* The order of bgp_update_receive(): a prefix that is both announced and withdrawn ends as in bgpd's table. */
	error = walk_prefixes(&walk, message, true, BGP_UPDATE_AFI_IPV4, BGP_UPDATE_SAFI_UNICAST);
	if (error == BGP_UPDATE_OK)
		error = walk_prefixes(&walk, withdrawn, false, BGP_UPDATE_AFI_IPV4, BGP_UPDATE_SAFI_UNICAST);
	if (error == BGP_UPDATE_OK)
		error = walk_multiprotocol(&walk, attributes, ATTRIBUTE_MP_REACH, &empty, &reach_afi, &reach_safi);
	if (error == BGP_UPDATE_OK)
		error = walk_multiprotocol(&walk, attributes, ATTRIBUTE_MP_UNREACH, &empty, &unreach_afi, &unreach_safi);
	if (error != BGP_UPDATE_OK || !empty)
		return error;

	/* RFC 4724: for ipv4 unicast a message with nothing in it, for others an MP_UNREACH_NLRI with nothing in it. */
	if (attributes.left == 0) {
		*eor_afi = BGP_UPDATE_AFI_IPV4;
		*eor_safi = BGP_UPDATE_SAFI_UNICAST;
		return BGP_UPDATE_END_OF_RIB;
	}
	if (unreach_afi != 0 && reach_afi == 0) {
		*eor_afi = unreach_afi;
		*eor_safi = unreach_safi;
		return BGP_UPDATE_END_OF_RIB;
	}
	return BGP_UPDATE_OK;
}
