// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_idempotency.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/api/api_clients.h"
#include "controller/api/token.h"
#include "controller/log.h"
#include "controller/text.h"

#define KEY_MAX 255
/* Shown once: the second time it is not in the answer. */
#define SECRET_MEMBER "token"

struct api_claim {
	LIST_ENTRY(api_claim) link;
	struct store *store;
	char *owner, *key;
	char request[TOKEN_HASH_SIZE];
	bool kept;
};

/* Those that run now, of every connection. */
static LIST_HEAD(, api_claim) claims = LIST_HEAD_INITIALIZER(claims);

void api_claim_free(struct api_claim *claim)
{
	if (!claim)
		return;
	LIST_REMOVE(claim, link);
	free(claim->owner);
	free(claim->key);
	free(claim);
}

static bool is_key(const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < length; i++)
		if (key[i] < 0x21 || key[i] > 0x7e)
			return false;
	return length > 0 && length <= KEY_MAX;
}

/* To whom a key belongs: the name of a token may be another network's by now. */
static const char *owner_of(const struct api_request *request)
{
	return request->identity.token[0] ? request->identity.token : request->identity.actor;
}

static bool claim_it(const struct api_request *request, const char *key, const char *hash)
{
	struct api_claim *claim = calloc(1, sizeof(*claim));

	if (!claim)
		return false;
	claim->store = api_store(request->api);
	claim->owner = strdup(owner_of(request));
	claim->key = strdup(key);
	memcpy(claim->request, hash, sizeof(claim->request));
	LIST_INSERT_HEAD(&claims, claim, link);
	if (claim->owner && claim->key && api_clients_set_claim(api_client_ssl(request->http), claim))
		return true;
	api_claim_free(claim);
	return false;
}

static const struct api_claim *find_claim(const char *owner, const char *key)
{
	const struct api_claim *claim;

	LIST_FOREACH (claim, &claims, link)
		if (strcmp(claim->owner, owner) == 0 && strcmp(claim->key, key) == 0)
			return claim;
	return NULL;
}

/* What was asked for: method, address and body. */
static bool hash_request(const struct api_request *request, char hash[TOKEN_HASH_SIZE])
{
	return token_hash(hash, evhttp_request_get_uri(request->http), request->body, NULL);
}

static void refuse_other_request(const struct api_request *request)
{
	api_problem(request->http, 422, "key-reused",
		    "this Idempotency-Key was used for another request in the last 24 hours; take a new one", NULL);
}

struct found {
	const struct api_request *request;
	const char *hash;
};

/* Answers as the first time. */
static void answer_again(const struct store_idempotency *row, void *context)
{
	struct found *found = context;
	struct evhttp_request *http = found->request->http;
	json_object *object;

	if (strcmp(row->request, found->hash) != 0) {
		refuse_other_request(found->request);
		return;
	}
	evhttp_add_header(evhttp_request_get_output_headers(http), "Idempotency-Replayed", "true");
	if (row->status != 0 && (object = json_tokener_parse(row->answer)))
		api_send(http, row->status, object, row->location[0] ? row->location : NULL);
	else if (row->push_id[0])
		/* Nobody heard the answer, but it stands with the push. */
		api_answer_with_push(found->request->api, http, row->push_id);
	else
		api_problem(http, 409, "answer-lost",
			    "this was done, but its answer was lost when the controller ended; look at what is there", NULL);
}

/* Whether one more may be kept; else it has answered. None is forgotten before its time to make room. */
static bool has_room(const struct api_request *request)
{
	unsigned int most = api_config(request->api)->idempotency_keys;
	struct store *store = api_store(request->api);
	uint64_t count;
	enum store_result result = store_idempotency_count(store, &count);

	if (result != STORE_OK) {
		api_problem_store(request->http, store, result);
		return false;
	}
	if (count < most)
		return true;
	evhttp_add_header(evhttp_request_get_output_headers(request->http), "Retry-After", "3600");
	api_problem_format(request->http, 429, "too-many-keys",
			   "%u Idempotency-Keys of the last 24 hours are kept, and no more may be; send it without one, or "
			   "raise idempotency-keys in the configuration",
			   most);
	return false;
}

bool api_idempotency_begin(const struct api_request *request)
{
	const char *key = evhttp_find_header(evhttp_request_get_input_headers(request->http), "Idempotency-Key");
	const struct api_claim *running;
	char hash[TOKEN_HASH_SIZE];
	struct found found = {.request = request, .hash = hash};
	enum store_result result;

	if (!key)
		return true;
	if (!is_key(key)) {
		api_problem_format(request->http, 400, "bad-key",
				   "an Idempotency-Key has 1 to %d printable ASCII characters, and no space", KEY_MAX);
		return false;
	}
	if (!hash_request(request, hash)) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return false;
	}
	running = find_claim(owner_of(request), key);
	if (running) {
		if (strcmp(running->request, hash) != 0) {
			refuse_other_request(request);
		} else {
			evhttp_add_header(evhttp_request_get_output_headers(request->http), "Retry-After", "1");
			api_problem(request->http, 409, "still-running",
				    "the same request with this Idempotency-Key is not answered yet; try again soon", NULL);
		}
		return false;
	}
	result = store_idempotency(api_store(request->api), owner_of(request), key,
				   clock_milliseconds() - API_KEYS_KEPT_MILLISECONDS, answer_again, &found);
	if (result == STORE_OK)
		return false;
	if (result != STORE_NOT_FOUND) {
		api_problem_store(request->http, api_store(request->api), result);
		return false;
	}
	if (!has_room(request))
		return false;
	if (!claim_it(request, key, hash)) {
		api_problem(request->http, 503, "no-memory", "memory is short; try again", NULL);
		return false;
	}
	return true;
}

enum store_result api_idempotency_keep(const struct api_request *request, const char *detail_json)
{
	struct api_claim *claim = api_clients_claim(api_client_ssl(request->http));
	struct store_idempotency row = {.push_id = ""};
	json_object *detail, *id;
	enum store_result result;

	if (!claim || claim->kept)
		return STORE_OK;
	detail = json_tokener_parse(detail_json);
	if (json_object_object_get_ex(detail, "pushId", &id))
		row.push_id = json_object_get_string(id);
	row.actor = claim->owner;
	row.key = claim->key;
	row.request = claim->request;
	row.created_at = clock_milliseconds();
	result = store_idempotency_keep(claim->store, &row);
	claim->kept = result == STORE_OK;
	json_object_put(detail);
	return result;
}

void api_idempotency_answer(struct evhttp_request *http, int status, json_object *object)
{
	SSL *ssl = api_client_ssl(http);
	struct api_claim *claim = api_clients_claim(ssl);
	const char *location = evhttp_find_header(evhttp_request_get_output_headers(http), "Location");
	json_object *copy = NULL;

	if (!claim)
		return;
	if (claim->kept && json_object_deep_copy(object, &copy, NULL) == 0) {
		struct store_idempotency row = {.actor = claim->owner, .key = claim->key, .status = status};

		json_object_object_del(copy, SECRET_MEMBER);
		row.location = location ? location : "";
		row.answer = json_object_to_json_string_ext(copy, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
		/* Where it cannot be kept the change is; a repetition hears of that. */
		if (store_idempotency_answered(claim->store, &row) != STORE_OK)
			log_event(LEVEL_WARNING, "answer-not-kept", "message", store_error(claim->store), NULL);
		json_object_put(copy);
	}
	api_clients_set_claim(ssl, NULL);
	api_claim_free(claim);
}
