// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plan holds the connections that the push touches as they will be, and every address of theirs. What is not in it is
 * as the router has it now.
 */
#include "bgpd-peering/push/push_check.h"

#include "bgpd-peering/checks/check.h"
#include "bgpd-peering/checks/service.h"
#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/policy/policy_check.h"
#include "bgpd-peering/push/neighbor.h"
#include "bgpd-peering/push/password.h"
#include "bgpd-peering/push/password_keys.h"
#include "bgpd-peering/push/push_declaration.h"
#include "bgpd-peering/push/push_describe.h"
#include "bgpd-peering/push/session_settings.h"

#include "lib/utf8.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_PLAN, "Peering plan of a push");

#define SHOWN_MAX 61

PREDECL_RBTREE_UNIQ(planned_tree);
PREDECL_RBTREE_UNIQ(address_tree);
PREDECL_DLIST(address_list);

struct planned_address {
	struct address_tree_item by_address;
	struct address_list_item in_connection;
	char address[SESSION_ADDRESS_MAX];
	struct planned *owner; /* NULL: a push has taken it away from its connection, and its neighbor with it */
	bool made;
};

struct planned {
	struct planned_tree_item by_name;
	char name[CONNECTION_NAME_MAX];
	const struct connection *connection; /* as it is now; NULL where the push makes it */
	bool exists;
	enum connection_state state;
	struct lifecycle_facts facts;
	bool pushed, pending;
	const Peering__DeclareConnection *declared; /* NULL: not by a push */
	struct address_list_head addresses;
};

static int compare_planned(const struct planned *a, const struct planned *b)
{
	return strcmp(a->name, b->name);
}

static int compare_address(const struct planned_address *a, const struct planned_address *b)
{
	return strcmp(a->address, b->address);
}

DECLARE_RBTREE_UNIQ(planned_tree, struct planned, by_name, compare_planned);
DECLARE_RBTREE_UNIQ(address_tree, struct planned_address, by_address, compare_address);
DECLARE_DLIST(address_list, struct planned_address, in_connection);

struct push_plan {
	const struct bgp *bgp; /* NULL: the router has none */
	struct planned_tree_head connections;
	struct address_tree_head addresses; /* of the default VRF */
	struct policy_plan *policies;
	struct password_room *passwords;
};

struct push_plan *push_plan_new(void)
{
	struct push_plan *plan = XCALLOC(MTYPE_PEERING_PLAN, sizeof(*plan));

	plan->bgp = bgp_of_vrf(VRF_DEFAULT_NAME);
	planned_tree_init(&plan->connections);
	address_tree_init(&plan->addresses);
	plan->policies = policy_plan_new();
	plan->passwords = password_room_new();
	return plan;
}

void push_plan_free(struct push_plan *plan)
{
	struct planned_address *address;
	struct planned *planned;

	while ((address = address_tree_pop(&plan->addresses))) {
		if (address->owner)
			address_list_del(&address->owner->addresses, address);
		XFREE(MTYPE_PEERING_PLAN, address);
	}
	while ((planned = planned_tree_pop(&plan->connections)))
		XFREE(MTYPE_PEERING_PLAN, planned);
	policy_plan_free(plan->policies);
	password_room_free(plan->passwords);
	XFREE(MTYPE_PEERING_PLAN, plan);
}

/* ---- looking up ---- */

static void own(struct push_plan *plan, struct planned *owner, const char *address, bool made)
{
	struct planned_address key, *entry;

	strlcpy(key.address, address, sizeof(key.address));
	entry = address_tree_find(&plan->addresses, &key);
	if (!entry) {
		entry = XCALLOC(MTYPE_PEERING_PLAN, sizeof(*entry));
		strlcpy(entry->address, address, sizeof(entry->address));
		address_tree_add(&plan->addresses, entry);
	} else if (entry->owner) {
		address_list_del(&entry->owner->addresses, entry);
	}
	entry->owner = owner;
	entry->made = made;
	address_list_add_tail(&owner->addresses, entry);
}

static bool in_default_vrf(const struct push_plan *plan, const struct planned *planned)
{
	return !planned->connection || (plan->bgp && strcmp(planned->connection->vrf, bgp_vrf_name(plan->bgp)) == 0);
}

/* As the push has left it so far; one that nobody knows does not exist. */
static struct planned *planned_connection(struct push_plan *plan, const char *name)
{
	const struct session *session;
	struct planned key, *planned;

	strlcpy(key.name, name, sizeof(key.name));
	planned = planned_tree_find(&plan->connections, &key);
	if (planned)
		return planned;
	planned = XCALLOC(MTYPE_PEERING_PLAN, sizeof(*planned));
	strlcpy(planned->name, name, sizeof(planned->name));
	address_list_init(&planned->addresses);
	planned_tree_add(&plan->connections, planned);
	planned->connection = connection_find(name);
	if (!planned->connection)
		return planned;
	planned->exists = true;
	planned->state = planned->connection->state;
	connection_facts(planned->connection, &planned->facts);
	planned->facts.passed = validation_passed(planned->connection);
	planned->pushed = planned->connection->pushed;
	planned->pending = planned->connection->pending.ticket || planned->connection->let_go;
	planned->declared = planned->pushed ? durable_state_pushed_of(name) : NULL;
	/* Declarations are for the default VRF; the sessions of another are counted, and in nobody's way. */
	frr_each (session_list_const, &planned->connection->sessions, session)
		if (in_default_vrf(plan, planned))
			own(plan, planned, session->address, session->made);
	return planned;
}

/* NULL where no connection has the address, and none of this push has had it. */
static struct planned_address *planned_address(struct push_plan *plan, const char *address)
{
	const struct session *session;
	struct planned_address key;

	strlcpy(key.address, address, sizeof(key.address));
	if (!address_tree_find(&plan->addresses, &key)) {
		session = session_find(bgp_vrf_name(plan->bgp), address);
		if (session)
			planned_connection(plan, session->connection->name);
	}
	return address_tree_find(&plan->addresses, &key);
}

static bool neighbor_will_exist(const struct push_plan *plan, const struct planned_address *address,
				const union sockunion *su)
{
	return (!address || address->owner) && neighbor_exists(plan->bgp, su);
}

/* ---- words from outside ---- */

/* For a sentence. Valid for the next call but one. */
static const char *shown(const char *text)
{
	static char buffers[2][SHOWN_MAX];
	static unsigned int turn;
	char *buffer = buffers[turn++ % 2];

	if (!utf8_is_clean(text))
		return "?";
	utf8_copy(buffer, SHOWN_MAX, text);
	return buffer;
}

static bool check_description(const char *whose, const char *description, struct verdict *verdict)
{
	if (strlen(description) < DESCRIPTION_MAX && utf8_is_clean(description))
		return true;
	verdict_refuse(verdict, "bad-description", "%s: the description is too long (at most %d bytes) or not printable",
		       whose, DESCRIPTION_MAX - 1);
	return false;
}

static bool check_families(const struct push_plan *plan, const char *address, const Peering__Neighbor *neighbor,
			   struct verdict *verdict)
{
	bool named[FAMILY_COUNT] = {false};

	for (size_t i = 0; i < neighbor->n_families; i++) {
		const Peering__NeighborFamily *family = neighbor->families[i];
		const char *policies[] = {family->import_policy, family->export_policy};
		int which = push_family_from_wire(family->afi);

		if (which < 0) {
			verdict_refuse(verdict, "bad-family", "%s: '%s' is no address family; use ipv4 or ipv6", address,
				       shown(family->afi));
			return false;
		}
		if (named[which]) {
			verdict_refuse(verdict, "bad-family", "%s: the family %s stands there twice; keep one", address,
				       family->afi);
			return false;
		}
		named[which] = true;
		if (family->received_limit > UINT32_MAX) {
			verdict_refuse(verdict, "bad-limit",
				       "%s: the received limit is out of range; 1 to 4294967295", address);
			return false;
		}
		for (size_t j = 0; j < array_size(policies); j++) {
			if (!policies[j][0] || (utf8_is_clean(policies[j]) &&
					       policy_plan_has(plan->policies, PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP, policies[j])))
				continue;
			verdict_refuse(verdict, "unknown-policy",
				       "%s: the route-map '%s' is not defined on this router; define it first", address,
				       shown(policies[j]));
			return false;
		}
	}
	return true;
}

/* ---- declarations ---- */

static bool check_neighbor(struct push_plan *plan, const struct planned *planned, const Peering__Neighbor *neighbor,
			   struct verdict *verdict)
{
	char address[SESSION_ADDRESS_MAX];
	const struct planned_address *entry;
	union sockunion su;
	bool ours;

	if (str2sockunion(neighbor->address, &su) != 0) {
		verdict_refuse(verdict, "bad-address", "'%s' is no IPv4 or IPv6 address", shown(neighbor->address));
		return false;
	}
	session_normalize(neighbor->address, address);
	if (!neighbor_address_fits(&su)) {
		verdict_refuse(verdict, "bad-address", "%s is no address that a neighbor can have", address);
		return false;
	}
	if (!check_description(address, neighbor->description, verdict))
		return false;
	entry = planned_address(plan, address);
	if (entry && entry->owner && entry->owner != planned) {
		if (!entry->owner->facts.discovered) {
			verdict_refuse(verdict, "neighbor-taken", "%s belongs to the connection %s", address,
				       entry->owner->name);
			return false;
		}
		if (entry->owner->pending) {
			verdict_refuse(verdict, "pending", "%s is just changing; try again in a moment",
				       entry->owner->name);
			return false;
		}
	}
	ours = entry && entry->owner == planned && entry->made;
	if (!ours && neighbor_will_exist(plan, entry, &su)) {
		verdict_refuse(verdict, "neighbor-exists",
			       "%s is a neighbor of this router already; adopt or declare it on the router", address);
		return false;
	}
	if (!session_settings_check_addresses(neighbor, address, verdict) || !check_families(plan, address, neighbor, verdict))
		return false;
	if (neighbor->password[0] && !password_room_take(plan->passwords, plan->bgp, &su, neighbor->password)) {
		verdict_refuse(verdict, "no-room", "the kernel does not take the password of %s: %s; raise net.core.optmem_max",
			       address, safe_strerror(errno));
		return false;
	}
	return true;
}

/* What leaves the connection for this declaration, and what stays in it because it is the operator's. */
static bool check_what_is_left(struct push_plan *plan, struct planned *planned,
			       const Peering__DeclareConnection *declaration, struct verdict *verdict)
{
	size_t count = declaration->n_neighbors;
	struct planned_address *entry;

	frr_each (address_list, &planned->addresses, entry) {
		union sockunion su;

		if (push_declares(declaration, entry->address))
			continue;
		if (!entry->made && !push_declares(planned->declared, entry->address)) {
			count++;
			continue;
		}
		if (!entry->made && str2sockunion(entry->address, &su) == 0 && neighbor_exists(plan->bgp, &su)) {
			verdict_refuse(verdict, "neighbor-exists",
				       "%s, which is no longer declared, has been made anew on the router; remove it there first",
				       entry->address);
			return false;
		}
	}
	if (count > SESSIONS_MAX) {
		verdict_refuse(verdict, "too-many", "%s would have %zu neighbors with those of the router's operator, at most %d",
			       declaration->name, count, SESSIONS_MAX);
		return false;
	}
	return true;
}

/* What it says of its checks, and of its service. */
static bool check_service(const struct push_plan *plan, const Peering__DeclareConnection *declaration,
			  struct verdict *verdict)
{
	bool named[CHECKS_MAX] = {false};

	if (declaration->reopen_hold_down > REOPEN_HOLD_DOWN_MOST) {
		verdict_refuse(verdict, "bad-window", "%s: the hold-down is out of range; 1 to %d seconds", declaration->name,
			       REOPEN_HOLD_DOWN_MOST);
		return false;
	}
	if (declaration->profile[0] && (strlen(declaration->profile) >= PROFILE_NAME_MAX ||
					!profile_find(bgp_vrf_name(plan->bgp), declaration->profile))) {
		verdict_refuse(verdict, "unknown-profile",
			       "%s: this router has no profile '%s'; define it first, by `peering profile …`",
			       declaration->name, shown(declaration->profile));
		return false;
	}
	for (size_t i = 0; i < declaration->n_checks; i++) {
		int check = check_find(declaration->checks[i]->name);
		const char *wrong = NULL;

		if (check < 0)
			wrong = "is not known to this router";
		else if (checks[check]->fixed)
			wrong = "is always required";
		else if (named[check])
			wrong = "stands there twice; keep one";
		else if (check_level_from_name(declaration->checks[i]->level) < 0)
			wrong = "has no level; use required, advisory or off";
		if (wrong) {
			verdict_refuse(verdict, "bad-check", "%s: the check '%s' %s", declaration->name,
				       shown(declaration->checks[i]->name), wrong);
			return false;
		}
		named[check] = true;
	}
	return true;
}

static bool check_timers(const Peering__DeclareConnection *declaration, struct verdict *verdict)
{
	uint32_t seconds[TIMER_COUNT];

	push_timers(declaration, seconds);
	for (int timer = 0; timer < TIMER_COUNT; timer++) {
		if (seconds[timer] <= TIMER_SECONDS_MOST)
			continue;
		verdict_refuse(verdict, "bad-timer", "%s: the timer %s is out of range; 1 to %d seconds", declaration->name,
			       timer_name(timer), TIMER_SECONDS_MOST);
		return false;
	}
	return true;
}

static bool check_words(const struct push_plan *plan, const Peering__DeclareConnection *declaration,
			struct verdict *verdict)
{
	const char *name_error = connection_find(declaration->name) ? NULL : connection_new_name_error(declaration->name);
	enum connection_kind kind;

	if (name_error) {
		verdict_refuse(verdict, "bad-name", "%s", name_error);
		return false;
	}
	if (!plan->bgp) {
		verdict_refuse(verdict, "no-bgp", "this router has no `router bgp`; configure it first");
		return false;
	}
	if (declaration->peer_asn == 0 || declaration->peer_asn == plan->bgp->as) {
		verdict_refuse(verdict, "bad-asn", "%s: AS%u is not the AS number of an external peer", declaration->name,
			       declaration->peer_asn);
		return false;
	}
	if (!push_kind_from_wire(declaration->kind, &kind)) {
		verdict_refuse(verdict, "bad-kind", "%s: the kind is unknown to this router", declaration->name);
		return false;
	}
	if (declaration->validation_window > 86400) {
		verdict_refuse(verdict, "bad-window", "%s: the validation window is out of range; 1 to 86400 seconds",
			       declaration->name);
		return false;
	}
	if (!check_timers(declaration, verdict) ||
	    !check_description(declaration->name, declaration->description, verdict) ||
	    !check_service(plan, declaration, verdict))
		return false;
	if (declaration->n_neighbors == 0 || declaration->n_neighbors > SESSIONS_MAX) {
		verdict_refuse(verdict, "no-neighbor", "%s: 1 to %d neighbors are needed", declaration->name,
			       SESSIONS_MAX);
		return false;
	}
	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		const Peering__Neighbor *neighbor = declaration->neighbors[i];
		const char *wrong = session_settings_wrong(neighbor);

		if (wrong) {
			verdict_refuse(verdict, "bad-session", "%s: %s: %s", declaration->name, shown(neighbor->address), wrong);
			return false;
		}
		if (neighbor->n_families <= FAMILY_COUNT)
			continue;
		verdict_refuse(verdict, "bad-family", "%s: a neighbor has at most %d families, ipv4 and ipv6",
			       declaration->name, FAMILY_COUNT);
		return false;
	}
	return true;
}

static bool check_neighbors(struct push_plan *plan, const struct planned *planned,
			    const Peering__DeclareConnection *declaration, struct verdict *verdict)
{
	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		char address[SESSION_ADDRESS_MAX], other[SESSION_ADDRESS_MAX];

		if (!check_neighbor(plan, planned, declaration->neighbors[i], verdict))
			return false;
		session_normalize(declaration->neighbors[i]->address, address);
		for (size_t j = 0; j < i; j++) {
			session_normalize(declaration->neighbors[j]->address, other);
			if (strcmp(other, address) != 0)
				continue;
			verdict_refuse(verdict, "bad-address", "%s: %s stands there twice; keep one", declaration->name,
				       address);
			return false;
		}
	}
	return true;
}

static void plan_declaration(struct push_plan *plan, struct planned *planned,
			     const Peering__DeclareConnection *declaration)
{
	struct planned_address *entry;

	frr_each_safe (address_list, &planned->addresses, entry) {
		if (push_declares(declaration, entry->address) ||
		    !(entry->made || push_declares(planned->declared, entry->address)))
			continue;
		address_list_del(&planned->addresses, entry);
		entry->owner = NULL;
		entry->made = false;
	}
	for (size_t i = 0; i < declaration->n_neighbors; i++) {
		char address[SESSION_ADDRESS_MAX];
		struct planned *before;

		session_normalize(declaration->neighbors[i]->address, address);
		entry = planned_address(plan, address);
		before = entry ? entry->owner : NULL;
		own(plan, planned, address, true);
		/* The undeclared connection is gone with its last session. */
		if (before && before != planned && address_list_count(&before->addresses) == 0) {
			before->exists = before->pushed = false;
			before->connection = NULL;
			before->state = STATE_NONE;
			before->facts = (struct lifecycle_facts){0};
		}
	}
	planned->exists = planned->pushed = true;
	planned->declared = declaration;
	push_kind_from_wire(declaration->kind, &planned->facts.kind);
	/* What passed was what was declared before. */
	planned->facts.passed = false;
	if (planned->state == STATE_NONE)
		planned->state = STATE_PENDING_APPROVAL;
}

static bool is_bypassed(const char *name)
{
	const struct connection *connection = connection_find(name);

	return connection && bypass_covers(connection);
}

/* *declaration is what the journal gives back of it, passwords sealed; NULL where it cannot keep it. */
static bool seal(const Peering__DeclareConnection *asked, Peering__DeclareConnection **declaration,
		 struct verdict *verdict)
{
	Peering__DeclareConnection *sealed = journal_line_copy_declaration(asked);
	bool good = sealed && password_seal_declared(sealed, verdict);

	if (good)
		*declaration = journal_line_round_trip(sealed);
	if (sealed)
		peering__declare_connection__free_unpacked(sealed, NULL);
	return good;
}

static bool check_declare(struct push_plan *plan, const Peering__DeclareConnection *asked,
			  Peering__DeclareConnection **declaration, struct verdict *verdict)
{
	const Peering__DeclareConnection *before;
	enum connection_state from;
	struct planned *planned;

	if (!check_words(plan, asked, verdict) || !seal(asked, declaration, verdict))
		return false;
	planned = planned_connection(plan, asked->name);
	/* In force to the letter is good whatever the state. */
	if (*declaration && planned->exists && planned->state != STATE_NONE && planned->declared &&
	    push_same_declaration(planned->declared, *declaration)) {
		snprintf(verdict->message, sizeof(verdict->message), "%s is declared so already", asked->name);
		return true;
	}
	if (planned->exists && (!planned->pushed || !in_default_vrf(plan, planned))) {
		verdict_refuse(verdict, "not-owned", "%s was declared on the router itself and is left to it",
			       asked->name);
		return false;
	}
	if (planned->pending) {
		verdict_refuse(verdict, "pending", "%s is just changing; try again in a moment", asked->name);
		return false;
	}
	if (planned->exists && is_bypassed(asked->name)) {
		verdict_refuse(verdict, "bypass", "a bypass holds the sessions of %s open; declare it anew once that has ended",
			       asked->name);
		return false;
	}
	if (planned->exists && lifecycle_gate(planned->state) != GATE_DENY &&
	    !(planned->state == STATE_ACTIVE && *declaration && push_only_adds(planned->declared, *declaration))) {
		verdict_refuse(verdict, "active",
			       "%s is %s: neighbors may be added, and what it has stays; deprovision it before it is declared anew",
			       asked->name, connection_state_name(planned->state));
		return false;
	}
	if (!check_neighbors(plan, planned, asked, verdict) ||
	    !check_what_is_left(plan, planned, asked, verdict))
		return false;
	if (!*declaration) {
		verdict_refuse(verdict, "too-large", "%s: the declaration is more than the router's journal can keep",
			       asked->name);
		return false;
	}
	from = planned->state;
	before = planned->declared;
	plan_declaration(plan, planned, *declaration);
	push_describe_declaration(before, *declaration, from, planned->state, verdict->message,
				  sizeof(verdict->message));
	return true;
}

/* ---- verbs ---- */

int push_verb_event(const char *verb)
{
	/*
	 * What opens without a validation (adopt, cancel, activate force) or forgets is for a person on the router.
	 */
	static const enum lifecycle_event given[] = {
		EVENT_REQUEST, EVENT_APPROVE, EVENT_READY,   EVENT_ACTIVATE, EVENT_DEPROVISION, EVENT_WITHDRAW,
		EVENT_RETRY,   EVENT_BLOCK,   EVENT_UNBLOCK, EVENT_DELETE,   EVENT_FORCE_CANCEL,
		EVENT_MAINTENANCE_ON, EVENT_MAINTENANCE_OFF, EVENT_REOPEN,
	};
	int event = lifecycle_event_from_name(verb);

	for (size_t i = 0; i < array_size(given); i++)
		if (event == (int)given[i])
			return event;
	return -1;
}

/* Of those that a controller can give, each as it gives it. */
static void list_allowed(enum connection_state state, const struct lifecycle_facts *facts, struct verdict *verdict)
{
	char all[sizeof(verdict->allowed)], *rest = all, *word;
	size_t used = 0;

	lifecycle_allowed(state, facts, all, sizeof(all));
	verdict->allowed[0] = '\0';
	while ((word = strsep(&rest, ","))) {
		word += strspn(word, " ");
		if (!*word || push_verb_event(word) < 0 || used >= sizeof(verdict->allowed))
			continue;
		for (char *space = strchr(word, ' '); space; space = strchr(space, ' '))
			*space = '-';
		used += (size_t)snprintf(verdict->allowed + used, sizeof(verdict->allowed) - used, "%s%s",
					 used ? ", " : "", word);
	}
	if (!used)
		strlcpy(verdict->allowed, "none", sizeof(verdict->allowed));
}

void push_list_allowed(const struct connection *connection, struct verdict *verdict)
{
	struct lifecycle_facts facts;

	verdict->allowed[0] = '\0';
	if (!connection)
		return;
	connection_facts(connection, &facts);
	list_allowed(connection->state, &facts, verdict);
}

static bool refuse_verb(const struct planned *planned, const char *verb, enum lifecycle_refusal refusal,
			struct verdict *verdict)
{
	char waiting[160];

	list_allowed(planned->state, &planned->facts, verdict);
	if (refusal == REFUSAL_LINK) {
		verdict_refuse(verdict, "link-test", "%s waits for its link test, which has not passed; `show peering %s link` on the router",
			       planned->name, planned->name);
	} else if (refusal == REFUSAL_DELETE) {
		verdict_refuse(verdict, "not-deletable", "%s is %s and cannot be deleted; allowed now: %s", planned->name,
			       connection_state_name(planned->state), verdict->allowed);
	} else if (refusal != REFUSAL_NOT_PASSED) {
		verdict_refuse(verdict, "not-allowed", "%s is %s, which does not take '%s'; allowed now: %s",
			       planned->name, connection_state_name(planned->state), verb, verdict->allowed);
	} else if (planned->connection && planned->connection->state == planned->state) {
		validation_waiting_for(planned->connection, waiting, sizeof(waiting));
		verdict_refuse(verdict, "not-validated", "%s has not passed its validation: %s", planned->name, waiting);
	} else {
		verdict_refuse(verdict, "not-validated", "%s has not passed its validation", planned->name);
	}
	return false;
}

static bool check_verb(struct push_plan *plan, const Peering__ConnectionVerb *verb, struct verdict *verdict)
{
	int event = push_verb_event(verb->verb);
	struct lifecycle_outcome outcome;
	struct completeness has = {0};
	struct planned *planned;

	if (event < 0) {
		verdict_refuse(verdict, "unknown-verb", "'%s' is no verb that a controller can give", shown(verb->verb));
		return false;
	}
	if (!utf8_is_clean(verb->reason)) {
		verdict_refuse(verdict, "bad-reason", "the reason has a control character or is not UTF-8; remove it");
		return false;
	}
	if ((event == EVENT_BLOCK || event == EVENT_FORCE_CANCEL) && !verb->reason[0]) {
		verdict_refuse(verdict, "bad-reason", "'%s' wants a reason", verb->verb);
		return false;
	}
	planned = strlen(verb->name) < CONNECTION_NAME_MAX ? planned_connection(plan, verb->name) : NULL;
	if (!planned || !planned->exists) {
		verdict_refuse(verdict, "no-such-connection", "this router has no connection '%s'", shown(verb->name));
		return false;
	}
	if (planned->pending) {
		verdict_refuse(verdict, "pending", "%s is just changing; try again in a moment", planned->name);
		return false;
	}
	if (planned->connection && planned->connection->journal_damaged && event == EVENT_ACTIVATE) {
		verdict_refuse(verdict, "journal-damaged",
			       "%s is closed because its line in the journal cannot be read; look at it and `activate` it on the router itself",
			       planned->name);
		return false;
	}
	if (event == EVENT_REOPEN && planned->connection)
		planned->facts.passed = service_would_open(planned->connection, true);
	outcome = lifecycle_judge(planned->state, event, &planned->facts);
	if (outcome.refusal != REFUSAL_NONE)
		return refuse_verb(planned, verb->verb, outcome.refusal, verdict);
	has.sessions = in_default_vrf(plan, planned) ? address_list_count(&planned->addresses)
						     : session_list_count(&planned->connection->sessions);
	has.conflict = planned->connection && connection_has_conflict(planned->connection);
	if (!transition_is_complete(planned->name, &has, event, verdict))
		return false;
	push_describe_verb(planned->name, event, planned->state, &outcome, verdict->message, sizeof(verdict->message));
	if (outcome.unchanged)
		return true;
	planned->pending = lifecycle_loosens(planned->state, &outcome);
	if (event == EVENT_MAINTENANCE_ON || event == EVENT_MAINTENANCE_OFF)
		planned->facts.maintenance = event == EVENT_MAINTENANCE_ON;
	if (event == EVENT_BLOCK)
		planned->facts.former = planned->state;
	planned->state = outcome.to;
	planned->facts.passed = false;
	if (event == EVENT_APPROVE)
		planned->facts.discovered = false;
	return true;
}

bool push_plan_operation(struct push_plan *plan, const Peering__Operation *operation,
			 Peering__DeclareConnection **declaration, struct verdict *verdict)
{
	*declaration = NULL;
	*verdict = (struct verdict){.accepted = true, .code = ""};
	switch (operation->operation_case) {
	case PEERING__OPERATION__OPERATION_DECLARE:
		return check_declare(plan, operation->declare, declaration, verdict);
	case PEERING__OPERATION__OPERATION_VERB:
		return check_verb(plan, operation->verb, verdict);
	case PEERING__OPERATION__OPERATION_POLICY:
		return policy_plan_push(plan->policies, operation->policy, verdict);
	case PEERING__OPERATION__OPERATION_WITHDRAW_POLICY:
		return policy_plan_withdraw(plan->policies, operation->withdraw_policy->name, verdict);
	default:
		verdict_refuse(verdict, "unknown-operation", "this router does not know such an operation");
		return false;
	}
}
