// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/cli/peerctl_peering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/cli/peerctl_file.h"
#include "controller/cli/peerctl_show.h"
#include "controller/cli/peerctl_table.h"

#define CELL_SIZE 400
#define HISTORY_SHOWN 10

const char peering_request_help[] =
	"Asks for a peering. FILE holds the request as JSON, '-' is standard input:\n"
	"\n"
	"  {\"name\": \"ACME-FRA\", \"peerAsn\": 64510, \"metro\": \"Frankfurt\", \"bandwidthInMbps\": 10000,\n"
	"   \"prefixes\": [\"203.0.113.0/24\"], \"connections\": [{\"router\": \"edge1\", \"name\": \"ACME-1\",\n"
	"   \"neighbors\": [{\"address\": \"192.0.2.2\"}]}]}\n"
	"\n"
	"  --dry-run  only says what the peering policy thinks of it\n";

const char asn_set_help[] =
	"Registers a peer AS, or changes it. FILE holds name and contacts as JSON, '-' is standard input:\n"
	"\n"
	"  {\"name\": \"Example Networks\", \"contacts\": [{\"role\": \"noc\", \"email\": \"noc@example.net\",\n"
	"   \"phone\": \"+49 69 1234\"}]}\n"
	"\n"
	"Roles are noc, policy, technical, service, escalation and other; one noc with an email must be there.\n";

static const char *join(char text[CELL_SIZE], const char *first, const char *gap, const char *second)
{
	snprintf(text, CELL_SIZE, "%s%s%s", first, first[0] && second[0] ? gap : "", second);
	return text;
}

static void print_table(struct table *table, const char *nothing)
{
	if (table_rows(table) > 0)
		table_print(table, stdout, 0);
	else if (nothing)
		puts(nothing);
	table_free(table);
}

/* Those that do not pass, or all. */
static void show_findings(json_object *answer, bool all)
{
	static const char *const headings[] = {"RULE", "VERDICT", "WHY", "WHAT TO CHANGE", NULL};
	json_object *findings = member_list(answer, "findings");
	struct table *table = table_new(headings);

	for (size_t i = 0; i < list_length(findings); i++) {
		json_object *finding = json_object_array_get_idx(findings, i);
		const char *verdict = member_text(finding, "verdict");

		if (all || strcmp(verdict, "pass") != 0)
			table_row(table, (const char *[]){member_text(finding, "rule"), verdict,
							  member_text(finding, "sentence"), member_text(finding, "change")});
	}
	if (!all && table_rows(table) > 0)
		putchar('\n');
	print_table(table, NULL);
}

/* ---- Peerings ---- */

int peering_list(struct invocation *invocation, const struct command *command)
{
	static const char *const headings[] = {"PEERING", ">ASN",	  "KIND",	  "LOCATION", "STATE",
					       "PROVISIONING", ">CONNECTIONS", "REQUESTED BY", NULL};
	char *path = client_query(client_path("peerings", NULL), "state", invocation->state);
	struct table *table;
	json_object *all;
	char asn[16];
	int code;

	snprintf(asn, sizeof(asn), "%u", invocation->request.asn);
	path = client_query(path, "peerAsn", invocation->request.asn ? asn : NULL);
	code = command_pages(invocation, path, "peerings", &all);
	if (code != EXIT_DONE)
		return code;
	if (invocation->json) {
		command_print_json(all);
		json_object_put(all);
		return EXIT_DONE;
	}
	table = table_new(headings);
	for (size_t i = 0; i < list_length(member_list(all, "peerings")); i++) {
		json_object *peering = json_object_array_get_idx(member_list(all, "peerings"), i);
		char place[CELL_SIZE], count[16];

		snprintf(count, sizeof(count), "%zu", list_length(member_list(peering, "connections")));
		table_row(table, (const char *[]){
					 member_text(peering, "name"), member_text(peering, "peerAsn"),
					 member_text(peering, "kind"),
					 join(place, member_text(peering, "metro"), ", ", member_text(peering, "facility")),
					 member_text(peering, "state"), member_text(peering, "provisioningState"), count,
					 member_text(peering, "requestedBy")});
	}
	print_table(table, "no peering");
	json_object_put(all);
	return EXIT_DONE;
}

static void show_connections_of(json_object *peering)
{
	static const char *const headings[] = {"CONNECTION", "ROUTER",	"STATE", "BGP CONFIGURED BY",
					       "WAITS FOR",  "PROBLEM", NULL};
	json_object *connections = member_list(peering, "connections");
	struct table *table = table_new(headings);

	for (size_t i = 0; i < list_length(connections); i++) {
		json_object *connection = json_object_array_get_idx(connections, i);

		table_row(table, (const char *[]){member_text(connection, "name"), member_text(connection, "router"),
						  member_text(connection, "connectionState"),
						  member_text(connection, "bgpConfiguredBy"),
						  member_text(connection, "waitsFor"), member_text(connection, "problem")});
	}
	putchar('\n');
	print_table(table, NULL);
}

static void show_history_of(json_object *peering)
{
	static const char *const headings[] = {"WHEN", "ACTOR", "ACTION", "MESSAGE", NULL};
	json_object *history = member_list(peering, "history");
	struct table *table = table_new(headings);

	for (size_t i = 0; i < list_length(history) && i < HISTORY_SHOWN; i++) {
		json_object *entry = json_object_array_get_idx(history, i);

		table_row(table, (const char *[]){member_text(entry, "at"), member_text(entry, "actor"),
						  member_text(entry, "action"), member_text(entry, "message")});
	}
	putchar('\n');
	print_table(table, NULL);
}

static void show_peering(json_object *peering)
{
	const char *name = member_text(peering, "name"), *provisioning = member_text(peering, "provisioningState");
	const char *bandwidth = member_text(peering, "bandwidthInMbps");
	json_object *verbs = member_list(peering, "allowedVerbs");
	char place[CELL_SIZE];

	join(place, member_text(peering, "metro"), ", ", member_text(peering, "facility"));
	printf("%s   AS%s   %s%s%s", name, member_text(peering, "peerAsn"), member_text(peering, "kind"),
	       place[0] ? "   " : "", place);
	if (bandwidth[0])
		printf("   %s Mbit/s", bandwidth);
	if (member_text(peering, "description")[0])
		printf("   \"%s\"", member_text(peering, "description"));
	printf("\nState      %s%s%s%s\n", member_text(peering, "state"), provisioning[0] ? " (" : "", provisioning,
	       provisioning[0] ? ")" : "");
	printf("Requested  by %s at %s\n", member_text(peering, "requestedBy"), member_text(peering, "requestedAt"));
	if (member_text(peering, "decidedBy")[0])
		printf("Decided    by %s at %s%s%s\n", member_text(peering, "decidedBy"), member_text(peering, "decidedAt"),
		       member_text(peering, "reason")[0] ? ": " : "", member_text(peering, "reason"));
	for (size_t i = 0; i < list_length(verbs); i++)
		printf("%s peerctl peering %s %s\n", i == 0 ? "Do        " : "          ",
		       json_object_get_string(json_object_array_get_idx(verbs, i)), name);
	show_connections_of(peering);
	show_findings(peering, false);
	show_history_of(peering);
}

/* Asks, and prints what is answered. Takes `path` and `body`. */
static int ask(const struct invocation *invocation, const char *method, char *path, json_object *body,
	       void (*show)(json_object *answer))
{
	json_object *answer;
	int code = command_ask(invocation, method, path, body, &answer);

	if (code != EXIT_DONE)
		return code;
	if (invocation->json)
		command_print_json(answer);
	else
		show(answer);
	json_object_put(answer);
	return EXIT_DONE;
}

int peering_show(struct invocation *invocation, const struct command *command)
{
	return ask(invocation, NULL, client_path("peerings", invocation->arguments[0], NULL), NULL, show_peering);
}

int peering_request(struct invocation *invocation, const struct command *command)
{
	json_object *body = file_read_json(invocation->arguments[0]);
	json_object *answer;
	bool refused;
	int code;

	if (!body)
		return EXIT_USAGE;
	if (!invocation->dry_run)
		return ask(invocation, NULL, client_path("peerings", NULL), body, show_peering);
	code = command_ask(invocation, NULL, client_query(client_path("peerings", NULL), "dryRun", "true"), body, &answer);
	if (code != EXIT_DONE)
		return code;
	refused = strcmp(member_text(answer, "verdict"), "fail") == 0;
	if (invocation->json)
		command_print_json(answer);
	else
		show_findings(answer, true);
	json_object_put(answer);
	return refused ? EXIT_REFUSED : EXIT_DONE;
}

static json_object *reason_body(const struct invocation *invocation)
{
	json_object *body = json_object_new_object();

	if (invocation->reason)
		json_object_object_add(body, "reason", json_object_new_string(invocation->reason));
	return body;
}

int peering_verb(struct invocation *invocation, const struct command *command)
{
	return ask(invocation, NULL,
		   client_path("peerings", invocation->arguments[0], strchr(command->name, ' ') + 1, NULL),
		   reason_body(invocation), show_peering);
}

int peering_bgp_configured(struct invocation *invocation, const struct command *command)
{
	return ask(invocation, NULL,
		   client_path("peerings", invocation->arguments[0], "connections", invocation->arguments[1],
			       "bgp-configured", NULL),
		   json_object_new_object(), show_peering);
}

/* ---- Peer ASNs ---- */

/* "noc noc@example.net" */
static const char *first_contact(json_object *peer_asn, char text[CELL_SIZE])
{
	json_object *contacts = member_list(peer_asn, "contacts");

	text[0] = '\0';
	for (size_t i = 0; i < list_length(contacts); i++) {
		json_object *contact = json_object_array_get_idx(contacts, i);

		if (strcmp(member_text(contact, "role"), "noc") == 0 && member_text(contact, "email")[0])
			return join(text, member_text(contact, "email"), ", ", member_text(contact, "phone"));
	}
	return text;
}

int asn_list(struct invocation *invocation, const struct command *command)
{
	static const char *const headings[] = {">ASN", "NAME", "VALIDATION", "BY", "NOC", "REASON", NULL};
	json_object *all;
	struct table *table;
	int code = command_pages(invocation, client_query(client_path("peer-asns", NULL), "state", invocation->state),
				 "peerAsns", &all);

	if (code != EXIT_DONE)
		return code;
	if (invocation->json) {
		command_print_json(all);
		json_object_put(all);
		return EXIT_DONE;
	}
	table = table_new(headings);
	for (size_t i = 0; i < list_length(member_list(all, "peerAsns")); i++) {
		json_object *peer_asn = json_object_array_get_idx(member_list(all, "peerAsns"), i);
		char noc[CELL_SIZE];

		table_row(table, (const char *[]){member_text(peer_asn, "peerAsn"), member_text(peer_asn, "name"),
						  member_text(peer_asn, "validationState"),
						  member_text(peer_asn, "validatedBy"), first_contact(peer_asn, noc),
						  member_text(peer_asn, "validationReason")});
	}
	print_table(table, "no peer AS");
	json_object_put(all);
	return EXIT_DONE;
}

static void show_asn(json_object *peer_asn)
{
	static const char *const headings[] = {"CONTACT", "NAME", "EMAIL", "PHONE", NULL};
	json_object *contacts = member_list(peer_asn, "contacts");
	struct table *table = table_new(headings);

	printf("AS%s   %s\n", member_text(peer_asn, "peerAsn"), member_text(peer_asn, "name"));
	printf("Validation %s%s%s\n", member_text(peer_asn, "validationState"),
	       member_text(peer_asn, "validationReason")[0] ? ": " : "", member_text(peer_asn, "validationReason"));
	if (member_text(peer_asn, "validatedBy")[0])
		printf("           by %s at %s\n", member_text(peer_asn, "validatedBy"),
		       member_text(peer_asn, "validatedAt"));
	printf("Changed    by %s at %s\n\n", member_text(peer_asn, "changedBy"), member_text(peer_asn, "changedAt"));
	for (size_t i = 0; i < list_length(contacts); i++) {
		json_object *contact = json_object_array_get_idx(contacts, i);

		table_row(table, (const char *[]){member_text(contact, "role"), member_text(contact, "name"),
						  member_text(contact, "email"), member_text(contact, "phone")});
	}
	print_table(table, NULL);
}

int asn_show(struct invocation *invocation, const struct command *command)
{
	return ask(invocation, NULL, client_path("peer-asns", invocation->arguments[0], NULL), NULL, show_asn);
}

int asn_set(struct invocation *invocation, const struct command *command)
{
	json_object *body = file_read_json(invocation->arguments[1]);

	return body ? ask(invocation, "PUT", client_path("peer-asns", invocation->arguments[0], NULL), body, show_asn)
		    : EXIT_USAGE;
}

static void show_deleted(json_object *answer)
{
	printf("AS%s deleted\n", member_text(answer, "peerAsn"));
}

int asn_delete(struct invocation *invocation, const struct command *command)
{
	return ask(invocation, "DELETE", client_path("peer-asns", invocation->arguments[0], NULL), NULL, show_deleted);
}

int asn_validate(struct invocation *invocation, const struct command *command)
{
	json_object *body = reason_body(invocation);
	bool approve = strcmp(command->name, "asn approve") == 0;

	json_object_object_add(body, "state", json_object_new_string(approve ? "Approved" : "Failed"));
	return ask(invocation, NULL, client_path("peer-asns", invocation->arguments[0], "validate", NULL), body, show_asn);
}

/* ---- The policy ---- */

int peering_policy_show(struct invocation *invocation, const struct command *command)
{
	/* It is a JSON file, and people know it as that. */
	return ask(invocation, NULL, client_path("peering-policy", NULL), NULL, command_print_json);
}
