// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/push_confirm.h"

#include "bgpd-peering/checks/validation.h"
#include "bgpd-peering/gate/drain.h"
#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/push/push.h"
#include "bgpd-peering/push/push_answers.h"
#include "bgpd-peering/push/push_check.h"
#include "bgpd-peering/push/push_declaration.h"
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
static size_t left; /* of what is to be put back, from the end */

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

	if (operation->operation_case == PEERING__OPERATION__OPERATION_DECLARE)
		return true;
	if (operation->operation_case != PEERING__OPERATION__OPERATION_VERB)
		return false;
	event = push_verb_event(operation->verb->verb);
	return event == EVENT_DEPROVISION || event == EVENT_MAINTENANCE_ON;
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

bool push_confirm_judge_operation(const Peering__Push *push, const Peering__Operation *operation,
				  struct verdict *verdict)
{
	*verdict = (struct verdict){.accepted = true, .code = ""};
	if (push->confirm_seconds && !can_be_taken_back(operation))
		verdict_refuse(verdict, "not-confirmable",
			       "a push that may be rolled back declares, and drains by deprovision or maintenance-on; push this one without a time to confirm it");
	else if (unconfirmed.id[0] && strcmp(unconfirmed.id, push->id) != 0 && push_confirm_concerns(name_in(operation)) &&
		 has_to_wait(operation))
		verdict_refuse(verdict, "unconfirmed", "%s waits for the push %s to be confirmed; try again in %u s",
			       name_in(operation), unconfirmed.id, push_confirm_seconds_left(unconfirmed.id));
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
	rolling_back = false;
	look_again_at_all();
	unconfirmed_push_clear(&unconfirmed);
	durable_state_pushes();
	push_hold_answer(answer);
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
	finish();
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
	if (operation->operation_case != PEERING__OPERATION__OPERATION_VERB) {
		push_note_former(name_in(operation), former);
		return;
	}
	strlcpy(former->name, name_in(operation), sizeof(former->name));
	former->drains = true;
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
	for (size_t i = 0; i < push->n_operations; i++)
		note_before(push->operations[i], &unconfirmed.before[unconfirmed.before_count++]);
	if (unconfirmed_push_size(&unconfirmed) > PUSH_UNCONFIRMED_BYTES_MAX) {
		unconfirmed_push_clear(&unconfirmed);
		verdict_refuse(verdict, "too-large",
			       "what would have to be put back is more than the router's journal keeps; split the push");
		return false;
	}
	applying = true;
	watch();
	return true;
}

void push_confirm_applied(void)
{
	applying = false;
}

void push_confirm_give_up(void)
{
	applying = false;
	event_stop(timer);
	look_again_at_all();
	unconfirmed_push_clear(&unconfirmed);
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
	unconfirmed_push_clear(&unconfirmed);
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
