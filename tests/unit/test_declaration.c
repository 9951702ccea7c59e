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

#include "controller/declaration.h"

static const char whole[] =
	"{\"name\":\"PNI-ACME-FRA1\",\"peerAsn\":4294967295,\"kind\":\"route-server\",\"activation\":\"controller\","
	"\"validationWindow\":86400,\"onViolation\":\"deny\",\"reopenMode\":\"auto\",\"reopenHoldDown\":900,"
	"\"profile\":\"PEERS\",\"checks\":{\"no-bogons\":\"required\",\"rpki\":\"off\"},\"description\":\"Example Networks\",\"neighbors\":["
	"{\"address\":\"192.0.2.2\",\"optional\":false,\"description\":\"port 4\",\"families\":["
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
	assert_string_equal(json_object_to_json_string_ext(again, JSON_C_TO_STRING_PLAIN), whole);
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
					   "neighbors", "onViolation", "reopenMode", "reopenHoldDown", "profile", "checks"};
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
	/* Those that may be left out take null; a description and a profile may be empty as well, and checks an empty object. */
	assert_int_equal(refused, 12 * 8 - 5 - 5 - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_on_the_way),
		cmocka_unit_test(what_is_left_out_is_the_default),
		cmocka_unit_test(every_change_is_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
