// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A requested connection: from JSON to the wire's message and back. What is refused, and in which words, is tested
 * through the API; here it is that nothing is lost or changed on the way, and that every prefix and every cut of a good
 * request is judged without harm.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/pushes/declaration_secret.h"

static const char whole[] =
	"{\"name\":\"PNI-ACME-FRA1\",\"peerAsn\":4294967295,\"kind\":\"route-server\",\"activation\":\"controller\","
	"\"validationWindow\":86400,\"onViolation\":\"deny\",\"reopenMode\":\"auto\",\"reopenHoldDown\":900,"
	"\"profile\":\"PEERS\",\"checks\":{\"no-bogons\":\"required\",\"rpki\":\"off\"},\"description\":\"Example Networks\","
	"\"timers\":{\"establish\":86400,\"validation\":1,\"stale\":31536000,\"drain\":5},\"neighbors\":["
	"{\"address\":\"192.0.2.2\",\"optional\":false,\"description\":\"port 4\",\"ttlSecurityHops\":254,\"bfd\":true,"
	"\"bfdProfile\":\"slow\",\"keepalive\":21845,\"holdTime\":65535,\"connectRetry\":1,\"role\":\"rs-client\","
	"\"roleStrict\":true,\"localAddress\":\"192.0.2.3/31\",\"families\":["
	"{\"afi\":\"ipv4\",\"receivedLimit\":4294967295,\"importPolicy\":\"ACME-IN\",\"exportPolicy\":\"ACME-OUT\"},"
	"{\"afi\":\"ipv6\",\"receivedLimit\":1}]},"
	"{\"address\":\"2001:db8:1::2\",\"optional\":true,\"families\":[]}]}";

static Peering__DeclareConnection *from_text(const char *text, struct declaration_error *error)
{
	json_object *body = json_tokener_parse(text);
	Peering__DeclareConnection *message = declaration_from_json(body, error);

	json_object_put(body);
	return message;
}

static void nothing_is_lost_on_the_way(void **state)
{
	struct declaration_error error = {.code = "none"};
	Peering__DeclareConnection *message = from_text(whole, &error);
	json_object *again;

	assert_string_equal(error.code, "none");
	assert_string_equal(message->name, "PNI-ACME-FRA1");
	assert_int_equal(message->peer_asn, UINT32_MAX);
	assert_int_equal(message->kind, PEERING__KIND__KIND_ROUTE_SERVER);
	assert_int_equal(message->activation, PEERING__ACTIVATION_MODE__ACTIVATION_CONTROLLER);
	assert_int_equal(message->validation_window, 86400);
	assert_int_equal(message->on_violation, PEERING__ON_VIOLATION__ON_VIOLATION_DENY);
	assert_int_equal(message->reopen_mode, PEERING__REOPEN_MODE__REOPEN_AUTO);
	assert_int_equal(message->reopen_hold_down, 900);
	assert_string_equal(message->profile, "PEERS");
	assert_int_equal(message->n_checks, 2);
	assert_string_equal(message->checks[1]->level, "off");
	assert_int_equal(message->n_neighbors, 2);
	assert_int_equal(message->neighbors[0]->families[0]->received_limit, UINT32_MAX);
	assert_string_equal(message->neighbors[0]->families[0]->export_policy, "ACME-OUT");
	assert_false(message->neighbors[0]->optional);
	assert_true(message->neighbors[1]->optional);
	assert_int_equal(message->neighbors[1]->n_families, 0);

	again = declaration_to_json(message);
	assert_string_equal(json_object_to_json_string_ext(again, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE), whole);
	json_object_put(again);
	peering__declare_connection__free_unpacked(message, NULL);
}

static void what_is_left_out_is_the_default(void **state)
{
	struct declaration_error error;
	Peering__DeclareConnection *message = from_text(
		"{\"name\":\"X\",\"peerAsn\":1,\"neighbors\":[{\"address\":\"2001:DB8:0:0::2\"}]}", &error);

	assert_non_null(message);
	assert_int_equal(message->kind, PEERING__KIND__KIND_DIRECT);
	/* The router's own. */
	assert_int_equal(message->activation, PEERING__ACTIVATION_MODE__ACTIVATION_UNSPECIFIED);
	assert_int_equal(message->validation_window, 0);
	assert_string_equal(message->neighbors[0]->address, "2001:db8::2");
	peering__declare_connection__free_unpacked(message, NULL);
}

/* Each member taken away, and each put in another type's place: a declaration or a sentence, never anything else. */
static void every_change_is_judged(void **state)
{
	static const char *const values[] = {"null", "true", "-1", "1e300", "\"\"", "[]", "{}", "[[{}]]"};
	static const char *const keys[] = {"name", "peerAsn", "kind", "activation", "validationWindow", "description",
					   "neighbors", "onViolation", "reopenMode", "reopenHoldDown", "profile", "checks",
					   "timers"};
	size_t refused = 0;

	for (size_t key = 0; key < sizeof(keys) / sizeof(keys[0]); key++) {
		for (size_t value = 0; value < sizeof(values) / sizeof(values[0]); value++) {
			struct declaration_error error = {.code = NULL};
			json_object *body = json_tokener_parse(whole);
			Peering__DeclareConnection *message;

			json_object_object_add(body, keys[key], json_tokener_parse(values[value]));
			message = declaration_from_json(body, &error);
			assert_true((message != NULL) == (error.code == NULL));
			if (message)
				peering__declare_connection__free_unpacked(message, NULL);
			else
				assert_true(strlen(error.sentence) > 10);
			refused += message == NULL;
			json_object_put(body);
		}
	}
	/* Those that may be left out take null; a description and a profile may be empty as well, checks and timers an empty object. */
	assert_int_equal(refused, 13 * 8 - 5 - 5 - 2 - 2);
}

/* Of the first neighbor: what is good, what is not, and with which words. */
static void what_is_said_of_a_session_is_judged(void **state)
{
	static const char *const cases[][2] = {
		{"\"password\":\"a-key\"", NULL},
		{"\"password\":\"a key\"", "password has a space"},
		{"\"password\":\"k\u00e9y\"", "password has a space, or a character"},
		{"\"password\":5", "password must be a string"},
		{"\"password\":\"012345678901234567890123456789012345678901234567890123456789012345678901234567890\"",
		 "password is longer than 80"},
		{"\"sealedPassword\":\"x\"", "there is no key"},
		{"\"passwordSet\":true", "there is no key"},
		{"\"ttlSecurityHops\":255", "ttlSecurityHops must be"},
		{"\"ttlSecurityHops\":0", "ttlSecurityHops must be"},
		{"\"bfd\":1", "bfd must be true or false"},
		{"\"bfdProfile\":\"slow\"", "bfdProfile goes with"},
		{"\"holdTime\":2", "holdTime must be"},
		{"\"holdTime\":3,\"keepalive\":1", NULL},
		{"\"holdTime\":9,\"keepalive\":4", "keepalive goes with"},
		{"\"keepalive\":4", "keepalive goes with"},
		{"\"connectRetry\":65536", "connectRetry must be"},
		{"\"role\":\"upstream\"", "role must be provider"},
		{"\"roleStrict\":true", "roleStrict goes with"},
		{"\"localAddress\":\"192.0.2.0/30\"", "first address"},
		{"\"localAddress\":\"192.0.2.3/31\"", NULL},
		{"\"localAddress\":\"192.0.2.2\"", "neighbor's own address"},
		{"\"localAddress\":\"2001:db8::1\"", "another address family"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct declaration_error error = {.code = NULL, .sentence = ""};
		Peering__DeclareConnection *message;
		char text[512];

		snprintf(text, sizeof(text), "{\"name\":\"X\",\"peerAsn\":1,\"neighbors\":[{\"address\":\"192.0.2.2\",%s}]}",
			 cases[i][0]);
		message = from_text(text, &error);
		if ((message == NULL) != (cases[i][1] != NULL) || (cases[i][1] && !strstr(error.sentence, cases[i][1])))
			fail_msg("%s: %s", cases[i][0], message ? "good" : error.sentence);
		if (message)
			peering__declare_connection__free_unpacked(message, NULL);
	}
}

/* What is stored has the password sealed; what is shown says that there is one; and both keep all the rest. */
static void a_password_goes_one_way(void **state)
{
	static const char given[] = "{\"name\":\"X\",\"peerAsn\":1,\"neighbors\":[{\"address\":\"2001:DB8:0::2\","
				    "\"password\":\"a-key-of-ours\",\"holdTime\":9},{\"address\":\"192.0.2.2\"}]}";
	static const char keeps[] = "{\"name\":\"X\",\"peerAsn\":1,\"neighbors\":[{\"address\":\"2001:db8::2\","
				    "\"passwordSet\":true,\"holdTime\":30},{\"address\":\"192.0.2.2\",\"passwordSet\":false}]}";
	char path[] = "/tmp/peering-declaration-XXXXXX", words[256];
	struct declaration_error error = {.code = ""};
	Peering__DeclareConnection *message = from_text(given, &error);
	struct secret_key *key, *other;
	json_object *shown, *body;
	char *stored, *again;
	int file = mkstemp(path);

	assert_true(file >= 0);
	close(file);
	assert_int_equal(unlink(path), 0);
	key = secret_key_load(path, words, sizeof(words));
	assert_non_null(key);
	assert_non_null(message);
	stored = declaration_to_stored(message, key);
	again = declaration_to_stored(message, key);
	assert_string_equal(stored, again);
	free(again);
	assert_null(strstr(stored, "a-key-of-ours"));
	peering__declare_connection__free_unpacked(message, NULL);

	message = declaration_from_stored(stored, key, &error);
	assert_non_null(message);
	assert_string_equal(message->neighbors[0]->password, "a-key-of-ours");
	assert_string_equal(message->neighbors[1]->password, "");
	assert_int_equal(message->neighbors[0]->hold_time, 9);
	peering__declare_connection__free_unpacked(message, NULL);

	shown = declaration_shown(stored);
	assert_non_null(strstr(json_object_to_json_string_ext(shown, JSON_C_TO_STRING_PLAIN), "\"passwordSet\":true"));
	assert_null(strstr(json_object_to_json_string_ext(shown, JSON_C_TO_STRING_PLAIN), "sealed"));
	json_object_put(shown);

	/* Said again without it, the password stays; of a neighbor that has none it cannot. */
	body = json_tokener_parse(keeps);
	assert_true(declaration_keep_passwords(body, stored, key, &error));
	message = declaration_from_json(body, &error);
	assert_non_null(message);
	assert_string_equal(message->neighbors[0]->password, "a-key-of-ours");
	assert_int_equal(message->neighbors[0]->hold_time, 30);
	peering__declare_connection__free_unpacked(message, NULL);
	json_object_put(body);
	body = json_tokener_parse(keeps);
	assert_false(declaration_keep_passwords(body, NULL, key, &error));
	assert_non_null(strstr(error.sentence, "no password is stored"));
	json_object_put(body);

	/* Without its key it is lost, and that is said. */
	assert_int_equal(unlink(path), 0);
	other = secret_key_load(path, words, sizeof(words));
	assert_non_null(other);
	assert_null(declaration_from_stored(stored, other, &error));
	assert_string_equal(error.code, "password-lost");
	secret_key_free(key);
	secret_key_free(other);
	free(stored);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_on_the_way),
		cmocka_unit_test(what_is_left_out_is_the_default),
		cmocka_unit_test(every_change_is_judged),
		cmocka_unit_test(what_is_said_of_a_session_is_judged),
		cmocka_unit_test(a_password_goes_one_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
