// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/checks/degraded.h"
#include "bgpd-peering/connection/facts.h"

static void add(struct show_count *count, const struct connection *connection)
{
	const struct session *session;

	count->connections++;
	count->open += connection_gate(connection) != GATE_DENY;
	frr_each (session_list_const, &connection->sessions, session) {
		const struct peer *peer = session_peer(session);

		count->sessions++;
		count->sessions_up += peer && peer_is_established(peer);
	}
}

void show_summarize(struct show_summary *summary)
{
	const struct connection *connection;

	*summary = (struct show_summary){0};
	frr_each (connection_tree_const, &connections, connection) {
		enum severity severity = connection_severity(connection);

		add(&summary->of_state[connection->state], connection);
		add(&summary->all, connection);
		summary->warnings += severity == SEVERITY_WARNING;
		summary->critical += severity == SEVERITY_CRITICAL;
	}
}
