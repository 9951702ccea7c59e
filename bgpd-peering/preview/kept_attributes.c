// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/preview/kept_attributes.h"

#include "bgpd/bgp_aspath.h"
#include "bgpd/bgp_community.h"
#include "bgpd/bgp_ecommunity.h"
#include "bgpd/bgp_lcommunity.h"

#include "lib/bgp_attributes.h"
#include "lib/bgp_update.h"

#define FLAGS_SAID (ATTRIBUTE_FLAG_OPTIONAL | ATTRIBUTE_FLAG_TRANSITIVE) /* by the standard, for each type */

struct reading {
	struct kept_attributes *kept;
	struct peer *peer;
	struct aspath *as4_path;
	bool mp_reach, seen[UINT8_MAX + 1];
};

static bool four_octet_as(const struct peer *peer)
{
	return CHECK_FLAG(peer->cap, PEER_CAP_AS4_RCV) && CHECK_FLAG(peer->cap, PEER_CAP_AS4_ADV);
}

/* ATTR_FLAG_BIT() wants a constant. */
static uint64_t flag_of(uint8_t type)
{
	return UINT64_C(1) << (type - 1);
}

static void has(struct reading *reading, uint8_t type)
{
	reading->kept->attr.flag |= flag_of(type);
}

/* ---- next hops ---- */

static bool read_ipv6_next_hops(struct reading *reading, const struct byte_reader *hops)
{
	struct attr *attr = &reading->kept->attr;
	struct interface *interface = reading->peer->nexthop.ifp;

	memcpy(&attr->mp_nexthop_global, hops->at, IPV6_MAX_BYTELEN);
	if (IN6_IS_ADDR_LINKLOCAL(&attr->mp_nexthop_global)) {
		if (!interface)
			return false;
		attr->nh_ifindex = interface->ifindex;
	}
	if (hops->left == IPV6_MAX_BYTELEN)
		return true;
	memcpy(&attr->mp_nexthop_local, hops->at + IPV6_MAX_BYTELEN, IPV6_MAX_BYTELEN);
	if (!IN6_IS_ADDR_LINKLOCAL(&attr->mp_nexthop_local))
		attr->mp_nexthop_len = IPV6_MAX_BYTELEN;
	if (!interface)
		return false;
	attr->nh_lla_ifindex = interface->ifindex;
	return true;
}

static enum attributes_fault read_mp_reach(struct reading *reading, struct byte_reader value)
{
	struct attr *attr = &reading->kept->attr;
	struct byte_reader hops;
	uint16_t afi;
	uint8_t safi, size;

	if (!take_u16(&value, &afi) || !take_u8(&value, &safi) || !take_u8(&value, &size) || !take(&value, size, &hops))
		return ATTRIBUTES_MALFORMED;
	/* Another family's is no one's here. */
	if ((afi != BGP_UPDATE_AFI_IPV4 && afi != BGP_UPDATE_AFI_IPV6) || safi != BGP_UPDATE_SAFI_UNICAST)
		return ATTRIBUTES_FINE;
	reading->mp_reach = true;
	attr->mp_nexthop_len = size;
	has(reading, BGP_ATTR_MP_REACH_NLRI);
	switch (size) {
	case IPV4_MAX_BYTELEN:
		memcpy(&attr->mp_nexthop_global_in, hops.at, IPV4_MAX_BYTELEN);
		/* As in 10.7, and in what Debian makes of 8.4.4 and 10.3. */
		if (ipv4_martian(&attr->mp_nexthop_global_in) && !reading->peer->bgp->allow_martian)
			return ATTRIBUTES_NEXT_HOP;
		if (attr->nexthop.s_addr == INADDR_ANY)
			attr->nexthop = attr->mp_nexthop_global_in;
		return ATTRIBUTES_FINE;
	case IPV6_MAX_BYTELEN:
	case 2 * IPV6_MAX_BYTELEN:
		return read_ipv6_next_hops(reading, &hops) ? ATTRIBUTES_FINE : ATTRIBUTES_NEXT_HOP;
	default:
		return ATTRIBUTES_MALFORMED;
	}
}

/* ---- one attribute ---- */

static enum attributes_fault read_path(struct reading *reading, const struct byte_reader *value)
{
	struct attr *attr = &reading->kept->attr;

	attr->aspath = peer_read_as_path(reading->peer, value->at, value->left, four_octet_as(reading->peer));
	if (!attr->aspath)
		return ATTRIBUTES_MALFORMED;
	has(reading, BGP_ATTR_AS_PATH);
	return ATTRIBUTES_FINE;
}

static uint32_t u32_of(const struct byte_reader *value)
{
	struct byte_reader rest = *value;
	uint32_t number = 0;

	(void)take_u32(&rest, &number);
	return number;
}

static struct in_addr own_cluster(const struct peer *peer)
{
	const struct bgp *bgp = peer->bgp;

	return CHECK_FLAG(bgp->config, BGP_CONFIG_CLUSTER_ID) ? bgp->cluster_id : bgp->router_id;
}

static void read_clusters(struct reading *reading, const struct byte_reader *value)
{
	struct in_addr own = own_cluster(reading->peer);

	for (size_t at = 0; at + sizeof(own) <= value->left; at += sizeof(own))
		if (memcmp(value->at + at, &own, sizeof(own)) == 0)
			reading->kept->in_our_cluster = true;
}

/* Of what has the right flags and a possible length. */
static enum attributes_fault read_value(struct reading *reading, uint8_t type, const struct byte_reader *value)
{
	struct attr *attr = &reading->kept->attr;
	/* FRR's parsers read it, and say otherwise. */
	uint8_t *bytes = (uint8_t *)(uintptr_t)value->at;

	switch (type) {
	case BGP_ATTR_ORIGIN:
		if (value->at[0] > BGP_ORIGIN_INCOMPLETE)
			return ATTRIBUTES_MALFORMED;
		attr->origin = value->at[0];
		break;
	case BGP_ATTR_AS_PATH:
		return read_path(reading, value);
	case BGP_ATTR_AS4_PATH:
		if (!four_octet_as(reading->peer))
			reading->as4_path = peer_read_as_path(reading->peer, value->at, value->left, true);
		return ATTRIBUTES_FINE;
	case BGP_ATTR_NEXT_HOP:
		memcpy(&attr->nexthop, value->at, sizeof(attr->nexthop));
		break;
	case BGP_ATTR_MULTI_EXIT_DISC:
		attr->med = u32_of(value);
		break;
	case BGP_ATTR_LOCAL_PREF:
		if (reading->peer->sort == BGP_PEER_EBGP)
			return ATTRIBUTES_FINE;
		attr->local_pref = u32_of(value);
		break;
	case BGP_ATTR_COMMUNITIES: {
		/* Read as numbers, which want their place. */
		uint32_t *aligned = XMALLOC(MTYPE_TMP, value->left);

		memcpy(aligned, value->at, value->left);
		bgp_attr_set_community(attr, community_parse(aligned, (unsigned short)value->left));
		XFREE(MTYPE_TMP, aligned);
		return bgp_attr_get_community(attr) ? ATTRIBUTES_FINE : ATTRIBUTES_MALFORMED;
	}
	case BGP_ATTR_EXT_COMMUNITIES:
		bgp_attr_set_ecommunity(attr, ecommunity_parse(bytes, (unsigned short)value->left,
							       peer_has_no_ieee_bandwidth(reading->peer)));
		return bgp_attr_get_ecommunity(attr) ? ATTRIBUTES_FINE : ATTRIBUTES_MALFORMED;
	case BGP_ATTR_LARGE_COMMUNITIES:
		bgp_attr_set_lcommunity(attr, lcommunity_parse(bytes, (unsigned short)value->left));
		return bgp_attr_get_lcommunity(attr) ? ATTRIBUTES_FINE : ATTRIBUTES_MALFORMED;
	case BGP_ATTR_ORIGINATOR_ID:
		reading->kept->has_originator = !peer_ignores_reflection(reading->peer);
		memcpy(&reading->kept->originator, value->at, sizeof(reading->kept->originator));
		return ATTRIBUTES_FINE;
	case BGP_ATTR_CLUSTER_LIST:
		if (!peer_ignores_reflection(reading->peer))
			read_clusters(reading, value);
		return ATTRIBUTES_FINE;
	case BGP_ATTR_OTC:
		reading->kept->has_otc = true;
		reading->kept->otc = u32_of(value);
		return ATTRIBUTES_FINE;
	default:
		return ATTRIBUTES_FINE;
	}
	has(reading, type);
	return ATTRIBUTES_FINE;
}

/*
 * What the standards say of each type that bgpd reads: flags, and of how many bytes its length is a multiple, or just that.
 * What it ignores where it is malformed is not there.
 */
static const struct shape {
	uint8_t flags, unit;
	bool many, may_be_empty;
} shapes[UINT8_MAX + 1] = {
	[BGP_ATTR_ORIGIN] = {ATTRIBUTE_FLAG_TRANSITIVE, 1, false, false},
	[BGP_ATTR_AS_PATH] = {ATTRIBUTE_FLAG_TRANSITIVE, 1, true, true},
	[BGP_ATTR_AS4_PATH] = {FLAGS_SAID, 1, true, true},
	[BGP_ATTR_NEXT_HOP] = {ATTRIBUTE_FLAG_TRANSITIVE, 4, false, false},
	[BGP_ATTR_MULTI_EXIT_DISC] = {ATTRIBUTE_FLAG_OPTIONAL, 4, false, false},
	[BGP_ATTR_LOCAL_PREF] = {ATTRIBUTE_FLAG_TRANSITIVE, 4, false, false},
	[BGP_ATTR_COMMUNITIES] = {FLAGS_SAID, 4, true, false},
	[BGP_ATTR_EXT_COMMUNITIES] = {FLAGS_SAID, 8, true, false},
	[BGP_ATTR_LARGE_COMMUNITIES] = {FLAGS_SAID, 12, true, false},
	[BGP_ATTR_IPV6_EXT_COMMUNITIES] = {FLAGS_SAID, 20, true, false},
	[BGP_ATTR_MP_REACH_NLRI] = {ATTRIBUTE_FLAG_OPTIONAL, 1, true, false},
	[BGP_ATTR_MP_UNREACH_NLRI] = {ATTRIBUTE_FLAG_OPTIONAL, 1, true, false},
	[BGP_ATTR_PMSI_TUNNEL] = {FLAGS_SAID, 1, true, false},
	[BGP_ATTR_ENCAP] = {FLAGS_SAID, 1, true, false},
	[BGP_ATTR_PREFIX_SID] = {FLAGS_SAID, 1, true, true},
	[BGP_ATTR_ORIGINATOR_ID] = {ATTRIBUTE_FLAG_OPTIONAL, 4, false, false},
	[BGP_ATTR_CLUSTER_LIST] = {ATTRIBUTE_FLAG_OPTIONAL, 4, true, false},
	[BGP_ATTR_OTC] = {FLAGS_SAID, 4, false, false},
};

static bool fits(const struct shape *shape, uint8_t flags, size_t size)
{
	if ((flags & FLAGS_SAID) != shape->flags)
		return false;
	/* Only what is optional and transitive may have passed somebody who does not know it. */
	if ((flags & ATTRIBUTE_FLAG_PARTIAL) && shape->flags != FLAGS_SAID)
		return false;
	if (!shape->many)
		return size == shape->unit;
	return size % shape->unit == 0 && (size || shape->may_be_empty);
}

/* A type that bgpd does not know ends the session, or is a withdrawal, where the peer says that everybody knows it. */
static bool may_be_unknown(uint8_t flags, uint8_t type)
{
	return (flags & ATTRIBUTE_FLAG_OPTIONAL) || type == BGP_ATTR_ATOMIC_AGGREGATE || type == BGP_ATTR_AGGREGATOR ||
	       type == BGP_ATTR_AS4_AGGREGATOR;
}

static enum attributes_fault read_attribute(struct reading *reading, uint8_t flags, uint8_t type,
					    const struct byte_reader *value)
{
	const struct shape *shape = &shapes[type];

	if (reading->seen[type])
		return peer_takes_attribute_twice(reading->peer, type) ? ATTRIBUTES_FINE : ATTRIBUTES_MALFORMED;
	reading->seen[type] = true;
	if (peer_path_attribute_is_special(reading->peer, type))
		return peer_path_attribute_withdraws(reading->peer, type) ? ATTRIBUTES_DISCOURAGED : ATTRIBUTES_FINE;
	if (!shape->unit)
		return may_be_unknown(flags, type) ? ATTRIBUTES_FINE : ATTRIBUTES_MALFORMED;
	if (!fits(shape, flags, value->left))
		return ATTRIBUTES_MALFORMED;
	if (type == BGP_ATTR_MP_REACH_NLRI)
		return read_mp_reach(reading, *value);
	return read_value(reading, type, value);
}

/* ---- all of them ---- */

static bool is_there(const struct reading *reading, uint8_t type)
{
	return (reading->kept->attr.flag & flag_of(type)) != 0;
}

/* What bgpd looks at once it has them all. */
static enum attributes_fault look_at_all(struct reading *reading)
{
	struct attr *attr = &reading->kept->attr;
	struct peer *peer = reading->peer;

	if (!is_there(reading, BGP_ATTR_ORIGIN) || !is_there(reading, BGP_ATTR_AS_PATH))
		return ATTRIBUTES_MALFORMED;
	if (!is_there(reading, BGP_ATTR_NEXT_HOP) && !reading->mp_reach)
		return ATTRIBUTES_MALFORMED;
	if (is_there(reading, BGP_ATTR_NEXT_HOP) && !reading->mp_reach && ipv4_martian(&attr->nexthop) &&
	    !peer->bgp->allow_martian)
		return ATTRIBUTES_NEXT_HOP;

	if (reading->as4_path) {
		struct aspath *whole = aspath_reconcile_as4(attr->aspath, reading->as4_path);

		aspath_unintern(&attr->aspath);
		attr->aspath = aspath_intern(whole);
	}
	if (peer->sort == BGP_PEER_CONFED && !aspath_left_confed_check(attr->aspath))
		return ATTRIBUTES_PATH;
	if (peer->sort != BGP_PEER_EBGP)
		return ATTRIBUTES_FINE;
	if (aspath_confed_check(attr->aspath) || aspath_check_as_zero(attr->aspath))
		return ATTRIBUTES_PATH;
	if (CHECK_FLAG(peer->flags, PEER_FLAG_ENFORCE_FIRST_AS) && !aspath_firstas_check(attr->aspath, peer->as))
		return ATTRIBUTES_FIRST_AS;
	return ATTRIBUTES_FINE;
}

/* `local-as`: bgpd puts it in front of what came, before anybody looks at the path. */
static void add_local_as(struct reading *reading)
{
	struct attr *attr = &reading->kept->attr;
	struct peer *peer = reading->peer;
	struct aspath *longer;

	if (!peer->change_local_as || CHECK_FLAG(peer->flags, PEER_FLAG_LOCAL_AS_NO_PREPEND))
		return;
	longer = aspath_add_seq(aspath_dup(attr->aspath), peer->change_local_as);
	aspath_unintern(&attr->aspath);
	attr->aspath = aspath_intern(longer);
}

void kept_attributes_read(struct kept_attributes *kept, struct peer *peer, const uint8_t *message, size_t size)
{
	struct byte_reader body = {message + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER}, withdrawn, attributes, value;
	struct reading reading = {.kept = kept, .peer = peer};
	uint8_t flags, type;

	memset(kept, 0, sizeof(*kept));
	kept->attr.label_index = BGP_INVALID_LABEL_INDEX;
	kept->attr.label = MPLS_INVALID_LABEL;
	if (!take_sized(&body, &withdrawn) || !take_sized(&body, &attributes))
		kept->fault = ATTRIBUTES_MALFORMED;
	while (!kept->fault && attributes.left) {
		if (take_attribute(&attributes, &flags, &type, &value))
			kept->fault = read_attribute(&reading, flags, type, &value);
		else
			kept->fault = ATTRIBUTES_MALFORMED;
	}
	if (!kept->fault)
		kept->fault = look_at_all(&reading);
	if (!kept->fault)
		add_local_as(&reading);
	if (reading.as4_path)
		aspath_unintern(&reading.as4_path);
}

void kept_attributes_of(struct kept_attributes *kept, const struct peer *peer, const struct attr *attr)
{
	struct cluster_list *clusters = bgp_attr_get_cluster(attr);

	*kept = (struct kept_attributes){
		.attr = *attr,
		.has_originator = CHECK_FLAG(attr->flag, flag_of(BGP_ATTR_ORIGINATOR_ID)),
		.in_our_cluster = clusters && cluster_loop_check(clusters, own_cluster(peer)),
		.has_otc = CHECK_FLAG(attr->flag, flag_of(BGP_ATTR_OTC)),
		.originator = attr->originator_id,
		.otc = attr_only_to_customer(attr),
	};
}

void kept_attributes_release(struct kept_attributes *kept)
{
	bgp_attr_unintern_sub(&kept->attr);
}
