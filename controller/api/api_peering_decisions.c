// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * POST /v1/peerings/NAME/approve and its like: what people decide, and what the other side says.
 */
#include <stdio.h>
#include <string.h>

#include "controller/api/api_audit.h"
#include "controller/api/api_peering_view.h"
#include "controller/log.h"
#include "controller/text.h"

static void refuse_state(const struct api_request *request, const char *verb, const struct loaded_peering *loaded)
{
	char sentence[200];

	snprintf(sentence, sizeof(sentence), "%s is %s, which does not take '%s'", loaded->body.name, loaded->state, verb);
	api_problem(request->http, 409, "not-allowed", sentence, peering_verbs(request, loaded->state));
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
	peering_answer_with(request, name, 200);
}

void api_post_peering_approve(const struct api_request *request)
{
	struct peerings *peerings = api_peerings(request->api);
	struct store *store = api_store(request->api);
	struct judgement judgement = {.count = 0};
	enum store_result result;
	struct loaded_peering loaded;
	const char *reason;
	json_object *body;

	if (!api_read_body(request, &body))
		return;
	if (!api_read_peering_reason(request, body, false, &reason) || !peering_find_to_decide(request, &loaded)) {
		json_object_put(body);
		return;
	}
	if (strcmp(loaded.state, "requested") != 0 && strcmp(loaded.state, "approved") != 0) {
		refuse_state(request, "approve", &loaded);
	} else if (strcmp(loaded.state, "approved") == 0 && !loaded.failed) {
		peering_answer_with(request, loaded.body.name, 200);
	} else if ((result = peerings_judge(peerings, &loaded.body, loaded.by_peer, true, &judgement)) != STORE_OK) {
		api_problem_store(request->http, store, result);
	} else if (judgement.verdict != VERDICT_PASS) {
		peering_refuse_by_policy(request, 409, &judgement);
	} else {
		result = store_begin(store);
		if (result == STORE_OK)
			result = peerings_approve(peerings, &loaded.body, request->identity.actor);
		if (result == STORE_OK)
			result = audit(request, "approve", loaded.body.name, reason);
		if (api_commit(request, result))
			done(request, "approve", loaded.body.name);
	}
	peering_unload(&loaded);
	json_object_put(body);
}

/* From "requested" to where it ends. */
static void end_request(const struct api_request *request, const char *verb, const char *state, bool reason_wanted)
{
	struct store *store = api_store(request->api);
	struct loaded_peering loaded;
	const char *reason;
	json_object *body;

	if (!api_read_body(request, &body))
		return;
	if (!api_read_peering_reason(request, body, reason_wanted, &reason) || !peering_find_to_decide(request, &loaded)) {
		json_object_put(body);
		return;
	}
	if (strcmp(loaded.state, state) == 0) {
		peering_answer_with(request, loaded.body.name, 200);
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
	peering_unload(&loaded);
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
	struct loaded_peering loaded;
	const char *reason;
	json_object *body;

	if (!api_read_body(request, &body))
		return;
	if (!api_read_peering_reason(request, body, false, &reason) || !peering_find_to_decide(request, &loaded)) {
		json_object_put(body);
		return;
	}
	if (strncmp(loaded.state, "deprovision", strlen("deprovision")) == 0) {
		peering_answer_with(request, loaded.body.name, 200);
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
	peering_unload(&loaded);
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

static void say(const struct api_request *request, const struct loaded_peering *loaded)
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
			peering_answer_with(request, loaded->body.name, 200);
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
	struct loaded_peering loaded;
	const char *reason;
	json_object *body;

	if (!api_read_body(request, &body))
		return;
	if (api_read_peering_reason(request, body, false, &reason) && peering_find_to_decide(request, &loaded)) {
		if (strcmp(loaded.state, "requested") == 0 || strcmp(loaded.state, "approved") == 0)
			say(request, &loaded);
		else
			refuse_state(request, "bgp-configured", &loaded);
		peering_unload(&loaded);
	}
	json_object_put(body);
}
