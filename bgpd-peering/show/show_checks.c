// SPDX-License-Identifier: GPL-2.0-or-later
/* `show peering NAME checks`, and the checks in `show peering NAME`. */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/checks/service.h"
#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/show/show_table.h"

#define OBSTACLE_SESSIONS 2 /* named for each check that blocks */

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

/* ---- text ---- */

struct judged {
	const struct session *session;
	struct check_result result;
};

static bool same(const struct check_result *one, const struct check_result *other)
{
	return one->verdict == other->verdict && strcmp(one->figures, other->figures) == 0 &&
	       strcmp(one->reason, other->reason) == 0;
}

static void add_row(struct show_table *table, const char *name, enum check_level level, const char *session,
		    const struct check_result *result)
{
	show_table_row(table, "%s\t%s\t%s\t%s\t%s\t%s", name, check_level_name(level), check_verdict_name(result->verdict),
		       session, or_dash(result->figures), or_dash(result->reason));
}

/* Judges every session that the check is asked of. Returns how many. */
static size_t judge(const struct connection *connection, size_t place, struct judged judged[SESSIONS_MAX])
{
	const struct session *session;
	size_t count = 0;

	frr_each (session_list_const, &connection->sessions, session) {
		if (!check_applies(session) || !service_asks(checks[place], session))
			continue;
		judged[count].session = session;
		check_run(checks[place], session, &judged[count++].result);
	}
	return count;
}

/* What blocks comes first, then what else fails, what is not known, and what passes. */
enum rank { RANK_BLOCKS = 0, RANK_FAILS, RANK_OPEN, RANK_PASSES, RANK_COUNT };

static enum rank rank_of(enum check_level level, const struct check_result *result)
{
	if (result->verdict == CHECK_PASS)
		return RANK_PASSES;
	if (level == CHECK_REQUIRED)
		return RANK_BLOCKS;
	return result->verdict == CHECK_FAIL ? RANK_FAILS : RANK_OPEN;
}

/* Those of a rank: one row for all sessions where they say the same, else one for each. */
static void add_rows(struct show_table *table, size_t place, enum check_level level, const struct judged *judged,
		     size_t count, enum rank rank)
{
	bool together = count > 1;

	for (size_t i = 1; i < count; i++)
		together &= same(&judged[i].result, &judged[0].result);
	for (size_t i = 0; i < (together ? 1 : count); i++)
		if (rank_of(level, &judged[i].result) == rank)
			add_row(table, checks[place]->name, level,
				!together    ? judged[i].session->address
				: count == 2 ? "both"
					     : "all",
				&judged[i].result);
}

void show_checks_table(struct vty *vty, const struct connection *connection, bool all)
{
	struct show_table *table = show_table_new("Check\tLevel\tVerdict\tSession\tFigures\tReason", LAST_WRAPS);
	struct judged *judged = XCALLOC(MTYPE_TMP, SESSIONS_MAX * sizeof(*judged));
	bool failed[CHECKS_MAX] = {false};
	char advisory[CHECKS_MAX * 24];
	size_t used = 0;

	for (enum rank rank = 0; rank < RANK_COUNT; rank++) {
		for (size_t i = 0; i < check_count; i++) {
			enum check_level level = check_level(connection, i);
			size_t count = level == CHECK_OFF ? 0 : judge(connection, i, judged);

			if (all || level == CHECK_REQUIRED)
				add_rows(table, i, level, judged, count, rank);
			else
				for (size_t session = 0; session < count; session++)
					failed[i] |= judged[session].result.verdict == CHECK_FAIL;
		}
	}
	for (size_t i = 0; all && i < check_count; i++)
		if (check_level(connection, i) == CHECK_OFF)
			show_table_row(table, "%s\toff\t-\t-\t-\tnot looked at", checks[i]->name);
	XFREE(MTYPE_TMP, judged);
	show_table_print(vty, table);
	for (size_t i = 0; i < check_count; i++)
		if (failed[i] && used < sizeof(advisory))
			used += (size_t)snprintf(advisory + used, sizeof(advisory) - used, "%s%s", used ? ", " : "",
						 checks[i]->name);
	if (used)
		show_line(vty, "Advisory", "%s: FAIL, which blocks nothing; `show peering %s checks`", advisory, connection->name);
}

/* Whether a required check that does not pass keeps its gate closed. */
static bool blocks(const struct session *session)
{
	return check_applies(session) && (session->connection->state != STATE_ACTIVE || session->held);
}

/* One required check: the sessions that it does not pass on, the first ones by name. */
static bool show_obstacle(struct vty *vty, const struct connection *connection, size_t place)
{
	const struct session *session;
	size_t count = 0;

	frr_each (session_list_const, &connection->sessions, session) {
		struct check_result result;

		if (!blocks(session))
			continue;
		check_run(checks[place], session, &result);
		if (result.verdict == CHECK_PASS)
			continue;
		if (count == 0)
			vty_out(vty, "Blocking: %s on %s", checks[place]->name, session->address);
		else if (count < OBSTACLE_SESSIONS)
			vty_out(vty, ", %s", session->address);
		count++;
	}
	if (count > OBSTACLE_SESSIONS)
		vty_out(vty, " and %zu more", count - OBSTACLE_SESSIONS);
	if (count)
		vty_out(vty, "\n");
	return count > 0;
}

static void show_blocking(struct vty *vty, const struct connection *connection)
{
	bool any = false;

	for (size_t i = 0; i < check_count; i++)
		if (check_level(connection, i) == CHECK_REQUIRED)
			any |= show_obstacle(vty, connection, i);
	if (!any)
		vty_out(vty, "Blocking: nothing\n");
	if (connection->state == STATE_ACTIVE) {
		vty_out(vty, "On violation: %s; a closed gate opens by %s\n",
			connection->on_violation_deny ? "deny" : "report",
			connection->reopen_auto ? "itself, after its hold-down" : "`reopen`");
		return;
	}
	switch (connection_activation(connection)) {
	case ACTIVATION_AUTO:
		vty_out(vty, "Activation auto: a pass opens the gate\n");
		break;
	case ACTIVATION_CONTROLLER:
		vty_out(vty, "Activation controller: after a pass the controller opens the gate\n");
		break;
	default:
		vty_out(vty, "Activation manual: after a pass run `peering %s activate`\n", connection->name);
		break;
	}
}

static void show_checks_text(struct vty *vty, const struct connection *connection)
{
	if (connection->state != STATE_VALIDATING && connection->state != STATE_ACTIVE) {
		vty_out(vty, "%s is %s; checks run while it is Validating or Active\n", connection->name,
			connection_state_name(connection->state));
		return;
	}
	vty_out(vty, "%s  generation %llu, window %us\n", connection->name, (unsigned long long)connection->generation,
		timers_seconds(connection, TIMER_WINDOW));
	show_checks_table(vty, connection, true);
	show_blocking(vty, connection);
}

/* ---- JSON ---- */

static json_object *check_json(const struct connection *connection, size_t place, const struct session *session,
			       const struct check_result *result)
{
	json_object *object = json_object_new_object();
	enum check_level level = check_level(connection, place);

	show_json_text(object, "name", checks[place]->name);
	show_json_text(object, "level", check_level_name(level));
	show_json_text(object, "verdict",
		 !result			? NULL
		 : result->verdict == CHECK_FAIL ? "fail"
						 : check_verdict_name(result->verdict));
	show_json_text(object, "session", session->address);
	show_json_text(object, "value", result ? result->figures : NULL);
	show_json_known(object, "limit", result && result->limit, result ? result->limit : 0);
	show_json_text(object, "reason", result ? result->reason : "not looked at");
	show_json_known(object, "testedGeneration", result, connection->generation);
	show_json_time(object, "testedAt", result ? wall_clock_milliseconds() : 0);
	return object;
}

void show_checks_json(struct json_object *object, const struct connection *connection, bool asked)
{
	json_object *all = json_object_new_array(), *blocking = json_object_new_array();
	const struct session *session;

	for (size_t i = 0; i < check_count; i++) {
		enum check_level level = check_level(connection, i);

		frr_each (session_list_const, &connection->sessions, session) {
			struct check_result result;
			json_object *one;

			if (!service_asks(checks[i], session) ||
			    !(service_is_judged(session) || (asked && connection->state == STATE_ACTIVE)))
				continue;
			if (level == CHECK_OFF) {
				json_object_array_add(all, check_json(connection, i, session, NULL));
				continue;
			}
			check_run(checks[i], session, &result);
			json_object_array_add(all, check_json(connection, i, session, &result));
			if (level != CHECK_REQUIRED || !blocks(session) || result.verdict == CHECK_PASS)
				continue;
			one = json_object_new_object();
			show_json_text(one, "check", checks[i]->name);
			show_json_text(one, "session", session->address);
			show_json_text(one, "reason", result.reason);
			json_object_array_add(blocking, one);
		}
	}
	json_object_object_add(object, "blocking", blocking);
	json_object_object_add(object, "checks", all);
}

/* ---- the command ---- */

COMMAND_HANDLER(cmd_show_checks)
{
	const struct connection *connection = command_connection(vty, argc, argv);
	json_object *object;

	if (!connection)
		return CMD_WARNING;
	if (!command_has(argc, argv, "json")) {
		show_checks_text(vty, connection);
		return CMD_SUCCESS;
	}
	object = show_json_begin();
	show_json_text(object, "name", connection->name);
	show_json_text(object, "connectionState", connection_state_name(connection->state));
	show_json_number(object, "generation", connection->generation);
	show_json_number(object, "validationWindow", timers_seconds(connection, TIMER_WINDOW));
	show_json_text(object, "activationMode", activation_mode_name(connection_activation(connection)));
	show_checks_json(object, connection, true);
	return vty_json(vty, object);
}
