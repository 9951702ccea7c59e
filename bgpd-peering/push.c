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
#include "bgpd-peering/push_declaration.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/service.h"

#include "lib/linklist.h"
#include "lib/utf8.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_PUSH, "Peering push without an answer");

#define OPERATIONS_MAX 1024
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
	struct opening *openings; /* for each operation */
};
DECLARE_DLIST(held_list, struct held, item);

static struct held_list_head held = INIT_DLIST(held);

/* ---- answering ---- */

static void answer(Peering__PushResult *result)
{
	push_answer_keep(result);
	push_answer_send(result);
	push_answer_free(result);
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
	push->answer->applied = false;
}

void push_journal_moved(void)
{
	struct held *push;

	frr_each_safe (held_list, &held, push) {
		if (!durable_state_lines_done(push->line))
			continue;
		for (size_t i = 0; i < push->answer->n_results; i++)
			if (push->openings[i].name[0])
				judge_opening(push, i);
		held_list_del(&held, push);
		answer(push->answer);
		XFREE(MTYPE_PEERING_PUSH, push->openings);
		XFREE(MTYPE_PEERING_PUSH, push);
	}
}

static bool is_held(const char *id)
{
	struct held *push;

	frr_each (held_list, &held, push)
		if (strcmp(push->answer->id, id) == 0)
			return true;
	return false;
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
	else if (push->n_operations > OPERATIONS_MAX)
		verdict_refuse(verdict, "too-many", "a push has at most %d operations; split it", OPERATIONS_MAX);
	else if (held_list_count(&held) >= HELD_MOST)
		verdict_refuse(verdict, "too-many", "%d pushes wait for the router's disk already; try again later",
			       HELD_MOST);
	return verdict->accepted;
}

/* The whole is refused with one result, however many operations it has. */
static void refuse_whole(const Peering__Push *push, const struct verdict *verdict)
{
	char id[PUSH_ID_MAX];
	Peering__PushResult *result;

	utf8_copy(id, sizeof(id), utf8_is_clean(push->id) ? push->id : "");
	result = push_answer_new(id, 1);
	push_answer_add(result, verdict);
	push_answer_send(result);
	push_answer_free(result);
}

static bool check(const Peering__Push *push, Peering__DeclareConnection **declarations, Peering__PushResult *result)
{
	struct push_plan *plan = push_plan_new();
	bool writable = true, good = true;
	struct verdict verdict, journal = {.code = "journal"};

	if (!only_closes(push))
		writable = durable_state_writable(journal.message, sizeof(journal.message));
	for (size_t i = 0; i < push->n_operations; i++) {
		if (writable)
			push_plan_operation(plan, push->operations[i], &declarations[i], &verdict);
		else
			verdict = journal;
		good &= verdict.accepted;
		push_answer_add(result, &verdict);
	}
	push_plan_free(plan);
	return good;
}

/* ---- applying ---- */

static void apply_operation(const Peering__Operation *operation, const Peering__DeclareConnection *declaration,
			    const char *actor, struct verdict *verdict)
{
	struct connection *connection;
	int event;

	*verdict = (struct verdict){.code = ""};
	if (declaration) {
		push_declare(declaration, actor, verdict);
		return;
	}
	connection = connection_find(operation->verb->name);
	event = push_verb_event(operation->verb->verb);
	if (connection && (event == EVENT_MAINTENANCE_ON || event == EVENT_MAINTENANCE_OFF))
		drain_maintenance(connection, event == EVENT_MAINTENANCE_ON, 0, actor, operation->verb->reason, verdict);
	else if (connection)
		transition(connection, event, actor, operation->verb->reason[0] ? operation->verb->reason : NULL, verdict);
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

/* The check has seen to it that none is refused here; where one is all the same, those behind it are not begun. */
static void apply(const Peering__Push *push, Peering__DeclareConnection **declarations, struct held *taken)
{
	struct verdict failed = {.code = "not-applied", .message = "an operation before this one was refused"};
	char actor[TRANSITION_ACTOR_MAX], whole[TRANSITION_ACTOR_MAX + 32];
	struct verdict verdict;

	snprintf(whole, sizeof(whole), TRANSITION_ACTOR_CONTROLLER "%.*s", TRANSITION_ACTOR_MAX,
		 utf8_is_clean(push->actor) ? push->actor : "?");
	utf8_copy(actor, sizeof(actor), whole);

	for (size_t i = 0; i < push->n_operations; i++) {
		if (taken->answer->applied) {
			apply_operation(push->operations[i], declarations[i], actor, &verdict);
			push_answer_replace(taken->answer, i, &verdict);
			taken->answer->applied = verdict.accepted;
			if (!verdict.accepted)
				zlog_err("peering: the push %s by %s could only be applied up to operation %zu: %s",
					 push->id, actor, i, verdict.message);
			else
				note_opening(push->operations[i], &taken->openings[i]);
		} else {
			push_answer_replace(taken->answer, i, &failed);
		}
	}
	taken->line = durable_state_newest_line();
}

void push_take(const Peering__Push *push)
{
	Peering__PushResult *result = push_answer_kept(push->id);
	Peering__DeclareConnection **declarations;
	struct verdict verdict;
	struct held *taken;

	if (result) {
		push_answer_send(result);
		push_answer_free(result);
		return;
	}
	/* It is answered in a moment. */
	if (is_held(push->id))
		return;
	if (!may_be_taken(push, &verdict)) {
		refuse_whole(push, &verdict);
		return;
	}

	declarations = XCALLOC(MTYPE_PEERING_PUSH, (push->n_operations + 1) * sizeof(*declarations));
	result = push_answer_new(push->id, push->n_operations);
	result->applied = check(push, declarations, result);
	if (result->applied) {
		taken = XCALLOC(MTYPE_PEERING_PUSH, sizeof(*taken));
		taken->answer = result;
		taken->openings = XCALLOC(MTYPE_PEERING_PUSH, (push->n_operations + 1) * sizeof(*taken->openings));
		apply(push, declarations, taken);
		held_list_add_tail(&held, taken);
		push_journal_moved();
	} else {
		answer(result);
	}
	for (size_t i = 0; i < push->n_operations; i++)
		if (declarations[i])
			peering__declare_connection__free_unpacked(declarations[i], NULL);
	XFREE(MTYPE_PEERING_PUSH, declarations);
}
