// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/connection/adoption.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/state_file.h"
#include "bgpd-peering/link/certificate_alerts.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/link/link.h"
#include "bgpd-peering/push/push_revision.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/show/show_table.h"
#include "bgpd-peering/turn.h"

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

const char *show_gate_word(const struct connection *connection, enum gate_position gate)
{
	if (gate == GATE_DENY && lifecycle_gate(connection->state) == GATE_ALLOW)
		return "DENY";
	return gate_position_name(gate);
}

/* ---- what stands above every list ---- */

void show_bypass(struct vty *vty)
{
	const struct bypass *all = bypass_of_all();
	unsigned int count = bypass_count();
	char age[16];

	if (all) {
		show_age(wall_clock_seconds_since(all->since), age);
		show_line(vty, "BYPASS:", "every gate is open since %s, by %s: %s; `no peering bypass all` ends it", age,
			  all->actor, all->reason);
	}
	if (count)
		show_line(vty, "BYPASS:", "the gates of %u connection%s are open; `no peering bypass NAME` ends it", count,
			  count == 1 ? "" : "s");
}

static void count_exception(const char *words, void *context)
{
	(*(unsigned int *)context)++;
}

static void count_exceptions(const char *vrf, enum default_deny_mode mode, void *context)
{
	default_deny_each_exception(vrf, count_exception, context);
}

static unsigned int adopted_count(void)
{
	const struct connection *connection;
	unsigned int count = 0;

	frr_each (connection_tree_const, &connections, connection)
		count += connection->adopted;
	return count;
}

void show_header(struct vty *vty)
{
	struct bgp *bgp = bgp_of_vrf(VRF_DEFAULT_NAME);
	enum default_deny_mode mode = DEFAULT_DENY_OFF;
	char controller[640], push[256], asn[16] = "", age[16];
	char ends[CERTIFICATE_FILES][TLS_ERROR_MAX];
	struct link_figures figures;
	unsigned int exceptions = 0;
	size_t count;

	default_deny_each(strictest, &mode);
	default_deny_each(count_exceptions, &exceptions);
	controller_link_describe(controller, sizeof(controller));
	show_age(wall_clock_seconds_since(controller_link_since()), age);
	if (bgp)
		snprintf(asn, sizeof(asn), "AS%u ", bgp->as);
	show_line(vty, "", "%s%s   default-deny: %s (%u adopted, %u excepted)   bypass: %s   controller: %s%s%s", asn,
		  cmd_hostname_get(), default_deny_mode_name(mode), adopted_count(), exceptions,
		  bypass_of_all() ? "ALL" : bypass_count() ? "SOME" : "none", controller,
		  controller_link_since() ? ", for " : "", controller_link_since() ? age : "");
	if (adoption_left())
		show_line(vty, "Adopting:", "%zu neighbors are left; they carry on, and what was asked for is done then",
			  adoption_left());
	if (router.inert)
		show_line(vty, "", "The module is INERT in this bgpd and gates nothing; %s", router_inert_reason());
	show_bypass(vty);
	controller_link_figures(&figures);
	count = certificate_alerts_describe(&figures.ends, ends);
	for (size_t i = 0; i < count; i++)
		show_line(vty, "Controller:", "%s", ends[i]);
	show_unconfirmed_push(push, sizeof(push));
	if (push[0])
		show_line(vty, "Push:", "%s", push);
	if (durable_state_problem())
		show_line(vty, "Journal:", "%s", durable_state_problem());
}

/* ---- how many ---- */

static void show_summary_text(struct vty *vty)
{
	struct show_table *table = show_table_new("State\tConnections\tGates open\tGates closed\tSessions up\tSessions",
						  LAST_WRAPS);
	const struct turn_figures *longest = turn_figures(turn_longest());
	struct show_summary summary;

	show_summarize(&summary);
	show_header(vty);
	for (int state = 0; state < STATE_COUNT; state++) {
		const struct show_count *count = &summary.of_state[state];

		if (count->connections)
			show_table_row(table, "%s\t%u\t%u\t%u\t%u\t%u", connection_state_name(state), count->connections,
				       count->open, count->connections - count->open, count->sessions_up, count->sessions);
	}
	show_table_row(table, "all\t%u\t%u\t%u\t%u\t%u", summary.all.connections, summary.all.open,
		       summary.all.connections - summary.all.open, summary.all.sessions_up, summary.all.sessions);
	show_table_print(vty, table);
	if (push_revision())
		vty_out(vty, "Revision: %llu, by the push %s\n", (unsigned long long)push_revision(), push_revision_of());
	vty_out(vty, "Attention: %u (%u critical)\n", summary.warnings + summary.critical, summary.critical);
	vty_out(vty, "Longest hold of bgpd's main thread: %.1f ms, in `%s`\n", (double)longest->longest_microseconds / 1e3,
		turn_area_name(turn_longest()));
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
	show_table_row(context, "%s\t%u\t%s\t%s\t%s\t%s\t%s\t%s", peer_key(peer), peer->as, bgp_vrf_name(peer->bgp),
		       peer->group ? peer->group->name : "-", peer_fsm_status_name(peer), up, taken, sent);
}

static void count_candidate(struct peer *peer, void *context)
{
	(*(unsigned int *)context)++;
}

static void show_would_deny_text(struct vty *vty)
{
	struct show_table *table;
	unsigned int count = 0;

	show_header(vty);
	default_deny_each_candidate(count_candidate, &count);
	if (!count) {
		vty_out(vty, "Nothing: every external neighbor is excepted or belongs to a connection.\n");
		return;
	}
	table = show_table_new("Neighbor\tASN\tVRF\tGroup\tBGP\tUp\tTaken\tSent", LAST_WRAPS);
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

/* False, and it is said, where one of the look-ups cannot be meant. `address` is what filter->neighbor points to. */
static bool read_filter(struct vty *vty, int argc, struct cmd_token *argv[], struct show_filter *filter,
			char address[SESSION_ADDRESS_MAX])
{
	const char *neighbor = command_argument(argc, argv, "neighbor"), *asn = command_argument(argc, argv, "asn");
	struct verdict verdict = {.code = ""};
	size_t used;

	*filter = (struct show_filter){
		.problems = command_has(argc, argv, "problems"),
		.state = command_variable(argc, argv, "state"),
		.asn = asn ? strtoul(asn, NULL, 10) : 0,
		.interface = command_argument(argc, argv, "interface"),
	};
	if (filter->state && show_filter_state(filter->state) < 0) {
		verdict_refuse(&verdict, "no-such-state", "'%s' is no state of a connection; there are", filter->state);
		used = strlen(verdict.message);
		for (int state = 0; state < STATE_COUNT && used < sizeof(verdict.message); state++)
			used += (size_t)snprintf(verdict.message + used, sizeof(verdict.message) - used, "%s %s",
						 state ? "," : "", connection_state_name(state));
	} else if (neighbor && !session_normalize(neighbor, address)) {
		verdict_refuse(&verdict, "no-address", "'%s' is neither an address nor the name of an interface", neighbor);
	} else {
		filter->neighbor = neighbor ? address : NULL;
		return true;
	}
	command_refuse(vty, argc, argv, &verdict);
	return false;
}

COMMAND_HANDLER(cmd_show)
{
	char address[SESSION_ADDRESS_MAX];
	struct show_filter filter;

	if (!read_filter(vty, argc, argv, &filter, address))
		return CMD_WARNING;
	if (command_has(argc, argv, "json"))
		show_overview_json(vty, &filter);
	else
		show_overview_text(vty, &filter, command_has(argc, argv, "all"));
	return CMD_SUCCESS;
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
	const struct connection *connection = command_connection(vty, argc, argv);

	if (!connection)
		return CMD_WARNING;
	if (command_has(argc, argv, "json"))
		return vty_json(vty, show_connection_json(connection));
	show_connection_text(vty, connection);
	return CMD_SUCCESS;
}
