// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_peering_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/api_etag.h"
#include "controller/api/api_peerings.h"
#include "controller/peerings/peering_step.h"
#include "controller/pushes/declaration_secret.h"
#include "controller/text.h"

#define HISTORY_MAX 100

struct shown {
	const struct api_request *request;
	json_object *array;
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

/* Pushed, and not known to be refused: what the router reports under the name is the peering's. */
static bool is_its_own(const struct store_peering_connection *row)
{
	return strcmp(row->phase, "declare") == 0 && row->push_id[0] && strcmp(row->push_state, "refused") != 0 &&
	       (row->observed_asn == 0 || row->observed_asn == row->peer_asn);
}

static const char *waits_for(const struct api_request *request, const struct store_peering_connection *row)
{
	const char *text = peering_step_waits_for(row, peerings_policy(api_peerings(request->api)), clock_milliseconds());

	/* Which of this network's routers are up is not for a peer. */
	return request->identity.role == API_ROLE_PEER && strcmp(text, PEERING_STEP_ROUTER_AWAY) == 0 ? PEERING_STEP_ROUTER
												       : text;
}

static bool add_connection(const struct store_peering_connection *row, void *context)
{
	struct shown *shown = context;
	bool refused = strcmp(row->push_state, "refused") == 0;
	const char *state = row->observed[0] ? row->observed : connection_state_name(STATE_NONE);
	const char *problem = row->problem[0] ? row->problem : refused ? row->push_message : "";
	bool peer = shown->request->identity.role == API_ROLE_PEER;
	json_object *object = json_object_new_object();

	shown->any_problem = shown->any_problem || problem[0] ||
			     (row->declared && strcmp(state, connection_state_name(STATE_PROVISIONING_FAILED)) == 0);
	shown->any_failed = shown->any_failed || strcmp(row->phase, "failed") == 0;
	shown->all_in_service =
		shown->all_in_service && row->declared && strcmp(state, connection_state_name(STATE_ACTIVE)) == 0;
	json_object_object_add(object, "router", json_object_new_string(row->router));
	json_object_object_add(object, "name", json_object_new_string(row->name));
	/* A connection of this name that is not the peering's is nobody's business. */
	json_object_object_add(object, "connectionState",
			       json_object_new_string(row->declared || is_its_own(row) ? state
										      : connection_state_name(STATE_NONE)));
	json_object_object_add(object, "waitsFor", api_text(waits_for(shown->request, row)));
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

json_object *peering_verbs(const struct api_request *request, const char *state)
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

enum store_result peering_fill(json_object *object, const struct api_request *request,
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
	json_object_object_add(object, "allowedVerbs", peering_verbs(request, peering->state));
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

static bool load(const struct store_peering *peering, void *context)
{
	struct loaded_peering *loaded = context;

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
	loaded->result = loaded->good ? peering_fill(loaded->object, loaded->request, peering, &loaded->failed) : STORE_FAILED;
	return true;
}

void peering_unload(struct loaded_peering *loaded)
{
	if (loaded->good)
		peering_request_free(&loaded->body);
	json_object_put(loaded->object);
	loaded->object = NULL;
}

static bool find(const struct api_request *request, const char *name, struct loaded_peering *loaded)
{
	enum store_result result;

	*loaded = (struct loaded_peering){.request = request};
	result = store_peering(api_store(request->api), name, load, loaded);
	if (result == STORE_OK)
		result = loaded->result;
	if (result == STORE_OK)
		return true;
	peering_unload(loaded);
	if (result == STORE_NOT_FOUND)
		api_problem(request->http, 404, "unknown-peering",
			    "there is no such peering; `peerctl peering list` shows which there are", NULL);
	else
		api_problem_store(request->http, api_store(request->api), result);
	return false;
}

/* What a decision is about: not how the connections do meanwhile. */
static const char *const change_keys[] = {"name", "peerAsn", "state", "requestedAt", "decidedAt", NULL};

bool peering_find_to_decide(const struct api_request *request, struct loaded_peering *loaded)
{
	char etag[API_ETAG_SIZE];

	if (!find(request, request->segments[1], loaded))
		return false;
	api_etag(loaded->object, change_keys, etag);
	if (api_if_match(request, etag))
		return true;
	peering_unload(loaded);
	return false;
}

void peering_answer_with(const struct api_request *request, const char *name, int status)
{
	struct store *store = api_store(request->api);
	struct shown history = {.request = request};
	struct judgement judgement = {.count = 0};
	enum store_result result;
	struct loaded_peering loaded;
	char location[128];

	if (!find(request, name, &loaded))
		return;
	history.array = json_object_new_array();
	result = store_peering_history(store, name, HISTORY_MAX, add_event, &history);
	if (result == STORE_OK && strcmp(loaded.state, "requested") == 0)
		result = peerings_judge(api_peerings(request->api), &loaded.body, loaded.by_peer, true, &judgement);
	if (request->identity.role == API_ROLE_PEER)
		judgement_hide_inside(&judgement);
	json_object_object_add(loaded.object, "findings", judgement_to_json(&judgement));
	json_object_object_add(loaded.object, "history", history.array);
	snprintf(location, sizeof(location), "/v1/peerings/%s", name);
	if (result != STORE_OK)
		api_problem_store(request->http, store, result);
	else if (status == 200)
		api_reply_tagged(request, json_object_get(loaded.object), change_keys);
	else
		api_reply(request->http, status, json_object_get(loaded.object), location);
	peering_unload(&loaded);
}

void peering_refuse_by_policy(const struct api_request *request, int status, const struct judgement *judgement)
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
