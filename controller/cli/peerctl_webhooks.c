// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_webhooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_table.h"

#define EVENTS_SIZE 128
#define TEST_SECONDS 15

static void result_text(json_object *webhook, char *text, size_t size)
{
	const char *status = member_text(webhook, "lastStatus"), *error = member_text(webhook, "lastError");

	if (error[0])
		snprintf(text, size, "%s", error);
	else if (status[0])
		snprintf(text, size, "HTTP %s", status);
	else
		text[0] = '\0';
}

static void show_webhooks(json_object *webhooks)
{
	static const char *const headings[] = {"WEBHOOK",  "URL",  "EVENTS",	    ">WAITING", ">DELIVERED",
					       ">DROPPED", "LAST", "FAILING SINCE", "RESULT",	NULL};
	struct table *table = table_new(headings);

	for (size_t i = 0; i < list_length(webhooks); i++) {
		json_object *webhook = json_object_array_get_idx(webhooks, i);
		char events[EVENTS_SIZE], result[EVENTS_SIZE];

		join_list(member_list(webhook, "events"), events, sizeof(events));
		result_text(webhook, result, sizeof(result));
		table_row(table, (const char *[]){member_text(webhook, "name"), member_text(webhook, "url"), events,
						  member_text(webhook, "pendingCount"),
						  member_text(webhook, "deliveredCount"),
						  member_text(webhook, "droppedCount"),
						  member_text(webhook, "lastAttemptAt"),
						  member_text(webhook, "failingSince"), result});
	}
	if (table_rows(table) == 0)
		puts("no web hook is configured");
	else
		table_print(table, stdout, show_width());
	table_free(table);
}

/* Looks for what came of the event; false: no attempt yet. Says how it went. */
static bool tell_answered(json_object *answer, const char *name, const char *event, bool *accepted)
{
	json_object *webhooks = member_list(answer, "webhooks");

	for (size_t i = 0; i < list_length(webhooks); i++) {
		json_object *webhook = json_object_array_get_idx(webhooks, i);
		char result[EVENTS_SIZE];

		if (strcmp(member_text(webhook, "name"), name) != 0 ||
		    atoll(member_text(webhook, "lastEvent")) < atoll(event))
			continue;
		*accepted = member_text(webhook, "failingSince")[0] == '\0';
		result_text(webhook, result, sizeof(result));
		if (*accepted)
			printf("%s has accepted it: %s\n", name, result);
		else
			fprintf(stderr, "peerctl: %s has not accepted it: %s; it is tried again for a day\n", name,
				result);
		return true;
	}
	return false;
}

int webhooks_command(struct invocation *invocation, const struct command *command)
{
	json_object *answer;
	int code = command_ask(invocation, NULL, client_path("webhooks", NULL), NULL, &answer);

	if (code != EXIT_DONE)
		return code;
	if (invocation->json)
		command_print_json(answer);
	else
		show_webhooks(member_list(answer, "webhooks"));
	json_object_put(answer);
	return EXIT_DONE;
}

int webhook_test_command(struct invocation *invocation, const struct command *command)
{
	const char *name = invocation->arguments[0];
	bool answered = false, accepted = false;
	json_object *answer, *seen;
	const char *event;
	int code = command_ask(invocation, NULL, client_path("webhooks", name, "test", NULL), json_object_new_object(),
			       &answer);

	if (code != EXIT_DONE)
		return code;
	event = member_text(answer, "event");
	for (int second = 0; !answered && second < TEST_SECONDS; second++) {
		sleep(1);
		code = command_ask(invocation, NULL, client_path("webhooks", NULL), NULL, &seen);
		if (code != EXIT_DONE)
			break;
		answered = tell_answered(seen, name, event, &accepted);
		json_object_put(seen);
	}
	if (code == EXIT_DONE && !answered)
		fprintf(stderr, "peerctl: event %s waits for %s; see peerctl webhooks\n", event, name);
	json_object_put(answer);
	return code != EXIT_DONE ? code : accepted ? EXIT_DONE : EXIT_REFUSED;
}
