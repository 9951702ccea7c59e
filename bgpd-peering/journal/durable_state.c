// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/journal/durable_state.h"

#include "bgpd-peering/connection/profile.h"
#include "bgpd-peering/connection/timers.h"
#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/gate/bypass.h"
#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/journal/journal_queue.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/push/push_answers.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/push/push_group.h"
#include "bgpd-peering/push/push_revision.h"
#include "bgpd-peering/push/pushed_declarations.h"
#include "bgpd-peering/push/removed_neighbors.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/journal_group.h"

#define SLICE_MICROSECONDS 3000 /* of the main thread, at a time */

static event_ref *policies_event;

static void append(const struct journal_record *record)
{
	journal_queue_append(journal_queue_record(record));
}

/* What a push makes of the configuration waits for the rest of it. */
static void append_configuration(const struct journal_record *record, const char *connection)
{
	struct waiting_line *line = journal_queue_record(record);

	if (push_group_takes_configuration(connection))
		push_group_add(line);
	else
		journal_queue_append(line);
}

static bool may_be_open(enum connection_state state)
{
	return lifecycle_gate(state) != GATE_DENY;
}

/* ---- connections ---- */

/* What the record is to say once the pending change has taken effect. */
static void record_pending(struct journal_record *record, const struct connection *connection,
			   const struct pending_change *pending)
{
	const struct session *session;
	size_t i = 0;

	record->adopted = pending->adopted;
	record->discovered = pending->discovered;
	record->maintenance = pending->maintenance;
	record->overridden = pending->overridden;
	record->kind = pending->kind;
	record->declared |= pending->declares;
	record->adopted_line |= pending->declares;
	frr_each (session_list_const, &connection->sessions, session) {
		if (session->removed)
			continue;
		if (i == record->session_count)
			break;
		record->sessions[i].declared |= pending->declares;
		record->sessions[i++].held = session->held_next;
	}
}

uint64_t durable_state_transition(const struct connection *connection, struct history_entry *entry,
				  const struct pending_change *pending)
{
	struct journal_record record = {.type = RECORD_TRANSITION};
	Peering__Transition message = PEERING__TRANSITION__INIT;
	struct waiting_line *line;
	uint64_t change;
	bool grouped;

	message.connection = (char *)connection->name;
	message.vrf = (char *)connection->vrf;
	message.generation = connection->generation;
	message.from = (char *)connection_state_name(entry->from);
	message.to = (char *)connection_state_name(entry->to);
	message.cause = entry->cause;
	message.actor = entry->actor;
	message.at_milliseconds = entry->at_milliseconds;
	message.message = entry->message;

	journal_record_of_connection(&record, connection);
	if (pending)
		record_pending(&record, connection, pending);
	record.state = entry->to;
	if (entry->from != entry->to)
		record.state_since = entry->at_milliseconds;
	record.transition = &message;
	grouped = push_group_takes(&record, pending != NULL, may_be_open(entry->from));
	line = journal_queue_transition(&record);
	change = pending ? journal_queue_loosens(line, connection->name) : 0;
	if (grouped)
		push_group_add(line);
	else if (!journal_queue_append(line))
		return 0;
	entry->sequence = line->transition->sequence;
	return change;
}

void durable_state_connection(struct connection *connection)
{
	struct journal_record record = {.type = RECORD_CONNECTION};
	struct waiting_line *line;
	bool grouped;

	if (connection->pending.ticket) {
		connection->pending.edited = true;
		return;
	}
	journal_record_of_connection(&record, connection);
	grouped = push_group_takes(&record, false, may_be_open(connection->state));
	line = journal_queue_record(&record);
	if (grouped)
		push_group_add(line);
	else
		journal_queue_append(line);
}

/* ---- what the operator wants of gated sessions ---- */

/* In slices by its event; without one, at the end, everything. */
static void write_policies(event_ref *event)
{
	struct session *session;
	struct timeval begun;
	TURN(TURN_JOURNAL);

	monotime(&begun);
	while ((session = session_policy_next())) {
		struct journal_record record = {0};

		journal_record_of_policy(&record, session);
		append_configuration(&record, session->connection->name);
		journal_record_clear(&record);
		if (event && monotime_since(&begun, NULL) > SLICE_MICROSECONDS) {
			event_add_now(write_policies, NULL, &policies_event);
			return;
		}
	}
}

void durable_state_policy(struct session *session)
{
	session_policy_changed(session);
	if (!policies_event)
		event_add_now(write_policies, NULL, &policies_event);
}

uint64_t durable_state_forget(const struct connection *connection, bool opens)
{
	struct journal_record record = {0};
	struct waiting_line *line;
	uint64_t change;

	journal_record_of_connection(&record, connection);
	record.type = RECORD_FORGET;
	line = journal_queue_record(&record);
	change = opens ? journal_queue_loosens(line, connection->name) : 0;
	if (push_group_takes(&record, opens, may_be_open(connection->state)))
		push_group_add(line);
	else if (!journal_queue_append(line))
		return 0;
	pushed_declaration_drop(connection->name);
	return change;
}

/* ---- everything else ---- */

void durable_state_bypass(const char *name, const struct bypass *bypass)
{
	struct journal_record record = {.type = RECORD_BYPASS, .bypass = *bypass};

	strlcpy(record.name, name ? name : "", sizeof(record.name));
	append(&record);
}

void durable_state_default_deny(const char *vrf)
{
	struct journal_record record = {0};

	journal_record_of_default_deny(&record, vrf);
	append(&record);
	journal_record_clear(&record);
}

void durable_state_timers(const char *vrf, const uint32_t seconds[TIMER_COUNT])
{
	struct journal_record record = {.type = RECORD_TIMERS};

	strlcpy(record.vrf, vrf, sizeof(record.vrf));
	memcpy(record.timers, seconds, sizeof(record.timers));
	append(&record);
}

void durable_state_profile(const struct profile *profile)
{
	struct journal_record record = {.type = RECORD_PROFILE, .timers[TIMER_WINDOW] = profile->validation_window};

	strlcpy(record.profile, profile->name, sizeof(record.profile));
	strlcpy(record.vrf, profile->vrf, sizeof(record.vrf));
	memcpy(record.check_levels, profile->check_levels, sizeof(record.check_levels));
	append(&record);
}

void durable_state_controller(void)
{
	struct journal_record record = {.type = RECORD_CONTROLLER, .controller_count = controller_link_count()};
	const char *name = controller_link_router_name();

	/* One that is longer is no name that DNS could have: it is in the file alone. */
	if (strlcpy(record.router_name, name ? name : "", sizeof(record.router_name)) >= sizeof(record.router_name))
		return;
	for (size_t i = 0; i < record.controller_count; i++)
		record.controllers[i] = *controller_link_line(i);
	append(&record);
}

/* One that is longer than a line may be: with fewer answers, the oldest go. What has to be restored fits always. */
char *durable_state_pushes_line(void)
{
	const struct unconfirmed_push *unconfirmed = push_confirm_noted();
	Peering__PushResult *answers[PUSH_ANSWERS_KEPT];
	struct push_record pushes = {.revision = push_revision()};
	struct journal_record record = {.type = RECORD_PUSHES, .pushes = &pushes};
	size_t count = push_answers_done(answers), left_out = 0;
	char *line = NULL;
	bool fits;

	strlcpy(pushes.revision_of, push_revision_of(), sizeof(pushes.revision_of));
	if (unconfirmed)
		pushes.unconfirmed = *unconfirmed;
	do {
		free(line);
		pushes.answer_count = count - left_out;
		memcpy(pushes.answers, answers + left_out, pushes.answer_count * sizeof(*answers));
		line = journal_line_encode(&record);
		fits = strlen(line) + JOURNAL_GROUP_ROOM <= JOURNAL_LINE_MAX;
	} while (!fits && ++left_out <= count);
	for (size_t i = 0; i < count; i++)
		push_answer_free(answers[i]);
	return line;
}

void durable_state_pushes(void)
{
	char *line = durable_state_pushes_line();

	journal_queue_append(journal_queue_line(line, false));
	free(line);
}

void durable_state_pushed_again(const char *name)
{
	char removed[PUSHED_REMOVED_MAX][SESSION_ADDRESS_MAX];
	struct journal_record record = {
		.type = RECORD_PUSHED,
		.declaration = (Peering__DeclareConnection *)pushed_declaration(name),
		.removed = removed,
		.removed_count = pushed_removed_of(name, removed),
	};

	append_configuration(&record, name);
}

void durable_state_pushed(const Peering__DeclareConnection *declaration)
{
	Peering__DeclareConnection *kept = journal_line_copy_declaration(declaration);

	removed_neighbors_note(declaration);
	pushed_declaration_keep(kept);
	durable_state_pushed_again(kept->name);
}

static void append_of_policies(struct waiting_line *line)
{
	if (push_group_takes_configuration(NULL))
		push_group_add(line);
	else
		journal_queue_append(line);
}

void durable_state_policy_object(const char *name, const Peering__Policy *policy, bool withdrawn, const char *text)
{
	struct journal_record record = {.type = RECORD_OBJECT, .withdrawn = withdrawn};
	struct waiting_line *line;

	strlcpy(record.name, name, sizeof(record.name));
	record.policy = (Peering__Policy *)policy;
	line = text ? journal_queue_line(text, true) : journal_queue_record(&record);
	append_of_policies(line);
}

void durable_state_put_back(const char *name, bool ended)
{
	struct journal_record record = {.type = RECORD_OBJECT, .put_back = true, .ended = ended};

	strlcpy(record.name, name, sizeof(record.name));
	append_of_policies(journal_queue_record(&record));
}

const Peering__DeclareConnection *durable_state_pushed_of(const char *name)
{
	return pushed_declaration(name);
}

void durable_state_stop(void)
{
	event_stop(policies_event);
	write_policies(NULL);
	journal_queue_stop();
}
