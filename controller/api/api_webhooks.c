// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET /v1/webhooks, and POST /v1/webhooks/NAME/test. Which there are stands in a file: no call makes the controller
 * send something elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/api.h"
#include "controller/api/api_audit.h"
#include "controller/events/events.h"
#include "controller/events/webhooks.h"
#include "controller/text.h"

struct list {
	struct store *store;
	const struct webhook_configs *configs;
	json_object *array;
};

static const struct webhook_config *find_config(const struct webhook_configs *configs, const char *name)
{
	for (size_t i = 0; i < configs->count; i++)
		if (strcmp(configs->list[i].name, name) == 0)
			return &configs->list[i];
	return NULL;
}

/* The address up to its path: what stands behind that is a secret of some services. */
static json_object *shown_url(const char *url)
{
	const char *host = strstr(url, "://");
	size_t length = host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : strlen(url);

	return json_object_new_string_len(url, (int)length);
}

static bool add_webhook(const struct store_webhook *webhook, void *context)
{
	struct list *list = context;
	const struct webhook_config *config = find_config(list->configs, webhook->name);
	json_object *object, *events;
	char id[EVENT_ID_SIZE];

	if (!config)
		return true;
	object = json_object_new_object();
	events = json_object_new_array();
	for (unsigned int i = 0; i < WEBHOOK_TEST; i++)
		if (config->events & 1u << i)
			json_object_array_add(events, json_object_new_string(webhook_event_name(i)));
	event_id_of(list->store, webhook->last_event, id);
	json_object_object_add(object, "name", json_object_new_string(webhook->name));
	json_object_object_add(object, "url", shown_url(config->url));
	json_object_object_add(object, "events", events);
	json_object_object_add(object, "pendingCount", json_object_new_uint64(webhook->pending));
	json_object_object_add(object, "oldestPendingAt", api_time(webhook->oldest_pending_at));
	json_object_object_add(object, "deliveredCount", json_object_new_uint64(webhook->delivered));
	json_object_object_add(object, "droppedCount", json_object_new_uint64(webhook->dropped));
	json_object_object_add(object, "lastEvent", webhook->last_event ? json_object_new_string(id) : NULL);
	json_object_object_add(object, "lastAttemptAt", api_time(webhook->last_at));
	json_object_object_add(object, "lastStatus",
			       webhook->last_status ? json_object_new_int(webhook->last_status) : NULL);
	json_object_object_add(object, "lastError", api_text(webhook->last_error));
	json_object_object_add(object, "lastSuccessAt", api_time(webhook->last_success_at));
	json_object_object_add(object, "failingSince", api_time(webhook->failing_since));
	json_object_array_add(list->array, object);
	return true;
}

void api_get_webhooks(const struct api_request *request)
{
	struct store *store = api_store(request->api);
	struct list list = {.store = store,
			    .configs = webhooks_configs(api_webhooks(request->api)),
			    .array = json_object_new_array()};
	enum store_result result = store_webhooks(store, add_webhook, &list);
	json_object *answer;

	if (result != STORE_OK) {
		json_object_put(list.array);
		api_problem_store(request->http, store, result);
		return;
	}
	answer = api_object();
	json_object_object_add(answer, "webhooks", list.array);
	api_reply(request->http, 200, answer, NULL);
}

static enum store_result store_test(const struct api_request *request, const char *name, int64_t *id)
{
	json_object *data = json_object_new_object();
	struct store *store = api_store(request->api);
	enum store_result result = store_begin(store);
	int64_t oldest;

	json_object_object_add(data, "webhook", json_object_new_string(name));
	json_object_object_add(data, "actor", json_object_new_string(request->identity.actor));
	if (result == STORE_OK)
		result = store_event_add(store,
					 &(struct store_event){
						 .at = clock_milliseconds(),
						 .type = EVENT_WEBHOOK_TEST,
						 .router = "",
						 .connection = "",
						 .data = json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN),
					 });
	if (result == STORE_OK)
		result = store_event_range(store, &oldest, id);
	if (result == STORE_OK)
		result = api_audit(request, "webhook.test", name, NULL);
	if (result == STORE_OK)
		result = store_commit(store);
	if (result != STORE_OK)
		store_rollback(store);
	json_object_put(data);
	return result;
}

void api_post_webhook_test(const struct api_request *request)
{
	const char *name = request->segments[1];
	enum store_result result;
	json_object *answer;
	char text[EVENT_ID_SIZE];
	int64_t id = 0;

	if (!find_config(webhooks_configs(api_webhooks(request->api)), name)) {
		api_problem_format(request->http, 404, "unknown-webhook",
				   "there is no web hook \"%.64s\"; `peerctl webhooks` shows which there are", name);
		return;
	}
	result = store_test(request, name, &id);
	if (result != STORE_OK) {
		api_problem_store(request->http, api_store(request->api), result);
		return;
	}
	event_id_of(api_store(request->api), id, text);
	answer = api_object();
	json_object_object_add(answer, "webhook", json_object_new_string(name));
	json_object_object_add(answer, "event", json_object_new_string(text));
	api_reply(request->http, 202, answer, NULL);
}
