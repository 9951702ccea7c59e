// SPDX-License-Identifier: GPL-2.0-or-later
/* `show peering`: one row for each connection, what is wrong first. */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/checks/degraded.h"
#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/show/show_table.h"

#define ROWS_MOST 50 /* unless all are asked for */

/* bgpd's word for a session that is not up, in four letters. */
static const char *short_state(const char *bgp_state)
{
	static const char *const words[][2] = {
		{"Idle (Admin)", "Shut"}, {"Connect", "Conn"}, {"Active", "Actv"},   {"OpenSent", "Open"},
		{"OpenConfirm", "Open"},  {"Clearing", "Clr"}, {"absent", "none"},
	};

	for (size_t i = 0; i < array_size(words); i++)
		if (strcmp(words[i][0], bgp_state) == 0)
			return words[i][1];
	return bgp_state;
}

/* One word for the session of a family; "-" where the connection has none. Valid until the event loop is entered. */
static const char *family_state(const struct connection *connection, enum counted_family family)
{
	const struct session *session;
	const char *state = "-";

	frr_each (session_list_const, &connection->sessions, session) {
		struct session_facts facts;

		session_facts(session, &facts);
		if (facts.exists ? !facts.carries[family] : session_family(session) != family)
			continue;
		if (facts.established)
			return "Up";
		state = short_state(facts.bgp_state);
	}
	return state;
}

/* "9120", "201k", "1204M". */
static void count_text(uint64_t count, char text[16])
{
	if (count < 100000)
		snprintf(text, 16, "%u", (unsigned int)count);
	else if (count < 100000000)
		snprintf(text, 16, "%uk", (unsigned int)(count / 1000));
	else
		snprintf(text, 16, "%lluM", (unsigned long long)(count / 1000000));
}

static void received_and_accepted(const struct connection *connection, char *text, size_t size)
{
	uint64_t received = 0, installed = 0, would_accept = 0;
	bool counted = false, up = false, overflow = false, previewed = true;
	char in[16] = "-", accepted[16];
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		for (int family = 0; family < FAMILY_COUNT; family++) {
			struct family_facts facts;

			family_facts_previewed(session, family, &facts);
			received += facts.received;
			would_accept += facts.would_accept;
			previewed &= !facts.counted || facts.previewed;
			installed += facts.installed;
			counted |= facts.counted;
			overflow |= facts.overflow;
		}
		up |= session_peer(session) && peer_is_established(session_peer(session));
	}
	if (!up) {
		snprintf(text, size, "-");
		return;
	}
	previewed &= counted;
	count_text(previewed ? installed + would_accept : installed, accepted);
	if (counted)
		count_text(received, in);
	snprintf(text, size, "%s%s/%s%s", overflow ? ">" : "", in, accepted, previewed ? "*" : "");
}

static void flag_letters(const struct connection *connection, char text[8])
{
	size_t at = 0;

	if (connection->adopted)
		text[at++] = 'A';
	if (connection_has_conflict(connection))
		text[at++] = 'C';
	if (connection->discovered)
		text[at++] = 'D';
	if (connection->maintenance.on)
		text[at++] = 'M';
	if (connection->overridden)
		text[at++] = 'O';
	if (timers_is_stale(connection))
		text[at++] = 'S';
	if (!connection->declared && !connection->discovered)
		text[at++] = 'U';
	text[at] = '\0';
}

/* ---- what is wrong with it, in few words ---- */

/* "v4" where the connection has one session of that sort, else its address. */
static const char *session_word(const struct session *session)
{
	const struct session *other;
	unsigned int of_sort = 0;

	frr_each (session_list_const, &session->connection->sessions, other)
		of_sort += session_family(other) == session_family(session);
	/* One on an interface may carry both. */
	if (of_sort > 1 || (session_family(session) == FAMILY_IPV6 && !strchr(session->address, ':')))
		return session->address;
	return session_family(session) == FAMILY_IPV4 ? "v4" : "v6";
}

/* Figures where there are any, else the sentence without the address that it begins with. */
static const char *in_short(const struct degradation *one)
{
	size_t size = one->session ? strlen(one->session->address) : 0;
	const char *reason = one->reason;

	if (one->figures[0])
		return one->figures;
	if (size && strncmp(reason, one->session->address, size) == 0 && strchr(": ", reason[size]))
		reason += size + strspn(reason + size, ": ");
	/* The cause says so. */
	return strncmp(reason, "is down, ", 9) == 0 ? reason + 9 : reason;
}

/* What is wrong with it, the worst and how many more; else what it waits for. */
static void why(const struct connection *connection, char *text, size_t size)
{
	struct degradation found[DEGRADATIONS_MAX], *worst = NULL;
	size_t count = MIN(connection_degradations(connection, found, array_size(found)), array_size(found));
	char age[16] = "", more[32] = "";

	for (size_t i = 0; i < count; i++)
		if (!worst || found[i].severity > worst->severity)
			worst = &found[i];
	if (!worst) {
		validation_waiting_for(connection, text, size);
		return;
	}
	if (worst->seconds)
		show_age(worst->seconds, age);
	if (count > 1)
		snprintf(more, sizeof(more), " (+%zu)", count - 1);
	snprintf(text, size, "%s%s%s%s%s%s%s: %s", worst->severity == SEVERITY_CRITICAL ? "critical: " : "", worst->cause,
		 more, worst->session ? " " : "", worst->session ? session_word(worst->session) : "", age[0] ? " " : "", age,
		 in_short(worst));
}

/* ---- rows ---- */

static void add_row(struct show_table *table, const struct connection *connection)
{
	char age[16], counts[48], waiting[sizeof(((struct degradation *)0)->reason) + 192], flags[8], asn[16] = "-";
	as_t peer_asn = connection_peer_asn(connection);
	const char *kind = connection->kind == KIND_ROUTE_SERVER ? "rs" : connection_kind_name(connection->kind);

	show_age(wall_clock_seconds_since(connection->state_since), age);
	received_and_accepted(connection, counts, sizeof(counts));
	why(connection, waiting, sizeof(waiting));
	flag_letters(connection, flags);
	if (peer_asn)
		snprintf(asn, sizeof(asn), "%u", peer_asn);
	show_table_row(table, "%s%s%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", connection->name, flags[0] ? " " : "", flags, asn,
		       connection->discovered ? "-" : kind, connection_state_name(connection->state), age,
		       show_gate_word(connection, connection_gate(connection)), family_state(connection, FAMILY_IPV4),
		       family_state(connection, FAMILY_IPV6), counts, waiting[0] ? waiting : "-");
}

/* Problems first, the worst on top; each connection is judged once. */
static unsigned int add_rows(struct show_table *table, const struct show_filter *filter, bool all,
			     unsigned int counts[SEVERITY_COUNT])
{
	uint8_t *severities = XCALLOC(MTYPE_TMP, connection_tree_count(&connections) + 1);
	const struct connection *connection;
	unsigned int shown = 0;
	size_t i = 0;

	frr_each (connection_tree_const, &connections, connection) {
		severities[i] = SEVERITY_COUNT;
		if (show_filter_takes(filter, connection))
			counts[severities[i] = connection_severity(connection)]++;
		i++;
	}
	for (int severity = SEVERITY_COUNT - 1; severity >= 0; severity--) {
		i = 0;
		frr_each (connection_tree_const, &connections, connection) {
			if (severities[i++] != severity || (!all && shown >= ROWS_MOST))
				continue;
			add_row(table, connection);
			shown++;
		}
	}
	XFREE(MTYPE_TMP, severities);
	return shown;
}

void show_overview_text(struct vty *vty, const struct show_filter *filter, bool all)
{
	struct show_table *table;
	unsigned int counts[SEVERITY_COUNT] = {0}, shown, found = 0;

	show_header(vty);
	if (connection_tree_count(&connections) == 0) {
		vty_out(vty, "No connections. Declare one under `router bgp` with `peering NAME neighbor ADDRESS`.\n");
		return;
	}
	table = show_table_new("Name\tASN\tKind\tState\tSince\tGate\tv4\tv6\tRecv/Acc\tWhy / next", LAST_IS_CUT);
	shown = add_rows(table, filter, all, counts);
	for (int severity = 0; severity < SEVERITY_COUNT; severity++)
		found += counts[severity];
	if (!found) {
		show_table_free(table);
		vty_out(vty, filter->problems ? "Nothing is wrong with any of %zu connections.\n"
					      : "None of %zu connections is like that; `show peering` lists them.\n",
			connection_tree_count(&connections));
		return;
	}
	if (found > counts[SEVERITY_NONE])
		vty_out(vty, "Attention: %u (%u critical); `show peering NAME` says what to do\n", found - counts[SEVERITY_NONE],
			counts[SEVERITY_CRITICAL]);
	show_table_print(vty, table);
	vty_out(vty,
		"Flags: A adopted  C conflict  D discovered  M maintenance  O overridden  S stale  U undeclared   * what your policy would accept\n");
	if (shown < found)
		vty_out(vty, "%u of %u shown (`%s` for every one)\n", shown, found,
			show_filter_is_set(filter) ? "… all" : "show peering all");
}
