// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An import goes over the lines three times: to check them all, to close what they close, to open what they open. What is
 * known here is looked at again at each line's turn: people and peers go on meanwhile.
 */
#include "bgpd-peering/journal/state_file_private.h"

#include "bgpd-peering/connection/configuration.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/gate/gate.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/router.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_STATE_FILE, "Peering state file");

/* ---- what a file must not say twice ---- */

static void next_step(enum state_file_step step)
{
	state_file_now.step = step;
	state_file_now.at = 0;
	state_file_now.line = 0;
}

PREDECL_RBTREE_UNIQ(seen_tree);
struct seen {
	struct seen_tree_item item;
	char key[]; /* the name of a connection; or a VRF, a blank and an address */
};

static int seen_compare(const struct seen *a, const struct seen *b)
{
	return strcmp(a->key, b->key);
}

DECLARE_RBTREE_UNIQ(seen_tree, struct seen, item, seen_compare);
static struct seen_tree_head seen_keys;

static struct journal_record *checked; /* the last connection of the check, as the file has it */

void state_import_begin_check(void)
{
	checked = XCALLOC(MTYPE_PEERING_STATE_FILE, sizeof(*checked));
	seen_tree_init(&seen_keys);
	next_step(STEP_CHECKING);
}

bool state_import_has_notes(void)
{
	return checked != NULL;
}

/* False where it was seen before. */
static bool see(const char *key)
{
	struct seen *seen = XCALLOC(MTYPE_PEERING_STATE_FILE, sizeof(*seen) + strlen(key) + 1);

	strcpy(seen->key, key);
	if (!seen_tree_add(&seen_keys, seen))
		return true;
	XFREE(MTYPE_PEERING_STATE_FILE, seen);
	return false;
}

void state_import_forget(const struct timeval *begun)
{
	struct seen *seen;

	while (monotime_since(begun, NULL) < STATE_FILE_SLICE_MICROSECONDS) {
		seen = seen_tree_pop(&seen_keys);
		if (!seen) {
			XFREE(MTYPE_PEERING_STATE_FILE, checked);
			state_file_now.step = STEP_IDLE;
			return;
		}
		XFREE(MTYPE_PEERING_STATE_FILE, seen);
	}
}

/* ---- the check ---- */

static bool wrong(const char *format, ...) PRINTFRR(1, 2);
static bool wrong(const char *format, ...)
{
	size_t used = (size_t)snprintf(state_file_now.message, sizeof(state_file_now.message), "line %u: ", state_file_now.line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintfrr(state_file_now.message + used, sizeof(state_file_now.message) - used, format, arguments);
	va_end(arguments);
	return false;
}

static bool check_connection(const struct journal_record *record)
{
	const struct connection *connection = connection_find(record->name);
	char key[VRF_NAME_MAX + SESSION_ADDRESS_MAX + 1], normal[SESSION_ADDRESS_MAX];

	if (!see(record->name))
		return wrong("%s stands in it twice", record->name);
	if (connection && strcmp(connection->vrf, record->vrf) != 0)
		return wrong("%s is a connection of vrf %s here, and of vrf %s in the file; names are unique over all VRFs",
			     record->name, connection->vrf, record->vrf);
	for (size_t i = 0; i < record->session_count; i++) {
		const char *address = record->sessions[i].address;

		if (!address[0] || !session_normalize(address, normal) || strcmp(address, normal) != 0)
			return wrong("'%s' of %s is neither an address nor an interface", address, record->name);
		snprintf(key, sizeof(key), "%s %s", record->vrf, address);
		if (!see(key))
			return wrong("the neighbor %s stands in it twice", address);
	}
	*checked = *record;
	return true;
}

static bool check_policy(const struct journal_record *record)
{
	if (strcmp(record->vrf, checked->vrf) == 0)
		for (size_t i = 0; i < checked->session_count; i++)
			if (strcmp(record->address, checked->sessions[i].address) == 0)
				return true;
	return wrong("a policy of %s, which is no neighbor of the connection in front of it", record->address);
}

static bool check_default_deny(const struct journal_record *record)
{
	char error[160];

	for (size_t i = 0; i < record->exception_count; i++)
		if (!default_deny_is_exception(record->exceptions[i], error, sizeof(error)))
			return wrong("%s", error);
	return true;
}

static bool check_record(const struct journal_record *record, bool last)
{
	if ((state_file_now.line == 1) != (record->type == RECORD_EXPORT))
		return state_file_now.line == 1 ? wrong("this is no file that `peering state export` has written")
				     : wrong("another export begins in the middle");
	if (last && record->type != RECORD_END)
		return wrong("the file ends here, without the line that ends an export; it is not whole");
	switch (record->type) {
	case RECORD_EXPORT:
		strlcpy(state_file_now.router, record->name, sizeof(state_file_now.router));
		return true;
	case RECORD_CONNECTION:
		return check_connection(record);
	case RECORD_POLICY:
		return check_policy(record);
	case RECORD_DEFAULT_DENY:
		return check_default_deny(record);
	case RECORD_END:
		if (!last)
			return wrong("the export ends here, but there is more behind it");
		return record->sequence == state_file_now.line - 1 ||
		       wrong("the export had %llu lines in front of this one; some are missing, or were added",
			     (unsigned long long)record->sequence);
	default:
		return wrong("such a line has no place in an export");
	}
}

/* The next line of the file, decoded. False: there is none, or it cannot be read, which state_file_now.message says. */
static bool next_record(struct journal_record *record)
{
	char *line = state_file_now.bytes + state_file_now.at, *end;
	char error[160];

	if (state_file_now.at == state_file_now.size)
		return false;
	state_file_now.line++;
	end = memchr(line, '\n', state_file_now.size - state_file_now.at);
	if (!end)
		return wrong("it does not end; the file is not whole");
	if (state_file_now.line > STATE_FILE_LINES_MAX)
		return wrong("more than %u lines are not read", STATE_FILE_LINES_MAX);
	if (end - line >= JOURNAL_LINE_MAX)
		return wrong("it is longer than %u bytes", JOURNAL_LINE_MAX);
	if (memchr(line, '\0', (size_t)(end - line)))
		return wrong("it has a zero byte");
	state_file_now.at += (size_t)(end - line) + 1;
	*end = '\0';
	error[0] = '\0';
	if (journal_line_decode(line, record, error, sizeof(error))) {
		*end = '\n';
		return true;
	}
	*end = '\n';
	return wrong("%s", error);
}

void state_import_check(const struct timeval *begun)
{
	struct journal_record record;

	while (monotime_since(begun, NULL) < STATE_FILE_SLICE_MICROSECONDS) {
		bool good;

		if (!next_record(&record)) {
			if (!state_file_now.line)
				snprintf(state_file_now.message, sizeof(state_file_now.message), "the file is empty");
			state_file_finish(true);
			return;
		}
		good = check_record(&record, state_file_now.at == state_file_now.size);
		journal_record_clear(&record);
		if (!good) {
			state_file_finish(true);
			return;
		}
		if (state_file_now.at == state_file_now.size) {
			next_step(STEP_CLOSING);
			return;
		}
	}
}

/* ---- taking over ---- */

/*
 * Nothing is known of it that closes it: it has just been declared, or has come up undeclared, and nobody has decided
 * anything since.
 */
static bool is_unknown(const struct connection *connection)
{
	const struct session *session;

	if (connection->pending.ticket || connection->let_go || connection->journal_damaged || connection->bypass.on)
		return false;
	frr_each (session_list_const, &connection->sessions, session)
		if (session->violation.count)
			return false;
	if (connection->state == STATE_NONE)
		return !connection->state_since;
	return connection->state == STATE_PENDING_APPROVAL && connection->history_count == 1;
}

static bool opens(const struct journal_record *record)
{
	return lifecycle_gate(record->state) == GATE_ALLOW;
}

static void take_session(struct connection *connection, const struct journal_record *record, size_t i)
{
	struct session *session = session_find(record->vrf, record->sessions[i].address);
	const struct peer *peer;

	if (session && session->connection != connection) {
		if (!session->connection->discovered || session->declared || !is_unknown(session->connection) ||
		    session_list_count(&connection->sessions) >= SESSIONS_MAX) {
			state_file_now.left_out++;
			return;
		}
		configuration_take_session(connection, session);
		session->declared = record->sessions[i].declared;
	}
	if (!session) {
		if (session_list_count(&connection->sessions) >= SESSIONS_MAX) {
			state_file_now.left_out++;
			return;
		}
		session = session_new(connection, record->sessions[i].address);
		session->declared = record->sessions[i].declared;
		session->required = record->sessions[i].required;
		/* Up, and open both here and in the file: it is taken as it stands. */
		peer = session_peer(session);
		session->hands_off = peer && peer_is_established(peer);
	}
	session->held_next = record->sessions[i].held;
	if (session->held_next || !opens(record))
		gate_close(session);
}

/* The policies behind the connection's line, where nobody has said anything here. Those of others are passed over. */
static void take_policies(const struct connection *connection)
{
	struct journal_record record;

	for (;;) {
		size_t at = state_file_now.at;
		struct session *session;

		if (!next_record(&record))
			return;
		if (record.type != RECORD_POLICY) {
			state_file_now.at = at;
			state_file_now.line--;
			journal_record_clear(&record);
			return;
		}
		session = session_find(record.vrf, record.address);
		for (size_t i = 0; session && session->connection == connection && !session->hands_off &&
				   i < record.policy_count;
		     i++) {
			const struct policy_record *policy = &record.policies[i];

			if (!session->wanted[policy->afi][policy->safi][policy->direction].said)
				gate_policy_want(session, policy->afi, policy->safi, policy->direction, policy->name);
		}
		journal_record_clear(&record);
	}
}

static void take_connection(const struct journal_record *record)
{
	struct connection *connection = connection_find(record->name);
	char reason[TRANSITION_MESSAGE_MAX];
	struct session *session;
	struct verdict verdict;
	bool made = !connection;

	if (connection && (!is_unknown(connection) || strcmp(connection->vrf, record->vrf) != 0)) {
		state_file_now.known++;
		return;
	}
	if (!connection)
		connection = connection_new(record->name, record->vrf);
	/* The lines that stand here are newer than the file. */
	if (!connection->declared)
		journal_record_settings(record, connection);
	frr_each (session_list, &connection->sessions, session)
		session->held_next = opens(record);
	for (size_t i = 0; i < record->session_count; i++)
		take_session(connection, record, i);
	take_policies(connection);
	if (connection->state == record->state && connection->state_since) {
		/* Here as there. */
		state_file_now.known++;
		return;
	}
	connection->generation = MAX(connection->generation, record->generation);
	connection->former = record->former;
	connection->wanted_kind = record->wanted_kind;
	connection->overridden = record->overridden;
	connection->maintenance = record->maintenance;
	drain_restored(connection, record->boot_id);
	snprintf(reason, sizeof(reason), "state of %s", state_file_now.router[0] ? state_file_now.router : "another router");
	if (!transition_take_over(connection, record->state, record->adopted,
				  record->discovered && !connection->declared, reason, &verdict)) {
		alert_as(EC_PEERING_STATE_FILE, "%s stays gated, although the file calls it %s: %s", connection->name,
		      connection_state_name(record->state), verdict.message);
		connection->maintenance = (struct maintenance){0};
		state_file_now.known++;
		return;
	}
	connection->pending.made = made && connection->pending.ticket;
	state_file_now.taken++;
	state_file_now.opening += opens(record);
}

static void take_default_deny(const struct journal_record *record)
{
	struct verdict verdict;

	if (!default_deny_is_unknown(record->vrf))
		return;
	for (size_t i = 0; i < record->exception_count; i++)
		default_deny_add_exception(record->vrf, record->exceptions[i], false, &verdict);
	default_deny_set_confederation(record->vrf, record->confederation, false, NULL, NULL);
	/* As typed: what runs here, and no connection has, is adopted. */
	if (!default_deny_set_mode(record->vrf, record->mode, false, NULL, NULL, &verdict))
		alert_as(EC_PEERING_STATE_FILE, "default-deny of vrf %s is not taken over: %s", record->vrf, verdict.message);
}

void state_import_take(const struct timeval *begun)
{
	struct journal_record record;

	while (monotime_since(begun, NULL) < STATE_FILE_SLICE_MICROSECONDS) {
		if (!next_record(&record)) {
			if (state_file_now.step == STEP_DEFAULT_DENY) {
				snprintf(state_file_now.message, sizeof(state_file_now.message),
					 "%u connections taken over, %u of them open; %u are known here and stay as they are; %u neighbors belong to others here and are left out",
					 state_file_now.taken, state_file_now.opening, state_file_now.known, state_file_now.left_out);
				state_file_finish(false);
				return;
			}
			next_step(state_file_now.step + 1);
			continue;
		}
		if (record.type == RECORD_CONNECTION && state_file_now.step != STEP_DEFAULT_DENY && opens(&record) == (state_file_now.step == STEP_OPENING))
			take_connection(&record);
		else if (record.type == RECORD_DEFAULT_DENY && state_file_now.step == STEP_DEFAULT_DENY)
			take_default_deny(&record);
		journal_record_clear(&record);
	}
}

bool state_file_import(const char *path, struct verdict *verdict)
{
	if (!state_file_begin(path, true, verdict))
		return false;
	state_file_now.step = STEP_READING;
	if (state_file_start_job(false))
		return true;
	verdict_refuse(verdict, "thread", "%s", state_file_now.message);
	state_file_finish(true);
	return false;
}
