// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/show.h"

#include "bgpd-peering/adoption.h"
#include "bgpd-peering/bypass.h"
#include "bgpd-peering/deadline.h"
#include "bgpd-peering/drain.h"
#include "bgpd-peering/commands.h"
#include "bgpd-peering/controller_link.h"
#include "bgpd-peering/default_deny.h"
#include "bgpd-peering/degraded.h"
#include "bgpd-peering/durable_state.h"
#include "bgpd-peering/facts.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/state_file.h"
#include "bgpd-peering/timers.h"
#include "bgpd-peering/turn.h"
#include "bgpd-peering/validation.h"

#include "lib/termtable.h"

#define HISTORY_SHOWN 8

static uint64_t seconds_since(uint64_t milliseconds)
{
	uint64_t now = wall_clock_milliseconds();

	return now > milliseconds ? (now - milliseconds) / 1000 : 0;
}

/* The strictest mode of all instances. */
static void strictest(const char *vrf, enum default_deny_mode mode, void *context)
{
	enum default_deny_mode *most = context;

	*most = MAX(*most, mode);
}

const char *show_module_state(void)
{
	enum default_deny_mode mode = DEFAULT_DENY_OFF;

	default_deny_each(strictest, &mode);
	if (router.inert)
		return "inert";
	if (bypass_of_all() || bypass_count())
		return "bypass";
	return mode == DEFAULT_DENY_MONITOR ? "monitor" : "enforcing";
}

void show_age(uint64_t seconds, char text[16])
{
	if (seconds < 60)
		snprintf(text, 16, "%us", (unsigned int)seconds);
	else if (seconds < 3600)
		snprintf(text, 16, "%um%02us", (unsigned int)(seconds / 60), (unsigned int)(seconds % 60));
	else if (seconds < 86400)
		snprintf(text, 16, "%uh%02um", (unsigned int)(seconds / 3600), (unsigned int)(seconds / 60 % 60));
	else if (seconds < UINT64_C(86400) * 100000)
		snprintf(text, 16, "%ud", (unsigned int)(seconds / 86400));
	else
		snprintf(text, 16, "-");
}

struct ttable *show_table_new(void)
{
	struct ttable *table = ttable_new(&ttable_styles[TTSTYLE_BLANK]);

	table->style.cell.rpad = 2;
	return table;
}

/* Prints the table without the blanks that fill up its last column. */
void show_table_print(struct vty *vty, struct ttable *table)
{
	char *dump = ttable_dump(table, "\n"), *line, *rest = dump;

	while ((line = strsep(&rest, "\n"))) {
		size_t length = strlen(line);

		while (length > 0 && line[length - 1] == ' ')
			line[--length] = '\0';
		if (length)
			vty_out(vty, "%s\n", line);
	}
	XFREE(MTYPE_TABLE_DUMP, dump);
	ttable_del(table);
}

/* "Up", "Idle", "Admin": one word for the session of a family; "-" where the connection has none. */
static void family_state(const struct connection *connection, enum counted_family family, char text[16])
{
	const struct session *session;

	snprintf(text, 16, "-");
	frr_each (session_list_const, &connection->sessions, session) {
		struct session_facts facts;

		session_facts(session, &facts);
		if (facts.exists && !facts.carries[family])
			continue;
		if (!facts.exists && (strchr(session->address, ':') ? FAMILY_IPV6 : FAMILY_IPV4) != family)
			continue;
		if (facts.established) {
			snprintf(text, 16, "Up");
			return;
		}
		snprintf(text, 16, "%s", strcmp(facts.bgp_state, "Idle (Admin)") == 0 ? "Shut" : facts.bgp_state);
	}
}

static void received_and_accepted(const struct connection *connection, char *text, size_t size)
{
	uint64_t received = 0, installed = 0, would_accept = 0;
	bool counted = false, up = false, overflow = false, previewed = true;
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
	if (!up)
		snprintf(text, size, "-");
	else if (counted && previewed)
		snprintf(text, size, "%llu/%llu*", (unsigned long long)received,
			 (unsigned long long)(installed + would_accept));
	else if (counted)
		snprintf(text, size, "%s%llu/%llu", overflow ? ">" : "", (unsigned long long)received,
			 (unsigned long long)installed);
	else
		snprintf(text, size, "-/%llu", (unsigned long long)installed);
}

static void flag_letters(const struct connection *connection, char text[8])
{
	size_t at = 0;

	if (connection->adopted)
		text[at++] = 'A';
	if (connection->discovered)
		text[at++] = 'D';
	if (connection->maintenance.on)
		text[at++] = 'M';
	if (connection->overridden)
		text[at++] = 'O';
	if (timers_is_stale(connection))
		text[at++] = 'S';
	if (connection_has_conflict(connection))
		text[at++] = 'C';
	if (!connection->declared && !connection->discovered)
		text[at++] = 'U';
	text[at] = '\0';
}

/* What is wrong with it, else what it waits for. */
static void why(const struct connection *connection, char *text, size_t size)
{
	struct degradation found[DEGRADATIONS_MAX], *worst = NULL;
	size_t count = MIN(connection_degradations(connection, found, array_size(found)), array_size(found));

	for (size_t i = 0; i < count; i++)
		if (!worst || found[i].severity > worst->severity)
			worst = &found[i];
	if (!worst)
		validation_waiting_for(connection, text, size);
	else
		snprintf(text, size, "%s%s; `%s`", worst->severity == SEVERITY_CRITICAL ? "critical: " : "", worst->reason,
			 worst->next);
}

static void add_row(struct ttable *table, const struct connection *connection)
{
	char age[16], v4[16], v6[16], counts[48], waiting[sizeof(((struct degradation *)0)->reason) + 192], flags[8], asn[16] = "-";
	as_t peer_asn = connection_peer_asn(connection);

	show_age(seconds_since(connection->state_since), age);
	family_state(connection, FAMILY_IPV4, v4);
	family_state(connection, FAMILY_IPV6, v6);
	received_and_accepted(connection, counts, sizeof(counts));
	why(connection, waiting, sizeof(waiting));
	flag_letters(connection, flags);
	if (peer_asn)
		snprintf(asn, sizeof(asn), "%u", peer_asn);
	ttable_add_row(table, "%s%s%s|%s|%s|%s|%s|%s|%s|%s|%s|%s", connection->name, flags[0] ? " " : "", flags, asn,
		       connection->discovered ? "-" : connection_kind_name(connection->kind),
		       connection_state_name(connection->state), age,
		       gate_position_name(connection_gate(connection)), v4, v6, counts, waiting[0] ? waiting : "-");
}

/* Above everything that is shown, as long as one is on. */
static void show_bypass(struct vty *vty)
{
	const struct bypass *all = bypass_of_all();
	unsigned int count = bypass_count();
	char age[16];

	if (all) {
		show_age(seconds_since(all->since), age);
		vty_out(vty, "BYPASS: every gate is open since %s, by %s: %s; `no peering bypass all` ends it\n", age,
			all->actor, all->reason);
	}
	if (count)
		vty_out(vty, "BYPASS: the gates of %u connection%s are open; `no peering bypass NAME` ends it\n", count,
			count == 1 ? "" : "s");
}

static void show_header(struct vty *vty)
{
	struct bgp *bgp = bgp_of_vrf(VRF_DEFAULT_NAME);
	enum default_deny_mode mode = DEFAULT_DENY_OFF;
	char controller[640];

	default_deny_each(strictest, &mode);
	controller_link_describe(controller, sizeof(controller));
	if (bgp)
		vty_out(vty, "AS%u %s   ", bgp->as, cmd_hostname_get());
	vty_out(vty, "default-deny: %s   controller: %s\n", default_deny_mode_name(mode), controller);
	if (adoption_left())
		vty_out(vty, "Adopting: %zu neighbors are left; they carry on, and what was asked for is done then\n", adoption_left());
	if (router.inert)
		vty_out(vty, "The module is INERT in this bgpd and gates nothing; %s\n", router_inert_reason());
	show_bypass(vty);
	if (durable_state_problem())
		vty_out(vty, "Journal: %s\n", durable_state_problem());
}

#define ROWS_MOST 50 /* unless all are asked for */

/* Problems first, the worst on top; each connection is judged once. */
static unsigned int add_rows(struct ttable *table, const struct show_filter *filter, bool all, unsigned int counts[SEVERITY_COUNT])
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
	struct ttable *table;
	unsigned int counts[SEVERITY_COUNT] = {0}, shown, found = 0;

	show_header(vty);
	if (connection_tree_count(&connections) == 0) {
		vty_out(vty, "No connections. Declare one under `router bgp` with `peering NAME neighbor ADDRESS`.\n");
		return;
	}
	table = show_table_new();
	ttable_add_row(table, "Name|ASN|Kind|State|Since|Gate|v4|v6|Recv/Acc|Why / next");
	shown = add_rows(table, filter, all, counts);
	for (int severity = 0; severity < SEVERITY_COUNT; severity++)
		found += counts[severity];
	if (!found) {
		ttable_del(table);
		vty_out(vty, filter->problems ? "Nothing is wrong with any of %zu connections.\n"
					      : "None of %zu connections is like that; `show peering` lists them.\n",
			connection_tree_count(&connections));
		return;
	}
	if (found > counts[SEVERITY_NONE])
		vty_out(vty, "Attention: %u (%u critical)\n", found - counts[SEVERITY_NONE], counts[SEVERITY_CRITICAL]);
	show_table_print(vty, table);
	vty_out(vty,
		"Flags: A adopted  C conflict  D discovered  M maintenance  O overridden  S stale  U undeclared   * what your policy would accept\n");
	if (shown < found)
		vty_out(vty, "%u of %u shown (`show peering all` for every one)\n", shown, found);
}

/* ---- how many ---- */

static void show_summary_text(struct vty *vty)
{
	const struct turn_figures *longest = turn_figures(turn_longest());
	struct ttable *table = show_table_new();
	struct show_summary summary;

	show_summarize(&summary);
	show_header(vty);
	ttable_add_row(table, "State|Connections|Gates open|Gates closed|Sessions up|Sessions");
	for (int state = 0; state < STATE_COUNT; state++) {
		const struct show_count *count = &summary.of_state[state];

		if (count->connections)
			ttable_add_row(table, "%s|%u|%u|%u|%u|%u", connection_state_name(state), count->connections,
				       count->open, count->connections - count->open, count->sessions_up, count->sessions);
	}
	ttable_add_row(table, "all|%u|%u|%u|%u|%u", summary.all.connections, summary.all.open,
		       summary.all.connections - summary.all.open, summary.all.sessions_up, summary.all.sessions);
	show_table_print(vty, table);
	vty_out(vty, "Attention: %u (%u critical)\n", summary.warnings + summary.critical, summary.critical);
	vty_out(vty, "Longest hold of bgpd's main thread: %.1f ms, in `%s`\n", (double)longest->longest_microseconds / 1e3,
		turn_area_name(turn_longest()));
}

/* ---- one connection ---- */

static const char *or_none(const char *name)
{
	return name ? name : "none";
}

/* Of one session, and why it is closed although its connection is Active. */
static const char *gate_words(const struct session *session, enum gate_position gate)
{
	if (!session->held || gate != GATE_DENY)
		return gate_position_name(gate);
	return session->denied ? "deny, violation" : "deny, held";
}

static void show_sessions(struct vty *vty, const struct connection *connection)
{
	struct ttable *table = show_table_new();
	const struct session *session;

	ttable_add_row(table, "Session|AF|BGP|Up|Gate|Recv|WouldAcc|Installed|Adv|Policy in/out|Limit");
	frr_each (session_list_const, &connection->sessions, session) {
		struct session_facts facts;
		char up[16] = "-";
		bool any = false;

		session_facts(session, &facts);
		if (facts.established)
			show_age(facts.up_seconds, up);
		for (int family = 0; family < FAMILY_COUNT; family++) {
			struct family_facts family_has;
			char received[24] = "-", would_accept[24] = "-", limit[16] = "-";

			if (!facts.carries[family])
				continue;
			any = true;
			family_facts_previewed(session, family, &family_has);
			if (family_has.previewed)
				snprintf(would_accept, sizeof(would_accept), "%llu",
					 (unsigned long long)family_has.would_accept);
			if (family_has.counted)
				snprintf(received, sizeof(received), "%s%llu", family_has.overflow ? ">" : "",
					 (unsigned long long)family_has.received);
			if (family_has.limit)
				snprintf(limit, sizeof(limit), "%u", family_has.limit);
			ttable_add_row(table, "%s%s|%s|%s|%s|%s|%s|%s|%llu|%llu|%s/%s|%s", session->address,
				       session->required ? "" : " optional", family_name(family), facts.bgp_state, up,
				       gate_words(session, facts.gate), received, would_accept,
				       (unsigned long long)family_has.installed,
				       (unsigned long long)family_has.advertised, or_none(family_has.import_policy),
				       or_none(family_has.export_policy), limit);
		}
		if (!any)
			ttable_add_row(table, "%s%s|-|%s|-|%s|-|-|-|-|-|-", session->address,
				       session->required ? "" : " optional", facts.bgp_state,
				       gate_position_name(facts.gate));
	}
	show_table_print(vty, table);
}

static void show_violations(struct vty *vty, const struct connection *connection)
{
	const struct session *session;
	char age[16];

	frr_each (session_list_const, &connection->sessions, session) {
		if (!session->violation.count)
			continue;
		show_age(seconds_since(session->violation.at), age);
		vty_out(vty, "VIOLATED %s: %s, %s ago; it is shut. Keep the log, then `clear peering violation %s`\n",
			session->address, session->violation.what, age, connection->name);
	}
}

static void show_resets(struct vty *vty, const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session_opens_with_reset(session))
			vty_out(vty, "Resets   %s: opening its gate resets the session, since neither kept routes nor route refresh are to be had\n",
				session->address);
}

/* Somebody has typed at the policy of a gated session; it applies once the gate opens. */
static void show_attempts(struct vty *vty, const struct connection *connection)
{
	const struct session *session;
	char age[16];

	frr_each (session_list_const, &connection->sessions, session) {
		if (session->gate != GATE_DENY || !session->attempts.count)
			continue;
		show_age(seconds_since(session->attempts.last_at), age);
		vty_out(vty, "Typed    %s: %u line%s while gated, the last %s ago `%s`; policies apply when the gate opens\n",
			session->address, session->attempts.count, session->attempts.count == 1 ? "" : "s", age, session->attempts.last_line);
	}
}

/* What is wrong, the worst first, and what to type about it. */
static void show_degradations(struct vty *vty, const struct connection *connection)
{
	struct degradation found[DEGRADATIONS_MAX];
	size_t count = MIN(connection_degradations(connection, found, array_size(found)), array_size(found)), said = 0;
	char age[16];

	for (int severity = SEVERITY_COUNT - 1; severity > SEVERITY_NONE; severity--) {
		for (size_t i = 0; i < count; i++) {
			if ((int)found[i].severity != severity)
				continue;
			show_age(found[i].seconds, age);
			vty_out(vty, "%-9s[%s] %s: %s%s%s%s\n", said++ ? "" : "Why", severity_name(found[i].severity),
				found[i].cause, found[i].reason, found[i].gate_closed ? "; its gate is closed" : "",
				found[i].seconds ? ", for " : "", found[i].seconds ? age : "");
			vty_out(vty, "         `%s`\n", found[i].next);
		}
	}
}

/* Why it drains, until when, and what still passes. */
static void show_drain(struct vty *vty, const struct connection *connection)
{
	const struct maintenance *maintenance = &connection->maintenance;
	const struct port_traffic *traffic = &connection->drain.traffic;
	char age[16], left[16];

	if (maintenance->on) {
		show_age(seconds_since(maintenance->since), age);
		show_age(deadline_seconds_left(maintenance->ends), left);
		vty_out(vty, "Maintenance since %s, %s%s%s%s; `peering %s maintenance off` ends it\n", age,
			maintenance->ends ? "for another " : "until somebody ends it", maintenance->ends ? left : "",
			maintenance->reason[0] ? ": " : "", maintenance->reason, connection->name);
	}
	if (connection_gate(connection) != GATE_DRAIN)
		return;
	vty_out(vty, "Drain    ");
	if (drain_is_on(connection)) {
		show_age(deadline_seconds_left(connection->drain.ends), left);
		vty_out(vty, "shut in %s; ", left);
	}
	if (traffic->known)
		vty_out(vty, "left on %s: %llu bit/s in, %llu bit/s out\n", traffic->interfaces,
			(unsigned long long)traffic->in_bits, (unsigned long long)traffic->out_bits);
	else
		vty_out(vty, "the traffic on its port is not known%s\n", traffic->looked_at ? " yet" : "");
}

static void show_history(struct vty *vty, const struct connection *connection)
{
	size_t shown = MIN(connection->history_count, (size_t)HISTORY_SHOWN);

	for (size_t back = 1; back <= shown; back++) {
		const struct history_entry *entry =
			&connection->history[(connection->history_next + HISTORY_MAX - back) % HISTORY_MAX];
		time_t at = (time_t)(entry->at_milliseconds / 1000);
		char when[32];
		struct tm broken;

		strftime(when, sizeof(when), "%F %T", localtime_r(&at, &broken));
		vty_out(vty, "%-9s%s %s -> %s, row %s, %s%s%s\n", back == 1 ? "Recent" : "", when,
			connection_state_name(entry->from), connection_state_name(entry->to), entry->cause,
			entry->actor, entry->message[0] ? ": " : "", entry->message);
	}
}

void show_connection_text(struct vty *vty, const struct connection *connection)
{
	char since[16], waiting[256], allowed[160];
	const char *flags[CONNECTION_FLAGS_MAX];
	struct lifecycle_facts facts;
	size_t flag_count = connection_flags(connection, flags);

	show_age(seconds_since(connection->state_since), since);
	validation_waiting_for(connection, waiting, sizeof(waiting));
	connection_facts(connection, &facts);
	lifecycle_allowed(connection->state, &facts, allowed, sizeof(allowed));

	show_bypass(vty);
	vty_out(vty, "%s", connection->name);
	if (connection_peer_asn(connection))
		vty_out(vty, "  AS%u", connection_peer_asn(connection));
	if (connection->description[0])
		vty_out(vty, " \"%s\"", connection->description);
	if (connection->profile[0])
		vty_out(vty, "  profile %s", connection->profile);
	vty_out(vty, "  %s  vrf %s  generation %llu\n", connection_kind_name(connection->kind), connection->vrf,
		(unsigned long long)connection->generation);
	vty_out(vty, "State    %s since %s   Gate %s   Activation %s, window %us\n",
		connection_state_name(connection->state), since, gate_position_name(connection_gate(connection)),
		activation_mode_name(connection_activation(connection)), timers_seconds(connection, TIMER_WINDOW));
	if (flag_count) {
		vty_out(vty, "Flags    ");
		for (size_t i = 0; i < flag_count; i++)
			vty_out(vty, "%s%s", i ? ", " : "", flags[i]);
		vty_out(vty, "\n");
	}
	show_degradations(vty, connection);
	if (waiting[0])
		vty_out(vty, "Waits    for %s\n", waiting);
	vty_out(vty, "Verbs    %s\n", allowed);
	show_link_line(vty, connection);
	if (session_list_count(&connection->sessions))
		show_sessions(vty, connection);
	show_resets(vty, connection);
	show_violations(vty, connection);
	show_attempts(vty, connection);
	show_drain(vty, connection);
	if (connection->state == STATE_VALIDATING)
		show_checks_table(vty, connection, false);
	show_history(vty, connection);
}

/* ---- what default-deny would gate ---- */

static void add_candidate(struct peer *peer, void *context)
{
	char up[16] = "-", sent[24] = "-", taken[24] = "-";

	if (peer_is_established(peer)) {
		struct session_traffic traffic = peer_traffic(peer);

		show_age((uint64_t)(monotime(NULL) - peer->uptime), up);
		snprintf(taken, sizeof(taken), "%llu", (unsigned long long)traffic.installed);
		snprintf(sent, sizeof(sent), "%llu", (unsigned long long)traffic.advertised);
	}
	ttable_add_row(context, "%s|%u|%s|%s|%s|%s|%s|%s", peer_key(peer), peer->as, bgp_vrf_name(peer->bgp),
		       peer->group ? peer->group->name : "-", peer_fsm_status_name(peer), up, taken, sent);
}

static void count_candidate(struct peer *peer, void *context)
{
	(*(unsigned int *)context)++;
}

static void show_would_deny_text(struct vty *vty)
{
	struct ttable *table;
	unsigned int count = 0;

	show_header(vty);
	default_deny_each_candidate(count_candidate, &count);
	if (!count) {
		vty_out(vty, "Nothing: every external neighbor is excepted or belongs to a connection.\n");
		return;
	}
	table = show_table_new();
	ttable_add_row(table, "Neighbor|ASN|VRF|Group|BGP|Up|Taken|Sent");
	default_deny_each_candidate(add_candidate, table);
	show_table_print(vty, table);
	vty_out(vty, "%u that no connection has. `peering default-deny` adopts those that there are when it is typed, as they stand,\n"
		     "and gates later ones until somebody adopts or approves them; `peering default-deny-except …` leaves some alone.\n",
		count);
}

/* ---- the commands ---- */

COMMAND_HANDLER(cmd_show_would_deny)
{
	if (command_has(argc, argv, "json"))
		return vty_json(vty, show_would_deny_json());
	show_would_deny_text(vty);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_show_state_file)
{
	struct state_file_report report = state_file_report();

	if (command_has(argc, argv, "json"))
		return vty_json(vty, show_state_file_json());
	if (!report.operation)
		vty_out(vty, "No state was exported or imported since bgpd started\n");
	else
		vty_out(vty, "%s %s: %s%s%s\n", report.operation, report.path, report.status,
			report.message[0] ? ": " : "", report.message);
	return CMD_SUCCESS;
}

static int show_overview(struct vty *vty, const struct show_filter *filter, int argc, struct cmd_token *argv[])
{
	if (command_has(argc, argv, "json"))
		show_overview_json(vty, filter);
	else
		show_overview_text(vty, filter, command_has(argc, argv, "all"));
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_show)
{
	const struct show_filter filter = {.problems = command_has(argc, argv, "problems")};

	return show_overview(vty, &filter, argc, argv);
}

COMMAND_HANDLER(cmd_show_state)
{
	const struct show_filter filter = {.state = command_variable(argc, argv, "state")};

	if (show_filter_state(filter.state) >= 0)
		return show_overview(vty, &filter, argc, argv);
	vty_out(vty, "%% '%s' is no state of a connection; there are", filter.state);
	for (int state = 0; state < STATE_COUNT; state++)
		vty_out(vty, "%s %s", state ? "," : "", connection_state_name(state));
	vty_out(vty, "\n");
	return CMD_WARNING;
}

COMMAND_HANDLER(cmd_show_neighbor)
{
	struct show_filter filter = {0};
	char address[SESSION_ADDRESS_MAX];

	if (!session_normalize(command_argument(argc, argv, "neighbor"), address)) {
		vty_out(vty, "%% '%s' is neither an address nor the name of an interface\n",
			command_argument(argc, argv, "neighbor"));
		return CMD_WARNING;
	}
	filter.neighbor = address;
	return show_overview(vty, &filter, argc, argv);
}

COMMAND_HANDLER(cmd_show_asn)
{
	const struct show_filter filter = {.asn = strtoul(command_argument(argc, argv, "asn"), NULL, 10)};

	return show_overview(vty, &filter, argc, argv);
}

COMMAND_HANDLER(cmd_show_interface)
{
	const struct show_filter filter = {.interface = command_argument(argc, argv, "interface")};

	return show_overview(vty, &filter, argc, argv);
}

COMMAND_HANDLER(cmd_show_summary)
{
	if (command_has(argc, argv, "json"))
		return vty_json(vty, show_summary_json());
	show_summary_text(vty);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_show_prometheus)
{
	show_prometheus(vty);
	return CMD_SUCCESS;
}

COMMAND_HANDLER(cmd_show_name)
{
	const char *name = command_variable(argc, argv, "name");
	const struct connection *connection = connection_find(name);

	if (!connection) {
		vty_out(vty, "%% There is no connection '%s'; `show peering` lists them\n", name);
		return CMD_WARNING;
	}
	if (command_has(argc, argv, "json"))
		return vty_json(vty, show_connection_json(connection));
	show_connection_text(vty, connection);
	return CMD_SUCCESS;
}
