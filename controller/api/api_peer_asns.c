// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /v1/peer-asns: who the other networks are, whom to call there, and whether that has been validated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/api_audit.h"
#include "controller/api/api_etag.h"
#include "controller/api/api_list.h"
#include "controller/api/api_peerings.h"
#include "controller/json_reader.h"
#include "controller/text.h"

#define NAME_MAX_BYTES 80
#define EMAIL_MAX 254
#define PHONE_MAX 40
#define CONTACTS_MAX 16

static const char *const states[] = {"None", "Pending", "Approved", "Failed", NULL};

/* ---- Reading ---- */

/* Of the path; 0 where it has answered. A peer hears of its own alone. */
static uint32_t read_asn(const struct api_request *request)
{
	const char *text = request->segments[1];
	unsigned long long asn = strlen(text) <= 10 && strspn(text, "0123456789") == strlen(text) ? strtoull(text, NULL, 10)
												  : 0;

	if (asn >= 1 && asn <= UINT32_MAX && api_may_see_asn(request, (uint32_t)asn))
		return (uint32_t)asn;
	api_problem(request->http, 404, "unknown-asn",
		    "there is no such peer AS: an AS is named by its number, such as 64510; `peerctl asn list` shows which there are",
		    NULL);
	return 0;
}

static bool read_contact(json_object *entry, size_t index, json_object *contacts, bool *noc, struct json_fault *fault)
{
	static const char *const keys[] = {"role", "name", "email", "phone", NULL};
	static const char *const roles[] = {"noc",     "policy",     "technical", "service",
					    "escalation", "other", NULL};
	const char *name = "", *email = "", *phone = "";
	json_object *contact;
	char where[32];
	int role = -1;

	snprintf(where, sizeof(where), "contacts[%zu].", index);
	if (!json_read_object(entry, where, keys, fault) || !json_read_word(entry, where, "role", roles, &role, fault) ||
	    !json_read_text(entry, where, "name", NAME_MAX_BYTES, &name, fault) ||
	    !json_read_text(entry, where, "email", EMAIL_MAX, &email, fault) ||
	    !json_read_text(entry, where, "phone", PHONE_MAX, &phone, fault))
		return false;
	if (role < 0)
		return json_refuse(fault, "bad-value", "%srole is missing; there are noc, policy, technical, service, "
				   "escalation and other", where);
	if (email[0] == '\0' && phone[0] == '\0')
		return json_refuse(fault, "bad-value", "%semail or phone must be there", where);
	if (email[0] && (!strchr(email, '@') || strchr(email, '@') == email || strpbrk(email, " ,;<>\"")))
		return json_refuse(fault, "bad-value", "%semail is no e-mail address", where);
	if (strspn(phone, "+0123456789 ()-./x") != strlen(phone))
		return json_refuse(fault, "bad-value", "%sphone is no telephone number, such as +49 69 1234", where);
	*noc = *noc || (role == 0 && email[0]);
	contact = json_object_new_object();
	json_object_object_add(contact, "role", json_object_new_string(roles[role]));
	json_object_object_add(contact, "name", api_text(name));
	json_object_object_add(contact, "email", api_text(email));
	json_object_object_add(contact, "phone", api_text(phone));
	json_object_array_add(contacts, contact);
	return true;
}

static bool read_body(json_object *body, const char **name, json_object *contacts, struct json_fault *fault)
{
	static const char *const keys[] = {"name", "contacts", NULL};
	json_object *list = NULL;
	bool noc = false;

	if (!json_read_object(body, "", keys, fault) || !json_read_text(body, "", "name", NAME_MAX_BYTES, name, fault) ||
	    !json_read_list(body, "", "contacts", CONTACTS_MAX, &list, fault))
		return false;
	if ((*name)[0] == '\0')
		return json_refuse(fault, "bad-value", "name is missing; give the network's name");
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (!read_contact(json_object_array_get_idx(list, i), i, contacts, &noc, fault))
			return false;
	return noc ? true
		   : json_refuse(fault, "bad-value",
				 "contacts must have one with the role noc and an email: whom to write to when traffic stops");
}

/* ---- Showing ---- */

struct shown {
	const struct api_request *request;
	json_object *object;
};

static void fill(json_object *object, const struct api_request *request, const struct store_peer_asn *peer_asn)
{
	json_object_object_add(object, "peerAsn", json_object_new_int64(peer_asn->asn));
	json_object_object_add(object, "name", json_object_new_string(peer_asn->name));
	json_object_object_add(object, "contacts", json_tokener_parse(peer_asn->contacts));
	json_object_object_add(object, "validationState", json_object_new_string(peer_asn->state));
	json_object_object_add(object, "validationReason", api_text(peer_asn->reason));
	json_object_object_add(object, "validatedBy", api_actor(request, peer_asn->validated_by));
	json_object_object_add(object, "validatedAt", api_time(peer_asn->validated_at));
	json_object_object_add(object, "changedBy", api_actor(request, peer_asn->changed_by));
	json_object_object_add(object, "changedAt", api_time(peer_asn->changed_at));
}

static bool show_one(const struct store_peer_asn *peer_asn, void *context)
{
	struct shown *shown = context;

	shown->object = api_object();
	fill(shown->object, shown->request, peer_asn);
	return true;
}

static const char *const change_keys[] = {"peerAsn", "name", "contacts", "validationState", "validationReason", NULL};

/* False where it has answered. */
static bool if_match(const struct api_request *request, uint32_t asn)
{
	struct shown shown = {.request = request};
	char etag[API_ETAG_SIZE];
	enum store_result result;
	bool good;

	if (!api_has_if_match(request))
		return true;
	result = store_peer_asn(api_store(request->api), asn, show_one, &shown);
	if (result != STORE_OK && result != STORE_NOT_FOUND) {
		api_problem_store(request->http, api_store(request->api), result);
		return false;
	}
	if (result == STORE_OK)
		api_etag(shown.object, change_keys, etag);
	good = api_if_match(request, result == STORE_OK ? etag : NULL);
	json_object_put(shown.object);
	return good;
}

static void answer_with(const struct api_request *request, uint32_t asn, int status)
{
	struct shown shown = {.request = request};
	enum store_result result = store_peer_asn(api_store(request->api), asn, show_one, &shown);
	char location[40];

	snprintf(location, sizeof(location), "/v1/peer-asns/%u", asn);
	if (result == STORE_OK && status == 200)
		api_reply_tagged(request, shown.object, change_keys);
	else if (result == STORE_OK)
		api_reply(request->http, status, shown.object, location);
	else if (result == STORE_NOT_FOUND)
		api_problem_format(request->http, 404, "unknown-asn",
				   "peer AS%u is not registered; `peerctl asn set %u FILE` does that", asn, asn);
	else
		api_problem_store(request->http, api_store(request->api), result);
}

void api_get_peer_asn(const struct api_request *request)
{
	uint32_t asn = read_asn(request);

	if (asn != 0)
		answer_with(request, asn, 200);
}

static bool add_one(const struct store_peer_asn *peer_asn, void *context)
{
	struct api_list *list = context;
	json_object *object;

	if (!api_list_room(list, strlen(peer_asn->contacts)))
		return false;
	object = json_object_new_object();
	fill(object, list->request, peer_asn);
	api_list_add(list, object, json_object_new_int64(peer_asn->asn));
	return true;
}

void api_get_peer_asns(const struct api_request *request)
{
	struct peering_filter filter;
	struct api_list list;

	if (!api_read_peering_filter(request, states, &filter))
		return;
	api_list_begin(&list, request, filter.limit);
	api_list_reply(&list, "peerAsns",
		       store_peer_asns(api_store(request->api), filter.state, filter.asn,
				       (uint32_t)strtoul(filter.after, NULL, 10), filter.limit + 1, add_one, &list));
}

/* ---- Changing ---- */

/* What a change has to know of the row that is there. */
struct before {
	char state[16];
	char reason[256];
	char validated_by[API_ACTOR_MAX];
	int64_t validated_at;
	char name[NAME_MAX_BYTES + 1];
	char *contacts;
	char changed_by[API_ACTOR_MAX];
	int64_t changed_at;
};

static bool keep(const struct store_peer_asn *peer_asn, void *context)
{
	struct before *before = context;

	snprintf(before->state, sizeof(before->state), "%s", peer_asn->state);
	snprintf(before->reason, sizeof(before->reason), "%s", peer_asn->reason);
	snprintf(before->validated_by, sizeof(before->validated_by), "%s", peer_asn->validated_by);
	snprintf(before->name, sizeof(before->name), "%s", peer_asn->name);
	snprintf(before->changed_by, sizeof(before->changed_by), "%s", peer_asn->changed_by);
	before->contacts = strdup(peer_asn->contacts);
	before->validated_at = peer_asn->validated_at;
	before->changed_at = peer_asn->changed_at;
	return true;
}

static struct store_peer_asn row_of(uint32_t asn, const struct before *before)
{
	return (struct store_peer_asn){
		.asn = asn,
		.name = before->name,
		.contacts = before->contacts ? before->contacts : "[]",
		.state = before->state[0] ? before->state : "None",
		.reason = before->reason,
		.validated_by = before->validated_by,
		.validated_at = before->validated_at,
		.changed_by = before->changed_by,
		.changed_at = before->changed_at,
	};
}

static enum store_result audit(const struct api_request *request, const char *action, uint32_t asn, const char *key,
			       const char *value)
{
	json_object *detail = json_object_new_object();
	enum store_result result;
	char object[24];

	snprintf(object, sizeof(object), "AS%u", asn);
	if (key)
		json_object_object_add(detail, key, json_object_new_string(value));
	result = api_audit(request, action, object, json_plain(detail));
	json_object_put(detail);
	return result;
}

/* Whose name another network has changed itself is validated again. */
static const char *state_after_put(const struct api_request *request, const struct before *before, const char *name)
{
	bool peer = request->identity.role == API_ROLE_PEER;

	if (before->state[0] == '\0' || (peer && strcmp(before->state, "None") == 0))
		return peer ? "Pending" : "None";
	return peer && (strcmp(before->name, name) != 0 || strcmp(before->state, "Failed") == 0) ? "Pending"
												 : before->state;
}

void api_put_peer_asn(const struct api_request *request)
{
	uint32_t asn = read_asn(request);
	json_object *contacts = json_object_new_array();
	struct store *store = api_store(request->api);
	struct before before = {.state = ""};
	struct json_fault fault = {.code = ""};
	json_object *body = NULL;
	const char *name = "";
	enum store_result result;

	if (asn == 0 || !if_match(request, asn) || !api_read_body(request, &body)) {
		json_object_put(contacts);
		return;
	}
	if (!read_body(body, &name, contacts, &fault)) {
		api_problem(request->http, 400, fault.code, fault.sentence, NULL);
	} else {
		result = store_begin(store);
		if (result == STORE_OK)
			result = store_peer_asn(store, asn, keep, &before);
		if (result == STORE_OK || result == STORE_NOT_FOUND) {
			struct store_peer_asn row = row_of(asn, &before);

			row.name = name;
			row.contacts = json_plain(contacts);
			row.state = state_after_put(request, &before, name);
			if (strcmp(row.state, "Pending") == 0)
				row.reason = "";
			row.changed_by = request->identity.actor;
			row.changed_at = clock_milliseconds();
			result = store_peer_asn_put(store, &row);
		}
		if (result == STORE_OK)
			result = audit(request, "peer-asn.put", asn, "name", name);
		if (api_commit(request, result))
			answer_with(request, asn, before.state[0] ? 200 : 201);
	}
	free(before.contacts);
	json_object_put(contacts);
	json_object_put(body);
}

void api_delete_peer_asn(const struct api_request *request)
{
	struct store *store = api_store(request->api);
	uint32_t asn = read_asn(request);
	enum store_result result;
	json_object *answer;

	if (asn == 0 || !if_match(request, asn))
		return;
	result = store_begin(store);
	if (result == STORE_OK)
		result = store_peer_asn_delete(store, asn);
	if (result == STORE_REFUSED || result == STORE_NOT_FOUND) {
		store_rollback(store);
		if (result == STORE_NOT_FOUND)
			api_problem_format(request->http, 404, "unknown-asn", "peer AS%u is not registered", asn);
		else
			api_problem_format(request->http, 409, "in-use",
					   "a peering with AS%u has not ended; reject, withdraw or deprovision it first", asn);
		return;
	}
	if (result == STORE_OK)
		result = audit(request, "peer-asn.delete", asn, NULL, NULL);
	if (!api_commit(request, result))
		return;
	answer = api_object();
	json_object_object_add(answer, "peerAsn", json_object_new_int64(asn));
	json_object_object_add(answer, "deleted", json_object_new_boolean(true));
	api_reply(request->http, 200, answer, NULL);
}

/* {"state": "Approved"}, {"state": "Failed", "reason": "…"}, {"state": "Pending"} */
static bool read_validation(json_object *body, int *state, const char **reason, struct json_fault *fault)
{
	static const char *const keys[] = {"state", "reason", NULL};
	static const char *const given[] = {"Pending", "Approved", "Failed", NULL};

	if (!json_read_object(body, "", keys, fault) || !json_read_word(body, "", "state", given, state, fault) ||
	    !json_read_text(body, "", "reason", PEERINGS_REASON_MAX, reason, fault))
		return false;
	if (*state < 0)
		return json_refuse(fault, "bad-value", "state is missing; there are Pending, Approved and Failed");
	(*state)++;
	return strcmp(states[*state], "Failed") == 0 && (*reason)[0] == '\0'
		       ? json_refuse(fault, "bad-value", "reason is missing; say why the validation failed")
		       : true;
}

void api_post_peer_asn_validate(const struct api_request *request)
{
	struct peerings *peerings = api_peerings(request->api);
	struct store *store = api_store(request->api);
	uint32_t asn = read_asn(request);
	struct before before = {.state = ""};
	struct json_fault fault = {.code = ""};
	json_object *body = NULL;
	const char *reason = "";
	enum store_result result;
	int state = -1;

	if (asn == 0 || !if_match(request, asn) || !api_read_body(request, &body))
		return;
	if (!read_validation(body, &state, &reason, &fault)) {
		api_problem(request->http, 400, fault.code, fault.sentence, NULL);
		json_object_put(body);
		return;
	}
	result = store_begin(store);
	if (result == STORE_OK)
		result = store_peer_asn(store, asn, keep, &before);
	if (result == STORE_NOT_FOUND) {
		store_rollback(store);
		api_problem_format(request->http, 404, "unknown-asn",
				   "peer AS%u is not registered; `peerctl asn set %u FILE` does that", asn, asn);
	} else {
		struct store_peer_asn row = row_of(asn, &before);

		row.state = states[state];
		row.reason = reason;
		row.validated_by = request->identity.actor;
		row.validated_at = clock_milliseconds();
		if (result == STORE_OK)
			result = store_peer_asn_put(store, &row);
		if (result == STORE_OK)
			result = audit(request, "peer-asn.validate", asn, "state", row.state);
		if (result == STORE_OK && strcmp(row.state, "Approved") == 0)
			result = peerings_asn_changed(peerings, asn);
		if (api_commit(request, result)) {
			peerings_look(peerings);
			answer_with(request, asn, 200);
		}
	}
	free(before.contacts);
	json_object_put(body);
}
