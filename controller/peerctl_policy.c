// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/peerctl_policy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json_util.h>

#include "controller/peerctl_push.h"
#include "controller/peerctl_show.h"
#include "controller/peerctl_table.h"

static char *path_of(const struct invocation *invocation)
{
	return client_path("routers", invocation->arguments[0], "policies", invocation->arguments[1], NULL);
}

int policy_list(struct invocation *invocation, const struct command *command)
{
	static const char *const headings[] = {"NAME", "KIND", ">ENTRIES", "PUSH", "REQUESTED BY", NULL};
	json_object *all, *policies;
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
	policies = json_object_object_get(all, "policies");
	for (size_t i = 0; i < json_object_array_length(policies); i++) {
		json_object *policy = json_object_array_get_idx(policies, i);

		table_row(table, (const char *[]){member_text(policy, "name"), member_text(policy, "kind"),
						  member_text(policy, "entryCount"), member_text(policy, "pushState"),
						  member_text(policy, "requestedBy")});
	}
	table_print(table, stdout, 0);
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
	bool input = invocation->file && strcmp(invocation->file, "-") == 0;
	json_object *body;

	if (!invocation->file) {
		fputs("peerctl: which policy? Name a file with it: -f FILE, or -f - for standard input\n", stderr);
		return EXIT_USAGE;
	}
	body = input ? json_object_from_fd(STDIN_FILENO) : json_object_from_file(invocation->file);
	if (!body) {
		fprintf(stderr, "peerctl: %s: %s", invocation->file, json_util_get_last_err());
		return EXIT_USAGE;
	}
	return command_push(invocation, "PUT", path_of(invocation), body);
}

int policy_withdraw(struct invocation *invocation, const struct command *command)
{
	return command_push(invocation, "DELETE", path_of(invocation), NULL);
}
