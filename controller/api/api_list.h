/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page of a list. It ends behind `limit` rows, or sooner where they are long: what one answer takes of the loop's time
 * goes with the text that is read and written for it, and is bounded (API_LIST_BYTES). Main thread.
 *
 *	api_list_begin(&list, request, limit);
 *	result = store_…(…, list.limit + 1, visit, &list);	visit(): api_list_room(), then api_list_add()
 *	api_list_reply(&list, "audit", result);
 */
#ifndef PEERING_CONTROLLER_API_LIST_H
#define PEERING_CONTROLLER_API_LIST_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/api/api.h"

/* Of text that the store keeps, and API_LIST_ROW for each row beside it; what is read as JSON counts twice: some 5 ms. */
#define API_LIST_BYTES ((size_t)128 << 10)
#define API_LIST_ROW ((size_t)100)

struct api_list {
	const struct api_request *request;
	json_object *answer; /* may be given further members */
	json_object *array;
	unsigned int limit;
	size_t bytes;
	bool more;
	json_object *next; /* `nextAfter`, where there is more */
};

void api_list_begin(struct api_list *list, const struct api_request *request, unsigned int limit);
/* Whether one more row has its place, for which `bytes` are read; else there is more, and the visit ends. */
bool api_list_room(struct api_list *list, size_t bytes);
/* Both taken; `next` is what asks for the rows behind this one. NULL `object`: it was looked at, and is not shown. */
void api_list_add(struct api_list *list, json_object *object, json_object *next);
/* Answers, and frees what is in `list`. `name` is the list's in the answer. */
void api_list_reply(struct api_list *list, const char *name, enum store_result result);

#endif
