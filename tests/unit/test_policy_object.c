// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy objects by themselves: what is refused, and that JSON and message say the same. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/policy_digest.h"
#include "lib/policy_object.h"

static Peering__Policy *parse(const char *text, struct policy_error *error)
{
	json_object *body = json_tokener_parse(text);
	Peering__Policy *policy;

	*error = (struct policy_error){.code = "none"};
	policy = policy_from_json(body, NULL, error);
	json_object_put(body);
	return policy;
}

/* Each in its usual form, with everything that an object of its kind can say. */
static const char *const whole[] = {
	"{\"name\":\"V4\",\"kind\":\"prefix-list-ipv4\",\"entries\":[{\"sequence\":5,\"action\":\"permit\",\"prefix\":\"192.0.2.0\\/24\",\"ge\":25,\"le\":32},{\"sequence\":10,\"action\":\"deny\",\"prefix\":\"0.0.0.0\\/0\",\"le\":32}]}",
	"{\"name\":\"V6\",\"kind\":\"prefix-list-ipv6\",\"entries\":[{\"sequence\":5,\"action\":\"permit\",\"prefix\":\"2001:db8::\\/32\",\"le\":48}]}",
	"{\"name\":\"PATH\",\"kind\":\"as-path-list\",\"entries\":[{\"sequence\":5,\"action\":\"permit\",\"regex\":\"^64510(_64511)*$\"}]}",
	"{\"name\":\"C\",\"kind\":\"community-list\",\"entries\":[{\"sequence\":5,\"action\":\"permit\",\"communities\":[\"64500:1\",\"no-export\"]}]}",
	"{\"name\":\"CE\",\"kind\":\"community-list-expanded\",\"entries\":[{\"sequence\":5,\"action\":\"deny\",\"regex\":\"64500:.*\"}]}",
	"{\"name\":\"L\",\"kind\":\"large-community-list\",\"entries\":[{\"sequence\":5,\"action\":\"permit\",\"communities\":[\"4200000000:1:2\"]}]}",
	"{\"name\":\"LE\",\"kind\":\"large-community-list-expanded\",\"entries\":[{\"sequence\":5,\"action\":\"permit\",\"regex\":\"64500:1:.*\"}]}",
	"{\"name\":\"RM\",\"kind\":\"route-map\",\"entries\":[{\"sequence\":10,\"action\":\"permit\",\"match\":{\"prefixListIpv4\":\"V4\",\"asPath\":\"PATH\",\"community\":\"C\",\"communityExact\":true,\"largeCommunity\":\"L\"},\"set\":{\"localPreference\":0,\"med\":50,\"communities\":[\"64500:1\"],\"communitiesAdditive\":true,\"largeCommunities\":[\"64500:1:2\"],\"largeCommunitiesAdditive\":true,\"asPathPrepend\":[64500,4200000000],\"nextHop\":\"peer-address\"},\"call\":\"OTHER\",\"onMatch\":\"goto\",\"goto\":30},{\"sequence\":20,\"action\":\"permit\",\"match\":{\"prefixListIpv6\":\"V6\"},\"set\":{\"nextHop\":\"unchanged\"},\"onMatch\":\"next\"},{\"sequence\":30,\"action\":\"deny\"}]}",
};

static void test_json_and_message_say_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		struct policy_error error;
		Peering__Policy *policy = parse(whole[i], &error), *again;
		json_object *object;
		char *text;
		uint8_t *bytes;
		size_t size;

		if (!policy)
			fail_msg("%s: %s %s", whole[i], error.code, error.sentence);
		/* By way of the wire, too. */
		size = peering__policy__get_packed_size(policy);
		bytes = malloc(size);
		assert_non_null(bytes);
		peering__policy__pack(policy, bytes);
		again = peering__policy__unpack(NULL, size, bytes);
		free(bytes);
		assert_non_null(again);
		assert_true(policy_check(again, &error));
		for (size_t j = 0; j < policy->n_entries; j++)
			assert_true(policy_entry_same(policy->entries[j], again->entries[j]));
		object = policy_to_json(again);
		assert_string_equal(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN), whole[i]);
		text = policy_to_text(again);
		assert_string_equal(text, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
										  JSON_C_TO_STRING_NOSLASHESCAPE));
		free(text);
		assert_true(policy_digest(again) == policy_digest(policy));
		json_object_put(object);
		peering__policy__free_unpacked(again, NULL);
		peering__policy__free_unpacked(policy, NULL);
	}
}

#define LIST(entries) "{\"name\":\"A\",\"kind\":\"prefix-list-ipv4\",\"entries\":[" entries "]}"
#define ENTRY(rest) "{\"sequence\":5,\"action\":\"permit\"," rest "}"
#define MAP(rest) "{\"name\":\"A\",\"kind\":\"route-map\",\"entries\":[{\"sequence\":5,\"action\":\"permit\"," rest "}]}"
#define COMMUNITY(value) "{\"name\":\"A\",\"kind\":\"community-list\",\"entries\":[" ENTRY("\"communities\":[\"" value "\"]") "]}"
#define PATH(regex) "{\"name\":\"A\",\"kind\":\"as-path-list\",\"entries\":[" ENTRY("\"regex\":\"" regex "\"") "]}"

static void test_what_is_wrong_is_refused_by_its_name(void **state)
{
	static const struct {
		const char *text, *code;
	} wrong[] = {
		{"[]", "bad-value"},
		{"{\"kind\":\"route-map\"}", "bad-name"},
		{"{\"name\":\"A\",\"kind\":\"access-list\",\"entries\":[]}", "bad-kind"},
		{"{\"name\":\"A\",\"kind\":\"route-map\",\"entries\":{}}", "bad-value"},
		{"{\"name\":\"A\",\"kind\":\"route-map\",\"entries\":[7]}", "bad-value"},
		{"{\"name\":\"A\",\"kind\":\"route-map\",\"entries\":[]}", "bad-policy"},
		{"{\"name\":\"A\",\"kind\":\"route-map\",\"extra\":1,\"entries\":[]}", "unknown-key"},
		{"{\"name\":\"peering-x\",\"kind\":\"route-map\",\"entries\":[{\"sequence\":5,\"action\":\"permit\"}]}", "bad-name"},
		{LIST("{\"sequence\":5,\"prefix\":\"192.0.2.0/24\"}"), "bad-action"},
		{LIST("{\"sequence\":5,\"action\":\"Permit\",\"prefix\":\"192.0.2.0/24\"}"), "bad-action"},
		{LIST("{\"sequence\":0,\"action\":\"permit\",\"prefix\":\"192.0.2.0/24\"}"), "bad-sequence"},
		{LIST("{\"sequence\":-1,\"action\":\"permit\",\"prefix\":\"192.0.2.0/24\"}"), "bad-value"},
		{LIST("{\"sequence\":4294967296,\"action\":\"permit\",\"prefix\":\"192.0.2.0/24\"}"), "bad-value"},
		{LIST(ENTRY("\"prefix\":\"192.0.2.0/24\"") "," ENTRY("\"prefix\":\"10.0.0.0/8\"")), "bad-sequence"},
		{LIST(ENTRY("\"prefix\":\"192.0.2.0\"")), "bad-prefix"},
		{LIST(ENTRY("\"prefix\":\"192.0.2.0/\"")), "bad-prefix"},
		{LIST(ENTRY("\"prefix\":\"192.0.2.0/24x\"")), "bad-prefix"},
		{LIST(ENTRY("\"prefix\":\"192.0.2.0/00000024\"")), "bad-prefix"},
		{LIST(ENTRY("\"prefix\":\"192.0.2/24\"")), "bad-prefix"},
		{LIST(ENTRY("\"prefix\":\"any\"")), "bad-prefix"},
		{LIST(ENTRY("\"prefix\":\"192.0.2.0/24\",\"ge\":24")), "bad-range"},
		{LIST(ENTRY("\"prefix\":\"192.0.2.0/24\",\"le\":24")), "bad-range"},
		{LIST(ENTRY("\"prefix\":\"192.0.2.0/24\",\"ge\":31,\"le\":30")), "bad-range"},
		{LIST(ENTRY("\"prefix\":\"192.0.2.0/24\",\"regex\":\"x\"")), "unknown-key"},
		{PATH(""), "bad-regex"},
		{PATH("^64510$; x"), "bad-regex"},
		{PATH("^a"), "bad-regex"},
		{PATH("\\u0000^1"), "bad-value"},
		{COMMUNITY("64500"), "bad-community"},
		{COMMUNITY("64500:65536"), "bad-community"},
		{COMMUNITY("64500:1:2"), "bad-community"},
		{COMMUNITY("64500:1 64500:2"), "bad-community"},
		{COMMUNITY("99999999999999999999:1"), "bad-community"},
		{MAP("\"match\":{\"interface\":\"eth0\"}"), "unknown-key"},
		{MAP("\"match\":{\"prefixListIpv4\":\"A\",\"prefixListIpv6\":\"B\"}"), "bad-policy"},
		{MAP("\"match\":{\"communityExact\":true}"), "bad-policy"},
		{MAP("\"match\":{\"asPath\":\"two words\"}"), "bad-name"},
		{MAP("\"match\":[]"), "bad-value"},
		{MAP("\"set\":{\"weight\":1}"), "unknown-key"},
		{MAP("\"set\":{\"nextHop\":\"192.0.2.1\"}"), "bad-value"},
		{MAP("\"set\":{\"asPathPrepend\":[0]}"), "bad-policy"},
		{MAP("\"set\":{\"asPathPrepend\":[-1]}"), "bad-value"},
		{MAP("\"set\":{\"localPreference\":\"200\"}"), "bad-value"},
		{MAP("\"call\":\"A\""), "call-circle"},
		{MAP("\"onMatch\":\"goto\""), "bad-policy"},
		{MAP("\"onMatch\":\"goto\",\"goto\":5"), "bad-policy"},
		{MAP("\"onMatch\":\"jump\""), "bad-value"},
		{MAP("\"goto\":9"), "bad-policy"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct policy_error error;
		Peering__Policy *policy = parse(wrong[i].text, &error);

		if (policy || strcmp(error.code, wrong[i].code) != 0 || !error.sentence[0])
			fail_msg("%s: %s (%s), not %s", wrong[i].text, policy ? "taken" : error.code, error.sentence, wrong[i].code);
	}
}

/* What a newer side knows and this one does not may have been a match: without it more would pass. */
static void test_a_field_that_is_not_known_is_refused(void **state)
{
	static const uint8_t clause[] = {0xfa, 0x01, 0x01, 'x'}; /* field 31 */
	struct policy_error error;
	Peering__Policy *policy = parse(whole[7], &error);

	(void)state;
	assert_non_null(policy);
	peering__route_map_clause__free_unpacked(policy->entries[1]->clause, NULL);
	policy->entries[1]->clause = peering__route_map_clause__unpack(NULL, sizeof(clause), clause);
	assert_non_null(policy->entries[1]->clause);
	assert_false(policy_check(policy, &error));
	assert_string_equal(error.code, "unknown-match");
	peering__policy__free_unpacked(policy, NULL);
}

static void test_it_has_an_end(void **state)
{
	Peering__Policy policy = PEERING__POLICY__INIT;
	struct policy_error error;

	(void)state;
	policy.name = (char *)"A";
	policy.kind = PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV6;
	policy.n_entries = POLICY_PREFIXES_MAX;
	assert_true(policy_check_head(&policy, &error));
	policy.n_entries++;
	assert_false(policy_check_head(&policy, &error));
	assert_string_equal(error.code, "too-many");
	policy.kind = PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP;
	policy.n_entries = POLICY_ENTRIES_MAX + 1;
	assert_false(policy_check_head(&policy, &error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_and_message_say_the_same),
		cmocka_unit_test(test_what_is_wrong_is_refused_by_its_name),
		cmocka_unit_test(test_a_field_that_is_not_known_is_refused),
		cmocka_unit_test(test_it_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
