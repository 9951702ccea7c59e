// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_staging.h"

#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/policy/policy_install.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/push/push.h"
#include "bgpd-peering/router.h"
#include "bgpd-peering/turn.h"

#include "lib/journal_sum.h"

DEFINE_MTYPE_STATIC(PEERING, PEERING_STAGING, "Peering push that is made ready");

#define SLICE_MICROSECONDS 4000
#define ENTRIES_AT_A_TIME 64
#define PATHS_AT_A_TIME 4 /* for the first one, and for what has spaces, bgpd goes through all its neighbors */
#define LONG_LINE 1000 /* entries */
#define FILE_LOOK 100  /* milliseconds, while a file is being read */

struct staged {
	Peering__Operation *operation; /* its policy is taken when it is put in force */
	const Peering__Policy *policy;
	const Peering__Policy *before; /* what was pushed under its name, as long as all entries until `next` are the same */
	struct staged_policy *made; /* in bgpd; NULL before it is begun, and once it is in force */
	uint32_t refused;	    /* the entry that bgpd does not take; 0: none */
	FILE *writing;		  /* to `line`, while entries are added */
	size_t next;		  /* entry */
	char *line;		  /* of the journal, malloc'd */
	size_t line_size;
	bool ready;
	struct policy_error error; /* code NULL: it is good */
	bool in_force;
	struct former_policy former; /* what it took the place of */
	struct staged *back;	     /* `former`, made ready again; NULL: it is not asked for */
};

PREDECL_DLIST(staging_list);
struct staging {
	struct staging_list_item item;
	struct link_event *event;
	struct staged *staged; /* those of its operations that are policies, in order */
	size_t count, ready;
	size_t found; /* by find(), the last time */
};
DECLARE_DLIST(staging_list, struct staging, item);

static struct staging_list_head pushes = INIT_DLIST(pushes);
/* In push.c's hands. The next one waits: what is made ready refers to the policies in force, which this one changes. */
static struct staging *handed;
static event_ref *staging_event;

static void stage_some(event_ref *event);

static void staged_clear(struct staged *staged)
{
	if (staged->made)
		policy_discard(staged->made, NULL);
	if (staged->former.policy)
		policy_discard(NULL, staged->former.policy);
	if (staged->writing)
		fclose(staged->writing);
	free(staged->line);
	if (staged->back)
		staged_clear(staged->back);
	XFREE(MTYPE_PEERING_STAGING, staged->back);
}

static void staging_free(struct staging *staging)
{
	for (size_t i = 0; i < staging->count; i++)
		staged_clear(&staging->staged[i]);
	XFREE(MTYPE_PEERING_STAGING, staging->staged);
	link_event_free(&staging->event->mail);
	XFREE(MTYPE_PEERING_STAGING, staging);
}

static void begin(struct staged *staged)
{
	if (!policy_check_head(staged->policy, &staged->error))
		return;
	staged->error.code = NULL;
	staged->before = policy_object_as_pushed(staged->policy->name);
	if (staged->before && (staged->before->kind != staged->policy->kind ||
			       staged->before->n_entries != staged->policy->n_entries))
		staged->before = NULL;
	staged->writing = open_memstream(&staged->line, &staged->line_size);
	if (!staged->writing) {
		staged->error = (struct policy_error){.code = "memory", .sentence = "there is no memory for a policy"};
		return;
	}
	journal_line_begin_policy(staged->writing, staged->policy);
	staged->made = policy_stage(staged->policy->kind, staged->policy->name);
}

/* With its sum. Of one of thousands of entries this takes a while: it has a slice of its own. */
static void end(struct staged *staged)
{
	staged->ready = true;
	journal_line_end_policy(staged->writing);
	fclose(staged->writing);
	staged->writing = NULL;
	if (!staged->line || staged->line_size + JOURNAL_SUM_SIZE > JOURNAL_LINE_MAX) {
		staged->error.code = "too-large";
		snprintf(staged->error.sentence, sizeof(staged->error.sentence),
			 "%s is more than the router's journal can keep", staged->policy->name);
		return;
	}
	journal_sum_add(staged->line);
}

/* Some entries of it; true where it is refused. */
static bool add_some(struct staged *staged)
{
	const Peering__Policy *policy = staged->policy;
	size_t at_a_time = policy->kind == PEERING__POLICY_KIND__POLICY_KIND_AS_PATH_LIST ? PATHS_AT_A_TIME : ENTRIES_AT_A_TIME;

	if (!staged->writing)
		begin(staged);
	for (size_t i = 0; i < at_a_time && !staged->error.code && staged->next < policy->n_entries; i++) {
		const Peering__PolicyEntry *entry = policy->entries[staged->next];

		if (!policy_check_entry(policy, entry, staged->next ? policy->entries[staged->next - 1] : NULL, &staged->error))
			break;
		journal_line_add_policy_entry(staged->writing, policy, entry, !staged->next);
		if (!staged->refused && !policy_stage_add(staged->made, entry))
			staged->refused = entry->sequence;
		if (staged->before && !policy_entry_same(staged->before->entries[staged->next], entry))
			staged->before = NULL;
		staged->next++;
	}
	return staged->error.code;
}

/* Part of what is to be done for it; true when it is ready, or refused. */
static bool do_part(struct staged *staged)
{
	if (!staged->writing || staged->next < staged->policy->n_entries)
		return add_some(staged);
	end(staged);
	return true;
}

static bool is_long(const struct staged *staged)
{
	return staged->next > LONG_LINE && staged->next == staged->policy->n_entries;
}

static bool is_time(const struct timeval *begun, const struct staged *staged)
{
	return monotime_since(begun, NULL) < (is_long(staged) ? SLICE_MICROSECONDS / 4 : SLICE_MICROSECONDS);
}

/* push.c's word that it is done with the one that it has. */
static void carried_out(void)
{
	staging_free(handed);
	handed = NULL;
	if (staging_list_first(&pushes))
		event_add_now(stage_some, NULL, &staging_event);
}

static void stage_some(event_ref *event)
{
	struct staging *staging;
	struct timeval begun;
	TURN(TURN_CONTROLLER);

	/* As for those that come now: a push is judged against a whole configuration. */
	if (router.reading_file) {
		event_add_milliseconds(stage_some, NULL, FILE_LOOK, &staging_event);
		return;
	}
	monotime(&begun);
	while (!handed && (staging = staging_list_first(&pushes))) {
		while (staging->ready < staging->count && is_time(&begun, &staging->staged[staging->ready]))
			staging->ready += do_part(&staging->staged[staging->ready]);
		/* A push that is ready has a turn for itself, unless little was done before it. */
		if (staging->ready < staging->count || monotime_since(&begun, NULL) > SLICE_MICROSECONDS / 4) {
			event_add_now(stage_some, NULL, &staging_event);
			return;
		}
		staging_list_del(&pushes, staging);
		handed = staging;
		push_take(staging->event->envelope->push, carried_out);
	}
}

void policy_staging_push(struct link_event *event)
{
	const Peering__Push *push = event->envelope->push;
	struct staging *staging = XCALLOC(MTYPE_PEERING_STAGING, sizeof(*staging));
	bool waits = handed || staging_list_first(&pushes);

	staging->event = event;
	staging->staged = XCALLOC(MTYPE_PEERING_STAGING, (push->n_operations + 1) * sizeof(*staging->staged));
	for (size_t i = 0; i < push->n_operations; i++)
		if (push->operations[i]->operation_case == PEERING__OPERATION__OPERATION_POLICY)
			staging->staged[staging->count++] = (struct staged){
				.operation = push->operations[i], .policy = push->operations[i]->policy};
	staging_list_add_tail(&pushes, staging);
	if (!waits)
		stage_some(NULL);
}

void policy_staging_stop(void)
{
	struct staging *staging;

	event_stop(staging_event);
	while ((staging = staging_list_pop(&pushes)))
		staging_free(staging);
}

/* ---- what push.c asks ---- */

static struct staged *find(const Peering__Policy *policy)
{
	/* They are asked for in order, mostly. */
	for (size_t i = 0; handed && i < handed->count; i++) {
		size_t at = (handed->found + i) % handed->count;

		if (handed->staged[at].policy != policy)
			continue;
		handed->found = at;
		return &handed->staged[at];
	}
	return NULL;
}

bool policy_staging_is_good(const Peering__Policy *policy, struct verdict *verdict)
{
	const struct staged *staged = find(policy);

	if (!staged)
		verdict_refuse(verdict, "bad-policy", "the policy was not made ready");
	else if (staged->error.code)
		verdict_refuse(verdict, staged->error.code, "%s", staged->error.sentence);
	return staged && !staged->error.code;
}

bool policy_staging_is_made(const Peering__Policy *policy, struct verdict *verdict)
{
	const struct staged *staged = find(policy);

	if (staged->refused)
		verdict_refuse(verdict, "bgpd-refused", "bgpd does not take %s entry %u; its log says why", policy->name,
			       staged->refused);
	return !staged->refused;
}

bool policy_staging_apply(const Peering__Policy *policy, struct verdict *verdict)
{
	struct staged *staged = find(policy);

	if (staged->before && staged->before == policy_object_as_pushed(policy->name)) {
		*verdict = (struct verdict){.accepted = true, .unchanged = true, .code = ""};
		snprintf(verdict->message, sizeof(verdict->message), "%s is so already", policy->name);
		return true;
	}
	if (!policy_object_push(staged->operation->policy, staged->made, staged->line, &staged->former, verdict))
		return false;
	staged->made = NULL;
	staged->in_force = true;
	staged->operation->policy = NULL;
	return true;
}

/* ---- taking back ---- */

/* `former` is in force again, as it was; false where it is not. */
static bool put_back(struct staged *staged)
{
	struct staged *back = staged->back;
	struct former_policy pushed;
	struct verdict verdict = {.code = ""};

	if (back->error.code)
		verdict_refuse(&verdict, back->error.code, "%s", back->error.sentence);
	else if (back->refused)
		verdict_refuse(&verdict, "bgpd-refused", "bgpd does not take %s entry %u", back->policy->name, back->refused);
	else if (policy_object_push(staged->former.policy, back->made, back->line, &pushed, &verdict)) {
		policy_discard(NULL, pushed.policy);
		back->made = NULL;
		staged->former.policy = NULL;
		return true;
	}
	alert_as(EC_PEERING_CONTROLLER, "a push could not be applied as a whole, and the policy %s stays as it was pushed: %s",
		 back->policy->name, verdict.message);
	return false;
}

static void put_all_back(void)
{
	struct verdict verdict;

	for (size_t i = handed->count; i-- > 0;) {
		struct staged *staged = &handed->staged[i];

		if (staged->in_force && staged->back)
			staged->in_force = !put_back(staged);
	}
	policy_objects_switched();
	for (size_t i = 0; i < handed->count; i++) {
		struct staged *staged = &handed->staged[i];

		if (staged->back ? staged->former.withdrawn : staged->in_force)
			policy_object_withdraw(staged->policy->name, &verdict);
		staged->in_force = false;
	}
}

bool policy_staging_take_back(void)
{
	bool any = false;

	for (size_t i = 0; i < handed->count; i++) {
		struct staged *staged = &handed->staged[i];

		any |= staged->in_force;
		if (!staged->in_force || !staged->former.policy)
			continue;
		if (!staged->back) {
			staged->back = XCALLOC(MTYPE_PEERING_STAGING, sizeof(*staged->back));
			staged->back->policy = staged->former.policy;
		}
		if (staged->back->ready || staged->back->error.code)
			continue;
		do_part(staged->back);
		return true;
	}
	if (any)
		put_all_back();
	return false;
}
