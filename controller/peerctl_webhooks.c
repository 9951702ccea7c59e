// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/peerctl_webhooks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/peerctl_show.h"
#include "controller/peerctl_table.h"

#define EVENTS_SIZE 128

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

void show_webhooks(json_object *webhooks)
{
	static const char *const headings[] = {"WEBHOOK", "URL",	  "EVENTS",	  ">WAITING", ">DELIVERED", ">DROPPED",
					       "LAST",	  "FAILING SINCE", "RESULT", NULL};
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
		table_print(table, stdout, line_width());
	table_free(table);
}

bool webhook_test_answered(json_object *answer, const char *name, const char *event, bool *accepted)
{
	json_object *webhooks = member_list(answer, "webhooks");

	for (size_t i = 0; i < list_length(webhooks); i++) {
		json_object *webhook = json_object_array_get_idx(webhooks, i);
		char result[EVENTS_SIZE];

		if (strcmp(member_text(webhook, "name"), name) != 0 || atoll(member_text(webhook, "lastEvent")) < atoll(event))
			continue;
		*accepted = member_text(webhook, "failingSince")[0] == '\0';
		result_text(webhook, result, sizeof(result));
		if (*accepted)
			printf("%s has accepted it: %s\n", name, result);
		else
			fprintf(stderr, "peerctl: %s has not accepted it: %s; it is tried again for a day\n", name, result);
		return true;
	}
	return false;
}
