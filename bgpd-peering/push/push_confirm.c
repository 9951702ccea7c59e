// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/push_confirm.h"

#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/policy/policy_staging.h"
#include "bgpd-peering/policy/policy_uses.h"
#include "bgpd-peering/push/push.h"
#include "bgpd-peering/push/push_answers.h"
#include "bgpd-peering/push/push_check.h"
#include "bgpd-peering/push/push_declaration.h"
#include "bgpd-peering/push/push_group.h"
#include "bgpd-peering/push/push_revision.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/utf8.h"

/* Heartbeats in the time that the push has: the controller confirms once it has heard some of them behind the answer. */
#define BEATS 4
#define SLICE_MICROSECONDS 5000
#define RETRY_SECONDS 1

static struct unconfirmed_push unconfirmed;
static event_ref *timer;
static bool applying; /* the journal knows nothing of it yet */
static bool rolling_back;
static size_t left; /* of the connections that are to be put back, from the end */
static bool switched; /* the policies are put back: what is left of it goes on before anything else of its kind */
static size_t settled; /* so many of them, behind the switch */

const struct unconfirmed_push *push_unconfirmed(void)
{
	return unconfirmed.id[0] ? &unconfirmed : NULL;
}

const struct unconfirmed_push *push_confirm_noted(void)
{
	return applying ? NULL : push_unconfirmed();
}

uint32_t push_confirm_seconds_left(const char *id)
{
	if (!unconfirmed.id[0] || strcmp(unconfirmed.id, id) != 0)
		return 0;
	return (uint32_t)deadline_seconds_left(unconfirmed.ends);
}

bool push_confirm_concerns(const char *connection)
{
	for (size_t i = 0; i < unconfirmed.before_count; i++)
		if (strcmp(unconfirmed.before[i].name, connection) == 0)
			return true;
	return false;
}

/* ---- judging ---- */

bool push_confirm_judge(const Peering__Push *push, struct verdict *verdict)
{
	if (!push->confirm_seconds)
		return true;
	if (push->confirm_seconds < PUSH_CONFIRM_LEAST || push->confirm_seconds > PUSH_CONFIRM_MOST)
		verdict_refuse(verdict, "bad-confirm", "a push is confirmed within %d to %d seconds, not %u",
			       PUSH_CONFIRM_LEAST, PUSH_CONFIRM_MOST, push->confirm_seconds);
	else if (unconfirmed.id[0])
		verdict_refuse(verdict, "unconfirmed", "the push %s still waits to be confirmed; try again in %u s", unconfirmed.id,
			       push_confirm_seconds_left(unconfirmed.id));
	return verdict->accepted;
}

/* What is taken back by a rollback, or drains. */
static bool can_be_taken_back(const Peering__Operation *operation)
{
	int event;

	switch (operation->operation_case) {
	case PEERING__OPERATION__OPERATION_DECLARE:
	case PEERING__OPERATION__OPERATION_POLICY:
	case PEERING__OPERATION__OPERATION_WITHDRAW_POLICY:
		return true;
	case PEERING__OPERATION__OPERATION_VERB:
		event = push_verb_event(operation->verb->verb);
		return event == EVENT_DEPROVISION || event == EVENT_MAINTENANCE_ON;
	default:
		return false;
	}
}

/* Closing never waits for anything. */
static bool has_to_wait(const Peering__Operation *operation)
{
	int event;

	if (operation->operation_case != PEERING__OPERATION__OPERATION_VERB)
		return true;
	event = push_verb_event(operation->verb->verb);
	return event == EVENT_ACTIVATE || event == EVENT_REOPEN || event == EVENT_MAINTENANCE_OFF;
}

static const char *name_in(const Peering__Operation *operation)
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

static const char *policy_in(const Peering__Operation *operation)
{
	switch (operation->operation_case) {
	case PEERING__OPERATION__OPERATION_POLICY:
		return operation->policy->name;
	case PEERING__OPERATION__OPERATION_WITHDRAW_POLICY:
		return operation->withdraw_policy->name;
	default:
		return "";
	}
}

/* The name where a rollback changes that policy. */
static const char *if_it_waits(const char *name)
{
	return name[0] && push_policies_find(&unconfirmed.policies, name) ? name : NULL;
}

/* Or takes it away. */
static const char *if_it_may_go(const char *name)
{
	const struct push_policy *policy = name[0] ? push_policies_find(&unconfirmed.policies, name) : NULL;

	return policy && policy->change == PUSH_POLICY_MADE ? name : NULL;
}

static const char *one_that_waits(const Peering__RouteMapClause *clause)
{
	const char *const names[] = {clause->match_prefix_list_ipv4, clause->match_prefix_list_ipv6, clause->match_as_path,
				     clause->match_community, clause->match_large_community, clause->call};
	const char *found = NULL;

	for (size_t i = 0; !found && i < array_size(names); i++)
		found = if_it_waits(names[i]);
	return found;
}

static const char *one_that_may_go(const Peering__Neighbor *neighbor)
{
	const char *found = NULL;

	for (size_t i = 0; !found && i < neighbor->n_families; i++) {
		found = if_it_may_go(neighbor->families[i]->import_policy);
		if (!found)
			found = if_it_may_go(neighbor->families[i]->export_policy);
	}
	return found;
}

/* A policy that waits and that the operation changes, or would have go by: it may be another one soon. NULL: there is none. */
static const char *policy_that_waits(const Peering__Operation *operation)
{
	const Peering__Policy *policy = operation->policy;
	const char *found = if_it_waits(policy_in(operation));

	if (operation->operation_case == PEERING__OPERATION__OPERATION_POLICY)
		for (size_t i = 0; !found && i < policy->n_entries; i++)
			found = policy->entries[i]->clause ? one_that_waits(policy->entries[i]->clause) : NULL;
	if (operation->operation_case == PEERING__OPERATION__OPERATION_DECLARE)
		for (size_t i = 0; !found && i < operation->declare->n_neighbors; i++)
			found = one_that_may_go(operation->declare->neighbors[i]);
	return found;
}

bool push_confirm_judge_operation(const Peering__Push *push, const Peering__Operation *operation,
				  struct verdict *verdict)
{
	bool another_waits = unconfirmed.id[0] && strcmp(unconfirmed.id, push->id) != 0;
	const char *waits = NULL;

	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (another_waits)
		waits = push_confirm_concerns(name_in(operation)) && has_to_wait(operation) ? name_in(operation)
											    : policy_that_waits(operation);
	if (push->confirm_seconds && !can_be_taken_back(operation))
		verdict_refuse(verdict, "not-confirmable",
			       "a push that may be rolled back declares, has policies, and drains by deprovision or maintenance-on; push this one without a time to confirm it");
	else if (push->confirm_seconds && policy_object_is_typed_at(policy_in(operation)))
		verdict_refuse(verdict, "not-confirmable",
			       "somebody has typed at %s on the router, which a rollback could not put back; push it without a time to confirm it",
			       policy_in(operation));
	else if (waits)
		verdict_refuse(verdict, "unconfirmed", "%s waits for the push %s to be confirmed; try again in %u s", waits,
			       unconfirmed.id, push_confirm_seconds_left(unconfirmed.id));
	return verdict->accepted;
}

/* ---- waiting ---- */

static void tick(event_ref *event);

static void watch(void)
{
	uint64_t seconds = MAX(unconfirmed.seconds / BEATS, (uint32_t)1);

	event_add_seconds(tick, NULL, MIN(seconds, deadline_seconds_left(unconfirmed.ends)), &timer);
}

/* Says to the controller that it is still reached. */
static void beat(void)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	Peering__Heartbeat heartbeat = PEERING__HEARTBEAT__INIT;

	heartbeat.at_milliseconds = wall_clock_milliseconds();
	envelope.body_case = PEERING__ENVELOPE__BODY_HEARTBEAT;
	envelope.heartbeat = &heartbeat;
	controller_link_send(&envelope);
}

/* What it had is used by no rollback any more. */
static void forget(void)
{
	unconfirmed_push_clear(&unconfirmed);
	policy_uses_changed();
}

static void look_again_at_all(void)
{
	for (size_t i = 0; i < unconfirmed.before_count; i++) {
		struct connection *connection = connection_find(unconfirmed.before[i].name);

		if (connection) {
			validation_look_again(connection);
			controller_link_changed(connection);
		}
	}
}

/* ---- rolling back ---- */

/* What it has drained stays so: a person says whether it goes. */
static void finish(void)
{
	Peering__PushResult *answer = push_answer_kept(unconfirmed.id);

	event_stop(timer);
	if (!answer)
		answer = push_answer_new(unconfirmed.id, 0);
	push_answer_roll_back(answer);
	push_revision_rise(unconfirmed.id);
	answer->revision = push_revision();
	push_answer_keep(answer, true);
	zlog_notice("peering: the push %s is rolled back; this is revision %llu", unconfirmed.id,
		    (unsigned long long)push_revision());
	rolling_back = switched = false;
	look_again_at_all();
	forget();
	/* With its policies, where there are any. */
	if (push_group_has_lines())
		push_group_commit();
	else
		durable_state_pushes();
	push_hold_answer(answer);
}

static bool is_lost(const struct push_policy *policy)
{
	return policy->change == PUSH_POLICY_CHANGED && !policy->former;
}

/* Those that the push has made go, those that it withdrew are wanted again. False: nothing is left to be done. */
static bool settle_one(void)
{
	const struct push_policy *policy = &unconfirmed.policies.list[settled];
	struct verdict verdict;

	if (policy_objects_measure())
		return true;
	if (settled == unconfirmed.policies.count)
		return false;
	push_group_enter("", true);
	if (policy->change == PUSH_POLICY_WITHDRAWN)
		policy_object_want_again(policy->name);
	else if (policy->change == PUSH_POLICY_MADE || policy->former_withdrawn)
		policy_object_withdraw(policy->name, &verdict);
	push_group_leave();
	settled++;
	return true;
}

static void settle_policies(event_ref *event)
{
	struct timeval begun;
	TURN(TURN_CONTROLLER);

	monotime(&begun);
	while (settle_one()) {
		if (!event || monotime_since(&begun, NULL) <= SLICE_MICROSECONDS)
			continue;
		event_add_now(settle_policies, NULL, &timer);
		return;
	}
	policy_staging_rolled_back();
	finish();
}

void push_confirm_finish(void)
{
	if (!switched)
		return;
	event_stop(timer);
	settle_policies(NULL);
}

struct mixture {
	const char *made, *changed; /* `changed` NULL: there is none */
};

static void note_changed(Peering__PolicyKind kind, const char *name, void *context)
{
	const struct push_policy *policy = push_policies_find(&unconfirmed.policies, name);
	struct mixture *mixture = context;

	if (policy && policy->change == PUSH_POLICY_CHANGED)
		mixture->changed = policy->name;
}

/* A neighbor goes by the route-map now. */
static bool is_gone_by(const struct push_policy *policy)
{
	return policy->change == PUSH_POLICY_MADE &&
	       policy_uses_of(PEERING__POLICY_KIND__POLICY_KIND_ROUTE_MAP, policy->name) & POLICY_USED_BY_FILTER;
}

/*
 * A session that somebody has opened goes by a route-map that the push has made, and which stays for it. With a list from
 * before below it, more could pass than by all of the old ones or all of the new ones.
 */
static bool would_mix(struct mixture *mixture)
{
	*mixture = (struct mixture){.made = NULL};
	/* As it is in this turn: gates may have moved. */
	policy_uses_changed();
	while (policy_uses_gather(true))
		;
	for (size_t i = 0; i < unconfirmed.policies.count && !mixture->changed; i++) {
		if (!is_gone_by(&unconfirmed.policies.list[i]))
			continue;
		mixture->made = unconfirmed.policies.list[i].name;
		policy_objects_below(mixture->made, note_changed, mixture);
	}
	return mixture->changed;
}

/* Whether something stands in the way for now, or for good. */
static bool has_to_wait_for_policies(void)
{
	char why[TRANSITION_MESSAGE_MAX];

	for (size_t i = 0; i < unconfirmed.policies.count; i++) {
		const struct policy_object *object = policy_object_find(unconfirmed.policies.list[i].name);

		if (object && policy_is_locked(object->policy->kind, object->policy->name, why, sizeof(why)))
			return true;
	}
	return false;
}

static void roll_policies_back(event_ref *event);

/* They are ready, and this turn is theirs. */
static void switch_back(void)
{
	struct mixture mixture;
	struct verdict verdict;

	/* Somebody may have locked the configuration while they were made ready: all of them later, not some of them now. */
	if (has_to_wait_for_policies()) {
		policy_staging_rolled_back();
		event_add_seconds(roll_policies_back, NULL, RETRY_SECONDS, &timer);
		return;
	}
	if (would_mix(&mixture)) {
		alert_as(EC_PEERING_CONTROLLER,
			 "the policies of the push %s stay as it made them: somebody has opened a session that goes by %s, which it made, and by %s, which it changed",
			 unconfirmed.id, mixture.made, mixture.changed);
	} else if (!policy_staging_can_switch_back(&verdict)) {
		alert_as(EC_PEERING_CONTROLLER, "the policies of the push %s stay as it made them: %s", unconfirmed.id,
			 verdict.message);
	} else {
		push_group_enter("", true);
		policy_staging_switch_back(&unconfirmed.policies);
		push_group_leave();
		switched = true;
		settled = 0;
		event_add_now(settle_policies, NULL, &timer);
		return;
	}
	policy_staging_rolled_back();
	finish();
}

static bool any_is_lost(void)
{
	for (size_t i = 0; i < unconfirmed.policies.count; i++)
		if (is_lost(&unconfirmed.policies.list[i]))
			return true;
	return false;
}

/* Behind the connections, as nothing goes by them any more then that goes. */
static void roll_policies_back(event_ref *event)
{
	TURN(TURN_CONTROLLER);

	if (has_to_wait_for_policies()) {
		event_add_seconds(roll_policies_back, NULL, RETRY_SECONDS, &timer);
		return;
	}
	if (any_is_lost())
		alert_as(EC_PEERING_CONTROLLER,
			 "the policies of the push %s stay as it made them: the journal does not have all that was before it",
			 unconfirmed.id);
	if (!unconfirmed.policies.count || any_is_lost())
		finish();
	else
		policy_staging_roll_back(&unconfirmed.policies, switch_back);
}

static void roll_back(event_ref *event)
{
	char why[PUSH_ID_MAX + 64];
	struct timeval begun;
	TURN(TURN_CONTROLLER);

	monotime(&begun);
	snprintf(why, sizeof(why), "the push %s that declared it was not confirmed", unconfirmed.id);
	for (;; left--) {
		struct verdict verdict;

		/* What another push does is with the journal as a whole before anything else of its kind. */
		if (router.reading_file || router.booting || push_is_being_applied()) {
			event_add_seconds(roll_back, NULL, RETRY_SECONDS, &timer);
			return;
		}
		if (monotime_since(&begun, NULL) > SLICE_MICROSECONDS) {
			event_add_now(roll_back, NULL, &timer);
			return;
		}
		if (left == 0)
			break;
		if (push_take_back(&unconfirmed.before[left - 1], why, &verdict))
			continue;
		if (strcmp(verdict.code, "pending") == 0) {
			event_add_seconds(roll_back, NULL, RETRY_SECONDS, &timer);
			return;
		}
		alert_as(EC_PEERING_CONTROLLER, "the push %s is not rolled back as a whole: %s", unconfirmed.id,
			 verdict.message);
	}
	event_add_now(roll_policies_back, NULL, &timer);
}

static void begin_to_roll_back(const char *why)
{
	alert_as(EC_PEERING_CONTROLLER, "the push %s by %s is rolled back: %s; what was declared before it is put back, and no gate moves",
		 unconfirmed.id, unconfirmed.actor, why);
	rolling_back = true;
	left = unconfirmed.before_count;
	event_stop(timer);
	event_add_now(roll_back, NULL, &timer);
}

static void tick(event_ref *event)
{
	TURN(TURN_CONTROLLER);

	if (!deadline_seconds_left(unconfirmed.ends)) {
		begin_to_roll_back("it was not confirmed in time");
		return;
	}
	beat();
	watch();
}

/* ---- a push that is to be confirmed ---- */

static void note_before(const Peering__Operation *operation, struct former_declaration *former)
{
	if (operation->operation_case == PEERING__OPERATION__OPERATION_DECLARE) {
		push_note_former(name_in(operation), former);
		return;
	}
	strlcpy(former->name, name_in(operation), sizeof(former->name));
	former->drains = true;
}

/* What becomes of the policy by all operations so far. */
static void note_policy(const Peering__Operation *operation)
{
	bool withdraws = operation->operation_case == PEERING__OPERATION__OPERATION_WITHDRAW_POLICY;
	const char *name = policy_in(operation);
	struct push_policy *known = push_policies_look_for(&unconfirmed.policies, name);
	const struct policy_object *object = policy_object_find(name);

	if (!withdraws && !policy_staging_changes(operation->policy))
		return;
	if (known && known->change == PUSH_POLICY_WITHDRAWN && !withdraws)
		known->change = PUSH_POLICY_CHANGED;
	if (known || (withdraws && (!object || object->withdrawn)))
		return;
	push_policies_add(&unconfirmed.policies, name,
			  withdraws ? PUSH_POLICY_WITHDRAWN : object ? PUSH_POLICY_CHANGED : PUSH_POLICY_MADE);
}

bool push_confirm_begin(const Peering__Push *push, const char *actor, struct verdict *verdict)
{
	*verdict = (struct verdict){.accepted = true, .code = ""};
	strlcpy(unconfirmed.id, push->id, sizeof(unconfirmed.id));
	strlcpy(unconfirmed.actor, actor, sizeof(unconfirmed.actor));
	strlcpy(unconfirmed.boot_id, deadline_boot_id(), sizeof(unconfirmed.boot_id));
	unconfirmed.seconds = push->confirm_seconds;
	unconfirmed.ends = deadline_in(push->confirm_seconds);
	unconfirmed.ends_at = wall_clock_milliseconds() + (uint64_t)push->confirm_seconds * 1000;
	unconfirmed.before = XCALLOC(MTYPE_PEERING_TEXT, (push->n_operations + 1) * sizeof(*unconfirmed.before));
	push_policies_begin(&unconfirmed.policies, push->n_operations);
	for (size_t i = 0; i < push->n_operations; i++)
		if (policy_in(push->operations[i])[0])
			note_policy(push->operations[i]);
		else
			note_before(push->operations[i], &unconfirmed.before[unconfirmed.before_count++]);
	push_policies_sort(&unconfirmed.policies);
	if (unconfirmed_push_size(&unconfirmed) > PUSH_UNCONFIRMED_BYTES_MAX) {
		unconfirmed_push_clear(&unconfirmed);
		verdict_refuse(verdict, "too-large",
			       "what would have to be put back is more than the router's journal keeps; split the push");
		return false;
	}
	applying = true;
	policy_uses_changed();
	policy_staging_write_notes();
	watch();
	return true;
}

void push_confirm_applied(void)
{
	applying = false;
	policy_staging_give_former(&unconfirmed.policies);
}

void push_confirm_give_up(void)
{
	applying = false;
	event_stop(timer);
	look_again_at_all();
	forget();
}

void push_confirm_tell(void)
{
	Peering__PushResult *answer;

	if (!unconfirmed.id[0] || rolling_back || push_is_held(unconfirmed.id))
		return;
	answer = push_answer_kept(unconfirmed.id);
	if (answer)
		push_send_answer(answer);
}

static void confirmed(void)
{
	Peering__PushResult *answer = push_answer_kept(unconfirmed.id);

	/* So many others came since that it is not kept any more. */
	if (!answer) {
		answer = push_answer_new(unconfirmed.id, 0);
		answer->applied = true;
		answer->revision = push_revision();
	}
	zlog_notice("peering: the push %s is confirmed", unconfirmed.id);
	event_stop(timer);
	for (size_t i = 0; i < unconfirmed.before_count; i++) {
		struct connection *connection =
			unconfirmed.before[i].drains ? connection_find(unconfirmed.before[i].name) : NULL;

		if (connection)
			drain_release(connection);
	}
	look_again_at_all();
	forget();
	durable_state_pushes();
	push_hold_answer(answer);
}

void push_confirm_take(const char *id)
{
	Peering__PushResult *answer;
	struct verdict verdict = {.code = ""};

	if (!router_works())
		return;
	if (unconfirmed.id[0] && strcmp(unconfirmed.id, id) == 0) {
		/*
		 * Too late: the answer comes when it is rolled back. Or too early: what is not answered yet may still have to
		 * be taken back.
		 */
		if (!rolling_back && !push_is_held(id))
			confirmed();
		return;
	}
	if (push_is_held(id))
		return;
	answer = push_answer_kept(id);
	if (!answer) {
		verdict_refuse(&verdict, "unknown-push", "this router knows nothing of such a push, or no longer");
		answer = push_answer_new(utf8_is_clean(id) && strlen(id) < PUSH_ID_MAX ? id : "", 1);
		push_answer_add(answer, &verdict);
	}
	push_send_answer(answer);
}

/* ---- starting and stopping ---- */

void push_confirm_restore(struct unconfirmed_push *restored)
{
	if (strcmp(restored->id, unconfirmed.id) == 0)
		push_policies_move(&unconfirmed.policies, &restored->policies);
	push_policies_take_read(restored->id, &restored->policies);
	unconfirmed_push_clear(&unconfirmed);
	unconfirmed = *restored;
	*restored = (struct unconfirmed_push){.id = ""};
}

void push_confirm_start(void)
{
	uint64_t now = wall_clock_milliseconds();

	if (!unconfirmed.id[0] || timer)
		return;
	if (strcmp(unconfirmed.boot_id, deadline_boot_id()) != 0) {
		/* The machine has booted since. */
		strlcpy(unconfirmed.boot_id, deadline_boot_id(), sizeof(unconfirmed.boot_id));
		unconfirmed.ends = deadline_now() + (unconfirmed.ends_at > now ? MIN(unconfirmed.ends_at - now,
										     (uint64_t)unconfirmed.seconds * 1000)
									       : 0);
	}
	watch();
}

void push_confirm_stop(void)
{
	event_stop(timer);
	unconfirmed_push_clear(&unconfirmed);
}
