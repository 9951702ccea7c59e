// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/facts.h"

#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/preview/preview.h"

void session_facts(const struct session *session, struct session_facts *facts)
{
	struct peer *peer = session_peer(session);

	*facts = (struct session_facts){
		.exists = peer != NULL,
		.bgp_state = "absent",
		.gate = session->hands_off ? GATE_ALLOW : session->gate,
	};
	if (!peer)
		return;
	facts->established = peer_is_established(peer);
	facts->ups = peer->established;
	facts->downs = peer->dropped;
	facts->bgp_state = !facts->established && CHECK_FLAG(peer->flags, PEER_FLAG_SHUTDOWN)
				   ? "Idle (Admin)"
				   : peer_fsm_status_name(peer);
	if (facts->established)
		facts->up_seconds = (uint64_t)(monotime(NULL) - peer->uptime);
	if (peer->resettime && peer->last_reset)
		facts->last_down_reason = peer_down_str[(int)peer->last_reset];
	for (int family = 0; family < FAMILY_COUNT; family++)
		facts->carries[family] = session_carries(session, peer, family_afi(family), SAFI_UNICAST);
}

const char *session_overlay(const struct session *session)
{
	if (!session_peer(session))
		return "absent";
	switch (session->connection->state) {
	case STATE_NONE:
		return NULL;
	case STATE_ACTIVE:
		return session->held && !session->denied ? "PendingAdd" : NULL;
	case STATE_TYPE_CHANGE_REQUESTED:
	case STATE_TYPE_CHANGE_IN_PROGRESS:
		return "PendingUpdate";
	case STATE_PENDING_REMOVE:
		return "PendingRemove";
	default:
		return "PendingAdd";
	}
}

struct session_traffic peer_traffic(struct peer *peer)
{
	struct session_traffic traffic = {0};
	afi_t afi;
	safi_t safi;

	FOREACH_AFI_SAFI (afi, safi) {
		struct peer_af *family = peer_af_find(peer, afi, safi);

		traffic.installed += peer->pcount[afi][safi];
		if (family && PAF_SUBGRP(family))
			traffic.advertised += PAF_SUBGRP(family)->scount;
	}
	return traffic;
}

void family_facts(const struct session *session, enum counted_family family, struct family_facts *facts)
{
	afi_t afi = family_afi(family);

	*facts = (struct family_facts){
		.counted = inbound_is_counted(session),
		.received = inbound_count(session, family),
		.overflow = inbound_overflow(session, family),
		.installed = session_installed_count(session, afi, SAFI_UNICAST),
		.advertised = session_advertised_count(session, afi, SAFI_UNICAST),
		.limit = session->connection->received_limit[family],
		.import_policy = gate_policy_wanted(session, afi, SAFI_UNICAST, RMAP_IN),
		.export_policy = gate_policy_wanted(session, afi, SAFI_UNICAST, RMAP_OUT),
	};
}

void family_facts_previewed(const struct session *session, enum counted_family family, struct family_facts *facts)
{
	family_facts(session, family, facts);
	facts->previewed = preview_would_accept(session, family, &facts->would_accept);
}

bool session_opens_with_reset(const struct session *session)
{
	return session->gate == GATE_DENY && !session->hands_off && gate_opening(session) == OPENS_WITH_RESET;
}

as_t connection_peer_asn(const struct connection *connection)
{
	const struct session *session;

	if (connection->remote_as)
		return connection->remote_as;
	frr_each (session_list_const, &connection->sessions, session) {
		struct peer *peer = session_peer(session);

		if (peer && peer->as)
			return peer->as;
	}
	return 0;
}

static bool connection_is_violated(const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session->violation.count)
			return true;
	return false;
}

size_t connection_flags(const struct connection *connection, const char *flags[CONNECTION_FLAGS_MAX])
{
	size_t count = 0;

	if (connection->adopted)
		flags[count++] = "adopted";
	if (connection->discovered)
		flags[count++] = "discovered";
	if (connection->overridden)
		flags[count++] = "overridden";
	if (timers_is_stale(connection))
		flags[count++] = "stale";
	if (!connection->declared && !connection->discovered)
		flags[count++] = "undeclared";
	if (connection_has_conflict(connection))
		flags[count++] = "conflict";
	if (connection->journal_damaged)
		flags[count++] = "journal-damaged";
	if (connection->pushed)
		flags[count++] = "pushed";
	if (connection->maintenance.on)
		flags[count++] = "maintenance";
	if (bypass_covers(connection))
		flags[count++] = "bypass";
	if (connection_is_violated(connection))
		flags[count++] = "violation";
	return count;
}

enum gate_position connection_gate(const struct connection *connection)
{
	enum gate_position gate = session_list_count(&connection->sessions) ? GATE_ALLOW
									    : transition_connection_gate(connection);
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		if (!session->hands_off && session->gate == GATE_DENY)
			return GATE_DENY;
		if (session->gate == GATE_DRAIN)
			gate = GATE_DRAIN;
	}
	return gate;
}
