// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/adj_rib_in.h"

#include <stdlib.h>
#include <string.h>

#include "lib/prefix_map.h"

#define REWRITE_BYTES 256 /* a message smaller than that is not worth a new one */
#define REWRITE_SHARE 4	  /* written anew when a quarter of its prefixes is left */
#define SWEEP_EACH 16	  /* given-up messages that each further one frees */

struct message {
	struct message *next, *previous;
	uint32_t standing; /* prefixes whose last word it is */
	uint32_t written;  /* of how many, when it was written */
	bool others;	   /* it speaks of a family that is not taken apart: never let go */
	size_t size;
	uint8_t bytes[];
};

struct adj_rib_in {
	struct adj_rib_in_budget *budget;
	struct prefix_map *prefixes[ADJ_RIB_IN_FAMILIES]; /* NULL until the first; a value is the message that announced it */
	size_t limit[ADJ_RIB_IN_FAMILIES];
	bool add_path[ADJ_RIB_IN_FAMILIES];
	bool overflow[ADJ_RIB_IN_FAMILIES];
	bool malformed;
	bool given_up; /* values mean nothing any more, `first` is what is left to free */
	struct message *first, *last;
	size_t bytes;
	uint64_t taken;
	struct adj_rib_in_walk *walks;

	/* while adj_rib_in_take() walks */
	struct message *taking;
};

struct adj_rib_in *adj_rib_in_new(struct adj_rib_in_budget *budget, const bool add_path[ADJ_RIB_IN_FAMILIES])
{
	struct adj_rib_in *rib = calloc(1, sizeof(*rib));

	if (!rib)
		return NULL;
	rib->budget = budget;
	for (int family = 0; family < ADJ_RIB_IN_FAMILIES; family++) {
		rib->add_path[family] = add_path[family];
		rib->limit[family] = SIZE_MAX;
	}
	return rib;
}

void adj_rib_in_free(struct adj_rib_in *rib)
{
	if (!rib)
		return;
	while (rib->walks)
		adj_rib_in_walk_end(rib->walks);
	adj_rib_in_sweep(rib, SIZE_MAX);
	for (int family = 0; family < ADJ_RIB_IN_FAMILIES; family++)
		prefix_map_free(rib->prefixes[family]);
	free(rib);
}

void adj_rib_in_limit(struct adj_rib_in *rib, enum adj_rib_in_family family, size_t prefixes)
{
	rib->limit[family] = prefixes;
}

static enum adj_rib_in_family family_of(uint16_t afi)
{
	return afi == BGP_UPDATE_AFI_IPV4 ? ADJ_RIB_IN_IPV4 : ADJ_RIB_IN_IPV6;
}

static bool add_path_of(uint16_t afi, uint8_t safi, void *context)
{
	const struct adj_rib_in *rib = context;

	return safi == BGP_UPDATE_SAFI_UNICAST && rib->add_path[family_of(afi)];
}

static void **place_of(const struct adj_rib_in *rib, const struct bgp_update_prefix *prefix)
{
	const struct prefix_map *map = rib->prefixes[family_of(prefix->afi)];

	return map ? prefix_map_get(map, prefix->length, prefix->address, prefix->path_id) : NULL;
}

/* ---- the list of messages ---- */

static size_t weight(const struct message *message)
{
	return sizeof(*message) + message->size;
}

static struct message *message_new(const uint8_t *bytes, size_t size)
{
	struct message *message = malloc(sizeof(*message) + size);

	if (!message)
		return NULL;
	*message = (struct message){.size = size};
	memcpy(message->bytes, bytes, size);
	return message;
}

static void account(struct adj_rib_in *rib, const struct message *message)
{
	rib->bytes += weight(message);
	rib->budget->used += weight(message);
}

/* Behind `previous`, NULL: at the head. */
static void insert(struct adj_rib_in *rib, struct message *message, struct message *previous)
{
	message->previous = previous;
	message->next = previous ? previous->next : rib->first;
	*(previous ? &previous->next : &rib->first) = message;
	*(message->next ? &message->next->previous : &rib->last) = message;
	account(rib, message);
}

static void drop(struct adj_rib_in *rib, struct message *message)
{
	for (struct adj_rib_in_walk *walk = rib->walks; walk; walk = walk->next) {
		if (walk->message != message)
			continue;
		walk->message = message->next;
		walk->passed = 0;
	}
	*(message->previous ? &message->previous->next : &rib->first) = message->next;
	*(message->next ? &message->next->previous : &rib->last) = message->previous;
	rib->bytes -= weight(message);
	rib->budget->used -= weight(message);
	free(message);
}

static void give_up(struct adj_rib_in *rib)
{
	rib->given_up = true;
}

bool adj_rib_in_sweep(struct adj_rib_in *rib, size_t messages)
{
	give_up(rib);
	for (size_t i = 0; i < messages && rib->first; i++)
		drop(rib, rib->first);
	return rib->first != NULL;
}

bool adj_rib_in_sweep_index(struct adj_rib_in *rib, size_t arrays)
{
	give_up(rib);
	for (int family = 0; family < ADJ_RIB_IN_FAMILIES; family++)
		if (prefix_map_sweep(rib->prefixes[family], arrays))
			return true;
	return false;
}

/* ---- taking in ---- */

struct standing {
	struct adj_rib_in *rib;
	const struct message *of;
};

static bool stands(const struct bgp_update_prefix *prefix, void *context)
{
	const struct standing *standing = context;
	void **place = place_of(standing->rib, prefix);

	return place && *place == standing->of;
}

static bool standing_add_path(uint16_t afi, uint8_t safi, void *context)
{
	return add_path_of(afi, safi, ((struct standing *)context)->rib);
}

struct move {
	struct adj_rib_in *rib;
	const struct message *from;
	struct message *to;
};

static void move_prefix(const struct bgp_update_prefix *prefix, void *context)
{
	struct move *move = context;
	void **place = place_of(move->rib, prefix);

	if (!prefix->announced || !place || *place != move->from)
		return;
	*place = move->to;
	move->to->standing++;
}

static bool move_add_path(uint16_t afi, uint8_t safi, void *context)
{
	return add_path_of(afi, safi, ((struct move *)context)->rib);
}

/* A message of which little is left becomes a smaller one, in its place. Where memory is short it stays. */
static void rewrite(struct adj_rib_in *rib, struct message *message)
{
	struct standing standing = {.rib = rib, .of = message};
	struct bgp_update_summary summary;
	struct move move = {.rib = rib, .from = message};
	struct message *smaller;
	uint8_t *bytes = malloc(message->size);
	size_t size;

	if (!bytes)
		return;
	size = bgp_update_filter(message->bytes, message->size, standing_add_path, stands, &standing, bytes);
	smaller = size ? message_new(bytes, size) : NULL;
	free(bytes);
	if (!smaller)
		return;
	move.to = smaller;
	(void)bgp_update_walk(smaller->bytes + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER, move_add_path, move_prefix,
			      &move, &summary);
	smaller->written = smaller->standing;
	smaller->others = message->others;
	insert(rib, smaller, message);
	drop(rib, message);
}

/* The last word on one of its prefixes is another's now. */
static void let_go(struct adj_rib_in *rib, struct message *message)
{
	if (message == rib->taking) {
		message->standing--;
		return;
	}
	message->standing--;
	if (message->standing == 0 && !message->others)
		drop(rib, message);
	else if (message->size >= REWRITE_BYTES && message->standing <= message->written / REWRITE_SHARE)
		rewrite(rib, message);
}

static void withdraw(struct adj_rib_in *rib, const struct bgp_update_prefix *prefix)
{
	struct prefix_map *map = rib->prefixes[family_of(prefix->afi)];
	struct message *message;

	if (!map)
		return;
	message = prefix_map_remove(map, prefix->length, prefix->address, prefix->path_id);
	if (message && !rib->given_up)
		let_go(rib, message);
}

static void take_prefix(const struct bgp_update_prefix *prefix, void *context)
{
	struct adj_rib_in *rib = context;
	enum adj_rib_in_family family = family_of(prefix->afi);
	struct message *before;
	void **place;

	if (!prefix->announced) {
		withdraw(rib, prefix);
		return;
	}
	if (!rib->prefixes[family])
		rib->prefixes[family] = prefix_map_new(rib->limit[family]);
	place = rib->prefixes[family]
			? prefix_map_put(rib->prefixes[family], prefix->length, prefix->address, prefix->path_id)
			: NULL;
	if (!place) {
		rib->overflow[family] = true;
		give_up(rib);
		return;
	}
	if (rib->given_up || *place == rib->taking)
		return;
	before = *place;
	*place = rib->taking;
	rib->taking->standing++;
	if (before)
		let_go(rib, before);
}

static bool affordable(const struct adj_rib_in *rib, size_t size)
{
	return rib->budget->used + sizeof(struct message) + size <= rib->budget->most;
}

enum bgp_update_error adj_rib_in_take(struct adj_rib_in *rib, const uint8_t *message, size_t size,
				      struct bgp_update_summary *summary)
{
	struct message *taking = NULL;
	enum bgp_update_error error;

	*summary = (struct bgp_update_summary){0};
	rib->taken++;
	if (size < BGP_UPDATE_HEADER) {
		rib->malformed = true;
		give_up(rib);
		return BGP_UPDATE_TRUNCATED;
	}
	if (!rib->given_up) {
		taking = affordable(rib, size) ? message_new(message, size) : NULL;
		if (!taking)
			give_up(rib);
	}
	rib->taking = taking;
	error = bgp_update_walk(message + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER, add_path_of, take_prefix, rib,
				summary);
	rib->taking = NULL;
	if (error != BGP_UPDATE_OK && error != BGP_UPDATE_END_OF_RIB) {
		rib->malformed = true;
		give_up(rib);
	}

	if (taking) {
		taking->written = taking->standing;
		taking->others = summary->other_families;
	}
	if (taking && (rib->given_up || taking->standing || taking->others))
		insert(rib, taking, rib->last);
	else
		free(taking);
	if (rib->given_up)
		adj_rib_in_sweep(rib, SWEEP_EACH);
	return error;
}

/* ---- what is known ---- */

size_t adj_rib_in_count(const struct adj_rib_in *rib, enum adj_rib_in_family family)
{
	return rib ? prefix_map_count(rib->prefixes[family]) : 0;
}

size_t adj_rib_in_default_count(const struct adj_rib_in *rib, enum adj_rib_in_family family)
{
	return rib ? prefix_map_default_count(rib->prefixes[family]) : 0;
}

bool adj_rib_in_overflow(const struct adj_rib_in *rib, enum adj_rib_in_family family)
{
	return rib && rib->overflow[family];
}

bool adj_rib_in_malformed(const struct adj_rib_in *rib)
{
	return rib && rib->malformed;
}

bool adj_rib_in_complete(const struct adj_rib_in *rib)
{
	return !rib || !rib->given_up;
}

size_t adj_rib_in_bytes(const struct adj_rib_in *rib)
{
	return rib ? rib->bytes : 0;
}

uint64_t adj_rib_in_taken(const struct adj_rib_in *rib)
{
	return rib ? rib->taken : 0;
}

/* ---- walking ---- */

/* There may be many that are kept for other families alone. */
static struct message *with_prefixes(struct message *message)
{
	while (message && message->standing == 0)
		message = message->next;
	return message;
}

void adj_rib_in_walk_begin(struct adj_rib_in_walk *walk, struct adj_rib_in *rib)
{
	*walk = (struct adj_rib_in_walk){.rib = rib, .next = rib->walks, .message = with_prefixes(rib->first)};
	rib->walks = walk;
}

void adj_rib_in_walk_end(struct adj_rib_in_walk *walk)
{
	struct adj_rib_in_walk **at;

	if (!walk->rib)
		return;
	for (at = &walk->rib->walks; *at != walk; at = &(*at)->next)
		;
	*at = walk->next;
	*walk = (struct adj_rib_in_walk){0};
}

const uint8_t *adj_rib_in_walk_message(const struct adj_rib_in_walk *walk, size_t *size)
{
	if (!walk->rib || walk->rib->given_up || !walk->message)
		return NULL;
	*size = walk->message->size;
	return walk->message->bytes;
}

struct walking {
	struct standing standing; /* first: what stands() is given */
	struct adj_rib_in_walk *walk;
	adj_rib_in_visit visit;
	void *context;
	size_t at;
	bool stopped;
};

static void walk_prefix(const struct bgp_update_prefix *prefix, void *context)
{
	struct walking *walking = context;

	if (walking->stopped || !prefix->announced || walking->at++ < walking->walk->passed)
		return;
	walking->walk->passed++;
	/* bgpd takes a prefix that stands twice in a message twice, and so does this. */
	if (stands(prefix, &walking->standing))
		walking->stopped = !walking->visit(prefix, walking->context);
}

void adj_rib_in_walk_prefixes(struct adj_rib_in_walk *walk, adj_rib_in_visit visit, void *context)
{
	struct message *message = walk->message;
	struct walking walking = {
		.standing = {.rib = walk->rib, .of = message}, .walk = walk, .visit = visit, .context = context};
	struct bgp_update_summary summary;

	if (!walk->rib || !message)
		return;
	(void)bgp_update_walk(message->bytes + BGP_UPDATE_HEADER, message->size - BGP_UPDATE_HEADER, standing_add_path,
			      walk_prefix, &walking, &summary);
	if (walking.stopped)
		return;
	walk->message = with_prefixes(message->next);
	walk->passed = 0;
}

struct seeking {
	struct bgp_update_prefix prefix;
	bool found;
};

static bool seek_prefix(const struct bgp_update_prefix *prefix, void *context)
{
	struct seeking *seeking = context;

	seeking->found = prefix->afi == seeking->prefix.afi && prefix->path_id == seeking->prefix.path_id &&
			 prefix->length == seeking->prefix.length &&
			 memcmp(prefix->address, seeking->prefix.address, sizeof(prefix->address)) == 0;
	return !seeking->found;
}

bool adj_rib_in_walk_begin_behind(struct adj_rib_in_walk *walk, struct adj_rib_in *rib,
				  const struct bgp_update_prefix *prefix)
{
	struct seeking seeking = {.prefix = *prefix};
	void **place = rib->given_up ? NULL : place_of(rib, prefix);

	if (!place)
		return false;
	adj_rib_in_walk_begin(walk, rib);
	walk->message = *place;
	adj_rib_in_walk_prefixes(walk, seek_prefix, &seeking);
	return true;
}

/* ---- giving out ---- */

/* Whether it stands, and then no more. */
static bool take_out(const struct bgp_update_prefix *prefix, void *context)
{
	struct standing *standing = context;

	if (!stands(prefix, context))
		return false;
	prefix_map_remove(standing->rib->prefixes[family_of(prefix->afi)], prefix->length, prefix->address,
			  prefix->path_id);
	return true;
}

size_t adj_rib_in_next(struct adj_rib_in *rib, uint8_t *out)
{
	while (!rib->given_up && rib->first) {
		struct standing standing = {.rib = rib, .of = rib->first};
		size_t size = bgp_update_filter(rib->first->bytes, rib->first->size, standing_add_path, take_out,
						&standing, out);

		drop(rib, rib->first);
		if (size)
			return size;
	}
	return 0;
}

static void pass_over(const struct bgp_update_prefix *prefix, void *context)
{
	withdraw(context, prefix);
}

void adj_rib_in_pass_over(struct adj_rib_in *rib, const uint8_t *message, size_t size)
{
	struct bgp_update_summary summary;

	if (size >= BGP_UPDATE_HEADER)
		(void)bgp_update_walk(message + BGP_UPDATE_HEADER, size - BGP_UPDATE_HEADER, add_path_of, pass_over,
				      rib, &summary);
}
