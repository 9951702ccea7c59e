// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_table.h"

const char token_create_help[] =
	"Makes a token and prints it; nobody can show it again. Its holder gives it in PEERCTL_TOKEN, in a file that\n"
	"'token-file' names, or in the header 'Authorization: Bearer'.\n"
	"\n"
	"ROLE is viewer (looks), operator (also requests and uses the verbs), admin (also manages tokens), or peer: it\n"
	"sees what is of its own AS, and nothing else.\n"
	"\n"
	"  --asn N         AS of a peer (with the role peer, and there alone)\n"
	"  --valid-days N  days until it ends, 1 to 3650 (default 365)\n";

int token_create(struct invocation *invocation, const struct command *command)
{
	const char *days = invocation->valid_days;
	json_object *body, *answer;
	int code;

	if ((strcmp(invocation->arguments[0], "peer") == 0) != (invocation->request.asn != 0)) {
		fputs("peerctl: a token of the role peer, and no other, has an AS: --asn N\n", stderr);
		return EXIT_USAGE;
	}
	body = json_object_new_object();
	json_object_object_add(body, "role", json_object_new_string(invocation->arguments[0]));
	json_object_object_add(body, "name", json_object_new_string(invocation->arguments[1]));
	if (invocation->request.asn)
		json_object_object_add(body, "asn", json_object_new_int64(invocation->request.asn));
	if (days)
		json_object_object_add(body, "validDays", json_object_new_int(atoi(days)));
	code = command_ask(invocation, NULL, client_path("tokens", NULL), body, &answer);
	if (code != EXIT_DONE)
		return code;
	if (invocation->json)
		command_print_json(answer);
	else
		puts(member_text(answer, "token"));
	json_object_put(answer);
	return EXIT_DONE;
}

int token_list(struct invocation *invocation, const struct command *command)
{
	static const char *const headings[] = {"ID", "NAME", "ROLE", ">AS", "ENDS", "LAST USED", "REVOKED", "BY", NULL};
	json_object *all, *tokens = NULL;
	struct table *table;
	int code = command_pages(invocation, client_path("tokens", NULL), "tokens", &all);

	if (code != EXIT_DONE)
		return code;
	json_object_object_get_ex(all, "tokens", &tokens);
	if (invocation->json) {
		command_print_json(all);
		json_object_put(all);
		return EXIT_DONE;
	}
	table = table_new(headings);
	for (size_t i = 0; json_object_is_type(tokens, json_type_array) && i < json_object_array_length(tokens); i++) {
		json_object *token = json_object_array_get_idx(tokens, i), *asn = NULL;
		const char *cells[] = {member_text(token, "id"),	 member_text(token, "name"),
				       member_text(token, "role"),	 "",
				       member_text(token, "expiresAt"),	 member_text(token, "lastUsedAt"),
				       member_text(token, "revokedAt"),	 member_text(token, "createdBy")};

		if (json_object_object_get_ex(token, "asn", &asn) && asn)
			cells[3] = json_object_get_string(asn);
		table_row(table, cells);
	}
	if (table_rows(table) > 0)
		table_print(table, stdout, 0);
	else
		puts("no token");
	table_free(table);
	json_object_put(all);
	return EXIT_DONE;
}

int token_revoke(struct invocation *invocation, const struct command *command)
{
	json_object *answer;
	int code = command_ask(invocation, "DELETE", client_path("tokens", invocation->arguments[0], NULL), NULL, &answer);

	if (code != EXIT_DONE)
		return code;
	if (invocation->json)
		command_print_json(answer);
	else
		printf("%s (%s) revoked\n", member_text(answer, "name"), member_text(answer, "id"));
	json_object_put(answer);
	return EXIT_DONE;
}
