// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/temporary.h"
#include "vtysh/config_lines.h"
#include "vtysh/guarded_config.h"

#define FIRST "{\"type\":\"journal\",\"version\":1,\"id\":\"x\"}\n"
#define CONNECTION(name, state, address)                                                                               \
	"{\"type\":\"connection\",\"connection\":{\"name\":\"" name "\",\"vrf\":\"default\",\"state\":\"" state         \
	"\",\"sessions\":[{\"address\":\"" address "\"}]}}\n"
#define DEFAULT_DENY(except)                                                                                           \
	"{\"type\":\"defaultDeny\",\"vrf\":\"default\",\"mode\":\"on\",\"except\":[" except "]}\n"

static char said[4096];

static void hear(const char *vrf, const char *what, const char *why, void *context)
{
	size_t length = strlen(said);

	snprintf(said + length, sizeof(said) - length, "%s %s: %s\n", vrf, what, why);
}

/* With `text` NULL there is none. */
static struct journal_gates *read_journal(const char *text)
{
	struct journal_gates *gates = NULL;
	char error[256];

	if (text) {
		temporary_write("journal", text, strlen(text));
		assert_int_equal(journal_gates_read(temporary_path("journal"), &gates, error, sizeof(error)), JOURNAL_READ);
	}
	return gates;
}

/* What bgpd would be given. */
static char *guarded_beside(const char *text, const char *running, const char *journal)
{
	struct journal_gates *gates = read_journal(journal);
	struct config_text result = {0};

	said[0] = '\0';
	guarded_config(text, strlen(text), running, strlen(running), gates, &result, hear, NULL);
	journal_gates_free(gates);
	return result.bytes;
}

static void expect(const char *text, const char *journal, const char *wanted)
{
	char *result = guarded_beside(text, "", journal);

	assert_string_equal(result, wanted);
	free(result);
}

static void expect_plain(const char *text, const char *running, const char *journal, const char *wanted)
{
	struct journal_gates *gates = read_journal(journal);
	struct config_text plain = {0};

	assert_true(guarded_config_plain(text, strlen(text), running, strlen(running), gates, &plain, NULL, NULL));
	assert_string_equal(plain.bytes, wanted);
	journal_gates_free(gates);
	free(plain.bytes);
}

#define SHUT(address, why) " neighbor " address " shutdown message peering guard: " why "\n"

static const char journal[] = FIRST CONNECTION("A", "Validating", "192.0.2.2") CONNECTION("B", "Active", "192.0.2.3")
	CONNECTION("C", "None", "2001:db8::2") CONNECTION("D", "PendingApproval", "eth1");

static void behind_the_first_line(void **state)
{
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor 192.0.2.2 description x\n"
	       " neighbor 192.0.2.3 remote-as 64511\n neighbor 2001:DB8:0::2 remote-as 64512\n"
	       " neighbor eth1 interface remote-as external\n !\n address-family ipv4 unicast\n  neighbor 192.0.2.2 activate\n"
	       " exit-address-family\nexit\n!\nrouter ospf\n neighbor 192.0.2.2\n",
	       journal,
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A is Validating")
	       " neighbor 192.0.2.2 description x\n neighbor 192.0.2.3 remote-as 64511\n"
	       " neighbor 2001:DB8:0::2 remote-as 64512\n" SHUT("2001:DB8:0::2", "C is None")
	       " neighbor eth1 interface remote-as external\n" SHUT("eth1", "D is PendingApproval")
	       " !\n address-family ipv4 unicast\n  neighbor 192.0.2.2 activate\n exit-address-family\nexit\n!\nrouter ospf\n"
	       " neighbor 192.0.2.2\n");
	assert_non_null(strstr(said, "default neighbor 192.0.2.2: A is Validating\n"));
}

static void in_its_own_instance_alone(void **state)
{
	expect("router bgp 64500 vrf RED\nneighbor 192.0.2.2 remote-as 64510\nrouter bgp 64500\n"
	       "neighbor 192.0.2.2 remote-as 64510\n",
	       journal,
	       "router bgp 64500 vrf RED\nneighbor 192.0.2.2 remote-as 64510\nrouter bgp 64500\n"
	       "neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A is Validating"));
}

static void what_the_operator_shut_stays_his(void **state)
{
	static const char text[] = "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor 192.0.2.2 shutdown\n";

	expect(text, journal, text);
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n no neighbor 192.0.2.2 shutdown\n", journal,
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A is Validating"));
}

static void internal_neighbors_are_left_alone(void **state)
{
	static const char text[] =
		"router bgp 64500\n neighbor IBGP peer-group\n neighbor IBGP remote-as 64500\n"
		" neighbor 192.0.2.2 remote-as internal\n neighbor 192.0.2.9 peer-group IBGP\n"
		" neighbor 192.0.2.10 remote-as 64499\n neighbor 192.0.2.10 local-as 64499\n neighbor eth5 interface\n"
		" bgp listen range 192.0.2.128/25 peer-group IBGP\n";

	expect(text, FIRST CONNECTION("A", "Validating", "192.0.2.2") CONNECTION("B", "None", "192.0.2.130") DEFAULT_DENY(""), text);
}

static void whom_a_lost_line_may_have_spoken_of_is_shut(void **state)
{
	expect("router bgp 64500\n neighbor 192.0.2.3 remote-as 64511\n neighbor 192.0.2.4 remote-as 64512\n"
	       " neighbor 192.0.2.5 remote-as 64500\n peering E neighbor 192.0.2.6\n peering E adopted\n"
	       " neighbor 192.0.2.6 remote-as 64513\n",
	       FIRST "rubbish\n" CONNECTION("B", "Active", "192.0.2.3"),
	       "router bgp 64500\n neighbor 192.0.2.3 remote-as 64511\n neighbor 192.0.2.4 remote-as 64512\n"
	       SHUT("192.0.2.4", "a line of the journal cannot be read, and may have known it")
	       " neighbor 192.0.2.5 remote-as 64500\n peering E neighbor 192.0.2.6\n peering E adopted\n"
	       " neighbor 192.0.2.6 remote-as 64513\n" SHUT("192.0.2.6", "E has not been validated"));
}

static void default_deny_shuts_what_nothing_covers(void **state)
{
	expect("router bgp 64500\n bgp confederation peers 64601\n neighbor E peer-group\n neighbor E remote-as 64511\n"
	       " neighbor 192.0.2.2 peer-group E\n neighbor 192.0.2.3 remote-as 64511\n neighbor 192.0.2.4 remote-as 64601\n"
	       " neighbor 192.0.2.5 remote-as 64520\n neighbor 192.0.2.6 remote-as 64530\n neighbor X peer-group\n"
	       " neighbor X remote-as 64531\n neighbor 192.0.2.7 peer-group X\n neighbor 192.0.2.8 remote-as 64540\n",
	       FIRST CONNECTION("B", "Active", "192.0.2.3")
		       DEFAULT_DENY("\"neighbor 192.0.2.5\",\"remote-as 64529-64530\",\"peer-group X\""),
	       "router bgp 64500\n bgp confederation peers 64601\n neighbor E peer-group\n neighbor E remote-as 64511\n"
	       " neighbor 192.0.2.2 peer-group E\n" SHUT("192.0.2.2", "undeclared, under default-deny")
	       " neighbor 192.0.2.3 remote-as 64511\n neighbor 192.0.2.4 remote-as 64601\n"
	       " neighbor 192.0.2.5 remote-as 64520\n neighbor 192.0.2.6 remote-as 64530\n neighbor X peer-group\n"
	       " neighbor X remote-as 64531\n neighbor 192.0.2.7 peer-group X\n neighbor 192.0.2.8 remote-as 64540\n"
	       SHUT("192.0.2.8", "undeclared, under default-deny"));
}

static void a_part_is_read_beside_what_runs(void **state)
{
	static const char running[] = "router bgp 64500\n neighbor I peer-group\n neighbor I remote-as internal\n"
				      " neighbor E peer-group\n neighbor E remote-as external\n";
	char *result = guarded_beside("router bgp 64500\n neighbor 192.0.2.8 peer-group I\n neighbor 192.0.2.9 peer-group E\n"
				      " neighbor 192.0.2.7 peer-group NOBODY-KNOWS\n",
				      running, FIRST DEFAULT_DENY(""));

	assert_string_equal(result, "router bgp 64500\n neighbor 192.0.2.8 peer-group I\n neighbor 192.0.2.9 peer-group E\n"
				    SHUT("192.0.2.9", "undeclared, under default-deny")
				    " neighbor 192.0.2.7 peer-group NOBODY-KNOWS\n");
	free(result);
	/* Shut by the operator in what runs, which the part does not change; shut by the guard, which is judged anew. */
	result = guarded_beside("router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor 192.0.2.4 remote-as 64510\n",
				"router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor 192.0.2.2 shutdown message maintenance\n"
				" neighbor 192.0.2.4 remote-as 64510\n" SHUT("192.0.2.4", "E is Validating"),
				FIRST CONNECTION("A", "Validating", "192.0.2.2") CONNECTION("E", "Validating", "192.0.2.4"));
	assert_string_equal(result, "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor 192.0.2.4 remote-as 64510\n"
				    SHUT("192.0.2.4", "E is Validating"));
	free(result);
}

static void without_a_journal_the_lines_count(void **state)
{
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor 192.0.2.3 remote-as 64511\n"
	       " neighbor 192.0.2.4 remote-as 64512\n peering A neighbor 192.0.2.2\n peering B neighbor 192.0.2.3\n"
	       " peering B adopted\n peering gated neighbor 192.0.2.3 ipv4 unicast inherit in\n",
	       NULL,
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A has not been validated")
	       " neighbor 192.0.2.3 remote-as 64511\n neighbor 192.0.2.4 remote-as 64512\n peering A neighbor 192.0.2.2\n"
	       " peering B neighbor 192.0.2.3\n peering B adopted\n peering gated neighbor 192.0.2.3 ipv4 unicast inherit in\n");
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n peering default-deny\n", NULL,
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "undeclared, under default-deny")
	       " peering default-deny\n");
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n", NULL,
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n");
}

static void what_nothing_is_known_of_stays_shut(void **state)
{
	static const char text[] =
		"router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A is Validating")
		" neighbor G peer-group\n neighbor 192.0.2.9 remote-as external\n" SHUT("192.0.2.9", "dynamic, B is None")
		" neighbor PEERING-GUARD-10.0.0.0-8 peer-group\n neighbor PEERING-GUARD-10.0.0.0-8 shutdown message peering guard: "
		"listen range 10.0.0.0/8 peer-group G\n neighbor 192.0.2.4 remote-as 64511\n";

	/* Whether the module is there or not. */
	expect(text, NULL, text);
	assert_non_null(strstr(said, "default neighbor 192.0.2.2: a guard had shut it"));
	assert_non_null(strstr(said, "default listen range 10.0.0.0/8: a guard had shut it"));
	expect(text, FIRST CONNECTION("Z", "Active", "192.0.2.4"), text);
	/* Known again, or taken back in bgpd by a person, or under default-deny. */
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A is Validating"),
	       FIRST CONNECTION("A", "Active", "192.0.2.2"), "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n");
	expect_plain(text, "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor G peer-group\n", NULL,
		     "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor G peer-group\n neighbor 192.0.2.4 remote-as 64511\n"
		     " bgp listen range 10.0.0.0/8 peer-group G\n");
	expect_plain(text, "", FIRST DEFAULT_DENY(""),
		     "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor G peer-group\n neighbor 192.0.2.4 remote-as 64511\n"
		     " bgp listen range 10.0.0.0/8 peer-group G\n");
}

static void a_gated_dynamic_neighbor_is_shut_beside_its_range(void **state)
{
	static const char text[] = "router bgp 64500\n neighbor G peer-group\n neighbor G remote-as external\n"
				   " bgp listen range 192.0.2.0/24 peer-group G\n address-family ipv4 unicast\n"
				   "  neighbor G activate\n";
	static const char known[] = FIRST CONNECTION("A", "Validating", "192.0.2.2") CONNECTION("B", "Active", "192.0.2.3");
	char *again, *result = guarded_beside(text, "", known);

	assert_string_equal(result, "router bgp 64500\n neighbor G peer-group\n neighbor G remote-as external\n"
				    " neighbor 192.0.2.2 remote-as external\n" SHUT("192.0.2.2", "dynamic, A is Validating")
				    " bgp listen range 192.0.2.0/24 peer-group G\n address-family ipv4 unicast\n  neighbor G activate\n");
	expect_plain(result, "", known, text);
	/* Once more, beside what runs since then. */
	again = guarded_beside(text, result, FIRST CONNECTION("A", "Validating", "192.0.2.2")
						     CONNECTION("B", "Active", "192.0.2.3"));
	assert_string_equal(again, result);
	free(again);
	free(result);
}

static void a_declared_dynamic_neighbor_without_a_journal(void **state)
{
	expect("router bgp 64500\n neighbor G peer-group\n neighbor G remote-as external\n"
	       " bgp listen range 192.0.2.0/24 peer-group G\n peering A neighbor 192.0.2.2\n peering B neighbor 192.0.2.3\n"
	       " peering B adopted\n",
	       NULL,
	       "router bgp 64500\n neighbor G peer-group\n neighbor G remote-as external\n"
	       " neighbor 192.0.2.2 remote-as external\n" SHUT("192.0.2.2", "dynamic, A has not been validated")
	       " bgp listen range 192.0.2.0/24 peer-group G\n peering A neighbor 192.0.2.2\n peering B neighbor 192.0.2.3\n"
	       " peering B adopted\n");
}

static void under_default_deny_a_range_is_taken_out(void **state)
{
	static const char text[] = "router bgp 64500\n neighbor G peer-group\n neighbor G remote-as external\n"
				   " bgp listen range 192.0.2.0/24 peer-group G\n address-family ipv4 unicast\n"
				   "  neighbor G activate\n exit-address-family\nexit\n";
	static const char known[] = FIRST CONNECTION("A", "Validating", "192.0.2.2") CONNECTION("B", "Active", "192.0.2.3")
		DEFAULT_DENY("");
	char *result = guarded_beside(text, "", known);

	assert_non_null(strstr(result, " neighbor PEERING-GUARD-192.0.2.0-24 peer-group\n"
				       " neighbor PEERING-GUARD-192.0.2.0-24 shutdown message peering guard: listen range 192.0.2.0/24 peer-group G\n"
				       " bgp listen range 192.0.2.3/32 peer-group G\n"));
	assert_null(strstr(result, "\n bgp listen range 192.0.2.0/24"));
	expect_plain(result, "", known, text);
	free(result);
	expect(text, FIRST DEFAULT_DENY("\"listen-range 192.0.0.0/16\""), text);
}

static void what_was_saved_while_guarded_is_judged_anew(void **state)
{
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A is Validating")
	       " neighbor 192.0.2.3 remote-as 64511\n" SHUT("192.0.2.3", "B is Validating"),
	       journal,
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A is Validating")
	       " neighbor 192.0.2.3 remote-as 64511\n");
}

static void a_bypass_of_all_shuts_nothing(void **state)
{
	static const char text[] = "router bgp 64500\n neighbor 192.0.2.2 remote-as 64510\n neighbor 192.0.2.9 remote-as 64510\n";

	expect(text,
	       FIRST CONNECTION("A", "Validating", "192.0.2.2")
		       DEFAULT_DENY("") "{\"type\":\"bypass\",\"name\":\"\",\"on\":true}\n",
	       text);
}

/* vtysh reads a line of more than its buffer in pieces, each of them a line. */
static void a_long_line_in_pieces(size_t buffer)
{
	char text[3 * CONFIG_LINE_MAX] = "router bgp 64500\n neighbor 192.0.2.3 description ";
	size_t begin = strlen("router bgp 64500\n"), length = strlen(text);
	char *result;

	config_lines_set_buffer(buffer);
	memset(text + length, 'x', begin + buffer - 1 - length);
	strcpy(text + begin + buffer - 1, "neighbor 192.0.2.2 remote-as 64510\n neighbor 192.0.2.4 remote-as 1");
	result = guarded_beside(text, "", FIRST CONNECTION("A", "Validating", "192.0.2.2")
						  CONNECTION("B", "Validating", "192.0.2.4"));
	assert_non_null(strstr(result, "neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A is Validating")));
	/* The last line has no end of its own. */
	assert_non_null(strstr(result, "neighbor 192.0.2.4 remote-as 1\n" SHUT("192.0.2.4", "B is Validating")));
	free(result);
}

static void a_long_line_is_what_vtysh_makes_of_it(void **state)
{
	a_long_line_in_pieces(CONFIG_LINE_MAX);
	a_long_line_in_pieces(CONFIG_LINE_SMALL);
}

static void an_address_family_without_end_is_left(void **state)
{
	expect("router bgp 64500\n neighbor 192.0.2.9 remote-as 1\n address-family ipv4 unicast\n  neighbor 192.0.2.9 activate\n"
	       " neighbor 192.0.2.2 remote-as 64510\n",
	       journal,
	       "router bgp 64500\n neighbor 192.0.2.9 remote-as 1\n address-family ipv4 unicast\n  neighbor 192.0.2.9 activate\n"
	       " neighbor 192.0.2.2 remote-as 64510\n" SHUT("192.0.2.2", "A is Validating"));
}

/* A gated neighbor behind `lines` is still met as one of `router bgp`. */
static void expect_met(const char *lines)
{
	char text[2048], wanted[4096];

	snprintf(text, sizeof(text), "router bgp 64500\n%s neighbor 192.0.2.2 remote-as 64510\n", lines);
	snprintf(wanted, sizeof(wanted), "%s" SHUT("192.0.2.2", "A is Validating"), text);
	expect(text, journal, wanted);
}

static void what_does_not_leave_bgp_in_vtysh_does_not_here(void **state)
{
	expect_met("end\n");
	expect_met(" address-family ipv4 unicast\n exit-address-family\n exit-address-family\n");
	expect_met(" address-family ipv4 unicast\n quit\n");
	expect_met(" vrf-policy V\n exit-vrf-policy\n");
	expect_met(" bmp targets T\n  ip access-list ACL\n exit\n");
	expect("router bgp 64500\n neighbor G peer-group\n neighbor G remote-as 64510\n address-family ipv4 unicast\n quit\n"
	       " vnc redistribute mode plain\n neighbor 192.0.2.2 peer-group G\n",
	       journal,
	       "router bgp 64500\n neighbor G peer-group\n neighbor G remote-as 64510\n address-family ipv4 unicast\n quit\n"
	       " vnc redistribute mode plain\n neighbor 192.0.2.2 peer-group G\n" SHUT("192.0.2.2", "A is Validating"));
	/* `bgp listen range` behind an address family whose end is missing. */
	expect("router bgp 64500\n neighbor G peer-group\n neighbor G remote-as 64510\n address-family ipv4 unicast\n"
	       " bgp listen range 192.0.2.0/30 peer-group G\n",
	       FIRST CONNECTION("A", "Validating", "192.0.2.2"),
	       "router bgp 64500\n neighbor G peer-group\n neighbor G remote-as 64510\n address-family ipv4 unicast\n"
	       " neighbor 192.0.2.2 remote-as external\n" SHUT("192.0.2.2", "dynamic, A is Validating")
	       " bgp listen range 192.0.2.0/30 peer-group G\n");
	/* A quick hand's words; and an instance by the same. */
	expect("r bgp 64500 vr default\n neigh 192.0.2.2 rem 64510\n", journal,
	       "r bgp 64500 vr default\n neigh 192.0.2.2 rem 64510\n" SHUT("192.0.2.2", "A is Validating"));
}

static void each_line_that_may_make_a_neighbor_is_followed(void **state)
{
	/* Without an AS number of G's bgpd refuses the first; the second makes it. */
	expect("router bgp 64500\n neighbor G peer-group\n neighbor 192.0.2.2 peer-group G\n neighbor 192.0.2.2 remote-as 1\n",
	       journal,
	       "router bgp 64500\n neighbor G peer-group\n neighbor 192.0.2.2 peer-group G\n" SHUT("192.0.2.2", "A is Validating")
	       " neighbor 192.0.2.2 remote-as 1\n" SHUT("192.0.2.2", "A is Validating"));
	assert_string_equal(said, "default neighbor 192.0.2.2: A is Validating\n");
	/* Taken away with the operator's shutdown, and made again. */
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 1\n neighbor 192.0.2.2 shutdown\n no neighbor 192.0.2.2\n"
	       " neighbor 192.0.2.2 remote-as 1\n",
	       journal,
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 1\n" SHUT("192.0.2.2", "A is Validating")
	       " neighbor 192.0.2.2 shutdown\n no neighbor 192.0.2.2\n neighbor 192.0.2.2 remote-as 1\n"
	       SHUT("192.0.2.2", "A is Validating"));
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 1\n neighbor 192.0.2.2 shutdown\nno router bgp 64500\n"
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 1\n",
	       journal,
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 1\n" SHUT("192.0.2.2", "A is Validating")
	       " neighbor 192.0.2.2 shutdown\nno router bgp 64500\nrouter bgp 64500\n neighbor 192.0.2.2 remote-as 1\n"
	       SHUT("192.0.2.2", "A is Validating"));
	/* Made in an address family. */
	expect("router bgp 64500\n neighbor G peer-group\n neighbor G remote-as 1\n address-family ipv6 unicast\n"
	       "  neighbor 192.0.2.2 peer-group G\n  neighbor G activate\n exit-address-family\n",
	       journal,
	       "router bgp 64500\n neighbor G peer-group\n neighbor G remote-as 1\n address-family ipv6 unicast\n"
	       "  neighbor 192.0.2.2 peer-group G\n exit-address-family\n" SHUT("192.0.2.2", "A is Validating")
	       " address-family ipv6 unicast\n  neighbor G activate\n exit-address-family\n");
}

static void many_members_of_a_confederation_are_all_read(void **state)
{
	char text[2048] = "router bgp 64500\n bgp confederation identifier 100\n bgp confederation peers";

	for (int i = 0; i < 60; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %d", 64601 + i);
	strcat(text, "\n neighbor 192.0.2.9 remote-as 64660\n neighbor 192.0.2.8 remote-as 100\n");
	expect(text, FIRST DEFAULT_DENY(""), text);
}

static void exceptions_alone_do_not_switch_default_deny_off(void **state)
{
	expect("router bgp 64500\n peering default-deny-except remote-as 5\n neighbor 192.0.2.9 remote-as 1\n",
	       FIRST DEFAULT_DENY(""),
	       "router bgp 64500\n peering default-deny-except remote-as 5\n neighbor 192.0.2.9 remote-as 1\n"
	       SHUT("192.0.2.9", "undeclared, under default-deny"));
}

/* Gated by the journal, whatever a version of bgpd makes of a local AS number: it was external to the module. */
static void a_local_as_hides_no_gated_neighbor(void **state)
{
	expect("router bgp 64500\n neighbor 192.0.2.2 remote-as 64500\n neighbor 192.0.2.2 local-as 64999\n", journal,
	       "router bgp 64500\n neighbor 192.0.2.2 remote-as 64500\n" SHUT("192.0.2.2", "A is Validating")
	       " neighbor 192.0.2.2 local-as 64999\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_leave_bgp_in_vtysh_does_not_here),
		cmocka_unit_test(each_line_that_may_make_a_neighbor_is_followed),
		cmocka_unit_test(many_members_of_a_confederation_are_all_read),
		cmocka_unit_test(exceptions_alone_do_not_switch_default_deny_off),
		cmocka_unit_test(a_local_as_hides_no_gated_neighbor),
		cmocka_unit_test(behind_the_first_line),
		cmocka_unit_test(in_its_own_instance_alone),
		cmocka_unit_test(what_the_operator_shut_stays_his),
		cmocka_unit_test(internal_neighbors_are_left_alone),
		cmocka_unit_test(whom_a_lost_line_may_have_spoken_of_is_shut),
		cmocka_unit_test(default_deny_shuts_what_nothing_covers),
		cmocka_unit_test(a_part_is_read_beside_what_runs),
		cmocka_unit_test(without_a_journal_the_lines_count),
		cmocka_unit_test(what_nothing_is_known_of_stays_shut),
		cmocka_unit_test(a_gated_dynamic_neighbor_is_shut_beside_its_range),
		cmocka_unit_test(a_declared_dynamic_neighbor_without_a_journal),
		cmocka_unit_test(under_default_deny_a_range_is_taken_out),
		cmocka_unit_test(what_was_saved_while_guarded_is_judged_anew),
		cmocka_unit_test(a_bypass_of_all_shuts_nothing),
		cmocka_unit_test(a_long_line_is_what_vtysh_makes_of_it),
		cmocka_unit_test(an_address_family_without_end_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
