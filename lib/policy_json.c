// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/policy_object.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/utf8.h"

/* ---- reading; each function is false with *error set ---- */

/* Where in the body it stands, for the sentence. */
struct place {
	struct policy_error *error;
	char where[48]; /* "entries[3]." */
};

__attribute__((format(printf, 3, 4))) static bool refuse(struct place *place, const char *code, const char *format, ...)
{
	size_t used = (size_t)snprintf(place->error->sentence, sizeof(place->error->sentence), "%s", place->where);
	va_list arguments;

	place->error->code = code;
	va_start(arguments, format);
	vsnprintf(place->error->sentence + used, sizeof(place->error->sentence) - used, format, arguments);
	va_end(arguments);
	return false;
}

/* Every key is one of `keys`, which NULL ends: what is not understood is not passed over, it may have denied. */
static bool keys_known(struct place *place, json_object *object, const char *const *keys)
{
	json_object_object_foreach (object, key, value) {
		const char *const *known = keys;

		(void)value;
		while (*known && strcmp(*known, key) != 0)
			known++;
		if (!*known)
			return refuse(place, "unknown-key", "there is no key \"%.60s\"", utf8_is_clean(key) ? key : "?");
	}
	return true;
}

static bool is_text(json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value) &&
	       utf8_is_clean(json_object_get_string(value));
}

static bool get_word(struct place *place, json_object *object, const char *key, const char **text)
{
	json_object *value;

	*text = NULL;
	if (!json_object_object_get_ex(object, key, &value))
		return true;
	if (!is_text(value))
		return refuse(place, "bad-value", "%s must be a text", key);
	*text = json_object_get_string(value);
	return true;
}

static bool get_text(struct place *place, json_object *object, const char *key, char **field)
{
	const char *text;

	if (!get_word(place, object, key, &text))
		return false;
	if (!text || !text[0])
		return true;
	*field = strdup(text);
	return *field || refuse(place, "no-memory", "memory is short; try again");
}

static bool get_number(struct place *place, json_object *object, const char *key, uint32_t *number)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		return true;
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0 ||
	    json_object_get_int64(value) > (int64_t)UINT32_MAX)
		return refuse(place, "bad-value", "%s must be a whole number from 0 to 4294967295", key);
	*number = (uint32_t)json_object_get_int64(value);
	return true;
}

static bool get_set_number(struct place *place, json_object *object, const char *key, Peering__Number **number)
{
	if (!json_object_object_get_ex(object, key, NULL))
		return true;
	*number = malloc(sizeof(**number));
	if (!*number)
		return refuse(place, "no-memory", "memory is short; try again");
	peering__number__init(*number);
	return get_number(place, object, key, &(*number)->value);
}

static bool get_bool(struct place *place, json_object *object, const char *key, protobuf_c_boolean *field)
{
	json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		return true;
	if (!json_object_is_type(value, json_type_boolean))
		return refuse(place, "bad-value", "%s must be true or false", key);
	*field = json_object_get_boolean(value);
	return true;
}

/* A list that may lack; *array is then NULL. */
static bool get_array(struct place *place, json_object *object, const char *key, size_t most, json_object **array)
{
	*array = NULL;
	if (!json_object_object_get_ex(object, key, array))
		return true;
	if (!json_object_is_type(*array, json_type_array) || json_object_array_length(*array) > most)
		return refuse(place, "bad-value", "%s must be a list of at most %zu", key, most);
	return true;
}

static bool get_texts(struct place *place, json_object *object, const char *key, size_t *count, char ***list)
{
	json_object *array;

	if (!get_array(place, object, key, POLICY_COMMUNITIES_MAX, &array))
		return false;
	if (!array || !json_object_array_length(array))
		return true;
	*list = calloc(json_object_array_length(array), sizeof(**list));
	for (size_t i = 0; *list && i < json_object_array_length(array); i++) {
		json_object *value = json_object_array_get_idx(array, i);

		if (!is_text(value))
			return refuse(place, "bad-value", "%s must be a list of texts", key);
		(*list)[i] = strdup(json_object_get_string(value));
		if (!(*list)[i])
			break;
		*count = i + 1;
	}
	return *count == json_object_array_length(array) || refuse(place, "no-memory", "memory is short; try again");
}

static bool get_numbers(struct place *place, json_object *object, const char *key, size_t *count, uint32_t **list)
{
	json_object *array;

	if (!get_array(place, object, key, POLICY_PREPEND_MAX, &array))
		return false;
	if (!array || !json_object_array_length(array))
		return true;
	*list = calloc(json_object_array_length(array), sizeof(**list));
	if (!*list)
		return refuse(place, "no-memory", "memory is short; try again");
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *value = json_object_array_get_idx(array, i);
		int64_t number = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;

		if (number < 0 || number > (int64_t)UINT32_MAX)
			return refuse(place, "bad-value", "%s must be a list of AS numbers", key);
		(*list)[(*count)++] = (uint32_t)number;
	}
	return true;
}

static bool read_match(struct place *place, json_object *match, Peering__RouteMapClause *clause)
{
	static const char *const keys[] = {"prefixListIpv4", "prefixListIpv6", "asPath", "community", "communityExact",
					   "largeCommunity", NULL};

	return keys_known(place, match, keys) &&
	       get_text(place, match, "prefixListIpv4", &clause->match_prefix_list_ipv4) &&
	       get_text(place, match, "prefixListIpv6", &clause->match_prefix_list_ipv6) &&
	       get_text(place, match, "asPath", &clause->match_as_path) &&
	       get_text(place, match, "community", &clause->match_community) &&
	       get_bool(place, match, "communityExact", &clause->match_community_exact) &&
	       get_text(place, match, "largeCommunity", &clause->match_large_community);
}

static bool read_set(struct place *place, json_object *set, Peering__RouteMapClause *clause)
{
	static const char *const keys[] = {"localPreference", "med", "communities", "communitiesAdditive",
					   "largeCommunities", "largeCommunitiesAdditive", "asPathPrepend", "nextHop", NULL};
	const char *next_hop;

	if (!keys_known(place, set, keys) || !get_set_number(place, set, "localPreference", &clause->set_local_preference) ||
	    !get_set_number(place, set, "med", &clause->set_med) ||
	    !get_texts(place, set, "communities", &clause->n_set_communities, &clause->set_communities) ||
	    !get_bool(place, set, "communitiesAdditive", &clause->set_communities_additive) ||
	    !get_texts(place, set, "largeCommunities", &clause->n_set_large_communities, &clause->set_large_communities) ||
	    !get_bool(place, set, "largeCommunitiesAdditive", &clause->set_large_communities_additive) ||
	    !get_numbers(place, set, "asPathPrepend", &clause->n_set_as_path_prepend, &clause->set_as_path_prepend) ||
	    !get_word(place, set, "nextHop", &next_hop))
		return false;
	if (!next_hop)
		return true;
	if (strcmp(next_hop, "peer-address") == 0)
		clause->set_next_hop = PEERING__NEXT_HOP__NEXT_HOP_PEER_ADDRESS;
	else if (strcmp(next_hop, "unchanged") == 0)
		clause->set_next_hop = PEERING__NEXT_HOP__NEXT_HOP_UNCHANGED;
	else
		return refuse(place, "bad-value", "nextHop must be \"peer-address\" or \"unchanged\"");
	return true;
}

static bool read_part(struct place *place, json_object *object, const char *key, Peering__RouteMapClause *clause,
		      bool (*read)(struct place *place, json_object *part, Peering__RouteMapClause *clause))
{
	json_object *part;

	if (!json_object_object_get_ex(object, key, &part))
		return true;
	if (!json_object_is_type(part, json_type_object))
		return refuse(place, "bad-value", "%s must be an object", key);
	return read(place, part, clause);
}

static bool read_clause(struct place *place, json_object *object, Peering__PolicyEntry *entry)
{
	static const char *const keys[] = {"sequence", "action", "match", "set", "call", "onMatch", "goto", NULL};
	Peering__RouteMapClause *clause = malloc(sizeof(*clause));
	const char *on_match;

	if (!clause)
		return refuse(place, "no-memory", "memory is short; try again");
	peering__route_map_clause__init(clause);
	entry->clause = clause;
	if (!keys_known(place, object, keys) || !read_part(place, object, "match", clause, read_match) ||
	    !read_part(place, object, "set", clause, read_set) || !get_text(place, object, "call", &clause->call) ||
	    !get_word(place, object, "onMatch", &on_match) || !get_number(place, object, "goto", &clause->goto_sequence))
		return false;
	if (on_match && strcmp(on_match, "next") == 0)
		clause->on_match = PEERING__ON_MATCH__ON_MATCH_NEXT;
	else if (on_match && strcmp(on_match, "goto") == 0)
		clause->on_match = PEERING__ON_MATCH__ON_MATCH_GOTO;
	else if (on_match && strcmp(on_match, "exit") != 0)
		return refuse(place, "bad-value", "onMatch must be \"exit\", \"next\" or \"goto\"");
	return true;
}

static bool read_list_entry(struct place *place, Peering__PolicyKind kind, json_object *object, Peering__PolicyEntry *entry)
{
	static const char *const prefix_keys[] = {"sequence", "action", "prefix", "ge", "le", NULL};
	static const char *const regex_keys[] = {"sequence", "action", "regex", NULL};
	static const char *const community_keys[] = {"sequence", "action", "communities", NULL};

	if (policy_kind_is_prefix_list(kind))
		return keys_known(place, object, prefix_keys) && get_text(place, object, "prefix", &entry->prefix) &&
		       get_number(place, object, "ge", &entry->ge) && get_number(place, object, "le", &entry->le);
	if (kind == PEERING__POLICY_KIND__POLICY_KIND_COMMUNITY_LIST ||
	    kind == PEERING__POLICY_KIND__POLICY_KIND_LARGE_COMMUNITY_LIST)
		return keys_known(place, object, community_keys) &&
		       get_texts(place, object, "communities", &entry->n_communities, &entry->communities);
	return keys_known(place, object, regex_keys) && get_text(place, object, "regex", &entry->regex);
}

static bool read_entry(struct place *place, Peering__PolicyKind kind, json_object *object, Peering__PolicyEntry *entry)
{
	const char *action;

	if (!json_object_is_type(object, json_type_object))
		return refuse(place, "bad-value", "each entry must be an object");
	if (!get_number(place, object, "sequence", &entry->sequence) || !get_word(place, object, "action", &action))
		return false;
	if (action && strcmp(action, "permit") == 0)
		entry->action = PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT;
	else if (action && strcmp(action, "deny") == 0)
		entry->action = PEERING__POLICY_ACTION__POLICY_ACTION_DENY;
	else
		return refuse(place, "bad-action", "action must be \"permit\" or \"deny\"");
	return kind == PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP ? read_clause(place, object, entry)
								   : read_list_entry(place, kind, object, entry);
}

static bool read_policy(struct place *place, json_object *body, const char *name, Peering__Policy *policy)
{
	static const char *const keys[] = {"name", "kind", "entries", NULL};
	const char *kind, *own_name;
	json_object *array;

	if (!json_object_is_type(body, json_type_object))
		return refuse(place, "bad-value", "a policy is an object with a kind and entries");
	if (!keys_known(place, body, keys) || !get_word(place, body, "name", &own_name) || !get_word(place, body, "kind", &kind))
		return false;
	if (name && own_name && strcmp(name, own_name) != 0)
		return refuse(place, "bad-name", "the name is another than that of the path; leave it out");
	policy->name = strdup(name ? name : own_name ? own_name : "");
	policy->kind = policy_kind_from_name(kind);
	if (!policy->name)
		return refuse(place, "no-memory", "memory is short; try again");
	if (!policy->kind)
		return refuse(place, "bad-kind",
			      "kind must be prefix-list-ipv4, prefix-list-ipv6, as-path-list, community-list[-expanded], large-community-list[-expanded] or route-map");
	if (!get_array(place, body, "entries", POLICY_PREFIXES_MAX, &array))
		return false;
	policy->entries = calloc(array ? json_object_array_length(array) + 1 : 1, sizeof(*policy->entries));
	if (!policy->entries)
		return refuse(place, "no-memory", "memory is short; try again");
	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		Peering__PolicyEntry *entry = malloc(sizeof(*entry));

		if (!entry)
			return refuse(place, "no-memory", "memory is short; try again");
		peering__policy_entry__init(entry);
		policy->entries[policy->n_entries++] = entry;
		snprintf(place->where, sizeof(place->where), "entries[%zu]: ", i);
		if (!read_entry(place, policy->kind, json_object_array_get_idx(array, i), entry))
			return false;
	}
	return true;
}

Peering__Policy *policy_from_json(json_object *body, const char *name, struct policy_error *error)
{
	struct place place = {.error = error};
	Peering__Policy *policy = malloc(sizeof(*policy));

	if (!policy) {
		refuse(&place, "no-memory", "memory is short; try again");
		return NULL;
	}
	peering__policy__init(policy);
	if (read_policy(&place, body, name, policy) && policy_check(policy, error))
		return policy;
	peering__policy__free_unpacked(policy, NULL);
	return NULL;
}

/* ---- writing: what is not there is left out ---- */

static void add_text(json_object *object, const char *key, const char *text)
{
	if (text[0])
		json_object_object_add(object, key, json_object_new_string(text));
}

static void add_number(json_object *object, const char *key, uint32_t number)
{
	if (number)
		json_object_object_add(object, key, json_object_new_int64(number));
}

static void add_true(json_object *object, const char *key, bool value)
{
	if (value)
		json_object_object_add(object, key, json_object_new_boolean(true));
}

static void add_texts(json_object *object, const char *key, size_t count, char *const *list)
{
	json_object *array;

	if (!count)
		return;
	array = json_object_new_array();
	for (size_t i = 0; i < count; i++)
		json_object_array_add(array, json_object_new_string(list[i]));
	json_object_object_add(object, key, array);
}

static void add_part(json_object *object, const char *key, json_object *part)
{
	if (json_object_object_length(part))
		json_object_object_add(object, key, part);
	else
		json_object_put(part);
}

static void add_clause(json_object *object, const Peering__RouteMapClause *clause)
{
	static const char *const next_hops[] = {"", "peer-address", "unchanged"};
	static const char *const ways[] = {"", "next", "goto"};
	json_object *match = json_object_new_object(), *set = json_object_new_object(), *prepended;

	add_text(match, "prefixListIpv4", clause->match_prefix_list_ipv4);
	add_text(match, "prefixListIpv6", clause->match_prefix_list_ipv6);
	add_text(match, "asPath", clause->match_as_path);
	add_text(match, "community", clause->match_community);
	add_true(match, "communityExact", clause->match_community_exact);
	add_text(match, "largeCommunity", clause->match_large_community);
	if (clause->set_local_preference)
		json_object_object_add(set, "localPreference", json_object_new_int64(clause->set_local_preference->value));
	if (clause->set_med)
		json_object_object_add(set, "med", json_object_new_int64(clause->set_med->value));
	add_texts(set, "communities", clause->n_set_communities, clause->set_communities);
	add_true(set, "communitiesAdditive", clause->set_communities_additive);
	add_texts(set, "largeCommunities", clause->n_set_large_communities, clause->set_large_communities);
	add_true(set, "largeCommunitiesAdditive", clause->set_large_communities_additive);
	if (clause->n_set_as_path_prepend) {
		prepended = json_object_new_array();
		for (size_t i = 0; i < clause->n_set_as_path_prepend; i++)
			json_object_array_add(prepended, json_object_new_int64(clause->set_as_path_prepend[i]));
		json_object_object_add(set, "asPathPrepend", prepended);
	}
	add_text(set, "nextHop", next_hops[clause->set_next_hop]);
	add_part(object, "match", match);
	add_part(object, "set", set);
	add_text(object, "call", clause->call);
	add_text(object, "onMatch", ways[clause->on_match]);
	add_number(object, "goto", clause->goto_sequence);
}

json_object *policy_entry_to_json(const Peering__Policy *policy, const Peering__PolicyEntry *entry)
{
	json_object *object = json_object_new_object();

	add_number(object, "sequence", entry->sequence);
	add_text(object, "action", entry->action == PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT ? "permit" : "deny");
	add_text(object, "prefix", entry->prefix);
	add_number(object, "ge", entry->ge);
	add_number(object, "le", entry->le);
	add_text(object, "regex", entry->regex);
	add_texts(object, "communities", entry->n_communities, entry->communities);
	if (policy->kind == PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP && entry->clause)
		add_clause(object, entry->clause);
	return object;
}

static json_object *head_to_json(const Peering__Policy *policy)
{
	json_object *object = json_object_new_object();

	add_text(object, "name", policy->name);
	add_text(object, "kind", policy_kind_name(policy->kind));
	return object;
}

json_object *policy_to_json(const Peering__Policy *policy)
{
	json_object *object = head_to_json(policy), *array = json_object_new_array();

	for (size_t i = 0; i < policy->n_entries; i++)
		json_object_array_add(array, policy_entry_to_json(policy, policy->entries[i]));
	json_object_object_add(object, "entries", array);
	return object;
}

/* Puts `object`; without its last brace where more follows. */
static void print(FILE *out, json_object *object, bool more)
{
	size_t length;
	const char *text = json_object_to_json_string_length(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);

	fwrite(text, 1, length - more, out);
	json_object_put(object);
}

char *policy_to_text(const Peering__Policy *policy)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool good;

	if (!out)
		return NULL;
	print(out, head_to_json(policy), true);
	fputs(",\"entries\":[", out);
	for (size_t i = 0; i < policy->n_entries; i++) {
		if (i > 0)
			fputc(',', out);
		print(out, policy_entry_to_json(policy, policy->entries[i]), false);
	}
	fputs("]}", out);
	good = !ferror(out);
	if (fclose(out) == 0 && good)
		return text;
	free(text);
	return NULL;
}
