// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/policy_object.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/utf8.h"

static const char *const kind_names[POLICY_KINDS] = {
	[PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV4] = "prefix-list-ipv4",
	[PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV6] = "prefix-list-ipv6",
	[PEERING__POLICY_KIND__POLICY_KIND_AS_PATH_LIST] = "as-path-list",
	[PEERING__POLICY_KIND__POLICY_KIND_COMMUNITY_LIST] = "community-list",
	[PEERING__POLICY_KIND__POLICY_KIND_COMMUNITY_LIST_EXPANDED] = "community-list-expanded",
	[PEERING__POLICY_KIND__POLICY_KIND_LARGE_COMMUNITY_LIST] = "large-community-list",
	[PEERING__POLICY_KIND__POLICY_KIND_LARGE_COMMUNITY_LIST_EXPANDED] = "large-community-list-expanded",
	[PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP] = "route-map",
};

/* Those that every FRR release knows by these names. */
static const char *const known_communities[] = {
	"graceful-shutdown", "accept-own", "route-filter-translated-v4", "route-filter-v4", "route-filter-translated-v6",
	"route-filter-v6", "llgr-stale", "no-llgr", "accept-own-nexthop", "blackhole", "no-export", "no-advertise",
	"local-AS", "no-peer",
};

const char *policy_kind_name(Peering__PolicyKind kind)
{
	return (unsigned int)kind < POLICY_KINDS ? kind_names[kind] : NULL;
}

Peering__PolicyKind policy_kind_from_name(const char *name)
{
	for (int kind = 1; name && kind < POLICY_KINDS; kind++)
		if (strcmp(kind_names[kind], name) == 0)
			return (Peering__PolicyKind)kind;
	return PEERING__POLICY_KIND__POLICY_KIND_UNSPECIFIED;
}

bool policy_kind_is_prefix_list(Peering__PolicyKind kind)
{
	return kind == PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV4 ||
	       kind == PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV6;
}

static Peering__PolicyKind place_of(Peering__PolicyKind kind)
{
	switch (kind) {
	case PEERING__POLICY_KIND__POLICY_KIND_COMMUNITY_LIST_EXPANDED:
		return PEERING__POLICY_KIND__POLICY_KIND_COMMUNITY_LIST;
	case PEERING__POLICY_KIND__POLICY_KIND_LARGE_COMMUNITY_LIST_EXPANDED:
		return PEERING__POLICY_KIND__POLICY_KIND_LARGE_COMMUNITY_LIST;
	default:
		return kind;
	}
}

bool policy_kind_same_place(Peering__PolicyKind a, Peering__PolicyKind b)
{
	return place_of(a) == place_of(b);
}

/* ---- judging ---- */

__attribute__((format(printf, 3, 4))) static bool refuse(struct policy_error *error, const char *code,
							 const char *format, ...)
{
	va_list arguments;

	error->code = code;
	va_start(arguments, format);
	vsnprintf(error->sentence, sizeof(error->sentence), format, arguments);
	va_end(arguments);
	return false;
}

const char *policy_name_error(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	if (!name[0] || strlen(name) >= POLICY_NAME_MAX)
		return "a policy's name has 1 to 63 characters";
	if (strspn(name, allowed) != strlen(name))
		return "the name of a policy has only letters, digits, '.', '_' and '-'";
	if (!isalpha((unsigned char)name[0]))
		return "the name of a policy begins with a letter";
	if (strncasecmp(name, POLICY_RESERVED, strlen(POLICY_RESERVED)) == 0)
		return "names that begin with PEERING- are the router's own; choose another";
	return NULL;
}

static bool has_unknown(const ProtobufCMessage *message, const char *name, uint32_t sequence, struct policy_error *error)
{
	if (!message || message->n_unknown_fields == 0)
		return false;
	refuse(error, "unknown-match", "%s entry %u matches or sets something that this version does not know", name, sequence);
	return true;
}

bool policy_check_head(const Peering__Policy *policy, struct policy_error *error)
{
	size_t most = policy_kind_is_prefix_list(policy->kind) ? POLICY_PREFIXES_MAX : POLICY_ENTRIES_MAX;
	const char *wrong = policy_name_error(policy->name);

	if (wrong)
		return refuse(error, "bad-name", "'%.60s': %s", utf8_is_clean(policy->name) ? policy->name : "?", wrong);
	if (!policy_kind_name(policy->kind))
		return refuse(error, "bad-kind", "%s: the kind of this policy is unknown here", policy->name);
	if (has_unknown(&policy->base, policy->name, 0, error))
		return false;
	/* FRR lets everything pass through an empty prefix-list. */
	if (policy->n_entries == 0)
		return refuse(error, "bad-policy", "%s has no entry; give at least one, and withdraw what is not wanted any more",
			      policy->name);
	if (policy->n_entries > most)
		return refuse(error, "too-many", "%s has %zu entries; a %s has at most %zu", policy->name, policy->n_entries,
			      policy_kind_name(policy->kind), most);
	return true;
}

static bool check_prefix(const Peering__Policy *policy, const Peering__PolicyEntry *entry, struct policy_error *error)
{
	bool v4 = policy->kind == PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV4;
	unsigned int bits = v4 ? 32 : 128, length = 0;
	const char *slash = strchr(entry->prefix, '/');
	char address[INET6_ADDRSTRLEN];
	uint8_t bytes[16] = {0};
	bool good = slash && (size_t)(slash - entry->prefix) < sizeof(address) && isdigit((unsigned char)slash[1]) &&
		    strlen(slash) <= 4 && strspn(slash + 1, "0123456789") == strlen(slash + 1);

	if (good) {
		memcpy(address, entry->prefix, (size_t)(slash - entry->prefix));
		address[slash - entry->prefix] = '\0';
		length = (unsigned int)strtoul(slash + 1, NULL, 10);
		good = length <= bits && inet_pton(v4 ? AF_INET : AF_INET6, address, bytes) == 1;
	}
	if (!good)
		return refuse(error, "bad-prefix", "%s entry %u: '%.50s' is no %s prefix", policy->name, entry->sequence,
			      utf8_is_clean(entry->prefix) ? entry->prefix : "?", v4 ? "IPv4" : "IPv6");
	for (unsigned int bit = length; bit < bits; bit++)
		if (bytes[bit / 8] & (0x80 >> (bit % 8)))
			return refuse(error, "bad-prefix", "%s entry %u: %s has bits behind its length; write the network's own address",
				      policy->name, entry->sequence, entry->prefix);
	if ((entry->ge && (entry->ge <= length || entry->ge > bits)) || (entry->le && (entry->le <= length || entry->le > bits)) ||
	    (entry->ge && entry->le && entry->ge > entry->le))
		return refuse(error, "bad-range", "%s entry %u: for %s must hold: %u < ge <= le <= %u", policy->name,
			      entry->sequence, entry->prefix, length, bits);
	return true;
}

static bool is_number_up_to(const char **at, unsigned long most)
{
	size_t digits = strspn(*at, "0123456789");
	bool good = digits > 0 && digits <= 10 && strtoul(*at, NULL, 10) <= most;

	*at += digits;
	return good;
}

static bool is_community(const char *text, bool large)
{
	const char *at = text;

	for (size_t i = 0; !large && i < sizeof(known_communities) / sizeof(known_communities[0]); i++)
		if (strcmp(text, known_communities[i]) == 0)
			return true;
	for (int part = 0; part < (large ? 3 : 2); part++) {
		if (part && *at++ != ':')
			return false;
		if (!is_number_up_to(&at, large ? UINT32_MAX : UINT16_MAX))
			return false;
	}
	return *at == '\0';
}

static bool check_communities(const char *name, uint32_t sequence, char *const *communities, size_t count, bool large,
			      struct policy_error *error)
{
	if (count > POLICY_COMMUNITIES_MAX)
		return refuse(error, "too-many", "%s entry %u has more than %d communities", name, sequence, POLICY_COMMUNITIES_MAX);
	for (size_t i = 0; i < count; i++)
		if (!is_community(communities[i], large))
			return refuse(error, "bad-community", "%s entry %u: '%.40s' is no %scommunity, such as %s", name, sequence,
				      utf8_is_clean(communities[i]) ? communities[i] : "?", large ? "large " : "",
				      large ? "64500:1:2" : "64500:1 or no-export");
	return true;
}

/* What FRR's own commands take; that it compiles only FRR can say. */
static bool check_regex(const Peering__Policy *policy, const Peering__PolicyEntry *entry, struct policy_error *error)
{
	static const char allowed[] = "0123456789^$_.*+?|()[]{}-,: ";
	const char *regex = entry->regex;

	if (!regex[0] || strlen(regex) > POLICY_REGEX_MAX || strspn(regex, allowed) != strlen(regex) || regex[0] == ' ' ||
	    regex[strlen(regex) - 1] == ' ' || strstr(regex, "  "))
		return refuse(error, "bad-regex",
			      "%s entry %u: a regular expression has 1 to %d digits and signs of ^$_.*+?|()[]{}-,: and single spaces",
			      policy->name, entry->sequence, POLICY_REGEX_MAX);
	return true;
}

static bool check_reference(const Peering__Policy *policy, const Peering__PolicyEntry *entry, const char *name,
			    struct policy_error *error)
{
	/* What was typed on a router may be named otherwise than a policy. */
	bool word = strlen(name) < POLICY_NAME_MAX && utf8_is_clean(name) && !strpbrk(name, " !\"'?|\\");

	return word || refuse(error, "bad-name", "%s entry %u refers to what is no name", policy->name, entry->sequence);
}

static bool check_clause(const Peering__Policy *policy, const Peering__PolicyEntry *entry, struct policy_error *error)
{
	static const Peering__RouteMapClause nothing = PEERING__ROUTE_MAP_CLAUSE__INIT;
	const Peering__RouteMapClause *clause = entry->clause ? entry->clause : &nothing;
	const char *references[] = {clause->match_prefix_list_ipv4, clause->match_prefix_list_ipv6, clause->match_as_path,
				    clause->match_community, clause->match_large_community, clause->call};
	bool sets = clause->set_local_preference || clause->set_med || clause->n_set_communities ||
		    clause->n_set_large_communities || clause->n_set_as_path_prepend || clause->set_next_hop;

	if (has_unknown(&clause->base, policy->name, entry->sequence, error) ||
	    (clause->set_local_preference && has_unknown(&clause->set_local_preference->base, policy->name, entry->sequence, error)) ||
	    (clause->set_med && has_unknown(&clause->set_med->base, policy->name, entry->sequence, error)))
		return false;
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		if (!check_reference(policy, entry, references[i], error))
			return false;
	if (clause->match_prefix_list_ipv4[0] && clause->match_prefix_list_ipv6[0])
		return refuse(error, "bad-policy", "%s entry %u matches an IPv4 and an IPv6 prefix-list: no route is in both; make two entries",
			      policy->name, entry->sequence);
	if (clause->match_community_exact && !clause->match_community[0])
		return refuse(error, "bad-policy", "%s entry %u wants an exact match of no community-list", policy->name, entry->sequence);
	if (clause->set_next_hop > PEERING__NEXT_HOP__NEXT_HOP_UNCHANGED || clause->on_match > PEERING__ON_MATCH__ON_MATCH_GOTO)
		return refuse(error, "unknown-match", "%s entry %u sets a next hop or goes on in a way that this version does not know",
			      policy->name, entry->sequence);
	if (!check_communities(policy->name, entry->sequence, clause->set_communities, clause->n_set_communities, false, error) ||
	    !check_communities(policy->name, entry->sequence, clause->set_large_communities, clause->n_set_large_communities,
			       true, error))
		return false;
	if (clause->n_set_as_path_prepend > POLICY_PREPEND_MAX)
		return refuse(error, "too-many", "%s entry %u prepends more than %d AS numbers", policy->name, entry->sequence,
			      POLICY_PREPEND_MAX);
	for (size_t i = 0; i < clause->n_set_as_path_prepend; i++)
		if (clause->set_as_path_prepend[i] == 0)
			return refuse(error, "bad-policy", "%s entry %u prepends AS 0", policy->name, entry->sequence);
	if (entry->action == PEERING__POLICY_ACTION__POLICY_ACTION_DENY && (sets || clause->call[0] || clause->on_match))
		return refuse(error, "bad-policy", "%s entry %u denies: it sets nothing, calls nothing and goes nowhere", policy->name,
			      entry->sequence);
	if (strcmp(clause->call, policy->name) == 0)
		return refuse(error, "call-circle", "%s entry %u calls its own route-map", policy->name, entry->sequence);
	if ((clause->on_match == PEERING__ON_MATCH__ON_MATCH_GOTO) != (clause->goto_sequence != 0) ||
	    (clause->goto_sequence && (clause->goto_sequence <= entry->sequence || clause->goto_sequence > POLICY_SEQUENCE_MAX)))
		return refuse(error, "bad-policy", "%s entry %u: goto names an entry behind it, at most %u", policy->name,
			      entry->sequence, POLICY_SEQUENCE_MAX);
	return true;
}

static bool check_foreign(const Peering__Policy *policy, const Peering__PolicyEntry *entry, struct policy_error *error)
{
	bool prefixes = policy_kind_is_prefix_list(policy->kind);
	bool route_map = policy->kind == PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP;
	bool communities = policy->kind == PEERING__POLICY_KIND__POLICY_KIND_COMMUNITY_LIST ||
			   policy->kind == PEERING__POLICY_KIND__POLICY_KIND_LARGE_COMMUNITY_LIST;

	if ((!prefixes && (entry->prefix[0] || entry->ge || entry->le)) || (!route_map && entry->clause) ||
	    (!communities && entry->n_communities) || ((prefixes || route_map || communities) && entry->regex[0]))
		return refuse(error, "bad-policy", "%s entry %u has what belongs to another kind than %s", policy->name,
			      entry->sequence, policy_kind_name(policy->kind));
	return true;
}

bool policy_check_entry(const Peering__Policy *policy, const Peering__PolicyEntry *entry,
			const Peering__PolicyEntry *before, struct policy_error *error)
{
	bool large = policy->kind == PEERING__POLICY_KIND__POLICY_KIND_LARGE_COMMUNITY_LIST;
	uint32_t most = policy->kind == PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP ? POLICY_SEQUENCE_MAX : INT32_MAX;

	if (entry->sequence == 0 || entry->sequence > most)
		return refuse(error, "bad-sequence", "%s: the sequence %u is out of range; 1 to %u", policy->name, entry->sequence, most);
	if (before && before->sequence >= entry->sequence)
		return refuse(error, "bad-sequence", "%s: the sequence %u stands behind %u; each once, in rising order", policy->name,
			      entry->sequence, before->sequence);
	if (entry->action != PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT &&
	    entry->action != PEERING__POLICY_ACTION__POLICY_ACTION_DENY)
		return refuse(error, "bad-action", "%s entry %u neither permits nor denies", policy->name, entry->sequence);
	if (has_unknown(&entry->base, policy->name, entry->sequence, error) || !check_foreign(policy, entry, error))
		return false;
	switch (policy->kind) {
	case PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV4:
	case PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV6:
		return check_prefix(policy, entry, error);
	case PEERING__POLICY_KIND__POLICY_KIND_COMMUNITY_LIST:
	case PEERING__POLICY_KIND__POLICY_KIND_LARGE_COMMUNITY_LIST:
		if (!entry->n_communities)
			return refuse(error, "bad-community", "%s entry %u has no community", policy->name, entry->sequence);
		return check_communities(policy->name, entry->sequence, entry->communities, entry->n_communities, large, error);
	case PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP:
		return check_clause(policy, entry, error);
	default:
		return check_regex(policy, entry, error);
	}
}

bool policy_check(const Peering__Policy *policy, struct policy_error *error)
{
	if (!policy_check_head(policy, error))
		return false;
	for (size_t i = 0; i < policy->n_entries; i++)
		if (!policy_check_entry(policy, policy->entries[i], i ? policy->entries[i - 1] : NULL, error))
			return false;
	return true;
}

bool policy_entry_same(const Peering__PolicyEntry *a, const Peering__PolicyEntry *b)
{
	size_t size = peering__policy_entry__get_packed_size(a);
	uint8_t *bytes;
	bool same;

	if (size != peering__policy_entry__get_packed_size(b))
		return false;
	bytes = malloc(2 * size + 1);
	if (!bytes)
		return false;
	peering__policy_entry__pack(a, bytes);
	peering__policy_entry__pack(b, bytes + size);
	same = memcmp(bytes, bytes + size, size) == 0;
	free(bytes);
	return same;
}
