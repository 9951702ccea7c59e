// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The store behind controller/store/store.h, on a database in a file: what is committed, what a second look finds, and what
 * follows from answers for the desired state.
 */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/store/store.h"
#include "tests/unit/temporary.h"

static struct store *store;
static const char *path;

static int fresh_store(void **state)
{
	static unsigned int number;
	char name[32], error[STORE_ERROR_MAX];
	struct store_router router = {
		.name = "edge1",
		.address = "192.0.2.1:40000",
		.frr_version = "8.4.4",
		.module_version = "0.1.0",
		.journal_id = "j1",
		.boot_id = "b1",
		.connected_at = 1000,
	};

	snprintf(name, sizeof(name), "store%u.db", number++);
	path = temporary_path(name);
	store = store_open(path, error, sizeof(error));
	if (!store)
		fail_msg("%s", error);
	assert_int_equal(store_router_connected(store, &router), STORE_OK);
	return 0;
}

static int close_store(void **state)
{
	store_close(store);
	store = NULL;
	return 0;
}

/* As after a crash: what is not in the file is gone. */
static void reopen(void)
{
	char error[STORE_ERROR_MAX];

	store_close(store);
	store = store_open(path, error, sizeof(error));
	if (!store)
		fail_msg("%s", error);
}

static struct store_transition transition(uint64_t sequence, const char *to, int64_t at)
{
	return (struct store_transition){
		.journal_id = "j1",
		.sequence = sequence,
		.connection = "PNI-ACME",
		.vrf = "default",
		.generation = sequence,
		.from = "None",
		.to = to,
		.cause = "1",
		.actor = "operator",
		.at = at,
		.message = "it's a \"test\"; DROP TABLE router; --",
		.received_at = at + 1,
	};
}

/* ---- Transitions ---- */

static bool count_one(const struct store_transition *found, void *context)
{
	(*(unsigned int *)context)++;
	return true;
}

static unsigned int history_length(const char *router, const char *connection)
{
	unsigned int count = 0;

	assert_int_equal(store_history(store, router, connection, 0, 1000, count_one, &count), STORE_OK);
	return count;
}

static void transition_is_stored_once(void **state)
{
	struct store_transition first = transition(1, "PendingApproval", 5000);
	enum store_news news = NEWS_CONTRADICTED;
	uint64_t before = 99, acked;

	assert_int_equal(store_transition(store, "edge1", &first, &news, &before), STORE_OK);
	assert_int_equal(news, NEWS_STORED);
	assert_int_equal(before, 0);
	assert_int_equal(store_transition(store, "edge1", &first, &news, &before), STORE_OK);
	assert_int_equal(news, NEWS_REPEATED);
	assert_int_equal(before, 1);
	first.to = "Active";
	assert_int_equal(store_transition(store, "edge1", &first, &news, &before), STORE_OK);
	assert_int_equal(news, NEWS_CONTRADICTED);

	reopen();
	assert_int_equal(history_length("edge1", "PNI-ACME"), 1);
	assert_int_equal(store_acked_sequence(store, "edge1", "j1", &acked), STORE_OK);
	assert_int_equal(acked, 1);
	assert_int_equal(store_acked_sequence(store, "edge1", "another", &acked), STORE_OK);
	assert_int_equal(acked, 0);
}

static void acked_sequence_is_the_highest(void **state)
{
	static const uint64_t order[] = {1, 5, 3, INT64_MAX, 4};
	uint64_t highest = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct store_transition next = transition(order[i], "PendingApproval", 5000);
		enum store_news news;
		uint64_t before, acked;

		assert_int_equal(store_transition(store, "edge1", &next, &news, &before), STORE_OK);
		assert_int_equal(news, NEWS_STORED);
		assert_true(before == highest);
		if (order[i] > highest)
			highest = order[i];
		assert_int_equal(store_acked_sequence(store, "edge1", "j1", &acked), STORE_OK);
		assert_true(acked == highest);
	}
}

static void sequence_out_of_range_is_refused(void **state)
{
	static const uint64_t wrong[] = {0, (uint64_t)INT64_MAX + 1, UINT64_MAX};
	enum store_news news;
	uint64_t before;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct store_transition next = transition(wrong[i], "PendingApproval", 5000);

		assert_int_equal(store_transition(store, "edge1", &next, &news, &before), STORE_REFUSED);
		assert_non_null(strstr(store_error(store), "sequence"));
	}
	assert_int_equal(history_length("edge1", "PNI-ACME"), 0);
}

static void router_that_never_connected_has_no_transitions(void **state)
{
	struct store_transition first = transition(1, "PendingApproval", 5000);
	enum store_news news;
	uint64_t before;

	assert_int_equal(store_transition(store, "edge9", &first, &news, &before), STORE_REFUSED);
	/* It took nothing with it: the store goes on. */
	assert_int_equal(store_transition(store, "edge1", &first, &news, &before), STORE_OK);
}

static void rolled_back_is_gone_and_committed_is_there(void **state)
{
	struct store_transition first = transition(1, "PendingApproval", 5000);
	struct store_transition second = transition(2, "Active", 6000);
	enum store_news news;
	uint64_t before;

	assert_int_equal(store_begin(store), STORE_OK);
	assert_int_equal(store_transition(store, "edge1", &first, &news, &before), STORE_OK);
	store_rollback(store);
	assert_int_equal(history_length("edge1", "PNI-ACME"), 0);

	assert_int_equal(store_begin(store), STORE_OK);
	assert_int_equal(store_transition(store, "edge1", &first, &news, &before), STORE_OK);
	assert_int_equal(store_transition(store, "edge1", &second, &news, &before), STORE_OK);
	assert_int_equal(store_commit(store), STORE_OK);
	reopen();
	assert_int_equal(history_length("edge1", "PNI-ACME"), 2);
}

/* ---- Observed connections ---- */

static struct store_observation observation(const char *name, const char *state, int64_t since)
{
	return (struct store_observation){
		.name = name,
		.vrf = "default",
		.peer_asn = UINT32_MAX,
		.kind = "direct",
		.state = state,
		.generation = 1,
		.state_since = since,
		.activation = "manual",
		.waiting_for = "",
		.detail = "{}",
		.observed_at = 7000,
	};
}

/* Names of what a walk finds, each with its state: "a=Active b=None ". */
static bool add_seen(const struct store_connection *connection, void *context)
{
	char *text = context;

	sprintf(text + strlen(text), "%s/%s=%s ", connection->router, connection->name,
		connection->observed ? connection->observed->state : "-");
	return true;
}

static const char *seen(const char *router)
{
	static char text[4096];

	text[0] = '\0';
	assert_int_equal(store_connections(store, router, "", "", add_seen, text), STORE_OK);
	return text;
}

static void observe(const char *router, const char *name, const char *state, int64_t since)
{
	struct store_observation row = observation(name, state, since);

	assert_int_equal(store_observe(store, router, &row), STORE_OK);
}

static void full_snapshot_forgets_what_it_leaves_out(void **state)
{
	struct store_router other = {"edge2", "a", "b", "c", "d", "e", .connected_at = 1};

	assert_int_equal(store_router_connected(store, &other), STORE_OK);
	observe("edge1", "B", "Active", 1000);
	observe("edge1", "A", "Validating", 1000);
	observe("edge2", "A", "Active", 1000);
	assert_string_equal(seen(NULL), "edge1/A=Validating edge1/B=Active edge2/A=Active ");
	assert_string_equal(seen("edge2"), "edge2/A=Active ");

	assert_int_equal(store_snapshot(store, "edge1", false, 2000), STORE_OK);
	assert_string_equal(seen("edge1"), "edge1/A=Validating edge1/B=Active ");
	assert_int_equal(store_snapshot(store, "edge1", true, 2000), STORE_OK);
	observe("edge1", "B", "Active", 1000);
	assert_string_equal(seen(NULL), "edge1/B=Active edge2/A=Active ");
}

static void walk_goes_on_behind_the_last_one(void **state)
{
	char text[256] = "";

	observe("edge1", "A", "Active", 1000);
	observe("edge1", "B", "Active", 1000);
	observe("edge1", "C", "Active", 1000);
	assert_int_equal(store_connections(store, NULL, "edge1", "A", add_seen, text), STORE_OK);
	assert_string_equal(text, "edge1/B=Active edge1/C=Active ");
	text[0] = '\0';
	assert_int_equal(store_connections(store, "edge1", "", "B", add_seen, text), STORE_OK);
	assert_string_equal(text, "edge1/C=Active ");
}

static void new_transition_moves_an_older_observation(void **state)
{
	struct store_transition newer = transition(1, "Active", 9000);
	struct store_transition older = transition(2, "Validating", 8000);
	enum store_news news;
	uint64_t before;

	observe("edge1", "PNI-ACME", "ProvisioningCompleted", 8500);
	assert_int_equal(store_transition(store, "edge1", &newer, &news, &before), STORE_OK);
	assert_int_equal(store_transition(store, "edge1", &older, &news, &before), STORE_OK);
	assert_string_equal(seen(NULL), "edge1/PNI-ACME=Active ");
	/* A repeated one says nothing about now. */
	observe("edge1", "PNI-ACME", "Validating", 8999);
	assert_int_equal(store_transition(store, "edge1", &newer, &news, &before), STORE_OK);
	assert_string_equal(seen(NULL), "edge1/PNI-ACME=Validating ");
}

/* ---- Pushes and desired state ---- */

static void create(const char *id, const char *verb, const char *definition)
{
	struct store_operation operation = {
		.connection = "PNI-ACME",
		.verb = verb,
		.definition = definition,
		.reason = "",
	};
	struct store_push push = {
		.id = id,
		.router = "edge1",
		.actor = "noc@example.net",
		.created_at = 3000,
		.operation_count = 1,
		.operations = &operation,
	};

	assert_int_equal(store_push_create(store, &push), STORE_OK);
}

static enum store_result answer(const char *router, const char *id, bool applied)
{
	struct store_operation result = {
		.ok = applied,
		.code = applied ? "" : "not-allowed",
		.message = applied ? "" : "no",
		.allowed = "[\"approve\"]",
	};

	return store_push_answered(store, router, id, applied, &result, 1, 4000);
}

static bool copy_definition(const struct store_connection *connection, void *context)
{
	strcpy(context, connection->definition ? connection->definition : "none");
	return true;
}

static const char *desired(void)
{
	static char text[64];

	strcpy(text, "none");
	store_connection(store, "edge1", "PNI-ACME", copy_definition, text);
	return text;
}

static bool copy_state(const struct store_push *push, void *context)
{
	strcpy(context, push_state_name(push->state));
	return true;
}

static const char *push_state(const char *id)
{
	static char text[32];

	assert_int_equal(store_push(store, id, copy_state, text), STORE_OK);
	return text;
}

static void request_is_desired_until_it_is_refused(void **state)
{
	create("p1", STORE_REQUEST, "one");
	assert_string_equal(desired(), "one");
	assert_int_equal(answer("edge1", "p1", true), STORE_OK);
	create("p2", STORE_REQUEST, "two");
	assert_string_equal(desired(), "two");
	assert_int_equal(answer("edge1", "p2", false), STORE_OK);
	assert_string_equal(desired(), "one");
	assert_string_equal(push_state("p2"), "refused");

	/* A refusal that comes late does not touch what was asked for since. */
	create("p3", STORE_REQUEST, "three");
	create("p4", STORE_REQUEST, "four");
	assert_int_equal(answer("edge1", "p3", false), STORE_OK);
	assert_string_equal(desired(), "four");
}

static void first_request_refused_leaves_nothing(void **state)
{
	create("p1", STORE_REQUEST, "one");
	assert_int_equal(answer("edge1", "p1", false), STORE_OK);
	assert_string_equal(desired(), "none");
	assert_string_equal(seen(NULL), "");
}

static void deprovision_and_withdraw_end_it(void **state)
{
	static const char *const verbs[] = {"deprovision", "withdraw"};
	char id[32];

	for (int i = 0; i < 2; i++) {
		snprintf(id, sizeof(id), "request%d", i);
		create(id, STORE_REQUEST, "one");
		answer("edge1", id, true);
		snprintf(id, sizeof(id), "refused%d", i);
		create(id, verbs[i], NULL);
		answer("edge1", id, false);
		assert_string_equal(desired(), "one");
		snprintf(id, sizeof(id), "applied%d", i);
		create(id, verbs[i], NULL);
		answer("edge1", id, true);
		assert_string_equal(desired(), "none");
		/* What ended does not come back because a new request is refused. */
		snprintf(id, sizeof(id), "again%d", i);
		create(id, STORE_REQUEST, "two");
		answer("edge1", id, false);
		assert_string_equal(desired(), "none");
	}
	create("approve", "approve", NULL);
	create("later", STORE_REQUEST, "three");
	answer("edge1", "approve", true);
	assert_string_equal(desired(), "three");
}

static void push_is_answered_once_and_by_its_router(void **state)
{
	struct store_router other = {"edge2", "a", "b", "c", "d", "e", .connected_at = 1};

	assert_int_equal(store_router_connected(store, &other), STORE_OK);
	create("p1", STORE_REQUEST, "one");
	assert_int_equal(answer("edge2", "p1", true), STORE_NOT_FOUND);
	assert_int_equal(answer("edge1", "nothing", true), STORE_NOT_FOUND);
	assert_string_equal(push_state("p1"), "queued");
	assert_int_equal(answer("edge1", "p1", true), STORE_OK);
	assert_int_equal(answer("edge1", "p1", false), STORE_NOT_FOUND);
	assert_string_equal(push_state("p1"), "applied");
}

static bool add_id(const struct store_push *push, void *context)
{
	strcat(context, push->id);
	strcat(context, " ");
	return true;
}

static void lost_router_leaves_requests_queued(void **state)
{
	char ids[64] = "";
	uint64_t count;

	create("p1", STORE_REQUEST, "one");
	create("p2", "approve", NULL);
	create("p3", STORE_REQUEST, "two");
	assert_int_equal(store_pushes_queued(store, "edge1", 0, 10, add_id, ids), STORE_OK);
	assert_string_equal(ids, "p1 p2 p3 ");
	assert_int_equal(store_router_disconnected(store, "edge1", 5000, "gone"), STORE_OK);
	reopen();
	ids[0] = '\0';
	assert_int_equal(store_pushes_queued(store, "edge1", 0, 10, add_id, ids), STORE_OK);
	assert_string_equal(ids, "p1 p3 ");
	assert_string_equal(push_state("p2"), "unanswered");
	assert_int_equal(store_pushes_queued_count(store, "edge1", &count), STORE_OK);
	assert_int_equal(count, 2);
	/* The answer may still come, in the next session. */
	assert_int_equal(answer("edge1", "p2", true), STORE_OK);
	assert_string_equal(push_state("p2"), "applied");
}

static void push_for_an_unknown_router_leaves_nothing(void **state)
{
	struct store_operation operation = {.connection = "X", .verb = STORE_REQUEST, .definition = "one", .reason = ""};
	struct store_push push = {
		.id = "p1", .router = "edge9", .actor = "a", .operation_count = 1, .operations = &operation};

	assert_int_equal(store_push_create(store, &push), STORE_REFUSED);
	assert_int_equal(store_push(store, "p1", NULL, NULL), STORE_NOT_FOUND);
	push.router = "edge1";
	push.operation_count = 0;
	assert_int_equal(store_push_create(store, &push), STORE_REFUSED);
}

/* ---- The file ---- */

static void execute(const char *file, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void refused_to_open(const char *file, const char *words)
{
	char error[STORE_ERROR_MAX] = "";
	struct store *opened = store_open(file, error, sizeof(error));

	assert_null(opened);
	if (!strstr(error, words))
		fail_msg("\"%s\" does not say \"%s\"", error, words);
	error[0] = '\0';
	assert_false(store_check(file, error, sizeof(error)));
	assert_true(error[0] != '\0');
}

static void what_is_not_ours_is_not_opened(void **state)
{
	const char *newer = temporary_path("newer.db"), *foreign = temporary_path("foreign.db");
	char error[STORE_ERROR_MAX];
	struct store *made = store_open(newer, error, sizeof(error));

	assert_non_null(made);
	store_close(made);
	assert_true(store_check(newer, error, sizeof(error)));
	execute(newer, "INSERT INTO schema_version VALUES (2000, 0)");
	refused_to_open(newer, "version 2000");

	execute(foreign, "CREATE TABLE schema_version (version); INSERT INTO schema_version VALUES (1)");
	refused_to_open(foreign, "not one of peering-controller's");
	temporary_write("garbage.db", "this is no database at all, not even a short one of another kind", 64);
	refused_to_open(temporary_path("garbage.db"), "not a database");
	refused_to_open("/nonexistent/controller.db", "make the folder");
	refused_to_open(temporary_directory(), "open");
}

static void second_store_is_kept_out(void **state)
{
	char error[STORE_ERROR_MAX];

	assert_null(store_open(path, error, sizeof(error)));
	assert_non_null(strstr(error, "another peering-controller"));
}

static void database_that_another_process_holds_is_busy(void **state)
{
	struct store_transition first = transition(1, "PendingApproval", 5000);
	enum store_news news;
	uint64_t before;
	sqlite3 *other;

	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_begin(store), STORE_BUSY);
	assert_int_equal(store_transition(store, "edge1", &first, &news, &before), STORE_BUSY);
	assert_int_equal(history_length("edge1", "PNI-ACME"), 0);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_transition(store, "edge1", &first, &news, &before), STORE_OK);
	sqlite3_close(other);
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, fresh_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(transition_is_stored_once),
		STORE_TEST(acked_sequence_is_the_highest),
		STORE_TEST(sequence_out_of_range_is_refused),
		STORE_TEST(router_that_never_connected_has_no_transitions),
		STORE_TEST(rolled_back_is_gone_and_committed_is_there),
		STORE_TEST(full_snapshot_forgets_what_it_leaves_out),
		STORE_TEST(walk_goes_on_behind_the_last_one),
		STORE_TEST(new_transition_moves_an_older_observation),
		STORE_TEST(request_is_desired_until_it_is_refused),
		STORE_TEST(first_request_refused_leaves_nothing),
		STORE_TEST(deprovision_and_withdraw_end_it),
		STORE_TEST(push_is_answered_once_and_by_its_router),
		STORE_TEST(lost_router_leaves_requests_queued),
		STORE_TEST(push_for_an_unknown_router_leaves_nothing),
		STORE_TEST(second_store_is_kept_out),
		STORE_TEST(database_that_another_process_holds_is_busy),
		cmocka_unit_test(what_is_not_ours_is_not_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
