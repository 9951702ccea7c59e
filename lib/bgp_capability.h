/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CAPABILITY messages (draft-ietf-idr-dynamic-cap): which families a peer adds or takes away while the session is up.
 *
 * Pure, any thread. The bytes come from outside.
 */
#ifndef PEERING_BGP_CAPABILITY_H
#define PEERING_BGP_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IANA's numbers. `added` false: taken away. */
typedef void (*bgp_capability_family)(uint16_t afi, uint8_t safi, bool added, void *context);

/*
 * Tells of each family in the message, and makes it one that no receiver has (AFI 65535), in place, so that a receiver
 * passes it over. Other capabilities stay as they are. `message` is whole, with its 19-byte header. A list that breaks off
 * is dealt with as far as it goes. Returns how many families there were.
 */
size_t bgp_capability_hide_families(uint8_t *message, size_t size, bgp_capability_family tell, void *context);

#endif
