// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_table.h"

#define PAGE 500
#define COUNT_DEFAULT 100
#define NUMBER_SIZE 24
#define EXAMPLES_SIZE 400

/* What a session has to say beside its routes, on standard output. */
static void show_reasons(json_object *answer, const char *key, const char *what)
{
	json_object *sessions = member_list(answer, "sessions");

	for (size_t i = 0; i < list_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i);

		if (member_text(session, key)[0])
			printf("%s: %s: %s\n", member_text(session, "address"), what, member_text(session, key));
	}
}

/* ---- routes ---- */

static char *routes_path(const struct invocation *invocation, size_t limit, json_object *next)
{
	const struct route_options *wanted = &invocation->routes;
	char number[NUMBER_SIZE];
	char *path = client_path("routers", invocation->arguments[0], "connections", invocation->arguments[1], "routes", NULL);

	snprintf(number, sizeof(number), "%zu", limit < PAGE ? limit : PAGE);
	path = client_query(path, "limit", number);
	path = client_query(path, "family", wanted->family);
	path = client_query(path, "neighbor", invocation->request.neighbor_count ? invocation->request.neighbors[0] : NULL);
	path = client_query(path, "prefix", wanted->prefix);
	path = client_query(path, "longer", wanted->longer ? "true" : NULL);
	path = client_query(path, "asPath", wanted->as_path);
	path = client_query(path, "verdict", wanted->verdict);
	if (!next)
		return path;
	path = client_query(path, "after", member_text(next, "after"));
	path = client_query(path, "afterId", member_text(next, "id"));
	return client_query(path, "afterOf", member_text(next, "of"));
}

static void show_table_of_routes(json_object *answer)
{
	static const char *const headings[] = {"SESSION", "PREFIX", ">ID", "NEXT HOP", "ORIGIN", "WOULD BE", "AS PATH", NULL};
	json_object *routes = member_list(answer, "routes"), *next = NULL;
	struct table *table = table_new(headings);

	for (size_t i = 0; i < list_length(routes); i++) {
		json_object *route = json_object_array_get_idx(routes, i);
		const char *by = member_text(route, "rejectedBy"), *name = member_text(route, "rejectedByName");
		char verdict[160];

		snprintf(verdict, sizeof(verdict), "%s%s%s%s", by[0] ? "rejected by " : "accepted", by, name[0] ? " " : "", name);
		table_row(table, (const char *[]){member_text(route, "session"), member_text(route, "prefix"),
						  member_text(route, "pathId"), member_text(route, "nextHop"),
						  member_text(route, "originValidation"), verdict, member_text(route, "asPath")});
	}
	if (table_rows(table) > 0)
		table_print(table, stdout, 0);
	table_free(table);
	show_reasons(answer, "noRoutes", "no routes");
	printf("%zu routes%s\n", list_length(routes),
	       json_object_object_get_ex(answer, "next", &next) && next ? ", and there are more: --count N shows more of them"
									: ", and no more");
}

/* False with a sentence said. */
static bool takes_options(const struct route_options *wanted)
{
	const char *wrong = NULL;

	if (wanted->family && strcmp(wanted->family, "ipv4") != 0 && strcmp(wanted->family, "ipv6") != 0)
		wrong = "--family takes ipv4 or ipv6";
	else if (wanted->verdict && strcmp(wanted->verdict, "accepted") != 0 && strcmp(wanted->verdict, "rejected") != 0)
		wrong = "--verdict takes accepted or rejected";
	else if (wanted->prefix && !strchr(wanted->prefix, '/'))
		wrong = "--prefix takes a prefix, such as 192.0.2.0/24";
	else if (wanted->longer && !wanted->prefix)
		wrong = "--longer goes with --prefix PREFIX";
	if (wrong)
		fprintf(stderr, "peerctl: %s\n", wrong);
	return !wrong;
}

int live_routes(struct invocation *invocation, const struct command *command)
{
	size_t wanted = invocation->routes.count ? strtoul(invocation->routes.count, NULL, 10) : COUNT_DEFAULT;
	json_object *all = NULL, *next = NULL, *routes = NULL;

	if (!takes_options(&invocation->routes))
		return EXIT_USAGE;
	do {
		json_object *page, *more;
		int code = command_ask(invocation, NULL, routes_path(invocation, wanted - list_length(routes), next), NULL, &page);

		if (code != EXIT_DONE) {
			json_object_put(all);
			return code;
		}
		more = member_list(page, "routes");
		if (!all) {
			all = page;
			routes = more;
		} else {
			json_object *behind = NULL;

			for (size_t i = 0; i < list_length(more); i++)
				json_object_array_add(routes, json_object_get(json_object_array_get_idx(more, i)));
			json_object_object_get_ex(page, "next", &behind);
			json_object_object_add(all, "next", json_object_get(behind));
			json_object_put(page);
		}
		json_object_object_get_ex(all, "next", &next);
		/* A page may be empty: the router ends one when its few milliseconds are over, too. */
	} while (routes && next && list_length(routes) < wanted);
	if (invocation->json)
		command_print_json(all);
	else
		show_table_of_routes(all);
	json_object_put(all);
	return EXIT_DONE;
}

/* ---- preview ---- */

static void add_count(struct table *table, const char *session, const char *afi, const char *what, const char *name,
		      json_object *count)
{
	json_object *examples = member_list(count, "examples");
	char text[EXAMPLES_SIZE] = "", verdict[160];
	size_t used = 0;

	for (size_t i = 0; i < list_length(examples) && used < sizeof(text); i++) {
		json_object *example = json_object_array_get_idx(examples, i);

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? ", " : "", member_text(example, "prefix"));
	}
	snprintf(verdict, sizeof(verdict), "%s%s%s", what, name[0] ? " " : "", name);
	table_row(table, (const char *[]){session, afi, verdict, member_text(count, "count"), text});
}

static void add_family(struct table *table, const char *session, json_object *family)
{
	json_object *rejected = member_list(family, "rejected"), *count = NULL;
	const char *afi = member_text(family, "afi");

	if (json_object_object_get_ex(family, "accepted", &count) && count)
		add_count(table, session, afi, "accepted", "", count);
	for (size_t i = 0; i < list_length(rejected); i++) {
		char what[80];

		count = json_object_array_get_idx(rejected, i);
		snprintf(what, sizeof(what), "rejected by %s", member_text(count, "rule"));
		add_count(table, session, afi, what, member_text(count, "name"), count);
	}
	if (member_text(family, "sendsNothing")[0])
		table_row(table, (const char *[]){session, afi, "nothing would be sent", "0", member_text(family, "sendsNothing")});
	else if (json_object_object_get_ex(family, "sent", &count) && count)
		add_count(table, session, afi, "would be sent", "", count);
}

int live_preview(struct invocation *invocation, const struct command *command)
{
	static const char *const headings[] = {"SESSION", "AFI", "ROUTES", ">COUNT", "EXAMPLES", NULL};
	json_object *answer, *sessions;
	struct table *table;
	int code = command_ask(invocation, NULL,
			       client_path("routers", invocation->arguments[0], "connections", invocation->arguments[1],
					   "preview", NULL),
			       NULL, &answer);

	if (code != EXIT_DONE)
		return code;
	if (invocation->json) {
		command_print_json(answer);
		json_object_put(answer);
		return EXIT_DONE;
	}
	table = table_new(headings);
	sessions = member_list(answer, "sessions");
	for (size_t i = 0; i < list_length(sessions); i++) {
		json_object *session = json_object_array_get_idx(sessions, i), *families = member_list(session, "families");

		for (size_t j = 0; j < list_length(families); j++)
			add_family(table, member_text(session, "address"), json_object_array_get_idx(families, j));
	}
	if (table_rows(table) > 0)
		table_print(table, stdout, 0);
	table_free(table);
	show_reasons(answer, "noPreview", "no preview");
	show_reasons(answer, "progress", "routes that are judged, and it goes on; ask again for the rest");
	json_object_put(answer);
	return EXIT_DONE;
}
