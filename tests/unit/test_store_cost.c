// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a step of the store costs does not grow with the network: on every router things have the same names. Counted are
 * the steps that SQLite takes, not seconds.
 */
#include "tests/unit/unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "controller/store/store.h"
#include "tests/unit/temporary.h"

#define POLICIES 10
#define ROUNDS 2
#define FEW 2
#define MANY 80
#define PAGE_ROWS 15

static uint64_t steps, rows;

static int count_step(void *context)
{
	steps++;
	return 0;
}

static void count_row(void *context, int what, const char *database, const char *table, sqlite3_int64 id)
{
	rows++;
}

static int watch(sqlite3 *db, char **error, const void *routines)
{
	sqlite3_progress_handler(db, 1, count_step, NULL);
	sqlite3_update_hook(db, count_row, NULL);
	return SQLITE_OK;
}

static struct store *store;
static unsigned int pushed;

static void push_policies(const char *router, bool applied)
{
	static const struct store_operation done = {.ok = true, .code = "", .message = "", .allowed = "[]"};
	static const char definition[] = "{\"kind\":\"prefix-list\",\"entries\":[]}";
	struct store_operation operations[POLICIES], results[POLICIES];
	char id[16], names[POLICIES][16];
	struct store_push push = {.id = id, .router = router, .actor = "noc", .created_at = pushed,
				  .operation_count = POLICIES, .operations = operations};

	snprintf(id, sizeof(id), "p%u", ++pushed);
	for (int i = 0; i < POLICIES; i++) {
		snprintf(names[i], sizeof(names[i]), "POLICY-%d", i);
		operations[i] = (struct store_operation){
			.connection = names[i], .verb = STORE_POLICY, .definition = definition, .reason = "", .digest = 5};
		results[i] = done;
	}
	assert_int_equal(store_push_create(store, &push), STORE_OK);
	assert_int_equal(store_push_answered(store, router, id, applied, results, POLICIES, pushed), STORE_OK);
}

static void observe_policies(const char *router)
{
	for (int i = 0; i < POLICIES; i++) {
		char name[16];
		struct store_observed_policy observed = {.name = name, .kind = "prefix-list", .digest = 5};

		snprintf(name, sizeof(name), "POLICY-%d", i);
		assert_int_equal(store_observe_policy(store, router, &observed), STORE_OK);
	}
	assert_int_equal(store_snapshot_complete(store, router, 0, 1), STORE_OK);
}

struct seen {
	unsigned int rows, differing;
};

static bool see(const struct store_policy_difference *difference, void *context)
{
	struct seen *seen = context;

	seen->differing += difference->differs && !difference->again;
	return ++seen->rows < PAGE_ROWS;
}

struct cost {
	uint64_t refusal, pruning, page;
};

static struct cost cost_among(unsigned int routers)
{
	struct store_pruning pruning = {.what = KEPT_PUSHES, .before = INT64_MAX, .step = 1};
	char path[32], name[32], error[STORE_ERROR_MAX];
	struct seen seen = {.rows = 0};
	struct cost cost;

	snprintf(path, sizeof(path), "cost%u.db", routers);
	store = store_open(temporary_path(path), error, sizeof(error));
	if (!store)
		fail_msg("%s", error);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < routers; i++) {
			struct store_router router = {name, "192.0.2.1:1", "8.4.4", "0.1.0", "j1", "b1", .connected_at = 1};

			snprintf(name, sizeof(name), "edge%03u", i);
			if (round == 0)
				assert_int_equal(store_router_connected(store, &router), STORE_OK);
			push_policies(name, true);
			observe_policies(name);
		}
	}
	steps = 0;
	assert_int_equal(store_policy_differences(store, NULL, "", "", see, &seen), STORE_OK);
	cost.page = steps;
	assert_int_equal(seen.rows, PAGE_ROWS);
	assert_int_equal(seen.differing, 0);
	steps = 0;
	push_policies("edge000", false);
	cost.refusal = steps;
	/* One that nothing follows from any more. */
	steps = 0;
	assert_int_equal(store_prune(store, &pruning, INT64_MAX), STORE_OK);
	cost.pruning = steps;
	assert_int_equal(pruning.count, POLICIES);
	store_close(store);
	return cost;
}

static void what_a_step_costs_does_not_grow_with_the_network(void **state)
{
	struct cost few, many;

	sqlite3_auto_extension((void (*)(void))watch);
	few = cost_among(FEW);
	many = cost_among(MANY);
	sqlite3_reset_auto_extension();
	assert_true(few.page > 0 && few.refusal > 0 && few.pruning > 0);
	assert_in_range(many.page, 1, 2 * few.page);
	assert_in_range(many.refusal, 1, 2 * few.refusal);
	assert_in_range(many.pruning, 1, 2 * few.pruning);
}

/* Steps of asking how much differs on a router, of which so many connections are wanted. */
static uint64_t cost_of_asking(unsigned int wanted)
{
	struct store_router router = {"edge", "192.0.2.1:1", "8.4.4", "0.1.0", "j1", "b1", .connected_at = 1};
	char path[32], error[STORE_ERROR_MAX];
	uint64_t differing;

	snprintf(path, sizeof(path), "asking%u.db", wanted);
	store = store_open(temporary_path(path), error, sizeof(error));
	if (!store)
		fail_msg("%s", error);
	assert_int_equal(store_router_connected(store, &router), STORE_OK);
	for (unsigned int i = 0; i < wanted; i++) {
		char id[16], name[16];
		struct store_operation operation = {
			.connection = name, .verb = STORE_REQUEST, .definition = "{}", .reason = ""};
		struct store_push push = {.id = id, .router = "edge", .actor = "noc", .created_at = 1,
					  .operation_count = 1, .operations = &operation};

		snprintf(id, sizeof(id), "q%u", i);
		snprintf(name, sizeof(name), "PNI-%u", i);
		assert_int_equal(store_push_create(store, &push), STORE_OK);
	}
	assert_int_equal(store_differs(store, "edge", "PNI-1", 2), STORE_OK);
	steps = 0;
	assert_int_equal(store_differing(store, "edge", &differing), STORE_OK);
	assert_int_equal(differing, 1);
	store_close(store);
	return steps;
}

static void what_a_report_costs_does_not_grow_with_what_is_wanted(void **state)
{
	uint64_t few, many;

	sqlite3_auto_extension((void (*)(void))watch);
	few = cost_of_asking(FEW);
	many = cost_of_asking(MANY);
	sqlite3_reset_auto_extension();
	assert_true(few > 0);
	assert_in_range(many, 1, 2 * few);
}

static void observe(uint64_t snapshot, int from)
{
	for (int i = from; i < MANY; i++) {
		char name[16];
		struct store_observation row = {.name = name, .vrf = "", .kind = "direct", .state = "Active", .activation = "manual",
						.waiting_for = "", .detail = "{}", .snapshot = snapshot};

		snprintf(name, sizeof(name), "PNI-%d", i);
		assert_int_equal(store_observe(store, "edge", &row), STORE_OK);
	}
}

static void assert_observed(uint64_t wanted)
{
	uint64_t count;

	assert_int_equal(store_observed_count(store, "edge", &count), STORE_OK);
	assert_int_equal(count, wanted);
}

/* What is large, and known already, is not held up by its beginning. */
static void a_full_report_writes_what_it_names_alone(void **state)
{
	struct store_router router = {"edge", "192.0.2.1:1", "8.4.4", "0.1.0", "j1", "b1", .connected_at = 1};
	char error[STORE_ERROR_MAX];
	uint64_t snapshot = 0, cut;

	sqlite3_auto_extension((void (*)(void))watch);
	store = store_open(temporary_path("report.db"), error, sizeof(error));
	sqlite3_reset_auto_extension();
	if (!store)
		fail_msg("%s", error);
	assert_int_equal(store_router_connected(store, &router), STORE_OK);
	/* Known before anything was numbered. */
	observe(0, 0);
	assert_int_equal(store_snapshot_begins(store, "edge", true, false, &cut), STORE_OK);
	/* Cut off before its end, and begun anew. */
	observe(cut, 0);
	rows = 0;
	assert_int_equal(store_snapshot_begins(store, "edge", true, false, &snapshot), STORE_OK);
	assert_int_equal(rows, 0);
	assert_observed(MANY);
	observe(snapshot, 1);
	rows = 0;
	assert_int_equal(store_snapshot_complete(store, "edge", snapshot, 1), STORE_OK);
	assert_int_equal(rows, 1);
	assert_observed(MANY - 1);
	/* One of policies alone, and one of which this session has begun nothing. */
	assert_int_equal(store_snapshot_complete(store, "edge", snapshot, 2), STORE_OK);
	assert_int_equal(store_snapshot_begins(store, "edge", false, true, &snapshot), STORE_OK);
	assert_int_equal(store_snapshot_complete(store, "edge", 0, 2), STORE_OK);
	assert_observed(MANY - 1);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_step_costs_does_not_grow_with_the_network),
		cmocka_unit_test(what_a_report_costs_does_not_grow_with_what_is_wanted),
		cmocka_unit_test(a_full_report_writes_what_it_names_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
