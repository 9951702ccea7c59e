// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/journal_gates.h"
#include "lib/journal_group.h"
#include "lib/journal_sum.h"
#include "tests/unit/temporary.h"

#define FIRST "{\"type\":\"journal\",\"version\":1,\"id\":\"x\"}\n"
#define CONNECTION(type, name, state, sessions)                                                                        \
	"{\"type\":\"" type "\",\"connection\":{\"name\":\"" name "\",\"vrf\":\"default\",\"state\":\"" state              \
	"\",\"sessions\":[" sessions "]}}\n"
#define SESSION(address) "{\"address\":\"" address "\"}"

static struct journal_gates *read_journal(const char *text)
{
	struct journal_gates *gates;
	char error[256];

	temporary_write("journal", text, strlen(text));
	assert_int_equal(journal_gates_read(temporary_path("journal"), &gates, error, sizeof(error)), JOURNAL_READ);
	return gates;
}

/* 1: open, 0: gated, -1: not known. */
static int gate(const struct journal_gates *gates, const char *address)
{
	const struct gate_record *record = journal_gates_find(gates, "default", address);

	return record ? record->open : -1;
}

static void the_last_line_counts(void **state)
{
	struct journal_gates *gates = read_journal(
		FIRST CONNECTION("transition", "A", "Active", SESSION("192.0.2.1") "," SESSION("2001:db8::1"))
			CONNECTION("transition", "B", "Active", SESSION("192.0.2.2"))
				CONNECTION("transition", "B", "PendingRemove", SESSION("192.0.2.2"))
					CONNECTION("connection", "C", "Validating", SESSION("192.0.2.3"))
						CONNECTION("forget", "C", "None", SESSION("192.0.2.3"))
							"{\"type\":\"policyObject\",\"name\":\"P\",\"policy\":{}}\n");

	assert_int_equal(gate(gates, "192.0.2.1"), 1);
	assert_int_equal(gate(gates, "2001:db8::1"), 1);
	assert_int_equal(gate(gates, "192.0.2.2"), 0);
	assert_int_equal(gate(gates, "192.0.2.3"), -1);
	assert_null(journal_gates_find(gates, "red", "192.0.2.1"));
	assert_true(journal_gates_knows(gates, "A"));
	assert_false(journal_gates_knows(gates, "C"));
	assert_null(journal_gates_damage(gates));
	journal_gates_free(gates);
}

static void every_state_but_those_that_carry_traffic_is_gated(void **state)
{
	static const struct {
		const char *name;
		int open;
	} states[] = {{"None", 0}, {"PendingApproval", 0}, {"ProvisioningCompleted", 0}, {"Validating", 0},
		      {"Active", 1}, {"TypeChangeRequested", 1}, {"ExternalBlocker", 0}, {"PendingRemove", 0}};
	char text[1024];

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct journal_gates *gates;

		snprintf(text, sizeof(text),
			 FIRST "{\"type\":\"connection\",\"connection\":{\"name\":\"A\",\"vrf\":\"default\",\"state\":\"%s\","
			       "\"sessions\":[{\"address\":\"192.0.2.1\"}]}}\n",
			 states[i].name);
		gates = read_journal(text);
		assert_int_equal(gate(gates, "192.0.2.1"), states[i].open);
		journal_gates_free(gates);
	}
}

static void a_held_session_of_an_active_connection_is_gated(void **state)
{
	struct journal_gates *gates = read_journal(FIRST CONNECTION(
		"connection", "A", "Active", SESSION("192.0.2.1") ",{\"address\":\"192.0.2.2\",\"held\":true}"));

	assert_int_equal(gate(gates, "192.0.2.1"), 1);
	assert_int_equal(gate(gates, "192.0.2.2"), 0);
	journal_gates_free(gates);
}

static void a_session_belongs_to_the_connection_that_spoke_last(void **state)
{
	struct journal_gates *gates =
		read_journal(FIRST CONNECTION("connection", "Z", "Active", SESSION("192.0.2.1"))
				     CONNECTION("connection", "A", "Validating", SESSION("192.0.2.1")));

	assert_int_equal(journal_gates_count(gates), 1);
	assert_string_equal(journal_gates_at(gates, 0)->connection, "A");
	assert_int_equal(gate(gates, "192.0.2.1"), 0);
	journal_gates_free(gates);
}

static void a_bypass_opens_and_ends(void **state)
{
	static const char one[] = FIRST CONNECTION("connection", "A", "Validating", SESSION("192.0.2.1"))
		CONNECTION("connection", "B", "Validating", SESSION("192.0.2.2"))
			"{\"type\":\"bypass\",\"name\":\"A\",\"on\":true}\n";
	static const char all[] = FIRST CONNECTION("connection", "A", "Validating", SESSION("192.0.2.1"))
		"{\"type\":\"bypass\",\"name\":\"\",\"on\":true}\n";
	static const char ended[] = FIRST CONNECTION("connection", "A", "Validating", SESSION("192.0.2.1"))
		"{\"type\":\"bypass\",\"name\":\"A\",\"on\":true}\n{\"type\":\"bypass\",\"name\":\"A\",\"on\":false}\n";
	struct journal_gates *gates = read_journal(one);

	assert_int_equal(gate(gates, "192.0.2.1"), 1);
	assert_int_equal(gate(gates, "192.0.2.2"), 0);
	assert_false(journal_gates_bypass_all(gates));
	journal_gates_free(gates);
	gates = read_journal(all);
	assert_int_equal(gate(gates, "192.0.2.1"), 1);
	assert_true(journal_gates_bypass_all(gates));
	journal_gates_free(gates);
	gates = read_journal(ended);
	assert_int_equal(gate(gates, "192.0.2.1"), 0);
	journal_gates_free(gates);
}

static void default_deny_is_read(void **state)
{
	struct journal_gates *gates = read_journal(
		FIRST "{\"type\":\"defaultDeny\",\"vrf\":\"default\",\"mode\":\"monitor\",\"except\":[]}\n"
		      "{\"type\":\"defaultDeny\",\"vrf\":\"default\",\"mode\":\"on\",\"confederation\":true,"
		      "\"except\":[\"remote-as 64512\",\"neighbor 192.0.2.9\"]}\n");
	const struct default_deny_record *record = journal_gates_default_deny(gates, "default");

	assert_true(record->on && record->confederation);
	assert_int_equal(record->exception_count, 2);
	assert_string_equal(record->exceptions[1], "neighbor 192.0.2.9");
	assert_null(journal_gates_default_deny(gates, "red"));
	journal_gates_free(gates);
}

static void damage_closes_what_it_speaks_of(void **state)
{
	static const char named[] = FIRST CONNECTION("connection", "A", "Active", SESSION("192.0.2.1"))
		CONNECTION("connection", "B", "Active", SESSION("192.0.2.2"))
			CONNECTION("connection", "A", "Act#ve", SESSION("192.0.2.1"));
	static const char nameless[] = FIRST CONNECTION("connection", "A", "Active", SESSION("192.0.2.1")) "\xff\x01 nothing\n";
	static const char unknown[] = FIRST CONNECTION("connection", "A", "Active", SESSION("192.0.2.1"))
		"{\"type\":\"of a later version\"}\n";
	static const char mended[] = FIRST "rubbish \"name\":\"A\"\n"
		CONNECTION("connection", "A", "Active", SESSION("192.0.2.1"));
	static const char other[] = "something else\n" CONNECTION("connection", "A", "Active", SESSION("192.0.2.1"));
	struct journal_gates *gates = read_journal(named);

	assert_int_equal(gate(gates, "192.0.2.1"), 0);
	assert_int_equal(gate(gates, "192.0.2.2"), 1);
	assert_non_null(strstr(journal_gates_damage(gates), "line 4"));
	journal_gates_free(gates);
	gates = read_journal(nameless);
	assert_int_equal(gate(gates, "192.0.2.1"), 0);
	journal_gates_free(gates);
	gates = read_journal(unknown);
	assert_int_equal(gate(gates, "192.0.2.1"), 0);
	journal_gates_free(gates);
	gates = read_journal(mended);
	assert_int_equal(gate(gates, "192.0.2.1"), 1);
	journal_gates_free(gates);
	gates = read_journal(other);
	assert_int_equal(gate(gates, "192.0.2.1"), 0);
	journal_gates_free(gates);
}

static void damage_closes_sessions_that_nothing_else_speaks_of(void **state)
{
	/* Of a connection that no other line names; a session of another one stays with it, gated. */
	static const char named[] = FIRST CONNECTION("connection", "B", "Active", SESSION("192.0.2.2"))
		CONNECTION("connection", "A", "Act#ve", SESSION("192.0.2.1") "," SESSION("192.0.2.2"));
	/* Two lines that have become one. */
	static const char two[] = FIRST
		"{\"type\":\"connection\",\"connection\":{\"name\":\"A\",\"vrf\":\"red\",\"sessions\":[{\"address\":\"192.0.2.1\"}]}}?"
		CONNECTION("connection", "B", "Active", SESSION("192.0.2.2"));
	struct journal_gates *gates = read_journal(named);

	assert_int_equal(gate(gates, "192.0.2.1"), 0);
	assert_int_equal(gate(gates, "192.0.2.2"), 0);
	assert_false(journal_gates_lost_a_line(gates));
	journal_gates_free(gates);
	gates = read_journal(two);
	assert_false(journal_gates_find(gates, "red", "192.0.2.1")->open);
	assert_int_equal(gate(gates, "192.0.2.2"), 0);
	assert_false(journal_gates_lost_a_line(gates));
	journal_gates_free(gates);
}

static void a_line_that_names_nobody_may_speak_of_anybody(void **state)
{
	static const struct {
		const char *line;
		bool lost;
	} lines[] = {
		{"\xff\x01 nothing\n", true},
		{"{\"type\":\"connection\",\"connection\":{\"name\":\"A\",\"sess\n", true}, /* which sessions? */
		{"{\"type\":\"defaultDeny\",\"vrf\":\"default\",\"mode\":\"#n\",\"except\":[]}\n", true},
		{"{\"type\":\"bypass\",\"name\":\"\",\"on\n", true},
		{"{\"type\":\"acked\",\"sequence\":#}\n", false},
		{"{\"type\":\"controller\",#}\n", false},
		{"{\"type\":\"pushes\",\"revision\":1}\n", false},
		{"{\"type\":\"pushes\",\"revision\":#}\n", false},
		{"{\"type\":\"acked\",\"sequence\":1}?{\"type\":\"transition\",\n", true},
		{"#\n" FIRST, false}, /* made up for since */
	};
	char text[1024];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct journal_gates *gates;

		snprintf(text, sizeof(text), FIRST CONNECTION("connection", "B", "Active", SESSION("192.0.2.2"))
						   "{\"type\":\"bypass\",\"name\":\"\",\"on\":true}\n%s",
			 lines[i].line);
		gates = read_journal(text);
		assert_int_equal(journal_gates_lost_a_line(gates), lines[i].lost);
		assert_int_equal(gate(gates, "192.0.2.2"), !lines[i].lost && lines[i].line[0] != '#');
		assert_int_equal(journal_gates_bypass_all(gates), !lines[i].lost && lines[i].line[0] != '#');
		journal_gates_free(gates);
	}
}

static void a_torn_line_is_cut_off(void **state)
{
	struct journal_gates *gates = read_journal(
		FIRST CONNECTION("connection", "A", "Active", SESSION("192.0.2.1")) "{\"type\":\"transition\",\"conn");

	assert_int_equal(gate(gates, "192.0.2.1"), 1);
	assert_null(journal_gates_damage(gates));
	journal_gates_free(gates);
}

/* Cut anywhere, what a push has made does not count, and all that stands in front of it does. */
static void a_group_counts_as_a_whole_or_not_at_all(void **state)
{
	static const char in_front[] = FIRST CONNECTION("connection", "A", "Active", SESSION("192.0.2.1"));
	char first[128 + JOURNAL_GROUP_ROOM] = "{\"type\":\"pushes\",\"revision\":1,\"push\":\"p\",\"answers\":[]}\n";
	char members[2][512] = {CONNECTION("connection", "A", "Active", SESSION("192.0.2.2")),
				"{\"type\":\"pushes\",\"revision\":2,\"push\":\"q\",\"answers\":[]}\n"};
	char text[2048], cut[2048];
	size_t front = strlen(in_front), size;

	journal_group_begin(first, 2);
	for (size_t i = 0; i < 2; i++)
		journal_sum_add(members[i]);
	size = (size_t)snprintf(text, sizeof(text), "%s%s%s%s", in_front, first, members[0], members[1]);
	for (size_t length = front; length <= size; length++) {
		/* A last line that is whole but for its newline is one that was damaged. */
		bool whole = length == size;
		struct journal_gates *gates;

		memcpy(cut, text, length);
		cut[length] = '\0';
		gates = read_journal(cut);
		assert_int_equal(gate(gates, "192.0.2.1"), whole ? -1 : 1);
		assert_int_equal(gate(gates, "192.0.2.2"), whole ? 1 : -1);
		assert_null(journal_gates_damage(gates));
		/* Its first line is whole, be it but for its newline, and not all of the others. */
		assert_int_equal(journal_group_unfinished(temporary_path("journal")) == front,
				 length >= front + strlen(first) - 1 && !whole);
		journal_gates_free(gates);
	}
	/* One that is no more to be read is a damaged line among them, as it would be anywhere. */
	text[strlen(in_front) + strlen(first) + 20] ^= 1;
	temporary_write("journal", text, size);
	assert_true(journal_group_unfinished(temporary_path("journal")) == JOURNAL_GROUP_NONE);
}

static void a_line_without_end_is_not_held_in_memory(void **state)
{
	static const char begin[] = FIRST CONNECTION("connection", "A", "Active", SESSION("192.0.2.1"));
	size_t length = 4 * JOURNAL_LINE_MAX;
	char *text = malloc(sizeof(begin) + length), error[256];
	struct journal_gates *gates;

	assert_non_null(text);
	memcpy(text, begin, sizeof(begin));
	memset(text + sizeof(begin) - 1, 'x', length);
	text[sizeof(begin) - 2 + length] = '\n';
	temporary_write("long", text, sizeof(begin) - 1 + length);
	assert_int_equal(journal_gates_read(temporary_path("long"), &gates, error, sizeof(error)), JOURNAL_READ);
	assert_int_equal(gate(gates, "192.0.2.1"), 0);
	journal_gates_free(gates);
	free(text);
}

static void none_and_one_that_cannot_be_read_are_told_apart(void **state)
{
	struct journal_gates *gates;
	char error[256];

	assert_int_equal(journal_gates_read(temporary_path("none"), &gates, error, sizeof(error)), JOURNAL_ABSENT);
	assert_null(gates);
	assert_int_equal(journal_gates_read(temporary_directory(), &gates, error, sizeof(error)), JOURNAL_UNREADABLE);
	assert_null(gates);
}

/* ---- bits that have flipped ---- */

#define OPEN(name, address) CONNECTION("transition", name, "Active", SESSION(address))

/* Every way in which a later line closes what an earlier one has opened. */
static const char *const opened_and_closed[] = {
	OPEN("ALPHA", "192.0.2.1") OPEN("BETA", "192.0.2.2") CONNECTION("transition", "ALPHA", "PendingRemove", SESSION("192.0.2.1")),
	OPEN("ALPHA", "192.0.2.1") CONNECTION("connection", "ALPHA", "Active", "{\"address\":\"192.0.2.1\",\"held\":true}"),
	OPEN("ALPHA", "192.0.2.1") CONNECTION("forget", "ALPHA", "None", SESSION("192.0.2.1")),
	OPEN("ALPHA", "192.0.2.1") OPEN("BETA", "192.0.2.2") CONNECTION("connection", "ALPHA", "None", ""),
	CONNECTION("connection", "ALPHA", "Validating", SESSION("192.0.2.1"))
		"{\"type\":\"bypass\",\"name\":\"ALPHA\",\"on\":true}\n{\"type\":\"bypass\",\"name\":\"ALPHA\",\"on\":false}\n",
	CONNECTION("connection", "ALPHA", "Validating", SESSION("192.0.2.1"))
		"{\"type\":\"bypass\",\"name\":\"\",\"on\":true}\n{\"type\":\"bypass\",\"name\":\"\",\"on\":false}\n",
};

/* With the sum that the module gives each line. */
static void with_sums(const char *lines, char *text)
{
	for (const char *end; *lines; lines = end) {
		end = strchr(lines, '\n') + 1;
		memcpy(text, lines, (size_t)(end - lines));
		text[end - lines] = '\0';
		journal_sum_add(text);
		text += strlen(text);
	}
}

/* Whichever bit it is: what was gated is not open, unless it is a session that the journal does not know. */
static void a_flipped_bit_opens_nothing(void **state)
{
	for (size_t i = 0; i < sizeof(opened_and_closed) / sizeof(opened_and_closed[0]); i++) {
		char text[2048], was[2048];
		struct journal_gates *gates;
		size_t seen = 0;

		with_sums(FIRST, was);
		with_sums(opened_and_closed[i], was + strlen(was));
		gates = read_journal(was);
		assert_null(journal_gates_damage(gates));
		assert_true(gate(gates, "192.0.2.1") <= 0);
		journal_gates_free(gates);
		for (size_t bit = 0; bit < 8 * strlen(was); bit++) {
			memcpy(text, was, sizeof(text));
			text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
			/* The file may have a NUL in it: read_journal() would end there. */
			temporary_write("journal", text, strlen(was));
			assert_int_equal(journal_gates_read(temporary_path("journal"), &gates, text, sizeof(text)), JOURNAL_READ);
			if (gate(gates, "192.0.2.1") > 0)
				fail_msg("journal %zu: bit %zu of byte %zu opens it", i, bit % 8, bit / 8);
			seen += journal_gates_damage(gates) != NULL;
			journal_gates_free(gates);
		}
		/* All but those in the three letters of a sum's key. */
		assert_true(seen > 8 * strlen(was) * 9 / 10);
	}
}

/*
 * Whatever becomes of a byte of the last push in the file: none of it is cut off as if it had never been whole, what it closed
 * is not open, and what it says counts, or it is said that a line cannot be read.
 */
static void a_damaged_byte_cuts_off_no_group(void **state)
{
	static const char front[] = FIRST OPEN("ALPHA", "192.0.2.1"), rest[] =
		CONNECTION("connection", "BETA", "Active", SESSION("192.0.2.2"))
		CONNECTION("connection", "ALPHA", "Active", "{\"address\":\"192.0.2.1\",\"held\":true}")
		"{\"type\":\"policyObject\",\"name\":\"P\",\"withdrawn\":true}\n"
		"{\"type\":\"pushes\",\"revision\":2,\"push\":\"q\",\"answers\":[]}\n";
	char first[128 + JOURNAL_GROUP_ROOM] = "{\"type\":\"pushes\",\"revision\":1,\"push\":\"p\",\"answers\":[]}\n";
	char was[2048], text[2048];
	size_t begins, size;

	journal_group_begin(first, 4);
	with_sums(front, was);
	begins = strlen(was);
	strcpy(was + begins, first);
	with_sums(rest, was + strlen(was));
	size = strlen(was);
	for (size_t at = begins; at < size; at++)
		/* Each of its bits, and the NUL of a block that was never written. */
		for (int bit = 0; bit <= 8; bit++) {
			struct journal_gates *gates;
			int alpha, beta;

			memcpy(text, was, size);
			text[at] = (char)(bit < 8 ? text[at] ^ (1 << bit) : '\0');
			temporary_write("journal", text, size);
			assert_int_equal(journal_gates_read(temporary_path("journal"), &gates, text, sizeof(text)), JOURNAL_READ);
			alpha = gate(gates, "192.0.2.1");
			beta = gate(gates, "192.0.2.2");
			if (journal_group_unfinished(temporary_path("journal")) != JOURNAL_GROUP_NONE || alpha != 0 ||
			    (beta != 1 && !journal_gates_damage(gates)))
				fail_msg("byte %zu of the group, bit %d: ALPHA %d, BETA %d, damage %s", at - begins, bit, alpha,
					 beta, journal_gates_damage(gates));
			journal_gates_free(gates);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_counts),
		cmocka_unit_test(every_state_but_those_that_carry_traffic_is_gated),
		cmocka_unit_test(a_held_session_of_an_active_connection_is_gated),
		cmocka_unit_test(a_session_belongs_to_the_connection_that_spoke_last),
		cmocka_unit_test(a_bypass_opens_and_ends),
		cmocka_unit_test(default_deny_is_read),
		cmocka_unit_test(damage_closes_what_it_speaks_of),
		cmocka_unit_test(damage_closes_sessions_that_nothing_else_speaks_of),
		cmocka_unit_test(a_line_that_names_nobody_may_speak_of_anybody),
		cmocka_unit_test(a_torn_line_is_cut_off),
		cmocka_unit_test(a_group_counts_as_a_whole_or_not_at_all),
		cmocka_unit_test(a_line_without_end_is_not_held_in_memory),
		cmocka_unit_test(none_and_one_that_cannot_be_read_are_told_apart),
		cmocka_unit_test(a_flipped_bit_opens_nothing),
		cmocka_unit_test(a_damaged_byte_cuts_off_no_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
