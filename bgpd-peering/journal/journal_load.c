// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal/journal_load.h"

#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/gate/gate_policy.h"
#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/journal/journal_writer.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/policy/policy_put_back.h"
#include "bgpd-peering/push/push_answers.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/push/push_revision.h"
#include "bgpd-peering/push/pushed_declarations.h"
#include "bgpd-peering/push/removed_neighbors.h"
#include "bgpd-peering/router.h"

#include "lib/journal_damage.h"
#include "lib/journal_group.h"
#include "lib/journal_sum.h"
#include "lib/utf8.h"

static struct journal_loaded *loaded;
static const char *path;

static void restore_settings(struct connection *connection, const struct journal_record *record)
{
	journal_record_settings(record, connection);
	connection->pushed = pushed_declaration(connection->name) != NULL;
}

static void restore_connection(const struct journal_record *record)
{
	struct connection *connection = connection_find(record->name);
	struct session *session;

	if (record->type == RECORD_FORGET) {
		pushed_declaration_drop(record->name);
		if (!connection)
			return;
		while ((session = session_list_first(&connection->sessions)))
			session_delete(session);
		connection_delete(connection);
		return;
	}
	if (!connection)
		connection = connection_new(record->name, record->vrf);
	connection->adopted = record->adopted;
	connection->discovered = record->discovered;
	connection->link_result = record->link_result;
	connection->overridden = record->overridden;
	connection->former = record->former;
	connection->wanted_kind = record->wanted_kind;
	restore_settings(connection, record);

	/* The line says which sessions there are now; those that it does not name are gone. */
	frr_each_safe (session_list, &connection->sessions, session) {
		bool named = false;

		for (size_t i = 0; i < record->session_count; i++)
			named |= strcmp(record->sessions[i].address, session->address) == 0;
		if (!named)
			session_delete(session);
	}
	for (size_t i = 0; i < record->session_count; i++) {
		session = session_find(record->vrf, record->sessions[i].address);
		if (session && session->connection != connection)
			session_move(session, connection);
		if (!session)
			session = session_new(connection, record->sessions[i].address);
		session->declared = record->sessions[i].declared;
		session->required = record->sessions[i].required;
		session->held = record->sessions[i].held;
		session->made = record->sessions[i].made;
		session->denied = record->sessions[i].held && record->sessions[i].denied;
		session->validated_as = record->sessions[i].validated_as;
		session->denial = record->sessions[i].denial;
	}
	connection->journal_damaged = false;
	connection->drain.ends = record->drain_ends;
	connection->drain.held = record->drain_held;
	connection->maintenance = record->maintenance;
	drain_restored(connection, record->boot_id);
	transition_restore(connection, record->state, record->generation, record->state_since);
}

static void restore_policy(const struct journal_record *record)
{
	struct session *session = session_find(record->vrf, record->address);
	afi_t afi;
	safi_t safi;

	if (!session)
		return;
	FOREACH_AFI_SAFI (afi, safi)
		for (int direction = 0; direction < RMAP_MAX; direction++)
			gate_policy_want_nothing(session, afi, safi, direction);
	for (size_t i = 0; i < record->policy_count; i++)
		gate_policy_want(session, record->policies[i].afi, record->policies[i].safi,
				 record->policies[i].direction, record->policies[i].name);
}

static void restore_history(const Peering__Transition *transition)
{
	struct history_entry entry = {
		.sequence = transition->sequence,
		.at_milliseconds = transition->at_milliseconds,
		.from = connection_state_from_name(transition->from),
		.to = connection_state_from_name(transition->to),
	};

	strlcpy(entry.cause, transition->cause, sizeof(entry.cause));
	utf8_copy(entry.actor, sizeof(entry.actor), transition->actor);
	utf8_copy(entry.message, sizeof(entry.message), transition->message);
	transition_remember(connection_find(transition->connection), &entry);
}

/* The line says which neighbors were left out so far. */
static void restore_pushed(struct journal_record *record)
{
	const char *name = record->declaration->name;
	char earlier[PUSHED_REMOVED_MAX][SESSION_ADDRESS_MAX];
	size_t count;

	pushed_declaration_keep(record->declaration);
	record->declaration = NULL;
	count = pushed_removed_of(name, earlier);
	for (size_t i = 0; i < count; i++)
		pushed_removed_drop(earlier[i]);
	for (size_t i = 0; i < record->removed_count; i++)
		pushed_removed_add(name, record->removed[i]);
}

static void restore(struct journal_record *record)
{
	switch (record->type) {
	case RECORD_JOURNAL:
		/* A line of an earlier version does not say it. */
		if (record->sequence || strcmp(loaded->journal_id, record->journal_id) != 0)
			loaded->sequences.begun = record->sequence ? record->sequence : loaded->sequences.acked;
		strlcpy(loaded->journal_id, record->journal_id, sizeof(loaded->journal_id));
		/* Behind a line that was lost: what it may have spoken of has lines of its own since. */
		loaded->lost_a_line = false;
		break;
	case RECORD_TRANSITION:
		loaded->last_sequence = MAX(loaded->last_sequence, record->transition->sequence);
		restore_connection(record);
		restore_history(record->transition);
		break;
	case RECORD_CONNECTION:
	case RECORD_FORGET:
		restore_connection(record);
		break;
	case RECORD_POLICY:
		restore_policy(record);
		break;
	case RECORD_BYPASS:
		bypass_restore(record->name[0] ? record->name : NULL, &record->bypass);
		break;
	case RECORD_DEFAULT_DENY:
		default_deny_restore(record->vrf, record->mode, record->confederation, record->exceptions,
				     record->exception_count);
		break;
	case RECORD_PROFILE:
		profile_restore(record->vrf, record->profile, record->check_levels, record->timers[TIMER_WINDOW]);
		break;
	case RECORD_ACKED:
		loaded->sequences.acked = MAX(loaded->sequences.acked, record->sequence);
		break;
	case RECORD_PUSHED:
		restore_pushed(record);
		break;
	case RECORD_OBJECT:
		if (record->put_back)
			policy_put_back_restore(record->name, record->ended);
		else if (!record->before[0])
			policy_object_restore(record->name, record->policy, record->withdrawn);
		else if (record->policy)
			push_policies_read(record->before, record->policy, record->withdrawn);
		record->policy = NULL;
		break;
	case RECORD_TIMERS:
		timers_restore(record->vrf, record->timers);
		break;
	case RECORD_CONTROLLER:
		controller_link_restore(record->controllers, record->controller_count,
					record->router_name[0] ? record->router_name : NULL);
		break;
	case RECORD_PUSHES:
		push_revision_restore(record->pushes->revision, record->pushes->revision_of);
		push_answers_restore(record->pushes->answers, record->pushes->answer_count);
		push_confirm_restore(&record->pushes->unconfirmed);
		break;
	case RECORD_EXPORT:
	case RECORD_END:
	case RECORD_TYPE_COUNT:
		break;
	}
}

static void close_connection(struct connection *connection)
{
	connection->journal_damaged = true;
	connection->bypass = (struct bypass){0};
}

static void close_all(void)
{
	const struct bypass none = {0};
	struct connection *connection;

	bypass_restore(NULL, &none);
	frr_each (connection_tree, &connections, connection)
		close_connection(connection);
}

/* False where nothing is known of the connection that could be gated. */
static bool close_named(const struct damaged_connection *damaged)
{
	struct connection *connection = connection_find(damaged->name);

	if (!connection && !damaged->address_count)
		return false;
	if (!connection) {
		connection = connection_new(damaged->name, damaged->vrf);
		connection->kind = KIND_EXCHANGE;
		connection->unsettled = true;
	}
	close_connection(connection);
	/* A session that another one has stays with it, but gated: the name in the line may be what is damaged. */
	for (size_t i = 0; i < damaged->address_count; i++) {
		struct session *session = session_find(connection->vrf, damaged->addresses[i]);

		if (session)
			close_connection(session->connection);
		else if (session_list_count(&connection->sessions) < SESSIONS_MAX)
			session_new(connection, damaged->addresses[i]);
	}
	return true;
}

/* A line that cannot be read closes what it speaks of; where it does not even say that, everything. */
static void close_damaged(const char *line, unsigned long number, const char *why)
{
	struct damaged_connection damaged;
	bool nameless = journal_damage_is_nameless(line);
	const char *at = line;

	loaded->has_damage = true;
	alert_as(EC_PEERING_JOURNAL_DAMAGE, "%s line %lu cannot be read (%s)", path, number, why);
	while ((at = journal_damage_next(at, &damaged))) {
		nameless |= !close_named(&damaged);
		alert_as(EC_PEERING_JOURNAL_DAMAGE, "line %lu speaks of %s: its gate is closed; look at it with `show peering`, then `adopt` or `activate` again",
		      number, damaged.name);
	}
	if (!nameless)
		return;
	loaded->lost_a_line = true;
	close_all();
	alert_as(EC_PEERING_JOURNAL_DAMAGE, "line %lu does not say of whom it speaks: the gate of every connection that nothing behind it speaks of is closed, and that of every external neighbor that the journal does not know. Look with `show peering`, then `peering adopt all`, or `adopt` or `activate` one by one",
	      number);
}

static void read_lines(FILE *file)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	unsigned long number = 0;
	char error[160];
	bool all_damaged = false;
	uint64_t unfinished = journal_group_unfinished(path);
	int error_number;

	while (loaded->valid_bytes < unfinished && (length = getline(&line, &capacity, file)) > 0) {
		struct journal_record record;

		number++;
		/* Damage, and what stands behind it is looked at, too. */
		for (char *nul = line; (nul = memchr(nul, '\0', (size_t)(line + length - nul)));)
			*nul = ' ';
		loaded->lacks_newline = line[length - 1] != '\n' &&
				journal_sum_look(line, (size_t)length - 1) == JOURNAL_SUM_RIGHT;
		if (line[length - 1] != '\n' && !loaded->lacks_newline) {
			/* The line that was being written when the power went: never acknowledged, cut off. */
			if (!ferror(file))
				zlog_notice("peering: %s ends in a torn line of %zd bytes, which is cut off", path, length);
			break;
		}
		loaded->valid_bytes += (uint64_t)length;
		if (!loaded->lacks_newline)
			line[length - 1] = '\0';
		if (length <= JOURNAL_LINE_MAX && journal_line_decode(line, &record, error, sizeof(error))) {
			restore(&record);
			journal_record_clear(&record);
		} else {
			close_damaged(line, number, length > JOURNAL_LINE_MAX ? "too long" : error);
			all_damaged |= number == 1;
		}
	}
	error_number = errno;
	free(line);
	/* What its push has closed had lines of its own. */
	if (loaded->valid_bytes == unfinished)
		zlog_notice("peering: %s ends in the middle of what a push has made, which was never answered: none of it counts, and it is cut off",
			    path);
	if (ferror(file)) {
		/* No end of the file: what stands behind may close what was read as open. */
		loaded->unreadable = true;
		close_all();
		snprintf(loaded->problem, sizeof(loaded->problem),
			 "%s cannot be read behind line %lu: %s; every gate stays closed, and the file is left as it is. Mend the disk or put a copy of the file back, and restart bgpd",
			 path, number, safe_strerror(error_number));
	} else if (number > 0 && (all_damaged || !loaded->journal_id[0])) {
		loaded->unreadable = true;
		/* Of no journal nothing is lost. */
		loaded->lost_a_line = false;
		close_all();
		snprintf(loaded->problem, sizeof(loaded->problem),
			 "%s is not a journal of this module; every gate stays closed. Move the file away and adopt what carries traffic",
			 path);
	}
}

void journal_load(const char *from, struct journal_loaded *into)
{
	FILE *file = fopen(from, "re");

	path = from;
	loaded = into;
	*loaded = (struct journal_loaded){.valid_bytes = 0};
	if (!file && errno == ENOENT)
		return;
	loaded->present = true;
	if (!file) {
		loaded->unreadable = true;
		snprintf(loaded->problem, sizeof(loaded->problem), "%s cannot be read: %s; every gate stays closed", path,
			 safe_strerror(errno));
		return;
	}
	if (journal_is_taken(fileno(file))) {
		fclose(file);
		loaded->unreadable = true;
		snprintf(loaded->problem, sizeof(loaded->problem),
			 "%s is in use by another bgpd; give each its own folder (-M peering:state-dir=DIR). Nothing of it is known here",
			 path);
		return;
	}
	read_lines(file);
	fclose(file);
	/* What was read need not be written again. */
	while (session_policy_next())
		;
	removed_neighbors_restored();
	transition_restore_gates();
	loaded->sequences.loaded = loaded->sequences.durable = loaded->last_sequence;
}
