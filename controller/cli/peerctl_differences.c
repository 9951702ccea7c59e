// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_differences.h"

#include <stdio.h>

#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_table.h"

const char differences_help[] =
	"Shows where routers are not as they were asked for, and what they have that nobody asked for here. Nothing is\n"
	"undone by itself: `peerctl push-again ROUTER [NAME]` sends once more what was asked for, `peerctl accept ROUTER\n"
	"NAME` takes what the router has for what is asked for. Of policies: `peerctl policy push-again` and `accept`.\n\n"
	"  --router ROUTER  of one router alone\n\n"
	"Exit status: 0 nothing differs, 1 something does.\n";

static json_object *entry(json_object *list, size_t index)
{
	return json_object_array_get_idx(list, index);
}

static size_t entries(json_object *object, const char *key, json_object **list)
{
	return json_object_object_get_ex(object, key, list) && json_object_is_type(*list, json_type_array)
		       ? json_object_array_length(*list)
		       : 0;
}

static void add_rows(struct table *table, json_object *difference)
{
	json_object *fields, *undeclared = NULL;
	size_t count = entries(difference, "fields", &fields);
	const char *router = member_text(difference, "router"), *name = member_text(difference, "name");
	const char *object = member_text(difference, "object");
	char age[AGE_SIZE];

	json_object_object_get_ex(difference, "undeclared", &undeclared);
	show_age(member_text(difference, "since"), age);
	if (json_object_get_boolean(undeclared))
		table_row(table, (const char *[]){router, object, name, "undeclared", "",
						  member_text(difference, "connectionState"), age,
						  member_text(difference, "why")});
	for (size_t i = 0; i < count; i++) {
		json_object *field = entry(fields, i);

		table_row(table, (const char *[]){router, object, name, member_text(field, "field"),
						  member_text(field, "desired"), member_text(field, "observed"), age,
						  member_text(difference, "why")});
	}
}

int list_differences(struct invocation *invocation, const struct command *command)
{
	static const char *const headings[] = {"ROUTER", "OBJECT", "NAME", "FIELD", "ASKED FOR", "ROUTER HAS", "SINCE", "WHY", NULL};
	json_object *all, *differences, *undeclared = NULL;
	struct table *table;
	bool any = false;
	int code = command_pages(invocation, client_query(client_path("differences", NULL), "router", invocation->router),
				 "differences", &all);
	size_t count, width = show_width();

	if (code != EXIT_DONE)
		return code;
	table = table_new(headings);
	count = entries(all, "differences", &differences);
	for (size_t i = 0; i < count; i++) {
		json_object_object_get_ex(entry(differences, i), "undeclared", &undeclared);
		any = any || !json_object_get_boolean(undeclared);
		add_rows(table, entry(differences, i));
	}
	if (invocation->json)
		command_print_json(all);
	else if (table_rows(table) == 0)
		puts("everything is as it was asked for");
	else
		table_print_wrapped(table, stdout, width ? width : WIDEST);
	table_free(table);
	json_object_put(all);
	return any ? EXIT_REFUSED : EXIT_DONE;
}
