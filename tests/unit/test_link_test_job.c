// SPDX-License-Identifier: GPL-2.0-or-later
/* What the figures of a link test are taken for. That they are right is tested with real peers in tests/topology. */
#include "tests/unit/unit.h"

#include <string.h>

#include "bgpd-peering/port/link_test_job.h"

static struct link_test_job job;
static char reason[160];

/* Two ports of a LAG, and a peer with two addresses: all in order. */
static int set_up(void **state)
{
	const struct prober_outcome good = {
		.sent = 10, .received = 10, .full_sent = 3, .full_received = 3, .mtu = 1500, .neighbor_known = true};

	memset(&job, 0, sizeof(job));
	job.before.self.link = (struct link_answer){
		.index = 4, .name = "bond0", .kind = "bond", .admin_up = true, .operational = true, .mtu = 1500, .has_counters = true};
	for (unsigned int i = 0; i < 2; i++) {
		struct link_answer *member = &job.before.members[i].link;

		*member = job.before.self.link;
		member->index = 1 + i;
		strcpy(member->name, i ? "eth2" : "eth1");
		member->kind[0] = '\0';
		strcpy(member->member_kind, "bond");
		strcpy(job.targets[i].label, i ? "2001:db8::2" : "192.0.2.2");
		job.targets[i].required = true;
		job.targets[i].asked.ipv6 = i == 1;
		job.targets[i].outcome = good;
	}
	job.before.member_count = job.target_count = 2;
	job.after = job.before;
	return 0;
}

static void expect(const char *words)
{
	bool passed = link_test_job_judge(&job, reason, sizeof(reason));

	assert_int_equal(passed, words == NULL);
	if (words && !strstr(reason, words))
		fail_msg("'%s' says nothing of '%s'", reason, words);
	if (passed)
		assert_string_equal(reason, "");
}

static void all_in_order(void **state)
{
	expect(NULL);
	/* What there was before the test is no news. */
	job.before.self.link.counters.rx_errors = job.after.self.link.counters.rx_errors = 77;
	job.targets[0].outcome.received = 9;
	job.targets[1].outcome.full_received = 1;
	expect(NULL);
	/* A peer that is only optional. */
	job.targets[1].required = false;
	job.targets[1].outcome = (struct prober_outcome){0};
	expect(NULL);
}

static void the_port(void **state)
{
	job.after.self.link.counters.rx_errors = 3;
	expect("bond0 counted 3 receive and 0 transmit errors");
	job.after.self.link.carrier_changes = 2;
	expect("bond0 went down and up again");
	job.after.self.link.operational = false;
	expect("bond0 is down");
	job.after.self.link.admin_up = false;
	expect("bond0 is shut");
	strcpy(job.error, "there is no interface bond0");
	expect("there is no interface bond0");
}

static void a_member(void **state)
{
	job.after.members[1].link.counters.tx_errors = 1;
	expect("eth2 counted 0 receive and 1 transmit errors");
	job.after.members[1].link.operational = false;
	expect("eth2 is down");
	/* The other ports of a bridge carry others' traffic. */
	strcpy(job.after.members[1].link.member_kind, "bridge");
	expect(NULL);
}

static void the_peer(void **state)
{
	struct prober_outcome *outcome = &job.targets[1].outcome;

	outcome->mtu = 1492;
	expect("2001:db8::2: packets of 1492 bytes pass, of 1500, the MTU of this side, they do not");
	outcome->received = 8;
	expect("2001:db8::2: 2 of 10 echoes were lost");
	outcome->received = 0;
	expect("2001:db8::2 answers neighbor discovery and no echo");
	outcome->neighbor_known = false;
	expect("2001:db8::2 does not answer neighbor discovery");
	job.targets[1].asked.ipv6 = false;
	expect("does not answer ARP");
	strcpy(outcome->error, "two on the link have the address of the peer");
	expect("two on the link");
}

static void nobody_to_ask(void **state)
{
	job.target_count = 0;
	expect("nothing answers for the peer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_in_order, set_up), cmocka_unit_test_setup(the_port, set_up),
		cmocka_unit_test_setup(a_member, set_up),     cmocka_unit_test_setup(the_peer, set_up),
		cmocka_unit_test_setup(nobody_to_ask, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
