// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_staging.h"

#include "bgpd-peering/journal/journal_line.h"
#include "bgpd-peering/policy/policy_install.h"
#include "bgpd-peering/policy/policy_objects.h"
#include "bgpd-peering/push/push.h"
#include "bgpd-peering/push/push_group.h"
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
	struct staged *note;	     /* what it is to take the place of, as a line alone; NULL: it is not asked for */
	const char *before_push;     /* of such a note: what may put it back; else NULL */
	bool withdrawn;		     /* of such a note */
};

PREDECL_DLIST(staging_list);
struct staging {
	struct staging_list_item item;
	struct link_event *event; /* NULL: no push, but the rollback of one */
	void (*roll_back)(void);  /* its policies are ready to be put back */
	struct staged *staged; /* those of its operations that are policies, in order */
	size_t count, ready;
	size_t found; /* by find(), the last time */
	size_t noted; /* so many of them, by policy_staging_note() */
	size_t former_prefixes, former_entries, former_bytes;
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
	if (staged->note)
		staged_clear(staged->note);
	XFREE(MTYPE_PEERING_STAGING, staged->note);
}

static void staging_free(struct staging *staging)
{
	for (size_t i = 0; i < staging->count; i++)
		staged_clear(&staging->staged[i]);
	XFREE(MTYPE_PEERING_STAGING, staging->staged);
	if (staging->event)
		link_event_free(&staging->event->mail);
	XFREE(MTYPE_PEERING_STAGING, staging);
}

static void begin(struct staged *staged)
{
	if (!policy_check_head(staged->policy, &staged->error))
		return;
	staged->error.code = NULL;
	staged->before = staged->before_push ? NULL : policy_object_as_pushed(staged->policy->name);
	if (staged->before && (staged->before->kind != staged->policy->kind ||
			       staged->before->n_entries != staged->policy->n_entries))
		staged->before = NULL;
	staged->writing = open_memstream(&staged->line, &staged->line_size);
	if (!staged->writing) {
		staged->error = (struct policy_error){.code = "memory", .sentence = "there is no memory for a policy"};
		return;
	}
	journal_line_begin_policy(staged->writing, staged->policy);
	if (!staged->before_push)
		staged->made = policy_stage(staged->policy->kind, staged->policy->name);
}

/* With its sum. Of one of thousands of entries this takes a while: it has a slice of its own. */
static void end(struct staged *staged)
{
	staged->ready = true;
	journal_line_end_policy(staged->writing, staged->before_push, staged->withdrawn);
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
		if (staged->made && !staged->refused && !policy_stage_add(staged->made, entry))
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

/* Somebody's word that he is done with the one that he has. */
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
		if (staging->event)
			push_take(staging->event->envelope->push, carried_out);
		else
			staging->roll_back();
	}
}

/* `most` can be staged. */
static struct staging *staging_new(size_t most)
{
	struct staging *staging = XCALLOC(MTYPE_PEERING_STAGING, sizeof(*staging));

	staging->staged = XCALLOC(MTYPE_PEERING_STAGING, (most + 1) * sizeof(*staging->staged));
	return staging;
}

static void take_up(struct staging *staging)
{
	bool waits = handed || staging_list_first(&pushes);

	staging_list_add_tail(&pushes, staging);
	if (!waits)
		stage_some(NULL);
}

void policy_staging_push(struct link_event *event)
{
	const Peering__Push *push = event->envelope->push;
	struct staging *staging = staging_new(push->n_operations);

	staging->event = event;
	for (size_t i = 0; i < push->n_operations; i++)
		if (push->operations[i]->operation_case == PEERING__OPERATION__OPERATION_POLICY)
			staging->staged[staging->count++] = (struct staged){
				.operation = push->operations[i], .policy = push->operations[i]->policy};
	take_up(staging);
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

static bool changes(const struct staged *staged)
{
	return !staged->before || staged->before != policy_object_as_pushed(staged->policy->name);
}

bool policy_staging_changes(const Peering__Policy *policy)
{
	return changes(find(policy));
}

bool policy_staging_apply(const Peering__Policy *policy, struct verdict *verdict)
{
	struct staged *staged = find(policy);

	if (!changes(staged)) {
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

/* ---- a push that is to be confirmed ---- */

static bool is_noted(const char *name)
{
	for (size_t i = 0; i < handed->noted; i++)
		if (handed->staged[i].note && strcmp(handed->staged[i].policy->name, name) == 0)
			return true;
	return false;
}

/* False where it would be more than is kept. */
static bool begin_note(struct staged *staged, const struct policy_object *object, const char *push)
{
	size_t *entries = policy_kind_is_prefix_list(object->policy->kind) ? &handed->former_prefixes
									   : &handed->former_entries;

	*entries += object->policy->n_entries;
	staged->note = XCALLOC(MTYPE_PEERING_STAGING, sizeof(*staged->note));
	*staged->note = (struct staged){.policy = object->policy, .before_push = push, .withdrawn = object->withdrawn};
	return handed->former_prefixes <= PUSH_FORMER_PREFIXES_MAX && handed->former_entries <= PUSH_FORMER_ENTRIES_MAX;
}

static bool end_note(struct staged *staged)
{
	handed->noted++;
	handed->former_bytes += staged->note->line_size;
	return !staged->note->error.code && handed->former_bytes <= PUSH_FORMER_BYTES_MAX;
}

bool policy_staging_note(const char *push, struct verdict *verdict)
{
	bool fits = true;

	*verdict = (struct verdict){.accepted = true, .code = ""};
	while (fits && handed->noted < handed->count) {
		struct staged *staged = &handed->staged[handed->noted];
		const struct policy_object *object = policy_object_find(staged->policy->name);

		/* Of one that comes twice, the first one is behind what was before. */
		if (!staged->note && (!object || !changes(staged) || is_noted(staged->policy->name))) {
			handed->noted++;
			continue;
		}
		if (!staged->note)
			fits = begin_note(staged, object, push);
		if (fits && !do_part(staged->note))
			return true;
		fits = fits && end_note(staged);
	}
	if (!fits)
		verdict_refuse(verdict, "too-large",
			       "a push is taken back by itself where what its policies have had is at most %u entries of prefix-lists, %u of others, and %u MiB in the journal; split it, or push it without a time to confirm it",
			       PUSH_FORMER_PREFIXES_MAX, PUSH_FORMER_ENTRIES_MAX, PUSH_FORMER_BYTES_MAX >> 20);
	return false;
}

void policy_staging_write_notes(void)
{
	for (size_t i = 0; i < handed->count; i++)
		if (handed->staged[i].note)
			push_group_add(journal_queue_line(handed->staged[i].note->line, true));
}

void policy_staging_give_former(struct push_policies *policies)
{
	for (size_t i = 0; i < handed->count; i++) {
		struct staged *staged = &handed->staged[i];
		struct push_policy *policy = staged->former.policy ? push_policies_find(policies, staged->policy->name) : NULL;

		if (!policy || policy->former || policy->change != PUSH_POLICY_CHANGED)
			continue;
		policy->former = staged->former.policy;
		policy->former_withdrawn = staged->former.withdrawn;
		staged->former.policy = NULL;
	}
}

/* ---- rolling one back ---- */

void policy_staging_roll_back(const struct push_policies *policies, void (*ready)(void))
{
	struct staging *staging = staging_new(policies->count);

	staging->roll_back = ready;
	for (size_t i = 0; i < policies->count; i++)
		if (policies->list[i].former)
			staging->staged[staging->count++] = (struct staged){.policy = policies->list[i].former};
	take_up(staging);
}

bool policy_staging_can_switch_back(struct verdict *verdict)
{
	*verdict = (struct verdict){.accepted = true, .code = ""};
	for (size_t i = 0; i < handed->count && verdict->accepted; i++) {
		const struct staged *staged = &handed->staged[i];

		if (staged->error.code)
			verdict_refuse(verdict, staged->error.code, "%s", staged->error.sentence);
		else
			policy_staging_is_made(staged->policy, verdict);
	}
	return verdict->accepted;
}

void policy_staging_switch_back(struct push_policies *policies)
{
	for (size_t i = 0; i < handed->count; i++) {
		struct staged *staged = &handed->staged[i];
		struct push_policy *policy = push_policies_find(policies, staged->policy->name);
		struct former_policy pushed;
		struct verdict verdict;

		if (!policy_object_push(policy->former, staged->made, staged->line, &pushed, &verdict)) {
			alert_as(EC_PEERING_CONTROLLER, "a push is not rolled back as a whole: %s", verdict.message);
			continue;
		}
		if (pushed.policy)
			policy_discard(NULL, pushed.policy);
		staged->made = NULL;
		policy->former = NULL;
	}
	policy_objects_switched();
}

void policy_staging_rolled_back(void)
{
	carried_out();
}
