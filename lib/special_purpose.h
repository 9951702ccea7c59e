/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no peer has a reason to announce: the special-purpose address registries of IANA, the AS numbers that are
 * nobody's, and those that only a provider has behind it. Pure, any thread; each look-up is a walk of a short table.
 */
#ifndef PEERING_SPECIAL_PURPOSE_H
#define PEERING_SPECIAL_PURPOSE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Why a prefix is none that is reachable from everywhere: "private use (RFC 1918)"; NULL where nothing is wrong with it.
 * `afi` is 1 or 2; `address` has 16 bytes, an IPv4 address its four in front. The default route is none of them.
 */
const char *special_purpose_prefix(uint16_t afi, uint8_t length, const uint8_t address[16]);

/* Why an AS number does not belong into a public path: "documentation (RFC 5398)"; NULL where it may. */
const char *special_purpose_asn(uint32_t asn);

/*
 * Whether an AS number is one of the networks that buy transit from nobody. In the path of a peer that sells none, it
 * says that the peer passes on what it has learned from its provider.
 */
bool special_purpose_is_transit_free(uint32_t asn);

#endif
