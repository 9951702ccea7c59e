// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/connection/policy_edits.h"

#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/connection/connection_walk.h"
#include "bgpd-peering/connection/drift.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/policy/policy_put_back.h"
#include "bgpd-peering/turn.h"

#define GATHERED_MOST 64
#define NAME_MOST 129	  /* of a route-map or a list, with the final NUL */
#define SETTLE_SECONDS 1
#define CALLS_MOST 3	  /* route-maps that call another one: each entry may, so that more would take long */

/* Words of edited lines, among them the names of what was edited. */
struct gathered {
	char words[GATHERED_MOST][NAME_MOST];
	size_t count;
	bool overflow;	/* there were more: anything may be meant */
	bool neighbors; /* lines for neighbors, whose connections know */
	bool by_hand;	/* not by pushes alone */
};

static struct gathered typed, walked;
static event_ref *settle_event;
static bool walking;

/* ---- whom it concerns ---- */

static bool has_name(const struct gathered *gathered, const char *name)
{
	if (gathered->overflow)
		return true;
	for (size_t i = 0; i < gathered->count; i++)
		if (strcmp(gathered->words[i], name) == 0)
			return true;
	return false;
}

static bool is_edited(const char *name)
{
	return name && has_name(&walked, name);
}

bool policy_edits_wait(const char *name)
{
	return (typed.by_hand && has_name(&typed, name)) || (walking && walked.by_hand && has_name(&walked, name));
}

/* `text` begins with a list's name where the rule has one: "LIST exact-match". */
static bool names_edited(const char *text)
{
	char name[NAME_MOST];

	if (!text)
		return false;
	strlcpy(name, text, sizeof(name));
	name[strcspn(name, " ")] = '\0';
	return is_edited(name);
}

static bool map_is_edited(const char *name, unsigned int depth)
{
	const struct route_map *map;

	if (!name || is_edited(name))
		return name != NULL;
	map = depth < CALLS_MOST ? route_map_lookup_by_name(name) : NULL;
	for (const struct route_map_index *entry = map ? map->head : NULL; entry; entry = entry->next) {
		for (const struct route_map_rule *rule = entry->match_list.head; rule; rule = rule->next)
			if (names_edited(rule->rule_str))
				return true;
		for (const struct route_map_rule *rule = entry->set_list.head; rule; rule = rule->next)
			if (names_edited(rule->rule_str))
				return true;
		if (map_is_edited(entry->nextrm, depth + 1))
			return true;
	}
	return false;
}

static bool session_is_concerned(const struct session *session)
{
	const struct peer *peer = session_peer(session);
	afi_t afi;
	safi_t safi;

	if (!peer)
		return false;
	FOREACH_AFI_SAFI (afi, safi) {
		const struct bgp_filter *filter = &peer->filter[afi][safi];

		if (!peer->afc[afi][safi])
			continue;
		for (int direction = 0; direction < RMAP_MAX; direction++)
			if (map_is_edited(gate_policy_wanted(session, afi, safi, direction), 0))
				return true;
		for (int direction = 0; direction < FILTER_MAX; direction++)
			if (is_edited(filter->plist[direction].name) || is_edited(filter->dlist[direction].name) ||
			    is_edited(filter->aslist[direction].name))
				return true;
		if (map_is_edited(filter->usmap.name, 0))
			return true;
	}
	return false;
}

static bool is_concerned(const struct connection *connection)
{
	const struct session *session;

	if (connection->policy_edited)
		return true;
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (connection->allowed_prefixes[family][0] && is_edited(connection->allowed_prefixes[family]))
			return true;
	frr_each (session_list_const, &connection->sessions, session)
		if (session_is_concerned(session))
			return true;
	return false;
}

static void visit(struct connection *connection)
{
	/* In front of that it is judged each second. */
	bool concerned = connection->state == STATE_ACTIVE && is_concerned(connection);

	connection->policy_edited = false;
	if (concerned)
		configuration_edited(connection);
	if (connection->pushed)
		drift_note(connection);
}

/* ---- gathering ---- */

static void settle(event_ref *event);

static void walk_done(void)
{
	walking = false;
	if (typed.count || typed.neighbors)
		event_add_seconds(settle, NULL, SETTLE_SECONDS, &settle_event);
}

static void looked(void)
{
	static struct connection_walk walk = {.visit = visit, .done = walk_done};

	connection_walk_begin(&walk);
}

static void settle(event_ref *event)
{
	TURN(TURN_LIFECYCLE);

	/* What is typed while a walk is under way is the next one's. */
	if (walking)
		return;
	walking = true;
	walked = typed;
	typed = (struct gathered){0};
	policy_objects_look(is_edited, looked);
}

static void settle_soon(void)
{
	if (!settle_event && !walking)
		event_add_seconds(settle, NULL, SETTLE_SECONDS, &settle_event);
}

static void gather(const char *word, size_t length)
{
	for (size_t i = 0; i < typed.count; i++)
		if (strlen(typed.words[i]) == length && memcmp(typed.words[i], word, length) == 0)
			return;
	if (length >= NAME_MOST)
		return;
	if (typed.count == GATHERED_MOST) {
		typed.overflow = true;
		return;
	}
	memcpy(typed.words[typed.count], word, length);
	typed.words[typed.count++][length] = '\0';
}

/* The next word, and behind it in *rest; NULL at the end. */
static const char *next_word(const char **rest, size_t *length)
{
	const char *word = *rest + strspn(*rest, " \t");

	*length = strcspn(word, " \t");
	*rest = word + *length;
	return *length ? word : NULL;
}

/* FRR takes the beginning of a keyword for the whole. */
static bool is_one_of(const char *word, size_t length, const char *const *keywords, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (length <= strlen(keywords[i]) && memcmp(word, keywords[i], length) == 0)
			return true;
	return false;
}

void policy_edits_object(const char *name)
{
	gather(name, strlen(name));
	settle_soon();
}

void policy_edits_neighbor(struct session *session, const char *words)
{
	static const char *const keywords[] = {
		"route-map", "prefix-list", "filter-list", "distribute-list", "maximum-prefix", "maximum-prefix-out",
		"description", "unsuppress-map", "default-originate", "allowas-in", "advertise-map", "peer-group",
	};
	size_t length;
	const char *word = next_word(&words, &length);

	if (!word || !is_one_of(word, length, keywords, array_size(keywords)))
		return;
	session->connection->policy_edited = true;
	typed.neighbors = true;
	settle_soon();
}

/* A name is no longer as a push has put it back. */
static void end_put_back(const char *word, size_t length)
{
	char name[NAME_MOST];

	if (length >= sizeof(name))
		return;
	memcpy(name, word, length);
	name[length] = '\0';
	policy_put_back_end(name);
}

/* FRR takes out what was typed, and says nothing where that is nothing. `first`: of the line, behind `no`. */
static void say_untouched(struct vty *vty, const char *first, const char *word, size_t length)
{
	Peering__PolicyKind kind = first[0] == 'r' ? PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP
				   : strncmp(first, "ipv6", 4) == 0 ? PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV6
								    : PEERING__POLICY_KIND__POLICY_KIND_PREFIX_LIST_IPV4;
	char name[NAME_MOST];

	if (length >= sizeof(name))
		return;
	memcpy(name, word, length);
	name[length] = '\0';
	if (policy_object_is_untouched(kind, name))
		vty_out(vty, "%% %s was pushed by a controller, and FRR takes out only what was typed: nothing of it was changed. Have it pushed "
			"otherwise (peerctl policy set, or withdraw), or give the neighbor a policy of your own\n",
			name);
}

void policy_edits_line(struct vty *vty, const char *line)
{
	static const char *const first[] = {"ip", "ipv6", "bgp", "route-map", "access-list"};
	static const char *const objects[] = {"prefix-list", "access-list", "as-path", "community-list",
					      "large-community-list", "extcommunity-list"};
	static const char begins[] = "[name='";
	const char *rest = line, *word, *name, *keyword;
	bool takes_out = false;
	size_t length;

	if (vty->node == RMAP_NODE && vty->xpath_index > 0) {
		name = strstr(vty->xpath[vty->xpath_index - 1], begins);
		name = name ? name + sizeof(begins) - 1 : NULL;
		if (!name || !strchr(name, '\''))
			return;
		gather(name, strcspn(name, "'"));
		typed.by_hand = true;
		settle_soon();
		return;
	}
	if (vty->node != CONFIG_NODE)
		return;
	word = next_word(&rest, &length);
	if (word && length == 2 && memcmp(word, "no", 2) == 0) {
		takes_out = true;
		word = next_word(&rest, &length);
	}
	if (!word || !is_one_of(word, length, first, array_size(first)))
		return;
	keyword = word;
	/* `route-map NAME`, `access-list NAME`; the others say behind it what they are. */
	if (word[0] != 'r' && word[0] != 'a') {
		word = next_word(&rest, &length);
		if (!word || !is_one_of(word, length, objects, array_size(objects)))
			return;
	}
	/* The name is the next word, or behind `access-list` or `standard`. */
	for (int i = 0; i < 2 && (word = next_word(&rest, &length)); i++) {
		gather(word, length);
		if (!takes_out)
			end_put_back(word, length);
		else if (i == 0)
			say_untouched(vty, keyword, word, length);
	}
	typed.by_hand = true;
	settle_soon();
}
