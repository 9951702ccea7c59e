// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_table.h"

#define ROWS_SHOWN "100"

/* Behind which row the newest `count` begin, in *after. Returns an exit code. */
static int behind_which(const struct invocation *invocation, const char *count, char *after, size_t size)
{
	long long wanted = atoll(count), newest;
	json_object *answer;
	int code;

	code = command_ask(invocation, NULL, client_query(client_path("audit", NULL), "limit", "1"), NULL, &answer);
	if (code != EXIT_DONE)
		return code;
	newest = atoll(member_text(answer, "newest"));
	json_object_put(answer);
	snprintf(after, size, "%lld", newest > wanted ? newest - wanted : 0);
	return EXIT_DONE;
}

static void show_rows(json_object *rows)
{
	static const char *const headings[] = {">ID", "WHEN", "WHO", "ROLE", "FROM", "ACTION", "WHAT", "RESULT", "REASON", "PUSH", NULL};
	struct table *table = table_new(headings);

	for (size_t i = 0; i < list_length(rows); i++) {
		json_object *row = json_object_array_get_idx(rows, i), *detail = NULL;

		json_object_object_get_ex(row, "detail", &detail);
		table_row(table, (const char *[]){member_text(row, "id"), member_text(row, "at"), member_text(row, "actor"),
						  member_text(row, "role"), member_text(row, "address"),
						  member_text(row, "action"), member_text(row, "object"),
						  member_text(row, "result"), member_text(detail, "reason"),
						  member_text(detail, "pushId")});
	}
	if (table_rows(table) > 0)
		table_print(table, stdout, show_width());
	else
		puts("nothing was changed");
	table_free(table);
}

int audit_command(struct invocation *invocation, const struct command *command)
{
	const char *count = invocation->routes.count ? invocation->routes.count : ROWS_SHOWN;
	char after[24];
	json_object *all;
	int code = EXIT_DONE;

	if (invocation->since && !command_takes_number("since", invocation->since, 0, INT64_MAX))
		return EXIT_USAGE;
	if (!invocation->since)
		code = behind_which(invocation, count, after, sizeof(after));
	if (code != EXIT_DONE)
		return code;
	code = command_pages_behind(invocation, client_path("audit", NULL), invocation->since ? invocation->since : after,
				    "audit", &all);
	if (code != EXIT_DONE)
		return code;
	if (invocation->json)
		command_print_json(all);
	else
		show_rows(member_list(all, "audit"));
	json_object_put(all);
	return EXIT_DONE;
}
