// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/address_family.h"

/* By bgpd's numbers; the last one is there since 10.7. */
static const char *const afi_words[] = {
	[AFI_IP] = "ipv4",
	[AFI_IP6] = "ipv6",
	[AFI_L2VPN] = "l2vpn",
	[AFI_L2VPN + 1] = "bgp-ls",
};

const char *afi_word(afi_t afi)
{
	return (size_t)afi < array_size(afi_words) && afi_words[afi] ? afi_words[afi] : "?";
}

const char *safi_word(safi_t safi)
{
	return safi > SAFI_UNSPEC && safi < SAFI_MAX ? safi2str(safi) : "?";
}

afi_t afi_from_word(const char *word)
{
	for (afi_t afi = AFI_IP; word && afi < AFI_MAX; afi++)
		if (strcmp(afi_word(afi), word) == 0)
			return afi;
	return AFI_UNSPEC;
}

safi_t safi_from_word(const char *word)
{
	for (safi_t safi = SAFI_UNICAST; word && safi < SAFI_MAX; safi++)
		if (strcmp(safi_word(safi), word) == 0)
			return safi;
	return SAFI_UNSPEC;
}
