// SPDX-License-Identifier: GPL-2.0-or-later
/* `show peering NAME`: what it is, what is wrong, what that costs, and what to type. */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/checks/degraded.h"
#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/connection/deadline.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/preview/kept_attributes.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/show/show_table.h"

#include "bgpd/bgp_aspath.h"

#define HISTORY_SHOWN 8

/* The entry `back` steps before the last one, which is 1. */
static const struct history_entry *history_entry(const struct connection *connection, size_t back)
{
	return &connection->history[(connection->history_next + HISTORY_MAX - back) % HISTORY_MAX];
}

static void time_text(uint64_t milliseconds, char text[32])
{
	time_t at = (time_t)(milliseconds / 1000);
	struct tm broken;

	strftime(text, 32, "%F %T", localtime_r(&at, &broken));
}

/* ---- what it is ---- */

/* "port eth4 (100G, up)"; what zebra does not tell is left out. */
static void port_text(const struct connection *connection, char *text, size_t size)
{
	struct bgp *bgp = bgp_of_vrf(connection->vrf);
	char port[INTERFACE_NAME_MAX], speed[24] = "";
	const struct interface *interface;

	link_test_port(connection, port);
	if (!port[0]) {
		snprintf(text, size, "port not known");
		return;
	}
	interface = bgp ? if_lookup_by_name(port, bgp->vrf_id) : NULL;
	if (interface && interface->speed && interface->speed != UINT32_MAX)
		snprintf(speed, sizeof(speed), interface->speed >= 1000 ? "%gG, " : "%gM, ",
			 interface->speed >= 1000 ? interface->speed / 1000.0 : interface->speed);
	snprintf(text, size, "port %s (%s%s)", port, speed,
		 !interface			  ? "not there"
		 : if_is_operative(interface) ? "up"
						  : "down");
}

static void show_title(struct vty *vty, const struct connection *connection)
{
	char asn[16] = "", port[INTERFACE_NAME_MAX + 48];

	if (connection_peer_asn(connection))
		snprintf(asn, sizeof(asn), "  AS%u", connection_peer_asn(connection));
	port_text(connection, port, sizeof(port));
	show_line(vty, "", "%s%s%s%s%s  %s%s%s  %s  vrf %s  generation %llu", connection->name, asn,
		  connection->description[0] ? " \"" : "", connection->description, connection->description[0] ? "\"" : "",
		  connection_kind_name(connection->kind), connection->profile[0] ? "  profile " : "", connection->profile,
		  port, connection->vrf, (unsigned long long)connection->generation);
}

/* Since when a violation has closed the first gate of it; 0 where none has. */
static uint64_t denied_since(const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session->held && session->denied)
			return session->denial.at;
	return 0;
}

static void show_state(struct vty *vty, const struct connection *connection)
{
	char age[16], since[32], denied[64] = "", actor[TRANSITION_ACTOR_MAX + 8] = "";
	uint64_t denied_at = denied_since(connection);

	show_age(wall_clock_seconds_since(connection->state_since), age);
	time_text(connection->state_since, since);
	for (size_t back = 1; back <= connection->history_count && !actor[0]; back++) {
		const struct history_entry *entry = history_entry(connection, back);

		if (entry->to == connection->state && entry->from != entry->to)
			snprintf(actor, sizeof(actor), ", by %s", entry->actor);
	}
	if (denied_at) {
		char denied_age[16];

		show_age(wall_clock_seconds_since(denied_at), denied_age);
		snprintf(denied, sizeof(denied), " for %s", denied_age);
	}
	show_line(vty, "State", "%s for %s (since %s%s)   Gate %s%s%s   Activation %s, window %us",
		  connection_state_name(connection->state), age, since, actor,
		  show_gate_word(connection, connection_gate(connection)), denied,
		  lifecycle_gate(connection->state) != GATE_ALLOW ? ""
		  : connection->on_violation_deny		  ? " (on-violation deny)"
								  : " (on-violation report)",
		  activation_mode_name(connection_activation(connection)), timers_seconds(connection, TIMER_WINDOW));
}

static void show_flags(struct vty *vty, const struct connection *connection)
{
	const char *flags[CONNECTION_FLAGS_MAX];
	size_t count = connection_flags(connection, flags), used = 0;
	char text[CONNECTION_FLAGS_MAX * 20] = "";

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? ", " : "", flags[i]);
	if (count)
		show_line(vty, "Flags", "%s", text);
}

/* ---- what it costs ---- */

/* Another connection with the peer, of the same VRF; one with an open gate where there is one. */
static const struct connection *sibling_of(const struct connection *connection, unsigned int *more)
{
	const struct connection *other, *found = NULL;
	as_t asn = connection_peer_asn(connection);

	*more = 0;
	frr_each (connection_tree_const, &connections, other) {
		if (other == connection || !asn || connection_peer_asn(other) != asn || strcmp(other->vrf, connection->vrf) != 0)
			continue;
		if (found)
			(*more)++;
		if (!found || (connection_gate(found) == GATE_DENY && connection_gate(other) != GATE_DENY))
			found = other;
	}
	return found;
}

/* Which families are configured, and which pass something now. */
static void families(const struct connection *connection, bool has[FAMILY_COUNT], bool passes[FAMILY_COUNT])
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		struct session_facts facts;

		session_facts(session, &facts);
		for (int family = 0; family < FAMILY_COUNT; family++) {
			bool carries = facts.exists ? facts.carries[family] : (int)session_family(session) == family;

			has[family] |= carries;
			passes[family] |= carries && facts.established && facts.gate != GATE_DENY;
		}
	}
}

/* Of what is in service and does not pass all that it should. */
static void show_impact(struct vty *vty, const struct connection *connection)
{
	bool has[FAMILY_COUNT] = {false}, passes[FAMILY_COUNT] = {false};
	const struct connection *sibling;
	const char *lost = NULL;
	unsigned int more;

	if (lifecycle_gate(connection->state) != GATE_ALLOW)
		return;
	families(connection, has, passes);
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (has[family] && !passes[family])
			lost = family == FAMILY_IPV4 ? "no ipv4 routes" : "no ipv6 routes";
	if (lost && !passes[FAMILY_IPV4] && !passes[FAMILY_IPV6])
		lost = "no routes";
	else if (!lost && connection_gate(connection) == GATE_DENY)
		lost = "not all routes";
	if (!lost)
		return;
	sibling = sibling_of(connection, &more);
	if (!sibling) {
		show_line(vty, "Impact", "%s exchanged with AS%u; no other connection with that peer", lost,
			  connection_peer_asn(connection));
		return;
	}
	show_line(vty, "Impact", "%s exchanged with AS%u; sibling %s %s, %s%s", lost,
		  connection_peer_asn(connection), sibling->name, connection_state_name(sibling->state),
		  show_gate_word(sibling, connection_gate(sibling)), more ? ", and others" : "");
}

/* ---- what is wrong ---- */

struct sample {
	struct peer *peer;
	struct prefix prefix;
	bool found;
};

static bool take_prefix(const struct bgp_update_prefix *from, void *context)
{
	struct sample *sample = context;

	sample->prefix = (struct prefix){.family = from->afi == BGP_UPDATE_AFI_IPV4 ? AF_INET : AF_INET6,
					 .prefixlen = from->length};
	memcpy(&sample->prefix.u.prefix, from->address,
	       sample->prefix.family == AF_INET ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN);
	sample->found = true;
	return false;
}

/* The first route of what a gated session has sent, where it is kept. */
static void show_sample(struct vty *vty, const struct session *session)
{
	struct adj_rib_in_walk walk = {0};
	struct kept_attributes kept;
	struct sample sample = {.peer = session->counted_peer};
	const uint8_t *message;
	size_t size;

	if (!session->counted_peer || session->replay || !session->adj_rib_in || !adj_rib_in_complete(session->adj_rib_in))
		return;
	adj_rib_in_walk_begin(&walk, session->adj_rib_in);
	message = adj_rib_in_walk_message(&walk, &size);
	if (message) {
		kept_attributes_read(&kept, sample.peer, message, size);
		adj_rib_in_walk_prefixes(&walk, take_prefix, &sample);
		if (sample.found)
			show_line(vty, " ", "sample: %pFX path %s", &sample.prefix,
				  kept.attr.aspath && kept.attr.aspath->str && kept.attr.aspath->str[0] ? kept.attr.aspath->str
													  : "empty");
		kept_attributes_release(&kept);
	}
	adj_rib_in_walk_end(&walk);
}

#define STEPS_MOST 6

/* What to do, in this order; each is said once. */
struct steps {
	size_t count;
	struct {
		const char *words;
		char command[192];
	} list[STEPS_MOST];
};

static void add_step(struct steps *steps, const char *words, const char *format, ...) PRINTFRR(3, 4);
static void add_step(struct steps *steps, const char *words, const char *format, ...)
{
	char command[sizeof(steps->list[0].command)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintfrr(command, sizeof(command), format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < steps->count; i++)
		if (strcmp(steps->list[i].command, command) == 0)
			return;
	if (steps->count == STEPS_MOST)
		return;
	steps->list[steps->count].words = words;
	strlcpy(steps->list[steps->count++].command, command, sizeof(command));
}

/* To look before anything is done about it. */
static void add_look(struct steps *steps, const struct connection *connection, const struct degradation *one)
{
	const struct session *session = one->session;

	if (!session)
		return;
	if (session->held && session->counted_peer)
		add_step(steps, "what the peer sends", "show peering %s routes neighbor %s", connection->name, session->address);
	if (one->gate_closed)
		add_step(steps, "what does not pass; tell the peer's operators", "show peering %s checks", connection->name);
}

static bool looks(const char *command)
{
	return strncmp(command, "show ", 5) == 0;
}

static void add_steps(struct steps *steps, const struct connection *connection, const struct degradation *one)
{
	add_look(steps, connection, one);
	add_step(steps, looks(one->next) ? "look at it, and tell the peer's operators" : "once that is looked at", "%s", one->next);
	if (one->session && one->session->held && one->session->denied)
		add_step(steps, "once every required check passes", "peering %s reopen", connection->name);
}

/* What is waited for, where nothing is wrong. */
static void add_next(struct steps *steps, const struct connection *connection)
{
	static const struct {
		enum connection_state state;
		enum lifecycle_event verb;
		const char *words;
	} next[] = {
		{STATE_NONE, EVENT_REQUEST, "to begin again"},
		{STATE_PENDING_APPROVAL, EVENT_APPROVE, "where it is wanted"},
		{STATE_APPROVED, EVENT_READY, "once it is wired and the peer has configured BGP"},
		{STATE_PROVISIONING_STARTED, EVENT_READY, "once it is wired and the peer has configured BGP"},
		{STATE_VALIDATING, EVENT_ACTIVATE, "once every required check passes"},
		{STATE_TYPE_CHANGE_REQUESTED, EVENT_TYPE_CHANGE_START, "once another connection carries the traffic"},
		{STATE_TYPE_CHANGE_IN_PROGRESS, EVENT_ACTIVATE, "once every required check passes"},
	};
	const struct session *session;
	char words[BGP_WORDS_MAX];

	if (connection->state == STATE_VALIDATING && !validation_passed(connection))
		add_step(steps, "what does not pass yet", "show peering %s checks", connection->name);
	if (connection->state == STATE_PROVISIONING_COMPLETED)
		frr_each (session_list_const, &connection->sessions, session)
			if (session_peer(session) && !peer_is_established(session_peer(session)))
				add_step(steps, "why the session is not up", "show %s neighbors %s",
					 session_bgp_words(session, words), session->address);
	for (size_t i = 0; i < array_size(next); i++)
		if (next[i].state == connection->state &&
		    (next[i].verb != EVENT_ACTIVATE || connection_activation(connection) == ACTIVATION_MANUAL))
			add_step(steps, next[i].words, "peering %s %s", connection->name, lifecycle_event_name(next[i].verb));
}

/* A command stands in a line of its own, which can be pasted. */
static void show_steps(struct vty *vty, const struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		char label[8];

		snprintf(label, sizeof(label), "%s %zu", i ? "  " : "Do", i + 1);
		show_line(vty, label, "%s:", steps->list[i].words);
		vty_out(vty, "         %s\n", steps->list[i].command);
	}
}

/* What is wrong, the worst first, and below all of it what to do. */
static void show_degradations(struct vty *vty, const struct connection *connection, struct steps *steps)
{
	struct degradation found[DEGRADATIONS_MAX];
	size_t count = MIN(connection_degradations(connection, found, array_size(found)), array_size(found)), said = 0;
	char age[16];

	for (int severity = SEVERITY_COUNT - 1; severity > SEVERITY_NONE; severity--) {
		for (size_t i = 0; i < count; i++) {
			if ((int)found[i].severity != severity)
				continue;
			show_age(found[i].seconds, age);
			show_line(vty, said++ ? " " : "Why", "[%s] %s: %s%s%s%s", severity_name(found[i].severity),
				  found[i].cause, found[i].reason, found[i].gate_closed ? "; its gate is closed" : "",
				  found[i].seconds ? ", for " : "", found[i].seconds ? age : "");
			if (found[i].gate_closed && found[i].session)
				show_sample(vty, found[i].session);
			add_steps(steps, connection, &found[i]);
		}
	}
}

/* ---- its sessions ---- */

/* Of one session, and why it is closed although its connection is Active. */
static const char *gate_words(const struct session *session, enum gate_position gate)
{
	if (!session->held || gate != GATE_DENY)
		return show_gate_word(session->connection, gate);
	return session->denied ? "DENY, violation" : "DENY, held";
}

static void add_session(struct show_table *table, const struct session *session, const struct session_facts *facts,
			enum counted_family family, const char *up)
{
	char received[24] = "-", accepted[24], limit[16] = "-";
	struct family_facts has;

	family_facts_previewed(session, family, &has);
	if (has.counted)
		snprintf(received, sizeof(received), "%s%llu", has.overflow ? ">" : "", (unsigned long long)has.received);
	snprintf(accepted, sizeof(accepted), "%llu%s", (unsigned long long)(has.installed + (has.previewed ? has.would_accept : 0)),
		 has.previewed ? "*" : "");
	if (has.limit)
		snprintf(limit, sizeof(limit), "%u", has.limit);
	show_table_row(table, "%s%s\t%s\t%s\t%s\t%s\t%s\t%s\t%llu\t%s\t%s / %s", session->address,
		       session->required ? "" : " optional", family_name(family), facts->bgp_state, up,
		       gate_words(session, facts->gate), received, accepted, (unsigned long long)has.advertised, limit,
		       has.import_policy ? has.import_policy : "none", has.export_policy ? has.export_policy : "none");
}

static void show_sessions(struct vty *vty, const struct connection *connection)
{
	struct show_table *table = show_table_new("Session\tAF\tBGP\tUp\tGate\tRecv\tAcc\tAdv\tLimit\tPolicy in / out",
						  LAST_WRAPS);
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		struct session_facts facts;
		char up[16] = "-";
		bool any = false;

		session_facts(session, &facts);
		if (facts.established)
			show_age(facts.up_seconds, up);
		for (int family = 0; family < FAMILY_COUNT; family++) {
			if (!facts.carries[family])
				continue;
			any = true;
			add_session(table, session, &facts, family, up);
		}
		if (!any)
			show_table_row(table, "%s%s\t-\t%s\t%s\t%s\t-\t-\t-\t-\t-", session->address,
				       session->required ? "" : " optional", facts.bgp_state, up,
				       gate_words(session, facts.gate));
	}
	show_table_print(vty, table);
}

/* Whose session has to go down when its gate opens. */
static void show_resets(struct vty *vty, const struct connection *connection)
{
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		if (session_opens_with_reset(session))
			show_line(vty, "Resets",
				  "%s: opening its gate resets the session, since neither kept routes nor route refresh are to be had",
				  session->address);
}

static void show_violations(struct vty *vty, const struct connection *connection)
{
	const struct session *session;
	char age[16], label[SESSION_ADDRESS_MAX + 16];

	frr_each (session_list_const, &connection->sessions, session) {
		if (!session->violation.count)
			continue;
		show_age(wall_clock_seconds_since(session->violation.at), age);
		snprintf(label, sizeof(label), "VIOLATED %s:", session->address);
		show_line(vty, label, "%s, %s ago; it is shut. Keep the log, then `clear peering violation %s`",
			  session->violation.what, age, connection->name);
	}
}

/* Somebody has typed at the policy of a gated session; it applies once the gate opens. */
static void show_attempts(struct vty *vty, const struct connection *connection)
{
	const struct session *session;
	char age[16];

	frr_each (session_list_const, &connection->sessions, session) {
		if (session->gate != GATE_DENY || !session->attempts.count)
			continue;
		show_age(wall_clock_seconds_since(session->attempts.last_at), age);
		show_line(vty, "Typed", "%s: %u line%s while gated, the last %s ago `%s`; policies apply when the gate opens",
			  session->address, session->attempts.count, session->attempts.count == 1 ? "" : "s", age,
			  session->attempts.last_line);
	}
}

/* Why it drains, until when, and what still passes. */
static void show_drain(struct vty *vty, const struct connection *connection)
{
	const struct maintenance *maintenance = &connection->maintenance;
	const struct port_traffic *traffic = &connection->drain.traffic;
	char age[16], left[16], shut[32] = "";

	if (maintenance->on) {
		show_age(wall_clock_seconds_since(maintenance->since), age);
		show_age(deadline_seconds_left(maintenance->ends), left);
		show_line(vty, "Maintenance", "since %s, %s%s%s%s; `peering %s maintenance off` ends it", age,
			  maintenance->ends ? "for another " : "until somebody ends it", maintenance->ends ? left : "",
			  maintenance->reason[0] ? ": " : "", maintenance->reason, connection->name);
	}
	if (connection_gate(connection) != GATE_DRAIN)
		return;
	if (drain_is_on(connection) && !connection->drain.held) {
		show_age(deadline_seconds_left(connection->drain.ends), left);
		snprintf(shut, sizeof(shut), "shut in %s; ", left);
	}
	if (traffic->known)
		show_line(vty, "Drain", "%sleft on %s: %llu bit/s in, %llu bit/s out", shut, traffic->interfaces,
			  (unsigned long long)traffic->in_bits, (unsigned long long)traffic->out_bits);
	else
		show_line(vty, "Drain", "%sthe traffic on its port is not known%s", shut, traffic->looked_at ? " yet" : "");
}

static void show_history(struct vty *vty, const struct connection *connection)
{
	size_t shown = MIN(connection->history_count, (size_t)HISTORY_SHOWN);
	char when[32];

	for (size_t back = 1; back <= shown; back++) {
		const struct history_entry *entry = history_entry(connection, back);
		bool moves = entry->from != entry->to;

		time_text(entry->at_milliseconds, when);
		show_line(vty, back == 1 ? "Recent" : " ", "%s %s%s%s, row %s, %s%s%s", when,
			  moves ? connection_state_name(entry->from) : "", moves ? " -> " : "",
			  connection_state_name(entry->to), entry->cause, entry->actor, entry->message[0] ? ": " : "",
			  entry->message);
	}
	if (shown < connection->history_count)
		show_line(vty, " ", "and %zu before; `show peering %s json` has them", connection->history_count - shown,
			  connection->name);
}

/* What ends the state by itself, and when. */
static void show_timer(struct vty *vty, const struct connection *connection)
{
	uint32_t left;
	enum connection_timer timer = timers_running(connection, &left);
	char age[16];

	if (timer == TIMER_COUNT)
		return;
	show_age(left, age);
	show_line(vty, "Timer", "%s: %s left, then ProvisioningFailed", timer_name(timer), age);
}

void show_connection_text(struct vty *vty, const struct connection *connection)
{
	struct lifecycle_facts facts;
	char waiting[256], allowed[160];
	struct steps steps = {0};

	validation_waiting_for(connection, waiting, sizeof(waiting));
	connection_facts(connection, &facts);
	lifecycle_allowed(connection->state, &facts, allowed, sizeof(allowed));

	show_bypass(vty);
	show_title(vty, connection);
	show_state(vty, connection);
	show_flags(vty, connection);
	show_impact(vty, connection);
	show_degradations(vty, connection, &steps);
	if (waiting[0])
		show_line(vty, "Waits", "for %s", waiting);
	show_timer(vty, connection);
	if (!steps.count && !connection->pending.ticket)
		add_next(&steps, connection);
	show_steps(vty, &steps);
	show_line(vty, "Verbs", "%s", allowed);
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
