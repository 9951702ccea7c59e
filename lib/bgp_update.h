/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The prefixes of one BGP UPDATE message (RFC 4271, 4760, 7911): walked, picked out, taken away. Nothing is allocated.
 *
 * Pure, any thread. The bytes come from outside: every length is checked, and what is malformed is an error, never a
 * guess. It judges nothing: an UPDATE that bgpd would refuse for its attributes is walked all the same.
 */
#ifndef PEERING_BGP_UPDATE_H
#define PEERING_BGP_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BGP_UPDATE_HEADER 19 /* bytes: marker, length, type */
#define BGP_UPDATE_MOST 65535 /* bytes of a message, header and all (RFC 8654) */

/* IANA's numbers. */
#define BGP_UPDATE_AFI_IPV4 1
#define BGP_UPDATE_AFI_IPV6 2
#define BGP_UPDATE_SAFI_UNICAST 1

struct bgp_update_prefix {
	bool announced; /* false: withdrawn */
	uint16_t afi;
	uint8_t safi;
	uint32_t path_id;    /* 0 without add-path */
	uint8_t length;      /* bits, at most 32 or 128 */
	uint8_t address[16]; /* network order; bits behind `length` are 0 */
};

/* Says whether the session uses add-path for what the peer sends in this family. */
typedef bool (*bgp_update_add_path)(uint16_t afi, uint8_t safi, void *context);
typedef void (*bgp_update_visit)(const struct bgp_update_prefix *prefix, void *context);

enum bgp_update_error {
	BGP_UPDATE_OK = 0,
	BGP_UPDATE_END_OF_RIB, /* well formed, and an End-of-RIB marker: no prefix; the summary says of which family */
	BGP_UPDATE_TRUNCATED,  /* a length points past the end */
	BGP_UPDATE_BAD_PREFIX, /* a prefix longer than its family allows */
};

/* What a walk has seen besides the prefixes. Written whatever it returns. */
struct bgp_update_summary {
	uint16_t end_of_rib_afi; /* 0: it is no End-of-RIB marker */
	uint8_t end_of_rib_safi;
	bool other_families; /* it announces or withdraws something of a family that is not visited */
};

/*
 * `body` is the message behind its 19-byte header. Only families ipv4 and ipv6 with SAFI unicast are visited; others are
 * passed over. They come in the order in which bgpd applies them: the NLRI field, the withdrawn field, MP_REACH_NLRI,
 * MP_UNREACH_NLRI. On an error what came before it has been visited already. `add_path` may be NULL: nowhere.
 */
enum bgp_update_error bgp_update_walk(const uint8_t *body, size_t size, bgp_update_add_path add_path,
				      bgp_update_visit visit, void *context, struct bgp_update_summary *summary);

typedef bool (*bgp_update_keep)(const struct bgp_update_prefix *prefix, void *context);

/*
 * Writes to `out` (room for `size` bytes) the message with those announcements of ipv4 and ipv6 unicast alone that `keep`
 * says, attributes and all, and without their withdrawals. Other families stay as they are. Returns its size; 0 where
 * nothing would be left of it, or `message` is malformed. `message` is whole, header included.
 */
size_t bgp_update_filter(const uint8_t *message, size_t size, bgp_update_add_path add_path, bgp_update_keep keep,
			 void *context, uint8_t *out);

/* The peer that a message comes from, as far as its attributes have to be right for it. */
struct bgp_update_sender {
	uint32_t asn;
	bool four_octet_as;   /* both sides have said so in their OPEN (RFC 6793) */
	bool confederation;   /* of another member AS of our confederation (RFC 5065) */
	bool add_path;	      /* it sends path identifiers in ipv4 unicast */
	uint8_t unknown_type; /* an optional non-transitive attribute that the receiver knows nothing of */
};

/*
 * Rewrites a message in place, without changing its size, so that it announces nothing in any family: what it withdraws is
 * left, well formed where it was, and a receiver finds nothing to log. End-of-RIB markers and messages that only withdraw
 * stay as they are.
 * Returns whether it was rewritten. Whatever the bytes, bgp_update_announces() is false afterwards.
 */
bool bgp_update_neutralize(uint8_t *message, size_t size, const struct bgp_update_sender *sender);

/* Whether the message announces anything of any family, or is too malformed to tell. */
bool bgp_update_announces(const uint8_t *message, size_t size);

#endif
