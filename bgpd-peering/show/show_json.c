// SPDX-License-Identifier: GPL-2.0-or-later
/* camelCase, schemaVersion first; doc/show.md lists the keys. A connection state and a BGP state share no key. */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/checks/degraded.h"
#include "bgpd-peering/checks/service.h"
#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/connection/adoption.h"
#include "bgpd-peering/connection/deadline.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/gate/audit.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/state_file.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/link/link.h"
#include "bgpd-peering/port/link_test.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#define SCHEMA_VERSION 1

void show_json_text(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, value ? json_object_new_string(value) : NULL);
}

void show_json_number(json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_int64((int64_t)value));
}

void show_json_known(json_object *object, const char *key, bool known, uint64_t value)
{
	json_object_object_add(object, key, known ? json_object_new_int64((int64_t)value) : NULL);
}

void show_json_bool(json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void show_json_time(json_object *object, const char *key, uint64_t milliseconds)
{
	time_t at = (time_t)(milliseconds / 1000);
	char text[32];
	struct tm broken;

	strftime(text, sizeof(text), "%FT%TZ", gmtime_r(&at, &broken));
	show_json_text(object, key, milliseconds ? text : NULL);
}

static json_object *maintenance_json(const struct maintenance *maintenance)
{
	json_object *object = json_object_new_object();

	show_json_time(object, "since", maintenance->since);
	show_json_text(object, "reason", maintenance->reason);
	if (maintenance->ends)
		show_json_number(object, "endsInSeconds", deadline_seconds_left(maintenance->ends));
	return object;
}

static json_object *drain_json(const struct connection *connection)
{
	const struct port_traffic *traffic = &connection->drain.traffic;
	json_object *object = json_object_new_object(), *rates = NULL;

	if (drain_is_on(connection) && !connection->drain.held)
		show_json_number(object, "endsInSeconds", deadline_seconds_left(connection->drain.ends));
	if (traffic->known) {
		rates = json_object_new_object();
		show_json_text(rates, "interfaces", traffic->interfaces);
		show_json_number(rates, "inBitsPerSecond", traffic->in_bits);
		show_json_number(rates, "outBitsPerSecond", traffic->out_bits);
	}
	json_object_object_add(object, "traffic", rates);
	return object;
}

static json_object *bypass_json(const struct bypass *bypass)
{
	json_object *object = json_object_new_object();

	show_json_time(object, "since", bypass->since);
	show_json_text(object, "actor", bypass->actor);
	show_json_text(object, "reason", bypass->reason);
	return object;
}

static json_object *session_json(const struct session *session, enum counted_family family,
				 const struct session_facts *facts)
{
	json_object *object = json_object_new_object();
	struct family_facts counts;

	family_facts_previewed(session, family, &counts);
	show_json_text(object, "address", session->address);
	show_json_text(object, "afi", family_name(family));
	show_json_text(object, "safi", "unicast");
	show_json_text(object, "bgpState", facts->bgp_state);
	show_json_text(object, "overlay", session_overlay(session));
	show_json_bool(object, "required", session->required);
	show_json_text(object, "gate", gate_position_name(facts->gate));
	show_json_text(object, "gateCause",
		 !session->held || facts->gate != GATE_DENY ? NULL : session->denied ? "violation" : "not-validated");
	show_json_number(object, "upSeconds", facts->up_seconds);
	show_json_text(object, "lastDownReason", facts->last_down_reason);
	show_json_known(object, "receivedCount", counts.counted, counts.received);
	show_json_bool(object, "receivedCountIsLowerBound", counts.overflow);
	show_json_known(object, "wouldAcceptCount", counts.previewed, counts.would_accept);
	show_json_number(object, "installedCount", counts.installed);
	show_json_number(object, "advertisedCount", counts.advertised);
	show_json_known(object, "limit", counts.limit, counts.limit);
	show_json_text(object, "importPolicy", counts.import_policy);
	show_json_text(object, "exportPolicy", counts.export_policy);
	show_json_bool(object, "opensWithReset", session_opens_with_reset(session));
	show_json_number(object, "violations", session->violation.count);
	show_json_text(object, "violation", session->violation.count ? session->violation.what : NULL);
	show_json_number(object, "attempts", session->attempts.count);
	show_json_text(object, "lastAttempt", session->attempts.count ? session->attempts.last_line : NULL);
	return object;
}

static json_object *sessions_json(const struct connection *connection)
{
	json_object *array = json_object_new_array();
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session) {
		struct session_facts facts;
		bool any = false;

		session_facts(session, &facts);
		for (int family = 0; family < FAMILY_COUNT; family++) {
			if (!facts.carries[family])
				continue;
			any = true;
			json_object_array_add(array, session_json(session, family, &facts));
		}
		if (!any)
			json_object_array_add(array,
					      session_json(session,
							   session_family(session),
							   &facts));
	}
	return array;
}

static json_object *history_json(const struct connection *connection)
{
	json_object *array = json_object_new_array();

	for (size_t back = connection->history_count; back >= 1; back--) {
		const struct history_entry *entry =
			&connection->history[(connection->history_next + HISTORY_MAX - back) % HISTORY_MAX];
		json_object *one = json_object_new_object();

		show_json_number(one, "id", entry->sequence);
		show_json_time(one, "at", entry->at_milliseconds);
		show_json_text(one, "from", connection_state_name(entry->from));
		show_json_text(one, "to", connection_state_name(entry->to));
		show_json_text(one, "cause", entry->cause);
		show_json_text(one, "actor", entry->actor);
		show_json_text(one, "message", entry->message);
		json_object_array_add(array, one);
	}
	return array;
}

static json_object *allowed_json(const struct connection *connection)
{
	json_object *array = json_object_new_array();
	struct lifecycle_facts facts;

	connection_facts(connection, &facts);
	for (int event = 0; lifecycle_is_verb(event); event++)
		if (lifecycle_is_allowed(connection->state, event, &facts))
			json_object_array_add(array, json_object_new_string(lifecycle_event_name(event)));
	return array;
}

static json_object *degraded_json(const struct connection *connection)
{
	json_object *array = json_object_new_array();
	struct degradation found[DEGRADATIONS_MAX];
	size_t count = MIN(connection_degradations(connection, found, array_size(found)), array_size(found));

	for (size_t i = 0; i < count; i++) {
		json_object *one = json_object_new_object();

		show_json_text(one, "cause", found[i].cause);
		show_json_text(one, "session", found[i].session ? found[i].session->address : NULL);
		show_json_text(one, "severity", severity_name(found[i].severity));
		show_json_number(one, "seconds", found[i].seconds);
		show_json_time(one, "since", found[i].seconds ? wall_clock_milliseconds() - found[i].seconds * 1000 : 0);
		show_json_text(one, "figures", found[i].figures[0] ? found[i].figures : NULL);
		show_json_text(one, "reason", found[i].reason);
		show_json_text(one, "gateEffect", found[i].gate_closed ? "closed" : "none");
		show_json_text(one, "next", found[i].next);
		json_object_array_add(array, one);
	}
	return array;
}

static json_object *timer_json(const struct connection *connection)
{
	uint32_t left;
	enum connection_timer timer = timers_running(connection, &left);
	json_object *object;

	if (timer == TIMER_COUNT)
		return NULL;
	object = json_object_new_object();
	show_json_text(object, "name", timer_name(timer));
	show_json_number(object, "endsInSeconds", left);
	return object;
}

static json_object *connection_json(const struct connection *connection)
{
	json_object *object = json_object_new_object(), *flags = json_object_new_array();
	const char *flag_names[CONNECTION_FLAGS_MAX];
	size_t flag_count = connection_flags(connection, flag_names);
	char waiting[256], port[INTERFACE_NAME_MAX];

	for (size_t i = 0; i < flag_count; i++)
		json_object_array_add(flags, json_object_new_string(flag_names[i]));
	validation_waiting_for(connection, waiting, sizeof(waiting));
	link_test_port(connection, port);

	show_json_text(object, "name", connection->name);
	show_json_text(object, "vrf", connection->vrf);
	show_json_number(object, "peerAsn", connection_peer_asn(connection));
	show_json_text(object, "kind", connection_kind_name(connection->kind));
	show_json_text(object, "profile", connection->profile);
	show_json_text(object, "port", port[0] ? port : NULL);
	show_json_text(object, "description", connection->description);
	show_json_text(object, "connectionState", connection_state_name(connection->state));
	show_json_time(object, "stateSince", connection->state_since);
	show_json_number(object, "stateSeconds", wall_clock_seconds_since(connection->state_since));
	show_json_number(object, "generation", connection->generation);
	show_json_text(object, "activationMode", activation_mode_name(connection_activation(connection)));
	show_json_number(object, "validationWindow", timers_seconds(connection, TIMER_WINDOW));
	show_json_text(object, "gate", gate_position_name(connection_gate(connection)));
	show_json_text(object, "onViolation", connection->on_violation_deny ? "deny" : "report");
	show_json_text(object, "reopenMode", connection->reopen_auto ? "auto" : "manual");
	show_json_number(object, "reopenHoldDown",
		   connection->reopen_hold_down ? connection->reopen_hold_down : REOPEN_HOLD_DOWN_DEFAULT);
	json_object_object_add(object, "timer", timer_json(connection));
	json_object_object_add(object, "flags", flags);
	json_object_object_add(object, "degraded", degraded_json(connection));
	json_object_object_add(object, "bypass", connection->bypass.on ? bypass_json(&connection->bypass) : NULL);
	json_object_object_add(object, "maintenance",
			       connection->maintenance.on ? maintenance_json(&connection->maintenance) : NULL);
	json_object_object_add(object, "drain", connection_gate(connection) == GATE_DRAIN ? drain_json(connection) : NULL);
	show_json_text(object, "waitsFor", waiting);
	json_object_object_add(object, "allowedVerbs", allowed_json(connection));
	json_object_object_add(object, "linkTest", show_link_result_json(connection));
	json_object_object_add(object, "sessions", sessions_json(connection));
	show_checks_json(object, connection, false);
	json_object_object_add(object, "history", history_json(connection));
	return object;
}

static json_object *audit_json(const struct audit_figures *audit)
{
	json_object *object = json_object_new_object();

	show_json_number(object, "looks", audit->looks);
	show_json_number(object, "walks", audit->walks);
	show_json_number(object, "paths", audit->paths);
	show_json_number(object, "repairs", audit->repairs);
	show_json_number(object, "violations", audit->violations);
	show_json_number(object, "longestHoldMicroseconds", audit->longest_microseconds);
	return object;
}

json_object *show_json_begin(void)
{
	json_object *object = json_object_new_object();

	show_json_number(object, "schemaVersion", SCHEMA_VERSION);
	show_json_text(object, "router", cmd_hostname_get());
	show_json_text(object, "moduleState", show_module_state());
	json_object_object_add(object, "audit", audit_json(audit_figures()));
	json_object_object_add(object, "bypass", bypass_of_all() ? bypass_json(bypass_of_all()) : NULL);
	return object;
}

json_object *show_connection_json(const struct connection *connection)
{
	json_object *object = show_json_begin(), *array = json_object_new_array();

	json_object_array_add(array, connection_json(connection));
	json_object_object_add(object, "connections", array);
	return object;
}

static void add_candidate(struct peer *peer, void *context)
{
	struct session_traffic traffic = peer_traffic(peer);
	json_object *object = json_object_new_object();

	show_json_text(object, "address", peer_key(peer));
	show_json_number(object, "peerAsn", peer->as);
	show_json_text(object, "vrf", bgp_vrf_name(peer->bgp));
	show_json_text(object, "peerGroup", peer->group ? peer->group->name : NULL);
	show_json_text(object, "bgpState", peer_fsm_status_name(peer));
	show_json_number(object, "installedCount", traffic.installed);
	show_json_number(object, "advertisedCount", traffic.advertised);
	json_object_array_add(context, object);
}

json_object *show_would_deny_json(void)
{
	json_object *object = show_json_begin(), *array = json_object_new_array();

	default_deny_each_candidate(add_candidate, array);
	json_object_object_add(object, "wouldDeny", array);
	return object;
}

json_object *show_state_file_json(void)
{
	struct state_file_report report = state_file_report();
	json_object *object = show_json_begin();

	show_json_text(object, "operation", report.operation);
	show_json_text(object, "status", report.status);
	show_json_text(object, "path", report.path);
	show_json_text(object, "message", report.message);
	return object;
}

static void add_default_deny(const char *vrf, enum default_deny_mode mode, void *context)
{
	json_object *object = json_object_new_object();

	show_json_text(object, "vrf", vrf);
	show_json_text(object, "mode", default_deny_mode_name(mode));
	json_object_array_add(context, object);
}

#define MANY 50
#define HOW (JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)

/* One connection after the other: of thousands, a tree of all of them is half a million objects. */
void show_overview_json(struct vty *vty, const struct show_filter *filter)
{
	json_object *object = show_json_begin(), *controller = json_object_new_object(), *denied = json_object_new_array();
	const struct connection *connection;
	const char *begin, *separator = "";
	/* What nobody reads is not made to be read: a line for each. */
	int how = connection_tree_count(&connections) > MANY ? JSON_C_TO_STRING_NOSLASHESCAPE : HOW;
	struct link_figures figures;
	char text[640];

	controller_link_describe(text, sizeof(text));
	show_json_text(controller, "host", controller_link_host());
	show_json_bool(controller, "connected", controller_link_is_up());
	show_json_time(controller, "since", controller_link_since());
	show_json_text(controller, "description", text);
	controller_link_figures(&figures);
	show_json_number(controller, "queuedBytes", figures.queued_bytes);
	show_json_time(controller, "certificateEnds", figures.ends.certificate * 1000);
	show_json_time(controller, "caEnds", figures.ends.ca * 1000);
	show_json_time(controller, "crlEnds", figures.ends.crl * 1000);
	default_deny_each(add_default_deny, denied);
	json_object_object_add(object, "defaultDeny", denied);
	show_json_number(object, "adoptionsLeft", adoption_left());
	show_json_text(object, "journalProblem", durable_state_problem());
	json_object_object_add(object, "controller", controller);
	begin = json_object_to_json_string_ext(object, HOW);
	/* Its last line is the brace that ends it. */
	vty_out(vty, "%.*s,\n  \"connections\":[", (int)(strrchr(begin, '\n') - begin), begin);
	json_object_put(object);
	frr_each (connection_tree_const, &connections, connection) {
		if (!show_filter_takes(filter, connection))
			continue;
		object = connection_json(connection);
		vty_out(vty, "%s\n%s", separator, json_object_to_json_string_ext(object, how));
		json_object_put(object);
		separator = ",";
	}
	vty_out(vty, "\n  ]\n}\n");
}

static json_object *count_json(const struct show_count *count)
{
	json_object *object = json_object_new_object();

	show_json_number(object, "connections", count->connections);
	show_json_number(object, "gatesOpen", count->open);
	show_json_number(object, "gatesClosed", count->connections - count->open);
	show_json_number(object, "sessions", count->sessions);
	show_json_number(object, "sessionsUp", count->sessions_up);
	return object;
}

static json_object *main_thread_json(void)
{
	json_object *areas = json_object_new_object();

	for (int area = 0; area < TURN_AREAS; area++) {
		const struct turn_figures *figures = turn_figures(area);
		json_object *object = json_object_new_object();

		show_json_number(object, "turns", figures->turns);
		show_json_number(object, "longestHoldMicroseconds", figures->longest_microseconds);
		show_json_number(object, "longestWorkMicroseconds", figures->longest_cpu_microseconds);
		json_object_object_add(areas, turn_area_name(area), object);
	}
	return areas;
}

json_object *show_summary_json(void)
{
	json_object *object = show_json_begin(), *states = json_object_new_object();
	struct show_summary summary;

	show_summarize(&summary);
	for (int state = 0; state < STATE_COUNT; state++)
		json_object_object_add(states, connection_state_name(state), count_json(&summary.of_state[state]));
	json_object_object_add(object, "connectionStates", states);
	json_object_object_add(object, "all", count_json(&summary.all));
	show_json_number(object, "warnings", summary.warnings);
	show_json_number(object, "critical", summary.critical);
	json_object_object_add(object, "pushes", show_pushes_json());
	json_object_object_add(object, "mainThread", main_thread_json());
	return object;
}
