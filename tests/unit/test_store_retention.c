// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the store keeps no longer, and what stays whatever its age: a store from which all goes that may, after each thing
 * that happens, answers like one from which nothing ever goes.
 */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/store.h"
#include "tests/unit/temporary.h"

#define DAY ((int64_t)86400 * 1000)
#define STORIES 40
#define STEPS 60
#define NAMES 3

/* ---- A store ---- */

static struct store *store;
static const char *path;
static sqlite3 *beside;

static struct store *new_store(const char *name, const char **its_path)
{
	char error[STORE_ERROR_MAX];
	struct store *made;

	*its_path = temporary_path(name);
	made = store_open(*its_path, error, sizeof(error));
	if (!made)
		fail_msg("%s", error);
	return made;
}

static void connect_router(struct store *to, const char *name, const char *journal, int64_t at)
{
	struct store_router router = {name, "192.0.2.1:1", "8.4.4", "0.1.0", journal, "b1", .connected_at = at};

	assert_int_equal(store_router_connected(to, &router), STORE_OK);
}

static int fresh_store(void **state)
{
	static unsigned int number;
	char name[32];

	snprintf(name, sizeof(name), "kept%u.db", number++);
	store = new_store(name, &path);
	assert_int_equal(sqlite3_open(path, &beside), SQLITE_OK);
	connect_router(store, "edge1", "j1", 1000);
	return 0;
}

static int close_store(void **state)
{
	sqlite3_close(beside);
	store_close(store);
	return 0;
}

static int ask(const char *sql)
{
	sqlite3_stmt *statement;
	int number;

	assert_int_equal(sqlite3_prepare_v2(beside, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

/* Until there is nothing more to go; how many rows went. */
static uint64_t prune(struct store *from, enum store_kept what, int64_t before, uint64_t most, unsigned int step)
{
	struct store_pruning pruning = {.what = what, .before = before, .most = most, .step = step};
	uint64_t count = 0;

	do {
		assert_int_equal(store_prune(from, &pruning, INT64_MAX), STORE_OK);
		count += pruning.count;
		/* A step is a small one. */
		if (what != KEPT_PUSHES)
			assert_true(pruning.count <= step);
	} while (pruning.more);
	return count;
}

/* ---- Transitions ---- */

static void add_transitions(const char *router, const char *journal, uint64_t first, uint64_t last, int64_t at)
{
	assert_int_equal(store_begin(store), STORE_OK);
	for (uint64_t sequence = first; sequence <= last; sequence++) {
		struct store_transition row = {.journal_id = journal,
					       .sequence = sequence,
					       .connection = "PNI-ACME",
					       .vrf = "default",
					       .from = "None",
					       .to = "Active",
					       .cause = "1",
					       .actor = "operator",
					       .at = at,
					       .message = "",
					       .received_at = at};
		enum store_news news;
		uint64_t before;

		assert_int_equal(store_transition(store, router, &row, &news, &before), STORE_OK);
		assert_int_equal(news, NEWS_STORED);
	}
	assert_int_equal(store_commit(store), STORE_OK);
}

static void assert_acked(const char *router, const char *journal, uint64_t sequence, int64_t at)
{
	uint64_t acked;
	int64_t found;

	assert_int_equal(store_acked_sequence(store, router, journal, &acked), STORE_OK);
	assert_int_equal(acked, sequence);
	assert_int_equal(store_transition_at(store, router, journal, acked, &found), STORE_OK);
	assert_int_equal(found, at);
}

static void old_transitions_go_but_what_the_next_hello_needs(void **state)
{
	connect_router(store, "edge2", "j1", 1000);
	add_transitions("edge1", "j0", 1, 50, 5 * DAY);
	add_transitions("edge1", "j1", 1, 200, 6 * DAY);
	add_transitions("edge2", "j1", 1, 10, 6 * DAY);
	add_transitions("edge1", "j1", 201, 230, 20 * DAY);

	/* An event of each is kept. */
	assert_int_equal(prune(store, KEPT_HISTORY, 10 * DAY, 1000000, 40), 0);
	assert_true(prune(store, KEPT_EVENTS, 10 * DAY, 1000000, 40) > 250);
	assert_int_equal(prune(store, KEPT_HISTORY, 10 * DAY, 1000000, 40), 50 + 200 + 9);
	assert_acked("edge1", "j1", 230, 20 * DAY);
	assert_acked("edge2", "j1", 10, 6 * DAY);
	/* Of the journal that edge1 had before nothing is left. */
	assert_int_equal(ask("SELECT count(*) FROM journal"), 2);
	assert_int_equal(ask("SELECT sum(stored) FROM journal"), ask("SELECT count(*) FROM transition"));
	assert_int_equal(prune(store, KEPT_HISTORY, 10 * DAY, 1000000, 40), 0);
}

static void who_floods_loses_its_own(void **state)
{
	connect_router(store, "edge2", "j1", 1000);
	add_transitions("edge2", "j1", 1, 100, 1 * DAY);
	add_transitions("edge1", "j1", 1, 1000, 2 * DAY);
	prune(store, KEPT_EVENTS, 10 * DAY, 0, 100);
	assert_int_equal(prune(store, KEPT_HISTORY, 0, 300, 40), 800);
	assert_int_equal(ask("SELECT count(*) FROM transition WHERE router = 'edge2'"), 100);
	assert_int_equal(ask("SELECT min(sequence) FROM transition WHERE router = 'edge1'"), 801);
	/* Nor by a journal for each. */
	for (int i = 0; i < 40; i++) {
		char journal[16];

		snprintf(journal, sizeof(journal), "new%d", i);
		connect_router(store, "edge1", journal, 3 * DAY + i);
		add_transitions("edge1", journal, 1, 2, 3 * DAY + i);
	}
	prune(store, KEPT_EVENTS, 10 * DAY, 0, 100);
	prune(store, KEPT_HISTORY, 0, 1000000, 40);
	assert_int_equal(ask("SELECT count(*) FROM journal WHERE router = 'edge1'"), 16);
	assert_acked("edge1", "new39", 2, 3 * DAY + 39);
}

static void an_event_that_is_kept_has_its_transition(void **state)
{
	add_transitions("edge1", "j1", 1, 300, 5 * DAY);
	prune(store, KEPT_EVENTS, 0, 100, 50);
	prune(store, KEPT_HISTORY, 10 * DAY, 0, 50);
	assert_int_equal(ask("SELECT count(*) FROM event"), 100);
	assert_int_equal(ask("SELECT count(*) FROM event e JOIN transition t ON t.id = e.transition"), 100);
	assert_int_equal(ask("SELECT count(*) FROM transition"), 100);
}

/* ---- The audit log, peerings, tokens and keys ---- */

static void add_audit(const char *detail, int64_t at)
{
	struct store_audit row = {.at = at, .actor = "a", .role = "r", .address = "x", .action = "y", .object = "z", .detail = detail};

	assert_int_equal(store_audit(store, &row), STORE_OK);
}

static bool copy_result(const struct store_audit *row, void *context)
{
	sprintf((char *)context + strlen(context), "%s ", row->result);
	return true;
}

static void old_audit_goes_by_age_and_number(void **state)
{
	char results[256] = "";

	for (int day = 1; day <= 20; day++)
		add_audit("{}", day * DAY);
	assert_int_equal(prune(store, KEPT_AUDIT, 6 * DAY, 1000, 3), 5);
	assert_int_equal(prune(store, KEPT_AUDIT, 6 * DAY, 8, 3), 7);
	assert_int_equal(ask("SELECT min(at) / 86400000 FROM audit"), 13);
	/* A push that is not there any more was not "done". */
	add_audit("{\"pushId\": \"gone\"}", 21 * DAY);
	assert_int_equal(store_audits(store, 0, 100, copy_result, results), STORE_OK);
	assert_non_null(strstr(results, "done forgotten "));
}

static void end_peering(const char *name, uint32_t asn, const char *state_name, int64_t at)
{
	struct store_peering_connection connection = {.router = "edge1", .name = name};
	struct store_peering peering = {
		.name = name, .peer_asn = asn, .document = "{}", .requested_by = "x", .requested_at = at};

	assert_int_equal(store_peering_create(store, &peering, &connection, 1), STORE_OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(store_peering_note(store, name, &(struct store_peering_event){at, "x", "noted", ""}), STORE_OK);
	peering.state = state_name;
	peering.decided_by = "x";
	peering.decided_at = at;
	assert_int_equal(store_peering_decide(store, &peering), STORE_OK);
}

static void peerings_that_ended_go_with_their_history(void **state)
{
	char name[32];

	end_peering("LIVE", 64510, "approved", DAY);
	for (int i = 0; i < 130; i++) {
		snprintf(name, sizeof(name), "P-%d", i);
		end_peering(name, 64510, "withdrawn", (i + 2) * DAY);
	}
	end_peering("OTHER", 64511, "rejected", DAY);
	/* Of one AS the newest hundred, and the one that ended since. */
	assert_int_equal(ask("SELECT count(*) FROM peering WHERE peer_asn = 64510 AND state = 'withdrawn'"), 101);
	assert_int_equal(prune(store, KEPT_PEERINGS, 122 * DAY, 0, 100), 1 + 120 - 29);
	assert_int_equal(ask("SELECT count(*) FROM peering"), 1 + 10);
	assert_int_equal(ask("SELECT count(*) FROM peering_connection"), 11);
	assert_int_equal(ask("SELECT count(DISTINCT peering) FROM peering_history"), 11);
	/* One that people fill goes on with its newest lines. */
	for (int i = 0; i < 600; i++)
		store_peering_note(store, "LIVE", &(struct store_peering_event){i, "x", "noted", ""});
	assert_int_equal(ask("SELECT count(*) FROM peering_history WHERE peering = 'LIVE'"), 500);
	assert_int_equal(ask("SELECT max(at) FROM peering_history WHERE peering = 'LIVE'"), 599);
}

static void ended_tokens_and_keys_go(void **state)
{
	struct store_pruning pruning = {.what = KEPT_KEYS, .step = 10};
	struct store_idempotency later = {.actor = "x", .key = "later", .request = "r", .created_at = 6 * DAY, .push_id = ""};

	for (int day = 1; day <= 10; day++) {
		char id[16];
		struct store_token token = {.id = id, .name = id, .role = "viewer", .hash = "h", .created_by = "x", .expires_at = day * DAY};
		struct store_idempotency key = {.actor = "x", .key = id, .request = "r", .created_at = day * DAY, .push_id = ""};

		snprintf(id, sizeof(id), "t%d", day);
		assert_int_equal(store_token_create(store, &token), STORE_OK);
		assert_int_equal(store_idempotency_keep(store, &key), STORE_OK);
	}
	assert_int_equal(store_token_revoked(store, "t9", 2 * DAY, "x"), STORE_OK);
	assert_int_equal(prune(store, KEPT_TOKENS, 5 * DAY, 0, 2), 5);
	assert_int_equal(prune(store, KEPT_KEYS, 5 * DAY, 0, 2), 4);
	assert_int_equal(ask("SELECT count(*) FROM token"), 5);
	assert_int_equal(ask("SELECT count(*) FROM idempotency"), 6);
	/* A clock that was wrong for a while leaves none that stays for years, and takes none of this day. */
	assert_int_equal(store_idempotency_keep(store, &later), STORE_OK);
	pruning.before = 5 * DAY;
	assert_int_equal(store_prune(store, &pruning, 6 * DAY), STORE_OK);
	assert_int_equal(ask("SELECT count(*) FROM idempotency"), 7);
	pruning.before = 7 * DAY;
	assert_int_equal(store_prune(store, &pruning, 8 * DAY), STORE_OK);
	assert_int_equal(ask("SELECT group_concat(key, ' ') = 't7 t8' FROM idempotency"), 1);
}

static void a_lost_degradation_goes_with_the_next_whole_snapshot(void **state)
{
	struct store_observation row = {.name = "A", .vrf = "default", .kind = "direct", .state = "Active", .activation = "manual",
					.waiting_for = "", .degraded = "[\"flapping\\n\"]",
					.detail = "{\"degraded\": [{\"severity\": \"warning\"}]}"};

	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_snapshot(store, "edge1", true, 1000 + i), STORE_OK);
		row.name = i ? "B" : "A";
		assert_int_equal(store_observe(store, "edge1", &row), STORE_OK);
		assert_int_equal(ask("SELECT count(*) FROM degradation"), 1 + i);
	}
	assert_int_equal(store_snapshot(store, "edge1", true, 1002), STORE_OK);
	assert_int_equal(ask("SELECT count(*) FROM degradation"), 1);
}

/* ---- Pushes: stories that are told to two stores ---- */

static struct store *both[2]; /* from the second all goes that may */
static unsigned int told;	/* pushes of this story */

static const char *const connections[NAMES] = {"A", "B", "C"};

static bool add_connection(const struct store_connection *connection, void *context)
{
	if (connection->definition)
		sprintf((char *)context + strlen(context), "%s=%s by %s at %lld: %s %s\n", connection->name,
			connection->definition, connection->requested_by, (long long)connection->requested_at,
			connection->push_id, connection->push_state);
	return true;
}

static bool add_policy(const struct store_policy *policy, void *context)
{
	sprintf((char *)context + strlen(context), "policy %s: %s %s\n", policy->name, policy->push_id, policy->push_state);
	return true;
}

static bool add_queued(const struct store_push *push, void *context)
{
	sprintf((char *)context + strlen(context), "queued %s %zu\n", push->id, push->operation_count);
	return true;
}

static void describe(struct store *one, char *text)
{
	text[0] = '\0';
	assert_int_equal(store_connections(one, "edge1", "", "", add_connection, text), STORE_OK);
	assert_int_equal(store_policies(one, "edge1", "", 100, add_policy, text), STORE_OK);
	assert_int_equal(store_pushes_queued(one, "edge1", 0, 100, add_queued, text), STORE_OK);
}

static struct store_operation any_operation(char *definition, size_t size)
{
	static const char *const verbs[] = {"request", "request", "request", "approve", "deprovision", "withdraw",
					    "force-cancel", "policy", "policy", "withdraw-policy"};
	struct store_operation operation = {.connection = connections[rand() % NAMES],
					    .verb = verbs[rand() % 10],
					    .reason = ""};

	snprintf(definition, size, "{\"peerAsn\": 1, \"kind\": \"k\", \"entries\": [%u]}", told);
	if (strcmp(operation.verb, STORE_REQUEST) == 0 || strcmp(operation.verb, STORE_POLICY) == 0)
		operation.definition = definition;
	return operation;
}

static void push_something(void)
{
	char id[16], definition[80];
	struct store_operation operations[3];
	struct store_push push = {.id = id, .router = "edge1", .actor = "noc", .created_at = told, .operations = operations};

	snprintf(id, sizeof(id), "p%u", told++);
	push.operation_count = 1 + (size_t)(rand() % 3);
	push.dry_run = rand() % 8 == 0;
	push.confirm_seconds = rand() % 3 == 0 ? 60 : 0;
	for (size_t i = 0; i < push.operation_count; i++)
		operations[i] = any_operation(definition, sizeof(definition));
	for (int i = 0; i < 2; i++)
		assert_int_equal(store_push_create(both[i], &push), STORE_OK);
}

static void accept_something(void)
{
	char id[16];
	bool of_policy = rand() % 3 == 0;
	struct store_operation operation = {.connection = connections[rand() % NAMES],
					    .verb = of_policy ? STORE_ACCEPT_POLICY : STORE_ACCEPT,
					    .reason = "",
					    .definition = !of_policy && rand() % 2 ? "{\"peerAsn\": 2}" : NULL};
	struct store_push push = {.id = id, .router = "edge1", .actor = "noc", .created_at = told, .operation_count = 1,
				  .operations = &operation};
	enum store_result results[2];

	snprintf(id, sizeof(id), "p%u", told++);
	for (int i = 0; i < 2; i++)
		results[i] = store_accept(both[i], &push);
	assert_int_equal(results[0], results[1]);
}

/* One of the newest, as a router answers them. */
static void answer_something(void)
{
	struct store_operation done[3] = {{.ok = true, .code = "", .message = "", .allowed = "[]"}};
	unsigned int back = (unsigned int)rand() % 4;
	bool applied = rand() % 3 > 0, waits = rand() % 2;
	enum store_result results[2];
	char id[16];

	done[1] = done[2] = done[0];
	snprintf(id, sizeof(id), "p%u", told > back ? told - back - 1 : 0);
	/* One that was given up when the session ended, and has gone since: who answers after that is not heard. */
	if (store_push(both[1], id, NULL, NULL) == STORE_NOT_FOUND)
		return;
	for (int i = 0; i < 2; i++) {
		results[i] = store_push_answered(both[i], "edge1", id, applied, done, 3, told);
		if (results[i] == STORE_OK)
			store_push_outcome(both[i], "edge1", id, told, waits);
		if (results[i] == STORE_OK && applied)
			store_router_revision(both[i], "edge1", told, id, false);
	}
	assert_int_equal(results[0], results[1]);
}

/* The one that waits, as routers have one at a time: kept or taken back. */
static bool copy_id(const struct store_push *push, void *context)
{
	strcpy(context, push->id);
	return true;
}

static void settle_something(void)
{
	struct store_operation none = {.code = "", .message = "", .allowed = "[]"};
	bool back = rand() % 2;
	char id[16] = "";

	if (store_push_unconfirmed(both[0], "edge1", copy_id, id) != STORE_OK)
		return;
	for (int i = 0; i < 2; i++) {
		if (back)
			assert_int_equal(store_push_rolled_back(both[i], "edge1", id, &none, 1, told), STORE_OK);
		else
			assert_int_equal(store_push_confirmed(both[i], "edge1", id, "confirmed"), STORE_OK);
		store_router_revision(both[i], "edge1", told, id, true);
	}
}

static bool copy_revision_of(const struct store_router *router, void *context)
{
	strcpy(context, router->revision_of);
	return true;
}

/* What the router did last is known to both. */
static void come_back(void)
{
	char last[64] = "";
	bool held;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_router_disconnected(both[i], "edge1", told, "gone"), STORE_OK);
		connect_router(both[i], "edge1", "j1", told);
		assert_int_equal(store_router(both[i], "edge1", copy_revision_of, last), STORE_OK);
		assert_int_equal(store_judge_last_push(both[i], "edge1", last, told, &held), STORE_OK);
		assert_false(held);
	}
}

static void tell_a_story(unsigned int seed)
{
	char texts[2][4096];

	srand(seed);
	told = 0;
	for (int step = 0; step < STEPS; step++) {
		switch (rand() % 8) {
		case 0: case 1: case 2:
			push_something();
			break;
		case 3:
			accept_something();
			break;
		case 4:
			settle_something();
			break;
		case 5:
			if (rand() % 4 == 0)
				come_back();
			break;
		default:
			answer_something();
		}
		prune(both[1], KEPT_PUSHES, INT64_MAX, 0, 10);
		for (int i = 0; i < 2; i++)
			describe(both[i], texts[i]);
		if (strcmp(texts[0], texts[1]) != 0)
			fail_msg("story %u, step %d:\n%s-- and with less kept:\n%s", seed, step, texts[0], texts[1]);
	}
}

/* Nothing follows from an approval. */
static void approve_once(int64_t at)
{
	static unsigned int number;
	static const struct store_operation done = {.ok = true, .code = "", .message = "", .allowed = "[]"};
	struct store_operation operation = {.connection = "A", .verb = "approve", .reason = ""};
	char id[16];
	struct store_push push = {.id = id, .router = "edge1", .actor = "noc", .created_at = at, .operation_count = 1,
				  .operations = &operation};

	snprintf(id, sizeof(id), "a%u", number++);
	assert_int_equal(store_push_create(store, &push), STORE_OK);
	assert_int_equal(store_push_answered(store, "edge1", id, true, &done, 1, at), STORE_OK);
}

static void a_push_of_a_wrong_clock_keeps_no_others(void **state)
{
	struct store_pruning pruning = {.what = KEPT_PUSHES, .most = 3, .step = 100};

	approve_once(400 * DAY);
	for (int day = 1; day <= 9; day++)
		approve_once(day * DAY);
	assert_int_equal(store_prune(store, &pruning, 10 * DAY), STORE_OK);
	/* The newest three. */
	assert_int_equal(ask("SELECT count(*) FROM push"), 3);
	assert_int_equal(ask("SELECT min(created_at) / 86400000 FROM push"), 7);
}

static void what_is_desired_does_not_depend_on_what_went(void **state)
{
	uint64_t gone = 0;

	for (unsigned int seed = 1; seed <= STORIES; seed++) {
		char name[32];
		const char *paths[2];

		for (int i = 0; i < 2; i++) {
			snprintf(name, sizeof(name), "story%u-%d.db", seed, i);
			both[i] = new_store(name, &paths[i]);
			connect_router(both[i], "edge1", "j1", 1);
		}
		tell_a_story(seed);
		for (int i = 0; i < 2; i++) {
			sqlite3 *db;
			sqlite3_stmt *statement;

			assert_int_equal(sqlite3_open(paths[i], &db), SQLITE_OK);
			assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM push", -1, &statement, NULL), SQLITE_OK);
			assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
			gone += (uint64_t)(i ? -1 : 1) * (uint64_t)sqlite3_column_int64(statement, 0);
			sqlite3_finalize(statement);
			sqlite3_close(db);
			store_close(both[i]);
			remove(paths[i]);
		}
	}
	/* Half of them and more. */
	assert_true(gone > STORIES * STEPS / 8);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, fresh_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(old_transitions_go_but_what_the_next_hello_needs),
		STORE_TEST(who_floods_loses_its_own),
		STORE_TEST(an_event_that_is_kept_has_its_transition),
		STORE_TEST(old_audit_goes_by_age_and_number),
		STORE_TEST(peerings_that_ended_go_with_their_history),
		STORE_TEST(ended_tokens_and_keys_go),
		STORE_TEST(a_lost_degradation_goes_with_the_next_whole_snapshot),
		STORE_TEST(a_push_of_a_wrong_clock_keeps_no_others),
		cmocka_unit_test(what_is_desired_does_not_depend_on_what_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
