// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A push is checked operation by operation against what the earlier ones would have made of the router, without
 * touching anything; only where all are good is the first one applied. Applying runs in one turn of the event loop: no
 * session comes up and no command is typed in between.
 */
#include "bgpd-peering/push.h"

#include "bgpd-peering/configuration.h"
#include "bgpd-peering/durable_state.h"
#include "bgpd-peering/gate.h"
#include "bgpd-peering/gate_policy.h"
#include "bgpd-peering/neighbor.h"
#include "bgpd-peering/session_events.h"
#include "bgpd-peering/validation.h"

#define OPERATIONS_MAX 256
#define ANSWERS_KEPT 32
#define ID_MAX 128

/* ---- words from outside ---- */

static bool printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text == 0x7f)
			return false;
	return true;
}

static bool kind_from_wire(Peering__Kind wire, enum connection_kind *kind)
{
	switch (wire) {
	case PEERING__KIND__KIND_UNSPECIFIED:
	case PEERING__KIND__KIND_DIRECT:
		*kind = KIND_DIRECT;
		return true;
	case PEERING__KIND__KIND_EXCHANGE:
		*kind = KIND_EXCHANGE;
		return true;
	case PEERING__KIND__KIND_ROUTE_SERVER:
		*kind = KIND_ROUTE_SERVER;
		return true;
	default:
		return false;
	}
}

/* An unknown mode is the one that opens nothing by itself. */
static enum activation_mode activation_from_wire(Peering__ActivationMode wire)
{
	switch (wire) {
	case PEERING__ACTIVATION_MODE__ACTIVATION_AUTO:
		return ACTIVATION_AUTO;
	case PEERING__ACTIVATION_MODE__ACTIVATION_CONTROLLER:
		return ACTIVATION_CONTROLLER;
	default:
		return ACTIVATION_MANUAL;
	}
}

static int family_from_wire(const char *afi)
{
	for (int family = 0; family < FAMILY_COUNT; family++)
		if (strcmp(afi, family_name(family)) == 0)
			return family;
	return -1;
}

/* ---- checking ---- */

static bool check_family(const char *address, const Peering__NeighborFamily *family, struct verdict *verdict)
{
	const char *policies[] = {family->import_policy, family->export_policy};

	if (family_from_wire(family->afi) < 0) {
		verdict_refuse(verdict, "bad-family", "%s: '%s' is no address family; use ipv4 or ipv6", address,
			       printable(family->afi) ? family->afi : "?");
		return false;
	}
	if (family->received_limit > UINT32_MAX) {
		verdict_refuse(verdict, "bad-limit", "%s: the received limit is out of range; 1 to 4294967295", address);
		return false;
	}
	for (size_t i = 0; i < array_size(policies); i++) {
		if (!policies[i][0] || (printable(policies[i]) && route_map_lookup_by_name(policies[i])))
			continue;
		verdict_refuse(verdict, "unknown-policy",
			       "%s: the route-map '%s' is not defined on this router; define it first", address,
			       printable(policies[i]) ? policies[i] : "?");
		return false;
	}
	return true;
}

static bool check_neighbor(const struct bgp *bgp, const Peering__DeclareConnection *declaration,
			   const Peering__Neighbor *neighbor, struct verdict *verdict)
{
	char address[SESSION_ADDRESS_MAX];
	union sockunion su;
	const struct session *session;
	bool ours;

	if (str2sockunion(neighbor->address, &su) != 0) {
		verdict_refuse(verdict, "bad-address", "'%.60s' is no IPv4 or IPv6 address",
			       printable(neighbor->address) ? neighbor->address : "?");
		return false;
	}
	if (!neighbor_address_fits(&su)) {
		verdict_refuse(verdict, "bad-address", "%s is no address that a neighbor can have", neighbor->address);
		return false;
	}
	if (strlen(neighbor->description) >= DESCRIPTION_MAX || !printable(neighbor->description)) {
		verdict_refuse(verdict, "bad-description", "%s: the description is too long or not printable",
			       neighbor->address);
		return false;
	}
	session_normalize(neighbor->address, address);
	session = session_find(bgp_vrf_name(bgp), address);
	ours = session && session->connection->pushed && strcmp(session->connection->name, declaration->name) == 0;
	if (session && !ours && !session->connection->discovered) {
		verdict_refuse(verdict, "neighbor-taken", "%s belongs to the connection %s", address,
			       session->connection->name);
		return false;
	}
	if (!ours && neighbor_exists(bgp, &su)) {
		verdict_refuse(verdict, "neighbor-exists",
			       "%s is a neighbor of this router already; adopt or declare it on the router", address);
		return false;
	}
	for (size_t i = 0; i < neighbor->n_families; i++)
		if (!check_family(address, neighbor->families[i], verdict))
			return false;
	return true;
}

static bool check_declaration(const Peering__DeclareConnection *declaration, struct verdict *verdict)
{
	const char *name_error = connection_name_error(declaration->name);
	const struct bgp *bgp = bgp_of_vrf(VRF_DEFAULT_NAME);
	const struct connection *connection;
	enum connection_kind kind;

	if (name_error) {
		verdict_refuse(verdict, "bad-name", "%s", name_error);
		return false;
	}
	if (!bgp) {
		verdict_refuse(verdict, "no-bgp", "this router has no `router bgp`; configure it first");
		return false;
	}
	if (declaration->peer_asn == 0 || declaration->peer_asn == bgp->as) {
		verdict_refuse(verdict, "bad-asn", "%s: AS%u is not the AS number of an external peer", declaration->name,
			       declaration->peer_asn);
		return false;
	}
	if (!kind_from_wire(declaration->kind, &kind)) {
		verdict_refuse(verdict, "bad-kind", "%s: the kind is unknown to this router", declaration->name);
		return false;
	}
	if (declaration->validation_window > 86400) {
		verdict_refuse(verdict, "bad-window", "%s: the validation window is out of range; 1 to 86400 seconds",
			       declaration->name);
		return false;
	}
	if (strlen(declaration->description) >= DESCRIPTION_MAX || !printable(declaration->description)) {
		verdict_refuse(verdict, "bad-description", "%s: the description is too long (at most %d) or not printable",
			       declaration->name, DESCRIPTION_MAX - 1);
		return false;
	}
	if (declaration->n_neighbors == 0 || declaration->n_neighbors > SESSIONS_MAX) {
		verdict_refuse(verdict, "no-neighbor", "%s: 1 to %d neighbors are needed", declaration->name,
			       SESSIONS_MAX);
		return false;
	}
	connection = connection_find(declaration->name);
	if (connection && !connection->pushed) {
		verdict_refuse(verdict, "not-owned", "%s was declared on the router itself and is left to it",
			       declaration->name);
		return false;
	}
	if (connection && lifecycle_gate(connection->state) != GATE_DENY) {
		verdict_refuse(verdict, "active", "%s is %s; deprovision it before it is declared anew",
			       declaration->name, connection_state_name(connection->state));
		return false;
	}
	for (size_t i = 0; i < declaration->n_neighbors; i++)
		if (!check_neighbor(bgp, declaration, declaration->neighbors[i], verdict))
			return false;
	return true;
}

/* A declaration that is in force to the letter is good whatever the state. */
static void compare_declaration(const Peering__DeclareConnection *in_force, void *context)
{
	struct {
		const Peering__DeclareConnection *wanted;
		bool same;
	} *search = context;
	size_t size = peering__declare_connection__get_packed_size(in_force);
	uint8_t *a, *b;

	if (strcmp(in_force->name, search->wanted->name) != 0 ||
	    size != peering__declare_connection__get_packed_size(search->wanted))
		return;
	a = XMALLOC(MTYPE_TMP, size + 1);
	b = XMALLOC(MTYPE_TMP, size + 1);
	peering__declare_connection__pack(in_force, a);
	peering__declare_connection__pack(search->wanted, b);
	search->same = memcmp(a, b, size) == 0;
	XFREE(MTYPE_TMP, a);
	XFREE(MTYPE_TMP, b);
}

static bool in_force_already(const Peering__DeclareConnection *declaration)
{
	const struct connection *connection = connection_find(declaration->name);
	struct {
		const Peering__DeclareConnection *wanted;
		bool same;
	} search = {.wanted = declaration};

	if (!connection || connection->state == STATE_NONE)
		return false;
	durable_state_each_pushed(compare_declaration, &search);
	return search.same;
}

static int verb_event(const char *verb)
{
	int event = lifecycle_event_from_name(verb);

	/* Giving up by force is for a person on the router. */
	return event >= 0 && lifecycle_is_verb(event) && event != EVENT_FORCE_CANCEL ? event : -1;
}

/* The state that the connection will have when the operation before `index` has been applied. -1: no such connection. */
static int state_before(const Peering__Push *push, size_t index, const char *name, struct lifecycle_facts *facts)
{
	const struct connection *connection = connection_find(name);
	int state = connection ? (int)connection->state : -1;

	*facts = (struct lifecycle_facts){0};
	if (connection) {
		connection_facts(connection, facts);
		facts->passed = validation_passed(connection);
	}
	for (size_t i = 0; i < index; i++) {
		const Peering__Operation *operation = push->operations[i];
		struct lifecycle_outcome outcome;

		if (operation->operation_case == PEERING__OPERATION__OPERATION_DECLARE &&
		    strcmp(operation->declare->name, name) == 0) {
			kind_from_wire(operation->declare->kind, &facts->kind);
			if (state <= STATE_NONE)
				state = STATE_PENDING_APPROVAL;
		} else if (operation->operation_case == PEERING__OPERATION__OPERATION_VERB && state >= 0 &&
			   strcmp(operation->verb->name, name) == 0 && verb_event(operation->verb->verb) >= 0) {
			outcome = lifecycle_judge(state, verb_event(operation->verb->verb), facts);
			state = outcome.to;
		}
	}
	return state;
}

static bool check_verb(const Peering__Push *push, size_t index, struct verdict *verdict)
{
	const Peering__ConnectionVerb *verb = push->operations[index]->verb;
	const struct connection *connection = connection_find(verb->name);
	int event = verb_event(verb->verb), state;
	struct lifecycle_facts facts;
	struct lifecycle_outcome outcome;

	if (event < 0) {
		verdict_refuse(verdict, "unknown-verb", "'%.40s' is no verb that a controller can give",
			       printable(verb->verb) ? verb->verb : "?");
		return false;
	}
	state = state_before(push, index, verb->name, &facts);
	if (state < 0) {
		verdict_refuse(verdict, "no-such-connection", "this router has no connection '%.63s'",
			       printable(verb->name) ? verb->name : "?");
		return false;
	}
	if (connection && connection->pending.ticket) {
		verdict_refuse(verdict, "pending", "%s is just changing; try again in a moment", connection->name);
		return false;
	}
	outcome = lifecycle_judge(state, event, &facts);
	if (outcome.refusal == REFUSAL_NONE)
		return true;
	lifecycle_allowed(state, &facts, verdict->allowed, sizeof(verdict->allowed));
	if (outcome.refusal == REFUSAL_NOT_PASSED && connection) {
		char waiting[160];

		validation_waiting_for(connection, waiting, sizeof(waiting));
		verdict_refuse(verdict, "not-validated", "%s has not passed its validation: %s", verb->name, waiting);
	} else {
		verdict_refuse(verdict, "not-allowed", "%s is %s, which does not take '%s'; allowed now: %s", verb->name,
			       connection_state_name(state), verb->verb, verdict->allowed);
	}
	return false;
}

static bool check_operation(const Peering__Push *push, size_t index, struct verdict *verdict)
{
	const Peering__Operation *operation = push->operations[index];

	*verdict = (struct verdict){.accepted = true, .code = ""};
	switch (operation->operation_case) {
	case PEERING__OPERATION__OPERATION_DECLARE:
		return in_force_already(operation->declare) || check_declaration(operation->declare, verdict);
	case PEERING__OPERATION__OPERATION_VERB:
		return check_verb(push, index, verdict);
	default:
		verdict_refuse(verdict, "unknown-operation", "this router does not know such an operation");
		return false;
	}
}

/* ---- applying ---- */

static void apply_family(struct session *session, struct peer *peer, const Peering__NeighborFamily *family)
{
	int which = family_from_wire(family->afi);
	afi_t afi = family_afi(which);

	neighbor_activate(peer, afi);
	if (family->received_limit) {
		session->connection->received_limit[which] = (uint32_t)family->received_limit;
		neighbor_limit(peer, afi, (uint32_t)family->received_limit);
	}
	gate_assert(session);
	gate_policy_want(session, afi, SAFI_UNICAST, RMAP_IN, family->import_policy[0] ? family->import_policy : NULL);
	gate_policy_want(session, afi, SAFI_UNICAST, RMAP_OUT, family->export_policy[0] ? family->export_policy : NULL);
}

/* Without a list the neighbor carries the family of its own address; bgpd's default families are taken away. */
static void neighbor_families_only(struct peer *peer, const Peering__Neighbor *neighbor)
{
	for (int family = 0; family < FAMILY_COUNT; family++) {
		bool listed = neighbor->n_families == 0 && peer_remote_address(peer)->sa.sa_family ==
								   afi2family(family_afi(family));

		for (size_t i = 0; i < neighbor->n_families; i++)
			listed |= family_from_wire(neighbor->families[i]->afi) == family;
		if (listed)
			neighbor_activate(peer, family_afi(family));
		else
			neighbor_deactivate(peer, family_afi(family));
	}
}

static void apply_neighbor(struct connection *connection, const Peering__DeclareConnection *declaration,
			   const Peering__Neighbor *neighbor)
{
	struct bgp *bgp = bgp_of_vrf(connection->vrf);
	char address[SESSION_ADDRESS_MAX];
	struct session *session;
	struct verdict verdict;
	struct peer *peer;
	bool opens;

	session_normalize(neighbor->address, address);
	if (!configuration_add_neighbor(connection, address, neighbor->optional, true, &verdict)) {
		zlog_err("peering: %s: %s", connection->name, verdict.message);
		return;
	}
	session = session_find(connection->vrf, address);
	peer = session_peer(session);
	if (!peer)
		peer = neighbor_make(bgp, address, declaration->peer_asn);
	if (!peer)
		return;
	/* Under the reserved route-map first, whatever the gate is to be: the policy arrives in one step. */
	opens = session->gate == GATE_ALLOW;
	session->gate = GATE_DENY;
	if (neighbor->description[0] || declaration->description[0])
		peer_description_set(peer, neighbor->description[0] ? neighbor->description
								     : declaration->description);
	gate_assert(session);
	for (size_t i = 0; i < neighbor->n_families; i++)
		apply_family(session, peer, neighbor->families[i]);
	neighbor_families_only(peer, neighbor);
	gate_assert(session);
	if (opens)
		gate_open(session);
}

static struct connection *apply_declaration(const Peering__DeclareConnection *declaration, const char *vrf)
{
	struct verdict verdict;
	struct connection *connection = configuration_connection(declaration->name, vrf, &verdict);

	if (!connection) {
		zlog_err("peering: pushed %s: %s", declaration->name, verdict.message);
		return NULL;
	}
	connection->pushed = true;
	kind_from_wire(declaration->kind, &connection->kind);
	connection->activation = activation_from_wire(declaration->activation);
	connection->activation_set = declaration->activation != PEERING__ACTIVATION_MODE__ACTIVATION_UNSPECIFIED;
	connection->remote_as = declaration->peer_asn;
	connection->validation_window = declaration->validation_window;
	strlcpy(connection->description, declaration->description, sizeof(connection->description));
	for (size_t i = 0; i < declaration->n_neighbors; i++)
		apply_neighbor(connection, declaration, declaration->neighbors[i]);
	return connection;
}

static void apply_declare(const Peering__DeclareConnection *declaration, const char *actor, struct verdict *verdict)
{
	struct connection *connection;

	if (in_force_already(declaration)) {
		verdict->unchanged = true;
		snprintf(verdict->message, sizeof(verdict->message), "%s is declared so already", declaration->name);
		return;
	}
	connection = apply_declaration(declaration, bgp_vrf_name(bgp_get_default()));
	if (!connection)
		return;
	durable_state_pushed(declaration);
	/* Ended in None before: the push asks for it again. */
	if (connection->state == STATE_NONE && connection->state_since)
		transition(connection, EVENT_REQUEST, actor, "pushed", NULL);
	configuration_changed(connection, false, actor);
	transition_assert(connection);
	snprintf(verdict->message, sizeof(verdict->message), "%s: %s", connection->name,
		 connection_state_name(connection->state));
}

static void apply_operation(const Peering__Operation *operation, const char *actor, struct verdict *verdict)
{
	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (operation->operation_case == PEERING__OPERATION__OPERATION_DECLARE) {
		apply_declare(operation->declare, actor, verdict);
	} else {
		const Peering__ConnectionVerb *verb = operation->verb;

		transition(connection_find(verb->name), verb_event(verb->verb), actor,
			   verb->reason[0] && printable(verb->reason) ? verb->reason : NULL, verdict);
	}
}

/* ---- answers ---- */

static char *copy(const char *text)
{
	char *result = strdup(text);

	if (!result)
		memory_oom(strlen(text), "push result");
	return result;
}

static void *zeroed(size_t count, size_t size)
{
	void *result = calloc(count ? count : 1, size);

	if (!result)
		memory_oom(count * size, "push result");
	return result;
}

static Peering__OperationResult *operation_result(const struct verdict *verdict)
{
	Peering__OperationResult *result = zeroed(1, sizeof(*result));
	char allowed[sizeof(verdict->allowed)], *rest = allowed, *word;

	peering__operation_result__init(result);
	result->ok = verdict->accepted;
	result->code = copy(verdict->code);
	result->message = copy(verdict->message);
	strlcpy(allowed, verdict->allowed, sizeof(allowed));
	result->allowed = zeroed(EVENT_COUNT, sizeof(char *));
	while ((word = strsep(&rest, ",")) && result->n_allowed < EVENT_COUNT) {
		while (*word == ' ')
			word++;
		if (*word && strcmp(word, "none") != 0)
			result->allowed[result->n_allowed++] = copy(word);
	}
	return result;
}

/* The last answers, packed: a push that is repeated because its answer was lost gets the same one. */
static struct {
	char id[ID_MAX];
	uint8_t *bytes;
	size_t size;
} answers[ANSWERS_KEPT];
static size_t next_answer;

static Peering__PushResult *known_answer(const char *id)
{
	for (size_t i = 0; i < ANSWERS_KEPT; i++)
		if (answers[i].bytes && strcmp(answers[i].id, id) == 0)
			return peering__push_result__unpack(NULL, answers[i].size, answers[i].bytes);
	return NULL;
}

static void keep_answer(const Peering__PushResult *result)
{
	if (!result->id[0] || strlen(result->id) >= ID_MAX)
		return;
	XFREE(MTYPE_PEERING_TEXT, answers[next_answer].bytes);
	answers[next_answer].size = peering__push_result__get_packed_size(result);
	answers[next_answer].bytes = XMALLOC(MTYPE_PEERING_TEXT, answers[next_answer].size + 1);
	peering__push_result__pack(result, answers[next_answer].bytes);
	strlcpy(answers[next_answer].id, result->id, ID_MAX);
	next_answer = (next_answer + 1) % ANSWERS_KEPT;
}

Peering__PushResult *push_apply(const Peering__Push *push)
{
	Peering__PushResult *result = known_answer(push->id);
	struct verdict verdict = {.code = ""};
	char actor[64];
	bool good = true;

	if (result)
		return result;
	result = zeroed(1, sizeof(*result));
	peering__push_result__init(result);
	result->id = copy(push->id);
	result->results = zeroed(push->n_operations, sizeof(*result->results));
	snprintf(actor, sizeof(actor), "controller:%s", printable(push->actor) ? push->actor : "?");

	for (size_t i = 0; i < push->n_operations; i++) {
		if (push->n_operations > OPERATIONS_MAX)
			verdict_refuse(&verdict, "too-many", "a push has at most %d operations; split it", OPERATIONS_MAX);
		else
			check_operation(push, i, &verdict);
		good &= verdict.accepted;
		result->results[result->n_results++] = operation_result(&verdict);
	}
	for (size_t i = 0; good && i < push->n_operations; i++) {
		apply_operation(push->operations[i], actor, &verdict);
		peering__operation_result__free_unpacked(result->results[i], NULL);
		result->results[i] = operation_result(&verdict);
	}
	result->applied = good;
	keep_answer(result);
	return result;
}

void push_result_free(Peering__PushResult *result)
{
	peering__push_result__free_unpacked(result, NULL);
}

/* ---- after a restart, and at the end ---- */

static void make_again(const Peering__DeclareConnection *declaration, void *context)
{
	struct connection *connection = connection_find(declaration->name);

	/* One that has ended is a tombstone; what a file brings back of it stays gated and shut. */
	if (!connection || connection->state == STATE_NONE || !bgp_of_vrf(connection->vrf))
		return;
	connection->declared = true;
	apply_declaration(declaration, connection->vrf);
}

void push_make_again(void)
{
	durable_state_each_pushed(make_again, NULL);
}

void push_remove_neighbors(struct connection *connection)
{
	struct session *session;

	frr_each (session_list, &connection->sessions, session) {
		struct peer *peer = session_peer(session);

		if (peer && !peer_dynamic_neighbor(peer))
			neighbor_delete(peer);
	}
}
