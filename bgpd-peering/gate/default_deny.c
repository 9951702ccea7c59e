// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/gate/default_deny.h"

#include "bgpd-peering/connection/adoption.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/session_events.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/guard_undo.h"
#include "bgpd-peering/router.h"

#include "lib/linklist.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_DEFAULT_DENY, "Peering default-deny");

enum exception_sort { EXCEPT_NEIGHBOR = 0, EXCEPT_PEER_GROUP, EXCEPT_REMOTE_AS, EXCEPT_LISTEN_RANGE, EXCEPT_SORTS };

static const char *const sort_words[EXCEPT_SORTS] = {"neighbor", "peer-group", "remote-as", "listen-range"};

struct exception {
	enum exception_sort sort;
	char value[SESSION_ADDRESS_MAX]; /* in one spelling */
	as_t first, last;		 /* EXCEPT_REMOTE_AS */
	struct prefix range;		 /* EXCEPT_LISTEN_RANGE */
};

struct instance {
	char vrf[VRF_NAME_MAX];
	enum default_deny_mode mode;
	bool confederation;
	struct list *exceptions; /* of struct exception */
	bool adopting;		 /* `on` has been said, and what ran then is being adopted: then the mode is on */
	uint64_t on_line;	 /* the journal's, that says it was switched on so; 0: none, or somebody has spoken since */
	enum default_deny_mode mode_before; /* what it was until then */
	bool confederation_before;
	bool on_at_end;		 /* a file says `on`: from its end, when what runs has been adopted */
	bool confederation_at_end; /* likewise */
	bool read;		 /* a line of the configuration that is read at start speaks of it */
	bool new_at_start;	 /* which the journal did not know */
	bool edited;
};

/* A handful at most. */
static struct list *instances;
static bool made_up_for_lost_lines; /* of the journal: their neighbors are gated and journalled */

/* ---- names ---- */

static const char *const mode_names[DEFAULT_DENY_MODES] = {"off", "monitor", "on"};

const char *default_deny_mode_name(enum default_deny_mode mode)
{
	return mode < DEFAULT_DENY_MODES ? mode_names[mode] : "?";
}

int default_deny_mode_from_name(const char *name)
{
	for (int mode = 0; name && mode < DEFAULT_DENY_MODES; mode++)
		if (strcmp(mode_names[mode], name) == 0)
			return mode;
	return -1;
}

/* ---- instances ---- */

static void free_exception(void *exception)
{
	XFREE(MTYPE_PEERING_DEFAULT_DENY, exception);
}

static struct instance *find(const char *vrf)
{
	struct listnode *node;
	struct instance *instance;

	if (instances)
		for (ALL_LIST_ELEMENTS_RO(instances, node, instance))
			if (strcmp(instance->vrf, vrf) == 0)
				return instance;
	return NULL;
}

static struct instance *find_or_make(const char *vrf)
{
	struct instance *instance = find(vrf);

	if (instance)
		return instance;
	if (!instances)
		instances = list_new();
	instance = XCALLOC(MTYPE_PEERING_DEFAULT_DENY, sizeof(*instance));
	strlcpy(instance->vrf, vrf, sizeof(instance->vrf));
	instance->exceptions = list_new();
	instance->exceptions->del = free_exception;
	listnode_add(instances, instance);
	return instance;
}

static void journal(struct instance *instance)
{
	durable_state_default_deny(instance->vrf);
	instance->edited = false;
}

/* Of a file, the end tells the journal. What a file brings at start replaces what the journal remembers. */
static void begin_line(struct instance *instance, bool reading)
{
	router.lines_read |= reading;
	if (!reading || !router.booting || instance->read)
		return;
	instance->read = true;
	instance->edited |= instance->confederation || !list_isempty(instance->exceptions);
	instance->confederation = false;
	list_delete_all_node(instance->exceptions);
}

static void end_line(struct instance *instance, bool reading)
{
	if (reading)
		instance->edited = true;
	else
		journal(instance);
}

enum default_deny_mode default_deny_mode(const char *vrf)
{
	const struct instance *instance = find(vrf);

	return instance ? instance->mode : DEFAULT_DENY_OFF;
}

bool default_deny_is_unknown(const char *vrf)
{
	const struct instance *instance = find(vrf);

	return !instance || (instance->mode == DEFAULT_DENY_OFF && !instance->adopting && !instance->confederation &&
			     list_isempty(instance->exceptions));
}

bool default_deny_confederation(const char *vrf)
{
	const struct instance *instance = find(vrf);

	return instance && instance->confederation;
}

bool default_deny_journalled_confederation(const char *vrf)
{
	const struct instance *instance = find(vrf);

	return instance && (instance->adopting ? instance->confederation_before : instance->confederation);
}

void default_deny_each(void (*visit)(const char *vrf, enum default_deny_mode mode, void *context), void *context)
{
	struct listnode *node;
	struct instance *instance;

	if (instances)
		for (ALL_LIST_ELEMENTS_RO(instances, node, instance))
			visit(instance->vrf, instance->mode, context);
}

/* ---- exceptions ---- */

static bool read_as_range(const char *text, struct exception *exception)
{
	char *end;
	unsigned long long first, last;

	errno = 0;
	first = last = strtoull(text, &end, 10);
	if (*end == '-' && end[1])
		last = strtoull(end + 1, &end, 10);
	if (errno || *end || !isdigit((unsigned char)text[0]) || first == 0 || last > UINT32_MAX || first > last)
		return false;
	exception->first = (as_t)first;
	exception->last = (as_t)last;
	if (first == last)
		snprintf(exception->value, sizeof(exception->value), "%llu", first);
	else
		snprintf(exception->value, sizeof(exception->value), "%llu-%llu", first, last);
	return true;
}

static bool read_range(const char *text, struct exception *exception)
{
	if (!strchr(text, '/') || str2prefix(text, &exception->range) <= 0)
		return false;
	apply_mask(&exception->range);
	prefix2str(&exception->range, exception->value, sizeof(exception->value));
	return true;
}

/* False with a sentence in `error`. */
static bool parse(const char *words, struct exception *exception, char *error, size_t error_size)
{
	const char *value = strchr(words, ' ');
	size_t length = value ? (size_t)(value - words) : strlen(words);
	int sort = 0;

	*exception = (struct exception){0};
	while (sort < EXCEPT_SORTS && (strlen(sort_words[sort]) != length || strncmp(words, sort_words[sort], length) != 0))
		sort++;
	if (sort == EXCEPT_SORTS || !value) {
		snprintf(error, error_size, "'%s' is no exception; give neighbor, peer-group, remote-as or listen-range",
			 words);
		return false;
	}
	value++;
	exception->sort = sort;
	switch (exception->sort) {
	case EXCEPT_NEIGHBOR:
		if (session_normalize(value, exception->value))
			return true;
		snprintf(error, error_size, "'%s' is neither an address nor the name of an interface", value);
		return false;
	case EXCEPT_PEER_GROUP:
		if (strlcpy(exception->value, value, sizeof(exception->value)) < sizeof(exception->value))
			return true;
		snprintf(error, error_size, "the name of a peer-group has at most %d characters", SESSION_ADDRESS_MAX - 1);
		return false;
	case EXCEPT_REMOTE_AS:
		if (read_as_range(value, exception))
			return true;
		snprintf(error, error_size, "'%s' is no range of AS numbers; give 64512 or 64512-65534", value);
		return false;
	case EXCEPT_LISTEN_RANGE:
		if (read_range(value, exception))
			return true;
		snprintf(error, error_size, "'%s' is no prefix; give 10.9.0.0/16 or 2001:db8::/32", value);
		return false;
	case EXCEPT_SORTS:
		break;
	}
	return false;
}

bool default_deny_is_exception(const char *words, char *error, size_t error_size)
{
	struct exception exception;

	return parse(words, &exception, error, error_size);
}

static struct listnode *node_of(const struct instance *instance, const struct exception *wanted)
{
	struct listnode *node;
	struct exception *exception;

	for (ALL_LIST_ELEMENTS_RO(instance->exceptions, node, exception))
		if (exception->sort == wanted->sort && strcmp(exception->value, wanted->value) == 0)
			return node;
	return NULL;
}

static void add(struct instance *instance, const struct exception *exception)
{
	struct exception *copy;

	if (node_of(instance, exception))
		return;
	copy = XMALLOC(MTYPE_PEERING_DEFAULT_DENY, sizeof(*copy));
	*copy = *exception;
	listnode_add(instance->exceptions, copy);
}

bool default_deny_add_exception(const char *vrf, const char *words, bool reading, struct verdict *verdict)
{
	struct exception exception;
	struct instance *instance;

	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (!parse(words, &exception, verdict->message, sizeof(verdict->message))) {
		verdict->accepted = false;
		verdict->code = "bad-exception";
		return false;
	}
	instance = find_or_make(vrf);
	begin_line(instance, reading);
	add(instance, &exception);
	end_line(instance, reading);
	return true;
}

void default_deny_remove_exception(const char *vrf, const char *words, bool reading)
{
	struct instance *instance = find(vrf);
	struct exception exception;
	struct listnode *node;
	char error[160];

	if (!instance || !parse(words, &exception, error, sizeof(error)))
		return;
	node = node_of(instance, &exception);
	if (!node)
		return;
	free_exception(listgetdata(node));
	list_delete_node(instance->exceptions, node);
	end_line(instance, reading);
}

void default_deny_each_exception(const char *vrf, void (*visit)(const char *words, void *context), void *context)
{
	const struct instance *instance = find(vrf);
	struct listnode *node;
	struct exception *exception;
	char words[SESSION_ADDRESS_MAX + 16];

	if (!instance)
		return;
	for (ALL_LIST_ELEMENTS_RO(instance->exceptions, node, exception)) {
		snprintf(words, sizeof(words), "%s %s", sort_words[exception->sort], exception->value);
		visit(words, context);
	}
}

static bool meets(const struct exception *exception, const struct peer *peer)
{
	struct prefix address;

	switch (exception->sort) {
	case EXCEPT_NEIGHBOR:
		return strcmp(peer_key(peer), exception->value) == 0;
	case EXCEPT_PEER_GROUP:
		return peer->group && strcmp(peer->group->name, exception->value) == 0;
	case EXCEPT_REMOTE_AS:
		return peer->as >= exception->first && peer->as <= exception->last;
	case EXCEPT_LISTEN_RANGE:
		return peer_dynamic_neighbor((struct peer *)peer) &&
		       sockunion2hostprefix(peer_remote_address(peer), &address) &&
		       address.family == exception->range.family && prefix_match(&exception->range, &address);
	case EXCEPT_SORTS:
		break;
	}
	return false;
}

/* ---- what it means for a peer ---- */

static bool is_covered(const struct instance *instance, const struct peer *peer)
{
	struct listnode *node;
	struct exception *exception;

	if (!peer_is_external(peer) || (peer->sort == BGP_PEER_CONFED && !instance->confederation))
		return false;
	if (!instance->exceptions)
		return true;
	for (ALL_LIST_ELEMENTS_RO(instance->exceptions, node, exception))
		if (meets(exception, peer))
			return false;
	return true;
}

/* What an instance without a line has. */
static const struct instance *instance_of(const struct bgp *bgp)
{
	static const struct instance none;
	const struct instance *instance = instances ? find(bgp_vrf_name(bgp)) : NULL;

	return instance ? instance : &none;
}

/* Those of the configuration have been journalled at its end; dynamic ones come later. */
static bool may_have_been_gated(const struct peer *peer)
{
	return durable_state_lost_a_line() && (!made_up_for_lost_lines || peer_dynamic_neighbor((struct peer *)peer)) &&
	       default_deny_covers(peer);
}

enum default_deny_answer default_deny_judge(const struct peer *peer)
{
	const struct instance *instance = instances ? find(bgp_vrf_name(peer->bgp)) : NULL;

	if (may_have_been_gated(peer))
		return IS_DENIED;
	if (!instance || (instance->mode == DEFAULT_DENY_OFF && !instance->adopting) || !is_covered(instance, peer))
		return LEFT_ALONE;
	if (instance->mode != DEFAULT_DENY_ON && !instance->adopting)
		return WOULD_BE_DENIED;
	/* Where it is on already, one that comes up before its turn is gated, and opened when the journal knows. */
	return instance->adopting && adoption_awaits(peer) ? LEFT_ALONE : IS_DENIED;
}

bool default_deny_covers(const struct peer *peer)
{
	return is_covered(instance_of(peer->bgp), peer);
}

void default_deny_each_candidate(void (*visit)(struct peer *peer, void *context), void *context)
{
	struct listnode *bgp_node, *peer_node;
	struct bgp *bgp;
	struct peer *peer;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, bgp_node, bgp))
		for (ALL_LIST_ELEMENTS_RO(bgp->peer, peer_node, peer))
			if (default_deny_covers(peer) && !session_of_peer(peer))
				visit(peer, context);
}

/* The address, or with a number behind it where somebody has taken that name for another connection. */
void default_deny_name(const char *key, char name[CONNECTION_NAME_MAX])
{
	char base[SESSION_ADDRESS_MAX];
	const char *first;

	strlcpy(base, key, sizeof(base));
	for (char *c = base; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-:", *c))
			*c = '-';
	/* "::1" does not begin with a letter or a digit. */
	first = isalnum((unsigned char)base[0]) ? "" : "0";
	snprintf(name, CONNECTION_NAME_MAX, "%s%.50s", first, base);
	for (unsigned int number = 2; connection_find(name) || connection_new_name_error(name); number++)
		snprintf(name, CONNECTION_NAME_MAX, "%s%.50s.%u", first, base, number);
}

struct session *default_deny_discover(const char *vrf, const char *key, as_t asn)
{
	char name[CONNECTION_NAME_MAX];
	struct connection *connection;

	default_deny_name(key, name);
	connection = connection_new(name, vrf);
	connection->kind = KIND_EXCHANGE;
	connection->discovered = true;
	connection->remote_as = asn;
	return session_new(connection, key);
}

/* ---- adopting what is there ---- */

static bool is_new(const struct peer *peer)
{
	return !session_of_peer(peer);
}

static bool is_new_or_undeclared(const struct peer *peer)
{
	const struct session *session = session_of_peer(peer);

	return !session || session->connection->discovered;
}

static bool is_new_in_confederation(const struct peer *peer)
{
	return peer_sort_is_confederation(peer) && is_new(peer);
}

static unsigned int mark(struct bgp *bgp, bool (*fits)(const struct peer *peer))
{
	struct listnode *node;
	struct peer *peer;
	unsigned int count = 0;

	for (ALL_LIST_ELEMENTS_RO(bgp->peer, node, peer)) {
		if (!default_deny_covers(peer) || !fits(peer) || guard_keeps_shut(peer))
			continue;
		adoption_mark(peer, fits == is_new_or_undeclared);
		count++;
	}
	return count;
}

unsigned int default_deny_adopt_all(const char *vrf, void (*said)(const char *line, void *context), void *context)
{
	struct listnode *node;
	struct bgp *bgp;
	unsigned int count = 0;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, node, bgp))
		if (!vrf || strcmp(bgp_vrf_name(bgp), vrf) == 0)
			count += mark(bgp, is_new_or_undeclared);
	if (count)
		adoption_run(said, context);
	return count;
}

unsigned int default_deny_would_adopt(const char *vrf, void (*said)(const char *line, void *context), void *context)
{
	struct listnode *bgp_node, *node;
	struct bgp *bgp;
	struct peer *peer;
	unsigned int count = 0;

	for (ALL_LIST_ELEMENTS_RO(bm->bgp, bgp_node, bgp)) {
		if (vrf && strcmp(bgp_vrf_name(bgp), vrf) != 0)
			continue;
		for (ALL_LIST_ELEMENTS_RO(bgp->peer, node, peer)) {
			if (!default_deny_covers(peer) || !is_new_or_undeclared(peer) || guard_keeps_shut(peer))
				continue;
			adoption_describe(peer, said, context);
			count++;
		}
	}
	return count;
}

/* What it adopts is not in the journal yet, or may not be. */
static bool is_being_switched_on(const struct instance *instance)
{
	return instance->adopting || (instance->on_line && !durable_state_lines_done(instance->on_line));
}

/*
 * What comes from now on is gated. What is marked is not, and only when all of it is in the journal does the journal say
 * that default-deny is on: after a crash in between nothing is gated for want of its line.
 */
static void switch_on(struct instance *instance, bool (*fits)(const struct peer *peer),
		      void (*said)(const char *line, void *context), void *context)
{
	struct bgp *bgp = bgp_of_vrf(instance->vrf);

	if (!is_being_switched_on(instance)) {
		instance->mode_before = instance->mode;
		instance->confederation_before = instance->confederation && fits != is_new_in_confederation;
	}
	instance->adopting = true;
	if (bgp)
		mark(bgp, fits);
	adoption_run(said, context);
}

void default_deny_adopted(void)
{
	struct listnode *node;
	struct instance *instance;
	char error[256];

	if (!instances)
		return;
	for (ALL_LIST_ELEMENTS_RO(instances, node, instance)) {
		if (!instance->adopting)
			continue;
		instance->adopting = false;
		/* What runs could not be adopted, and would be gated as it flaps. */
		if (!durable_state_writable(error, sizeof(error))) {
			alert_as(EC_PEERING_DEFAULT_DENY, "default-deny of vrf %s is not switched on: %s", instance->vrf, error);
			instance->confederation = instance->confederation_before;
			continue;
		}
		instance->mode = DEFAULT_DENY_ON;
		journal(instance);
		instance->on_line = durable_state_newest_line();
	}
}

/* As it was before what switched it on: what runs, and could not be adopted, would be gated as it flaps. */
void default_deny_adoption_failed(const char *vrf)
{
	struct instance *instance = find(vrf);

	if (!instance || !is_being_switched_on(instance))
		return;
	instance->adopting = false;
	instance->on_line = 0;
	instance->mode = instance->mode_before;
	instance->confederation = instance->confederation_before;
	alert_as(EC_PEERING_DEFAULT_DENY, "default-deny of vrf %s is as it was before: the neighbors that run could not be adopted, the journal cannot be written; say it again when it can",
	      vrf);
	journal(instance);
}

/* ---- the lines ---- */

bool default_deny_set_mode(const char *vrf, enum default_deny_mode mode, bool reading,
			   void (*said)(const char *line, void *context), void *context, struct verdict *verdict)
{
	struct instance *instance = find_or_make(vrf);

	*verdict = (struct verdict){.accepted = true, .code = ""};
	begin_line(instance, reading);
	if (mode == DEFAULT_DENY_ON && instance->adopting)
		return true;
	if (mode != DEFAULT_DENY_ON) {
		instance->on_at_end = instance->adopting = false;
		instance->on_line = 0;
	}
	if (mode == instance->mode)
		return true;
	if (mode != DEFAULT_DENY_ON) {
		/* What is marked for adoption is adopted all the same: it is open, and stays so. */
		instance->mode = mode;
	} else if (reading && router.booting) {
		instance->new_at_start = true;
		instance->mode = mode;
	} else if (reading) {
		/* What this router runs is adopted, once the whole file has been read. */
		instance->on_at_end = true;
	} else if (!durable_state_writable(verdict->message, sizeof(verdict->message))) {
		verdict->accepted = false;
		verdict->code = "journal";
		return false;
	} else {
		switch_on(instance, is_new, said, context);
		return true;
	}
	end_line(instance, reading);
	return true;
}

void default_deny_set_confederation(const char *vrf, bool on, bool reading,
				    void (*said)(const char *line, void *context), void *context)
{
	struct instance *instance = find_or_make(vrf);

	begin_line(instance, reading);
	instance->confederation_at_end = false;
	if (instance->confederation == on)
		return;
	if (on && reading && !router.booting) {
		instance->confederation_at_end = true;
		return;
	}
	instance->confederation = on;
	if (on && !reading && instance->mode == DEFAULT_DENY_ON)
		switch_on(instance, is_new_in_confederation, said, context);
	else
		end_line(instance, reading);
}

void default_deny_restore(const char *vrf, enum default_deny_mode mode, bool confederation, char *const *exceptions,
			  size_t count)
{
	struct instance *instance = find_or_make(vrf);
	struct exception exception;
	char error[160];

	instance->mode = mode;
	instance->confederation = confederation;
	list_delete_all_node(instance->exceptions);
	/* An exception that cannot be read excepts nothing. */
	for (size_t i = 0; i < count; i++)
		if (parse(exceptions[i], &exception, error, sizeof(error)))
			add(instance, &exception);
}

/* Undeclared neighbors that carried traffic, perhaps, before the journal was lost. */
static void alert_new(const struct instance *instance, const struct bgp *bgp)
{
	struct listnode *node;
	struct peer *peer;
	unsigned int count = 0;

	for (ALL_LIST_ELEMENTS_RO(bgp->peer, node, peer)) {
		const struct session *session = session_of_peer(peer);

		count += is_covered(instance, peer) &&
			 (!session || lifecycle_gate(connection_coming_state(session->connection)) == GATE_DENY);
	}
	if (count)
		alert_as(EC_PEERING_DEFAULT_DENY, "default-deny is on in vrf %s and %s: %u external neighbors are gated. Adopt those that carried traffic: `peering adopt all` (or `peering adopt all dry-run` first)",
		      instance->vrf,
		      durable_state_was_present() ? "the journal does not know it" : "there is no journal", count);
}

static void gate_unknown(struct peer *peer, void *context)
{
	struct session *session = default_deny_discover(bgp_vrf_name(peer->bgp), peer_key(peer), peer->as);

	transition(session->connection, EVENT_REQUEST, "router", "the journal may have known it: a line cannot be read",
		   NULL);
	++*(unsigned int *)context;
}

/* At the end of the configuration of a start: whatever a line that is lost may have spoken of. */
static void make_up_for_lost_lines(void)
{
	unsigned int count = 0;

	default_deny_each_candidate(gate_unknown, &count);
	made_up_for_lost_lines = true;
	durable_state_make_up_for_lost_lines();
	if (count)
		alert_as(EC_PEERING_DEFAULT_DENY, "%u external neighbors that the journal does not know are gated, since it may have: a line of it cannot be read. `show peering`, then `peering adopt all` (or `peering adopt all dry-run` first)",
		      count);
}

void default_deny_file_end(void)
{
	struct listnode *node;
	struct instance *instance;

	if (router.booting && durable_state_lost_a_line())
		make_up_for_lost_lines();
	if (!instances)
		return;
	for (ALL_LIST_ELEMENTS_RO(instances, node, instance)) {
		struct bgp *bgp = bgp_of_vrf(instance->vrf);

		if (instance->confederation_at_end) {
			instance->confederation = instance->edited = true;
			if (instance->mode == DEFAULT_DENY_ON)
				switch_on(instance, is_new_in_confederation, NULL, NULL);
		}
		if (instance->on_at_end)
			switch_on(instance, is_new, NULL, NULL);
		instance->on_at_end = instance->confederation_at_end = false;
		if (instance->edited)
			journal(instance);
		if (instance->new_at_start && bgp)
			alert_new(instance, bgp);
		instance->new_at_start = false;
	}
}
