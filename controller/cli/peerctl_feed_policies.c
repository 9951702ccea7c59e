// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_feed_policies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/peerctl_show.h"

/* What one request takes: 1,024 objects, and 1 MiB. */
#define BATCH_POLICIES 1000
#define BATCH_BYTES ((size_t)900 << 10)
#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

struct policy {
	const char *router, *name; /* the file's */
	json_object *body;	   /* without the router */
	bool ordered, being_ordered;
	bool known; /* wanted already */
	enum feed_outcome outcome;
	const char *sentence; /* "" */
};

/* One request: policies of one router that stand side by side. */
struct batch {
	size_t first, count;
	unsigned int wave; /* how many of the same router are in front of it */
	struct client_request request;
};

struct feed_policies {
	struct policy *all; /* in the order of routers, each behind what it refers to */
	size_t count;
	struct batch *batches;
	size_t batch_count;
	json_object *left_out;
};

void feed_policies_free(struct feed_policies *policies)
{
	if (!policies)
		return;
	for (size_t i = 0; i < policies->count; i++)
		json_object_put(policies->all[i].body);
	for (size_t i = 0; i < policies->batch_count; i++) {
		json_object_put(policies->batches[i].request.answer.body);
		json_object_put(policies->batches[i].request.body);
		free((char *)policies->batches[i].request.path);
		free(policies->batches[i].request.error);
	}
	free(policies->batches);
	free(policies->all);
	json_object_put(policies->left_out);
	free(policies);
}

size_t feed_policies_count(const struct feed_policies *policies)
{
	return policies->count;
}

/* ---- The file ---- */

static int by_router_and_name(const void *left, const void *right)
{
	const struct policy *a = left, *b = right;
	int order = strcasecmp(a->router, b->router);

	return order ? order : strcmp(a->name, b->name);
}

static bool take_one(struct policy *policy, json_object *object, size_t number, const char *path)
{
	bool is_object = json_object_is_type(object, json_type_object);

	policy->router = is_object ? member_text(object, "router") : "";
	policy->name = is_object ? member_text(object, "name") : "";
	policy->sentence = "";
	if (!policy->router[0] || !policy->name[0]) {
		fprintf(stderr, "peerctl: %s: policies[%zu] has no \"%s\"; every policy has a router and a name\n", path,
			number, policy->router[0] ? "name" : "router");
		return false;
	}
	policy->body = json_object_new_object();
	json_object_object_foreach (object, key, value)
		if (strcmp(key, "router") != 0)
			json_object_object_add(policy->body, key, json_object_get(value));
	return true;
}

static bool has_twice(const struct feed_policies *policies, const char *path)
{
	for (size_t i = 1; i < policies->count; i++) {
		if (by_router_and_name(&policies->all[i - 1], &policies->all[i]) == 0) {
			fprintf(stderr, "peerctl: %s: the policy %s of %s is there twice\n", path, policies->all[i].name,
				policies->all[i].router);
			return true;
		}
	}
	return false;
}

static bool is_route_map(const struct policy *policy)
{
	return strcmp(member_text(policy->body, "kind"), "route-map") == 0;
}

/* ---- The order: lists, then route-maps, each behind those that it calls ---- */

struct order {
	struct policy *from; /* sorted by name, of one router */
	size_t count;
	struct policy *to;
	size_t done;
};

static void place(struct order *order, struct policy *policy)
{
	json_object *entries = member_list(policy->body, "entries");

	/* What calls in a circle is for the router to refuse. */
	if (policy->ordered || policy->being_ordered)
		return;
	policy->being_ordered = true;
	for (size_t i = 0; is_route_map(policy) && i < list_length(entries); i++) {
		json_object *entry = json_object_array_get_idx(entries, i);
		struct policy called = {.router = policy->router,
					.name = json_object_is_type(entry, json_type_object) ? member_text(entry, "call") : ""};
		struct policy *found = called.name[0] ? bsearch(&called, order->from, order->count, sizeof(called),
								by_router_and_name)
						      : NULL;

		if (found)
			place(order, found);
	}
	policy->ordered = true;
	order->to[order->done++] = *policy;
}

/* False where memory is short. */
static bool put_in_order(struct feed_policies *policies)
{
	struct policy *ordered = calloc(policies->count + 1, sizeof(*ordered));
	size_t end;

	if (!ordered)
		return false;
	for (size_t first = 0; first < policies->count; first = end) {
		struct order order = {.from = &policies->all[first], .to = &ordered[first]};

		for (end = first; end < policies->count &&
				  strcasecmp(policies->all[end].router, policies->all[first].router) == 0;)
			end++;
		order.count = end - first;
		for (size_t i = first; i < end; i++)
			if (!is_route_map(&policies->all[i]))
				place(&order, &policies->all[i]);
		for (size_t i = first; i < end; i++)
			place(&order, &policies->all[i]);
	}
	free(policies->all);
	policies->all = ordered;
	return true;
}

struct feed_policies *feed_policies_take(json_object *list, const char *path)
{
	struct feed_policies *policies = calloc(1, sizeof(*policies));
	size_t count = list_length(list);

	if (policies)
		policies->all = calloc(count + 1, sizeof(*policies->all));
	if (!policies || !policies->all) {
		fputs("peerctl: memory is short\n", stderr);
		free(policies);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		policies->count++;
		if (!take_one(&policies->all[i], json_object_array_get_idx(list, i), i, path)) {
			feed_policies_free(policies);
			return NULL;
		}
	}
	qsort(policies->all, count, sizeof(*policies->all), by_router_and_name);
	if (!has_twice(policies, path)) {
		if (put_in_order(policies))
			return policies;
		fputs("peerctl: memory is short\n", stderr);
	}
	feed_policies_free(policies);
	return NULL;
}

/* ---- What is wanted already ---- */

static json_object *router_and_name(const char *router, const char *name)
{
	json_object *object = json_object_new_object();

	json_object_object_add(object, "router", json_object_new_string(router));
	json_object_object_add(object, "name", json_object_new_string(name));
	return object;
}

static int compare_router(const struct invocation *invocation, struct feed_policies *policies, size_t first, size_t end)
{
	const char *router = policies->all[first].router;
	json_object *all, *wanted, *names = json_object_new_object();
	int code = command_pages(invocation, client_path("routers", router, "policies", NULL), "policies", &all);

	/* What is refused here is refused when it is pushed, and holds up no other router. */
	if (code != EXIT_DONE) {
		json_object_put(names);
		return code == EXIT_REFUSED ? EXIT_DONE : code;
	}
	for (size_t i = first; i < end; i++)
		json_object_object_add(names, policies->all[i].name, NULL);
	wanted = json_object_new_object();
	for (size_t i = 0; i < list_length(member_list(all, "policies")); i++) {
		const char *name = member_text(json_object_array_get_idx(member_list(all, "policies"), i), "name");

		json_object_object_add(wanted, name, NULL);
		if (!json_object_object_get_ex(names, name, NULL))
			json_object_array_add(policies->left_out, router_and_name(router, name));
	}
	for (size_t i = first; i < end; i++)
		policies->all[i].known = json_object_object_get_ex(wanted, policies->all[i].name, NULL);
	json_object_put(wanted);
	json_object_put(names);
	json_object_put(all);
	return EXIT_DONE;
}

static size_t end_of_router(const struct feed_policies *policies, size_t first)
{
	size_t end = first;

	while (end < policies->count && strcasecmp(policies->all[end].router, policies->all[first].router) == 0)
		end++;
	return end;
}

int feed_policies_compare(const struct invocation *invocation, struct feed_policies *policies)
{
	int code = EXIT_DONE;

	policies->left_out = json_object_new_array();
	for (size_t first = 0; code == EXIT_DONE && first < policies->count; first = end_of_router(policies, first))
		code = compare_router(invocation, policies, first, end_of_router(policies, first));
	return code;
}

/* ---- Pushing ---- */

/* False where memory is short. */
static bool make_batches(const struct invocation *invocation, struct feed_policies *policies)
{
	size_t bytes = 0;

	policies->batches = calloc(policies->count + 1, sizeof(*policies->batches));
	if (!policies->batches)
		return false;
	for (size_t i = 0; i < policies->count; i++) {
		struct policy *policy = &policies->all[i];
		size_t length = strlen(json_object_to_json_string_ext(policy->body, PLAIN)) + 1;
		struct batch *last = policies->batch_count ? &policies->batches[policies->batch_count - 1] : NULL;
		bool same = last && strcasecmp(policies->all[last->first].router, policy->router) == 0;

		if (!same || last->count == BATCH_POLICIES || bytes + length > BATCH_BYTES) {
			struct batch *batch = &policies->batches[policies->batch_count++];
			char *path = client_path("routers", policy->router, "policies", NULL);

			path = client_query(path, "onlyIfChanged", "true");
			batch->request.path = client_query(path, "dryRun", invocation->dry_run ? "true" : NULL);
			batch->request.body = json_object_new_array();
			batch->first = i;
			batch->wave = same ? last->wave + 1 : 0;
			last = batch;
			bytes = 0;
		}
		json_object_array_add(last->request.body, json_object_get(policy->body));
		last->count++;
		bytes += length;
	}
	return true;
}

static json_object *operation_named(json_object *operations, const char *name)
{
	for (size_t i = 0; i < list_length(operations); i++) {
		json_object *operation = json_object_array_get_idx(operations, i);

		if (strcmp(member_text(operation, "connection"), name) == 0)
			return operation;
	}
	return NULL;
}

static void judge_batch(struct feed_policies *policies, const struct batch *batch)
{
	json_object *body = batch->request.answer.body, *operations = member_list(body, "operations");
	bool reached = !batch->request.error;
	bool good = reached && batch->request.answer.status >= 200 && batch->request.answer.status < 300;

	for (size_t i = batch->first; i < batch->first + batch->count; i++) {
		struct policy *policy = &policies->all[i];
		json_object *operation = good ? operation_named(operations, policy->name) : NULL;

		if (!reached)
			policy->outcome = FEED_UNREACHED;
		else if (!good)
			policy->outcome = FEED_REFUSED;
		else if (!operation)
			policy->outcome = FEED_UNCHANGED;
		else
			policy->outcome = policy->known ? FEED_CHANGED : FEED_NEW;
		if (!good)
			policy->sentence = reached ? member_text(body, "detail") : batch->request.error;
		else if (operation)
			policy->sentence = member_text(operation, "message")[0] ? member_text(operation, "message")
										: member_text(body, "message");
	}
}

static void no_progress(size_t done, size_t count, void *context)
{
}

/* The batches of a router go one after the other, those of many routers side by side. */
static void send_wave(const struct invocation *invocation, struct feed_policies *policies, unsigned int wave,
		      struct client_request *requests)
{
	size_t count = 0;

	for (size_t i = 0; i < policies->batch_count; i++)
		if (policies->batches[i].wave == wave)
			requests[count++] = policies->batches[i].request;
	client_ask_many(&invocation->settings, requests, count, no_progress, NULL);
	count = 0;
	for (size_t i = 0; i < policies->batch_count; i++) {
		if (policies->batches[i].wave != wave)
			continue;
		policies->batches[i].request = requests[count++];
		judge_batch(policies, &policies->batches[i]);
	}
}

void feed_policies_send(const struct invocation *invocation, struct feed_policies *policies,
			size_t counts[FEED_OUTCOME_COUNT])
{
	struct client_request *requests = calloc(policies->count + 1, sizeof(*requests));
	unsigned int waves = 0;

	if (!requests || !make_batches(invocation, policies)) {
		fputs("peerctl: memory is short\n", stderr);
		exit(EXIT_UNREACHED);
	}
	for (size_t i = 0; i < policies->batch_count; i++)
		if (policies->batches[i].wave >= waves)
			waves = policies->batches[i].wave + 1;
	for (unsigned int wave = 0; wave < waves; wave++)
		send_wave(invocation, policies, wave, requests);
	for (size_t i = 0; i < policies->count; i++)
		counts[policies->all[i].outcome]++;
	free(requests);
}

bool feed_policies_failed(const struct feed_policies *policies, const char *router)
{
	for (size_t i = 0; i < policies->batch_count; i++) {
		const struct policy *policy = &policies->all[policies->batches[i].first];

		if (strcasecmp(policy->router, router) == 0 &&
		    (policy->outcome == FEED_REFUSED || policy->outcome == FEED_UNREACHED))
			return true;
	}
	return false;
}

/* ---- What came of it ---- */

void feed_policies_rows(const struct feed_policies *policies, struct table *table)
{
	for (size_t i = 0; i < policies->count; i++) {
		const struct policy *policy = &policies->all[i];

		if (policy->outcome != FEED_UNCHANGED)
			table_row(table, (const char *[]){policy->router, policy->name, feed_outcome_names[policy->outcome],
							  policy->sentence});
	}
	for (size_t i = 0; i < list_length(policies->left_out); i++) {
		json_object *missing = json_object_array_get_idx(policies->left_out, i);

		table_row(table, (const char *[]){member_text(missing, "router"), member_text(missing, "name"),
						  "left as it is",
						  "pushed before, not in the file; peerctl policy withdraw ends it"});
	}
}

json_object *feed_policies_results(const struct feed_policies *policies)
{
	json_object *results = json_object_new_array();

	for (size_t i = 0; i < policies->count; i++) {
		const struct policy *policy = &policies->all[i];
		json_object *result = router_and_name(policy->router, policy->name);

		json_object_object_add(result, "outcome", json_object_new_string(feed_outcome_names[policy->outcome]));
		json_object_object_add(result, "message",
				       policy->sentence[0] ? json_object_new_string(policy->sentence) : NULL);
		json_object_array_add(results, result);
	}
	return results;
}

json_object *feed_policies_left_out(const struct feed_policies *policies)
{
	return json_object_get(policies->left_out);
}

/* ---- Exporting ---- */

static json_object *exported(const char *router, json_object *policy)
{
	static const char *const kept[] = {"name", "kind", "entries"};
	json_object *entry = json_object_new_object(), *value;

	json_object_object_add(entry, "router", json_object_new_string(router));
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (json_object_object_get_ex(policy, kept[i], &value))
			json_object_object_add(entry, kept[i], json_object_get(value));
	return entry;
}

/* An exit code. */
static int take_exported(const char *router, const struct client_request *request, json_object *entries)
{
	if (request->error) {
		fprintf(stderr, "peerctl: %s\n", request->error);
		return EXIT_UNREACHED;
	}
	/* Withdrawn since the list was made. */
	if (request->answer.status == 404)
		return EXIT_DONE;
	if (request->answer.status != 200) {
		command_tell_refusal(request->answer.body, "detail");
		return EXIT_REFUSED;
	}
	json_object_array_add(entries, exported(router, request->answer.body));
	return EXIT_DONE;
}

static int export_router(const struct invocation *invocation, const char *router, json_object *entries)
{
	struct client_request *requests;
	json_object *all, *list;
	int code = command_pages(invocation, client_path("routers", router, "policies", NULL), "policies", &all);

	if (code != EXIT_DONE)
		return code;
	list = member_list(all, "policies");
	requests = calloc(list_length(list) + 1, sizeof(*requests));
	if (!requests) {
		fputs("peerctl: memory is short\n", stderr);
		exit(EXIT_UNREACHED);
	}
	for (size_t i = 0; i < list_length(list); i++)
		requests[i].path = client_path("routers", router, "policies",
					       member_text(json_object_array_get_idx(list, i), "name"), NULL);
	client_ask_many(&invocation->settings, requests, list_length(list), no_progress, NULL);
	for (size_t i = 0; i < list_length(list); i++) {
		if (code == EXIT_DONE)
			code = take_exported(router, &requests[i], entries);
		json_object_put(requests[i].answer.body);
		free((char *)requests[i].path);
		free(requests[i].error);
	}
	free(requests);
	json_object_put(all);
	return code;
}

int feed_policies_export(const struct invocation *invocation, json_object *routers, json_object *entries)
{
	int code = EXIT_DONE;

	for (size_t i = 0; code == EXIT_DONE && i < list_length(routers); i++)
		code = export_router(invocation, json_object_get_string(json_object_array_get_idx(routers, i)), entries);
	return code;
}
