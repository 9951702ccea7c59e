// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `show peering prometheus`: what is shown, in Prometheus' text format (version 0.0.4), for node_exporter's textfile
 * collector or any scraper. doc/show.md lists the metrics.
 */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/checks/degraded.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/gate/audit.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/link/link.h"
#include "bgpd-peering/preview/preview.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

static void begin(struct vty *vty, const char *name, const char *type, const char *help)
{
	vty_out(vty, "# HELP peering_%s %s\n# TYPE peering_%s %s\n", name, help, name, type);
}

static void value(struct vty *vty, const char *name, const char *type, const char *help, uint64_t number)
{
	begin(vty, name, type, help);
	vty_out(vty, "peering_%s %llu\n", name, (unsigned long long)number);
}

static uint64_t closed_by_violation(void)
{
	const struct connection *connection;
	const struct session *session;
	uint64_t count = 0;

	frr_each (connection_tree_const, &connections, connection)
		frr_each (session_list_const, &connection->sessions, session)
			count += session->held && session->denied;
	return count;
}

static void of_router(struct vty *vty)
{
	static const char *const states[] = {"enforcing", "monitor", "bypass", "inert"};
	const struct audit_figures *audit = audit_figures();
	struct durable_sequences sequences = durable_state_sequences();
	struct link_figures figures;

	begin(vty, "module_state", "gauge", "What the module does: 1 for the state that it is in.");
	for (size_t i = 0; i < array_size(states); i++)
		vty_out(vty, "peering_module_state{state=\"%s\"} %d\n", states[i], strcmp(states[i], show_module_state()) == 0);
	value(vty, "journal_healthy", "gauge", "Whether the journal can be written.", durable_state_problem() == NULL);
	value(vty, "controller_configured", "gauge", "Whether the router has a controller.", controller_link_host() != NULL);
	value(vty, "controller_connected", "gauge", "Whether the link to the controller is up.", controller_link_is_up());
	controller_link_figures(&figures);
	value(vty, "report_queue_bytes", "gauge", "Reports that the controller has not taken or acknowledged yet.",
	      figures.queued_bytes);
	value(vty, "report_overflows_total", "counter",
	      "Sessions with the controller that were closed since more than 8 MiB waited, since the link began.",
	      figures.overflows);
	value(vty, "transitions_unacknowledged", "gauge", "Transitions in the journal that no controller has acknowledged.",
	      sequences.durable > sequences.acked ? sequences.durable - sequences.acked : 0);
	if (figures.ends.certificate)
		value(vty, "certificate_expiry_timestamp_seconds", "gauge",
		      "When the router's own certificate ends, as read last.",
		      figures.ends.certificate);
	if (figures.ends.ca)
		value(vty, "ca_expiry_timestamp_seconds", "gauge",
		      "When the last CA in the router's CA file ends, as read last.", figures.ends.ca);
	if (figures.ends.crl)
		value(vty, "crl_expiry_timestamp_seconds", "gauge",
		      "When the router's revocation list is to be made anew, as read last.", figures.ends.crl);
	value(vty, "bypassed_connections", "gauge", "Connections whose gates a bypass of their own holds open.",
	      bypass_count());
	value(vty, "bypass_all", "gauge", "Whether a bypass holds every gate open.", bypass_of_all() != NULL);
	value(vty, "audit_violations_total", "counter", "Times that something had passed a closed gate, since bgpd's start.",
	      audit->violations);
	value(vty, "audit_repairs_total", "counter", "Walls of gates that were put up again, since bgpd's start.",
	      audit->repairs);
	value(vty, "gates_closed_by_violation", "gauge",
	      "Sessions of Active connections whose gates a violation has closed.", closed_by_violation());
	begin(vty, "audit_longest_hold_seconds", "gauge", "Longest time that the audit has held bgpd's main thread.");
	vty_out(vty, "peering_audit_longest_hold_seconds %.6f\n", (double)audit->longest_microseconds / 1e6);
}

static void of_main_thread(struct vty *vty)
{
	begin(vty, "main_thread_longest_hold_seconds", "gauge",
	      "Longest time that the module has held bgpd's main thread, by what it did.");
	for (int area = 0; area < TURN_AREAS; area++)
		vty_out(vty, "peering_main_thread_longest_hold_seconds{area=\"%s\"} %.6f\n", turn_area_name(area),
			(double)turn_figures(area)->longest_microseconds / 1e6);
	begin(vty, "main_thread_longest_work_seconds", "gauge",
	      "Longest processor time that the module has taken of bgpd's main thread at a time, by what it did.");
	for (int area = 0; area < TURN_AREAS; area++)
		vty_out(vty, "peering_main_thread_longest_work_seconds{area=\"%s\"} %.6f\n", turn_area_name(area),
			(double)turn_figures(area)->longest_cpu_microseconds / 1e6);
	begin(vty, "main_thread_turns_total", "counter", "Times that bgpd's main thread has worked for the module.");
	for (int area = 0; area < TURN_AREAS; area++)
		vty_out(vty, "peering_main_thread_turns_total{area=\"%s\"} %llu\n", turn_area_name(area),
			(unsigned long long)turn_figures(area)->turns);
}

/* The value of a label. Connections have plain names; an interface or a VRF may have any. Valid until the next call. */
static const char *escaped(const char *text)
{
	static char value[2 * MAX(SESSION_ADDRESS_MAX, VRF_NAME_MAX)];
	size_t used = 0;

	for (; *text && used + 2 < sizeof(value); text++) {
		if (*text == '"' || *text == '\\')
			value[used++] = '\\';
		value[used++] = *text;
	}
	value[used] = '\0';
	return value;
}

static void of_connections(struct vty *vty)
{
	const struct connection *connection;

	begin(vty, "connection_state", "gauge", "The state that a connection is in: always 1.");
	frr_each (connection_tree_const, &connections, connection)
		vty_out(vty, "peering_connection_state{connection=\"%s\",vrf=\"%s\",asn=\"%u\",kind=\"%s\",state=\"%s\"} 1\n",
			connection->name, escaped(connection->vrf), connection_peer_asn(connection),
			connection_kind_name(connection->kind), connection_state_name(connection->state));
	begin(vty, "connection_state_seconds", "gauge", "How long the connection has been in its state.");
	frr_each (connection_tree_const, &connections, connection)
		vty_out(vty, "peering_connection_state_seconds{connection=\"%s\"} %llu\n", connection->name,
			(unsigned long long)wall_clock_seconds_since(connection->state_since));
	begin(vty, "connection_validation_window_seconds", "gauge", "How long every required session has to be up before it may pass.");
	frr_each (connection_tree_const, &connections, connection)
		vty_out(vty, "peering_connection_validation_window_seconds{connection=\"%s\"} %u\n", connection->name,
			timers_seconds(connection, TIMER_WINDOW));
	begin(vty, "connection_gate_open", "gauge", "Whether every gate of the connection is open.");
	frr_each (connection_tree_const, &connections, connection)
		vty_out(vty, "peering_connection_gate_open{connection=\"%s\"} %d\n", connection->name,
			connection_gate(connection) != GATE_DENY);
	begin(vty, "connection_maintenance", "gauge", "Whether the connection is drained for maintenance.");
	frr_each (connection_tree_const, &connections, connection)
		vty_out(vty, "peering_connection_maintenance{connection=\"%s\"} %d\n", connection->name,
			connection->maintenance.on);
}

static void of_degradations(struct vty *vty)
{
	const struct connection *connection;

	begin(vty, "connection_degraded", "gauge", "What is wrong with a connection: 1 is a warning, 2 is critical.");
	frr_each (connection_tree_const, &connections, connection) {
		struct degradation found[DEGRADATIONS_MAX];
		size_t count = MIN(connection_degradations(connection, found, array_size(found)), array_size(found));

		for (size_t i = 0; i < count; i++)
			vty_out(vty, "peering_connection_degraded{connection=\"%s\",session=\"%s\",cause=\"%s\"} %d\n",
				connection->name, found[i].session ? escaped(found[i].session->address) : "", found[i].cause,
				found[i].severity);
	}
}

/* Every session, looked up once for all metrics of sessions. */
struct row {
	const struct session *session;
	bool established, carries[FAMILY_COUNT];
};

struct rows {
	struct row *rows;
	size_t count;
};

static struct rows look_up_all(void)
{
	const struct connection *connection;
	const struct session *session;
	struct rows all = {0};

	frr_each (connection_tree_const, &connections, connection)
		all.count += session_list_count(&connection->sessions);
	all.rows = XCALLOC(MTYPE_TMP, (all.count + 1) * sizeof(*all.rows));
	all.count = 0;
	frr_each (connection_tree_const, &connections, connection) {
		frr_each (session_list_const, &connection->sessions, session) {
			struct row *row = &all.rows[all.count++];
			struct session_facts facts;

			session_facts(session, &facts);
			*row = (struct row){.session = session, .established = facts.established};
			memcpy(row->carries, facts.carries, sizeof(row->carries));
		}
	}
	return all;
}

typedef bool (*figure)(const struct session *session, enum counted_family family, uint64_t *number);

static bool received(const struct session *session, enum counted_family family, uint64_t *number)
{
	*number = inbound_count(session, family);
	return inbound_is_counted(session);
}

static bool would_accept(const struct session *session, enum counted_family family, uint64_t *number)
{
	return preview_would_accept(session, family, number);
}

static bool limit(const struct session *session, enum counted_family family, uint64_t *number)
{
	*number = session->connection->received_limit[family];
	return *number > 0;
}

static bool installed(const struct session *session, enum counted_family family, uint64_t *number)
{
	*number = session_installed_count(session, family_afi(family), SAFI_UNICAST);
	return true;
}

static bool advertised(const struct session *session, enum counted_family family, uint64_t *number)
{
	*number = session_advertised_count(session, family_afi(family), SAFI_UNICAST);
	return true;
}

static void of_sessions(struct vty *vty, const struct rows *all, const char *name, const char *help, figure figure_of)
{
	begin(vty, name, "gauge", help);
	for (const struct row *row = all->rows; row < all->rows + all->count; row++) {
		const struct session *session = row->session;
		uint64_t number;

		for (int family = 0; family < FAMILY_COUNT; family++)
			if (row->carries[family] && figure_of(session, family, &number))
				vty_out(vty, "peering_%s{connection=\"%s\",session=\"%s\",afi=\"%s\"} %llu\n", name,
					session->connection->name, escaped(session->address), family_name(family),
					(unsigned long long)number);
	}
}

static void up_of_sessions(struct vty *vty, const struct rows *all)
{
	begin(vty, "session_up", "gauge", "Whether BGP is Established.");
	for (const struct row *row = all->rows; row < all->rows + all->count; row++)
		vty_out(vty, "peering_session_up{connection=\"%s\",session=\"%s\"} %d\n", row->session->connection->name,
			escaped(row->session->address), row->established);
}

void show_prometheus(struct vty *vty)
{
	struct rows all;

	of_router(vty);
	of_main_thread(vty);
	if (router.inert)
		return;
	of_connections(vty);
	of_degradations(vty);
	all = look_up_all();
	up_of_sessions(vty, &all);
	of_sessions(vty, &all, "session_received_prefixes",
		    "Prefixes that the peer announces, where they are counted.", received);
	of_sessions(vty, &all, "session_would_accept_prefixes",
		    "Prefixes of those that the import policy would accept, by a preview that holds.", would_accept);
	of_sessions(vty, &all, "session_received_limit_prefixes", "Most prefixes that the peer may announce, where that is set.",
		    limit);
	of_sessions(vty, &all, "session_installed_prefixes", "Prefixes of the peer in bgpd's tables.", installed);
	of_sessions(vty, &all, "session_advertised_prefixes", "Prefixes that bgpd has sent to the peer and not withdrawn.",
		    advertised);
	XFREE(MTYPE_TMP, all.rows);
}
