// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The peering policy: what a file may say, whom it accepts (each rule passes, and fails), what it adds to what is pushed,
 * and its hours.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/peerings/peering_judgement.h"
#include "controller/peerings/peering_policy.h"
#include "controller/peerings/peering_request.h"

#define ONE                                                                                                            \
	"{\"router\":\"Edge1\",\"name\":\"AS64510-1\",\"neighbors\":[{\"address\":\"192.0.2.2\",\"families\":["                 \
	"{\"afi\":\"ipv4\",\"receivedLimit\":100}]}]}"
#define BODY(more, connections)                                                                                        \
	"{\"name\":\"AS64510-A\",\"peerAsn\":64510,\"metro\":\"Frankfurt\",\"facility\":\"FRA1\"," more                          \
	"\"connections\":[" connections "]}"

static struct peering_policy *policy_of(const char *text)
{
	struct json_fault fault = {.code = ""};
	struct peering_policy *policy = peering_policy_parse(text, strlen(text), &fault);

	if (!policy)
		fail_msg("%s: %s", text, fault.sentence);
	return policy;
}

static void request_of(const char *text, struct peering_request *request)
{
	struct json_fault fault = {.code = ""};
	json_object *body = json_tokener_parse(text);

	if (!peering_request_from_json(body, NULL, request, &fault))
		fail_msg("%s: %s", text, fault.sentence);
	json_object_put(body);
}

static const struct finding *finding_of(const struct judgement *judgement, const char *rule)
{
	for (size_t i = 0; i < judgement->count; i++)
		if (strcmp(judgement->findings[i].rule, rule) == 0)
			return &judgement->findings[i];
	fail_msg("there is no rule %s", rule);
	return NULL;
}

static struct peering_facts good_facts(void)
{
	struct peering_facts facts = {.asn_state = "Approved"};

	for (size_t i = 0; i < PEERING_CONNECTIONS_MAX; i++)
		facts.connections[i].router_known = true;
	return facts;
}

/* What one policy says of one request by one rule; every other rule passes. */
static void expect(const char *policy_text, const char *body, const struct peering_facts *facts, const char *rule,
		   enum finding_verdict verdict, const char *word)
{
	struct peering_policy *policy = policy_of(policy_text);
	struct peering_request request;
	struct judgement judgement;
	const struct finding *finding;

	request_of(body, &request);
	peering_judge(policy, &request, facts, &judgement);
	finding = finding_of(&judgement, rule);
	if (finding->verdict != verdict || (word && !strstr(finding->sentence, word)))
		fail_msg("%s of %s: %s, %s", rule, body, finding_verdict_name(finding->verdict), finding->sentence);
	assert_int_equal(finding->change[0] != '\0', verdict != VERDICT_PASS);
	assert_int_equal(judgement.verdict, verdict);
	for (size_t i = 0; i < judgement.count; i++)
		assert_true(judgement.findings[i].sentence[0] != '\0' &&
			    (&judgement.findings[i] == finding || judgement.findings[i].verdict == VERDICT_PASS));
	peering_request_free(&request);
	peering_policy_free(policy);
}

static void each_rule_passes_and_fails(void **state)
{
	static const char body[] = BODY("\"bandwidthInMbps\":10000,\"prefixes\":[\"203.0.113.0/24\"],", ONE);
	static const char second[] = ",{\"router\":\"edge2\",\"name\":\"AS64510-2\",\"neighbors\":[{\"address\":\"192.0.2.6\"}]}";
	static const struct {
		const char *rule, *passes, *fails, *word;
	} rules[] = {
		{"asn", "{\"asns\":{\"allowed\":[64510]}}", "{\"asns\":{\"allowed\":[64511]}}", "AS64510"},
		{"asn", "{\"asns\":{\"denied\":[64511]}}", "{\"asns\":{\"denied\":[64510]}}", "not accepted"},
		{"kind", "{\"kinds\":[\"direct\"]}", "{\"kinds\":[\"exchange\",\"route-server\"]}", "direct"},
		{"location", "{\"locations\":[{\"metro\":\"Frankfurt\"}]}", "{\"locations\":[{\"metro\":\"Paris\"}]}",
		 "location"},
		{"location", "{\"locations\":[{\"facility\":\"PA1\"},{\"facility\":\"FRA1\"}]}",
		 "{\"locations\":[{\"metro\":\"Frankfurt\",\"facility\":\"FRA2\"}]}", "location"},
		{"router", "{\"locations\":[{\"facility\":\"FRA1\",\"routers\":[\"EDGE1\"]}]}",
		 "{\"locations\":[{\"facility\":\"FRA1\",\"routers\":[\"edge2\"]}]}", "edge1"},
		{"bandwidth", "{\"minBandwidthInMbps\":10000}", "{\"minBandwidthInMbps\":10001}", "10001"},
		{"bandwidth", "{\"maxBandwidthInMbps\":10000}", "{\"maxBandwidthInMbps\":9999}", "9999"},
		{"connections", "{\"connections\":{\"min\":1}}", "{\"connections\":{\"min\":2}}", "1 connection"},
		{"different-routers", "{}", "{\"connections\":{\"differentRouters\":true}}", "same router"},
		{"ipv4", "{\"ipv4\":{\"required\":true}}", NULL, NULL},
		{"ipv6", "{\"ipv6\":{\"required\":false}}", "{\"ipv6\":{\"required\":true}}", "ipv6"},
		{"md5", "{\"md5\":\"forbidden\"}", "{\"md5\":\"required\"}", "required"},
		{"received-limit", "{\"ipv4\":{\"maxReceivedLimit\":100}}", "{\"ipv4\":{\"maxReceivedLimit\":99}}", "100"},
		{"prefixes", "{\"ipv4\":{\"minPrefixes\":1}}", "{\"ipv4\":{\"minPrefixes\":2}}", "1 ipv4 prefix"},
		/* It has no session of IPv6. */
		{"prefixes", "{\"ipv6\":{\"minPrefixes\":1}}", NULL, NULL},
		{"prefix-length", "{\"ipv4\":{\"maxPrefixLength\":24}}", "{\"ipv4\":{\"maxPrefixLength\":23}}", "longer"},
		{"prefix-length", "{\"ipv4\":{\"minPrefixLength\":24}}", "{\"ipv4\":{\"minPrefixLength\":25}}", "shorter"},
	};
	struct peering_facts facts = good_facts();
	char two[1000];

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		expect(rules[i].passes, body, &facts, rules[i].rule, VERDICT_PASS, NULL);
		if (rules[i].fails)
			expect(rules[i].fails, body, &facts, rules[i].rule, VERDICT_FAIL, rules[i].word);
	}
	snprintf(two, sizeof(two), BODY("", ONE "%s"), second);
	expect("{\"connections\":{\"min\":2,\"differentRouters\":true}}", two, &facts, "different-routers", VERDICT_PASS, NULL);
	expect("{\"ipv4\":{\"required\":true}}",
	       BODY("", "{\"router\":\"edge1\",\"name\":\"AS64510-1\",\"neighbors\":[{\"address\":\"2001:db8::2\"}]}"), &facts,
	       "ipv4", VERDICT_FAIL, "no neighbor");
	expect("{\"minBandwidthInMbps\":1}", BODY("", ONE), &facts, "bandwidth", VERDICT_FAIL, "not said");
}

static void facts_count(void **state)
{
	struct peering_facts facts = good_facts();

	expect("{}", BODY("", ONE), &facts, "peer-asn", VERDICT_PASS, "approved");
	facts.asn_state = "Pending";
	expect("{}", BODY("", ONE), &facts, "peer-asn", VERDICT_WAIT, "Pending");
	expect("{\"asns\":{\"notApproved\":\"refuse\"}}", BODY("", ONE), &facts, "peer-asn", VERDICT_FAIL, "Pending");
	facts.asn_state = NULL;
	expect("{}", BODY("", ONE), &facts, "peer-asn", VERDICT_WAIT, "None");
	facts.asn_state = "Failed";
	facts.asn_reason = "no such network";
	expect("{}", BODY("", ONE), &facts, "peer-asn", VERDICT_FAIL, "no such network");
	facts = good_facts();
	facts.connections[0].router_known = false;
	expect("{}", BODY("", ONE), &facts, "router", VERDICT_FAIL, "edge1");
	facts = good_facts();
	facts.connections[0].name_taken = true;
	expect("{}", BODY("", ONE), &facts, "connection-name", VERDICT_FAIL, "another connection");
}

#define WITH(more) "{\"router\":\"e\",\"name\":\"AS64510-1\"," more "\"neighbors\":[{\"address\":\"192.0.2.2\"}]}"

static void levels_and_activation_are_the_policys(void **state)
{
	struct peering_facts facts = good_facts();

	expect("{\"checks\":{\"rpki\":\"advisory\"}}", BODY("", WITH("\"checks\":{\"rpki\":\"required\"},")), &facts,
	       "checks", VERDICT_PASS, NULL);
	expect("{\"checks\":{\"rpki\":\"required\"}}", BODY("", WITH("\"checks\":{\"rpki\":\"advisory\"},")), &facts,
	       "checks", VERDICT_FAIL, "rpki is advisory");
	expect("{}", BODY("", WITH("\"activation\":\"manual\",")), &facts, "activation", VERDICT_PASS, NULL);
	expect("{}", BODY("", WITH("\"activation\":\"auto\",")), &facts, "activation", VERDICT_FAIL, "auto");
	expect("{\"activation\":{\"by\":\"controller\"}}", BODY("", WITH("\"activation\":\"controller\",")), &facts,
	       "activation", VERDICT_PASS, NULL);
	expect("{\"activation\":{\"by\":\"controller\"}}", BODY("", WITH("\"activation\":\"manual\",")), &facts,
	       "activation", VERDICT_FAIL, "manual");
}

static void a_peer_has_no_say_in_what_is_ours(void **state)
{
	static const char *const ours[] = {
		WITH("\"profile\":\"P\","),
		WITH("\"checks\":{\"rpki\":\"off\"},"),
		WITH("\"validationWindow\":1,"),
		WITH("\"onViolation\":\"report\","),
		WITH("\"timers\":{\"validation\":86400},"),
		"{\"router\":\"e\",\"name\":\"AS64510-1\",\"neighbors\":[{\"address\":\"192.0.2.2\",\"families\":["
		"{\"afi\":\"ipv4\",\"importPolicy\":\"ANY\"}]}]}",
	};
	struct peering_facts facts = good_facts();
	char body[600];

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		snprintf(body, sizeof(body), BODY("", "%s"), ours[i]);
		facts.by_peer = false;
		expect("{}", body, &facts, "own-choice", VERDICT_PASS, NULL);
		facts.by_peer = true;
		expect("{}", body, &facts, "own-choice", VERDICT_FAIL, "network's to choose");
	}
	expect("{}", BODY("", ONE), &facts, "own-choice", VERDICT_PASS, NULL);
}

/* A router or a name that is not there, or is another's, is one and the same for a peer. */
static void what_is_inside_is_hidden_from_a_peer(void **state)
{
	static const char *const names[] = {"AS64511-1", "AS64510-1"};

	for (size_t i = 0; i < 2; i++) {
		struct peering_policy *policy = policy_of("{}");
		struct peering_facts facts = good_facts();
		struct judgement free, taken, stored;
		struct peering_request request;
		char body[600];

		facts.by_peer = true;
		snprintf(body, sizeof(body), BODY("", "{\"router\":\"e\",\"name\":\"%s\",\"neighbors\":[{\"address\":\"192.0.2.2\"}]}"),
			 names[i]);
		request_of(body, &request);
		peering_judge(policy, &request, &facts, &free);
		facts.connections[0].router_known = false;
		facts.connections[0].name_taken = true;
		peering_judge(policy, &request, &facts, &taken);
		assert_int_equal(finding_of(&taken, "router")->verdict, VERDICT_FAIL);
		assert_int_equal(finding_of(&taken, "own-names")->verdict, i == 0 ? VERDICT_FAIL : VERDICT_PASS);
		facts.stored = true;
		peering_judge(policy, &request, &facts, &stored);
		assert_int_equal(finding_of(&stored, "own-names")->verdict, VERDICT_PASS);
		judgement_hide_inside(&free);
		judgement_hide_inside(&taken);
		assert_string_equal(finding_of(&free, "router")->sentence, finding_of(&taken, "router")->sentence);
		assert_int_equal(finding_of(&taken, "router")->verdict, VERDICT_PASS);
		/* Of its own name it hears. */
		assert_int_equal(finding_of(&taken, "connection-name")->verdict, i == 0 ? VERDICT_PASS : VERDICT_FAIL);
		assert_int_equal(taken.verdict, VERDICT_FAIL);
		assert_int_equal(free.verdict, i == 0 ? VERDICT_FAIL : VERDICT_PASS);
		peering_request_free(&request);
		peering_policy_free(policy);
	}
}

static void the_policy_adds_to_what_is_pushed(void **state)
{
	struct peering_policy *policy =
		policy_of("{\"profile\":\"PEERS\",\"checks\":{\"rpki\":\"required\",\"role\":\"advisory\"},"
			  "\"ipv4\":{\"maxReceivedLimit\":500,\"importPolicy\":\"IN\",\"exportPolicy\":\"OUT\"},"
			  "\"activation\":{\"by\":\"controller\"}}");
	struct peering_request request;
	json_object *first, *second;

	request_of(BODY("\"description\":\"of all\",",
			WITH("\"checks\":{\"role\":\"required\"},\"description\":\"own\",") ","
			"{\"router\":\"e\",\"name\":\"AS64510-2\",\"profile\":\"X\",\"neighbors\":[{\"address\":\"192.0.2.2\",\"families\":["
			"{\"afi\":\"ipv4\",\"receivedLimit\":9,\"importPolicy\":\"MINE\"},{\"afi\":\"ipv6\"}]}]}"),
		   &request);
	first = peering_compose(policy, &request, 0);
	second = peering_compose(policy, &request, 1);
	assert_string_equal(
		json_plain(first),
		"{\"name\":\"AS64510-1\",\"peerAsn\":64510,\"kind\":\"direct\",\"checks\":{\"role\":\"required\",\"rpki\":\"required\"},"
		"\"description\":\"own\",\"neighbors\":[{\"address\":\"192.0.2.2\",\"optional\":false,\"families\":["
		"{\"afi\":\"ipv4\",\"receivedLimit\":500,\"importPolicy\":\"IN\",\"exportPolicy\":\"OUT\"}]}],"
		"\"activation\":\"controller\",\"profile\":\"PEERS\"}");
	assert_string_equal(
		json_plain(second),
		"{\"name\":\"AS64510-2\",\"peerAsn\":64510,\"kind\":\"direct\",\"profile\":\"X\",\"neighbors\":[{\"address\":\"192.0.2.2\","
		"\"optional\":false,\"families\":[{\"afi\":\"ipv4\",\"receivedLimit\":9,\"importPolicy\":\"MINE\","
		"\"exportPolicy\":\"OUT\"},{\"afi\":\"ipv6\"}]}],\"activation\":\"controller\",\"description\":\"of all\","
		"\"checks\":{\"rpki\":\"required\",\"role\":\"advisory\"}}");
	json_object_put(first);
	json_object_put(second);
	peering_request_free(&request);
	peering_policy_free(policy);
}

static void a_request_is_the_same_again(void **state)
{
	struct peering_request request, again;
	char *once;

	request_of(BODY("\"bandwidthInMbps\":10,\"prefixes\":[\"2001:DB8::/32\",\"0.0.0.0/0\"],", ONE), &request);
	once = strdup(json_plain(request.document));
	peering_request_free(&request);
	assert_non_null(strstr(once, "\"2001:db8::/32\""));
	request_of(once, &again);
	assert_string_equal(json_plain(again.document), once);
	peering_request_free(&again);
	assert_true(peering_request_from_stored(once, &again));
	assert_string_equal(json_plain(again.document), once);
	assert_string_equal(again.connections[0].router, "edge1");
	assert_string_equal(again.connections[0].name, "AS64510-1");
	assert_string_equal(again.metro, "Frankfurt");
	assert_int_equal(again.peer_asn, 64510);
	assert_int_equal(again.bandwidth, 10);
	assert_int_equal(again.connection_count, 1);
	assert_false(peering_request_from_stored("{}", &request));
	free(once);
	peering_request_free(&again);
}

static void a_bad_file_is_named_by_its_place(void **state)
{
	static const struct {
		const char *text, *word;
	} bad[] = {
		{"", "no JSON"},
		{"null", "no JSON"},
		{"[]", "all must be an object"},
		{"{} {}", "no JSON"},
		{"{\"colour\":1}", "\"colour\""},
		{"{\"kinds\":\"direct\"}", "kinds"},
		{"{\"kinds\":[]}", "kinds is empty"},
		{"{\"kinds\":[\"transit\"]}", "kinds[0]"},
		{"{\"kinds\":[1]}", "kinds[0]"},
		{"{\"locations\":[]}", "locations is empty"},
		{"{\"locations\":[{\"city\":\"x\"}]}", "locations[0].city"},
		{"{\"locations\":[{\"metro\":1}]}", "locations[0].metro"},
		{"{\"locations\":[{\"routers\":[1]}]}", "locations[0].routers[0]"},
		{"{\"locations\":[\"x\"]}", "locations[0] must be an object"},
		{"{\"minBandwidthInMbps\":0}", "minBandwidthInMbps"},
		{"{\"minBandwidthInMbps\":2,\"maxBandwidthInMbps\":1}", "nothing is accepted"},
		{"{\"ipv4\":[]}", "ipv4 must be an object"},
		{"{\"ipv4\":{\"maxPrefixLength\":33}}", "ipv4.maxPrefixLength"},
		{"{\"ipv6\":{\"required\":\"yes\"}}", "ipv6.required"},
		{"{\"ipv6\":{\"minPrefixes\":5,\"maxReceivedLimit\":4}}", "ipv6.minPrefixes"},
		{"{\"md5\":true}", "md5"},
		{"{\"checks\":{\"rpki\":\"strict\"}}", "checks.rpki"},
		{"{\"checks\":{\"a b\":\"off\"}}", "no name of a check"},
		{"{\"connections\":{\"min\":9}}", "connections.min"},
		{"{\"asns\":{\"denied\":[0]}}", "asns.denied[0]"},
		{"{\"asns\":{\"notApproved\":\"ask\"}}", "asns.notApproved"},
		{"{\"approval\":\"yes\"}", "approval"},
		{"{\"activation\":{\"by\":\"cron\"}}", "activation.by"},
		{"{\"activation\":{\"hours\":[{}]}}", "activation.by person"},
		{"{\"activation\":{\"by\":\"controller\",\"hours\":[]}}", "activation.hours is empty"},
		{"{\"activation\":{\"by\":\"controller\",\"timeZone\":\"Europe\"}}", "time zone"},
		{"{\"activation\":{\"by\":\"controller\",\"timeZone\":\"../../etc/passwd\"}}", "time zone"},
		{"{\"activation\":{\"by\":\"controller\",\"timeZone\":\"Mars/Base\"}}", "time zone"},
		{"{\"activation\":{\"by\":\"controller\",\"hours\":[{\"days\":[\"mo\"]}]}}", "hours[0].days[0]"},
		{"{\"activation\":{\"by\":\"controller\",\"hours\":[{\"from\":\"9:00\"}]}}", "hours[0].from"},
		{"{\"activation\":{\"by\":\"controller\",\"hours\":[{\"from\":\"24:00\"}]}}", "hours[0].from"},
		{"{\"activation\":{\"by\":\"controller\",\"hours\":[{\"to\":\"24:01\"}]}}", "hours[0].to"},
		{"{\"activation\":{\"by\":\"controller\",\"hours\":[{\"from\":\"09:00\",\"to\":\"09:00\"}]}}", "the same"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct json_fault fault = {.code = ""};

		if (peering_policy_parse(bad[i].text, strlen(bad[i].text), &fault) || !strstr(fault.sentence, bad[i].word))
			fail_msg("%s: %s", bad[i].text, fault.sentence);
	}
}

/* 2026-11-30 was a Monday; in winter Berlin is an hour ahead of UTC, in summer two. */
#define MONDAY INT64_C(1796040000) /* 12:00 UTC */
#define HOUR 3600
#define DAY (24 * HOUR)

static void expect_hours(const char *hours, const char *zone, int64_t at, bool in)
{
	struct peering_policy *policy;
	char text[400];

	snprintf(text, sizeof(text), "{\"activation\":{\"by\":\"controller\",\"timeZone\":\"%s\",\"hours\":[%s]}}", zone, hours);
	policy = policy_of(text);
	if (peering_policy_in_hours(policy, at * 1000) != in)
		fail_msg("%lld in %s %s", (long long)at, zone, hours);
	peering_policy_free(policy);
}

static void hours_are_of_the_time_zone(void **state)
{
	static const char work[] = "{\"days\":[\"monday\"],\"from\":\"09:00\",\"to\":\"13:00\"}";
	static const char night[] = "{\"days\":[\"sunday\",\"saturday\"],\"from\":\"22:00\",\"to\":\"06:00\"}";
	struct peering_policy *policy = policy_of("{}");

	assert_true(peering_policy_in_hours(policy, MONDAY * 1000));
	peering_policy_free(policy);

	expect_hours(work, "UTC", MONDAY, true);
	expect_hours(work, "UTC", MONDAY + HOUR - 1, true);
	expect_hours(work, "UTC", MONDAY + HOUR, false);
	expect_hours(work, "UTC", MONDAY - 3 * HOUR, true);
	expect_hours(work, "UTC", MONDAY - 3 * HOUR - 1, false);
	expect_hours(work, "UTC", MONDAY + DAY, false);
	/* 13:00 there. */
	expect_hours(work, "Europe/Berlin", MONDAY, false);
	expect_hours(work, "Europe/Berlin", MONDAY - 1, true);
	/* Monday, 2026-06-29: 11:00 UTC is 13:00. */
	expect_hours(work, "Europe/Berlin", MONDAY - 154 * DAY - HOUR, false);
	expect_hours(work, "Europe/Berlin", MONDAY - 154 * DAY - HOUR - 1, true);
	/* Over midnight, and over the end of the week. */
	expect_hours(night, "UTC", MONDAY - 7 * HOUR, true);
	expect_hours(night, "UTC", MONDAY - 6 * HOUR, false);
	expect_hours(night, "UTC", MONDAY - 13 * HOUR, true);
	expect_hours(night, "UTC", MONDAY - 15 * HOUR, false);
	expect_hours(night, "UTC", MONDAY - DAY - 7 * HOUR, true);
	expect_hours(night, "UTC", MONDAY - 2 * DAY - 7 * HOUR, false);
	expect_hours("{\"from\":\"00:00\",\"to\":\"24:00\"}", "UTC", MONDAY, true);
	expect_hours("{\"days\":[\"sunday\"]}", "UTC", MONDAY, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_passes_and_fails),
		cmocka_unit_test(facts_count),
		cmocka_unit_test(levels_and_activation_are_the_policys),
		cmocka_unit_test(a_peer_has_no_say_in_what_is_ours),
		cmocka_unit_test(what_is_inside_is_hidden_from_a_peer),
		cmocka_unit_test(the_policy_adds_to_what_is_pushed),
		cmocka_unit_test(a_request_is_the_same_again),
		cmocka_unit_test(a_bad_file_is_named_by_its_place),
		cmocka_unit_test(hours_are_of_the_time_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
