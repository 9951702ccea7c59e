// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_policy.h"

#include <stdio.h>

#include "controller/cli/peerctl_file.h"
#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_table.h"

static char *path_of(const struct invocation *invocation)
{
	return client_path("routers", invocation->arguments[0], "policies", invocation->arguments[1], NULL);
}

int policy_list(struct invocation *invocation, const struct command *command)
{
	static const char *const headings[] = {"NAME", "KIND", ">ENTRIES", "PUSH", "REQUESTED BY", NULL};
	json_object *all;
	struct table *table;
	int code = command_pages(invocation, client_path("routers", invocation->arguments[0], "policies", NULL), "policies", &all);

	if (code != EXIT_DONE)
		return code;
	if (invocation->json) {
		command_print_json(all);
		json_object_put(all);
		return EXIT_DONE;
	}
	table = table_new(headings);
	for (size_t i = 0; i < list_length(member_list(all, "policies")); i++) {
		json_object *policy = json_object_array_get_idx(member_list(all, "policies"), i);

		table_row(table, (const char *[]){member_text(policy, "name"), member_text(policy, "kind"),
						  member_text(policy, "entryCount"), member_text(policy, "pushState"),
						  member_text(policy, "requestedBy")});
	}
	if (table_rows(table) > 0)
		table_print(table, stdout, 0);
	else
		puts("no policy");
	table_free(table);
	json_object_put(all);
	return EXIT_DONE;
}

/* As the file of `policy set` has it. */
int policy_show(struct invocation *invocation, const struct command *command)
{
	json_object *answer;
	int code = command_ask(invocation, NULL, path_of(invocation), NULL, &answer);

	if (code != EXIT_DONE)
		return code;
	command_print_json(answer);
	json_object_put(answer);
	return EXIT_DONE;
}

int policy_set(struct invocation *invocation, const struct command *command)
{
	json_object *body = file_read_json(invocation->file);

	return body ? command_push(invocation, "PUT", path_of(invocation), body) : EXIT_USAGE;
}

int policy_withdraw(struct invocation *invocation, const struct command *command)
{
	return command_push(invocation, "DELETE", path_of(invocation), NULL);
}
