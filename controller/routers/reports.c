// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/reports.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/log.h"
#include "controller/pushes/differences.h"
#include "controller/pushes/pushes.h"
#include "controller/routers/observation.h"
#include "controller/routers/policy_reports.h"
#include "controller/routers/router_session.h"
#include "controller/service/metrics.h"
#include "controller/text.h"
#include "controller/turn.h"

/* One transaction: what the loop may stand still for. */
#define BATCH_MAX 4096
#define BATCH_MILLISECONDS 100
#define BATCH_MEMORY_MAX ((size_t)64 << 20)
/* Of one router. */
#define CONNECTIONS_MAX 16384
#define RETRY_MILLISECONDS 200
#define ANSWER_WORD_MAX 64
#define ANSWER_SENTENCE_MAX 2000
#define RESULTS_MAX 10000
#define RETURN_MAX 512
#define PUSH_ID_SIZE 128

struct report {
	TAILQ_ENTRY(report) link;
	struct router_session *session; /* a reference */
	Peering__Envelope *envelope;	/* NULL: the session is over */
	char *reason;			/* of the end */
	size_t memory;
	int64_t received_at;
	/* What came of it. */
	char *changed;	 /* Hello: what is not as at the session before, a sentence; or NULL */
	char *last_push; /* Hello: which push the router did last */
	bool held;     /* Hello: pushes to it wait */
	bool elsewhere; /* Hello: another one pushed to it last, and nothing is held for that */
	bool released; /* snapshot: they do not any more */
	bool refused;	 /* the store will never take it */
	uint64_t before; /* transition: highest sequence until now */
	enum store_news news;
	bool unknown;	/* result of a push that is not there, or was answered before */
	bool later;	/* of one that was answered before: confirmed, or rolled back */
	size_t skipped, skipped_policies; /* connections and policies of a snapshot */
	const char *skip_reason;
	uint64_t differing; /* snapshot: connections and policies of its router that are not as they were asked for */
};
TAILQ_HEAD(report_list, report);

struct reports {
	struct store *store;
	struct pushes *pushes;
	struct event *commit;
	struct report_list waiting;
	size_t memory;
	bool stuck; /* the newest attempt failed; said once */
};

static void free_report(struct report *report)
{
	router_session_unref(report->session);
	if (report->envelope)
		peering__envelope__free_unpacked(report->envelope, NULL);
	free(report->reason);
	free(report->changed);
	free(report->last_push);
	free(report);
}

static enum store_result apply_revision(struct reports *reports, const struct report *report, uint64_t revision,
					const char *push, bool exact)
{
	char *clean = text_clean(push, PUSH_ID_SIZE);
	enum store_result result = STORE_FAILED;

	if (clean)
		result = store_router_revision(reports->store, router_session_name(report->session), revision, clean,
					       exact);
	free(clean);
	return result;
}

struct return_of_router {
	struct store_router now;
	char sentence[RETURN_MAX];
};

static void add_change(struct return_of_router *back, const char *what, const char *before, const char *now)
{
	size_t used = strlen(back->sentence);

	if (strcmp(before, now) != 0)
		snprintf(back->sentence + used, sizeof(back->sentence) - used, "%s%s %s, was %s", used ? "; " : "", what,
			 now, before);
}

static bool compare_with_before(const struct store_router *before, void *context)
{
	struct return_of_router *back = context;

	add_change(back, "FRR", before->frr_version, back->now.frr_version);
	add_change(back, "module", before->module_version, back->now.module_version);
	add_change(back, "journal", before->journal_id, back->now.journal_id);
	add_change(back, "start of bgpd", before->boot_id, back->now.boot_id);
	return true;
}

/* Policies, settings, and where a full report ends. */
static bool tells_pushed_state(const struct report *report)
{
	return protocol_has_feature(router_session_features(report->session), PROTOCOL_PUSHED_STATE);
}

static enum store_result apply_hello(struct reports *reports, struct report *report)
{
	const Peering__Hello *hello = report->envelope->hello;
	struct return_of_router back = {.sentence = ""};
	enum store_result result;

	report->last_push = text_clean(hello->last_push, PUSH_ID_SIZE);
	if (!report->last_push)
		return STORE_FAILED;
	router_session_describe(report->session, &back.now);
	back.now.connected_at = report->received_at;
	result = store_router(reports->store, back.now.name, compare_with_before, &back);
	if (result != STORE_OK && result != STORE_NOT_FOUND)
		return result;
	if (back.sentence[0])
		report->changed = strdup(back.sentence);
	result = store_router_connected(reports->store, &back.now);
	if (result == STORE_OK && !tells_pushed_state(report))
		result = store_policies_unknown(reports->store, back.now.name);
	if (result == STORE_OK)
		result = apply_revision(reports, report, hello->revision, hello->last_push, true);
	if (result == STORE_OK)
		result = store_judge_last_push(reports->store, back.now.name, report->last_push, report->received_at,
					       &report->held);
	if (result == STORE_OK && report->last_push[0] && !report->held) {
		result = store_push(reports->store, report->last_push, NULL, NULL);
		report->elsewhere = result == STORE_NOT_FOUND;
		result = report->elsewhere ? STORE_OK : result;
	}
	return result;
}

static enum store_result apply_transition(struct reports *reports, struct report *report)
{
	struct reported_transition transition;
	enum store_result result;

	if (!reported_transition_from_wire(report->envelope->transition, router_session_journal(report->session),
					   report->received_at, &transition))
		return STORE_FAILED;
	result = store_transition(reports->store, router_session_name(report->session), &transition.row, &report->news,
				  &report->before);
	reported_transition_free(&transition);
	return result;
}

static bool count_differences(const struct store_connection *connection, void *context)
{
	json_object *differences = connection->definition ? differences_find(connection) : NULL;

	*(size_t *)context = differences ? json_object_array_length(differences) : 0;
	json_object_put(differences);
	return true;
}

/* What is observed now against what was asked for. */
static enum store_result note_differences(struct reports *reports, struct report *report)
{
	const char *router = router_session_name(report->session);
	const Peering__Snapshot *snapshot = report->envelope->snapshot;
	enum store_result result;
	bool desires;

	report->differing = 0;
	result = store_desires(reports->store, router, &desires);
	if (result != STORE_OK || !desires)
		return result;
	for (size_t i = 0; result == STORE_OK && i < snapshot->n_connections; i++) {
		const char *name = snapshot->connections[i]->name;
		size_t count = 0;

		result = store_connection(reports->store, router, name, count_differences, &count);
		if (result == STORE_OK)
			result = store_differs(reports->store, router, name, count ? report->received_at : 0);
		else if (result == STORE_NOT_FOUND)
			result = STORE_OK;
	}
	if (result == STORE_OK && (tells_pushed_state(report) ? snapshot->complete : snapshot->full))
		result = store_missing(reports->store, router, report->received_at);
	if (result == STORE_OK && tells_pushed_state(report))
		result = policy_reports_compare(reports->store, router, snapshot, report->received_at);
	if (result == STORE_OK)
		result = store_differing(reports->store, router, &report->differing);
	return result;
}

/* STORE_NOT_FOUND where it is a new one and *left says that there is no room for it. */
static enum store_result find_room(struct reports *reports, const char *router, const char *name, uint64_t *left)
{
	if (*left == 0)
		return store_is_observed(reports->store, router, name);
	(*left)--;
	return STORE_OK;
}

static enum store_result apply_snapshot(struct reports *reports, struct report *report)
{
	const char *router = router_session_name(report->session);
	const Peering__Snapshot *snapshot = report->envelope->snapshot;
	uint64_t *number = router_session_snapshot(report->session), left = 0;
	enum store_result result;

	if (tells_pushed_state(report))
		result = store_snapshot_begins(reports->store, router, snapshot->full, snapshot->policies_full, number);
	else
		result = store_snapshot(reports->store, router, snapshot->full, report->received_at);
	if (result == STORE_OK && snapshot->n_connections > 0)
		result = store_observed_count(reports->store, router, &left);
	left = left < CONNECTIONS_MAX ? CONNECTIONS_MAX - left : 0;
	for (size_t i = 0; result == STORE_OK && i < snapshot->n_connections; i++) {
		struct observation observation;

		if (!observation_from_status(snapshot->connections[i], report->received_at, &observation,
					     &report->skip_reason)) {
			report->skipped++;
			continue;
		}
		observation.row.snapshot = *number;
		result = find_room(reports, router, observation.row.name, &left);
		if (result == STORE_OK)
			result = store_observe(reports->store, router, &observation.row);
		observation_free(&observation);
		if (result == STORE_NOT_FOUND) {
			report->skipped++;
			report->skip_reason = "the router has reported as many connections as are kept of one";
			result = STORE_OK;
		}
	}
	if (result == STORE_OK && tells_pushed_state(report))
		result = policy_reports_apply(reports->store, router, snapshot, report->received_at,
					      &report->skipped_policies,
					      &report->skip_reason);
	if (result == STORE_OK && tells_pushed_state(report) && snapshot->complete)
		result = store_snapshot_complete(reports->store, router, *number, report->received_at);
	if (result == STORE_OK)
		result = note_differences(reports, report);
	if (result == STORE_OK)
		result = store_release(reports->store, router, &report->released);
	return result;
}

static char *allowed_to_json(const Peering__OperationResult *wire)
{
	json_object *array = json_object_new_array();
	char *text;

	for (size_t i = 0; i < wire->n_allowed && i < ANSWER_WORD_MAX; i++) {
		char *verb = text_clean(wire->allowed[i], ANSWER_WORD_MAX);

		json_object_array_add(array, json_object_new_string(verb ? verb : ""));
		free(verb);
	}
	text = strdup(json_object_to_json_string_ext(array, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(array);
	return text;
}

/* What the router says of a push whose answer is stored: that it is confirmed, rolled back, or not known to it. */
static enum store_result apply_later_word(struct reports *reports, struct report *report,
					  const struct store_operation *results, size_t count)
{
	const Peering__PushResult *wire = report->envelope->push_result;
	const char *router = router_session_name(report->session);
	enum store_result result;

	report->later = true;
	if (wire->rolled_back) {
		result = store_push_rolled_back(reports->store, router, wire->id, results, count, report->received_at);
		/* Said anew in each session. */
		if (result == STORE_NOT_FOUND)
			return store_push_confirmed(reports->store, router, wire->id, "rolled-back");
		/* What is wanted is another thing now, and the router may have told before what it has. */
		if (result == STORE_OK && tells_pushed_state(report))
			result = store_policy_differs(reports->store, router, NULL, report->received_at);
		return result;
	}
	if (wire->confirm_seconds)
		return store_push_confirmed(reports->store, router, wire->id, STORE_CONFIRMATION_WAITS);
	return store_push_confirmed(reports->store, router, wire->id, wire->applied ? "confirmed" : "unknown");
}

static enum store_result apply_push_result(struct reports *reports, struct report *report)
{
	const Peering__PushResult *wire = report->envelope->push_result;
	const char *router = router_session_name(report->session);
	size_t count = wire->n_results < RESULTS_MAX ? wire->n_results : RESULTS_MAX;
	struct store_operation *results = calloc(count + 1, sizeof(*results));
	enum store_result result = STORE_OK;
	bool applied = wire->applied;

	if (!results)
		return STORE_FAILED;
	for (size_t i = 0; i < count; i++) {
		results[i].ok = wire->results[i]->ok;
		/* Half done is not done, whatever the router says of the whole. */
		applied = applied && results[i].ok;
		results[i].code = text_clean(wire->results[i]->code, ANSWER_WORD_MAX);
		results[i].message = text_clean(wire->results[i]->message, ANSWER_SENTENCE_MAX);
		results[i].allowed = allowed_to_json(wire->results[i]);
		if (!results[i].code || !results[i].message || !results[i].allowed)
			result = STORE_FAILED;
	}
	if (result == STORE_OK && !wire->rolled_back)
		result = store_push_answered(reports->store, router, wire->id, applied, results, count,
					     report->received_at);
	if (result == STORE_OK && !wire->rolled_back)
		result = store_push_outcome(reports->store, router, wire->id, wire->revision, wire->confirm_seconds > 0);
	else if (result == STORE_OK || result == STORE_NOT_FOUND)
		result = apply_later_word(reports, report, results, count);
	if (result == STORE_OK && (applied || wire->rolled_back))
		result = apply_revision(reports, report, wire->revision, wire->id, false);
	for (size_t i = 0; i < count; i++) {
		free((char *)results[i].code);
		free((char *)results[i].message);
		free((char *)results[i].allowed);
	}
	free(results);
	report->unknown = result == STORE_NOT_FOUND;
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

static enum store_result apply(struct reports *reports, struct report *report)
{
	if (!report->envelope)
		return store_router_disconnected(reports->store, router_session_name(report->session),
						 report->received_at, report->reason ? report->reason : "");
	switch (report->envelope->body_case) {
	case PEERING__ENVELOPE__BODY_HELLO:
		return apply_hello(reports, report);
	case PEERING__ENVELOPE__BODY_TRANSITION:
		return apply_transition(reports, report);
	case PEERING__ENVELOPE__BODY_SNAPSHOT:
		return apply_snapshot(reports, report);
	case PEERING__ENVELOPE__BODY_PUSH_RESULT:
		return apply_push_result(reports, report);
	default:
		return STORE_REFUSED;
	}
}

static void tell_transition(struct report *report)
{
	const Peering__Transition *transition = report->envelope->transition;
	const char *router = router_session_name(report->session);
	const char *journal = router_session_journal(report->session);

	switch (report->news) {
	case NEWS_STORED:
		log_event(LEVEL_INFO, "transition", "router", router, "connection", transition->connection, "from",
			  transition->from, "to", transition->to, "cause", transition->cause, "actor",
			  transition->actor, "sequence", log_number(transition->sequence), NULL);
		if (transition->sequence > report->before + 1)
			log_event(LEVEL_WARNING, "transition-gap", "router", router, "journal", journal, "before",
				  log_number(report->before), "sequence", log_number(transition->sequence), "message",
				  "the router sent none of the sequences between; the next full snapshot shows what "
				  "holds",
				  NULL);
		else if (transition->sequence <= report->before)
			log_event(LEVEL_WARNING, "transition-late", "router", router, "journal", journal, "before",
				  log_number(report->before), "sequence", log_number(transition->sequence), "message",
				  "out of order, stored all the same", NULL);
		break;
	case NEWS_REPEATED:
		log_event(LEVEL_INFO, "transition-repeated", "router", router, "sequence",
			  log_number(transition->sequence), NULL);
		break;
	case NEWS_CONTRADICTED:
		log_event(LEVEL_ERROR, "transition-contradicted", "router", router, "journal", journal, "sequence",
			  log_number(transition->sequence), "connection", transition->connection, "from",
			  transition->from, "to", transition->to, "message",
			  "another transition is stored under this sequence and stays; was the router's journal "
			  "restored from an old copy? Then type `peering controller new-journal-id` there",
			  NULL);
		break;
	}
	router_session_stored(report->session, transition->sequence);
}

static void tell_hello(struct reports *reports, struct report *report)
{
	const char *router = router_session_name(report->session);
	const char *journal = router_session_journal(report->session);
	uint64_t acked;
	int64_t at;

	if (report->changed)
		log_event(LEVEL_INFO, "router-changed", "router", router, "message", report->changed, NULL);
	if (report->held)
		log_event(LEVEL_ERROR, "router-held", "router", router, "push", report->last_push, "message",
			  "the router was pushed something that this database does not know: it is an old copy, or another "
			  "controller pushes too; nothing is sent to the router until its differences are settled", "do",
			  "peerctl diff --router ROUTER, then peerctl accept or push-again; let one controller alone push to a "
			  "router", NULL);
	if (report->elsewhere)
		log_event(LEVEL_WARNING, "router-pushed-elsewhere", "router", router, "push", report->last_push, "message",
			  "another controller pushed to this router last; nothing that is asked for here differs by it", "do",
			  "let one controller alone push to a router; peerctl diff shows what it was pushed there", NULL);
	if (store_acked_sequence(reports->store, router, journal, &acked) == STORE_OK &&
	    store_transition_at(reports->store, router, journal, acked, &at) == STORE_OK) {
		router_session_welcome(report->session, acked, at);
		return;
	}
	log_event(LEVEL_ERROR, "store-failed", "message", store_error(reports->store), NULL);
	router_session_close(report->session, "store", "the controller's store does not answer; try again");
}

static void tell_snapshot(struct reports *reports, struct report *report)
{
	const char *router = router_session_name(report->session);

	if (report->skipped > 0)
		log_event(LEVEL_WARNING, "snapshot-skipped", "router", router, "connections", log_number(report->skipped),
			  "message", report->skip_reason, NULL);
	if (report->skipped_policies > 0)
		log_event(LEVEL_WARNING, "snapshot-skipped", "router", router, "policies",
			  log_number(report->skipped_policies), "message", report->skip_reason, NULL);
	if (router_session_differs(report->session, report->differing))
		log_event(report->differing ? LEVEL_WARNING : LEVEL_INFO, "differences", "router", router, "count",
			  log_number(report->differing), "message",
			  report->differing ? "they are not as they were asked for; see peerctl diff"
					    : "everything is as it was asked for",
			  NULL);
	if (report->released)
		pushes_released(reports->pushes, router);
}

/* It is committed: whoever waited for that hears of it. */
static void tell(struct reports *reports, struct report *report)
{
	const char *router = router_session_name(report->session);

	if (!report->envelope) {
		pushes_interrupted(reports->pushes, router);
		return;
	}
	if (report->refused) {
		router_session_close(report->session, "refused", "the store refused what this router sent");
		return;
	}
	switch (report->envelope->body_case) {
	case PEERING__ENVELOPE__BODY_HELLO:
		tell_hello(reports, report);
		break;
	case PEERING__ENVELOPE__BODY_TRANSITION:
		tell_transition(report);
		break;
	case PEERING__ENVELOPE__BODY_SNAPSHOT:
		tell_snapshot(reports, report);
		break;
	case PEERING__ENVELOPE__BODY_PUSH_RESULT:
		if (report->unknown)
			log_event(LEVEL_WARNING, "push-result-unknown", "router", router, "push",
				  report->envelope->push_result->id, "message",
				  "no push of this router waits for an answer under this id; ignored", NULL);
		else
			pushes_answered(reports->pushes, report->session, report->envelope->push_result->id,
					!report->later);
		break;
	default:
		break;
	}
}

static void forget_outcome(struct report *report)
{
	report->refused = false;
	free(report->changed);
	free(report->last_push);
	report->changed = report->last_push = NULL;
	report->held = report->elsewhere = false;
	report->released = false;
	report->unknown = false;
	report->later = false;
	report->skipped = report->skipped_policies = 0;
}

/* Applies from the head on; *end is the first report that is not in it, NULL where all are. */
static enum store_result apply_batch(struct reports *reports, struct report **end)
{
	struct report *report;
	size_t memory = 0;
	unsigned int count = 0;
	int64_t began = clock_steady_milliseconds();
	enum store_result result = store_begin(reports->store);

	*end = NULL;
	if (result != STORE_OK)
		return result;
	TAILQ_FOREACH (report, &reports->waiting, link) {
		memory += report->memory;
		if (count++ == BATCH_MAX || (count > 1 && (memory > BATCH_MEMORY_MAX ||
							   clock_steady_milliseconds() - began >= BATCH_MILLISECONDS))) {
			*end = report;
			break;
		}
		forget_outcome(report);
		result = apply(reports, report);
		if (result == STORE_REFUSED) {
			/* Trying again does not help, and the others shall not wait for it. */
			report->refused = true;
			log_event(LEVEL_ERROR, "report-refused", "router", router_session_name(report->session),
				  "message", store_error(reports->store), NULL);
			result = STORE_OK;
		}
		if (result != STORE_OK)
			return result;
	}
	return store_commit(reports->store);
}

static void count_report(const struct report *report)
{
	if (report->refused)
		return;
	switch (report->envelope ? report->envelope->body_case : PEERING__ENVELOPE__BODY__NOT_SET) {
	case PEERING__ENVELOPE__BODY_HELLO:
		metrics.reports[METRIC_HELLO]++;
		break;
	case PEERING__ENVELOPE__BODY_TRANSITION:
		metrics.reports[METRIC_TRANSITION]++;
		break;
	case PEERING__ENVELOPE__BODY_SNAPSHOT:
		metrics.reports[METRIC_SNAPSHOT]++;
		break;
	case PEERING__ENVELOPE__BODY_PUSH_RESULT:
		metrics.reports[METRIC_PUSH_RESULT]++;
		if (!report->unknown && report->envelope->push_result->applied)
			metrics.pushes_applied++;
		else if (!report->unknown)
			metrics.pushes_refused++;
		break;
	default:
		metrics.reports[METRIC_GONE]++;
	}
}

static bool commit_batch(struct reports *reports)
{
	struct report_list done = TAILQ_HEAD_INITIALIZER(done);
	struct report *report, *end;
	int64_t began = clock_steady_microseconds();
	enum store_result result = apply_batch(reports, &end);
	unsigned int count = 0;

	metric_observe(&metrics.commit_seconds, (double)(clock_steady_microseconds() - began) / 1e6);
	if (result != STORE_OK) {
		metrics.commit_failures++;
		store_rollback(reports->store);
		if (!reports->stuck)
			log_event(LEVEL_ERROR, "store-stuck", "message", store_error(reports->store), "do",
				  "reports of routers wait and are acknowledged once they can be committed", NULL);
		reports->stuck = true;
		return false;
	}
	if (reports->stuck)
		log_event(LEVEL_INFO, "store-works", "message", "the store commits again", NULL);
	reports->stuck = false;

	while ((report = TAILQ_FIRST(&reports->waiting)) != end) {
		TAILQ_REMOVE(&reports->waiting, report, link);
		TAILQ_INSERT_TAIL(&done, report, link);
		count++;
		count_report(report);
		reports->memory -= report->memory;
		router_session_account(report->session, report->memory, false);
	}
	metric_observe(&metrics.commit_reports, count);
	log_gather(true);
	TAILQ_FOREACH (report, &done, link)
		tell(reports, report);
	log_gather(false);
	/* One Ack for each session, for all of its transitions together; and those that were held back read on. */
	TAILQ_FOREACH (report, &done, link)
		router_session_committed(report->session);
	while ((report = TAILQ_FIRST(&done)) != NULL) {
		TAILQ_REMOVE(&done, report, link);
		free_report(report);
	}
	return true;
}

static void commit_turn(evutil_socket_t fd, short what, void *context)
{
	struct reports *reports = context;
	/* Behind what is readable by then: who comes with little does not wait for all of who comes with much. */
	static const struct timeval next_turn = {.tv_sec = 0};
	struct timeval retry = {.tv_usec = RETRY_MILLISECONDS * 1000};
	TURN(TURN_REPORTS);

	if (TAILQ_EMPTY(&reports->waiting))
		return;
	if (!commit_batch(reports))
		event_add(reports->commit, &retry);
	else if (!TAILQ_EMPTY(&reports->waiting))
		event_add(reports->commit, &next_turn);
}

/* At the end of this turn, behind everything that is readable now; unless an attempt is due later anyway. */
static void schedule(struct reports *reports)
{
	if (!reports->stuck)
		event_active(reports->commit, EV_TIMEOUT, 0);
}

struct reports *reports_new(struct event_base *base, struct store *store, struct pushes *pushes)
{
	struct reports *reports = calloc(1, sizeof(*reports));

	if (!reports)
		return NULL;
	reports->store = store;
	reports->pushes = pushes;
	TAILQ_INIT(&reports->waiting);
	reports->commit = event_new(base, -1, 0, commit_turn, reports);
	if (!reports->commit) {
		free(reports);
		return NULL;
	}
	return reports;
}

void reports_free(struct reports *reports)
{
	struct report *report;

	if (!reports)
		return;
	while ((report = TAILQ_FIRST(&reports->waiting)) != NULL) {
		TAILQ_REMOVE(&reports->waiting, report, link);
		free_report(report);
	}
	event_free(reports->commit);
	free(reports);
}

static struct report *new_report(struct reports *reports, struct router_session *session, size_t memory)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->session = router_session_ref(session);
	report->memory = memory + sizeof(*report);
	report->received_at = clock_milliseconds();
	TAILQ_INSERT_TAIL(&reports->waiting, report, link);
	reports->memory += report->memory;
	router_session_account(session, report->memory, true);
	schedule(reports);
	return report;
}

bool reports_add(struct reports *reports, struct router_session *session, Peering__Envelope *envelope, size_t memory)
{
	struct report *report = new_report(reports, session, memory);

	if (report)
		report->envelope = envelope;
	return report != NULL;
}

void reports_add_gone(struct reports *reports, struct router_session *session, const char *reason)
{
	struct report *report = new_report(reports, session, 0);

	if (report)
		report->reason = strdup(reason);
}

bool reports_full(const struct reports *reports)
{
	return reports->memory > REPORTS_MAX;
}

size_t reports_memory(const struct reports *reports)
{
	return reports->memory;
}

bool reports_are_stuck(const struct reports *reports)
{
	return reports->stuck;
}

bool reports_waiting(const struct reports *reports)
{
	return !TAILQ_EMPTY(&reports->waiting);
}

void reports_commit_now(struct reports *reports)
{
	while (!TAILQ_EMPTY(&reports->waiting) && commit_batch(reports))
		continue;
}
