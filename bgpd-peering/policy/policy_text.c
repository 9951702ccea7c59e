// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_text.h"

#include "bgpd-peering/policy/policy_install.h"
#include "bgpd-peering/policy/policy_list.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/turn.h"

#include "lib/plist_int.h"

#include "lib/policy_object.h"

#define K(name) PEERING__POLICY_KIND__POLICY_KIND_##name

/* ---- bgpd's own writers of lists ---- */

static const int list_nodes[] = {AS_LIST_NODE, COMMUNITY_LIST_NODE};
static int (*own_writers[array_size(list_nodes)])(struct vty *vty);

/* What bgpd would print of its lists; NULL where memory is short. The caller frees. */
static char *own_lines(size_t which)
{
	struct vty *vty = vty_new();
	char *text = NULL;
	size_t size;

	vty->type = VTY_SHELL;
	vty->of = open_memstream(&text, &size);
	if (vty->of) {
		own_writers[which](vty);
		fclose(vty->of);
	}
	vty->of = NULL;
	vty_close(vty);
	return text;
}

/* The kind of list that the line is about, and its name cut out of it; 0 for another line. */
static Peering__PolicyKind list_of(const char *line, char name[POLICY_NAME_MAX])
{
	for (int kind = 1; kind < POLICY_KINDS; kind++) {
		const char *words = policy_list_words((Peering__PolicyKind)kind);
		size_t length = words ? strlen(words) : 0;
		size_t name_length;

		if (!length || strncmp(line, words, length) != 0 || line[length] != ' ')
			continue;
		name_length = strcspn(line + length + 1, " ");
		if (name_length >= POLICY_NAME_MAX)
			break;
		memcpy(name, line + length + 1, name_length);
		name[name_length] = '\0';
		return (Peering__PolicyKind)kind;
	}
	return K(UNSPECIFIED);
}

static void each_own_line(size_t which,
			  void (*each)(Peering__PolicyKind kind, const char *name, const char *line, void *context),
			  void *context)
{
	char *text = own_lines(which), *rest = text, *line;
	char name[POLICY_NAME_MAX] = "";

	while (rest && (line = strsep(&rest, "\n"))) {
		if (line[0])
			each(list_of(line, name), name, line, context);
	}
	free(text);
}

struct writing {
	struct vty *vty;
	int written;
};

/* An entry that somebody has typed into a pushed list is his. */
static void write_typed(Peering__PolicyKind kind, const char *name, const char *line, void *context)
{
	struct writing *writing = context;

	if (kind && (policy_object_has_line(kind, name, line) || strncmp(name, POLICY_STAGED, strlen(POLICY_STAGED)) == 0))
		return;
	vty_out(writing->vty, "%s\n", line);
	writing->written++;
}

static int write_without_pushed(size_t which, struct vty *vty)
{
	struct writing writing = {.vty = vty};
	TURN(TURN_SHOW);

	each_own_line(which, write_typed, &writing);
	return writing.written;
}

static int write_as_path_lists(struct vty *vty)
{
	return write_without_pushed(0, vty);
}

static int write_community_lists(struct vty *vty)
{
	return write_without_pushed(1, vty);
}

void policy_text_init(void)
{
	static int (*const ours[array_size(list_nodes)])(struct vty *) = {write_as_path_lists, write_community_lists};

	for (size_t i = 0; i < array_size(list_nodes); i++) {
		struct cmd_node *node = vector_lookup(cmdvec, list_nodes[i]);

		own_writers[i] = node->config_write;
		node->config_write = ours[i];
	}
}

/* ---- one object ---- */

static afi_t afi_of(Peering__PolicyKind kind)
{
	return kind == K(PREFIX_LIST_IPV4) ? AFI_IP : AFI_IP6;
}

static const char *in_words(const struct route_map_rule *rule)
{
	if (strcmp(rule->cmd->str, POLICY_RULE_IPV4) == 0)
		return "ip address prefix-list";
	if (strcmp(rule->cmd->str, POLICY_RULE_IPV6) == 0)
		return "ipv6 address prefix-list";
	return rule->cmd->str;
}

static void write_rules(FILE *to, const char *word, const struct route_map_rule *rule)
{
	for (; rule; rule = rule->next)
		fprintf(to, " %s %s%s%s\n", word, in_words(rule), rule->rule_str ? " " : "", rule->rule_str ? rule->rule_str : "");
}

static void write_route_map(FILE *to, const struct route_map *map)
{
	for (const struct route_map_index *index = map->head; index; index = index->next) {
		fprintf(to, "route-map %s %s %d\n", map->name, index->type == RMAP_PERMIT ? "permit" : "deny", index->pref);
		write_rules(to, "match", index->match_list.head);
		write_rules(to, "set", index->set_list.head);
		if (index->nextrm)
			fprintf(to, " call %s\n", index->nextrm);
		if (index->exitpolicy == RMAP_NEXT)
			fprintf(to, " on-match next\n");
		else if (index->exitpolicy == RMAP_GOTO)
			fprintf(to, " on-match goto %d\n", index->nextpref);
	}
}

static void write_prefix_list(FILE *to, const struct prefix_list *list, Peering__PolicyKind kind)
{
	for (const struct prefix_list_entry *entry = list->head; entry; entry = entry->next) {
		char prefix[PREFIX_STRLEN], ge[16] = "", le[16] = "";

		prefix2str(&entry->prefix, prefix, sizeof(prefix));
		if (entry->ge)
			snprintf(ge, sizeof(ge), " ge %d", entry->ge);
		if (entry->le)
			snprintf(le, sizeof(le), " le %d", entry->le);
		fprintf(to, "%s prefix-list %s seq %lld %s %s%s%s\n", kind == K(PREFIX_LIST_IPV4) ? "ip" : "ipv6", list->name,
			(long long)entry->seq, entry->type == PREFIX_PERMIT ? "permit" : "deny", prefix, ge, le);
	}
}

bool policy_is_there(Peering__PolicyKind kind, const char *name)
{
	switch (kind) {
	case K(ROUTE_MAP):
		return route_map_lookup_by_name(name) != NULL;
	case K(PREFIX_LIST_IPV4):
	case K(PREFIX_LIST_IPV6):
		return prefix_list_lookup(afi_of(kind), name) != NULL;
	default:
		return policy_list_words(kind) && policy_list_is_there(kind, name);
	}
}

void policy_write(FILE *to, Peering__PolicyKind kind, const char *name)
{
	if (!policy_is_there(kind, name))
		return;
	if (kind == K(ROUTE_MAP))
		write_route_map(to, route_map_lookup_by_name(name));
	else if (policy_kind_is_prefix_list(kind))
		write_prefix_list(to, prefix_list_lookup(afi_of(kind), name), kind);
	else
		policy_list_write(to, kind, name);
}
