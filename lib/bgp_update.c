// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/bgp_update.h"

#include <string.h>

#include "lib/bgp_attributes.h"

struct walk {
	bgp_update_add_path add_path;
	bgp_update_visit visit;
	void *context;
};

static enum bgp_update_error take_prefix(struct byte_reader *prefixes, bool add_path, struct bgp_update_prefix *prefix)
{
	struct byte_reader address;

	if (add_path && !take_u32(prefixes, &prefix->path_id))
		return BGP_UPDATE_TRUNCATED;
	if (!take_u8(prefixes, &prefix->length))
		return BGP_UPDATE_TRUNCATED;
	if (prefix->length > (prefix->afi == BGP_UPDATE_AFI_IPV4 ? 32 : 128))
		return BGP_UPDATE_BAD_PREFIX;
	if (!take(prefixes, (prefix->length + 7u) / 8u, &address))
		return BGP_UPDATE_TRUNCATED;
	memcpy(prefix->address, address.at, address.left);
	/* RFC 4271: what stands behind the length is irrelevant; two spellings must count as one prefix. */
	if (prefix->length % 8)
		prefix->address[address.left - 1] &= (uint8_t)(0xff << (8 - prefix->length % 8));
	return BGP_UPDATE_OK;
}

static enum bgp_update_error walk_prefixes(const struct walk *walk, struct byte_reader prefixes, bool announced,
					   uint16_t afi, uint8_t safi)
{
	bool add_path = walk->add_path && walk->add_path(afi, safi, walk->context);

	while (prefixes.left > 0) {
		struct bgp_update_prefix prefix = {.announced = announced, .afi = afi, .safi = safi};
		enum bgp_update_error error = take_prefix(&prefixes, add_path, &prefix);

		if (error != BGP_UPDATE_OK)
			return error;
		walk->visit(&prefix, walk->context);
	}
	return BGP_UPDATE_OK;
}

static bool is_visited(uint16_t afi, uint8_t safi)
{
	return (afi == BGP_UPDATE_AFI_IPV4 || afi == BGP_UPDATE_AFI_IPV6) && safi == BGP_UPDATE_SAFI_UNICAST;
}

/* What the attributes of one type hold. */
struct multiprotocol {
	uint16_t afi; /* of the last one; 0: there is none */
	uint8_t safi;
	bool any;    /* at least one prefix */
	bool others; /* of a family that is not visited */
};

static enum bgp_update_error walk_multiprotocol(const struct walk *walk, struct byte_reader attributes, uint8_t wanted,
						struct multiprotocol *found)
{
	while (attributes.left > 0) {
		struct byte_reader value;
		enum bgp_update_error error;
		uint8_t flags, type;

		if (!take_attribute(&attributes, &flags, &type, &value))
			return BGP_UPDATE_TRUNCATED;
		if (type != wanted)
			continue;
		if (!take_multiprotocol_head(&value, type, &found->afi, &found->safi))
			return BGP_UPDATE_TRUNCATED;
		if (value.left == 0)
			continue;
		found->any = true;
		if (!is_visited(found->afi, found->safi)) {
			found->others = true;
			continue;
		}
		error = walk_prefixes(walk, value, wanted == ATTRIBUTE_MP_REACH, found->afi, found->safi);
		if (error != BGP_UPDATE_OK)
			return error;
	}
	return BGP_UPDATE_OK;
}

enum bgp_update_error bgp_update_walk(const uint8_t *body, size_t size, bgp_update_add_path add_path,
				      bgp_update_visit visit, void *context, struct bgp_update_summary *summary)
{
	struct walk walk = {.add_path = add_path, .visit = visit, .context = context};
	struct byte_reader message = {.at = body, .left = size};
	struct byte_reader withdrawn, attributes;
	struct multiprotocol reach = {0}, unreach = {0};
	enum bgp_update_error error;

	*summary = (struct bgp_update_summary){0};
	if (!take_sized(&message, &withdrawn) || !take_sized(&message, &attributes))
		return BGP_UPDATE_TRUNCATED;

	/*
	 * What is left of the message now is the NLRI field. The order is that of bgp_update_receive(): a prefix that is
	 * both announced and withdrawn ends as in bgpd's table.
	 */
	error = walk_prefixes(&walk, message, true, BGP_UPDATE_AFI_IPV4, BGP_UPDATE_SAFI_UNICAST);
	if (error == BGP_UPDATE_OK)
		error = walk_prefixes(&walk, withdrawn, false, BGP_UPDATE_AFI_IPV4, BGP_UPDATE_SAFI_UNICAST);
	if (error == BGP_UPDATE_OK)
		error = walk_multiprotocol(&walk, attributes, ATTRIBUTE_MP_REACH, &reach);
	if (error == BGP_UPDATE_OK)
		error = walk_multiprotocol(&walk, attributes, ATTRIBUTE_MP_UNREACH, &unreach);
	summary->other_families = reach.others || unreach.others;
	if (error != BGP_UPDATE_OK || withdrawn.left || message.left || reach.any || unreach.any)
		return error;

	/* RFC 4724: for ipv4 unicast a message with nothing in it, for others an MP_UNREACH_NLRI with nothing in it. */
	if (attributes.left == 0) {
		summary->end_of_rib_afi = BGP_UPDATE_AFI_IPV4;
		summary->end_of_rib_safi = BGP_UPDATE_SAFI_UNICAST;
	} else if (unreach.afi != 0 && reach.afi == 0) {
		summary->end_of_rib_afi = unreach.afi;
		summary->end_of_rib_safi = unreach.safi;
	}
	return summary->end_of_rib_afi ? BGP_UPDATE_END_OF_RIB : BGP_UPDATE_OK;
}

bool bgp_update_announces(const uint8_t *message, size_t size)
{
	struct byte_reader body = {.at = message, .left = size}, header, withdrawn, attributes;

	if (!take(&body, BGP_UPDATE_HEADER, &header) || !take_sized(&body, &withdrawn) || !take_sized(&body, &attributes) ||
	    body.left > 0)
		return true;
	while (attributes.left > 0) {
		struct byte_reader value;
		uint8_t flags, type;

		/* An empty MP_REACH_NLRI is no announcement, but nothing that anybody sends either. */
		if (!take_attribute(&attributes, &flags, &type, &value) || type == ATTRIBUTE_MP_REACH)
			return true;
	}
	return false;
}

/* ---- picking out ---- */

struct picking {
	bgp_update_add_path add_path;
	bgp_update_keep keep;
	void *context;
	uint8_t *out;
	size_t size;
};

static void put(struct picking *picking, const uint8_t *from, const uint8_t *to)
{
	memcpy(picking->out + picking->size, from, (size_t)(to - from));
	picking->size += (size_t)(to - from);
}

static bool pick_prefixes(struct picking *picking, struct byte_reader prefixes, uint16_t afi, uint8_t safi)
{
	bool add_path = picking->add_path && picking->add_path(afi, safi, picking->context);

	while (prefixes.left > 0) {
		struct bgp_update_prefix prefix = {.announced = true, .afi = afi, .safi = safi};
		const uint8_t *start = prefixes.at;

		if (take_prefix(&prefixes, add_path, &prefix) != BGP_UPDATE_OK)
			return false;
		if (picking->keep(&prefix, picking->context))
			put(picking, start, prefixes.at);
	}
	return true;
}

/* An MP_REACH_NLRI with what is kept of it, or nothing where that is nothing. `start` is where the attribute begins. */
static bool pick_reach(struct picking *picking, const uint8_t *start, uint8_t flags, struct byte_reader value)
{
	size_t before = picking->size, head = flags & ATTRIBUTE_FLAG_EXTENDED_LENGTH ? 4 : 3;
	const uint8_t *value_start = value.at;
	uint16_t afi;
	uint8_t safi;
	size_t empty;

	if (!take_multiprotocol_head(&value, ATTRIBUTE_MP_REACH, &afi, &safi))
		return false;
	put(picking, start, start + head);
	put(picking, value_start, value.at);
	empty = picking->size;
	if (!is_visited(afi, safi))
		put(picking, value.at, value.at + value.left);
	else if (!pick_prefixes(picking, value, afi, safi))
		return false;
	if (picking->size == empty) {
		picking->size = before;
		return true;
	}
	if (head == 4)
		write_u16(picking->out + before + 2, picking->size - before - head);
	else
		picking->out[before + 2] = (uint8_t)(picking->size - before - head);
	return true;
}

static bool pick_attributes(struct picking *picking, struct byte_reader attributes, bool *any)
{
	while (attributes.left > 0) {
		const uint8_t *start = attributes.at;
		struct byte_reader value, head;
		size_t before = picking->size;
		uint8_t flags, type, safi;
		uint16_t afi;

		if (!take_attribute(&attributes, &flags, &type, &value))
			return false;
		head = value;
		if (type == ATTRIBUTE_MP_REACH) {
			if (!pick_reach(picking, start, flags, value))
				return false;
			*any |= picking->size != before;
		} else if (type != ATTRIBUTE_MP_UNREACH) {
			put(picking, start, attributes.at);
		} else if (!take_multiprotocol_head(&head, type, &afi, &safi)) {
			return false;
		} else if (!is_visited(afi, safi) && head.left > 0) {
			put(picking, start, attributes.at);
			*any = true;
		}
	}
	return true;
}

size_t bgp_update_filter(const uint8_t *message, size_t size, bgp_update_add_path add_path, bgp_update_keep keep,
			 void *context, uint8_t *out)
{
	struct picking picking = {.add_path = add_path, .keep = keep, .context = context, .out = out};
	struct byte_reader body = {.at = message, .left = size}, header, withdrawn, attributes;
	static const uint8_t no_sizes[4];
	size_t attributes_at, nlri_at;
	bool any = false;

	if (size > BGP_UPDATE_MOST || !take(&body, BGP_UPDATE_HEADER, &header) || !take_sized(&body, &withdrawn) ||
	    !take_sized(&body, &attributes))
		return 0;
	put(&picking, message, header.at + header.left);
	put(&picking, no_sizes, no_sizes + sizeof(no_sizes));
	attributes_at = picking.size;
	if (!pick_attributes(&picking, attributes, &any))
		return 0;
	write_u16(out + attributes_at - 2, picking.size - attributes_at);
	nlri_at = picking.size;
	if (!pick_prefixes(&picking, body, BGP_UPDATE_AFI_IPV4, BGP_UPDATE_SAFI_UNICAST))
		return 0;
	if (!any && picking.size == nlri_at)
		return 0;
	write_u16(out + 16, picking.size);
	return picking.size;
}
