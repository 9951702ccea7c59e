// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A push is checked operation by operation against what the earlier ones would have made of the router (push_check.c),
 * without touching anything; only where all are good is the first one applied. Applying runs in one turn of the event
 * loop: no session comes up and no command is typed in between.
 *
 * What was applied is answered when the journal has it: the controller never hears of what a power failure would undo. An
 * activation happens only then at all, and may still fail.
 */
#include "bgpd-peering/push.h"

#include "bgpd-peering/controller_link.h"
#include "bgpd-peering/drain.h"
#include "bgpd-peering/durable_state.h"
#include "bgpd-peering/push_answers.h"
#include "bgpd-peering/push_check.h"
#include "bgpd-peering/push_confirm.h"
#include "bgpd-peering/push_declaration.h"
#include "bgpd-peering/push_revision.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/service.h"

#include "lib/linklist.h"
#include "lib/utf8.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_PUSH, "Peering push without an answer");

/* The controller sends 32 ahead of their answers. */
#define HELD_MOST 64

/* What opens by an operation. */
struct opening {
	char name[CONNECTION_NAME_MAX]; /* of the connection; "": nothing */
	int event;
};

PREDECL_DLIST(held_list);
struct held {
	struct held_list_item item;
	Peering__PushResult *answer;
	uint64_t line; /* of the journal: up to it belongs to this push */
	struct opening *openings; /* for each operation; NULL: none opens */
	bool noted; /* the answer stands in the journal, or before it on the way there */
};
DECLARE_DLIST(held_list, struct held, item);

static struct held_list_head held = INIT_DLIST(held);

/* ---- answering ---- */

void push_send_answer(Peering__PushResult *answer)
{
	answer->confirm_seconds = push_confirm_seconds_left(answer->id);
	push_answer_send(answer);
	push_answer_free(answer);
}

/* Whether what was to open has. Of an Active connection `activate` and `reopen` open sessions that pass. */
static bool has_opened(const struct connection *connection, int event)
{
	if (!connection || lifecycle_gate(connection->state) != GATE_ALLOW)
		return false;
	return (event != EVENT_MAINTENANCE_OFF || !connection->maintenance.on) &&
	       (event != EVENT_REOPEN || !service_would_open(connection, true)) &&
	       (event != EVENT_ACTIVATE || !service_would_open(connection, false));
}

/* The line of an activation is durable or was given up: which of them, its connection says. */
static void judge_opening(struct held *push, size_t index)
{
	const char *name = push->openings[index].name;
	const struct connection *connection = connection_find(name);
	const char *problem = durable_state_problem();
	struct verdict verdict = {.code = ""};

	if (has_opened(connection, push->openings[index].event))
		return;
	if (problem)
		verdict_refuse(&verdict, "journal", "%s stays closed: %s", name, problem);
	else
		verdict_refuse(&verdict, "not-allowed", "%s stays closed: something else has changed it meanwhile", name);
	push_answer_replace(push->answer, index, &verdict);
	push->answer->applied = push->noted = false;
}

/* For who asks again, after a restart of bgpd too. */
static void note_answer(struct held *push)
{
	push_answer_keep(push->answer, true);
	durable_state_pushes();
	push->noted = true;
}

void push_journal_moved(void)
{
	struct held *push;

	frr_each_safe (held_list, &held, push) {
		if (!durable_state_lines_done(push->line))
			continue;
		for (size_t i = 0; push->openings && i < push->answer->n_results; i++)
			if (push->openings[i].name[0])
				judge_opening(push, i);
		if (!push->noted)
			note_answer(push);
		held_list_del(&held, push);
		controller_link_pushed(push_revision_of(), push_revision());
		push_send_answer(push->answer);
		XFREE(MTYPE_PEERING_PUSH, push->openings);
		XFREE(MTYPE_PEERING_PUSH, push);
	}
}

static struct held *find_held(const char *id)
{
	struct held *push;

	frr_each (held_list, &held, push)
		if (strcmp(push->answer->id, id) == 0)
			return push;
	return NULL;
}

bool push_is_held(const char *id)
{
	return find_held(id) != NULL;
}

/* Of a push that has opened nothing. Where its first answer still waits, this one goes in its place. */
void push_hold_answer(Peering__PushResult *answer)
{
	struct held *push = find_held(answer->id);

	if (push) {
		push_answer_free(push->answer);
		XFREE(MTYPE_PEERING_PUSH, push->openings);
	} else {
		push = XCALLOC(MTYPE_PEERING_PUSH, sizeof(*push));
		held_list_add_tail(&held, push);
	}
	push->answer = answer;
	push->noted = true;
	push->line = durable_state_newest_line();
	push_journal_moved();
}

/* ---- checking ---- */

/* Closing waits for no disk: a push that does nothing else is taken whatever the journal's state. */
static bool only_closes(const Peering__Push *push)
{
	for (size_t i = 0; i < push->n_operations; i++)
		if (push->operations[i]->operation_case != PEERING__OPERATION__OPERATION_VERB ||
		    push_verb_event(push->operations[i]->verb->verb) != EVENT_DEPROVISION)
			return false;
	return push->n_operations > 0;
}

/* What is wrong with the push as a whole. */
static bool may_be_taken(const Peering__Push *push, struct verdict *verdict)
{
	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (!router_works())
		verdict_refuse(verdict, "inert", "the peering module is inert in this bgpd; the router's log says why");
	else if (router.booting && !listcount(bm->bgp))
		verdict_refuse(verdict, "pending",
			       "the router has just started, and has not read its configuration yet; try again in a moment");
	else if (!push->id[0] || strlen(push->id) >= PUSH_ID_MAX || !utf8_is_clean(push->id))
		verdict_refuse(verdict, "bad-id", "the push has no id of 1 to %d bytes", PUSH_ID_MAX - 1);
	else if (push->n_operations > PUSH_OPERATIONS_MAX)
		verdict_refuse(verdict, "too-many", "a push has at most %d operations; split it", PUSH_OPERATIONS_MAX);
	else if (push->expects_revision && push->expected_revision != push_revision())
		verdict_refuse(verdict, "revision",
			       "this router is at revision %llu, and the push is for revision %llu: look at what has changed, and push again",
			       (unsigned long long)push_revision(), (unsigned long long)push->expected_revision);
	else if (!push_confirm_judge(push, verdict))
		; /* refused */
	else if (held_list_count(&held) >= HELD_MOST)
		verdict_refuse(verdict, "too-many", "%d pushes wait for the router's disk already; try again later",
			       HELD_MOST);
	return verdict->accepted;
}

/* The whole is refused: each operation with the same words; one result where there are too many of them, or none. */
static void refuse_whole(const Peering__Push *push, const struct verdict *verdict)
{
	size_t count = push->n_operations && push->n_operations <= PUSH_OPERATIONS_MAX ? push->n_operations : 1;
	char id[PUSH_ID_MAX];
	Peering__PushResult *result;

	utf8_copy(id, sizeof(id), utf8_is_clean(push->id) ? push->id : "");
	result = push_answer_new(id, count);
	for (size_t i = 0; i < count; i++)
		push_answer_add(result, verdict);
	result->dry_run = push->dry_run;
	result->revision = push_revision();
	push_send_answer(result);
}

static bool check(const Peering__Push *push, Peering__DeclareConnection **declarations, Peering__PushResult *result)
{
	struct push_plan *plan = push_plan_new();
	bool writable = true, good = true;
	struct verdict verdict, journal = {.code = "journal"};

	if (!only_closes(push))
		writable = durable_state_writable(journal.message, sizeof(journal.message));
	for (size_t i = 0; i < push->n_operations; i++) {
		if (!writable)
			verdict = journal;
		else if (push_confirm_judge_operation(push, push->operations[i], &verdict))
			push_plan_operation(plan, push->operations[i], &declarations[i], &verdict);
		good &= verdict.accepted;
		/* What it would do is said to who asks for that alone. */
		if (verdict.accepted && !push->dry_run)
			verdict.message[0] = '\0';
		push_answer_add(result, &verdict);
	}
	push_plan_free(plan);
	return good;
}

/* ---- applying ---- */

/* Its drain does not end before the push is confirmed. */
static void drain_held(struct connection *connection, const char *actor, const char *reason, struct verdict *verdict)
{
	if (connection->state == STATE_PENDING_REMOVE) {
		verdict->accepted = verdict->unchanged = true;
		snprintf(verdict->message, sizeof(verdict->message), "%s is on its way out already", connection->name);
		return;
	}
	connection->drain.held = true;
	if (!transition(connection, EVENT_DEPROVISION, actor, reason, verdict))
		connection->drain.held = false;
}

static void apply_operation(const Peering__Operation *operation, const Peering__DeclareConnection *declaration,
			    bool confirm, const char *actor, struct verdict *verdict)
{
	struct connection *connection;
	const char *reason;
	int event;

	*verdict = (struct verdict){.code = ""};
	if (declaration) {
		push_declare(declaration, actor, verdict);
		return;
	}
	connection = connection_find(operation->verb->name);
	event = push_verb_event(operation->verb->verb);
	reason = operation->verb->reason[0] ? operation->verb->reason : NULL;
	if (connection && confirm && event == EVENT_DEPROVISION)
		drain_held(connection, actor, reason, verdict);
	else if (connection && (event == EVENT_MAINTENANCE_ON || event == EVENT_MAINTENANCE_OFF))
		drain_maintenance(connection, event == EVENT_MAINTENANCE_ON, 0, actor, operation->verb->reason, verdict);
	else if (connection)
		transition(connection, event, actor, reason, verdict);
	else
		verdict_refuse(verdict, "no-such-connection", "this router has no connection '%s' any more",
			       operation->verb->name);
}

/* Where it has begun what happens only once it is journalled. */
static void note_opening(const Peering__Operation *operation, struct opening *opening)
{
	const struct connection *connection;
	int event = operation->operation_case == PEERING__OPERATION__OPERATION_VERB
			    ? push_verb_event(operation->verb->verb)
			    : -1;

	if (event != EVENT_ACTIVATE && event != EVENT_MAINTENANCE_OFF && event != EVENT_REOPEN)
		return;
	connection = connection_find(operation->verb->name);
	if (!connection || !connection->pending.ticket)
		return;
	strlcpy(opening->name, connection->name, sizeof(opening->name));
	opening->event = event;
}

/* The actor as the journal and the history have it. */
static void whose(const Peering__Push *push, char actor[TRANSITION_ACTOR_MAX])
{
	char whole[TRANSITION_ACTOR_MAX + 32];

	snprintf(whole, sizeof(whole), TRANSITION_ACTOR_CONTROLLER "%.*s", TRANSITION_ACTOR_MAX,
		 utf8_is_clean(push->actor) ? push->actor : "?");
	utf8_copy(actor, TRANSITION_ACTOR_MAX, whole);
}

/* The check has seen to it that none is refused here; where one is all the same, those behind it are not begun. */
static void apply(const Peering__Push *push, Peering__DeclareConnection **declarations, const char *actor,
		  struct held *taken)
{
	struct verdict failed = {.code = "not-applied", .message = "an operation before this one was refused"};
	struct verdict verdict;
	bool declared = false;

	for (size_t i = 0; i < push->n_operations; i++) {
		if (taken->answer->applied) {
			apply_operation(push->operations[i], declarations[i], push->confirm_seconds != 0, actor, &verdict);
			push_answer_replace(taken->answer, i, &verdict);
			taken->answer->applied = verdict.accepted;
			declared |= declarations[i] && verdict.accepted && !verdict.unchanged;
			if (!verdict.accepted)
				zlog_err("peering: the push %s by %s could only be applied up to operation %zu: %s",
					 push->id, actor, i, verdict.message);
			else
				note_opening(push->operations[i], &taken->openings[i]);
		} else {
			push_answer_replace(taken->answer, i, &failed);
		}
	}
	if (declared)
		push_revision_rise(push->id);
	taken->answer->revision = push_revision();
	/* A revision that is told is durable; the answer to verbs alone waits for what they have done. */
	if (declared || push->confirm_seconds)
		note_answer(taken);
	taken->line = durable_state_newest_line();
}

/* Takes `result`. */
static void carry_out(const Peering__Push *push, Peering__DeclareConnection **declarations, Peering__PushResult *result)
{
	char actor[TRANSITION_ACTOR_MAX];
	struct verdict verdict;
	struct held *taken;

	whose(push, actor);
	if (push->confirm_seconds && !push_confirm_begin(push, actor, &verdict)) {
		push_answer_free(result);
		refuse_whole(push, &verdict);
		return;
	}
	taken = XCALLOC(MTYPE_PEERING_PUSH, sizeof(*taken));
	taken->answer = result;
	taken->openings = XCALLOC(MTYPE_PEERING_PUSH, (push->n_operations + 1) * sizeof(*taken->openings));
	apply(push, declarations, actor, taken);
	if (push->confirm_seconds && !result->applied)
		push_confirm_give_up();
	held_list_add_tail(&held, taken);
	push_journal_moved();
}

void push_take(const Peering__Push *push)
{
	Peering__DeclareConnection **declarations;
	Peering__PushResult *result;
	struct verdict verdict;

	/* It is answered in a moment. */
	if (push_is_held(push->id))
		return;
	result = push_answer_kept(push->id);
	if (result) {
		push_send_answer(result);
		return;
	}
	if (!may_be_taken(push, &verdict)) {
		refuse_whole(push, &verdict);
		return;
	}

	declarations = XCALLOC(MTYPE_PEERING_PUSH, (push->n_operations + 1) * sizeof(*declarations));
	result = push_answer_new(push->id, push->n_operations);
	result->applied = check(push, declarations, result);
	if (result->applied && !push->dry_run) {
		carry_out(push, declarations, result);
	} else {
		result->applied = false;
		result->dry_run = push->dry_run;
		result->revision = push_revision();
		if (!push->dry_run)
			push_answer_keep(result, false);
		push_send_answer(result);
	}
	for (size_t i = 0; i < push->n_operations; i++)
		if (declarations[i])
			peering__declare_connection__free_unpacked(declarations[i], NULL);
	XFREE(MTYPE_PEERING_PUSH, declarations);
}
