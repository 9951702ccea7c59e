/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks the prefixes of one BGP UPDATE message (RFC 4271, 4760, 7911), without attributes and without allocating.
 *
 * Pure, any thread. The bytes come from outside: every length is checked, and what is malformed is an error, never a
 * guess. It judges nothing: an UPDATE that bgpd would refuse for its attributes is walked all the same.
 */
#ifndef PEERING_BGP_UPDATE_H
#define PEERING_BGP_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	BGP_UPDATE_END_OF_RIB, /* well formed, and an End-of-RIB marker: no prefix; *eor_afi and *eor_safi are set */
	BGP_UPDATE_TRUNCATED,  /* a length points past the end */
	BGP_UPDATE_BAD_PREFIX, /* a prefix longer than its family allows */
};

/*
 * `body` is the message behind its 19-byte header. Only families ipv4 and ipv6 with SAFI unicast are visited; others are
 * passed over. They come in the order in which bgpd applies them: the NLRI field, the withdrawn field, MP_REACH_NLRI,
 * MP_UNREACH_NLRI. On an error what came before it has been visited already. `add_path` may be NULL: nowhere.
 */
enum bgp_update_error bgp_update_walk(const uint8_t *body, size_t size, bgp_update_add_path add_path,
				      bgp_update_visit visit, void *context, uint16_t *eor_afi, uint8_t *eor_safi);

#endif
