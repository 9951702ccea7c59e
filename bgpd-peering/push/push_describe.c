// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/push_describe.h"

#include "bgpd-peering/push/push_declaration.h"

#define NAMED_MOST 4 /* neighbors, in a sentence */

struct sentence {
	char *text;
	size_t size, used;
};

static void say(struct sentence *sentence, const char *format, ...) PRINTFRR(2, 3);

static void say(struct sentence *sentence, const char *format, ...)
{
	va_list arguments;

	if (sentence->used >= sentence->size)
		return;
	va_start(arguments, format);
	sentence->used += (size_t)vsnprintfrr(sentence->text + sentence->used, sentence->size - sentence->used, format,
					      arguments);
	va_end(arguments);
}

/* What becomes of a neighbor that stands in `whose`; `other` is the declaration that it is compared with. */
enum fate { FATE_MADE, FATE_CHANGED, FATE_REMOVED };

static bool meets(const Peering__Neighbor *neighbor, enum fate fate, const Peering__DeclareConnection *other,
		  bool all_change)
{
	char address[SESSION_ADDRESS_MAX];

	session_normalize(neighbor->address, address);
	if (!push_declares(other, address))
		return fate != FATE_CHANGED;
	return fate == FATE_CHANGED && (all_change || !push_has_neighbor(other, neighbor));
}

static size_t say_neighbors(struct sentence *sentence, const char *verb, enum fate fate,
			    const Peering__DeclareConnection *whose, const Peering__DeclareConnection *other,
			    bool all_change)
{
	size_t count = 0;

	for (size_t i = 0; whose && i < whose->n_neighbors; i++) {
		char address[SESSION_ADDRESS_MAX];

		if (!meets(whose->neighbors[i], fate, other, all_change))
			continue;
		session_normalize(whose->neighbors[i]->address, address);
		if (!count)
			say(sentence, "; %s neighbor %s", verb, address);
		else if (count < NAMED_MOST)
			say(sentence, ", %s", address);
		count++;
	}
	if (count > NAMED_MOST)
		say(sentence, " and %zu more", count - NAMED_MOST);
	return count;
}

/* Its lines beside the neighbors. */
static bool same_settings(const Peering__DeclareConnection *before, const Peering__DeclareConnection *declaration)
{
	Peering__DeclareConnection a = *before, b = *declaration;

	a.n_neighbors = b.n_neighbors = 0;
	return push_same_declaration(&a, &b);
}

void push_describe_declaration(const Peering__DeclareConnection *before, const Peering__DeclareConnection *declaration,
			       enum connection_state from, enum connection_state to, char *text, size_t size)
{
	struct sentence sentence = {.text = text, .size = size};
	/* Each neighbor has these from its connection. */
	bool all_change = before && (before->peer_asn != declaration->peer_asn ||
				     strcmp(before->description, declaration->description) != 0);

	say(&sentence, "%s", declaration->name);
	if (from == to)
		say(&sentence, " stays %s", connection_state_name(to));
	else
		say(&sentence, ": %s -> %s", connection_state_name(from), connection_state_name(to));
	if (say_neighbors(&sentence, "makes", FATE_MADE, declaration, before, false))
		say(&sentence, ", AS %u, %s", declaration->peer_asn,
		    lifecycle_shut(to) ? "shut" : "with its gate closed");
	if (say_neighbors(&sentence, "changes", FATE_CHANGED, declaration, before, all_change) && all_change)
		say(&sentence, ", AS %u", declaration->peer_asn);
	say_neighbors(&sentence, "removes", FATE_REMOVED, before, declaration, false);
	if (before && !same_settings(before, declaration))
		say(&sentence, "; changes its own lines");
}

void push_describe_verb(const char *name, enum lifecycle_event event, enum connection_state from,
			const struct lifecycle_outcome *outcome, char *text, size_t size)
{
	static const char *const effects[] = {
		[EFFECT_NONE] = "",
		[EFFECT_CLOSES] = "; a gate closes",
		[EFFECT_DRAINS] = "; what is open drains",
		[EFFECT_OPENS] = "; what was closed or drained opens",
	};

	if (outcome->unchanged)
		snprintf(text, size, "%s is %s, and '%s' changes nothing", name, connection_state_name(from),
			 lifecycle_event_name(event));
	else if (outcome->to == from)
		snprintf(text, size, "%s stays %s%s", name, connection_state_name(from), effects[outcome->effect]);
	else
		snprintf(text, size, "%s: %s -> %s, row %s%s", name, connection_state_name(from),
			 connection_state_name(outcome->to), outcome->row, effects[outcome->effect]);
}
