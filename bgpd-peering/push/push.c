// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A push is checked operation by operation against what the earlier ones would have made of the router (push_check.c),
 * without touching anything; only where all are good is the first one applied. Both go on in slices, one push after the
 * other. Nothing is typed in between: a command first ends what has begun (push_finish()), or waits (held_command.h). Where a state has changed of
 * itself meanwhile, what is left is checked anew, and after some times of that done without a pause.
 *
 * What was applied goes to the journal as a whole (push_group.h), and is answered when the journal has it: the controller
 * never hears of what a power failure would undo. An activation happens only then at all, and may still fail. Where an
 * operation is refused although the check was good, what those before it have declared is put back.
 */
#include "bgpd-peering/push/push.h"

#include "bgpd-peering/checks/service.h"
#include "bgpd-peering/commands/held_command.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/policy/policy_staging.h"
#include "bgpd-peering/policy/policy_uses.h"
#include "bgpd-peering/push/push_answers.h"
#include "bgpd-peering/push/push_check.h"
#include "bgpd-peering/push/push_confirm.h"
#include "bgpd-peering/push/push_declaration.h"
#include "bgpd-peering/push/push_group.h"
#include "bgpd-peering/push/push_revision.h"
#include "bgpd-peering/router.h"

#include "bgpd-peering/gate/walls.h"
#include "bgpd-peering/turn.h"

#include "lib/linklist.h"
#include "lib/utf8.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_PUSH, "Peering push without an answer");

/* The controller sends 32 ahead of their answers. */
#define HELD_MOST 64
#define SLICE_MICROSECONDS 8000
#define CHECKS_ANEW_MOST 3
#define STOPPED_LOOK 20 /* milliseconds, in tests */

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

	if (has_opened(connection, push->openings[index].event)) {
		verdict.accepted = true;
		strlcpy(verdict.message, push->answer->results[index]->message, sizeof(verdict.message));
		push_list_allowed(connection, &verdict);
		push_answer_replace(push->answer, index, &verdict);
		return;
	}
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

static bool is_being_applied(const char *id);

bool push_is_held(const char *id)
{
	return find_held(id) || is_being_applied(id);
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
	if (operation->operation_case == PEERING__OPERATION__OPERATION_POLICY) {
		policy_staging_apply(operation->policy, verdict);
		return;
	}
	if (operation->operation_case == PEERING__OPERATION__OPERATION_WITHDRAW_POLICY) {
		policy_object_withdraw(operation->withdraw_policy->name, verdict);
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

/* Of the connection that it is about; "": it is about none. */
static const char *name_of(const Peering__Operation *operation)
{
	switch (operation->operation_case) {
	case PEERING__OPERATION__OPERATION_DECLARE:
		return operation->declare->name;
	case PEERING__OPERATION__OPERATION_VERB:
		return operation->verb->name;
	default:
		return "";
	}
}

static bool changes_what_is_declared(const Peering__Operation *operation)
{
	return operation->operation_case != PEERING__OPERATION__OPERATION_VERB;
}

/* ---- in which order ---- */

static bool is_withdrawal(const Peering__Operation *operation)
{
	return operation->operation_case == PEERING__OPERATION__OPERATION_WITHDRAW_POLICY;
}

static bool is_policy(const Peering__Operation *operation)
{
	return operation->operation_case == PEERING__OPERATION__OPERATION_POLICY;
}

/* A withdrawal of what the same push puts in force again behind it: nothing goes. */
static bool is_pushed_behind(const Peering__Push *push, size_t index)
{
	const char *name = push->operations[index]->withdraw_policy->name;

	while (++index < push->n_operations)
		if (is_policy(push->operations[index]) && strcmp(push->operations[index]->policy->name, name) == 0)
			return true;
	return false;
}

/*
 * How operations are applied, those of each in the order of the push: all policies take effect in one turn, in front of
 * what goes by them, or routes could pass by a new list under an old route-map that neither the old ones nor the new ones
 * let through; and what is withdrawn goes last, when nothing of the push goes by it any more.
 */
enum rank { RANK_POLICY, RANK_OTHER, RANK_WITHDRAWAL, RANKS };

static enum rank rank_of(const Peering__Push *push, size_t index)
{
	const Peering__Operation *operation = push->operations[index];

	if (is_withdrawal(operation))
		return is_pushed_behind(push, index) ? RANK_POLICY : RANK_WITHDRAWAL;
	return is_policy(operation) ? RANK_POLICY : RANK_OTHER;
}

/* ---- slices ---- */

enum phase { PHASE_BEGIN, PHASE_CHECK, PHASE_NOTE, PHASE_APPLY, PHASE_TAKE_BACK };

PREDECL_DLIST(work_list);
struct work {
	struct work_list_item item;
	const Peering__Push *push;
	void (*done)(void);
	enum phase phase;
	size_t next;	   /* of this phase: the operation to be checked, the place in `order` to be applied, or one behind that to be taken back */
	size_t applied;	   /* places in `order` */
	size_t *order;	   /* in which operations are applied */
	size_t policies;   /* so many at its beginning are policies, switched together */
	size_t withdrawals; /* and so many at its end, which are refused by nothing */
	bool *is_applied;  /* for each operation */
	struct push_plan *plan;
	Peering__DeclareConnection **declarations; /* for each operation; NULL: it is none */
	struct former_declaration *former; /* for each operation that is one and has begun: how it was declared before */
	struct held *taken;
	bool good, declared;
	bool noted; /* what its policies take the place of, where it is to be confirmed */
	bool waits_for_confirm; /* what is before it is noted already */
	bool only_closes;  /* which waits for no disk */
	uint64_t changes;  /* router.changes as the check knows it */
	bool ends;	   /* all is done: what it comes to has a turn for itself */
	bool lists_known;  /* who goes by lists, as the switch asks */
	bool uses_known;   /* who goes by what is withdrawn, or is to go again */
	unsigned int checked_anew;
	char actor[TRANSITION_ACTOR_MAX];
};
DECLARE_DLIST(work_list, struct work, item);

static struct work_list_head works = INIT_DLIST(works);
static event_ref *slice_event;

/* Also while what is left of it is checked anew. */
static bool has_begun(const struct work *work)
{
	return work && (work->phase >= PHASE_APPLY || work->applied || work->waits_for_confirm);
}

static bool is_being_applied(const char *id)
{
	const struct work *work = work_list_first(&works);

	return has_begun(work) && strcmp(work->push->id, id) == 0;
}

bool push_is_being_applied(void)
{
	return has_begun(work_list_first(&works));
}

static void end_work(struct work *work)
{
	void (*done)(void) = work->done;

	work_list_del(&works, work);
	if (work->plan)
		push_plan_free(work->plan);
	for (size_t i = 0; work->declarations && i < work->push->n_operations; i++)
		if (work->declarations[i])
			peering__declare_connection__free_unpacked(work->declarations[i], NULL);
	XFREE(MTYPE_PEERING_PUSH, work->declarations);
	XFREE(MTYPE_PEERING_PUSH, work->order);
	XFREE(MTYPE_PEERING_PUSH, work->is_applied);
	for (size_t i = 0; work->former && i < work->push->n_operations; i++)
		if (work->former[i].declaration)
			peering__declare_connection__free_unpacked(work->former[i].declaration, NULL);
	XFREE(MTYPE_PEERING_PUSH, work->former);
	if (work->taken) {
		if (work->taken->answer)
			push_answer_free(work->taken->answer);
		XFREE(MTYPE_PEERING_PUSH, work->taken->openings);
		XFREE(MTYPE_PEERING_PUSH, work->taken);
	}
	XFREE(MTYPE_PEERING_PUSH, work);
	/* In front of the next push. */
	held_commands_go_on();
	done();
}

static void begin_check(struct work *work)
{
	if (work->plan)
		push_plan_free(work->plan);
	work->plan = push_plan_new();
	work->phase = PHASE_CHECK;
	work->good = true;
	work->next = 0;
	work->changes = router.changes;
}

static void put_in_order(struct work *work)
{
	const Peering__Push *push = work->push;
	enum rank ranks[PUSH_OPERATIONS_MAX];
	size_t count = 0;

	work->order = XCALLOC(MTYPE_PEERING_PUSH, (push->n_operations + 1) * sizeof(*work->order));
	work->is_applied = XCALLOC(MTYPE_PEERING_PUSH, (push->n_operations + 1) * sizeof(*work->is_applied));
	for (size_t i = 0; i < push->n_operations; i++) {
		ranks[i] = rank_of(push, i);
		work->policies += ranks[i] == RANK_POLICY;
		work->withdrawals += ranks[i] == RANK_WITHDRAWAL;
	}
	for (enum rank rank = 0; rank < RANKS; rank++)
		for (size_t i = 0; i < push->n_operations; i++)
			if (ranks[i] == rank)
				work->order[count++] = i;
}

/* False where it has its answer already, or none is due. */
static bool begin(struct work *work)
{
	const Peering__Push *push = work->push;
	Peering__PushResult *result;
	struct verdict verdict;

	/* It is answered in a moment. */
	if (push_is_held(push->id))
		return false;
	result = push_answer_kept(push->id);
	if (result) {
		push_send_answer(result);
		return false;
	}
	if (!may_be_taken(push, &verdict)) {
		refuse_whole(push, &verdict);
		return false;
	}
	work->declarations = XCALLOC(MTYPE_PEERING_PUSH, (push->n_operations + 1) * sizeof(*work->declarations));
	work->former = XCALLOC(MTYPE_PEERING_PUSH, (push->n_operations + 1) * sizeof(*work->former));
	work->taken = XCALLOC(MTYPE_PEERING_PUSH, sizeof(*work->taken));
	work->taken->answer = push_answer_new(push->id, push->n_operations);
	work->taken->openings = XCALLOC(MTYPE_PEERING_PUSH, (push->n_operations + 1) * sizeof(*work->taken->openings));
	work->only_closes = only_closes(push);
	whose(push, work->actor);
	put_in_order(work);
	begin_check(work);
	return true;
}

static void check_one(struct work *work)
{
	const Peering__Push *push = work->push;
	const Peering__Operation *operation = push->operations[work->next];
	Peering__DeclareConnection **declaration = &work->declarations[work->next];
	struct verdict verdict = {.code = "journal"};

	if (work->is_applied[work->next]) {
		work->next++;
		return;
	}
	/* Of a check before this one. */
	if (*declaration)
		peering__declare_connection__free_unpacked(*declaration, NULL);
	*declaration = NULL;
	if ((work->only_closes || durable_state_writable(verdict.message, sizeof(verdict.message))) &&
	    push_confirm_judge_operation(push, operation, &verdict))
		push_plan_operation(work->plan, operation, declaration, &verdict);
	work->good &= verdict.accepted;
	/* What it would do is said to who asks for that alone. */
	if (verdict.accepted && !push->dry_run)
		verdict.message[0] = '\0';
	if (work->next < work->taken->answer->n_results)
		push_answer_replace(work->taken->answer, work->next, &verdict);
	else
		push_answer_add(work->taken->answer, &verdict);
	work->next++;
}

/* Nothing of it was done, or is to be. */
static void answer_check(struct work *work)
{
	Peering__PushResult *answer = work->taken->answer;

	work->taken->answer = NULL;
	answer->applied = false;
	answer->dry_run = work->push->dry_run;
	answer->revision = push_revision();
	if (!work->push->dry_run)
		push_answer_keep(answer, false);
	push_send_answer(answer);
}

/* All is applied that can be: the answer is held until the disk has it. */
static void hold_applied(struct work *work)
{
	struct held *taken = work->taken;

	work->taken = NULL;
	if (work->declared)
		push_revision_rise(work->push->id);
	taken->answer->revision = push_revision();
	while (policy_objects_measure())
		;
	if (work->push->confirm_seconds && taken->answer->applied)
		push_confirm_applied();
	else if (work->push->confirm_seconds)
		push_confirm_give_up();
	/* With what it says is done; the answer to verbs that have closed something waits for that alone. */
	taken->noted = work->declared || work->push->confirm_seconds || push_group_has_lines();
	if (taken->noted)
		push_answer_keep(taken->answer, true);
	if (taken->noted && !push_group_has_lines())
		durable_state_pushes();
	push_group_commit();
	taken->line = durable_state_newest_line();
	held_list_add_tail(&held, taken);
	push_journal_moved();
}

/*
 * What is not applied by now is not begun, and what is has its declarations and policies put back; what its verbs have done is
 * not, but what they were to open stays closed.
 */
static void give_up(struct work *work)
{
	const struct verdict failed = {.code = "not-applied", .message = "another operation of this push was refused"};
	Peering__PushResult *answer = work->taken->answer;

	answer->applied = false;
	for (size_t i = 0; i < work->push->n_operations; i++)
		if (!work->is_applied[i] && answer->results[i]->ok)
			push_answer_replace(answer, i, &failed);
	push_group_cancel_openings();
	work->uses_known = !work->policies;
	work->phase = PHASE_TAKE_BACK;
	work->next = work->applied;
}

/* The policies, in one turn again, behind what goes by them. False: nothing is left. */
static bool take_back_policies(void)
{
	bool goes_on;

	push_group_enter("", true);
	goes_on = policy_staging_take_back();
	push_group_leave();
	return goes_on || policy_objects_measure();
}

/* The last one that is left. */
static void take_back_one(struct work *work)
{
	size_t index = work->order[--work->next];
	const struct former_declaration *former = &work->former[index];
	const struct verdict taken_back = {.code = "not-applied",
					   .message = "another operation of this push was refused, and what this one did is put back"};
	char why[PUSH_ID_MAX + 64];
	struct verdict verdict;

	if (is_policy(work->push->operations[index]) && work->taken->answer->results[index]->ok)
		push_answer_replace(work->taken->answer, index, &taken_back);
	if (!former->name[0] || !work->taken->answer->results[index]->ok)
		return;
	snprintf(why, sizeof(why), "the push %s that declared it could not be applied as a whole", work->push->id);
	push_group_enter(former->name, true);
	if (push_take_back(former, why, &verdict))
		push_answer_replace(work->taken->answer, index, &taken_back);
	else
		alert_as(EC_PEERING_CONTROLLER, "the push %s could not be applied as a whole, and this of it stays: %s",
			 work->push->id, verdict.message);
	push_group_leave();
}

/* Whether the phase goes on with applying. */
static bool end_check(struct work *work)
{
	struct verdict verdict;

	if (work->applied || work->waits_for_confirm) {
		/* A part is applied, or what is before it noted; and what is left was good, and is so no more. */
		work->phase = PHASE_APPLY;
		work->next = work->applied;
		if (work->good)
			return true;
		zlog_err("peering: of the push %s by %s only %zu operations could be applied: the router has changed meanwhile",
			 work->push->id, work->actor, work->applied);
		give_up(work);
		return true;
	}
	if (work->good && work->push->confirm_seconds && !work->noted) {
		work->phase = PHASE_NOTE;
		return true;
	}
	if (!work->good || work->push->dry_run) {
		answer_check(work);
		return false;
	}
	/* A rollback may have ended meanwhile, with another revision. */
	if (!may_be_taken(work->push, &verdict) ||
	    (work->push->confirm_seconds && !push_confirm_begin(work->push, work->actor, &verdict))) {
		refuse_whole(work->push, &verdict);
		return false;
	}
	work->waits_for_confirm = work->push->confirm_seconds;
	work->taken->answer->applied = true;
	work->phase = PHASE_APPLY;
	work->next = 0;
	return true;
}

/* What a rollback would put back. False: the work is done. */
static bool note_some(struct work *work)
{
	struct verdict verdict;

	if (policy_staging_note(work->push->id, &verdict))
		return true;
	work->noted = true;
	if (verdict.accepted)
		return end_check(work);
	refuse_whole(work->push, &verdict);
	return false;
}

/* The check has seen to it that it is not refused here. */
static void apply_one(struct work *work)
{
	const Peering__Push *push = work->push;
	size_t index = work->order[work->next++];
	const Peering__Operation *operation = push->operations[index];
	struct verdict verdict;

	work->applied = work->next;
	work->is_applied[index] = true;
	if (work->declarations[index])
		push_note_former(work->declarations[index]->name, &work->former[index]);
	push_group_enter(name_of(operation), changes_what_is_declared(operation));
	if (is_withdrawal(operation) && work->next <= work->policies)
		verdict = (struct verdict){.accepted = true, .unchanged = true, .code = "", .message = "the same push puts it in force again"};
	else if (work->next == push->n_operations && !wall_stands(WALL_WHOLE_PUSHES))
		verdict_refuse(&verdict, "bgpd-refused", "a test has it refused");
	else
		apply_operation(operation, work->declarations[index], push->confirm_seconds != 0, work->actor, &verdict);
	push_group_leave();
	push_list_allowed(connection_find(name_of(operation)), &verdict);
	if (work->next == work->policies || (work->next < work->policies && !verdict.accepted))
		policy_objects_switched();
	push_answer_replace(work->taken->answer, index, &verdict);
	work->declared |= changes_what_is_declared(operation) && verdict.accepted && !verdict.unchanged;
	if (verdict.accepted) {
		note_opening(operation, &work->taken->openings[index]);
		return;
	}
	zlog_err("peering: the push %s by %s could only be applied in part, and not operation %zu: %s", push->id, work->actor, index,
		 verdict.message);
	give_up(work);
}

/* Its lines go to the journal at once, some milliseconds for a thousand connections. False: not in this turn. */
static bool end_applied(struct work *work)
{
	if (!work->ends) {
		work->ends = true;
		return false;
	}
	hold_applied(work);
	return true;
}

/* One operation, or what is between them. False: the work is done. */
static bool step(struct work *work)
{
	switch (work->phase) {
	case PHASE_BEGIN:
		return begin(work);
	case PHASE_CHECK:
		if (work->policies && !work->lists_known) {
			work->lists_known = !policy_uses_gather(false);
			return true;
		}
		if (work->next == work->push->n_operations)
			return end_check(work);
		check_one(work);
		return true;
	case PHASE_NOTE:
		return note_some(work);
	case PHASE_APPLY:
		if (work->withdrawals && work->next == work->push->n_operations - work->withdrawals && !work->uses_known) {
			work->uses_known = !policy_uses_gather(true);
			return true;
		}
		if (work->next < work->push->n_operations) {
			apply_one(work);
			return true;
		}
		if (policy_objects_measure())
			return true;
		return !end_applied(work);
	case PHASE_TAKE_BACK:
		if (work->next > 0) {
			take_back_one(work);
			return true;
		}
		if (!work->uses_known) {
			work->uses_known = !policy_uses_gather(true);
			return true;
		}
		if (take_back_policies())
			return true;
		return !end_applied(work);
	}
	return false;
}

/* Something else has had its turn since: a session that was to be declared anew may be in service now. */
static void resume(struct work *work)
{
	if (work->phase == PHASE_BEGIN || work->phase == PHASE_TAKE_BACK || work->changes == router.changes)
		return;
	if (work->phase == PHASE_APPLY && work->next >= work->push->n_operations - work->withdrawals)
		return;
	work->checked_anew++;
	begin_check(work);
}

/* Its policies, of which some have taken effect and others have not. */
static bool is_switching(const struct work *work)
{
	return work->phase == PHASE_APPLY && work->next > 0 && work->next < work->policies;
}

/* All that a turn may hold belongs to the switch, and to the end. */
static bool is_about_to_be_long(const struct work *work)
{
	return work->ends || (work->phase == PHASE_APPLY && work->next == 0 && work->policies);
}

/* Tests look at what is between two slices. */
static bool is_stopped(const struct work *work)
{
	return work->phase == PHASE_APPLY && work->next > 0 && !is_switching(work) && !wall_stands(WALL_PUSHES);
}

static void on_slice(event_ref *event);

/* `whole`: to the end of what has begun. */
static void go_on(bool whole)
{
	struct timeval begun;
	struct work *work = work_list_first(&works);

	monotime(&begun);
	event_stop(slice_event);
	if (work && !whole && is_stopped(work)) {
		event_add_milliseconds(on_slice, NULL, STOPPED_LOOK, &slice_event);
		return;
	}
	if (work)
		resume(work);
	while ((work = work_list_first(&works))) {
		if (!step(work)) {
			end_work(work);
		} else if (!whole && work->checked_anew < CHECKS_ANEW_MOST && !is_switching(work) &&
			   (monotime_since(&begun, NULL) >= (is_about_to_be_long(work) ? SLICE_MICROSECONDS / 8 : SLICE_MICROSECONDS) ||
			    is_stopped(work))) {
			work->changes = router.changes;
			event_add_now(on_slice, NULL, &slice_event);
			return;
		}
	}
}

static void on_slice(event_ref *event)
{
	TURN(TURN_CONTROLLER);

	go_on(false);
}

void push_take(const Peering__Push *push, void (*done)(void))
{
	struct work *work = XCALLOC(MTYPE_PEERING_PUSH, sizeof(*work));

	work->push = push;
	work->done = done;
	work_list_add_tail(&works, work);
	if (work_list_count(&works) == 1)
		go_on(false);
}

bool push_goes_on(void)
{
	return work_list_first(&works) != NULL;
}

void push_finish(void)
{
	push_confirm_finish();
	if (work_list_first(&works))
		go_on(true);
}
