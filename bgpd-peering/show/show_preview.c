// SPDX-License-Identifier: GPL-2.0-or-later
/* `show peering NAME preview`: what preview.c has found, of each session and family that is up. */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/connection/facts.h"
#include "bgpd-peering/gate/inbound.h"
#include "bgpd-peering/preview/bgpd_routes.h"
#include "bgpd-peering/preview/preview.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/show/show_table.h"

#define AT_ONCE_MICROSECONDS 8000

static uint64_t rejected(const struct preview_family *family)
{
	return family->judged - family->by_rule[IMPORT_ACCEPTED].routes;
}

/* Nothing had come before what is looked at. */
static bool from_the_start(const struct session *session)
{
	return session->counted_peer ? session->kept_from_the_start : bgpd_routes_peer(session) != NULL;
}

static size_t example_count(const struct preview_count *count)
{
	return MIN(count->routes, (uint64_t)PREVIEW_EXAMPLES);
}

/* Why there is nothing to preview; NULL where there is. */
static const char *no_preview(const struct session *session, const struct session_facts *facts)
{
	if (!facts->exists)
		return "bgpd has no such neighbor";
	if (!facts->established)
		return "it is not up";
	if (session->replay)
		return "its gate is being opened";
	if (session->counted_peer && !adj_rib_in_complete(session->adj_rib_in))
		return "more came than is kept, or what could not be read: it is counted only";
	return NULL;
}

/* ---- text ---- */

static void examples_text(const struct preview_count *count, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < example_count(count) && used < size; i++)
		used += (size_t)snprintfrr(text + used, size - used, "%s%pFX path %s", i ? ", " : "",
					   &count->examples[i].prefix,
					   count->examples[i].as_path[0] ? count->examples[i].as_path : "empty");
}

static void add_rule(struct show_table *table, const char *what, const char *name, const struct preview_count *count)
{
	char examples[PREVIEW_EXAMPLES * (PREVIEW_PATH_MOST + PREFIX_STRLEN + 8)];

	examples_text(count, examples, sizeof(examples));
	show_table_row(table, "  %s%s%s\t%" PRIu64 "\t%s", what, name[0] ? " " : "", name, count->routes,
		       examples[0] ? examples : "-");
}

static void family_text(struct vty *vty, const struct session *session, enum counted_family family,
			const struct preview *preview)
{
	const struct preview_family *has = &preview->families[family];
	struct family_facts facts;
	struct show_table *table;
	char sent[48] = "";

	family_facts(session, family, &facts);
	if (has->sends && !has->sends_nothing)
		snprintf(sent, sizeof(sent), "; %" PRIu64 " would be sent", has->sent.routes);
	if (has->accepted_alone)
		show_line(vty, "", "%s %s: %" PRIu64 " accepted%s   policy in/out %s/%s", session->address,
			  family_name(family), has->judged, sent, facts.import_policy ? facts.import_policy : "none",
			  facts.export_policy ? facts.export_policy : "none");
	else
		show_line(vty, "",
			  "%s %s: %" PRIu64 " kept, %" PRIu64 " would be accepted, %" PRIu64
			  " rejected%s   policy in/out %s/%s",
			  session->address, family_name(family), has->judged, has->by_rule[IMPORT_ACCEPTED].routes,
			  rejected(has), sent, facts.import_policy ? facts.import_policy : "none",
			  facts.export_policy ? facts.export_policy : "none");
	if (has->accepted_alone)
		show_line(vty, "", "  %s", BGPD_KEEPS_NO_REJECTED);
	if (has->maximum_prefix && has->by_rule[IMPORT_ACCEPTED].routes > has->maximum_prefix)
		show_line(vty, "", "  critical: maximum-prefix is %u, and bgpd ends the session beyond it",
			has->maximum_prefix);
	if (has->sends && has->sends_nothing)
		show_line(vty, "", "  Nothing would be sent: %s", has->sends_nothing);
	table = show_table_new("  Routes\tCount\tExamples", LAST_WRAPS);
	for (int rule = 0; rule < IMPORT_RULE_COUNT; rule++)
		if (has->by_rule[rule].routes)
			add_rule(table, import_rule_text(rule), has->by_rule[rule].name, &has->by_rule[rule]);
	if (has->sent.routes)
		add_rule(table, "would be sent", "", &has->sent);
	show_table_print(vty, table);
}

static void session_text(struct vty *vty, const struct session *session)
{
	const struct preview *preview = preview_newest(session);
	struct session_facts facts;
	const char *none;
	char age[16];

	session_facts(session, &facts);
	none = no_preview(session, &facts);
	if (none) {
		show_line(vty, "", "%s: no preview: %s", session->address, none);
		return;
	}
	if (preview_progress(session) >= 0)
		show_line(vty, "", "%s: %" PRId64 " routes are judged, and it goes on; ask again for the rest",
			session->address, preview_progress(session));
	if (!preview)
		return;
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (preview->families[family].carries)
			family_text(vty, session, family, preview);
	show_age(wall_clock_seconds_since(preview->at), age);
	show_line(vty, "", "  as of %s ago, generation %" PRIu64 "%s%s", age, preview->generation,
		preview_stands(session, preview) ? "" : "; the peer has sent something since",
		from_the_start(session) ? "" : "; what came before the gate closed is not known");
}

/* ---- JSON ---- */

static json_object *count_json(const struct preview_count *count)
{
	json_object *object = json_object_new_object(), *examples = json_object_new_array();

	json_object_int_add(object, "count", (int64_t)count->routes);
	for (size_t i = 0; i < example_count(count); i++) {
		json_object *one = json_object_new_object();

		json_object_string_addf(one, "prefix", "%pFX", &count->examples[i].prefix);
		json_object_string_add(one, "asPath", count->examples[i].as_path);
		json_object_array_add(examples, one);
	}
	json_object_object_add(object, "examples", examples);
	return object;
}

static json_object *rejected_json(const struct preview_family *has)
{
	json_object *array = json_object_new_array();

	for (int rule = IMPORT_ACCEPTED + 1; rule < IMPORT_RULE_COUNT; rule++) {
		const struct preview_count *count = &has->by_rule[rule];
		json_object *one;

		if (!count->routes)
			continue;
		one = count_json(count);
		json_object_string_add(one, "rule", import_rule_name(rule));
		json_object_object_add(one, "name", count->name[0] ? json_object_new_string(count->name) : NULL);
		json_object_array_add(array, one);
	}
	return array;
}

static json_object *family_json(const struct session *session, enum counted_family family,
				const struct preview *preview)
{
	const struct preview_family *has = &preview->families[family];
	json_object *object = json_object_new_object();
	struct family_facts facts;
	bool sends = has->sends && !has->sends_nothing;

	family_facts(session, family, &facts);
	json_object_string_add(object, "afi", family_name(family));
	json_object_string_add(object, "safi", "unicast");
	json_object_object_add(object, "importPolicy",
			       facts.import_policy ? json_object_new_string(facts.import_policy) : NULL);
	json_object_object_add(object, "exportPolicy",
			       facts.export_policy ? json_object_new_string(facts.export_policy) : NULL);
	json_object_int_add(object, "judgedCount", (int64_t)has->judged);
	json_object_object_add(object, "accepted", count_json(&has->by_rule[IMPORT_ACCEPTED]));
	json_object_boolean_add(object, "rejectedKept", !has->accepted_alone);
	json_object_object_add(object, "rejectedCount",
			       has->accepted_alone ? NULL : json_object_new_int64((int64_t)rejected(has)));
	json_object_object_add(object, "rejected", rejected_json(has));
	json_object_object_add(object, "maximumPrefix",
			       has->maximum_prefix ? json_object_new_int64(has->maximum_prefix) : NULL);
	json_object_boolean_add(object, "exceedsMaximumPrefix",
				has->maximum_prefix && has->by_rule[IMPORT_ACCEPTED].routes > has->maximum_prefix);
	json_object_object_add(object, "sent", has->sends ? count_json(&has->sent) : NULL);
	json_object_object_add(object, "sendsNothing",
			       has->sends && !sends ? json_object_new_string(has->sends_nothing) : NULL);
	return object;
}

static json_object *session_json(const struct session *session)
{
	const struct preview *preview = preview_newest(session);
	json_object *object = json_object_new_object(), *families = json_object_new_array();
	struct session_facts facts;
	const char *none;

	session_facts(session, &facts);
	none = no_preview(session, &facts);
	if (none)
		preview = NULL;
	json_object_string_add(object, "address", session->address);
	json_object_object_add(object, "noPreview", none ? json_object_new_string(none) : NULL);
	json_object_boolean_add(object, "inProgress", preview_progress(session) >= 0);
	json_object_object_add(object, "progress", preview_progress(session) >= 0
							   ? json_object_new_int64(preview_progress(session))
							   : NULL);
	json_object_boolean_add(object, "fromTheStart", from_the_start(session));
	if (preview) {
		show_json_time(object, "judgedAt", preview->at);
		json_object_int_add(object, "ageSeconds", (int64_t)wall_clock_seconds_since(preview->at));
		json_object_int_add(object, "generation", (int64_t)preview->generation);
		json_object_boolean_add(object, "changedSince", !preview_stands(session, preview));
	}
	for (int family = 0; preview && family < FAMILY_COUNT; family++)
		if (preview->families[family].carries)
			json_object_array_add(families, family_json(session, family, preview));
	json_object_object_add(object, "families", families);
	return object;
}

/* ---- the command ---- */

/* What little is kept is judged at once; no longer than that, of all sessions, is the main thread held. */
static void begin(struct connection *connection)
{
	struct session *session;
	struct timeval begun;

	monotime(&begun);
	frr_each (session_list, &connection->sessions, session)
		preview_begin(session, AT_ONCE_MICROSECONDS - monotime_since(&begun, NULL));
}

COMMAND_HANDLER(cmd_show_preview)
{
	struct connection *connection;
	const struct session *session;
	json_object *object, *sessions;

	if (!command_module_works(vty))
		return CMD_WARNING;
	connection = command_connection(vty, argc, argv);
	if (!connection)
		return CMD_WARNING;
	begin(connection);
	if (!command_has(argc, argv, "json")) {
		frr_each (session_list_const, &connection->sessions, session)
			session_text(vty, session);
		return CMD_SUCCESS;
	}
	object = show_json_begin();
	sessions = json_object_new_array();
	json_object_string_add(object, "name", connection->name);
	json_object_string_add(object, "connectionState", connection_state_name(connection->state));
	json_object_int_add(object, "generation", (int64_t)connection->generation);
	frr_each (session_list_const, &connection->sessions, session)
		json_object_array_add(sessions, session_json(session));
	json_object_object_add(object, "sessions", sessions);
	return vty_json(vty, object);
}
