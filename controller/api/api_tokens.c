// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * GET, POST /v1/tokens and DELETE /v1/tokens/ID. A token is shown once, in the answer that made it.
 */
#include "controller/api/api_tokens.h"

#include <string.h>

#include "controller/api/api.h"
#include "controller/api/api_audit.h"
#include "controller/api/api_list.h"
#include "controller/log.h"
#include "controller/text.h"

#define DAY_MILLISECONDS ((int64_t)86400 * 1000)

enum store_result token_create(struct store *store, const struct token_wish *wish, char text[TOKEN_TEXT_SIZE],
			       char id[TOKEN_ID_SIZE])
{
	struct token_parts parts;
	struct store_token token = {
		.id = parts.id,
		.name = wish->name,
		.role = api_role_name(wish->role),
		.asn = wish->asn,
		.hash = parts.hash,
		.created_by = wish->created_by,
		.created_at = clock_milliseconds(),
	};

	token.expires_at = token.created_at + wish->days * DAY_MILLISECONDS;
	if (!token_draw(text, &parts))
		return STORE_FAILED;
	memcpy(id, parts.id, sizeof(parts.id));
	return store_token_create(store, &token);
}

static void fill(json_object *object, const struct store_token *token)
{
	json_object_object_add(object, "id", json_object_new_string(token->id));
	json_object_object_add(object, "name", json_object_new_string(token->name));
	json_object_object_add(object, "role", json_object_new_string(token->role));
	json_object_object_add(object, "asn", token->asn ? json_object_new_int64(token->asn) : NULL);
	json_object_object_add(object, "createdBy", json_object_new_string(token->created_by));
	json_object_object_add(object, "createdAt", api_time(token->created_at));
	json_object_object_add(object, "expiresAt", api_time(token->expires_at));
	json_object_object_add(object, "lastUsedAt", api_time(token->last_used_at));
	json_object_object_add(object, "revokedAt", api_time(token->revoked_at));
	json_object_object_add(object, "revokedBy", api_text(token->revoked_by));
}

static bool add_token(const struct store_token *token, void *context)
{
	struct api_list *list = context;
	json_object *object;

	if (!api_list_room(list, 0))
		return false;
	object = json_object_new_object();
	fill(object, token);
	api_list_add(list, object, json_object_new_int64(token->number));
	return true;
}

void api_get_tokens(const struct api_request *request)
{
	struct api_list list;
	struct api_page page;

	if (!api_read_page(request, &page))
		return;
	api_list_begin(&list, request, page.limit);
	api_list_reply(&list, "tokens",
		       store_tokens(api_store(request->api), page.after, page.limit + 1, add_token, &list));
}

static bool fill_one(const struct store_token *token, void *context)
{
	fill(context, token);
	return true;
}

/* ---- Making one ---- */

static bool is_whole(json_object *value, int64_t least, int64_t most)
{
	return json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= least &&
	       json_object_get_int64(value) <= most;
}

/* NULL, or the sentence that says what is wrong. wish->name stays the body's. */
static const char *read_wish(json_object *body, struct token_wish *wish)
{
	int role = -1;

	if (!json_object_is_type(body, json_type_object))
		return "the body must be a JSON object with name and role";
	json_object_object_foreach (body, key, value) {
		const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

		if (strcmp(key, "name") == 0) {
			if (!token_name_is_good(text) || strlen(text) != (size_t)json_object_get_string_len(value))
				return "the name of a token has 1 to 64 letters, digits, '.', '_', '-' or '@'";
			wish->name = text;
		} else if (strcmp(key, "role") == 0) {
			role = api_role_from_name(text);
			if (role < 0)
				return "the role of a token is peer, viewer, operator or admin";
		} else if (strcmp(key, "asn") == 0) {
			if (!is_whole(value, 1, UINT32_MAX))
				return "asn is a whole number from 1 to 4294967295";
			wish->asn = (uint32_t)json_object_get_int64(value);
		} else if (strcmp(key, "validDays") == 0) {
			if (!is_whole(value, 1, TOKEN_DAYS_MAX))
				return "validDays is a whole number from 1 to 3650";
			wish->days = (unsigned int)json_object_get_int64(value);
		} else {
			return "a token has name, role, validDays and, for a peer, asn; nothing else";
		}
	}
	if (!wish->name || role < 0)
		return "name and role must be there";
	wish->role = (enum api_role)role;
	if ((wish->role == API_ROLE_PEER) != (wish->asn != 0))
		return "a peer's token, and no other, has the peer's asn";
	return NULL;
}

/* A change of tokens that is to be logged with them, and committed. */
static enum store_result finish(const struct api_request *request, const char *action, const char *id)
{
	struct store *store = api_store(request->api);
	json_object *detail = json_object_new_object();
	enum store_result result = store_token(store, id, fill_one, detail);

	/* What changes with use has no place in it. */
	json_object_object_del(detail, "lastUsedAt");
	if (result == STORE_OK)
		result = api_audit(request, action, id, json_object_to_json_string(detail));
	json_object_put(detail);
	return result == STORE_OK ? store_commit(store) : result;
}

static void make(const struct api_request *request, const struct token_wish *wish)
{
	struct store *store = api_store(request->api);
	char text[TOKEN_TEXT_SIZE], id[TOKEN_ID_SIZE];
	enum store_result result = store_begin(store);
	json_object *answer;

	if (result == STORE_OK)
		result = store_token_named(store, wish->name);
	if (result == STORE_OK) {
		store_rollback(store);
		api_problem_format(request->http, 409, "name-taken",
				   "there is a token \"%s\"; revoke that one, or choose another name", wish->name);
		return;
	}
	if (result == STORE_NOT_FOUND)
		result = token_create(store, wish, text, id);
	if (result == STORE_OK)
		result = finish(request, "token.create", id);
	if (result != STORE_OK) {
		store_rollback(store);
		api_problem_store(request->http, store, result);
		return;
	}
	log_event(LEVEL_INFO, "token-created", "token", id, "name", wish->name, "role", api_role_name(wish->role), "actor",
		  request->identity.actor, NULL);
	answer = api_object();
	store_token(store, id, fill_one, answer);
	json_object_object_add(answer, "token", json_object_new_string(text));
	api_reply(request->http, 201, answer, NULL);
}

void api_post_token(const struct api_request *request)
{
	struct token_wish wish = {.days = TOKEN_DAYS_STANDARD, .created_by = request->identity.actor};
	const char *wrong;
	json_object *body;

	if (!api_read_body(request, &body))
		return;
	wrong = read_wish(body, &wish);
	if (wrong)
		api_problem(request->http, 400, "bad-value", wrong, NULL);
	else
		make(request, &wish);
	json_object_put(body);
}

void api_delete_token(const struct api_request *request)
{
	struct store *store = api_store(request->api);
	const char *id = request->segments[1];
	enum store_result result = store_begin(store);
	json_object *answer;

	if (result == STORE_OK)
		result = store_token(store, id, NULL, NULL);
	if (result == STORE_NOT_FOUND) {
		store_rollback(store);
		api_problem(request->http, 404, "unknown-token", "there is no token with this id; `peerctl token list` shows which there are", NULL);
		return;
	}
	if (result == STORE_OK)
		result = store_token_revoked(store, id, clock_milliseconds(), request->identity.actor);
	if (result == STORE_OK)
		result = finish(request, "token.revoke", id);
	if (result != STORE_OK) {
		store_rollback(store);
		api_problem_store(request->http, store, result);
		return;
	}
	log_event(LEVEL_INFO, "token-revoked", "token", id, "actor", request->identity.actor, NULL);
	answer = api_object();
	store_token(store, id, fill_one, answer);
	api_reply(request->http, 200, answer, NULL);
}
