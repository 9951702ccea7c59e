// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * POST /v1/peerings: what is asked for is judged, and stored where nothing is against it.
 */
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api_audit.h"
#include "controller/api/api_peering_view.h"
#include "controller/log.h"
#include "controller/pushes/pushes.h"
#include "controller/text.h"

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
	bool by_peer = request->identity.role == API_ROLE_PEER, approves;
	struct judgement judgement;
	enum store_result result;

	if (!api_may_see_asn(request, body->peer_asn)) {
		api_problem_format(request->http, 403, "forbidden", "you may ask for AS%u alone", request->identity.asn);
		return;
	}
	/* Whether there is one of a name that is not the peer's is not for a peer: that rule refuses it below. */
	result = by_peer && !peering_name_is_of(body->name, body->peer_asn)
			 ? STORE_NOT_FOUND
			 : store_peering(api_store(request->api), body->name, look_at_holder, &holder);
	if (result == STORE_OK && !dry_run && holder.same) {
		peering_answer_with(request, body->name, 200);
		return;
	}
	if (result == STORE_OK && (holder.live || holder.peer_asn != body->peer_asn)) {
		api_problem_format(request->http, 409, "name-taken",
				   "there is a peering %s already; choose another name%s", body->name,
				   holder.peer_asn == body->peer_asn ? ", or withdraw that one first" : "");
		return;
	}
	if (result == STORE_OK || result == STORE_NOT_FOUND)
		result = peerings_judge(peerings, body, by_peer, false, &judgement);
	if (result != STORE_OK) {
		api_problem_store(request->http, api_store(request->api), result);
		return;
	}
	approves = judgement.verdict == VERDICT_PASS && peerings_policy(peerings)->approves;
	if (by_peer)
		judgement_hide_inside(&judgement);
	if (dry_run) {
		answer_dry_run(request, &judgement);
	} else if (judgement.verdict == VERDICT_FAIL) {
		log_event(LEVEL_INFO, "peering-refused", "peering", body->name, "actor", request->identity.actor, NULL);
		peering_refuse_by_policy(request, 422, &judgement);
	} else if (has_room(request, body->peer_asn) &&
		   api_commit(request, store_request(request, body, approves))) {
		log_event(LEVEL_INFO, "peering-requested", "peering", body->name, "actor", request->identity.actor, NULL);
		peerings_look(peerings);
		peering_answer_with(request, body->name, 201);
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
