// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/peerctl_show.h"
#include "lib/lifecycle.h"

#define PLACE_SIZE 32
/* Whoever presses the tab key does not wait for long. */
#define PATIENCE_SECONDS 2L

struct completion {
	const struct command *commands;
	size_t command_count;
	const struct option *options;
	const char *typed;	       /* of the last word */
	const struct command *command; /* NULL: not known yet */
	const char *first;	       /* the first word of a name of two, where the second is being typed */
	const char *first_argument;    /* NULL until it is there */
	int argument;		       /* how many arguments stand in front of the last word */
};

static void offer(const struct completion *completion, const char *word)
{
	if (strncmp(word, completion->typed, strlen(completion->typed)) == 0)
		puts(word);
}

/* ---- What the controller knows ---- */

static json_object *ask(char *path)
{
	struct client_settings settings = {.patience = PATIENCE_SECONDS};
	char error[CLIENT_ERROR_MAX];
	struct answer answer = {0};

	if (client_settings_complete(&settings, error, sizeof(error)))
		client_ask(&settings, NULL, path, NULL, &answer, error, sizeof(error));
	client_settings_free(&settings);
	free(path);
	return answer.body;
}

/* Takes `path`. Of each entry of the answer's list the member that the command goes by. */
static void offer_members(const struct completion *completion, char *path, const char *list, const char *member)
{
	json_object *answer = ask(path), *entries = answer ? member_list(answer, list) : NULL;

	for (size_t i = 0; i < list_length(entries); i++)
		offer(completion, member_text(json_object_array_get_idx(entries, i), member));
	json_object_put(answer);
}

static void offer_names(const struct completion *completion, char *path, const char *list)
{
	offer_members(completion, path, list, "name");
}

static void offer_routers(const struct completion *completion)
{
	offer_names(completion, client_path("routers", NULL), "routers");
}

/* ---- What peerctl knows ---- */

static void offer_commands(const struct completion *completion)
{
	for (size_t i = 0; i < completion->command_count; i++) {
		const char *name = completion->commands[i].name;
		const char *space = strchr(name, ' ');
		size_t length = space ? (size_t)(space - name) : strlen(name);
		char first[PLACE_SIZE];

		if (completion->first) {
			if (space && strncmp(name, completion->first, length) == 0 && strlen(completion->first) == length)
				offer(completion, space + 1);
			continue;
		}
		snprintf(first, sizeof(first), "%.*s", (int)length, name);
		/* Commands of two words that begin alike stand together. */
		if (i == 0 || strncmp(completion->commands[i - 1].name, first, length) != 0 ||
		    completion->commands[i - 1].name[length] != ' ')
			offer(completion, first);
	}
}

static void offer_options(const struct completion *completion)
{
	char text[PLACE_SIZE];

	for (const struct option *option = completion->options; option->name; option++) {
		if (option->val < 128 && !(completion->command && strchr(completion->command->options, option->val)))
			continue;
		snprintf(text, sizeof(text), "--%s", option->name);
		offer(completion, text);
	}
}

/* Of peerings, or of connections. */
static void offer_states(const struct completion *completion)
{
	static const char *const peering_states[] = {"requested",      "rejected",	"withdrawn", "approved",
						     "deprovisioning", "deprovisioned", NULL};

	if (completion->command && strcmp(completion->command->name, "peering list") == 0) {
		for (size_t i = 0; peering_states[i]; i++)
			offer(completion, peering_states[i]);
		return;
	}
	for (int state = 0; state < STATE_COUNT; state++)
		offer(completion, connection_state_name((enum connection_state)state));
}

static void offer_values(const struct completion *completion, const char *option)
{
	static const char *const lists[][8] = {
		{"output", "json", "table"},	     {"kind", "direct", "exchange", "route-server"},
		{"activation", "manual", "auto", "controller"}, {"on-violation", "report", "deny"},
		{"reopen-mode", "manual", "auto"},		     {"family", "ipv4", "ipv6"},
		{"verdict", "accepted", "rejected"},
		{"ROLE", "peer", "viewer", "operator", "admin"}, /* of a token */
		{"role", "provider", "rs-server", "rs-client", "customer", "peer"},
	};

	if (strcmp(option, "router") == 0)
		offer_routers(completion);
	else if (strcmp(option, "state") == 0)
		offer_states(completion);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t j = 1; strcmp(option, lists[i][0]) == 0 && lists[i][j]; j++)
			offer(completion, lists[i][j]);
}

/* The argument by its place in the usage: "show ROUTER NAME". */
static void offer_argument(const struct completion *completion)
{
	const char *at = completion->command->usage + strlen(completion->command->name);
	char place[PLACE_SIZE] = "";
	int offset = 0;

	for (int i = 0; i <= completion->argument; i++) {
		if (sscanf(at, " %31[A-Z-]%n", place, &offset) != 1)
			return;
		at += offset;
	}
	if (strcmp(place, "NAME") == 0 && strncmp(completion->command->name, "policy ", 7) == 0)
		offer_names(completion, client_path("routers", completion->first_argument, "policies", NULL), "policies");
	else if (strcmp(place, "NAME") == 0 && strcmp(completion->command->name, "webhook-test") == 0)
		offer_names(completion, client_path("webhooks", NULL), "webhooks");
	else if (strcmp(place, "ID") == 0)
		offer_members(completion, client_path("tokens", NULL), "tokens", "id");
	else if (strcmp(place, "ASN") == 0)
		offer_members(completion, client_path("peer-asns", NULL), "peerAsns", "peerAsn");
	else if (strcmp(place, "CONNECTION") == 0)
		offer_names(completion, client_path("peerings", completion->first_argument, NULL), "connections");
	else if (strcmp(place, "ROLE") == 0)
		offer_values(completion, "ROLE");
	else if (strcmp(place, "ROUTER") == 0)
		offer_routers(completion);
	else if (strcmp(place, "PEERING") == 0)
		offer_names(completion, client_path("peerings", NULL), "peerings");
	else if (strcmp(place, "NAME") == 0 && completion->argument > 0)
		offer_names(completion, client_path("routers", completion->first_argument, "connections", NULL), "connections");
}

/* ---- The words ---- */

/* The option that `word` is, with its value still to come; NULL for none. */
static const struct option *option_without_value(const struct completion *completion, const char *word)
{
	static const struct option file = {"file", required_argument, NULL, 'f'};
	static const struct option output = {"output", required_argument, NULL, 'o'};

	if (strcmp(word, "-f") == 0)
		return &file;
	if (strcmp(word, "-o") == 0)
		return &output;
	for (const struct option *option = completion->options; strncmp(word, "--", 2) == 0 && option->name; option++)
		if (option->has_arg == required_argument && strcmp(word + 2, option->name) == 0)
			return option;
	return NULL;
}

static const struct command *find(const struct completion *completion, const char *first, const char *second)
{
	char name[2 * PLACE_SIZE];

	snprintf(name, sizeof(name), second ? "%s %s" : "%s", first, second ? second : "");
	for (size_t i = 0; i < completion->command_count; i++)
		if (strcmp(completion->commands[i].name, name) == 0)
			return &completion->commands[i];
	return NULL;
}

static void take_word(struct completion *completion, const char *word)
{
	if (completion->command) {
		if (completion->argument++ == 0)
			completion->first_argument = word;
		return;
	}
	completion->command = completion->first ? find(completion, completion->first, word) : find(completion, word, NULL);
	if (!completion->first)
		completion->first = word;
}

void complete_words(char **words, int count, const struct command *commands, size_t command_count,
		    const struct option *options)
{
	struct completion completion = {
		.commands = commands, .command_count = command_count, .options = options, .typed = words[count - 1]};
	const struct option *option = NULL;

	for (int i = 0; i < count - 1; i++) {
		if (option) {
			option = NULL;
			continue;
		}
		option = option_without_value(&completion, words[i]);
		if (!option && words[i][0] != '-')
			take_word(&completion, words[i]);
	}
	if (option)
		offer_values(&completion, option->name);
	else if (completion.typed[0] == '-')
		offer_options(&completion);
	else if (completion.command)
		offer_argument(&completion);
	else
		offer_commands(&completion);
}
