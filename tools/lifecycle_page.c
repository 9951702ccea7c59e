// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints doc/lifecycle.md with its tables as lib/lifecycle.c has them: what the router runs is what the page says.
 *
 *     lifecycle-page doc/lifecycle.md
 *
 * Each table stands between a line "<!-- table: NAME -->" and a line "<!-- end of table -->".
 */
#include "peering-config.h"

#include <stdio.h>
#include <string.h>

#include "lib/lifecycle.h"

#define SET(state) (1u << (state))

static const struct {
	const char *meaning, *sessions, *gate; /* sessions: NULL where the state shuts them; gate: NULL for the state's own */
} states[STATE_COUNT] = {
	[STATE_NONE] = {"there is no connection any more. A neighbor that was typed by hand stays, shut and gated"},
	[STATE_PENDING_APPROVAL] = {"requested. Undeclared sessions wait here too, under `default-deny` (flag `discovered`)",
				    "any"},
	[STATE_APPROVED] = {"kinds exchange and route-server wait here for the port"},
	[STATE_PROVISIONING_STARTED] = {"kind direct: the link is wired and tested"},
	[STATE_PROVISIONING_COMPLETED] = {"everything is in place; waits for the peer, for as long as it takes (flag `stale` after 14 days)",
					  "coming up"},
	[STATE_VALIDATING] = {"every required session is up; the checks run on what the peer really sends", "up"},
	[STATE_ACTIVE] = {"in service", "up, or down and coming back",
			  "allow; of a session by itself deny (rows 24, 27), in maintenance drain (row 31)"},
	[STATE_TYPE_CHANGE_REQUESTED] = {"in service, and it is to become one of another kind", "as Active"},
	[STATE_TYPE_CHANGE_IN_PROGRESS] = {"validated as one of another kind; a sibling carries the traffic", "up",
					   "drain, then deny"},
	[STATE_EXTERNAL_BLOCKER] = {"parked with a reason: it waits for somebody else, and nothing advances", "as they were"},
	[STATE_PROVISIONING_FAILED] = {"could not be set up, or took too long; `retry` or `withdraw`"},
	[STATE_PENDING_REMOVE] = {"being taken down", "closing", "drain, then deny"},
};

static const char *const happenings[EVENT_COUNT] = {
	[EVENT_REQUEST] = "the first declaration (typed or pushed), or `request`",
	[EVENT_APPLY_ERROR] = "something cannot be applied",
	[EVENT_TIMED_OUT] = "the timer of the state ends (`timers establish`, `timers validation`)",
	[EVENT_WRONG_ASN] = "the peer has another AS number in its OPEN, ten times in a row",
	[EVENT_ESTABLISHED] = "every required session is Established",
	[EVENT_PASSED] = "by itself (activation auto; row 24b: `reopen auto`)",
	[EVENT_SESSION_LOST] = "a required session is lost",
	[EVENT_DRAINED] = "drained, or the drain timer has ended",
	[EVENT_VIOLATION] = "a violation",
	[EVENT_SESSION_CHANGED] = "a session is added, or its AS number, address, VRF or interface is edited",
	[EVENT_EDITED] = "policy, limit or description is edited",
};

static const char *const effects[] = {
	[EFFECT_CLOSES] = "; that session's gate is closed",
	[EFFECT_DRAINS] = "; what is open drains",
	[EFFECT_OPENS] = "; what was closed or drained is open again",
};

static void print_states(void)
{
	printf("| state | what it means | sessions | gate |\n|---|---|---|---|\n");
	for (int state = 0; state < STATE_COUNT; state++)
		printf("| `%s` | %s | %s | %s |\n", connection_state_name(state), states[state].meaning,
		       lifecycle_shut(state) ? "shut" : states[state].sessions,
		       states[state].gate ? states[state].gate : gate_position_name(lifecycle_gate(state)));
}

static void print_set(unsigned int set)
{
	const char *between = "";

	for (int state = 0; state < STATE_COUNT; state++) {
		if (!(set & SET(state)))
			continue;
		printf("%s%s", between, connection_state_name(state));
		between = ", ";
	}
}

static void print_event(enum lifecycle_event event)
{
	if (happenings[event])
		printf("%s", happenings[event]);
	else
		printf("`%s`", lifecycle_event_name(event));
}

/* Rows that differ in the event alone are one line. */
static bool goes_with(const struct lifecycle_row *row, const struct lifecycle_row *next)
{
	return strcmp(row->row, next->row) == 0 && row->from == next->from && row->to == next->to &&
	       row->effect == next->effect && strcmp(row->condition, next->condition) == 0;
}

static void print_transitions(void)
{
	struct lifecycle_row row, next;

	printf("| row | from | on | to |\n|---|---|---|---|\n");
	for (size_t i = 0; lifecycle_row(i, &row); i++) {
		printf("| %s | ", row.row);
		print_set(row.from);
		printf(" | ");
		print_event(row.event);
		while (lifecycle_row(i + 1, &next) && goes_with(&row, &next)) {
			printf(", or ");
			print_event(next.event);
			i++;
		}
		printf("%s%s | %s%s |\n", row.condition[0] ? ", " : "", row.condition, connection_state_name(row.to),
		       effects[row.effect] ? effects[row.effect] : "");
	}
}

int main(int argc, char **argv)
{
	FILE *page = argc == 2 ? fopen(argv[1], "r") : NULL;
	char line[1024];
	bool in_table = false;

	if (!page) {
		fprintf(stderr, "usage: lifecycle-page PAGE\n");
		return 2;
	}
	while (fgets(line, sizeof(line), page)) {
		if (strcmp(line, "<!-- end of table -->\n") == 0)
			in_table = false;
		if (in_table)
			continue;
		fputs(line, stdout);
		if (strncmp(line, "<!-- table: ", 12) != 0)
			continue;
		in_table = true;
		if (strcmp(line, "<!-- table: states -->\n") == 0)
			print_states();
		else
			print_transitions();
	}
	fclose(page);
	return in_table;
}
