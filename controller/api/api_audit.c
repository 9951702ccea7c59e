// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_audit.h"

#include <string.h>

#include "controller/api/api_idempotency.h"
#include "controller/api/api_list.h"
#include "controller/log.h"
#include "controller/text.h"

bool api_may_change(const struct api_request *request)
{
	unsigned int most = api_config(request->api)->peer_changes;
	struct store *store = api_store(request->api);
	int64_t now = clock_milliseconds(), since;
	enum store_result result;
	uint64_t count;

	if (request->identity.role != API_ROLE_PEER)
		return true;
	result = store_peer_changes(store, request->identity.asn, now - API_PEER_MILLISECONDS, now, &count, &since);
	if (result != STORE_OK) {
		api_problem_store(request->http, store, result);
		return false;
	}
	if (count < most)
		return true;
	evhttp_add_header(evhttp_request_get_output_headers(request->http), "Retry-After",
			  log_number((uint64_t)(since + API_PEER_MILLISECONDS - now) / 1000 + 1));
	api_problem_format(request->http, 429, "too-many-changes",
			   "AS%u has changed %u things within 24 hours, and may not change more; try again later, or ask this "
			   "network's operators",
			   request->identity.asn, most);
	return false;
}

enum store_result api_audit(const struct api_request *request, const char *action, const char *object,
			    const char *detail_json)
{
	char address[LISTENER_ADDRESS_SIZE];
	struct store_audit row = {
		.at = clock_milliseconds(),
		.actor = request->identity.actor,
		.role = api_role_name(request->identity.role),
		.address = address,
		.action = action,
		.object = object,
		.detail = detail_json ? detail_json : "{}",
	};
	enum store_result result;

	api_client_address(request->http, address);
	result = store_audit(api_store(request->api), &row);
	if (result == STORE_OK && request->identity.role == API_ROLE_PEER)
		result = store_peer_changed(api_store(request->api), request->identity.asn, row.at - API_PEER_MILLISECONDS,
					    row.at);
	if (result == STORE_OK)
		result = api_idempotency_keep(request, row.detail);
	return result;
}

static bool add_row(const struct store_audit *row, void *context)
{
	struct api_list *list = context;
	json_object *object;

	if (!api_list_room(list, strlen(row->detail)))
		return false;
	object = json_object_new_object();
	json_object_object_add(object, "id", json_object_new_int64(row->id));
	json_object_object_add(object, "at", api_time(row->at));
	json_object_object_add(object, "actor", json_object_new_string(row->actor));
	json_object_object_add(object, "role", json_object_new_string(row->role));
	json_object_object_add(object, "address", json_object_new_string(row->address));
	json_object_object_add(object, "action", json_object_new_string(row->action));
	json_object_object_add(object, "object", json_object_new_string(row->object));
	json_object_object_add(object, "detail", json_tokener_parse(row->detail));
	json_object_object_add(object, "result", json_object_new_string(row->result));
	api_list_add(list, object, json_object_new_int64(row->id));
	return true;
}

void api_get_audit(const struct api_request *request)
{
	enum store_result result;
	struct api_list list;
	struct api_page page;
	int64_t newest = 0;

	if (!api_read_page(request, &page))
		return;
	api_list_begin(&list, request, page.limit);
	result = store_audits(api_store(request->api), page.after, page.limit + 1, add_row, &list);
	if (result == STORE_OK)
		result = store_audit_newest(api_store(request->api), &newest);
	json_object_object_add(list.answer, "newest", json_object_new_int64(newest));
	api_list_reply(&list, "audit", result);
}
