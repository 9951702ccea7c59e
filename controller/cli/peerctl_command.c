// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_words.h"

bool command_takes_number(const char *option, const char *value, int64_t least, int64_t most)
{
	size_t length = strlen(value);
	int64_t number = length > 0 && length <= 18 && strspn(value, "0123456789") == length ? atoll(value) : -1;

	if (number >= least && number <= most)
		return true;
	if (most == INT64_MAX)
		fprintf(stderr, "peerctl: --%s takes a whole number, not '%s'\n", option, value);
	else
		fprintf(stderr, "peerctl: --%s takes a whole number from %lld to %lld, not '%s'\n", option, (long long)least,
			(long long)most, value);
	return false;
}

void command_print_json(json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* All that the peering policy has against a request. */
static void tell_findings(json_object *problem)
{
	json_object *findings = NULL;

	json_object_object_get_ex(problem, "findings", &findings);
	for (size_t i = 0; json_object_is_type(findings, json_type_array) && i < json_object_array_length(findings); i++) {
		json_object *finding = json_object_array_get_idx(findings, i);

		if (strcmp(member_text(finding, "verdict"), "pass") != 0)
			fprintf(stderr, "  %s: %s; %s\n", member_text(finding, "rule"), member_text(finding, "sentence"),
				member_text(finding, "change"));
	}
}

void command_tell_refusal(json_object *problem, const char *key)
{
	const char *sentence = member_text(problem, key);
	json_object *allowed;

	fprintf(stderr, "peerctl: %s\n", sentence[0] ? sentence : "this was refused, and no reason given");
	tell_findings(problem);
	/* A router says it in its sentence. */
	if (strstr(sentence, "allowed now: "))
		return;
	if (!json_object_object_get_ex(problem, "allowed", &allowed) ||
	    !json_object_is_type(allowed, json_type_array) || json_object_array_length(allowed) == 0)
		return;
	fputs("allowed now:", stderr);
	for (size_t i = 0; i < json_object_array_length(allowed); i++)
		fprintf(stderr, "%s %s", i ? "," : "", json_object_get_string(json_object_array_get_idx(allowed, i)));
	putc('\n', stderr);
}

static void speak_of_options(json_object *problem)
{
	char *sentence = words_of_options(member_text(problem, "detail"));

	if (sentence)
		json_object_object_add(problem, "detail", json_object_new_string(sentence));
	free(sentence);
}

int command_ask(const struct invocation *invocation, const char *method, char *path, json_object *body,
		json_object **answer)
{
	char error[CLIENT_ERROR_MAX];
	struct answer got;
	bool reached = client_ask(&invocation->settings, method, path, body, &got, error, sizeof(error));

	free(path);
	json_object_put(body);
	if (!reached) {
		fprintf(stderr, "peerctl: %s\n", error);
		return EXIT_UNREACHED;
	}
	if (got.status >= 200 && got.status < 300) {
		*answer = got.body;
		return EXIT_DONE;
	}
	if (invocation->json)
		command_print_json(got.body);
	if (invocation->of_options)
		speak_of_options(got.body);
	command_tell_refusal(got.body, "detail");
	json_object_put(got.body);
	return EXIT_REFUSED;
}

/* Adds the entries of `page` to `all`, which begins as a page itself. Returns where the next begins, NULL: nowhere. */
static char *add_page(json_object **all, json_object *page, const char *name)
{
	json_object *list = NULL, *more = NULL;
	char *next = member_text(page, "nextAfter")[0] ? strdup(member_text(page, "nextAfter")) : NULL;

	if (!*all) {
		*all = json_object_get(page);
		return next;
	}
	json_object_object_get_ex(*all, name, &list);
	json_object_object_get_ex(page, name, &more);
	for (size_t i = 0; list && more && i < json_object_array_length(more); i++)
		json_object_array_add(list, json_object_get(json_object_array_get_idx(more, i)));
	return next;
}

int command_pages(const struct invocation *invocation, char *path, const char *list, json_object **all)
{
	return command_pages_behind(invocation, path, NULL, list, all);
}

int command_pages_behind(const struct invocation *invocation, char *path, const char *first, const char *list,
			 json_object **all)
{
	char *after = first ? strdup(first) : NULL;
	int code;

	*all = NULL;
	do {
		json_object *page;

		code = command_ask(invocation, NULL, client_query(strdup(path), "after", after), NULL, &page);
		free(after);
		if (code != EXIT_DONE) {
			json_object_put(*all);
			free(path);
			return code;
		}
		after = add_page(all, page, list);
		json_object_put(page);
	} while (after);
	json_object_object_add(*all, "nextAfter", NULL);
	free(path);
	return EXIT_DONE;
}
