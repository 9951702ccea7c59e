// SPDX-License-Identifier: GPL-2.0-or-later
/* `show peering NAME policy`: every policy that the connection's sessions come to, as FRR has it, and whose it is. */
#include "bgpd-peering/show/show.h"

#include "bgpd-peering/address_family.h"
#include "bgpd-peering/commands/commands.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/policy/policy_text.h"
#include "bgpd-peering/show/show_table.h"

#define POLICIES_MOST 256

struct found_policy {
	Peering__PolicyKind kind;
	char name[POLICY_NAME_MAX];
};

struct found_policies {
	struct found_policy list[POLICIES_MOST];
	size_t count;
};

static void find(Peering__PolicyKind kind, const char *name, void *context)
{
	struct found_policies *found = context;

	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].kind == kind && strcmp(found->list[i].name, name) == 0)
			return;
	if (found->count == POLICIES_MOST)
		return;
	found->list[found->count].kind = kind;
	strlcpy(found->list[found->count++].name, name, POLICY_NAME_MAX);
}

static const char *wanted(const struct session *session, enum counted_family family, int direction)
{
	return gate_policy_wanted(session, family_afi(family), SAFI_UNICAST, direction);
}

static void find_all(const struct connection *connection, struct found_policies *found)
{
	static const Peering__PolicyKind lists[FAMILY_COUNT] = {
		[FAMILY_IPV4] = PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV4,
		[FAMILY_IPV6] = PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV6};
	const struct session *session;

	frr_each (session_list_const, &connection->sessions, session)
		for (int family = 0; family < FAMILY_COUNT; family++)
			for (int direction = RMAP_IN; direction <= RMAP_OUT; direction++)
				if (wanted(session, family, direction))
					policy_objects_below(wanted(session, family, direction), find, found);
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (connection->allowed_prefixes[family][0])
			find(lists[family], connection->allowed_prefixes[family], found);
}

static const char *whose(const struct found_policy *policy)
{
	const struct policy_object *object = policy_object_find(policy->name);

	if (object && object->policy->kind == policy->kind)
		return object->drifted ? "pushed, and changed by hand" : object->withdrawn ? "pushed, withdrawn" : "pushed";
	return policy_is_there(policy->kind, policy->name) ? "typed" : "not defined";
}

/* malloc'd; NULL where memory is short. */
static char *text_of(const struct found_policy *policy)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	policy_write(to, policy->kind, policy->name);
	fclose(to);
	return text;
}

/* ---- text ---- */

static void show_text(struct vty *vty, const struct connection *connection, const struct found_policies *found)
{
	struct show_table *table = show_table_new("Neighbor\tAFI\tImport\tExport", LAST_WRAPS);
	const struct session *session;
	bool any = false;

	frr_each (session_list_const, &connection->sessions, session) {
		for (int family = 0; family < FAMILY_COUNT; family++) {
			const char *in = wanted(session, family, RMAP_IN), *out = wanted(session, family, RMAP_OUT);

			any |= in || out;
			if (in || out)
				show_table_row(table, "%s\t%s\t%s\t%s", session->address, family_name(family), in ? in : "-",
					       out ? out : "-");
		}
	}
	show_table_print(vty, table);
	if (!found->count)
		vty_out(vty, "%s goes by no route-map\n", connection->name);
	for (size_t i = 0; i < found->count; i++) {
		char *text = text_of(&found->list[i]);

		vty_out(vty, "%s%s %s (%s)\n%s", i || any ? "\n" : "", policy_kind_name(found->list[i].kind), found->list[i].name,
			whose(&found->list[i]), text ? text : "");
		free(text);
	}
}

/* ---- JSON ---- */

static json_object *lines_json(const struct found_policy *policy)
{
	json_object *array = json_object_new_array();
	char *text = text_of(policy), *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n")))
		if (line[0])
			json_object_array_add(array, json_object_new_string(line));
	free(text);
	return array;
}

static json_object *policy_json(const struct found_policy *policy)
{
	const struct policy_object *object = policy_object_find(policy->name);
	json_object *json = json_object_new_object();
	bool ours = object && object->policy->kind == policy->kind;

	show_json_text(json, "name", policy->name);
	show_json_text(json, "kind", policy_kind_name(policy->kind));
	show_json_text(json, "owner", ours ? "controller" : policy_is_there(policy->kind, policy->name) ? "operator" : "none");
	show_json_bool(json, "asPushed", ours && !object->drifted);
	show_json_bool(json, "withdrawn", ours && object->withdrawn);
	json_object_object_add(json, "lines", lines_json(policy));
	return json;
}

static json_object *show_json(const struct connection *connection, const struct found_policies *found)
{
	json_object *object = show_json_begin(), *sessions = json_object_new_array(), *policies = json_object_new_array();
	const struct session *session;

	show_json_text(object, "name", connection->name);
	frr_each (session_list_const, &connection->sessions, session) {
		for (int family = 0; family < FAMILY_COUNT; family++) {
			json_object *one = json_object_new_object();

			show_json_text(one, "address", session->address);
			show_json_text(one, "afi", family_name(family));
			show_json_text(one, "importPolicy", wanted(session, family, RMAP_IN));
			show_json_text(one, "exportPolicy", wanted(session, family, RMAP_OUT));
			json_object_array_add(sessions, one);
		}
	}
	for (size_t i = 0; i < found->count; i++)
		json_object_array_add(policies, policy_json(&found->list[i]));
	json_object_object_add(object, "sessions", sessions);
	json_object_object_add(object, "policies", policies);
	return object;
}

/* ---- the command ---- */

COMMAND_HANDLER(cmd_show_policy)
{
	const struct connection *connection = command_connection(vty, argc, argv);
	struct found_policies found = {.count = 0};

	if (!connection)
		return CMD_WARNING;
	find_all(connection, &found);
	if (command_has(argc, argv, "json"))
		return vty_json(vty, show_json(connection, &found));
	show_text(vty, connection, &found);
	return CMD_SUCCESS;
}
