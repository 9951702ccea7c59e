// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/peerings/peerings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/log.h"
#include "controller/peerings/peering_step.h"
#include "controller/pushes/pushes.h"
#include "controller/text.h"
#include "controller/turn.h"

#define LOOK_SECONDS 1
/* Connections looked at in one turn of the loop; the next ones follow at once in turns of their own. */
#define BATCH 64

struct peerings {
	struct store *store;
	struct pushes *pushes;
	const char *policy_file;
	struct peering_policy *policy;
	struct event *look;
	/* How far this round has come. */
	char *after_peering, *after_router;
	bool stuck; /* the newest attempt failed; said once */
};

/* ---- The policy ---- */

static struct peering_policy *read_policy(const char *file, char *error, size_t error_size)
{
	struct peering_policy *policy =
		file[0] ? peering_policy_read(file, error, error_size) : peering_policy_default();

	if (!policy && !file[0])
		snprintf(error, error_size, "memory is short");
	return policy;
}

bool peerings_check_policy(const char *policy_file, char *error, size_t error_size)
{
	struct peering_policy *policy = read_policy(policy_file, error, error_size);

	peering_policy_free(policy);
	return policy != NULL;
}

const struct peering_policy *peerings_policy(const struct peerings *peerings)
{
	return peerings->policy;
}

void peerings_reload(struct peerings *peerings)
{
	char error[JSON_FAULT_MAX + 256];
	struct peering_policy *policy;

	if (!peerings->policy_file[0])
		return;
	policy = read_policy(peerings->policy_file, error, sizeof(error));
	if (!policy) {
		log_event(LEVEL_ERROR, "policy-bad", "message", error, "do",
			  "mend the file and send SIGHUP again; the policy before stays in force", NULL);
		return;
	}
	peering_policy_free(peerings->policy);
	peerings->policy = policy;
	log_event(LEVEL_INFO, "policy-read", "file", peerings->policy_file, NULL);
	peerings_look(peerings);
}

/* ---- Judging ---- */

struct asn_facts {
	char state[16];
	char reason[256];
};

static bool keep_asn(const struct store_peer_asn *peer_asn, void *context)
{
	struct asn_facts *facts = context;

	snprintf(facts->state, sizeof(facts->state), "%s", peer_asn->state);
	snprintf(facts->reason, sizeof(facts->reason), "%s", peer_asn->reason);
	return true;
}

static enum store_result found(enum store_result result, bool *there)
{
	*there = result == STORE_OK;
	return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result peerings_judge(struct peerings *peerings, const struct peering_request *request, bool by_peer,
				 bool stored, struct judgement *judgement)
{
	struct store *store = peerings->store;
	struct peering_facts facts = {.by_peer = by_peer, .stored = stored};
	struct asn_facts asn = {.state = ""};
	enum store_result result;
	bool known;

	result = found(store_peer_asn(store, request->peer_asn, keep_asn, &asn), &known);
	facts.asn_state = known ? asn.state : NULL;
	facts.asn_reason = asn.reason;
	for (size_t i = 0; result == STORE_OK && i < request->connection_count; i++) {
		const struct peering_connection_request *connection = &request->connections[i];

		result = found(store_router(store, connection->router, NULL, NULL), &facts.connections[i].router_known);
		if (result == STORE_OK)
			result = found(store_connection_taken(store, connection->router, connection->name, request->name),
				       &facts.connections[i].name_taken);
	}
	if (result == STORE_OK)
		peering_judge(peerings->policy, request, &facts, judgement);
	return result;
}

/* ---- Rows that outlive the walk ---- */

struct rows {
	struct store_peering_connection *row;
	size_t count, size;
	bool failed;
};

static void free_row(struct store_peering_connection *row)
{
	const char *const texts[] = {row->peering,	 row->router,	  row->name,	 row->phase,	    row->approved,
				     row->problem,	 row->asked,	  row->push_id,	 row->configured_by, row->decided_by,
				     row->push_state,	 row->push_message, row->observed, row->activation,   row->detail};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free((char *)texts[i]);
}

static void free_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free_row(&rows->row[i]);
	free(rows->row);
	memset(rows, 0, sizeof(*rows));
}

static bool keep_row(const struct store_peering_connection *given, void *context)
{
	struct rows *rows = context;
	struct store_peering_connection *row;

	if (rows->count == rows->size) {
		size_t size = rows->size ? 2 * rows->size : PEERING_CONNECTIONS_MAX;

		row = realloc(rows->row, size * sizeof(*row));
		if (!row) {
			rows->failed = true;
			return false;
		}
		rows->row = row;
		rows->size = size;
	}
	row = &rows->row[rows->count++];
	*row = *given;
	const char **const texts[] = {&row->peering,	  &row->router,	      &row->name,     &row->phase,
				      &row->approved,	  &row->problem,      &row->asked,    &row->push_id,
				      &row->configured_by, &row->decided_by,  &row->push_state, &row->push_message,
				      &row->observed,	  &row->activation,   &row->detail};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i] = strdup(*texts[i]);
		rows->failed = rows->failed || !*texts[i];
	}
	return !rows->failed;
}

static void replace(const char **field, const char *text)
{
	char *copy = strdup(text);

	/* Where memory is short the old one stays, and the step is taken again. */
	if (!copy)
		return;
	free((char *)*field);
	*field = copy;
}

/* ---- What is decided ---- */

enum store_result peerings_note(struct peerings *peerings, const char *name, const char *actor, const char *action,
				const char *message)
{
	struct store_peering_event event = {
		.at = clock_milliseconds(), .actor = actor, .action = action, .message = message};

	return store_peering_note(peerings->store, name, &event);
}

static enum store_result all_rows(struct peerings *peerings, const char *name, struct rows *rows)
{
	enum store_result result;

	memset(rows, 0, sizeof(*rows));
	result = store_peering_connections(peerings->store, name, keep_row, rows);
	return result == STORE_OK && rows->failed ? STORE_FAILED : result;
}

static enum store_result decide(struct peerings *peerings, const char *name, const char *state, const char *actor,
				const char *reason)
{
	struct store_peering peering = {.name = name,
					.state = state,
					.reason = reason,
					.decided_by = actor,
					.decided_at = clock_milliseconds()};

	return store_peering_decide(peerings->store, &peering);
}

enum store_result peerings_approve(struct peerings *peerings, const struct peering_request *request, const char *actor)
{
	struct rows rows;
	enum store_result result = all_rows(peerings, request->name, &rows);

	for (size_t i = 0; result == STORE_OK && i < rows.count && i < request->connection_count; i++) {
		struct store_peering_connection *row = &rows.row[i];
		json_object *definition;

		if (strcmp(row->phase, "waiting") != 0 && strcmp(row->phase, "failed") != 0)
			continue;
		definition = peering_compose(peerings->policy, request, i);
		replace(&row->approved, definition ? json_plain(definition) : "");
		json_object_put(definition);
		replace(&row->phase, "declare");
		replace(&row->problem, "");
		replace(&row->asked, "");
		replace(&row->push_id, "");
		result = row->approved[0] ? store_peering_connection_set(peerings->store, row) : STORE_FAILED;
	}
	free_rows(&rows);
	if (result == STORE_OK)
		result = decide(peerings, request->name, "approved", actor, "");
	return result == STORE_OK ? peerings_note(peerings, request->name, actor, "approved", "") : result;
}

/* Ends the peering where no connection of it is left. */
static enum store_result end_when_empty(struct peerings *peerings, const char *name, const char *actor)
{
	struct rows rows;
	enum store_result result = all_rows(peerings, name, &rows);
	bool empty = result == STORE_OK;

	for (size_t i = 0; i < rows.count; i++)
		empty = empty && strcmp(rows.row[i].phase, "removed") == 0;
	free_rows(&rows);
	if (!empty)
		return result;
	result = decide(peerings, name, "deprovisioned", actor, NULL);
	return result == STORE_OK ? peerings_note(peerings, name, actor, "deprovisioned", "") : result;
}

enum store_result peerings_deprovision(struct peerings *peerings, const char *name, const char *actor,
				       const char *reason)
{
	struct rows rows;
	enum store_result result = all_rows(peerings, name, &rows);

	for (size_t i = 0; result == STORE_OK && i < rows.count; i++) {
		struct store_peering_connection *row = &rows.row[i];
		/* What never came to its router is not there to be removed, whoever has a connection of its name. */
		bool nothing = !row->declared && (row->push_id[0] == '\0' || strcmp(row->push_state, "refused") == 0);

		if (strcmp(row->phase, "removed") == 0)
			continue;
		replace(&row->phase, nothing ? "removed" : "remove");
		result = store_peering_connection_set(peerings->store, row);
	}
	free_rows(&rows);
	if (result == STORE_OK)
		result = decide(peerings, name, "deprovisioning", actor, reason);
	if (result == STORE_OK)
		result = peerings_note(peerings, name, actor, "deprovision", reason);
	return result == STORE_OK ? end_when_empty(peerings, name, actor) : result;
}

struct documents {
	char *document[PEERINGS_REQUESTED_MAX];
	bool by_peer[PEERINGS_REQUESTED_MAX];
	size_t count;
};

static bool keep_document(const struct store_peering *peering, void *context)
{
	struct documents *documents = context;

	documents->by_peer[documents->count] = peering->by_peer;
	documents->document[documents->count] = strdup(peering->document);
	return documents->document[documents->count] && ++documents->count < PEERINGS_REQUESTED_MAX;
}

static enum store_result approve_if_passed(struct peerings *peerings, const char *document, bool by_peer)
{
	struct peering_request request;
	struct judgement judgement;
	enum store_result result = STORE_OK;

	if (peering_request_from_stored(document, &request)) {
		result = peerings_judge(peerings, &request, by_peer, true, &judgement);
		if (result == STORE_OK && judgement.verdict == VERDICT_PASS)
			result = peerings_approve(peerings, &request, PEERINGS_ACTOR);
		peering_request_free(&request);
	}
	return result;
}

enum store_result peerings_asn_changed(struct peerings *peerings, uint32_t asn)
{
	struct documents documents = {.count = 0};
	enum store_result result = STORE_OK;

	if (!peerings->policy->approves)
		return STORE_OK;
	result = store_peerings(peerings->store, "requested", asn, "", PEERINGS_REQUESTED_MAX, keep_document, &documents);
	for (size_t i = 0; i < documents.count; i++) {
		if (result == STORE_OK)
			result = approve_if_passed(peerings, documents.document[i], documents.by_peer[i]);
		free(documents.document[i]);
	}
	return result;
}

/* ---- What is done ---- */

struct group {
	struct store_peering_connection *row; /* all of one peering on one router */
	size_t count;
	struct peering_step *steps;
	bool pushed;
};

static const char *actor_of(const struct store_peering_connection *row, const char *verb)
{
	if (strcmp(verb, "ready") == 0)
		return row->configured_by;
	return strcmp(verb, "activate") == 0 || row->decided_by[0] == '\0' ? PEERINGS_ACTOR : row->decided_by;
}

static size_t add_operations(const struct store_peering_connection *row, const char *verb,
			     struct store_operation *operations)
{
	bool request = strcmp(verb, STORE_REQUEST) == 0;

	operations[0] = (struct store_operation){.connection = row->name,
						 .verb = verb,
						 .definition = request ? row->approved : NULL,
						 .reason = ""};
	/* The router wants to know why. */
	if (strcmp(verb, "force-cancel") == 0)
		operations[0].reason = "the peering is deprovisioned";
	if (!request)
		return 1;
	operations[1] = (struct store_operation){.connection = row->name, .verb = "approve", .reason = ""};
	return 2;
}

/*
 * One push for every row whose step asks for a verb of the same sort as the first one's, from `first` on: all that
 * is declared together, or all that ends; what each is told for itself goes alone.
 */
static enum store_result push(struct peerings *peerings, struct group *group, size_t first)
{
	const char *phase = group->row[first].phase;
	bool together = strcmp(phase, "declare") == 0 || strcmp(phase, "remove") == 0;
	struct store_operation operations[2 * PEERING_CONNECTIONS_MAX];
	char id[TEXT_ID_SIZE];
	struct store_push push = {.id = id,
				  .router = group->row[first].router,
				  .actor = actor_of(&group->row[first], group->steps[first].verb),
				  .created_at = clock_milliseconds(),
				  .operations = operations};
	enum store_result result;

	if (!random_id(id))
		return STORE_FAILED;
	for (size_t i = first; i < group->count && (together || i == first); i++)
		if (group->steps[i].verb && strcmp(group->row[i].phase, phase) == 0)
			push.operation_count +=
				add_operations(&group->row[i], group->steps[i].verb, operations + push.operation_count);
	result = store_push_create(peerings->store, &push);
	for (size_t i = first; result == STORE_OK && i < group->count && (together || i == first); i++) {
		struct store_peering_connection *row = &group->row[i];
		char message[512];

		if (!group->steps[i].verb || strcmp(row->phase, phase) != 0)
			continue;
		replace(&row->asked, group->steps[i].verb);
		replace(&row->push_id, id);
		result = store_peering_connection_set(peerings->store, row);
		snprintf(message, sizeof(message), "%s of %s on %s", group->steps[i].verb, row->name, row->router);
		if (result == STORE_OK)
			result = peerings_note(peerings, row->peering, push.actor, "pushed", message);
		group->steps[i].verb = NULL;
	}
	if (result == STORE_OK)
		log_event(LEVEL_INFO, "peering-pushed", "peering", group->row[first].peering, "router", push.router, "push",
			  id, "actor", push.actor, NULL);
	group->pushed = true;
	return result;
}

static enum store_result move(struct peerings *peerings, struct store_peering_connection *row,
			      const struct peering_step *step)
{
	enum store_result result;
	char message[640];

	snprintf(message, sizeof(message), "%s on %s%s%s", row->name, row->router, step->problem ? ": " : "",
		 step->problem ? step->problem : "");
	if (step->problem)
		replace(&row->problem, step->problem);
	replace(&row->phase, step->phase);
	row->declared = row->declared || step->declared;
	result = store_peering_connection_set(peerings->store, row);
	if (result == STORE_OK && (strcmp(step->phase, "failed") == 0 || strcmp(step->phase, "service") == 0 ||
				   strcmp(step->phase, "removed") == 0))
		result = peerings_note(peerings, row->peering, "router", step->phase, message);
	if (result == STORE_OK && strcmp(step->phase, "removed") == 0)
		result = end_when_empty(peerings, row->peering, row->decided_by);
	return result;
}

static enum store_result drive(struct peerings *peerings, struct group *group)
{
	enum store_result result = store_begin(peerings->store);

	for (size_t i = 0; result == STORE_OK && i < group->count; i++) {
		if (group->steps[i].phase)
			result = move(peerings, &group->row[i], &group->steps[i]);
		else if (group->steps[i].verb)
			result = push(peerings, group, i);
	}
	if (result == STORE_OK)
		result = store_commit(peerings->store);
	if (result != STORE_OK) {
		store_rollback(peerings->store);
		return result;
	}
	if (group->pushed)
		pushes_created(peerings->pushes, group->row[0].router);
	return STORE_OK;
}

/* *step is what is to be done for each row of the group; false where there is nothing. */
static bool judge_group(const struct peerings *peerings, const struct group *group)
{
	int64_t now = clock_milliseconds();
	bool any = false;

	for (size_t i = 0; i < group->count; i++) {
		group->steps[i] = peering_next_step(&group->row[i], peerings->policy, now);
		any = any || group->steps[i].phase || group->steps[i].verb;
	}
	return any;
}

static bool same_group(const struct store_peering_connection *a, const struct store_peering_connection *b)
{
	return strcmp(a->peering, b->peering) == 0 && strcmp(a->router, b->router) == 0;
}

/* A full batch may end inside a group, which then is the next one's; a group is never as large as a batch. */
static enum store_result drive_batch(struct peerings *peerings, struct rows *rows, bool *more)
{
	struct peering_step steps[PEERING_CONNECTIONS_MAX];
	enum store_result result = STORE_OK;
	size_t first = 0;

	*more = rows->count == BATCH;
	while (result == STORE_OK && first < rows->count) {
		struct group group = {.row = &rows->row[first], .steps = steps};

		while (first + group.count < rows->count && same_group(&rows->row[first], &rows->row[first + group.count]) &&
		       group.count < PEERING_CONNECTIONS_MAX)
			group.count++;
		if (*more && first + group.count == rows->count)
			break;
		replace((const char **)&peerings->after_peering, group.row->peering);
		replace((const char **)&peerings->after_router, group.row->router);
		if (judge_group(peerings, &group))
			result = drive(peerings, &group);
		first += group.count;
	}
	return result;
}

static void look(evutil_socket_t fd, short what, void *context)
{
	struct peerings *peerings = context;
	struct timeval later = {.tv_sec = LOOK_SECONDS};
	struct rows rows = {0};
	bool more = false;
	enum store_result result;
	TURN(TURN_PEERINGS);

	result = store_peering_connections_driven(peerings->store, peerings->after_peering, peerings->after_router, BATCH,
						  keep_row, &rows);
	if (result == STORE_OK && !rows.failed)
		result = drive_batch(peerings, &rows, &more);
	free_rows(&rows);
	if (result != STORE_OK && !peerings->stuck)
		log_event(LEVEL_ERROR, "store-failed", "message", store_error(peerings->store), "do",
			  "what peerings wait for is done once the store works again", NULL);
	peerings->stuck = result != STORE_OK;
	if (more && !peerings->stuck) {
		later.tv_sec = 0;
	} else {
		peerings->after_peering[0] = '\0';
		peerings->after_router[0] = '\0';
	}
	event_add(peerings->look, &later);
}

void peerings_look(struct peerings *peerings)
{
	event_active(peerings->look, EV_TIMEOUT, 0);
}

/* ---- Life ---- */

struct peerings *peerings_new(struct event_base *base, const char *policy_file, struct store *store,
			      struct pushes *pushes, char *error, size_t error_size)
{
	struct peerings *peerings = calloc(1, sizeof(*peerings));
	struct timeval at_once = {0};

	snprintf(error, error_size, "memory is short");
	if (!peerings)
		return NULL;
	peerings->store = store;
	peerings->pushes = pushes;
	peerings->policy_file = policy_file;
	peerings->after_peering = strdup("");
	peerings->after_router = strdup("");
	peerings->look = event_new(base, -1, 0, look, peerings);
	if (peerings->after_peering && peerings->after_router && peerings->look &&
	    event_add(peerings->look, &at_once) == 0)
		peerings->policy = read_policy(policy_file, error, error_size);
	if (peerings->policy)
		return peerings;
	peerings_free(peerings);
	return NULL;
}

void peerings_free(struct peerings *peerings)
{
	if (!peerings)
		return;
	if (peerings->look)
		event_free(peerings->look);
	peering_policy_free(peerings->policy);
	free(peerings->after_peering);
	free(peerings->after_router);
	free(peerings);
}
