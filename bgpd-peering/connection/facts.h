/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is shown and reported of connections and sessions, looked up once for text, JSON and the controller alike.
 *
 * bgpd's main thread only; strings are valid until the event loop is entered again.
 */
#ifndef PEERING_FACTS_H
#define PEERING_FACTS_H

#include "bgpd-peering/connection/connection.h"

struct session_facts {
	bool exists;		/* bgpd has such a neighbor */
	const char *bgp_state;	/* bgpd's word; "absent" where it has none */
	bool established;
	enum gate_position gate; /* what really applies: a session that is left alone is open */
	uint64_t up_seconds;
	uint32_t ups, downs; /* times, since bgpd has this neighbor */
	const char *last_down_reason; /* bgpd's words; NULL: it has not gone down since bgpd's start */
	bool carries[FAMILY_COUNT];
};
void session_facts(const struct session *session, struct session_facts *facts);

/*
 * What becomes of a neighbor beside its BGP state: "absent" (bgpd has none), "PendingAdd" (its gate has never been open),
 * "PendingUpdate" (its connection becomes another kind), "PendingRemove"; NULL for none of them.
 */
const char *session_overlay(const struct session *session);

/* Of all families of a peer, whether a connection has it or not. */
struct session_traffic {
	uint64_t installed, advertised;
};
struct session_traffic peer_traffic(struct peer *peer);

struct family_facts {
	bool counted; /* received is known: only while the gate is closed */
	uint64_t received, installed, advertised;
	bool previewed;	       /* `would_accept` is known, by a preview that stands */
	uint64_t would_accept; /* of what is kept, by the operator's policy */
	bool overflow; /* received is a lower bound */
	uint32_t limit;
	const char *import_policy, *export_policy; /* NULL: none */
};
void family_facts(const struct session *session, enum counted_family family, struct family_facts *facts);
/* `would_accept` too; that may begin a preview. */
void family_facts_previewed(const struct session *session, enum counted_family family, struct family_facts *facts);

/* Whether its gate is closed, and opening it resets the session (gate.h says when). */
bool session_opens_with_reset(const struct session *session);

/* Declared, else what the first session's neighbor has; 0 where neither says. */
as_t connection_peer_asn(const struct connection *connection);

#define CONNECTION_FLAGS_MAX 12
/*
 * "adopted", "discovered", "undeclared", "conflict", "journal-damaged", "pushed", "maintenance", "bypass", "violation",
 * "overridden", "stale"; returns how many.
 */
size_t connection_flags(const struct connection *connection, const char *flags[CONNECTION_FLAGS_MAX]);

/* The gate that the connection shows: closed where any session's is, else draining where any session's is. */
enum gate_position connection_gate(const struct connection *connection);

#endif
