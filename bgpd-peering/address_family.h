/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words for an AFI and a SAFI in configuration, journal and JSON: "ipv4", "labeled-unicast". Pure; any thread.
 */
#ifndef PEERING_ADDRESS_FAMILY_H
#define PEERING_ADDRESS_FAMILY_H

#include "bgpd-peering/frr_compat.h"

/* Static; "?" where bgpd's number is none of them. */
const char *afi_word(afi_t afi);
const char *safi_word(safi_t safi);

/* AFI_UNSPEC, SAFI_UNSPEC where `word` is NULL or none of them. */
afi_t afi_from_word(const char *word);
safi_t safi_from_word(const char *word);

#endif
