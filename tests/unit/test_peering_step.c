// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes next for a connection of a peering, from every phase: what is asked of the router, and when nothing is.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "controller/peerings/peering_step.h"

#define NOW INT64_C(1796040000000)
#define LONG_AGO (NOW - 3600000)
#define JUST_NOW (NOW - 1000)
#define PASSED "{\"checks\":[{\"level\":\"required\",\"verdict\":\"pass\"},{\"level\":\"advisory\",\"verdict\":\"fail\"}]," \
	       "\"sessions\":[{\"afi\":\"ipv4\",\"receivedCount\":5}]}"
#define RUNNING "{\"checks\":[{\"level\":\"required\",\"verdict\":\"pass\"},{\"level\":\"required\",\"verdict\":\"running\"}]}"

static struct peering_policy *policy;

static struct peering_policy *policy_of(const char *text)
{
	struct json_fault fault;

	return peering_policy_parse(text, strlen(text), &fault);
}

static struct store_peering_connection row_in(const char *phase)
{
	return (struct store_peering_connection){
		.peering = "P", .router = "r", .name = "C", .phase = phase, .approved = "{}", .problem = "", .asked = "",
		.push_id = "", .configured_by = "", .peer_asn = 64510, .decided_by = "noc", .push_state = "",
		.push_message = "", .observed = "", .observed_asn = 64510, .activation = "controller", .detail = "{}",
		.connected = true, .snapshot_at = LONG_AGO};
}

/* `phase` and `verb` are NULL for none. */
static void expect(const struct store_peering_connection *row, const char *phase, const char *verb)
{
	struct peering_step step = peering_next_step(row, policy, NOW);

	if ((step.phase != NULL) != (phase != NULL) || (phase && strcmp(step.phase, phase) != 0) ||
	    (step.verb != NULL) != (verb != NULL) || (verb && strcmp(step.verb, verb) != 0))
		fail_msg("%s, router says '%s', asked '%s' (%s): phase %s, verb %s", row->phase, row->observed, row->asked,
			 row->push_state, step.phase ? step.phase : "-", step.verb ? step.verb : "-");
}

static void declaring(void **state)
{
	struct store_peering_connection row = row_in("declare");

	expect(&row, NULL, "request");
	row.observed = "None";
	expect(&row, NULL, "request");
	row.observed = "Active";
	expect(&row, "failed", NULL);
	row.asked = "request";
	row.push_state = "queued";
	expect(&row, NULL, NULL);
	row.push_state = "applied";
	expect(&row, "configure", NULL);
	assert_true(peering_next_step(&row, policy, NOW).declared);
	row.push_state = "refused";
	expect(&row, "failed", NULL);
	assert_string_equal(peering_next_step(&row, policy, NOW).problem, "the router refused it, see its log");
	/* Nobody knows: what the router shows tells, once it has had the time to show it. */
	row.push_state = "unanswered";
	row.answered_at = LONG_AGO;
	row.observed = "ProvisioningStarted";
	expect(&row, "configure", NULL);
	row.observed_asn = 64999;
	expect(&row, NULL, "request");
	row.observed_asn = 64510;
	row.observed = "";
	expect(&row, NULL, "request");
	row.snapshot_at = JUST_NOW;
	expect(&row, NULL, NULL);
	row.snapshot_at = LONG_AGO;
	row.answered_at = JUST_NOW;
	expect(&row, NULL, NULL);
	/* A clock that was set back. */
	row.answered_at = NOW + 3600000;
	expect(&row, NULL, "request");
}

static void configuring(void **state)
{
	struct store_peering_connection row = row_in("configure");

	row.observed = "ProvisioningStarted";
	expect(&row, NULL, NULL);
	row.configured_at = LONG_AGO;
	expect(&row, NULL, "ready");
	row.observed = "Approved";
	expect(&row, NULL, "ready");
	row.detail = RUNNING;
	expect(&row, NULL, NULL);
	row.detail = PASSED;
	row.asked = "request";
	row.push_state = "applied";
	row.answered_at = JUST_NOW;
	expect(&row, NULL, "ready");
	row.asked = "ready";
	expect(&row, NULL, NULL);
	row.answered_at = NOW - 6000;
	expect(&row, NULL, "ready");
	row.push_state = "refused";
	expect(&row, NULL, NULL);
	row.answered_at = NOW - 301000;
	expect(&row, NULL, "ready");
	row.push_state = "queued";
	expect(&row, NULL, NULL);
	row.observed = "ProvisioningCompleted";
	expect(&row, "validate", NULL);
	/* What a person does on the router is not undone. */
	for (const char *const *gone = (const char *const[]){"", "None", "PendingRemove", "ExternalBlocker", NULL}; *gone; gone++) {
		row.push_state = "applied";
		row.observed = *gone;
		expect(&row, NULL, NULL);
	}
}

static void validating(void **state)
{
	struct store_peering_connection row = row_in("validate");

	row.observed = "Validating";
	row.detail = PASSED;
	expect(&row, NULL, "activate");
	row.detail = RUNNING;
	expect(&row, NULL, NULL);
	row.detail = "{}";
	expect(&row, NULL, NULL);
	row.detail = PASSED;
	row.activation = "manual";
	expect(&row, NULL, NULL);
	row.activation = "controller";
	row.observed = "ProvisioningCompleted";
	expect(&row, NULL, NULL);
	row.observed = "Active";
	expect(&row, "service", NULL);
	row.observed = "ProvisioningStarted";
	expect(&row, "configure", NULL);
	row.observed = "Validating";

	policy->families[FAMILY_IPV4].min_prefixes = 5;
	policy->families[FAMILY_IPV6].min_prefixes = 1;
	expect(&row, NULL, "activate");
	policy->families[FAMILY_IPV4].min_prefixes = 6;
	expect(&row, NULL, NULL);
	peering_policy_free(policy);
	policy = policy_of("{\"activation\":{\"by\":\"person\"}}");
	assert_non_null(policy);
	expect(&row, NULL, NULL);
	assert_string_equal(peering_step_waits_for(&row, policy, NOW), "its validation, and then a person who activates it");
	peering_policy_free(policy);
	policy = policy_of("{\"activation\":{\"by\":\"controller\",\"hours\":[{\"days\":[\"sunday\"]}]}}");
	assert_non_null(policy);
	expect(&row, NULL, NULL);
	assert_non_null(strstr(peering_step_waits_for(&row, policy, NOW), "hours"));
}

static void removing(void **state)
{
	static const struct {
		const char *observed, *verb;
	} states[] = {{"Active", "deprovision"},
		      {"TypeChangeRequested", "deprovision"},
		      {"TypeChangeInProgress", "deprovision"},
		      {"PendingApproval", "withdraw"},
		      {"Approved", "withdraw"},
		      {"ProvisioningFailed", "withdraw"},
		      {"ProvisioningStarted", "force-cancel"},
		      {"ProvisioningCompleted", "force-cancel"},
		      {"Validating", "force-cancel"},
		      {"ExternalBlocker", "force-cancel"},
		      {"PendingRemove", NULL},
		      {"Unheard", NULL}};
	struct store_peering_connection row = row_in("remove");

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		row.observed = states[i].observed;
		expect(&row, NULL, states[i].verb);
	}
	row.observed = "None";
	expect(&row, "removed", NULL);
	row.observed = "";
	expect(&row, "removed", NULL);
	/* What was just declared may not show yet. */
	row.asked = "request";
	row.push_state = "applied";
	row.answered_at = JUST_NOW;
	expect(&row, NULL, NULL);
	row.push_state = "queued";
	row.answered_at = 0;
	expect(&row, NULL, NULL);
	row.push_state = "unanswered";
	row.answered_at = LONG_AGO;
	row.snapshot_at = JUST_NOW;
	expect(&row, NULL, NULL);
}

static void nothing_else_is_driven(void **state)
{
	static const char *const phases[] = {"waiting", "service", "failed", "removed", "anything"};

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		struct store_peering_connection row = row_in(phases[i]);

		row.observed = "Validating";
		row.detail = PASSED;
		row.configured_at = LONG_AGO;
		expect(&row, NULL, NULL);
	}
}

static int new_policy(void **state)
{
	policy = policy_of("{\"activation\":{\"by\":\"controller\"}}");
	return policy ? 0 : -1;
}

static int free_policy(void **state)
{
	peering_policy_free(policy);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(declaring, new_policy, free_policy),
		cmocka_unit_test_setup_teardown(configuring, new_policy, free_policy),
		cmocka_unit_test_setup_teardown(validating, new_policy, free_policy),
		cmocka_unit_test_setup_teardown(removing, new_policy, free_policy),
		cmocka_unit_test_setup_teardown(nothing_else_is_driven, new_policy, free_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
