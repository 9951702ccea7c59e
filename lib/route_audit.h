/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with the routes that a peer announces: for each rule, how many prefixes that stand now offend against it,
 * and some of them as examples. A prefix that is withdrawn, or announced anew without fault, leaves the count.
 *
 * It is fed with every UPDATE of the session from its start on. Pure; one object belongs to one thread. A prefix without
 * fault costs no memory; of those with one at most ROUTE_AUDIT_OFFENDERS in each family are kept, 43 to 85 bytes each.
 * Bytes come from outside: every length is checked.
 */
#ifndef PEERING_ROUTE_AUDIT_H
#define PEERING_ROUTE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bgp_update.h"

#define ROUTE_AUDIT_OFFENDERS 50000 /* prefixes of each family */
#define ROUTE_AUDIT_NETWORKS 16	    /* connected networks that are looked at */
#define ROUTE_AUDIT_OWN_ASNS 4
#define ROUTE_AUDIT_PATH_MOST 50
#define ROUTE_AUDIT_PATH 8 /* AS numbers of an example's path */
#define ROUTE_AUDIT_EXAMPLES 4 /* of each rule: when one is withdrawn, another is likely at hand */

enum route_rule {
	RULE_NO_BOGONS = 0,    /* the prefix is of no special purpose */
	RULE_PREFIX_LENGTH,    /* 8 to 24 bits, for IPv6 16 to 48; the default route is let pass */
	RULE_NO_OWN_PREFIX,    /* the caller says */
	RULE_ALLOWED_PREFIXES, /* the caller says */
	RULE_FIRST_AS,	       /* the path begins with the peer's AS number */
	RULE_PATH_ASN,	       /* no AS number in the path is our own or nobody's */
	RULE_NO_TRANSIT,       /* no other AS number in the path is that of a network without providers */
	RULE_PATH_LENGTH,      /* at most ROUTE_AUDIT_PATH_MOST AS numbers */
	RULE_NEXT_HOP,	       /* it is the peer's address, or may be a third party's */
	RULE_RPKI,	       /* the caller says */
	RULE_COUNT
};

/* An address, 4 or 16 bytes in front by `afi` 1 or 2, and how many bits of it are the network's. */
struct route_audit_network {
	uint16_t afi; /* 0: none */
	uint8_t length;
	uint8_t address[16];
};

/* What does not change while the session is up. */
struct route_audit_session {
	uint32_t peer_asn;
	uint32_t own_asns[ROUTE_AUDIT_OWN_ASNS]; /* 0: none */
	bool four_octet_as;			 /* both sides have said so in their OPEN (RFC 6793) */
	bool add_path[2];			 /* it sends path identifiers: IPv4, IPv6 */
	bool third_party;			 /* a next hop may be any address of a connected network but our own */
	struct route_audit_network peer;	 /* its address */
	struct route_audit_network connected[ROUTE_AUDIT_NETWORKS]; /* our addresses on the link, with their networks */
};

/*
 * Which of the rules that are the caller's a prefix offends against: bits 1 << RULE_…. Called once for each prefix. `origin`
 * is the AS that its path ends with; 0 where it ends otherwise than with one.
 */
typedef uint32_t (*route_audit_judge)(const struct bgp_update_prefix *prefix, uint32_t origin, void *context);

/* A prefix that offends now. */
struct route_audit_example {
	struct bgp_update_prefix prefix;
	uint32_t path[ROUTE_AUDIT_PATH]; /* flattened: AS_SETs are spread out */
	size_t path_count;		 /* of the whole path; ROUTE_AUDIT_PATH of it are kept */
	uint32_t origin;		 /* the AS that the path ends with, 0 where it is not one */
	char why[64];			 /* "private use (RFC 1918)"; empty where the prefix says all */
};

struct route_audit;

/* NULL where memory is short. */
struct route_audit *route_audit_new(const struct route_audit_session *session);
/* Frees some hundreds of arrays at most. */
void route_audit_free(struct route_audit *audit);

/* A whole UPDATE, header included. What cannot be read is passed over: lib/adj_rib_in.h tells of it. `judge` may be NULL. */
void route_audit_take(struct route_audit *audit, const uint8_t *message, size_t size, route_audit_judge judge,
		      void *context);

/* Whether any network of the link is known; whether the peer's address is link-local or in one of them. Of NULL: false. */
bool route_audit_knows_link(const struct route_audit *audit);
bool route_audit_peer_is_on_link(const struct route_audit *audit);

/* Of NULL: 0. */
size_t route_audit_count(const struct route_audit *audit, enum route_rule rule);
/* More offenders came than are kept, some of them against this rule: the count is too low until the session ends. */
bool route_audit_overflow(const struct route_audit *audit, enum route_rule rule);
/* NULL where none is at hand, although there may be offenders. */
const struct route_audit_example *route_audit_example(const struct route_audit *audit, enum route_rule rule);
/* The one in a place below ROUTE_AUDIT_EXAMPLES; NULL where there is none. */
const struct route_audit_example *route_audit_example_at(const struct route_audit *audit, enum route_rule rule, size_t place);

#endif
