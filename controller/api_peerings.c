// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /v1/peerings and /v1/policy: what is asked for, what came of it, and what people decide.
 */
#include "controller/api_peerings.h"

#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api_audit.h"
#include "controller/api_etag.h"
#include "controller/declaration_secret.h"
#include "controller/log.h"
#include "controller/peering_step.h"
#include "controller/pushes.h"
#include "controller/text.h"

#define HISTORY_MAX 100

static const char *const states[] = {"requested",      "rejected",	"withdrawn", "approved",
				     "deprovisioning", "deprovisioned", NULL};

/* ---- What the two resources share ---- */

static bool is_number(const char *text, unsigned long long most)
{
	return text[0] && strlen(text) <= 10 && strspn(text, "0123456789") == strlen(text) &&
	       strtoull(text, NULL, 10) <= most && strtoull(text, NULL, 10) > 0;
}

static bool is_one_of(const char *const *words, const char *text)
{
	for (; *words; words++)
		if (strcmp(*words, text) == 0)
			return true;
	return false;
}

bool api_read_peering_filter(const struct api_request *request, const char *const *known, struct peering_filter *filter)
{
	struct evkeyval *parameter;

	*filter = (struct peering_filter){.after = "", .limit = PEERINGS_PAGE_MAX};
	TAILQ_FOREACH (parameter, request->query, next) {
		const char *value = parameter->value;

		if (strcmp(parameter->key, "state") == 0 && is_one_of(known, value)) {
			filter->state = value;
		} else if (strcmp(parameter->key, "peerAsn") == 0 && is_number(value, UINT32_MAX)) {
			filter->asn = (uint32_t)strtoul(value, NULL, 10);
		} else if (strcmp(parameter->key, "limit") == 0 && is_number(value, PEERINGS_PAGE_MAX)) {
			filter->limit = (unsigned int)atoi(value);
		} else if (strcmp(parameter->key, "after") == 0) {
			filter->after = value;
		} else {
			char *key = text_clean(parameter->key, 60);

			api_problem_format(request->http, 400, "bad-query",
					   "the parameter \"%s\" is unknown or its value cannot be used; there are state, "
					   "peerAsn, limit (1 to %d) and after (from nextAfter of the page before)",
					   key ? key : "", PEERINGS_PAGE_MAX);
			free(key);
			return false;
		}
	}
	if (request->identity.role == API_ROLE_PEER)
		filter->asn = request->identity.asn;
	return true;
}

bool api_read_peering_reason(const struct api_request *request, json_object *body, bool wanted, const char **reason)
{
	static const char *const keys[] = {"reason", NULL};
	struct json_fault fault = {.code = ""};

	*reason = "";
	if (body && (!json_read_object(body, "", keys, &fault) ||
		     !json_read_text(body, "", "reason", PEERINGS_REASON_MAX, reason, &fault))) {
		api_problem(request->http, 400, fault.code, fault.sentence, NULL);
		return false;
	}
	if (!wanted || (*reason)[0])
		return true;
	api_problem(request->http, 400, "bad-value", "say why: {\"reason\": \"some words\"}", NULL);
	return false;
}

bool api_commit(const struct api_request *request, enum store_result result)
{
	struct store *store = api_store(request->api);

	if (result == STORE_OK)
		result = store_commit(store);
	if (result == STORE_OK)
		return true;
	store_rollback(store);
	api_problem_store(request->http, store, result);
	return false;
}

json_object *api_actor(const struct api_request *request, const char *actor)
{
	static const char *const ours[] = {PEERINGS_ACTOR, "router", NULL};

	if (request->identity.role > API_ROLE_PEER || actor[0] == '\0' || is_one_of(ours, actor) ||
	    strcmp(actor, request->identity.actor) == 0)
		return api_text(actor);
	return json_object_new_string("operator");
}

/* ---- Showing ---- */

struct shown {
	const struct api_request *request;
	json_object *array;
	unsigned int limit, count;
	char newest[128];
	bool more;
	/* Of one peering: how its connections do. */
	bool any_problem, any_failed, all_in_service;
	json_object *document;
	bool own_words; /* who asks may see what was asked for: it is his own, or he is no peer */
};

static json_object *definition_of(json_object *document, unsigned int position)
{
	json_object *list = json_object_object_get(document, "connections");
	json_object *definition = list ? json_object_array_get_idx(list, position) : NULL;

	return definition ? declaration_shown(json_plain(definition)) : NULL;
}

static bool add_connection(const struct store_peering_connection *row, void *context)
{
	struct shown *shown = context;
	bool refused = strcmp(row->push_state, "refused") == 0;
	const char *state = row->observed[0] ? row->observed : connection_state_name(STATE_NONE);
	const char *problem = row->problem[0] ? row->problem : refused ? row->push_message : "";
	bool peer = shown->request->identity.role == API_ROLE_PEER;
	json_object *object = json_object_new_object();
	struct peerings *peerings = api_peerings(shown->request->api);

	shown->any_problem = shown->any_problem || problem[0] ||
			     (row->declared && strcmp(state, connection_state_name(STATE_PROVISIONING_FAILED)) == 0);
	shown->any_failed = shown->any_failed || strcmp(row->phase, "failed") == 0;
	shown->all_in_service =
		shown->all_in_service && row->declared && strcmp(state, connection_state_name(STATE_ACTIVE)) == 0;
	json_object_object_add(object, "router", json_object_new_string(row->router));
	json_object_object_add(object, "name", json_object_new_string(row->name));
	/* A connection of this name that is not the peering's is nobody's business. */
	json_object_object_add(object, "connectionState",
			       json_object_new_string(row->declared || strcmp(row->phase, "declare") == 0
							      ? state
							      : connection_state_name(STATE_NONE)));
	json_object_object_add(object, "waitsFor",
			       api_text(peering_step_waits_for(row, peerings_policy(peerings), clock_milliseconds())));
	/* A router's sentence may name this network's policies. */
	if (peer && problem[0])
		problem = "the router refused it; this network's operators see why";
	json_object_object_add(object, "problem", api_text(problem));
	json_object_object_add(object, "bgpConfiguredBy", api_actor(shown->request, row->configured_by));
	json_object_object_add(object, "bgpConfiguredAt", api_time(row->configured_at));
	json_object_object_add(object, "pushId",
			       peer ? NULL : api_text(row->push_id));
	json_object_object_add(object, "request",
			       shown->own_words ? definition_of(shown->document, row->position) : NULL);
	json_object_array_add(shown->array, object);
	return true;
}

static const char *provisioning_state(const char *state, const struct shown *shown)
{
	if (strcmp(state, "deprovisioning") == 0)
		return "Deleting";
	if (strcmp(state, "approved") != 0)
		return NULL;
	return shown->any_problem ? "Failed" : shown->all_in_service ? "Succeeded" : "Updating";
}

static json_object *verbs_of(const struct api_request *request, const char *state)
{
	json_object *array = json_object_new_array();
	bool operator = request->identity.role >= API_ROLE_OPERATOR;

	if (strcmp(state, "requested") == 0) {
		if (operator) {
			json_object_array_add(array, json_object_new_string("approve"));
			json_object_array_add(array, json_object_new_string("reject"));
		}
		json_object_array_add(array, json_object_new_string("withdraw"));
	}
	if (strcmp(state, "approved") == 0 && operator)
		json_object_array_add(array, json_object_new_string("deprovision"));
	return array;
}

static const char *const copied[] = {"name",	    "peerAsn",	   "kind", "metro", "facility", "bandwidthInMbps",
				     "description", "prefixes", NULL};

/* *failed says whether a router refused one of its connections. */
static enum store_result fill(json_object *object, const struct api_request *request,
			      const struct store_peering *peering, bool *failed)
{
	struct shown shown = {.request = request, .all_in_service = true};
	enum store_result result;

	shown.document = json_tokener_parse(peering->document);
	shown.own_words = peering->by_peer || request->identity.role > API_ROLE_PEER;
	shown.array = json_object_new_array();
	result = store_peering_connections(api_store(request->api), peering->name, add_connection, &shown);
	for (const char *const *key = copied; *key; key++)
		json_object_object_add(object, *key, json_object_get(json_object_object_get(shown.document, *key)));
	json_object_object_add(object, "state", json_object_new_string(peering->state));
	json_object_object_add(object, "provisioningState", api_text(provisioning_state(peering->state, &shown)));
	json_object_object_add(object, "reason", api_text(peering->reason));
	json_object_object_add(object, "requestedBy", api_actor(request, peering->requested_by));
	json_object_object_add(object, "requestedAt", api_time(peering->requested_at));
	json_object_object_add(object, "decidedBy", api_actor(request, peering->decided_by));
	json_object_object_add(object, "decidedAt", api_time(peering->decided_at));
	json_object_object_add(object, "allowedVerbs", verbs_of(request, peering->state));
	json_object_object_add(object, "connections", shown.array);
	json_object_put(shown.document);
	*failed = shown.any_failed;
	return result;
}

static bool add_event(const struct store_peering_event *event, void *context)
{
	struct shown *shown = context;
	json_object *object = json_object_new_object();

	json_object_object_add(object, "at", api_time(event->at));
	json_object_object_add(object, "actor", api_actor(shown->request, event->actor));
	json_object_object_add(object, "action", json_object_new_string(event->action));
	/* As in `problem`. */
	json_object_object_add(object, "message",
			       shown->request->identity.role == API_ROLE_PEER && strcmp(event->action, "failed") == 0
				       ? NULL
				       : api_text(event->message));
	json_object_array_add(shown->array, object);
	return true;
}

/* A peering as the handlers need it, with the request that it is of. */
struct loaded {
	const struct api_request *request;
	char state[16];
	char reason[PEERINGS_REASON_MAX + 1];
	bool by_peer, failed;
	struct peering_request body;
	bool good; /* `body` is to be freed */
	json_object *object;
	enum store_result result;
};

static bool load(const struct store_peering *peering, void *context)
{
	struct loaded *loaded = context;

	/* To a peer another's is not there. */
	if (!api_may_see_asn(loaded->request, peering->peer_asn)) {
		loaded->result = STORE_NOT_FOUND;
		return false;
	}
	snprintf(loaded->state, sizeof(loaded->state), "%s", peering->state);
	snprintf(loaded->reason, sizeof(loaded->reason), "%s", peering->reason);
	loaded->by_peer = peering->by_peer;
	loaded->good = peering_request_from_stored(peering->document, &loaded->body);
	loaded->object = api_object();
	loaded->result = loaded->good ? fill(loaded->object, loaded->request, peering, &loaded->failed) : STORE_FAILED;
	return true;
}

static void unload(struct loaded *loaded)
{
	if (loaded->good)
		peering_request_free(&loaded->body);
	json_object_put(loaded->object);
	loaded->object = NULL;
}

/* False where it has answered. The caller unloads after a true. */
static bool find(const struct api_request *request, const char *name, struct loaded *loaded)
{
	enum store_result result;

	*loaded = (struct loaded){.request = request};
	result = store_peering(api_store(request->api), name, load, loaded);
	if (result == STORE_OK)
		result = loaded->result;
	if (result == STORE_OK)
		return true;
	unload(loaded);
	if (result == STORE_NOT_FOUND)
		api_problem(request->http, 404, "unknown-peering", "there is no such peering; /v1/peerings lists them", NULL);
	else
		api_problem_store(request->http, api_store(request->api), result);
	return false;
}

/* What a decision is about: not how the connections do meanwhile. */
static const char *const change_keys[] = {"name", "peerAsn", "state", "requestedAt", "decidedAt", NULL};

/* The same for who decides: If-Match holds. */
static bool find_to_decide(const struct api_request *request, struct loaded *loaded)
{
	char etag[API_ETAG_SIZE];

	if (!find(request, request->segments[1], loaded))
		return false;
	api_etag(loaded->object, change_keys, etag);
	if (api_if_match(request, etag))
		return true;
	unload(loaded);
	return false;
}

/* Adds findings and history, and answers. */
static void answer_with(const struct api_request *request, const char *name, int status)
{
	struct store *store = api_store(request->api);
	struct shown history = {.request = request};
	struct judgement judgement = {.count = 0};
	enum store_result result;
	struct loaded loaded;
	char location[128];

	if (!find(request, name, &loaded))
		return;
	history.array = json_object_new_array();
	result = store_peering_history(store, name, HISTORY_MAX, add_event, &history);
	if (result == STORE_OK && strcmp(loaded.state, "requested") == 0)
		result = peerings_judge(api_peerings(request->api), &loaded.body, loaded.by_peer, &judgement);
	json_object_object_add(loaded.object, "findings", judgement_to_json(&judgement));
	json_object_object_add(loaded.object, "history", history.array);
	snprintf(location, sizeof(location), "/v1/peerings/%s", name);
	if (result != STORE_OK)
		api_problem_store(request->http, store, result);
	else if (status == 200)
		api_reply_tagged(request, json_object_get(loaded.object), change_keys);
	else
		api_reply(request->http, status, json_object_get(loaded.object), location);
	unload(&loaded);
}

void api_get_peering(const struct api_request *request)
{
	answer_with(request, request->segments[1], 200);
}

static bool add_peering(const struct store_peering *peering, void *context)
{
	struct shown *shown = context;
	json_object *object;
	bool failed;

	if (shown->count++ == shown->limit) {
		shown->more = true;
		return false;
	}
	object = json_object_new_object();
	fill(object, shown->request, peering, &failed);
	json_object_array_add(shown->array, object);
	snprintf(shown->newest, sizeof(shown->newest), "%s", peering->name);
	return true;
}

void api_get_peerings(const struct api_request *request)
{
	struct shown shown = {.request = request};
	struct peering_filter filter;
	enum store_result result;
	json_object *answer;

	if (!api_read_peering_filter(request, states, &filter))
		return;
	shown.limit = filter.limit;
	shown.array = json_object_new_array();
	result = store_peerings(api_store(request->api), filter.state, filter.asn, filter.after, filter.limit + 1,
				add_peering, &shown);
	if (result != STORE_OK) {
		json_object_put(shown.array);
		api_problem_store(request->http, api_store(request->api), result);
		return;
	}
	answer = api_object();
	json_object_object_add(answer, "peerings", shown.array);
	json_object_object_add(answer, "nextAfter", shown.more ? json_object_new_string(shown.newest) : NULL);
	api_reply(request->http, 200, answer, NULL);
}

void api_get_peering_policy(const struct api_request *request)
{
	/* Not for peers: it names others. */
	json_object *answer = api_object();

	json_object_object_add(answer, "policy",
			       json_object_get(peerings_policy(api_peerings(request->api))->document));
	api_reply(request->http, 200, answer, NULL);
}

/* ---- Requesting ---- */

static bool is_dry_run(const struct api_request *request, bool *dry_run)
{
	struct evkeyval *parameter;

	*dry_run = false;
	TAILQ_FOREACH (parameter, request->query, next) {
		bool known = strcmp(parameter->key, "dryRun") == 0;

		if (known && strcmp(parameter->value, "true") == 0) {
			*dry_run = true;
		} else if (!known || strcmp(parameter->value, "false") != 0) {
			api_problem(request->http, 400, "bad-query", "there is the parameter dryRun, true or false", NULL);
			return false;
		}
	}
	return true;
}

static bool is_live(const char *state)
{
	return strcmp(state, "requested") == 0 || strcmp(state, "approved") == 0 || strcmp(state, "deprovisioning") == 0;
}

struct holder {
	uint32_t peer_asn;
	bool live, same;
	const char *document;
};

static bool look_at_holder(const struct store_peering *peering, void *context)
{
	struct holder *holder = context;

	holder->peer_asn = peering->peer_asn;
	holder->live = is_live(peering->state);
	holder->same = strcmp(peering->state, "requested") == 0 && strcmp(peering->document, holder->document) == 0;
	return true;
}

static void refuse_by_policy(const struct api_request *request, int status, const struct judgement *judgement)
{
	char sentence[2 * FINDING_MAX + 100] = "the peering policy does not accept this";

	for (size_t i = 0; i < judgement->count; i++) {
		const struct finding *finding = &judgement->findings[i];

		if (finding->verdict != judgement->verdict)
			continue;
		snprintf(sentence, sizeof(sentence), "the peering policy does not accept this: %s; %s", finding->sentence,
			 finding->change);
		break;
	}
	api_problem_with(request->http, status, "policy-refused", sentence, "findings", judgement_to_json(judgement));
}

struct peering_counts {
	unsigned int requested, live, live_most;
};

static bool count_one(const struct store_peering *peering, void *context)
{
	struct peering_counts *counts = context;

	counts->requested += strcmp(peering->state, "requested") == 0;
	counts->live += is_live(peering->state);
	return counts->requested < PEERINGS_REQUESTED_MAX && counts->live < counts->live_most;
}

/* Whether there may be one more peering with this AS, and it may wait; else it has answered. */
static bool has_room(const struct api_request *request, uint32_t asn)
{
	struct peering_counts counts = {.live_most = api_config(request->api)->peer_peerings};
	enum store_result result =
		store_peerings(api_store(request->api), NULL, asn, "", UINT32_MAX, count_one, &counts);

	if (result != STORE_OK)
		api_problem_store(request->http, api_store(request->api), result);
	else if (counts.live >= counts.live_most)
		api_problem_format(request->http, 429, "too-many-peerings",
				   "there are %u peerings with AS%u, and no more may be; deprovision or withdraw some, or raise "
				   "peer-peerings in the controller's configuration",
				   counts.live, asn);
	else if (counts.requested >= PEERINGS_REQUESTED_MAX)
		api_problem_format(request->http, 429, "too-many-peerings",
				   "%d requested peerings of AS%u wait; withdraw some, or wait for their approval",
				   PEERINGS_REQUESTED_MAX, asn);
	else
		return true;
	return false;
}

static enum store_result store_request(const struct api_request *request, const struct peering_request *body,
				       bool approve)
{
	struct store *store = api_store(request->api);
	struct peerings *peerings = api_peerings(request->api);
	struct store_peering_connection connections[PEERING_CONNECTIONS_MAX];
	struct store_peering peering = {
		.name = body->name,
		.peer_asn = body->peer_asn,
		.document = json_plain(body->document),
		.by_peer = request->identity.role == API_ROLE_PEER,
		.requested_by = request->identity.actor,
		.requested_at = clock_milliseconds(),
	};
	enum store_result result = store_begin(store);

	for (size_t i = 0; i < body->connection_count; i++)
		connections[i] = (struct store_peering_connection){.router = body->connections[i].router,
								   .name = body->connections[i].name};
	if (result == STORE_OK)
		result = store_peering_create(store, &peering, connections, body->connection_count);
	if (result == STORE_OK)
		result = peerings_note(peerings, body->name, request->identity.actor, "requested", "");
	if (result == STORE_OK)
		result = api_audit(request, "peering.request", body->name, NULL);
	if (result == STORE_OK && approve)
		result = peerings_approve(peerings, body, PEERINGS_ACTOR);
	return result;
}

static void answer_dry_run(const struct api_request *request, const struct judgement *judgement)
{
	json_object *answer = api_object();

	json_object_object_add(answer, "verdict", json_object_new_string(finding_verdict_name(judgement->verdict)));
	json_object_object_add(answer, "findings", judgement_to_json(judgement));
	api_reply(request->http, 200, answer, NULL);
}

static void post(const struct api_request *request, const struct peering_request *body, bool dry_run)
{
	struct peerings *peerings = api_peerings(request->api);
	struct holder holder = {.document = json_plain(body->document)};
	struct judgement judgement;
	enum store_result result;

	if (!api_may_see_asn(request, body->peer_asn)) {
		api_problem_format(request->http, 403, "forbidden", "you may ask for AS%u alone", request->identity.asn);
		return;
	}
	result = store_peering(api_store(request->api), body->name, look_at_holder, &holder);
	if (result == STORE_OK && !dry_run && holder.same) {
		answer_with(request, body->name, 200);
		return;
	}
	if (result == STORE_OK && (holder.live || holder.peer_asn != body->peer_asn)) {
		api_problem_format(request->http, 409, "name-taken",
				   "there is a peering %s already; choose another name%s", body->name,
				   holder.peer_asn == body->peer_asn ? ", or withdraw that one first" : "");
		return;
	}
	if (result == STORE_OK || result == STORE_NOT_FOUND)
		result = peerings_judge(peerings, body, request->identity.role == API_ROLE_PEER, &judgement);
	if (result != STORE_OK) {
		api_problem_store(request->http, api_store(request->api), result);
		return;
	}
	if (dry_run) {
		answer_dry_run(request, &judgement);
	} else if (judgement.verdict == VERDICT_FAIL) {
		log_event(LEVEL_INFO, "peering-refused", "peering", body->name, "actor", request->identity.actor, NULL);
		refuse_by_policy(request, 422, &judgement);
	} else if (has_room(request, body->peer_asn) &&
		   api_commit(request, store_request(request, body, judgement.verdict == VERDICT_PASS &&
									 peerings_policy(peerings)->approves))) {
		log_event(LEVEL_INFO, "peering-requested", "peering", body->name, "actor", request->identity.actor, NULL);
		peerings_look(peerings);
		answer_with(request, body->name, 201);
	}
}

void api_post_peering(const struct api_request *request)
{
	struct json_fault fault = {.code = ""};
	struct peering_request body;
	json_object *given;
	bool dry_run;

	if (!is_dry_run(request, &dry_run) || !api_read_body(request, &given))
		return;
	if (peering_request_from_json(given, pushes_key(api_pushes(request->api)), &body, &fault)) {
		post(request, &body, dry_run);
		peering_request_free(&body);
	} else {
		api_problem(request->http, 400, fault.code, fault.sentence, NULL);
	}
	json_object_put(given);
}

/* ---- Deciding ---- */

static void refuse_state(const struct api_request *request, const char *verb, const struct loaded *loaded)
{
	char sentence[200];

	snprintf(sentence, sizeof(sentence), "%s is %s, which does not take '%s'", loaded->body.name, loaded->state, verb);
	api_problem(request->http, 409, "not-allowed", sentence, verbs_of(request, loaded->state));
}

static enum store_result audit(const struct api_request *request, const char *verb, const char *name, const char *reason)
{
	json_object *detail = json_object_new_object();
	enum store_result result;
	char action[64];

	snprintf(action, sizeof(action), "peering.%s", verb);
	if (reason[0])
		json_object_object_add(detail, "reason", json_object_new_string(reason));
	result = api_audit(request, action, name, json_plain(detail));
	json_object_put(detail);
	return result;
}

/* Committed: the log has it, the routers get it, and who asked sees the peering. */
static void done(const struct api_request *request, const char *verb, const char *name)
{
	log_event(LEVEL_INFO, "peering-decided", "peering", name, "verb", verb, "actor", request->identity.actor, NULL);
	peerings_look(api_peerings(request->api));
	answer_with(request, name, 200);
}

void api_post_peering_approve(const struct api_request *request)
{
	struct peerings *peerings = api_peerings(request->api);
	struct store *store = api_store(request->api);
	struct judgement judgement = {.count = 0};
	enum store_result result;
	struct loaded loaded;
	const char *reason;
	json_object *body;

	if (!api_read_body(request, &body))
		return;
	if (!api_read_peering_reason(request, body, false, &reason) || !find_to_decide(request, &loaded)) {
		json_object_put(body);
		return;
	}
	if (strcmp(loaded.state, "requested") != 0 && strcmp(loaded.state, "approved") != 0) {
		refuse_state(request, "approve", &loaded);
	} else if (strcmp(loaded.state, "approved") == 0 && !loaded.failed) {
		answer_with(request, loaded.body.name, 200);
	} else if ((result = peerings_judge(peerings, &loaded.body, loaded.by_peer, &judgement)) != STORE_OK) {
		api_problem_store(request->http, store, result);
	} else if (judgement.verdict != VERDICT_PASS) {
		refuse_by_policy(request, 409, &judgement);
	} else {
		result = store_begin(store);
		if (result == STORE_OK)
			result = peerings_approve(peerings, &loaded.body, request->identity.actor);
		if (result == STORE_OK)
			result = audit(request, "approve", loaded.body.name, reason);
		if (api_commit(request, result))
			done(request, "approve", loaded.body.name);
	}
	unload(&loaded);
	json_object_put(body);
}

/* From "requested" to where it ends. */
static void end_request(const struct api_request *request, const char *verb, const char *state, bool reason_wanted)
{
	struct store *store = api_store(request->api);
	struct loaded loaded;
	const char *reason;
	json_object *body;

	if (!api_read_body(request, &body))
		return;
	if (!api_read_peering_reason(request, body, reason_wanted, &reason) || !find_to_decide(request, &loaded)) {
		json_object_put(body);
		return;
	}
	if (strcmp(loaded.state, state) == 0) {
		answer_with(request, loaded.body.name, 200);
	} else if (strcmp(loaded.state, "requested") != 0) {
		refuse_state(request, verb, &loaded);
	} else {
		struct store_peering peering = {.name = loaded.body.name,
						.state = state,
						.reason = reason,
						.decided_by = request->identity.actor,
						.decided_at = clock_milliseconds()};
		enum store_result result = store_begin(store);

		if (result == STORE_OK)
			result = store_peering_decide(store, &peering);
		if (result == STORE_OK)
			result = peerings_note(api_peerings(request->api), peering.name, peering.decided_by, state, reason);
		if (result == STORE_OK)
			result = audit(request, verb, peering.name, reason);
		if (api_commit(request, result))
			done(request, verb, peering.name);
	}
	unload(&loaded);
	json_object_put(body);
}

void api_post_peering_reject(const struct api_request *request)
{
	end_request(request, "reject", "rejected", true);
}

void api_post_peering_withdraw(const struct api_request *request)
{
	end_request(request, "withdraw", "withdrawn", false);
}

void api_post_peering_deprovision(const struct api_request *request)
{
	struct store *store = api_store(request->api);
	struct loaded loaded;
	const char *reason;
	json_object *body;

	if (!api_read_body(request, &body))
		return;
	if (!api_read_peering_reason(request, body, false, &reason) || !find_to_decide(request, &loaded)) {
		json_object_put(body);
		return;
	}
	if (strncmp(loaded.state, "deprovision", strlen("deprovision")) == 0) {
		answer_with(request, loaded.body.name, 200);
	} else if (strcmp(loaded.state, "approved") != 0) {
		refuse_state(request, "deprovision", &loaded);
	} else {
		enum store_result result = store_begin(store);

		if (result == STORE_OK)
			result = peerings_deprovision(api_peerings(request->api), loaded.body.name,
						      request->identity.actor, reason);
		if (result == STORE_OK)
			result = audit(request, "deprovision", loaded.body.name, reason);
		if (api_commit(request, result))
			done(request, "deprovision", loaded.body.name);
	}
	unload(&loaded);
	json_object_put(body);
}

/* ---- The other side has configured BGP ---- */

struct said {
	const struct api_request *request;
	const char *name;
	bool found, before;
	enum store_result result;
};

/* Written inside the walk: the row's own texts are what is written back. */
static bool say_configured(const struct store_peering_connection *row, void *context)
{
	struct said *said = context;
	struct store_peering_connection changed = *row;

	if (strcmp(row->name, said->name) != 0)
		return true;
	said->found = true;
	said->before = row->configured_at != 0;
	if (said->before)
		return false;
	changed.configured_by = said->request->identity.actor;
	changed.configured_at = clock_milliseconds();
	said->result = store_peering_connection_set(api_store(said->request->api), &changed);
	return false;
}

static void say(const struct api_request *request, const struct loaded *loaded)
{
	struct store *store = api_store(request->api);
	struct said said = {.request = request, .name = request->segments[3]};
	char object[160];
	enum store_result result = store_begin(store);

	if (result == STORE_OK)
		result = store_peering_connections(store, loaded->body.name, say_configured, &said);
	if (result == STORE_OK)
		result = said.result;
	if (result == STORE_OK && (!said.found || said.before)) {
		store_rollback(store);
		if (said.found)
			answer_with(request, loaded->body.name, 200);
		else
			api_problem_format(request->http, 404, "unknown-connection",
					   "%s has no connection of this name", loaded->body.name);
		return;
	}
	snprintf(object, sizeof(object), "%s/%s", loaded->body.name, said.name);
	if (result == STORE_OK)
		result = peerings_note(api_peerings(request->api), loaded->body.name, request->identity.actor,
				       "bgp-configured", said.name);
	if (result == STORE_OK)
		result = audit(request, "bgp-configured", object, "");
	if (api_commit(request, result))
		done(request, "bgp-configured", loaded->body.name);
}

void api_post_bgp_configured(const struct api_request *request)
{
	struct loaded loaded;
	const char *reason;
	json_object *body;

	if (!api_read_body(request, &body))
		return;
	if (api_read_peering_reason(request, body, false, &reason) && find_to_decide(request, &loaded)) {
		if (strcmp(loaded.state, "requested") == 0 || strcmp(loaded.state, "approved") == 0)
			say(request, &loaded);
		else
			refuse_state(request, "bgp-configured", &loaded);
		unload(&loaded);
	}
	json_object_put(body);
}
