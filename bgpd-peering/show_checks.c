// SPDX-License-Identifier: GPL-2.0-or-later
/* `show peering NAME checks`, and the checks in `show peering NAME`. */
#include "bgpd-peering/show.h"

#include "bgpd-peering/check.h"
#include "bgpd-peering/commands.h"
#include "bgpd-peering/timers.h"

#include "lib/termtable.h"

#define LINE_WIDTH 132
#define WIDTH_OF_OTHERS 76 /* check, level, verdict, figures, and what stands between */
#define REASON_LEAST 24
#define OBSTACLE_SESSIONS 2 /* named for each check that blocks */

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

/* ---- text ---- */

/* How wide a reason may be, so that a line has 132 columns, figures of usual length provided. */
static size_t reason_width(const struct connection *connection)
{
	const struct session *session;
	size_t longest = 0;

	frr_each (session_list_const, &connection->sessions, session)
		longest = MAX(longest, strlen(session->address));
	return longest < WIDTH_OF_OTHERS ? MAX(LINE_WIDTH - WIDTH_OF_OTHERS - longest, REASON_LEAST) : REASON_LEAST;
}

/* The size of what stands in the next line: whole words, as many as fit. */
static size_t words_that_fit(const char *text, size_t width)
{
	size_t size = strlen(text), end;

	if (size <= width)
		return size;
	for (end = width; end > 0 && text[end] != ' '; end--)
		;
	return end ? end : strcspn(text, " ");
}

static void add_row(struct ttable *table, const struct check *check, enum check_level level,
		    const struct session *session, const struct check_result *result, size_t width)
{
	const char *reason = or_dash(result->reason);
	size_t size = words_that_fit(reason, width);

	ttable_add_row(table, "%s|%s|%s|%s|%s|%.*s", check->name, check_level_name(level),
		       check_verdict_name(result->verdict), session->address, or_dash(result->figures), (int)size, reason);
	for (reason += size; *reason; reason += size) {
		reason++;
		size = words_that_fit(reason, width);
		ttable_add_row(table, "|||||%.*s", (int)size, reason);
	}
}

void show_checks_table(struct vty *vty, const struct connection *connection, bool all)
{
	struct ttable *table = show_table_new();
	size_t width = reason_width(connection);
	const struct session *session;
	bool failed[CHECKS_MAX] = {false}, any = false;

	ttable_add_row(table, "Check|Level|Verdict|Session|Figures|Reason");
	for (size_t i = 0; i < check_count; i++) {
		enum check_level level = check_level(connection, i);

		if (level == CHECK_OFF) {
			if (all)
				ttable_add_row(table, "%s|off|-|-|-|not looked at", checks[i]->name);
			continue;
		}
		frr_each (session_list_const, &connection->sessions, session) {
			struct check_result result;

			if (!check_applies(session))
				continue;
			check_run(checks[i], session, &result);
			if (all || level == CHECK_REQUIRED)
				add_row(table, checks[i], level, session, &result, width);
			else
				failed[i] |= result.verdict == CHECK_FAIL;
		}
	}
	show_table_print(vty, table);
	for (size_t i = 0; i < check_count; i++) {
		if (!failed[i])
			continue;
		vty_out(vty, "%s%s", any ? ", " : "Advisory ", checks[i]->name);
		any = true;
	}
	if (any)
		vty_out(vty, ": FAIL, which blocks nothing; `show peering %s checks`\n", connection->name);
}

/* One required check: the sessions that it does not pass on, the first ones by name. */
static bool show_obstacle(struct vty *vty, const struct connection *connection, size_t place)
{
	const struct session *session;
	size_t count = 0;

	frr_each (session_list_const, &connection->sessions, session) {
		struct check_result result;

		if (!check_applies(session))
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
	if (connection->state != STATE_VALIDATING) {
		vty_out(vty, "%s is %s; checks run while it is Validating\n", connection->name,
			connection_state_name(connection->state));
		return;
	}
	vty_out(vty, "%s  generation %llu, window %us\n", connection->name, (unsigned long long)connection->generation,
		timers_seconds(connection, TIMER_WINDOW));
	show_checks_table(vty, connection, true);
	show_blocking(vty, connection);
}

/* ---- JSON ---- */

static void add_text(json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, value ? json_object_new_string(value) : NULL);
}

static json_object *check_json(const struct connection *connection, size_t place, const struct session *session,
			       const struct check_result *result)
{
	json_object *object = json_object_new_object();
	enum check_level level = check_level(connection, place);
	time_t now = time(NULL);
	struct tm broken;
	char at[32];

	strftime(at, sizeof(at), "%FT%TZ", gmtime_r(&now, &broken));
	add_text(object, "name", checks[place]->name);
	add_text(object, "level", check_level_name(level));
	add_text(object, "verdict",
		 !result			? NULL
		 : result->verdict == CHECK_FAIL ? "fail"
						 : check_verdict_name(result->verdict));
	add_text(object, "session", session->address);
	add_text(object, "value", result ? result->figures : NULL);
	json_object_object_add(object, "limit",
			       result && result->limit ? json_object_new_int64((int64_t)result->limit) : NULL);
	add_text(object, "reason", result ? result->reason : "not looked at");
	json_object_object_add(object, "testedGeneration",
			       result ? json_object_new_int64((int64_t)connection->generation) : NULL);
	add_text(object, "testedAt", result ? at : NULL);
	return object;
}

void show_checks_json(struct json_object *object, const struct connection *connection)
{
	json_object *all = json_object_new_array(), *blocking = json_object_new_array();
	const struct session *session;

	for (size_t i = 0; connection->state == STATE_VALIDATING && i < check_count; i++) {
		enum check_level level = check_level(connection, i);

		frr_each (session_list_const, &connection->sessions, session) {
			struct check_result result;
			json_object *one;

			if (level == CHECK_OFF) {
				json_object_array_add(all, check_json(connection, i, session, NULL));
				continue;
			}
			check_run(checks[i], session, &result);
			json_object_array_add(all, check_json(connection, i, session, &result));
			if (level != CHECK_REQUIRED || !check_applies(session) || result.verdict == CHECK_PASS)
				continue;
			one = json_object_new_object();
			add_text(one, "check", checks[i]->name);
			add_text(one, "session", session->address);
			add_text(one, "reason", result.reason);
			json_object_array_add(blocking, one);
		}
	}
	json_object_object_add(object, "blocking", blocking);
	json_object_object_add(object, "checks", all);
}

/* ---- the command ---- */

COMMAND_HANDLER(cmd_show_checks)
{
	const char *name = command_variable(argc, argv, "name");
	const struct connection *connection = connection_find(name);
	json_object *object;

	if (!connection) {
		vty_out(vty, "%% There is no connection '%s'; `show peering` lists them\n", name);
		return CMD_WARNING;
	}
	if (!command_has(argc, argv, "json")) {
		show_checks_text(vty, connection);
		return CMD_SUCCESS;
	}
	object = show_json_begin();
	add_text(object, "name", connection->name);
	add_text(object, "connectionState", connection_state_name(connection->state));
	json_object_object_add(object, "generation", json_object_new_int64((int64_t)connection->generation));
	json_object_object_add(object, "validationWindow", json_object_new_int64(timers_seconds(connection, TIMER_WINDOW)));
	add_text(object, "activationMode", activation_mode_name(connection_activation(connection)));
	show_checks_json(object, connection);
	return vty_json(vty, object);
}
