/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OPEN messages (RFC 4271, RFC 6793): which AS number the sender says that it has.
 *
 * Pure, any thread. The bytes come from outside.
 */
#ifndef PEERING_BGP_OPEN_H
#define PEERING_BGP_OPEN_H

#include <stddef.h>
#include <stdint.h>

/* `message` is whole, with its 19-byte header. Of four octets where the sender has that capability. 0: it is cut off. */
uint32_t bgp_open_asn(const uint8_t *message, size_t size);

#endif
