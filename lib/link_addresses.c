// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/link_addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct end {
	int family;
	uint8_t bytes[16];
	unsigned int bits;   /* of the address: 32 or 128 */
	unsigned int length; /* of the prefix; 0: not stated */
};

static bool read_end(const char *text, struct end *end)
{
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	char address[LINK_ADDRESS_MAX];

	*end = (struct end){0};
	if (size >= sizeof(address))
		return false;
	memcpy(address, text, size);
	address[size] = '\0';
	end->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	end->bits = end->family == AF_INET ? 32 : 128;
	if (inet_pton(end->family, address, end->bytes) != 1)
		return false;
	if (!slash)
		return true;
	/* As one writes it: no sign, no leading zero, three digits at most. */
	if (strlen(slash + 1) > 3 || strspn(slash + 1, "0123456789") != strlen(slash + 1) || slash[1] < '1')
		return false;
	for (const char *digit = slash + 1; *digit; digit++)
		end->length = end->length * 10 + (unsigned int)(*digit - '0');
	return end->length <= end->bits;
}

static bool is_unicast(const struct end *end)
{
	struct in6_addr v6;

	if (end->family == AF_INET)
		return end->bytes[0] != 0 && end->bytes[0] != 127 && end->bytes[0] < 224;
	memcpy(&v6, end->bytes, sizeof(v6));
	return !IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_LOOPBACK(&v6) && !IN6_IS_ADDR_MULTICAST(&v6) &&
	       !IN6_IS_ADDR_LINKLOCAL(&v6) && !IN6_IS_ADDR_V4MAPPED(&v6);
}

static unsigned int bit(const struct end *end, unsigned int at)
{
	return end->bytes[at / 8] >> (7 - at % 8) & 1;
}

static bool same_network(const struct end *a, const struct end *b, unsigned int length)
{
	for (unsigned int at = 0; at < length; at++)
		if (bit(a, at) != bit(b, at))
			return false;
	return true;
}

/* Whether every bit behind the prefix is `value`. */
static bool host_is(const struct end *end, unsigned int length, unsigned int value)
{
	for (unsigned int at = length; at < end->bits; at++)
		if (bit(end, at) != value)
			return false;
	return true;
}

const char *link_addresses_error(const char *local, const char *peer)
{
	struct end ours, theirs;
	unsigned int length;

	if (!read_end(local, &ours))
		return "is no address; give one such as 192.0.2.1, or with its link 192.0.2.1/31";
	if (!is_unicast(&ours))
		return "is no address that a session can come from";
	if (!read_end(peer, &theirs) || ours.family != theirs.family)
		return "is of another address family than the neighbor's address";
	if (memcmp(ours.bytes, theirs.bytes, sizeof(ours.bytes)) == 0)
		return "is the neighbor's own address; give the other end of the link";
	length = ours.length;
	if (!length)
		return NULL;
	if (length == ours.bits)
		return "names a link of a single address; give the prefix length of the link, or none";
	if (!same_network(&ours, &theirs, length))
		return "is not on one link with the neighbor's address";
	/* Both addresses of a /31 and of a /127 are those of hosts. */
	if (length == ours.bits - 1)
		return NULL;
	if (host_is(&ours, length, 0) || host_is(&theirs, length, 0))
		return ours.family == AF_INET ? "is on a link whose first address, one of the two, names the network itself"
					      : "is on a link whose first address, one of the two, is every router's (anycast)";
	if (ours.family == AF_INET && (host_is(&ours, length, 1) || host_is(&theirs, length, 1)))
		return "is on a link whose last address, one of the two, is everybody's (broadcast)";
	return NULL;
}

bool link_address_usual(const char *local, char usual[LINK_ADDRESS_MAX], char bare[LINK_ADDRESS_MAX])
{
	struct end end;

	if (!read_end(local, &end) || !inet_ntop(end.family, end.bytes, bare, LINK_ADDRESS_MAX))
		return false;
	if (end.length)
		snprintf(usual, LINK_ADDRESS_MAX, "%.45s/%u", bare, end.length & 255);
	else
		memcpy(usual, bare, strlen(bare) + 1);
	return true;
}
