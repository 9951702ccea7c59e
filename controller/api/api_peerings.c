// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET /v1/peerings, …/NAME and /v1/peering-policy; and what the handlers of peer ASNs and peerings share.
 */
#include "controller/api/api_peerings.h"

#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api_list.h"
#include "controller/api/api_peering_view.h"
#include "controller/text.h"

/* What is read for the connections of one costs as much time as so much text. */
#define CONNECTIONS_BYTES 1500

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

static void refuse_state(const struct api_request *request, const char *const *known)
{
	char there[128];
	size_t used = 0;

	for (size_t i = 0; known[i]; i++)
		used += (size_t)snprintf(there + used, sizeof(there) - used, "%s%s", i ? ", " : "", known[i]);
	api_problem_format(request->http, 400, "bad-query", "there is no such state; there are %s", there);
}

bool api_read_peering_filter(const struct api_request *request, const char *const *known, struct peering_filter *filter)
{
	struct evkeyval *parameter;

	*filter = (struct peering_filter){.after = "", .limit = PEERINGS_PAGE_MAX};
	TAILQ_FOREACH (parameter, request->query, next) {
		const char *value = parameter->value;

		if (strcmp(parameter->key, "state") == 0) {
			if (!is_one_of(known, value)) {
				refuse_state(request, known);
				return false;
			}
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

void api_get_peering(const struct api_request *request)
{
	peering_answer_with(request, request->segments[1], 200);
}

static bool add_peering(const struct store_peering *peering, void *context)
{
	struct api_list *list = context;
	json_object *object;
	bool failed;

	if (!api_list_room(list, strlen(peering->document) + CONNECTIONS_BYTES))
		return false;
	object = json_object_new_object();
	peering_fill(object, list->request, peering, &failed);
	api_list_add(list, object, json_object_new_string(peering->name));
	return true;
}

void api_get_peerings(const struct api_request *request)
{
	struct peering_filter filter;
	struct api_list list;

	if (!api_read_peering_filter(request, states, &filter))
		return;
	api_list_begin(&list, request, filter.limit);
	api_list_reply(&list, "peerings",
		       store_peerings(api_store(request->api), filter.state, filter.asn, filter.after, filter.limit + 1,
				      add_peering, &list));
}

void api_get_peering_policy(const struct api_request *request)
{
	/* Not for peers: it names others. */
	json_object *answer = api_object();

	json_object_object_add(answer, "policy",
			       json_object_get(peerings_policy(api_peerings(request->api))->document));
	api_reply(request->http, 200, answer, NULL);
}
