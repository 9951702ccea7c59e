// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/checks/inbound_audit.h"

#include "lib/route_audit.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_AUDIT, "Peering audit of routes");

struct inbound_audit {
	struct route_audit *routes; /* NULL: memory was short */
	/* The lists that the first route was judged by. */
	char lists[FAMILY_COUNT][PREFIX_LIST_NAME_MAX];
	bool any;   /* a message has come */
	bool whole; /* it was fed from the session's start on */
	bool origin_unknown; /* a route came that no cache could judge */
};

/* ---- the session ---- */

static struct route_audit_network network_of(const struct prefix *prefix)
{
	struct route_audit_network network = {.length = (uint8_t)prefix->prefixlen};

	if (prefix->family == AF_INET) {
		network.afi = BGP_UPDATE_AFI_IPV4;
		memcpy(network.address, &prefix->u.prefix4, sizeof(prefix->u.prefix4));
	} else if (prefix->family == AF_INET6) {
		network.afi = BGP_UPDATE_AFI_IPV6;
		memcpy(network.address, &prefix->u.prefix6, sizeof(prefix->u.prefix6));
	}
	return network;
}

static bool sends_path_ids(const struct peer *peer, afi_t afi)
{
	uint16_t capability = peer->af_cap[afi][SAFI_UNICAST];

	return CHECK_FLAG(capability, PEER_CAP_ADDPATH_AF_RX_ADV) && CHECK_FLAG(capability, PEER_CAP_ADDPATH_AF_TX_RCV);
}

static void read_link(const struct peer *peer, struct route_audit_session *said)
{
	struct prefix addresses[ROUTE_AUDIT_NETWORKS];
	size_t count = peer->nexthop.ifp ? interface_addresses(peer->nexthop.ifp, addresses, array_size(addresses)) : 0;
	struct prefix remote;

	for (size_t i = 0; i < count; i++)
		said->connected[i] = network_of(&addresses[i]);
	if (sockunion2hostprefix(peer_remote_address(peer), &remote))
		said->peer = network_of(&remote);
}

void inbound_audit_begin(struct session *session, struct peer *peer, bool from_the_start)
{
	struct route_audit_session said = {
		.peer_asn = peer->as,
		.own_asns = {peer->bgp->as, peer->local_as, peer->change_local_as, peer->bgp->confed_id},
		.four_octet_as = CHECK_FLAG(peer->cap, PEER_CAP_AS4_RCV) && CHECK_FLAG(peer->cap, PEER_CAP_AS4_ADV),
		.add_path = {sends_path_ids(peer, AFI_IP), sends_path_ids(peer, AFI_IP6)},
		.third_party = session->connection->kind != KIND_DIRECT,
	};

	inbound_audit_end(session);
	read_link(peer, &said);
	session->inbound_audit = XCALLOC(MTYPE_PEERING_AUDIT, sizeof(*session->inbound_audit));
	session->inbound_audit->routes = route_audit_new(&said);
	session->inbound_audit->whole = from_the_start;
}

void inbound_audit_go_on(struct session *session, struct peer *peer, bool from_the_start)
{
	if (!session->inbound_audit)
		inbound_audit_begin(session, peer, from_the_start);
}

void inbound_audit_end(struct session *session)
{
	if (!session->inbound_audit)
		return;
	route_audit_free(session->inbound_audit->routes);
	XFREE(MTYPE_PEERING_AUDIT, session->inbound_audit);
}

/* ---- routes ---- */

struct judging {
	struct inbound_audit *audit;
	const struct peer *peer;
	bool validates; /* by RPKI */
	struct prefix_list *lists[FAMILY_COUNT];
	bool named[FAMILY_COUNT];
};

static bool is_in(const struct bgp_table *table, const struct prefix *prefix)
{
	struct bgp_dest *dest = table ? bgp_node_match(table, prefix) : NULL;

	if (dest)
		bgp_dest_unlock_node(dest);
	return dest != NULL;
}

static uint32_t judge(const struct bgp_update_prefix *update, uint32_t origin, void *context)
{
	struct judging *judging = context;
	enum counted_family family = update->afi == BGP_UPDATE_AFI_IPV4 ? FAMILY_IPV4 : FAMILY_IPV6;
	afi_t afi = family_afi(family);
	struct prefix prefix = {.family = family == FAMILY_IPV4 ? AF_INET : AF_INET6, .prefixlen = update->length};
	uint32_t rules = 0;

	memcpy(&prefix.u.prefix, update->address, family == FAMILY_IPV4 ? 4 : 16);
	if (is_in(bgp_own_networks(judging->peer->bgp, afi), &prefix) ||
	    is_in(judging->peer->bgp->aggregate[afi][SAFI_UNICAST], &prefix))
		rules |= 1u << RULE_NO_OWN_PREFIX;
	/* A list that does not exist allows nothing. */
	if (judging->named[family] &&
	    (!judging->lists[family] || prefix_list_apply(judging->lists[family], &prefix) != PREFIX_PERMIT))
		rules |= 1u << RULE_ALLOWED_PREFIXES;
	if (judging->validates && origin) {
		enum origin_validity validity = asn_origin_validity((struct peer *)judging->peer, origin, &prefix);

		if (validity == ORIGIN_INVALID)
			rules |= 1u << RULE_RPKI;
		judging->audit->origin_unknown |= validity == ORIGIN_UNKNOWN;
	}
	return rules;
}

void inbound_audit_take(struct session *session, const struct peer *peer, const uint8_t *message, size_t size)
{
	struct inbound_audit *audit = session->inbound_audit;
	const struct connection *connection = session->connection;
	struct judging judging;

	if (!audit || !audit->routes)
		return;
	if (!audit->any)
		memcpy(audit->lists, connection->allowed_prefixes, sizeof(audit->lists));
	audit->any = true;
	judging = (struct judging){.audit = audit, .peer = peer, .validates = origin_validation_is_loaded()};
	for (int family = 0; family < FAMILY_COUNT; family++) {
		judging.named[family] = connection->allowed_prefixes[family][0];
		if (judging.named[family])
			judging.lists[family] =
				prefix_list_lookup(family_afi(family), connection->allowed_prefixes[family]);
	}
	route_audit_take(audit->routes, message, size, judge, &judging);
}

const struct route_audit *inbound_audit_routes(const struct session *session)
{
	return session->inbound_audit ? session->inbound_audit->routes : NULL;
}

bool inbound_audit_is_whole(const struct session *session)
{
	return session->inbound_audit && session->inbound_audit->whole;
}

bool inbound_audit_origins_known(const struct session *session)
{
	return session->inbound_audit && !session->inbound_audit->origin_unknown;
}

bool inbound_audit_lists_stand(const struct session *session)
{
	const struct inbound_audit *audit = session->inbound_audit;

	if (!audit || !audit->any)
		return true;
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (strcmp(audit->lists[family], session->connection->allowed_prefixes[family]) != 0)
			return false;
	return true;
}
