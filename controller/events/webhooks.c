// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything happens in turns: results are written, new events are queued, what is due is sent. One transaction for all
 * results, and one for what is queued: the loop is not to wait for the disk once for each delivery.
 */
#include "controller/events/webhooks.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/events/events.h"
#include "controller/events/http_sender.h"
#include "controller/log.h"
#include "controller/store/store.h"
#include "controller/text.h"
#include "controller/turn.h"
#include "lib/lifecycle.h"

#define SLOTS 8
#define TURN_MILLISECONDS 50
#define IDLE_MILLISECONDS 1000
#define SCAN_EVENTS 1000
/* A cursor that moves over nothing of interest is written now and then. */
#define CURSOR_STRIDE 50000
#define RETRY_FIRST_MILLISECONDS 1000
#define RETRY_MOST_MILLISECONDS (15 * 60 * 1000)
#define PAUSE_MOST_MILLISECONDS 60000
#define GIVE_UP_MILLISECONDS ((int64_t)24 * 3600 * 1000)
#define EXPIRE_EVERY_MILLISECONDS 60000
#define HEADER_MAX 256
#define ERROR_MAX 256

enum slot_state { SLOT_FREE = 0, SLOT_SENT, SLOT_ANSWERED };

/* One delivery on its way; taken until its result is written. */
struct slot {
	enum slot_state state;
	struct hook *hook;
	int64_t event;
	unsigned int attempts; /* before this one */
	int status;
	char error[ERROR_MAX];
	int64_t answered_at;
};

struct hook {
	struct webhooks *webhooks;
	const struct webhook_config *config;
	uint64_t pending;
	unsigned int failures; /* in a row */
	int64_t resume_at;     /* steady clock: it is left alone until then */
	struct slot slots[SLOTS];
};

struct webhooks {
	struct store *store;
	struct http_sender *sender;
	struct webhook_configs configs;
	struct hook *hooks; /* as many as configs.count */
	struct events_listener listener;
	bool listening;
	struct event *turn;
	int64_t cursor, stored_cursor;
	int64_t expire_at; /* steady clock */
	struct batch {
		uint64_t queued[WEBHOOKS_MAX], dropped[WEBHOOKS_MAX];
		enum store_result result;
	} batch; /* what the scan that is on adds */
};

static void schedule(struct webhooks *webhooks, int64_t milliseconds)
{
	struct timeval delay = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};

	event_add(webhooks->turn, &delay);
}

static void schedule_soon(struct webhooks *webhooks)
{
	struct timeval due, now;

	/* One that is on its way sooner stays. */
	if (event_pending(webhooks->turn, EV_TIMEOUT, &due)) {
		event_base_gettimeofday_cached(event_get_base(webhooks->turn), &now);
		if ((due.tv_sec - now.tv_sec) * 1000 + (due.tv_usec - now.tv_usec) / 1000 <= TURN_MILLISECONDS)
			return;
	}
	schedule(webhooks, TURN_MILLISECONDS);
}

/* `attempts` failed: doubled each time, and up to a quarter more or less, so that not all come back at once. */
static int64_t backoff(unsigned int attempts, int64_t most)
{
	int64_t delay = RETRY_FIRST_MILLISECONDS;

	while (attempts-- > 0 && delay < most)
		delay *= 2;
	if (delay > most)
		delay = most;
	return delay * 3 / 4 + random() % (delay / 2);
}

/* ---- Results ---- */

static bool is_accepted(const struct slot *slot)
{
	return slot->status >= 200 && slot->status < 300;
}

static enum store_result write_result(struct webhooks *webhooks, const struct slot *slot)
{
	return store_webhook_attempted(webhooks->store, slot->hook->config->name, slot->event, is_accepted(slot),
				       slot->status, slot->error, slot->answered_at,
				       slot->answered_at + backoff(slot->attempts, RETRY_MOST_MILLISECONDS));
}

static void learn(struct slot *slot)
{
	struct hook *hook = slot->hook;
	const char *name = hook->config->name;

	slot->state = SLOT_FREE;
	if (is_accepted(slot)) {
		hook->pending -= hook->pending > 0;
		if (hook->failures > 0)
			log_event(LEVEL_INFO, "webhook-works", "webhook", name, NULL);
		hook->failures = 0;
		return;
	}
	if (hook->failures == 0)
		log_event(LEVEL_WARNING, "webhook-failed", "webhook", name, "event", log_number((uint64_t)slot->event),
			  "status", slot->status ? log_number((uint64_t)slot->status) : NULL, "message",
			  slot->error[0] ? slot->error : NULL, "do", "it is tried again for a day", NULL);
	hook->resume_at = clock_steady_milliseconds() + backoff(hook->failures, PAUSE_MOST_MILLISECONDS);
	hook->failures++;
}

static void each_answered(struct webhooks *webhooks, enum store_result *result)
{
	for (size_t i = 0; i < webhooks->configs.count; i++) {
		for (size_t j = 0; j < SLOTS; j++) {
			struct slot *slot = &webhooks->hooks[i].slots[j];

			if (slot->state != SLOT_ANSWERED)
				continue;
			if (!result)
				learn(slot);
			else if (*result == STORE_OK)
				*result = write_result(webhooks, slot);
		}
	}
}

static bool any_answered(const struct webhooks *webhooks)
{
	for (size_t i = 0; i < webhooks->configs.count; i++)
		for (size_t j = 0; j < SLOTS; j++)
			if (webhooks->hooks[i].slots[j].state == SLOT_ANSWERED)
				return true;
	return false;
}

/* What cannot be written now keeps its slot. */
static void write_results(struct webhooks *webhooks)
{
	enum store_result result;

	if (!any_answered(webhooks))
		return;
	result = store_begin(webhooks->store);
	each_answered(webhooks, &result);
	if (result == STORE_OK)
		result = store_commit(webhooks->store);
	if (result != STORE_OK)
		store_rollback(webhooks->store);
	else
		each_answered(webhooks, NULL);
}

/* ---- New events ---- */

/* WEBHOOK_EVENT_COUNT: nothing that a hook can want. */
static enum webhook_event sort(const struct store_event *event, const char *to)
{
	if (strcmp(event->type, EVENT_DEGRADED) == 0)
		return WEBHOOK_DEGRADED;
	if (strcmp(event->type, EVENT_RECOVERED) == 0)
		return WEBHOOK_RECOVERED;
	if (strcmp(event->type, EVENT_CERTIFICATE_EXPIRING) == 0)
		return WEBHOOK_EXPIRING;
	if (strcmp(event->type, EVENT_WEBHOOK_TEST) == 0)
		return WEBHOOK_TEST;
	if (to && strcmp(to, connection_state_name(STATE_ACTIVE)) == 0)
		return WEBHOOK_ACTIVE;
	if (to && strcmp(to, connection_state_name(STATE_PROVISIONING_FAILED)) == 0)
		return WEBHOOK_FAILED;
	if (to && strcmp(to, connection_state_name(STATE_NONE)) == 0)
		return WEBHOOK_REMOVED;
	return WEBHOOK_EVENT_COUNT;
}

static bool is_test_of(json_object *object, const char *name)
{
	json_object *data, *webhook;

	return json_object_object_get_ex(object, "data", &data) &&
	       json_object_object_get_ex(data, "webhook", &webhook) &&
	       strcmp(json_object_get_string(webhook), name) == 0;
}

static bool queue_event(const struct store_event *event, const char *to, void *context)
{
	struct webhooks *webhooks = context;
	struct batch *batch = &webhooks->batch;
	enum webhook_event kind = sort(event, to);
	char id[EVENT_ID_SIZE];
	json_object *object;

	if (kind == WEBHOOK_EVENT_COUNT)
		return true;
	event_id_of_event(event, id);
	object = event_to_json(event, id, false);
	json_object_object_add(object, "schemaVersion", json_object_new_int(1));
	json_object_object_add(object, "event", json_object_new_string(webhook_event_name(kind)));
	for (size_t i = 0; i < webhooks->configs.count && batch->result == STORE_OK; i++) {
		const struct webhook_config *config = webhooks->hooks[i].config;

		if (kind == WEBHOOK_TEST ? !is_test_of(object, config->name) : !(config->events & 1u << kind))
			continue;
		if (webhooks->hooks[i].pending + batch->queued[i] >= WEBHOOK_QUEUE_MAX) {
			batch->dropped[i]++;
			continue;
		}
		json_object_object_add(object, "webhook", json_object_new_string(config->name));
		batch->result = store_webhook_queue(
			webhooks->store, config->name, event,
			json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			clock_milliseconds());
		batch->queued[i]++;
	}
	json_object_put(object);
	return batch->result == STORE_OK;
}

static void scan_batch(struct webhooks *webhooks, int64_t last)
{
	struct batch *batch = &webhooks->batch;
	bool write = last - webhooks->stored_cursor >= CURSOR_STRIDE;
	enum store_result result;

	memset(batch, 0, sizeof(*batch));
	batch->result = store_begin(webhooks->store);
	result = batch->result;
	if (result == STORE_OK)
		result = store_notable_events(webhooks->store, webhooks->cursor, last, queue_event, webhooks);
	if (result == STORE_OK)
		result = batch->result;
	for (size_t i = 0; result == STORE_OK && i < webhooks->configs.count; i++) {
		write = write || batch->queued[i] > 0 || batch->dropped[i] > 0;
		if (batch->dropped[i] > 0)
			result = store_webhook_dropped(webhooks->store, webhooks->hooks[i].config->name,
						       batch->dropped[i]);
	}
	if (result == STORE_OK && write)
		result = store_webhook_cursor_moves(webhooks->store, last);
	if (result == STORE_OK)
		result = store_commit(webhooks->store);
	if (result != STORE_OK) {
		store_rollback(webhooks->store);
		return;
	}
	webhooks->cursor = last;
	if (write)
		webhooks->stored_cursor = last;
	for (size_t i = 0; i < webhooks->configs.count; i++) {
		webhooks->hooks[i].pending += batch->queued[i];
		if (batch->dropped[i] > 0)
			log_event(LEVEL_ERROR, "webhook-dropped", "webhook", webhooks->hooks[i].config->name, "events",
				  log_number(batch->dropped[i]), "message", "as many wait for it as may", NULL);
	}
}

/* Whether there are more. */
static bool scan(struct webhooks *webhooks)
{
	int64_t oldest, newest, last;

	if (store_event_range(webhooks->store, &oldest, &newest) != STORE_OK)
		return false;
	if (webhooks->cursor > newest)
		webhooks->cursor = newest;
	if (webhooks->cursor + 1 < oldest) {
		log_event(LEVEL_ERROR, "webhook-gap", "events",
			  log_number((uint64_t)(oldest - 1 - webhooks->cursor)), "message",
			  "events were deleted before web hooks were told of them; raise events-kept", NULL);
		webhooks->cursor = oldest - 1;
	}
	if (webhooks->cursor >= newest)
		return false;
	last = newest - webhooks->cursor > SCAN_EVENTS ? webhooks->cursor + SCAN_EVENTS : newest;
	scan_batch(webhooks, last);
	return webhooks->cursor < newest;
}

static void expire(struct webhooks *webhooks)
{
	int64_t now = clock_steady_milliseconds();

	if (now < webhooks->expire_at)
		return;
	webhooks->expire_at = now + EXPIRE_EVERY_MILLISECONDS;
	for (size_t i = 0; i < webhooks->configs.count; i++) {
		struct hook *hook = &webhooks->hooks[i];
		uint64_t count = 0;

		if (hook->pending == 0 || store_webhook_expire(webhooks->store, hook->config->name,
							       clock_milliseconds() - GIVE_UP_MILLISECONDS,
							       &count) != STORE_OK)
			continue;
		hook->pending -= count < hook->pending ? count : hook->pending;
		if (count > 0)
			log_event(LEVEL_ERROR, "webhook-dropped", "webhook", hook->config->name, "events",
				  log_number(count), "message", "it has not accepted them for a day", NULL);
	}
}

/* ---- Sending ---- */

static void answered(int status, const char *error, void *context)
{
	struct slot *slot = context;

	slot->state = SLOT_ANSWERED;
	slot->status = status;
	slot->answered_at = clock_milliseconds();
	snprintf(slot->error, sizeof(slot->error), "%s", error);
	schedule_soon(slot->hook->webhooks);
}

/* v1=HEX of HMAC-SHA256 over the timestamp, a full stop and the body. */
static bool sign(const struct webhook_config *config, const char *timestamp, const char *body, char *header)
{
	size_t size = strlen(timestamp) + 1 + strlen(body);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	char *text = malloc(size + 1);
	int used = snprintf(header, HEADER_MAX, "Peering-Webhook-Signature: v1=");
	bool good;

	if (!text)
		return false;
	snprintf(text, size + 1, "%s.%s", timestamp, body);
	good = HMAC(EVP_sha256(), config->secret, (int)config->secret_size, (unsigned char *)text, size, digest,
		    &length) != NULL;
	free(text);
	for (unsigned int i = 0; good && i < length; i++)
		used += snprintf(header + used, (size_t)(HEADER_MAX - used), "%02x", digest[i]);
	return good;
}

static bool send_one(struct slot *slot, const struct store_delivery *delivery)
{
	const struct webhook_config *config = slot->hook->config;
	char id[HEADER_MAX], timestamp[HEADER_MAX], signature[HEADER_MAX], now[24];
	const char *headers[] = {"Content-Type: application/json", id, timestamp, signature,
				 "Expect:", /* none of curl's own */
				 NULL};
	struct http_post post = {.url = config->url, .ca = config->ca, .headers = headers, .body = delivery->body};

	snprintf(now, sizeof(now), "%" PRId64, clock_milliseconds() / 1000);
	snprintf(id, sizeof(id), "Peering-Webhook-Id: %s", delivery->id);
	snprintf(timestamp, sizeof(timestamp), "Peering-Webhook-Timestamp: %s", now);
	return sign(config, now, delivery->body, signature) &&
	       http_sender_post(slot->hook->webhooks->sender, &post, answered, slot);
}

static struct slot *find_slot(struct hook *hook, enum slot_state state, int64_t event)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (state == SLOT_FREE ? hook->slots[i].state == SLOT_FREE
				       : hook->slots[i].state != SLOT_FREE && hook->slots[i].event == event)
			return &hook->slots[i];
	return NULL;
}

static unsigned int slots_taken(const struct hook *hook)
{
	unsigned int taken = 0;

	for (size_t i = 0; i < SLOTS; i++)
		taken += hook->slots[i].state != SLOT_FREE;
	return taken;
}

static unsigned int slots_allowed(const struct hook *hook)
{
	return hook->failures > 0 ? 1 : SLOTS;
}

static bool send_due(const struct store_delivery *delivery, void *context)
{
	struct hook *hook = context;
	struct slot *slot;

	if (slots_taken(hook) >= slots_allowed(hook))
		return false;
	if (find_slot(hook, SLOT_SENT, delivery->event))
		return true;
	slot = find_slot(hook, SLOT_FREE, 0);
	slot->event = delivery->event;
	slot->attempts = delivery->attempts;
	slot->state = SLOT_SENT;
	if (send_one(slot, delivery))
		return true;
	/* Memory is short: later. */
	slot->state = SLOT_FREE;
	return false;
}

static void dispatch(struct webhooks *webhooks)
{
	int64_t steady = clock_steady_milliseconds();

	for (size_t i = 0; i < webhooks->configs.count; i++) {
		struct hook *hook = &webhooks->hooks[i];

		if (hook->pending > 0 && steady >= hook->resume_at && slots_taken(hook) < slots_allowed(hook))
			store_webhook_due(webhooks->store, hook->config->name, clock_milliseconds(), SLOTS, send_due,
					  hook);
	}
}

static void take_turn(evutil_socket_t fd, short what, void *context)
{
	struct webhooks *webhooks = context;
	bool more;
	TURN(TURN_EVENTS);

	write_results(webhooks);
	more = scan(webhooks);
	expire(webhooks);
	dispatch(webhooks);
	schedule(webhooks, more ? TURN_MILLISECONDS : IDLE_MILLISECONDS);
}

static void wake(void *context)
{
	schedule_soon(context);
}

/* ---- Life ---- */

struct known {
	struct webhooks *webhooks;
	char *gone[WEBHOOKS_MAX * 2]; /* not configured any more */
	size_t gone_count;
	size_t kept;
};

static bool recall(const struct store_webhook *webhook, void *context)
{
	struct known *known = context;

	for (size_t i = 0; i < known->webhooks->configs.count; i++) {
		struct hook *hook = &known->webhooks->hooks[i];

		if (strcmp(hook->config->name, webhook->name) != 0)
			continue;
		hook->pending = webhook->pending;
		known->kept++;
		return true;
	}
	if (known->gone_count < WEBHOOKS_MAX * 2)
		known->gone[known->gone_count++] = strdup(webhook->name);
	return true;
}

/* What was configured before goes on where it was; what is new hears of what comes from now on. */
static enum store_result settle(struct webhooks *webhooks)
{
	struct known known = {.webhooks = webhooks};
	enum store_result result = store_webhooks(webhooks->store, recall, &known);
	int64_t oldest, newest = 0;

	if (result == STORE_OK)
		result = store_begin(webhooks->store);
	for (size_t i = 0; i < known.gone_count; i++) {
		if (result == STORE_OK && known.gone[i])
			result = store_webhook_remove(webhooks->store, known.gone[i]);
		free(known.gone[i]);
	}
	for (size_t i = 0; result == STORE_OK && i < webhooks->configs.count; i++)
		result = store_webhook_add(webhooks->store, webhooks->configs.list[i].name);
	if (result == STORE_OK)
		result = store_event_range(webhooks->store, &oldest, &newest);
	if (result == STORE_OK)
		result = store_webhook_cursor(webhooks->store, &webhooks->cursor);
	if (result == STORE_NOT_FOUND || (result == STORE_OK && known.kept == 0)) {
		webhooks->cursor = newest;
		result = store_webhook_cursor_moves(webhooks->store, newest);
	}
	webhooks->stored_cursor = webhooks->cursor;
	if (result == STORE_OK)
		result = store_commit(webhooks->store);
	if (result != STORE_OK)
		store_rollback(webhooks->store);
	return result;
}

struct webhooks *webhooks_new(struct event_base *base, struct store *store, struct events *events,
			      struct webhook_configs *configs, char *error, size_t error_size)
{
	struct webhooks *webhooks = calloc(1, sizeof(*webhooks));

	snprintf(error, error_size, "memory is short");
	if (!webhooks)
		return NULL;
	webhooks->store = store;
	webhooks->configs = *configs;
	memset(configs, 0, sizeof(*configs));
	webhooks->hooks = calloc(webhooks->configs.count + 1, sizeof(*webhooks->hooks));
	webhooks->sender = http_sender_new(base);
	webhooks->turn = event_new(base, -1, 0, take_turn, webhooks);
	if (!webhooks->hooks || !webhooks->sender || !webhooks->turn) {
		webhooks_free(webhooks);
		return NULL;
	}
	for (size_t i = 0; i < webhooks->configs.count; i++) {
		webhooks->hooks[i].webhooks = webhooks;
		webhooks->hooks[i].config = &webhooks->configs.list[i];
		for (size_t j = 0; j < SLOTS; j++)
			webhooks->hooks[i].slots[j].hook = &webhooks->hooks[i];
	}
	if (settle(webhooks) != STORE_OK) {
		snprintf(error, error_size, "%s", store_error(store));
		webhooks_free(webhooks);
		return NULL;
	}
	if (webhooks->configs.count > 0) {
		webhooks->listener = (struct events_listener){.wake = wake, .context = webhooks};
		events_listen(events, &webhooks->listener);
		webhooks->listening = true;
		schedule(webhooks, TURN_MILLISECONDS);
	}
	return webhooks;
}

void webhooks_free(struct webhooks *webhooks)
{
	if (!webhooks)
		return;
	if (webhooks->listening)
		events_unlisten(&webhooks->listener);
	/* What was answered is not to be sent again. */
	if (webhooks->hooks && webhooks->sender)
		write_results(webhooks);
	http_sender_free(webhooks->sender);
	if (webhooks->turn)
		event_free(webhooks->turn);
	webhook_configs_free(&webhooks->configs);
	free(webhooks->hooks);
	free(webhooks);
}

const struct webhook_configs *webhooks_configs(const struct webhooks *webhooks)
{
	return &webhooks->configs;
}
