// SPDX-License-Identifier: GPL-2.0-or-later
#include "peering-config.h"

#include "controller/cli/peerctl_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "controller/cli/peerctl_table.h"
#include "controller/text.h"

#define CELL_SIZE 320
#define WIDEST 132
#define HISTORY_SHOWN 10

const char *member_text(json_object *object, const char *key)
{
	json_object *value;

	if (!object || !json_object_object_get_ex(object, key, &value) || !value)
		return "";
	return json_object_get_string(value);
}

static int64_t member_number(json_object *object, const char *key)
{
	json_object *value;

	return object && json_object_object_get_ex(object, key, &value) && value ? json_object_get_int64(value) : -1;
}

static bool member_true(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

json_object *member_list(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_array) ? value
													     : NULL;
}

size_t list_length(json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* Seconds since an RFC 3339 time of ours, -1 where there is none. */
static int64_t seconds_since(const char *text)
{
	struct tm utc = {0};

	if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &utc))
		return -1;
	return clock_milliseconds() / 1000 - (int64_t)timegm(&utc);
}

void show_age(const char *text, char age[AGE_SIZE])
{
	int64_t seconds = seconds_since(text);

	/* The controller's clock may be a little ahead. */
	age_text(text[0] && seconds < 0 ? 0 : seconds, age);
}

size_t show_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDEST;
}

void join_list(json_object *list, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < list_length(list) && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
					 json_object_get_string(json_object_array_get_idx(list, i)));
}

static const char *router_note(json_object *router)
{
	json_object *held;

	if (json_object_object_get_ex(router, "held", &held) && held)
		return "held: see peerctl diff";
	return member_text(router, "disconnectReason");
}

void show_routers(json_object *routers)
{
	static const char *const headings[] = {"ROUTER", "CONNECTED", "SINCE",	      "ADDRESS", "FRR",
					       "MODULE", ">CONNECTIONS", ">TRANSITIONS", "NOTE",	 NULL};
	struct table *table = table_new(headings);

	for (size_t i = 0; i < list_length(routers); i++) {
		json_object *router = json_object_array_get_idx(routers, i);
		bool connected = member_true(router, "connected");
		char age[AGE_SIZE];

		show_age(member_text(router, connected ? "connectedSince" : "disconnectedAt"), age);
		table_row(table,
			  (const char *[]){member_text(router, "name"), connected ? "yes" : "NO", age,
					   member_text(router, "address"), member_text(router, "frrVersion"),
					   member_text(router, "moduleVersion"), member_text(router, "connectionCount"),
					   member_text(router, "ackedSequence"), router_note(router)});
	}
	if (table_rows(table) == 0)
		puts("no router has connected yet");
	else
		table_print(table, stdout, show_width());
	table_free(table);
}

/* What the sessions of a connection come to. */
struct totals {
	unsigned int sessions, established;
	int64_t received, installed;
	const char *gate; /* the most closed one */
};

static int gate_rank(const char *gate)
{
	return strcmp(gate, "allow") == 0 ? 2 : strcmp(gate, "drain") == 0 ? 1 : 0;
}

static struct totals add_up(json_object *sessions)
{
	struct totals totals = {.received = -1, .installed = -1};
	const char *before = "";

	for (size_t i = 0; i < list_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);
		const char *address = member_text(session, "address");
		const char *gate = member_text(session, "gate");
		int64_t received = member_number(session, "receivedCount");

		/* A session with two families stands twice, one behind the other. */
		if (strcmp(address, before) != 0) {
			totals.sessions++;
			totals.established += strcmp(member_text(session, "bgpState"), "Established") == 0;
		}
		before = address;
		if (!totals.gate || gate_rank(gate) < gate_rank(totals.gate))
			totals.gate = gate;
		if (received < 0)
			continue;
		totals.received = (totals.received < 0 ? 0 : totals.received) + received;
		totals.installed =
			(totals.installed < 0 ? 0 : totals.installed) + member_number(session, "installedCount");
	}
	return totals;
}

void show_connections(json_object *connections)
{
	static const char *const headings[] = {"ROUTER", "NAME",     ">ASN",  "KIND",  "STATE",	      "SINCE",
					       "GATE",	 "SESSIONS", ">RECV", ">INST", "WAITING FOR", NULL};
	struct table *table = table_new(headings);
	bool any_lost = false;

	for (size_t i = 0; i < list_length(connections); i++) {
		json_object *connection = json_object_array_get_idx(connections, i);
		bool lost = !member_true(connection, "routerConnected");
		struct totals totals = add_up(member_list(connection, "sessions"));
		char router[CELL_SIZE], age[AGE_SIZE], sessions[32] = "", received[32] = "", installed[32] = "";

		snprintf(router, sizeof(router), "%s%s", member_text(connection, "router"), lost ? "*" : "");
		any_lost = any_lost || lost;
		show_age(member_text(connection, "stateSince"), age);
		if (totals.sessions > 0)
			snprintf(sessions, sizeof(sessions), "%u/%u up", totals.established, totals.sessions);
		if (totals.received >= 0) {
			snprintf(received, sizeof(received), "%lld", (long long)totals.received);
			snprintf(installed, sizeof(installed), "%lld", (long long)totals.installed);
		}
		table_row(table,
			  (const char *[]){router, member_text(connection, "name"), member_text(connection, "peerAsn"),
					   member_text(connection, "kind"), member_text(connection, "connectionState"),
					   age, totals.gate ? totals.gate : "", sessions, received, installed,
					   member_text(connection, "waitingFor")});
	}
	if (table_rows(table) == 0)
		puts("no connection");
	else
		table_print(table, stdout, show_width());
	if (any_lost)
		puts("* not connected: what it reported last");
	table_free(table);
}

/* Since the router reported it, a session that is up has gone on. */
static int64_t seconds_up(json_object *session, const char *observed_at)
{
	int64_t up = member_number(session, "upSeconds"), since = seconds_since(observed_at);

	return up < 0 || since < 0 ? up : up + since;
}

static void show_sessions(json_object *sessions, const char *observed_at)
{
	static const char *const headings[] = {"SESSION", "AF",	  "BGP",    "UP",     "GATE",	"NEEDED", ">RECV",
					       ">INST",	  ">ADV", ">LIMIT", "IMPORT", "EXPORT", NULL};
	struct table *table = table_new(headings);

	for (size_t i = 0; i < list_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);
		char age[AGE_SIZE] = "";

		if (strcmp(member_text(session, "bgpState"), "Established") == 0)
			age_text(seconds_up(session, observed_at), age);
		table_row(table, (const char *[]){
					 member_text(session, "address"), member_text(session, "afi"),
					 member_text(session, "bgpState"), age, member_text(session, "gate"),
					 member_true(session, "required") ? "yes" : "no",
					 member_text(session, "receivedCount"), member_text(session, "installedCount"),
					 member_text(session, "advertisedCount"), member_text(session, "limit"),
					 member_text(session, "importPolicy"), member_text(session, "exportPolicy")});
	}
	if (table_rows(table) > 0) {
		putchar('\n');
		table_print(table, stdout, show_width());
	}
	table_free(table);
}

static void show_checks(json_object *checks)
{
	static const char *const headings[] = {"CHECK", "LEVEL", "VERDICT", "SESSION", "FIGURES", "REASON", NULL};
	struct table *table = table_new(headings);

	for (size_t i = 0; i < list_length(checks); i++) {
		json_object *check = json_object_array_get_idx(checks, i);

		table_row(table, (const char *[]){member_text(check, "name"), member_text(check, "level"),
						  member_text(check, "verdict"),
						  member_text(check, "session"), member_text(check, "figures"),
						  member_text(check, "reason")});
	}
	if (table_rows(table) > 0) {
		putchar('\n');
		table_print(table, stdout, show_width());
	}
	table_free(table);
}

static void show_history(json_object *history)
{
	static const char *const headings[] = {"WHEN", "FROM", "TO", "ROW", "ACTOR", "MESSAGE", NULL};
	struct table *table = table_new(headings);
	size_t length = list_length(history);

	for (size_t i = 0; i < length && i < HISTORY_SHOWN; i++) {
		json_object *transition = json_object_array_get_idx(history, i);

		table_row(table,
			  (const char *[]){member_text(transition, "at"), member_text(transition, "from"),
					   member_text(transition, "to"), member_text(transition, "cause"),
					   member_text(transition, "actor"), member_text(transition, "message")});
	}
	if (table_rows(table) > 0) {
		putchar('\n');
		table_print(table, stdout, show_width());
		if (length > HISTORY_SHOWN)
			printf("the newest %d of %zu%s shown; all with -o json\n", HISTORY_SHOWN, length,
			       length == 100 ? " or more" : "");
	}
	table_free(table);
}

static void show_degraded(json_object *degraded)
{
	for (size_t i = 0; i < list_length(degraded); i++) {
		json_object *one = json_object_array_get_idx(degraded, i);

		printf("%-10s [%s] %s: %s%s\n", i == 0 ? "Why" : "", member_text(one, "severity"),
		       member_text(one, "cause"), member_text(one, "reason"),
		       strcmp(member_text(one, "gateEffect"), "closed") == 0 ? "; its gate is closed" : "");
	}
}

/* What was asked for, where the router has not taken it (yet). */
static void show_desired(json_object *connection)
{
	json_object *desired;
	const char *state;

	if (!json_object_object_get_ex(connection, "desired", &desired) || !desired)
		return;
	state = member_text(desired, "pushState");
	printf("Request    by %s at %s, %s\n", member_text(desired, "requestedBy"), member_text(desired, "requestedAt"),
	       strcmp(state, "queued") == 0 ? "waits for the router" : state);
}

static void show_differences(json_object *differences)
{
	for (size_t i = 0; i < list_length(differences); i++) {
		json_object *one = json_object_array_get_idx(differences, i);
		const char *desired = member_text(one, "desired"), *observed = member_text(one, "observed");

		printf("%-10s %s: asked for %s, the router has %s\n", i == 0 ? "Differs" : "", member_text(one, "field"),
		       desired[0] ? desired : "nothing", observed[0] ? observed : "nothing");
	}
}

static bool wants_reason(const char *verb)
{
	return strcmp(verb, "block") == 0 || strcmp(verb, "force-cancel") == 0;
}

void show_connection(json_object *connection)
{
	const char *router = member_text(connection, "router");
	const char *name = member_text(connection, "name");
	const char *since = member_text(connection, "stateSince");
	json_object *verbs = member_list(connection, "allowedVerbs");
	char text[CELL_SIZE], age[AGE_SIZE];

	printf("%s on %s", name, router);
	if (member_text(connection, "peerAsn")[0])
		printf("   AS%s", member_text(connection, "peerAsn"));
	if (member_text(connection, "kind")[0])
		printf("   %s", member_text(connection, "kind"));
	if (member_text(connection, "vrf")[0])
		printf("   vrf %s", member_text(connection, "vrf"));
	if (member_text(connection, "generation")[0])
		printf("   generation %s", member_text(connection, "generation"));
	if (member_text(connection, "description")[0])
		printf("   \"%s\"", member_text(connection, "description"));
	putchar('\n');

	show_age(since, age);
	printf("State      %s%s%s%s\n", member_text(connection, "connectionState"), since[0] ? " for " : "",
	       since[0] ? age : "", member_true(connection, "routerConnected") ? "" : " (the router is not connected)");
	show_degraded(member_list(connection, "degraded"));
	if (member_text(connection, "waitingFor")[0])
		printf("Waits for  %s\n", member_text(connection, "waitingFor"));
	if (member_text(connection, "activationMode")[0])
		printf("Activation %s\n", member_text(connection, "activationMode"));
	join_list(member_list(connection, "flags"), text, sizeof(text));
	if (text[0])
		printf("Flags      %s\n", text);
	show_desired(connection);
	show_differences(member_list(connection, "differences"));
	for (size_t i = 0; i < list_length(verbs); i++) {
		const char *verb = json_object_get_string(json_object_array_get_idx(verbs, i));

		printf("%s peerctl %s %s %s%s\n", i == 0 ? "Do        " : "          ", verb, router, name,
		       wants_reason(verb) ? " --reason TEXT" : "");
	}

	show_sessions(member_list(connection, "sessions"),
		      member_true(connection, "routerConnected") ? member_text(connection, "observedAt") : "");
	show_checks(member_list(connection, "checks"));
	show_history(member_list(connection, "history"));
}

void show_push(json_object *push)
{
	json_object *operations = member_list(push, "operations");
	const char *message = member_text(push, "message");
	const char *confirmation = member_text(push, "confirmation");

	for (size_t i = 0; i < list_length(operations); i++) {
		json_object *operation = json_object_array_get_idx(operations, i);
		char allowed[CELL_SIZE];

		printf("%s %s on %s: %s", member_text(operation, "verb"), member_text(operation, "connection"),
		       member_text(push, "router"), message[0] ? message : member_text(push, "state"));
		if (!message[0] && member_text(operation, "message")[0])
			printf(" (%s)", member_text(operation, "message"));
		putchar('\n');
		join_list(member_list(operation, "allowed"), allowed, sizeof(allowed));
		if (allowed[0])
			printf("next: %s\n", allowed);
	}
	if (strcmp(member_text(push, "state"), "queued") == 0)
		printf("later: peerctl push %s\n", member_text(push, "id"));
	if (strcmp(confirmation, "waiting") == 0)
		printf("the router takes this back at %s unless it is confirmed: peerctl confirm %s\n",
		       member_text(push, "confirmBefore"), member_text(push, "id"));
	else if (confirmation[0])
		printf("%s\n", confirmation);
}
