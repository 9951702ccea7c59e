// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_list.h"

#include "bgpd/bgp_clist.h"
#include "bgpd/bgp_community.h"
#include "bgpd/bgp_filter.h"
#include "bgpd/bgp_lcommunity.h"

#include "lib/policy_object.h"

#define K(name) PEERING__POLICY_KIND__POLICY_KIND_##name

static const char *const list_words[POLICY_KINDS] = {
	[K(AS_PATH_LIST)] = "bgp as-path access-list",
	[K(COMMUNITY_LIST)] = "bgp community-list standard",
	[K(COMMUNITY_LIST_EXPANDED)] = "bgp community-list expanded",
	[K(LARGE_COMMUNITY_LIST)] = "bgp large-community-list standard",
	[K(LARGE_COMMUNITY_LIST_EXPANDED)] = "bgp large-community-list expanded",
};

const char *policy_list_words(Peering__PolicyKind kind)
{
	return (unsigned int)kind < POLICY_KINDS ? list_words[kind] : NULL;
}

static bool is_large(Peering__PolicyKind kind)
{
	return policy_kind_same_place(kind, K(LARGE_COMMUNITY_LIST));
}

static struct community_list *community_list_of(Peering__PolicyKind kind, const char *name)
{
	return community_list_lookup(bgp_clist, name, 0, is_large(kind) ? LARGE_COMMUNITY_LIST_MASTER : COMMUNITY_LIST_MASTER);
}

bool policy_list_is_there(Peering__PolicyKind kind, const char *name)
{
	return kind == K(AS_PATH_LIST) ? as_list_lookup(name) != NULL : community_list_of(kind, name) != NULL;
}

static const char *action_word(bool permits)
{
	return permits ? "permit" : "deny";
}

static void write_as_paths(FILE *to, const struct as_list *list)
{
	for (const struct as_filter *entry = list->head; entry; entry = entry->next)
		fprintf(to, "%s %s seq %lld %s %s\n", list_words[K(AS_PATH_LIST)], list->name, (long long)entry->seq,
			action_word(entry->type == AS_FILTER_PERMIT), entry->reg_str);
}

static const char *communities_of(const struct community_entry *entry)
{
	if (entry->style == COMMUNITY_LIST_STANDARD && entry->u.com)
		return community_str(entry->u.com, false, false);
	if (entry->style == LARGE_COMMUNITY_LIST_STANDARD && entry->u.lcom)
		return lcommunity_str(entry->u.lcom, false, false);
	return entry->config ? entry->config : "";
}

static void write_communities(FILE *to, const struct community_list *list, Peering__PolicyKind standard)
{
	for (const struct community_entry *entry = list->head; entry; entry = entry->next) {
		bool expanded = entry->style == COMMUNITY_LIST_EXPANDED || entry->style == LARGE_COMMUNITY_LIST_EXPANDED;

		fprintf(to, "%s %s seq %lld %s %s\n", list_words[standard + expanded], list->name, (long long)entry->seq,
			action_word(entry->direct == COMMUNITY_PERMIT), communities_of(entry));
	}
}

void policy_list_write(FILE *to, Peering__PolicyKind kind, const char *name)
{
	const struct community_list *communities;
	const struct as_list *paths;

	if (kind == K(AS_PATH_LIST)) {
		paths = as_list_lookup(name);
		if (paths)
			write_as_paths(to, paths);
		return;
	}
	communities = community_list_of(kind, name);
	if (communities)
		write_communities(to, communities, is_large(kind) ? K(LARGE_COMMUNITY_LIST) : K(COMMUNITY_LIST));
}

bool policy_list_takes(Peering__PolicyKind kind, const char *text)
{
	typeof(bgp_regcomp(text)) regex;

	if (!text[0])
		return true;
	regex = kind != K(AS_PATH_LIST) || config_bgp_aspath_validate(text) ? bgp_regcomp(text) : NULL;
	if (regex)
		bgp_regex_free(regex);
	return regex != NULL;
}

static bool has_path(const struct as_list *list, enum as_filter_type type, const char *regex)
{
	for (const struct as_filter *filter = list->head; filter; filter = filter->next)
		if (filter->type == type && strcmp(filter->reg_str, regex) == 0)
			return true;
	return false;
}

bool policy_list_append_path(const char *name, const Peering__PolicyEntry *entry)
{
	enum as_filter_type type =
		entry->action == PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT ? AS_FILTER_PERMIT : AS_FILTER_DENY;
	struct as_list *list = as_list_lookup(name);
	struct as_filter *filter;

	/* bgpd's line takes the spaces of an expression as it likes. */
	if (!list || !list->tail || !entry->regex[0] || strchr(entry->regex, ' '))
		return false;
	/* bgpd keeps no second one. */
	if (has_path(list, type, entry->regex))
		return true;
	filter = XCALLOC(MTYPE_AS_FILTER, sizeof(*filter));
	filter->type = type;
	filter->reg = bgp_regcomp(entry->regex);
	filter->reg_str = XSTRDUP(MTYPE_AS_FILTER_STR, entry->regex);
	filter->seq = entry->sequence;
	filter->prev = list->tail;
	list->tail->next = filter;
	list->tail = filter;
	return true;
}

void policy_list_rename_paths(const char *name, const char *other)
{
	struct as_list *list = as_list_lookup(name);

	XFREE(MTYPE_AS_STR, list->name);
	list->name = XSTRDUP(MTYPE_AS_STR, other);
	as_list_named(list);
}

#define EXCHANGE(a, b)                                                                                                 \
	do {                                                                                                           \
		typeof(a) was = (a);                                                                                   \
		(a) = (b);                                                                                             \
		(b) = was;                                                                                             \
	} while (0)

void policy_list_exchange(Peering__PolicyKind kind, const char *name, const char *other)
{
	if (kind == K(AS_PATH_LIST)) {
		struct as_list *one = as_list_lookup(name), *two = as_list_lookup(other);

		EXCHANGE(one->head, two->head);
		EXCHANGE(one->tail, two->tail);
	} else {
		struct community_list *one = community_list_of(kind, name), *two = community_list_of(kind, other);

		EXCHANGE(one->head, two->head);
		EXCHANGE(one->tail, two->tail);
	}
}

/* ---- what was pushed ---- */

static const Peering__PolicyEntry *entry_of(const Peering__Policy *policy, uint32_t sequence)
{
	size_t low = 0, high = policy->n_entries;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (policy->entries[middle]->sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < policy->n_entries && policy->entries[low]->sequence == sequence ? policy->entries[low] : NULL;
}

/* Takes the words of `expected` from *text, whatever stands between them. */
static bool take_words(const char **text, const char *expected)
{
	for (;;) {
		size_t length;

		expected += strspn(expected, " ");
		*text += strspn(*text, " ");
		length = strcspn(expected, " ");
		if (!length)
			return true;
		if (strncmp(*text, expected, length) != 0 || ((*text)[length] && (*text)[length] != ' '))
			return false;
		*text += length;
		expected += length;
	}
}

static void join(char *const *words, size_t count, FILE *to)
{
	for (size_t i = 0; i < count; i++)
		fprintf(to, "%s%s", i ? " " : "", words[i]);
}

/* In bgpd's order and words: "65535:666" is "blackhole". Takes them from *text. */
static bool take_communities(const char **text, Peering__PolicyKind kind, const Peering__PolicyEntry *entry)
{
	char *pushed = NULL;
	size_t size;
	FILE *to = open_memstream(&pushed, &size);
	bool same = false;

	if (!to)
		return false;
	join(entry->communities, entry->n_communities, to);
	fclose(to);
	if (is_large(kind)) {
		struct lcommunity *communities = lcommunity_str2com(pushed);

		same = communities && take_words(text, lcommunity_str(communities, false, false));
		if (communities)
			lcommunity_free(&communities);
	} else {
		struct community *communities = community_str2com(pushed);

		same = communities && take_words(text, community_str(communities, false, false));
		if (communities)
			community_free(&communities);
	}
	free(pushed);
	return same;
}

bool policy_list_has_line(const Peering__Policy *policy, const char *line)
{
	const char *rest = line;
	const Peering__PolicyEntry *entry;
	char *end;

	if (!take_words(&rest, policy_list_words(policy->kind)) || !take_words(&rest, policy->name) || !take_words(&rest, "seq"))
		return false;
	entry = entry_of(policy, (uint32_t)strtoul(rest, &end, 10));
	rest = end;
	if (!entry || !take_words(&rest, action_word(entry->action == PEERING__POLICY_ACTION__POLICY_ACTION_PERMIT)))
		return false;
	if (entry->n_communities ? !take_communities(&rest, policy->kind, entry) : !take_words(&rest, entry->regex))
		return false;
	return !rest[strspn(rest, " ")];
}
