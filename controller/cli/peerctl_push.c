// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_push.h"

#include "controller/cli/peerctl_show.h"

/* The first operation that the router did not do; null is one that it has not answered yet. */
static json_object *operation_not_done(json_object *answer)
{
	json_object *operations = NULL;

	json_object_object_get_ex(answer, "operations", &operations);
	for (size_t i = 0; json_object_is_type(operations, json_type_array) && i < json_object_array_length(operations);
	     i++) {
		json_object *operation = json_object_array_get_idx(operations, i), *ok = NULL;

		if (json_object_object_get_ex(operation, "ok", &ok) && json_object_is_type(ok, json_type_boolean) &&
		    !json_object_get_boolean(ok))
			return operation;
	}
	return NULL;
}

static char *with_options(const struct invocation *invocation, char *path)
{
	path = client_query(path, "dryRun", invocation->dry_run ? "true" : NULL);
	path = client_query(path, "expectedRevision", invocation->expected_revision);
	path = client_query(path, "confirmSeconds", invocation->confirm_seconds);
	return client_query(path, "confirm", invocation->confirm_manually ? "manual" : NULL);
}

int command_push(struct invocation *invocation, const char *method, char *path, json_object *body)
{
	json_object *answer, *not_done;
	int code = command_ask(invocation, method, with_options(invocation, path), body, &answer);

	if (code != EXIT_DONE)
		return code;
	not_done = operation_not_done(answer);
	if (invocation->json)
		command_print_json(answer);
	else if (!not_done)
		show_push(answer);
	if (not_done)
		command_tell_refusal(not_done, "message");
	json_object_put(answer);
	return not_done ? EXIT_REFUSED : EXIT_DONE;
}

int push_look(struct invocation *invocation, const struct command *command)
{
	return command_push(invocation, NULL, client_path("pushes", invocation->arguments[0], NULL), NULL);
}

int push_confirm(struct invocation *invocation, const struct command *command)
{
	return command_push(invocation, NULL, client_path("pushes", invocation->arguments[0], "confirm", NULL),
			    json_object_new_object());
}
