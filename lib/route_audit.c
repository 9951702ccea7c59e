// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/route_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bgp_attributes.h"
#include "lib/prefix_map.h"
#include "lib/special_purpose.h"

#define AS_TRANS 23456
#define BIT(rule) (1u << (rule))

enum { SEGMENT_SET = 1, SEGMENT_SEQUENCE = 2, SEGMENT_CONFEDERATION_SEQUENCE = 3, SEGMENT_CONFEDERATION_SET = 4 };

struct route_audit {
	struct route_audit_session session;
	/* Those that offend, NULL until the first. A value is the bits of the rules, never 0. */
	struct prefix_map *offenders[2];
	size_t counts[RULE_COUNT];
	uint32_t overflow; /* bits of rules */
	struct {
		bool used;
		struct route_audit_example example;
	} examples[RULE_COUNT][ROUTE_AUDIT_EXAMPLES];
};

/* What the attributes of one message say of all its prefixes. */
struct attributes_found {
	struct route_audit *audit;
	route_audit_judge judge;
	void *context;

	uint32_t rules[2]; /* that every prefix of a family offends against */
	uint32_t path[ROUTE_AUDIT_PATH];
	size_t path_count;
	uint32_t origin; /* 0: the path does not end with one AS */
	uint32_t bad_asn; /* the first in the path that is at fault */
	uint32_t transit_asn;
	uint16_t bad_next_hop_afi[2];
	uint8_t bad_next_hop[2][16]; /* by the prefixes' family */
};

struct route_audit *route_audit_new(const struct route_audit_session *session)
{
	struct route_audit *audit = calloc(1, sizeof(*audit));

	if (audit)
		audit->session = *session;
	return audit;
}

void route_audit_free(struct route_audit *audit)
{
	if (!audit)
		return;
	for (int family = 0; family < 2; family++)
		prefix_map_free(audit->offenders[family]);
	free(audit);
}

static int family_of(uint16_t afi)
{
	return afi == BGP_UPDATE_AFI_IPV4 ? 0 : 1;
}

/* ---- the path ---- */

static bool is_own(const struct route_audit *audit, uint32_t asn)
{
	for (size_t i = 0; i < ROUTE_AUDIT_OWN_ASNS; i++)
		if (asn && audit->session.own_asns[i] == asn)
			return true;
	return false;
}

/* The peer's own number is what its operators have agreed on, be it a private one: remote-asn judges that. */
static bool belongs(const struct route_audit *audit, uint32_t asn, bool two_octets)
{
	if (is_own(audit, asn))
		return false;
	return asn == audit->session.peer_asn || (two_octets && asn == AS_TRANS) || !special_purpose_asn(asn);
}

static bool is_peer(const struct route_audit *audit, uint32_t asn, bool two_octets)
{
	return asn == audit->session.peer_asn || (two_octets && asn == AS_TRANS && audit->session.peer_asn > UINT16_MAX);
}

/* Reads AS_PATH or, on a session with two octets, AS4_PATH, which says what AS_TRANS stands for. */
static bool read_path(struct attributes_found *found, struct byte_reader value, bool two_octets, bool leads)
{
	bool first = leads;

	while (value.left > 0) {
		uint8_t type, count;

		found->origin = 0;
		if (!take_u8(&value, &type) || !take_u8(&value, &count) || count == 0)
			return false;
		for (; count > 0; count--) {
			uint16_t narrow = 0;
			uint32_t asn;

			if (two_octets ? !take_u16(&value, &narrow) : !take_u32(&value, &asn))
				return false;
			if (two_octets)
				asn = narrow;
			found->origin = type == SEGMENT_SEQUENCE ? asn : 0;
			if (first && (type == SEGMENT_SET || type == SEGMENT_CONFEDERATION_SET ||
				      !is_peer(found->audit, asn, two_octets)))
				found->rules[0] |= BIT(RULE_FIRST_AS);
			first = false;
			if (!belongs(found->audit, asn, two_octets)) {
				if (!(found->rules[0] & BIT(RULE_PATH_ASN)))
					found->bad_asn = asn;
				found->rules[0] |= BIT(RULE_PATH_ASN);
			}
			if (asn != found->audit->session.peer_asn && special_purpose_is_transit_free(asn)) {
				found->rules[0] |= BIT(RULE_NO_TRANSIT);
				found->transit_asn = asn;
			}
			if (leads && found->path_count < ROUTE_AUDIT_PATH)
				found->path[found->path_count] = asn;
			found->path_count += leads;
		}
	}
	if (first)
		found->rules[0] |= BIT(RULE_FIRST_AS);
	if (found->path_count > ROUTE_AUDIT_PATH_MOST)
		found->rules[0] |= BIT(RULE_PATH_LENGTH);
	return true;
}

/* ---- the next hop ---- */

static bool is_within(const struct route_audit_network *network, const uint8_t *address)
{
	uint8_t bits = network->length;

	if (memcmp(network->address, address, bits / 8u) != 0)
		return false;
	return bits % 8 == 0 ||
	       ((network->address[bits / 8] ^ address[bits / 8]) & (uint8_t)(0xff << (8 - bits % 8))) == 0;
}

static size_t address_size(uint16_t afi)
{
	return afi == BGP_UPDATE_AFI_IPV4 ? 4 : 16;
}

/* An address of a connected network that is not our own. */
static bool is_on_link(const struct route_audit *audit, uint16_t afi, const uint8_t *address)
{
	bool found = false;

	for (size_t i = 0; i < ROUTE_AUDIT_NETWORKS; i++) {
		const struct route_audit_network *network = &audit->session.connected[i];

		if (network->afi != afi)
			continue;
		if (memcmp(network->address, address, address_size(afi)) == 0)
			return false;
		found |= is_within(network, address);
	}
	return found;
}

static bool is_fit(const struct route_audit *audit, uint16_t afi, const uint8_t *address)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct route_audit_network *peer = &audit->session.peer;

	if (peer->afi == afi && memcmp(peer->address, address, address_size(afi)) == 0)
		return true;
	if (afi == BGP_UPDATE_AFI_IPV6 && peer->afi == BGP_UPDATE_AFI_IPV4 &&
	    memcmp(address, mapped, sizeof(mapped)) == 0 && memcmp(address + 12, peer->address, 4) == 0)
		return true;
	/* Of another family than the session: the peer's address in that family is not known. */
	return (audit->session.third_party || peer->afi != afi) && is_on_link(audit, afi, address);
}

/* A global address, for IPv6 perhaps with a link-local one behind it. */
static void read_next_hop(struct attributes_found *found, int family, struct byte_reader value)
{
	uint16_t afi = value.left == 4 ? BGP_UPDATE_AFI_IPV4 : BGP_UPDATE_AFI_IPV6;

	if ((value.left == 4 || value.left == 16 || value.left == 32) && is_fit(found->audit, afi, value.at))
		return;
	if (value.left == 32 && is_fit(found->audit, afi, value.at + 16))
		return;
	found->rules[family] |= BIT(RULE_NEXT_HOP);
	if (value.left != 4 && value.left != 16 && value.left != 32)
		return;
	found->bad_next_hop_afi[family] = afi;
	memcpy(found->bad_next_hop[family], value.at, address_size(afi));
}

static void read_reach(struct attributes_found *found, struct byte_reader value)
{
	struct byte_reader next_hop;
	uint8_t safi, size;
	uint16_t afi;

	if (take_u16(&value, &afi) && take_u8(&value, &safi) && take_u8(&value, &size) && take(&value, size, &next_hop) &&
	    (afi == BGP_UPDATE_AFI_IPV4 || afi == BGP_UPDATE_AFI_IPV6))
		read_next_hop(found, family_of(afi), next_hop);
}

/* ---- one message ---- */

static void read_attributes(struct attributes_found *found, struct byte_reader attributes, bool has_nlri)
{
	bool two_octets = !found->audit->session.four_octet_as, path = false, next_hop = false;
	uint32_t of_the_path = BIT(RULE_FIRST_AS) | BIT(RULE_PATH_ASN) | BIT(RULE_NO_TRANSIT) | BIT(RULE_PATH_LENGTH);

	while (attributes.left > 0) {
		struct byte_reader value;
		uint8_t flags, type;

		if (!take_attribute(&attributes, &flags, &type, &value))
			break;
		switch (type) {
		case ATTRIBUTE_AS_PATH:
			path = true;
			if (!read_path(found, value, two_octets, true))
				found->rules[0] |= BIT(RULE_FIRST_AS) | BIT(RULE_PATH_ASN);
			break;
		case ATTRIBUTE_AS4_PATH:
			if (two_octets && !read_path(found, value, false, false))
				found->rules[0] |= BIT(RULE_PATH_ASN);
			break;
		case ATTRIBUTE_NEXT_HOP:
			next_hop = true;
			if (has_nlri)
				read_next_hop(found, 0, value);
			break;
		case ATTRIBUTE_MP_REACH:
			read_reach(found, value);
			break;
		default:
			break;
		}
	}
	if (!path)
		found->rules[0] |= BIT(RULE_FIRST_AS);
	found->rules[1] |= found->rules[0] & of_the_path;
	if (has_nlri && !next_hop)
		found->rules[0] |= BIT(RULE_NEXT_HOP);
}

static uint32_t rules_of_prefix(const struct bgp_update_prefix *prefix)
{
	bool ipv4 = prefix->afi == BGP_UPDATE_AFI_IPV4;
	uint32_t rules = 0;

	if (prefix->length > 0 && (prefix->length < (ipv4 ? 8 : 16) || prefix->length > (ipv4 ? 24 : 48)))
		rules |= BIT(RULE_PREFIX_LENGTH);
	if (special_purpose_prefix(prefix->afi, prefix->length, prefix->address))
		rules |= BIT(RULE_NO_BOGONS);
	return rules;
}

/* ---- counting ---- */

static bool is_same(const struct bgp_update_prefix *a, const struct bgp_update_prefix *b)
{
	return a->afi == b->afi && a->length == b->length && a->path_id == b->path_id &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static void say_why(const struct attributes_found *found, const struct bgp_update_prefix *prefix, enum route_rule rule,
		    char *why, size_t size)
{
	int family = family_of(prefix->afi);
	const uint8_t *hop = found->bad_next_hop[family];
	const char *what;
	size_t used;

	why[0] = '\0';
	switch (rule) {
	case RULE_NO_BOGONS:
		what = special_purpose_prefix(prefix->afi, prefix->length, prefix->address);
		snprintf(why, size, "%s", what ? what : "");
		break;
	case RULE_PATH_ASN:
		what = is_own(found->audit, found->bad_asn) ? "our own" : special_purpose_asn(found->bad_asn);
		snprintf(why, size, "AS%u: %s", found->bad_asn, what ? what : "unreadable");
		break;
	case RULE_NO_TRANSIT:
		snprintf(why, size, "AS%u buys no transit", found->transit_asn);
		break;
	case RULE_PATH_LENGTH:
		snprintf(why, size, "%zu AS numbers", found->path_count);
		break;
	case RULE_NEXT_HOP:
		if (found->bad_next_hop_afi[family] == BGP_UPDATE_AFI_IPV4) {
			snprintf(why, size, "next hop %u.%u.%u.%u", hop[0], hop[1], hop[2], hop[3]);
		} else if (found->bad_next_hop_afi[family] == BGP_UPDATE_AFI_IPV6) {
			used = (size_t)snprintf(why, size, "next hop ");
			for (size_t i = 0; i < 16 && used < size; i += 2)
				used += (size_t)snprintf(why + used, size - used, "%s%x", i ? ":" : "",
							 (unsigned int)(hop[i] << 8 | hop[i + 1]));
		} else {
			snprintf(why, size, "no next hop that can be read");
		}
		break;
	default:
		break;
	}
}

static void drop_example(struct route_audit *audit, enum route_rule rule, const struct bgp_update_prefix *prefix)
{
	for (size_t i = 0; i < ROUTE_AUDIT_EXAMPLES; i++)
		if (audit->examples[rule][i].used && is_same(&audit->examples[rule][i].example.prefix, prefix))
			audit->examples[rule][i].used = false;
}

static void keep_example(const struct attributes_found *found, enum route_rule rule,
			 const struct bgp_update_prefix *prefix)
{
	struct route_audit *audit = found->audit;

	for (size_t i = 0; i < ROUTE_AUDIT_EXAMPLES; i++) {
		struct route_audit_example *example = &audit->examples[rule][i].example;

		if (audit->examples[rule][i].used)
			continue;
		audit->examples[rule][i].used = true;
		example->prefix = *prefix;
		memcpy(example->path, found->path, sizeof(example->path));
		example->path_count = found->path_count;
		example->origin = found->origin;
		say_why(found, prefix, rule, example->why, sizeof(example->why));
		return;
	}
}

/* A prefix offended against `before`, and against `after` now. */
static void recount(const struct attributes_found *found, const struct bgp_update_prefix *prefix, uint32_t before,
		    uint32_t after)
{
	struct route_audit *audit = found->audit;

	for (int rule = 0; rule < RULE_COUNT; rule++) {
		if (before & BIT(rule)) {
			audit->counts[rule]--;
			drop_example(audit, rule, prefix);
		}
		if (after & BIT(rule)) {
			audit->counts[rule]++;
			keep_example(found, rule, prefix);
		}
	}
}

static void forget(const struct attributes_found *found, const struct bgp_update_prefix *prefix)
{
	struct prefix_map *offenders = found->audit->offenders[family_of(prefix->afi)];
	void *before;

	if (prefix_map_count(offenders) == 0)
		return;
	before = prefix_map_remove(offenders, prefix->length, prefix->address, prefix->path_id);
	if (before)
		recount(found, prefix, (uint32_t)(uintptr_t)before, 0);
}

static void visit(const struct bgp_update_prefix *prefix, void *context)
{
	const struct attributes_found *found = context;
	struct route_audit *audit = found->audit;
	int family = family_of(prefix->afi);
	uint32_t rules = 0;
	void **place;

	if (prefix->announced) {
		rules = found->rules[family] | rules_of_prefix(prefix);
		if (found->judge)
			rules |= found->judge(prefix, found->origin, found->context);
	}
	if (!rules) {
		forget(found, prefix);
		return;
	}
	if (!audit->offenders[family])
		audit->offenders[family] = prefix_map_new(ROUTE_AUDIT_OFFENDERS);
	place = audit->offenders[family]
			? prefix_map_put(audit->offenders[family], prefix->length, prefix->address, prefix->path_id)
			: NULL;
	if (!place) {
		audit->overflow |= rules;
		return;
	}
	recount(found, prefix, (uint32_t)(uintptr_t)*place, rules);
	*place = (void *)(uintptr_t)rules;
}

static bool add_path(uint16_t afi, uint8_t safi, void *context)
{
	const struct attributes_found *found = context;

	return safi == BGP_UPDATE_SAFI_UNICAST && found->audit->session.add_path[family_of(afi)];
}

void route_audit_take(struct route_audit *audit, const uint8_t *message, size_t size, route_audit_judge judge,
		      void *context)
{
	struct attributes_found found = {.audit = audit, .judge = judge, .context = context};
	struct byte_reader body = {.at = message, .left = size}, header, withdrawn, attributes;
	struct bgp_update_summary summary;

	if (!take(&body, BGP_UPDATE_HEADER, &header) || !take_sized(&body, &withdrawn) || !take_sized(&body, &attributes))
		return;
	read_attributes(&found, attributes, body.left > 0);
	(void)bgp_update_walk(message + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER, add_path, visit, &found, &summary);
}

/* ---- what is known ---- */

bool route_audit_knows_link(const struct route_audit *audit)
{
	for (size_t i = 0; audit && i < ROUTE_AUDIT_NETWORKS; i++)
		if (audit->session.connected[i].afi)
			return true;
	return false;
}

bool route_audit_peer_is_on_link(const struct route_audit *audit)
{
	const struct route_audit_network *peer = audit ? &audit->session.peer : NULL;

	if (!peer || !peer->afi)
		return false;
	if (peer->afi == BGP_UPDATE_AFI_IPV6 && peer->address[0] == 0xfe && (peer->address[1] & 0xc0) == 0x80)
		return true;
	return is_on_link(audit, peer->afi, peer->address);
}

size_t route_audit_count(const struct route_audit *audit, enum route_rule rule)
{
	return audit ? audit->counts[rule] : 0;
}

bool route_audit_overflow(const struct route_audit *audit, enum route_rule rule)
{
	return audit && (audit->overflow & BIT(rule));
}

const struct route_audit_example *route_audit_example_at(const struct route_audit *audit, enum route_rule rule, size_t place)
{
	return audit && audit->examples[rule][place].used ? &audit->examples[rule][place].example : NULL;
}

const struct route_audit_example *route_audit_example(const struct route_audit *audit, enum route_rule rule)
{
	const struct route_audit_example *found = NULL;

	for (size_t i = 0; !found && i < ROUTE_AUDIT_EXAMPLES; i++)
		found = route_audit_example_at(audit, rule, i);
	return found;
}
