// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/cli/peerctl_feed_policies.h"
#include "controller/cli/peerctl_file.h"
#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_table.h"

#define SCHEMA_VERSION 1

const char *const feed_outcome_names[FEED_OUTCOME_COUNT] = {"new", "changed", "unchanged", "refused", "unreached"};

/* One connection of the feed. */
struct entry {
	const char *router; /* the file's */
	const char *name;
	json_object *body;
	char *path;
	bool known; /* the controller has been asked for it before */
	enum feed_outcome outcome;
	const char *sentence; /* of the answer; "" */
};

struct feed {
	json_object *file;
	struct entry *entries;
	size_t count;
	struct feed_policies *policies;
	json_object *left_out; /* "ROUTER NAME" of what was asked for once and the file does not have */
};

static void feed_free(struct feed *feed)
{
	for (size_t i = 0; i < feed->count; i++) {
		json_object_put(feed->entries[i].body);
		free(feed->entries[i].path);
	}
	free(feed->entries);
	feed_policies_free(feed->policies);
	json_object_put(feed->left_out);
	json_object_put(feed->file);
}

/* ---- The file ---- */

static int by_router_and_name(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = strcasecmp(a->router, b->router);

	return order ? order : strcmp(a->name, b->name);
}

/* False with a sentence said. */
static bool is_feed(json_object *file, const char *path)
{
	static const char *const keys[] = {"schemaVersion", "policies", "connections"};
	json_object *list, *version;

	if (!json_object_is_type(file, json_type_object) || !json_object_object_get_ex(file, "connections", &list) ||
	    !json_object_is_type(list, json_type_array) ||
	    (json_object_object_get_ex(file, "policies", &list) && !json_object_is_type(list, json_type_array))) {
		fprintf(stderr,
			"peerctl: %s: a feed is {\"schemaVersion\": 1, \"policies\": […], \"connections\": […]}, where policies "
			"may be left out; see peerctl export\n",
			path);
		return false;
	}
	json_object_object_foreach (file, key, value) {
		size_t i = 0;

		(void)value;
		while (i < sizeof(keys) / sizeof(keys[0]) && strcmp(key, keys[i]) != 0)
			i++;
		if (i < sizeof(keys) / sizeof(keys[0]))
			continue;
		fprintf(stderr, "peerctl: %s: a feed has no \"%s\"; it has schemaVersion, policies and connections\n", path, key);
		return false;
	}
	if (json_object_object_get_ex(file, "schemaVersion", &version) &&
	    (!json_object_is_type(version, json_type_int) || json_object_get_int64(version) != SCHEMA_VERSION)) {
		fprintf(stderr, "peerctl: %s: this peerctl knows schemaVersion %d alone\n", path, SCHEMA_VERSION);
		return false;
	}
	return true;
}

/* False with a sentence said; `entry` is to be freed all the same. */
static bool take_entry(struct entry *entry, json_object *object, size_t number, const char *path)
{
	bool is_object = json_object_is_type(object, json_type_object);

	entry->router = is_object ? member_text(object, "router") : "";
	entry->name = is_object ? member_text(object, "name") : "";
	if (!entry->router[0] || !entry->name[0]) {
		fprintf(stderr,
			"peerctl: %s: connections[%zu] has no \"%s\"; every connection has a router and a name\n", path,
			number, entry->router[0] ? "name" : "router");
		return false;
	}
	entry->body = json_object_new_object();
	json_object_object_foreach (object, key, value)
		if (strcmp(key, "router") != 0)
			json_object_object_add(entry->body, key, json_object_get(value));
	return true;
}

/* All is judged before anything is sent. False with a sentence said. */
static bool take_entries(struct feed *feed, const char *path)
{
	json_object *list = NULL;

	if (!is_feed(feed->file, path))
		return false;
	feed->policies = feed_policies_take(member_list(feed->file, "policies"), path);
	if (!feed->policies)
		return false;
	json_object_object_get_ex(feed->file, "connections", &list);
	feed->entries = calloc(json_object_array_length(list) + 1, sizeof(*feed->entries));
	if (!feed->entries) {
		fputs("peerctl: memory is short\n", stderr);
		return false;
	}
	for (; feed->count < json_object_array_length(list); feed->count++)
		if (!take_entry(&feed->entries[feed->count], json_object_array_get_idx(list, feed->count), feed->count,
				path))
			return false;
	qsort(feed->entries, feed->count, sizeof(*feed->entries), by_router_and_name);
	for (size_t i = 1; i < feed->count; i++) {
		if (by_router_and_name(&feed->entries[i - 1], &feed->entries[i]) == 0) {
			fprintf(stderr, "peerctl: %s: %s %s is there twice\n", path, feed->entries[i].router,
				feed->entries[i].name);
			return false;
		}
	}
	return true;
}

/* ---- Applying ---- */

/* Marks what the controller was asked for before, and lists what the file leaves out of its routers. */
static int compare_with_controller(const struct invocation *invocation, struct feed *feed)
{
	json_object *all, *list = NULL;
	int code = command_pages(invocation, client_path("connections", NULL), "connections", &all);

	if (code != EXIT_DONE)
		return code;
	feed->left_out = json_object_new_array();
	json_object_object_get_ex(all, "connections", &list);
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		json_object *connection = json_object_array_get_idx(list, i), *desired = NULL;
		struct entry wanted = {.router = member_text(connection, "router"), .name = member_text(connection, "name")};
		struct entry *entry;

		if (!json_object_object_get_ex(connection, "desired", &desired) || !desired)
			continue;
		entry = bsearch(&wanted, feed->entries, feed->count, sizeof(wanted), by_router_and_name);
		if (entry) {
			entry->known = true;
			continue;
		}
		/* Routers that the feed does not speak of are none of its business. */
		for (size_t j = 0; j < feed->count; j++) {
			if (strcasecmp(feed->entries[j].router, wanted.router) == 0) {
				json_object *missing = json_object_new_object();

				json_object_object_add(missing, "router", json_object_new_string(wanted.router));
				json_object_object_add(missing, "name", json_object_new_string(wanted.name));
				json_object_array_add(feed->left_out, missing);
				break;
			}
		}
	}
	json_object_put(all);
	return EXIT_DONE;
}

static void show_progress(size_t done, size_t count, void *context)
{
	const bool *terminal = context;

	if (*terminal && (done % 16 == 0 || done == count))
		fprintf(stderr, "\r%zu of %zu connections%s", done, count, done == count ? "\r\033[K" : "");
}

static const char *message_of(json_object *answer)
{
	json_object *operations, *first;
	const char *message = "";

	if (json_object_object_get_ex(answer, "operations", &operations) &&
	    json_object_is_type(operations, json_type_array) && json_object_array_length(operations) > 0) {
		first = json_object_array_get_idx(operations, 0);
		message = member_text(first, "message");
	}
	return message[0] ? message : member_text(answer, "message");
}

static void judge_answer(struct entry *entry, const struct client_request *request)
{
	json_object *unchanged = NULL;

	if (request->error) {
		entry->outcome = FEED_UNREACHED;
		entry->sentence = request->error;
	} else if (request->answer.status < 200 || request->answer.status >= 300) {
		entry->outcome = FEED_REFUSED;
		entry->sentence = member_text(request->answer.body, "detail");
	} else {
		entry->outcome = json_object_object_get_ex(request->answer.body, "unchanged", &unchanged) ? FEED_UNCHANGED
				 : entry->known							    ? FEED_CHANGED
													    : FEED_NEW;
		entry->sentence = entry->outcome == FEED_UNCHANGED ? "" : message_of(request->answer.body);
	}
}

static json_object *summary_of(const size_t counts[FEED_OUTCOME_COUNT])
{
	json_object *summary = json_object_new_object();

	for (int i = 0; i < FEED_OUTCOME_COUNT; i++)
		json_object_object_add(summary, feed_outcome_names[i], json_object_new_uint64(counts[i]));
	return summary;
}

static void print_results(const struct invocation *invocation, const struct feed *feed, const size_t *counts,
			  const size_t *policy_counts)
{
	json_object *object = json_object_new_object(), *results = json_object_new_array();

	for (size_t i = 0; i < feed->count; i++) {
		const struct entry *entry = &feed->entries[i];
		json_object *result = json_object_new_object();

		json_object_object_add(result, "router", json_object_new_string(entry->router));
		json_object_object_add(result, "name", json_object_new_string(entry->name));
		json_object_object_add(result, "outcome", json_object_new_string(feed_outcome_names[entry->outcome]));
		json_object_object_add(result, "message", entry->sentence[0] ? json_object_new_string(entry->sentence) : NULL);
		json_object_array_add(results, result);
	}
	json_object_object_add(object, "schemaVersion", json_object_new_int(SCHEMA_VERSION));
	json_object_object_add(object, "dryRun", json_object_new_boolean(invocation->dry_run));
	json_object_object_add(object, "results", results);
	json_object_object_add(object, "summary", summary_of(counts));
	json_object_object_add(object, "leftOut", json_object_get(feed->left_out));
	json_object_object_add(object, "policyResults", feed_policies_results(feed->policies));
	json_object_object_add(object, "policySummary", summary_of(policy_counts));
	json_object_object_add(object, "policiesLeftOut", feed_policies_left_out(feed->policies));
	command_print_json(object);
	json_object_put(object);
}

static void show_summary(const struct invocation *invocation, size_t count, const char *what, const size_t *counts)
{
	printf("%s%zu %s: %zu new, %zu changed, %zu unchanged, %zu refused", invocation->dry_run ? "dry run, " : "", count, what,
	       counts[FEED_NEW], counts[FEED_CHANGED], counts[FEED_UNCHANGED], counts[FEED_REFUSED]);
	if (counts[FEED_UNREACHED])
		printf(", %zu without an answer", counts[FEED_UNREACHED]);
	putchar('\n');
}

static void show_results(const struct invocation *invocation, const struct feed *feed, const size_t *counts,
			 const size_t *policy_counts)
{
	static const char *const headings[] = {"ROUTER", "NAME", "RESULT", "NOTE", NULL};
	struct table *table = table_new(headings);

	feed_policies_rows(feed->policies, table);
	for (size_t i = 0; i < feed->count; i++) {
		const struct entry *entry = &feed->entries[i];

		if (entry->outcome != FEED_UNCHANGED)
			table_row(table, (const char *[]){entry->router, entry->name, feed_outcome_names[entry->outcome],
							  entry->sentence});
	}
	for (size_t i = 0; i < json_object_array_length(feed->left_out); i++) {
		json_object *missing = json_object_array_get_idx(feed->left_out, i);

		table_row(table, (const char *[]){member_text(missing, "router"), member_text(missing, "name"), "left as it is",
						  "asked for before, not in the file; peerctl deprovision or withdraw ends it"});
	}
	if (table_rows(table) > 0)
		table_print(table, stdout, 0);
	table_free(table);
	if (feed_policies_count(feed->policies))
		show_summary(invocation, feed_policies_count(feed->policies), "policies", policy_counts);
	show_summary(invocation, feed->count, "connections", counts);
}

static void make_path(const struct invocation *invocation, struct entry *entry)
{
	entry->path = client_query(client_path("routers", entry->router, "connections", NULL), "onlyIfChanged", "true");
	if (invocation->dry_run)
		entry->path = client_query(entry->path, "dryRun", "true");
}

/* Policies first: what goes by policies that were refused is not sent. */
static int send_all(const struct invocation *invocation, struct feed *feed)
{
	struct client_request *requests = calloc(feed->count + 1, sizeof(*requests));
	bool terminal = isatty(STDERR_FILENO);
	size_t counts[FEED_OUTCOME_COUNT] = {0}, policy_counts[FEED_OUTCOME_COUNT] = {0}, sent = 0;

	if (!requests) {
		fputs("peerctl: memory is short\n", stderr);
		return EXIT_UNREACHED;
	}
	feed_policies_send(invocation, feed->policies, policy_counts);
	for (size_t i = 0; i < feed->count; i++) {
		if (feed_policies_failed(feed->policies, feed->entries[i].router))
			continue;
		make_path(invocation, &feed->entries[i]);
		requests[sent].path = feed->entries[i].path;
		requests[sent++].body = feed->entries[i].body;
	}
	client_ask_many(&invocation->settings, requests, sent, show_progress, &terminal);
	sent = 0;
	for (size_t i = 0; i < feed->count; i++) {
		if (feed->entries[i].path) {
			judge_answer(&feed->entries[i], &requests[sent++]);
		} else {
			feed->entries[i].outcome = FEED_REFUSED;
			feed->entries[i].sentence = "not sent: policies of its router were not taken, see above";
		}
		counts[feed->entries[i].outcome]++;
	}
	if (invocation->json)
		print_results(invocation, feed, counts, policy_counts);
	else
		show_results(invocation, feed, counts, policy_counts);
	for (size_t i = 0; i < sent; i++) {
		json_object_put(requests[i].answer.body);
		free(requests[i].error);
	}
	free(requests);
	if (counts[FEED_UNREACHED] || policy_counts[FEED_UNREACHED])
		return EXIT_UNREACHED;
	return counts[FEED_REFUSED] || policy_counts[FEED_REFUSED] ? EXIT_REFUSED : EXIT_DONE;
}

int feed_apply(struct invocation *invocation, const struct command *command)
{
	struct feed feed = {0};
	int code = EXIT_USAGE;

	feed.file = file_read_json(invocation->file);
	if (feed.file && take_entries(&feed, invocation->file)) {
		code = feed_policies_compare(invocation, feed.policies);
		if (code == EXIT_DONE)
			code = compare_with_controller(invocation, &feed);
		if (code == EXIT_DONE)
			code = send_all(invocation, &feed);
	}
	feed_free(&feed);
	return code;
}

/* ---- Exporting ---- */

/* What a request says, without what the controller says of the request. */
static json_object *export_one(json_object *connection, json_object *desired)
{
	static const char *const of_the_controller[] = {"requestedBy", "requestedAt", "pushId", "pushState", NULL};
	json_object *entry = json_object_new_object();

	json_object_object_add(entry, "router", json_object_new_string(member_text(connection, "router")));
	json_object_object_foreach (desired, key, value) {
		const char *const *skipped = of_the_controller;

		while (*skipped && strcmp(*skipped, key) != 0)
			skipped++;
		if (!*skipped)
			json_object_object_add(entry, key, json_object_get(value));
	}
	return entry;
}

/* The names of all routers, or of the one that was asked for. An exit code. */
static int router_names(const struct invocation *invocation, json_object **names)
{
	json_object *all, *list;
	int code;

	*names = json_object_new_array();
	if (invocation->router) {
		json_object_array_add(*names, json_object_new_string(invocation->router));
		return EXIT_DONE;
	}
	code = command_pages(invocation, client_path("routers", NULL), "routers", &all);
	if (code != EXIT_DONE)
		return code;
	list = member_list(all, "routers");
	for (size_t i = 0; i < list_length(list); i++)
		json_object_array_add(*names, json_object_new_string(member_text(json_object_array_get_idx(list, i), "name")));
	json_object_put(all);
	return EXIT_DONE;
}

static int export_policies(const struct invocation *invocation, json_object *feed)
{
	json_object *names, *policies = json_object_new_array();
	int code = router_names(invocation, &names);

	if (code == EXIT_DONE)
		code = feed_policies_export(invocation, names, policies);
	json_object_object_add(feed, "policies", policies);
	json_object_put(names);
	return code;
}

static int export_connections(const struct invocation *invocation, json_object *feed)
{
	char *path = client_query(client_path("connections", NULL), "router", invocation->router);
	json_object *all, *list, *entries = json_object_new_array();
	int code = command_pages(invocation, path, "connections", &all);

	json_object_object_add(feed, "connections", entries);
	if (code != EXIT_DONE)
		return code;
	list = member_list(all, "connections");
	for (size_t i = 0; i < list_length(list); i++) {
		json_object *connection = json_object_array_get_idx(list, i), *desired = NULL;

		if (json_object_object_get_ex(connection, "desired", &desired) && desired)
			json_object_array_add(entries, export_one(connection, desired));
	}
	json_object_put(all);
	return EXIT_DONE;
}

int feed_export(struct invocation *invocation, const struct command *command)
{
	json_object *feed = json_object_new_object();
	int code;

	json_object_object_add(feed, "schemaVersion", json_object_new_int(SCHEMA_VERSION));
	code = export_policies(invocation, feed);
	if (code == EXIT_DONE)
		code = export_connections(invocation, feed);
	if (code == EXIT_DONE)
		command_print_json(feed);
	json_object_put(feed);
	return code;
}
