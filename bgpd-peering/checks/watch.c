// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/checks/watch.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/checks/inbound_audit.h"
#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/gate/inbound.h"

#include "lib/route_audit.h"

#define HEARD_AGAIN 30 /* seconds in which a peer that was asked has said everything again */

DEFINE_MTYPE_STATIC(PEERING, PEERING_WATCH, "Peering watch of a session in service");

struct watch {
	struct adj_rib_in *counted; /* counts only; NULL where memory was short */
	bool complete;
	time_t complete_from; /* by the monotonic clock; 0: `complete` says */
	uint32_t offences;    /* bits of offences(), when the last message had been taken */
};

static bool is_needed(const struct connection *connection)
{
	for (size_t i = 0; i < check_count; i++)
		if (checks[i]->of_routes && check_level(connection, i) == CHECK_REQUIRED)
			return true;
	return false;
}

void watch_begin(struct session *session, struct peer *peer, bool from_the_start)
{
	struct watch *watch;

	if (session->watch || session->connection->state != STATE_ACTIVE || !is_needed(session->connection))
		return;
	watch = session->watch = XCALLOC(MTYPE_PEERING_WATCH, sizeof(*watch));
	watch->complete = from_the_start;
	watch->counted = inbound_counter(session, peer);
	session_watched_set(session, peer);
	inbound_audit_go_on(session, peer, from_the_start);
}

void watch_end(struct session *session)
{
	struct watch *watch = session->watch;

	if (!watch)
		return;
	session_watched_clear(session);
	inbound_discard(watch->counted);
	XFREE(MTYPE_PEERING_WATCH, session->watch);
	if (!session->counted_peer)
		inbound_audit_end(session);
}

void watch_gate_closed(struct session *session)
{
	if (session->watch && !session->watch->complete && peer_can_refresh(session->watched_peer))
		session->watch->complete_from = monotime(NULL) + HEARD_AGAIN;
}

/* What checks may find fault with, a bit each: one that changes is looked at at once. */
static uint32_t offences(const struct session *session)
{
	const struct route_audit *routes = inbound_audit_routes(session);
	uint32_t found = 0;

	for (int rule = 0; rule < RULE_COUNT; rule++)
		found = found << 1 | (route_audit_count(routes, (enum route_rule)rule) > 0);
	for (int family = 0; family < FAMILY_COUNT; family++) {
		uint32_t limit = session->connection->received_limit[family];

		found = found << 1 | (watch_default_count(session, family) > 0);
		found = found << 1 | (limit && watch_count(session, family) > limit);
	}
	return found;
}

void watch_take(struct session *session, const uint8_t *message, size_t size, bool again)
{
	struct watch *watch = session->watch;
	struct bgp_update_summary summary;
	uint32_t before = watch->offences;

	if (!again)
		inbound_audit_take(session, session->watched_peer, message, size);
	if (watch->counted && adj_rib_in_take(watch->counted, message, size, &summary) == BGP_UPDATE_END_OF_RIB)
		inbound_note_end_of_rib(session, &summary);
	watch->offences = offences(session);
	if (watch->offences != before)
		validation_look_again(session->connection);
}

bool watch_is_complete(const struct session *session)
{
	const struct watch *watch = session->watch;

	return watch && watch->counted &&
	       (watch->complete || (watch->complete_from && monotime(NULL) >= watch->complete_from));
}

uint64_t watch_count(const struct session *session, enum counted_family family)
{
	return session->watch ? adj_rib_in_count(session->watch->counted, (enum adj_rib_in_family)family) : 0;
}

uint64_t watch_default_count(const struct session *session, enum counted_family family)
{
	return session->watch ? adj_rib_in_default_count(session->watch->counted, (enum adj_rib_in_family)family) : 0;
}

bool watch_overflow(const struct session *session, enum counted_family family)
{
	return session->watch && adj_rib_in_overflow(session->watch->counted, (enum adj_rib_in_family)family);
}

bool watch_malformed(const struct session *session)
{
	return session->watch && adj_rib_in_malformed(session->watch->counted);
}
