// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_list.h"

void api_list_begin(struct api_list *list, const struct api_request *request, unsigned int limit)
{
	*list = (struct api_list){.request = request, .limit = limit, .answer = api_object(),
				   .array = json_object_new_array()};
}

bool api_list_room(struct api_list *list, size_t bytes)
{
	/* One at least, however long: who asks for the next page gets on. */
	list->more = json_object_array_length(list->array) == list->limit || list->bytes > API_LIST_BYTES;
	list->bytes += bytes + API_LIST_ROW;
	return !list->more;
}

void api_list_add(struct api_list *list, json_object *object, json_object *next)
{
	if (object)
		json_object_array_add(list->array, object);
	json_object_put(list->next);
	list->next = next;
}

void api_list_reply(struct api_list *list, const char *name, enum store_result result)
{
	const struct api_request *request = list->request;

	if (result != STORE_OK) {
		json_object_put(list->answer);
		json_object_put(list->array);
		json_object_put(list->next);
		api_problem_store(request->http, api_store(request->api), result);
		return;
	}
	json_object_object_add(list->answer, name, list->array);
	json_object_object_add(list->answer, "nextAfter", list->more ? json_object_get(list->next) : NULL);
	json_object_put(list->next);
	api_reply(request->http, 200, list->answer, NULL);
}
