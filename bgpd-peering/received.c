// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/received.h"

#include "bgpd-peering/connection.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/validation.h"

#include "lib/bgp_update.h"
#include "lib/stream.h"

struct walk {
	struct session *session;
	const struct peer *peer;
	bool changed;
};

static bool counted_family_of(uint16_t afi, uint8_t safi, enum counted_family *family)
{
	if (safi != BGP_UPDATE_SAFI_UNICAST || (afi != BGP_UPDATE_AFI_IPV4 && afi != BGP_UPDATE_AFI_IPV6))
		return false;
	*family = afi == BGP_UPDATE_AFI_IPV4 ? FAMILY_IPV4 : FAMILY_IPV6;
	return true;
}

static bool uses_add_path(uint16_t iana_afi, uint8_t iana_safi, void *context)
{
	const struct walk *walk = context;
	enum counted_family family;

	if (!counted_family_of(iana_afi, iana_safi, &family))
		return false;
	uint16_t capability = walk->peer->af_cap[family_afi(family)][SAFI_UNICAST];

	return CHECK_FLAG(capability, PEER_CAP_ADDPATH_AF_RX_ADV) && CHECK_FLAG(capability, PEER_CAP_ADDPATH_AF_TX_RCV);
}

static size_t most_kept(const struct session *session, enum counted_family family)
{
	size_t twice = (size_t)session->connection->received_limit[family] * 2;

	return MIN(MAX(twice, (size_t)RECEIVED_KEPT), (size_t)RECEIVED_KEPT * 40);
}

static void visit(const struct bgp_update_prefix *prefix, void *context)
{
	struct walk *walk = context;
	struct received_routes *received;
	enum counted_family family;

	if (!counted_family_of(prefix->afi, prefix->safi, &family))
		return;
	received = &walk->session->received[family];
	walk->changed = true;
	if (!prefix->announced) {
		if (received->prefixes)
			prefix_set_remove(received->prefixes, prefix->length, prefix->address, prefix->path_id);
		return;
	}
	if (!received->prefixes)
		received->prefixes = prefix_set_new(most_kept(walk->session, family));
	if (!received->prefixes ||
	    !prefix_set_add(received->prefixes, prefix->length, prefix->address, prefix->path_id))
		received->overflow = true;
}

static int on_message(struct peer *peer, uint8_t type, bgp_size_t size, struct stream *message)
{
	struct walk walk = {.peer = peer};
	enum counted_family family;
	uint16_t eor_afi = 0;
	uint8_t eor_safi = 0;

	if (type != BGP_MSG_UPDATE || size < BGP_HEADER_SIZE)
		return 0;
	walk.session = session_counted(peer);
	if (!walk.session || !router_works() || stream_get_endp(message) < size)
		return 0;

	switch (bgp_update_walk(STREAM_DATA(message) + BGP_HEADER_SIZE, size - BGP_HEADER_SIZE, uses_add_path, visit,
				&walk, &eor_afi, &eor_safi)) {
	case BGP_UPDATE_OK:
		break;
	case BGP_UPDATE_END_OF_RIB:
		if (counted_family_of(eor_afi, eor_safi, &family))
			walk.session->received[family].end_of_rib = true;
		break;
	default:
		for (int each = 0; each < FAMILY_COUNT; each++)
			walk.session->received[each].malformed = true;
		break;
	}
	return 0;
}

void received_init(void)
{
	hook_register(bgp_packet_dump, on_message);
}
