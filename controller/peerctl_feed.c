// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/peerctl_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/peerctl_file.h"
#include "controller/peerctl_show.h"
#include "controller/peerctl_table.h"

#define SCHEMA_VERSION 1

enum outcome { OUTCOME_NEW, OUTCOME_CHANGED, OUTCOME_UNCHANGED, OUTCOME_REFUSED, OUTCOME_UNREACHED, OUTCOME_COUNT };

static const char *const outcome_names[OUTCOME_COUNT] = {"new", "changed", "unchanged", "refused", "unreached"};

/* One connection of the feed. */
struct entry {
	const char *router; /* the file's */
	const char *name;
	json_object *body;
	char *path;
	bool known; /* the controller has been asked for it before */
	enum outcome outcome;
	const char *sentence; /* of the answer; "" */
};

struct feed {
	json_object *file;
	struct entry *entries;
	size_t count;
	json_object *left_out; /* "ROUTER NAME" of what was asked for once and the file does not have */
};

static void feed_free(struct feed *feed)
{
	for (size_t i = 0; i < feed->count; i++) {
		json_object_put(feed->entries[i].body);
		free(feed->entries[i].path);
	}
	free(feed->entries);
	json_object_put(feed->left_out);
	json_object_put(feed->file);
}

/* ---- The file ---- */

static const char *text_of(json_object *object, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(object, key, &value) && json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : "";
}

static int by_router_and_name(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = strcasecmp(a->router, b->router);

	return order ? order : strcmp(a->name, b->name);
}

/* False with a sentence said. */
static bool is_feed(json_object *file, const char *path)
{
	json_object *list, *version;

	if (!json_object_is_type(file, json_type_object) || !json_object_object_get_ex(file, "connections", &list) ||
	    !json_object_is_type(list, json_type_array)) {
		fprintf(stderr,
			"peerctl: %s: a feed is {\"schemaVersion\": 1, \"connections\": […]}; see peerctl export\n",
			path);
		return false;
	}
	json_object_object_foreach (file, key, value) {
		(void)value;
		if (strcmp(key, "schemaVersion") == 0 || strcmp(key, "connections") == 0)
			continue;
		fprintf(stderr, "peerctl: %s: a feed has no \"%s\"; it has schemaVersion and connections\n", path, key);
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

	entry->router = is_object ? text_of(object, "router") : "";
	entry->name = is_object ? text_of(object, "name") : "";
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
		struct entry wanted = {.router = text_of(connection, "router"), .name = text_of(connection, "name")};
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
		message = text_of(first, "message");
	}
	return message[0] ? message : text_of(answer, "message");
}

static void judge_answer(struct entry *entry, const struct client_request *request)
{
	json_object *unchanged = NULL;

	if (request->error) {
		entry->outcome = OUTCOME_UNREACHED;
		entry->sentence = request->error;
	} else if (request->answer.status < 200 || request->answer.status >= 300) {
		entry->outcome = OUTCOME_REFUSED;
		entry->sentence = text_of(request->answer.body, "detail");
	} else {
		entry->outcome = json_object_object_get_ex(request->answer.body, "unchanged", &unchanged) ? OUTCOME_UNCHANGED
				 : entry->known							    ? OUTCOME_CHANGED
													    : OUTCOME_NEW;
		entry->sentence = entry->outcome == OUTCOME_UNCHANGED ? "" : message_of(request->answer.body);
	}
}

static void print_results(const struct invocation *invocation, const struct feed *feed, const size_t *counts)
{
	json_object *object = json_object_new_object(), *results = json_object_new_array();
	json_object *summary = json_object_new_object();

	for (size_t i = 0; i < feed->count; i++) {
		const struct entry *entry = &feed->entries[i];
		json_object *result = json_object_new_object();

		json_object_object_add(result, "router", json_object_new_string(entry->router));
		json_object_object_add(result, "name", json_object_new_string(entry->name));
		json_object_object_add(result, "outcome", json_object_new_string(outcome_names[entry->outcome]));
		json_object_object_add(result, "message", entry->sentence[0] ? json_object_new_string(entry->sentence) : NULL);
		json_object_array_add(results, result);
	}
	for (int i = 0; i < OUTCOME_COUNT; i++)
		json_object_object_add(summary, outcome_names[i], json_object_new_uint64(counts[i]));
	json_object_object_add(object, "schemaVersion", json_object_new_int(SCHEMA_VERSION));
	json_object_object_add(object, "dryRun", json_object_new_boolean(invocation->dry_run));
	json_object_object_add(object, "results", results);
	json_object_object_add(object, "summary", summary);
	json_object_object_add(object, "leftOut", json_object_get(feed->left_out));
	command_print_json(object);
	json_object_put(object);
}

static void show_results(const struct invocation *invocation, const struct feed *feed, const size_t *counts)
{
	static const char *const headings[] = {"ROUTER", "CONNECTION", "RESULT", "NOTE", NULL};
	struct table *table = table_new(headings);

	for (size_t i = 0; i < feed->count; i++) {
		const struct entry *entry = &feed->entries[i];

		if (entry->outcome != OUTCOME_UNCHANGED)
			table_row(table, (const char *[]){entry->router, entry->name, outcome_names[entry->outcome],
							  entry->sentence});
	}
	for (size_t i = 0; i < json_object_array_length(feed->left_out); i++) {
		json_object *missing = json_object_array_get_idx(feed->left_out, i);

		table_row(table, (const char *[]){text_of(missing, "router"), text_of(missing, "name"), "left as it is",
						  "asked for before, not in the file; peerctl deprovision or withdraw ends it"});
	}
	if (table_rows(table) > 0)
		table_print(table, stdout, 0);
	table_free(table);
	printf("%s%zu connections: %zu new, %zu changed, %zu unchanged, %zu refused", invocation->dry_run ? "dry run, " : "",
	       feed->count, counts[OUTCOME_NEW], counts[OUTCOME_CHANGED], counts[OUTCOME_UNCHANGED],
	       counts[OUTCOME_REFUSED]);
	if (counts[OUTCOME_UNREACHED])
		printf(", %zu without an answer", counts[OUTCOME_UNREACHED]);
	putchar('\n');
}

static void make_path(const struct invocation *invocation, struct entry *entry)
{
	entry->path = client_query(client_path("routers", entry->router, "connections", NULL), "onlyIfChanged", "true");
	if (invocation->dry_run)
		entry->path = client_query(entry->path, "dryRun", "true");
}

static int send_all(const struct invocation *invocation, struct feed *feed)
{
	struct client_request *requests = calloc(feed->count + 1, sizeof(*requests));
	bool terminal = isatty(STDERR_FILENO);
	size_t counts[OUTCOME_COUNT] = {0};

	if (!requests) {
		fputs("peerctl: memory is short\n", stderr);
		return EXIT_UNREACHED;
	}
	for (size_t i = 0; i < feed->count; i++) {
		make_path(invocation, &feed->entries[i]);
		requests[i].path = feed->entries[i].path;
		requests[i].body = feed->entries[i].body;
	}
	client_ask_many(&invocation->settings, requests, feed->count, show_progress, &terminal);
	for (size_t i = 0; i < feed->count; i++) {
		judge_answer(&feed->entries[i], &requests[i]);
		counts[feed->entries[i].outcome]++;
	}
	if (invocation->json)
		print_results(invocation, feed, counts);
	else
		show_results(invocation, feed, counts);
	for (size_t i = 0; i < feed->count; i++) {
		json_object_put(requests[i].answer.body);
		free(requests[i].error);
	}
	free(requests);
	return counts[OUTCOME_UNREACHED] ? EXIT_UNREACHED : counts[OUTCOME_REFUSED] ? EXIT_REFUSED : EXIT_DONE;
}

int feed_apply(struct invocation *invocation, const struct command *command)
{
	struct feed feed = {0};
	int code = EXIT_USAGE;

	feed.file = file_read_json(invocation->file);
	if (feed.file && take_entries(&feed, invocation->file)) {
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

	json_object_object_add(entry, "router", json_object_new_string(text_of(connection, "router")));
	json_object_object_foreach (desired, key, value) {
		const char *const *skipped = of_the_controller;

		while (*skipped && strcmp(*skipped, key) != 0)
			skipped++;
		if (!*skipped)
			json_object_object_add(entry, key, json_object_get(value));
	}
	return entry;
}

int feed_export(struct invocation *invocation, const struct command *command)
{
	char *path = client_query(client_path("connections", NULL), "router", invocation->router);
	json_object *all, *list = NULL, *feed, *entries;
	int code = command_pages(invocation, path, "connections", &all);

	if (code != EXIT_DONE)
		return code;
	feed = json_object_new_object();
	entries = json_object_new_array();
	json_object_object_get_ex(all, "connections", &list);
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		json_object *connection = json_object_array_get_idx(list, i), *desired = NULL;

		if (json_object_object_get_ex(connection, "desired", &desired) && desired)
			json_object_array_add(entries, export_one(connection, desired));
	}
	json_object_object_add(feed, "schemaVersion", json_object_new_int(SCHEMA_VERSION));
	json_object_object_add(feed, "connections", entries);
	command_print_json(feed);
	json_object_put(feed);
	json_object_put(all);
	return EXIT_DONE;
}
