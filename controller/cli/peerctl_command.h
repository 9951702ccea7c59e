/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every command of peerctl has: how it was invoked, how it asks, and what it says where it is refused. The table of
 * commands is in peerctl.c; those of a topic of their own are in peerctl_TOPIC.c.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_COMMAND_H
#define PEERING_CONTROLLER_PEERCTL_COMMAND_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "controller/cli/peerctl_client.h"
#include "controller/cli/peerctl_request.h"

/* Which routes `peerctl routes` shows; each NULL where it is not given. */
struct route_options {
	const char *family;
	const char *prefix;
	bool longer;
	const char *as_path;
	const char *verdict;
	const char *count;
};

struct invocation {
	struct client_settings settings;
	bool json;
	const char *router; /* --router */
	const char *state;
	const char *reason;
	const char *valid_days;
	const char *connection; /* --connection */
	const char *since;
	const char *file; /* -f; "-": standard input */
	bool dry_run;
	const char *expected_revision;
	const char *confirm_seconds;
	bool confirm_manually;
	bool of_options; /* what it asks for is made of options alone: so refusals are about them */
	struct request_options request;
	struct route_options routes;
	char **arguments; /* behind the command's name */
	int argument_count;
};

struct command {
	const char *name;  /* one word, or two: "token create" */
	const char *usage; /* behind "peerctl " */
	const char *help;
	int arguments;
	const char *options; /* characters of those that it takes beside the common ones, see `options` in peerctl.c */
	int (*run)(struct invocation *invocation, const struct command *command); /* returns an exit code */
	int optional; /* of its arguments, at the end */
};

/* Whether the value of an option is a whole number of that range; else it has said so. */
bool command_takes_number(const char *option, const char *value, int64_t least, int64_t most);

void command_print_json(json_object *object);
/* The sentence under `key`, and the verbs that are allowed, on standard error. */
void command_tell_refusal(json_object *problem, const char *key);

/*
 * `method` NULL: GET, or POST where there is a body. Takes `path` and `body`. Returns an exit code, with everything said
 * that there is to say; on EXIT_DONE *answer is the caller's (NULL where there was nothing to answer).
 */
int command_ask(const struct invocation *invocation, const char *method, char *path, json_object *body,
		json_object **answer);

/* The same of what becomes a push, with the options of one; shows what came of it (peerctl_push.c). */
int command_push(struct invocation *invocation, const char *method, char *path, json_object *body);

/* Asks for all pages of a list. Takes `path`. On EXIT_DONE *all is the first page with the entries of every one. */
int command_pages(const struct invocation *invocation, char *path, const char *list, json_object **all);
/* Those behind the entry `first` (its "after"; NULL: all). */
int command_pages_behind(const struct invocation *invocation, char *path, const char *first, const char *list,
			 json_object **all);

#endif
