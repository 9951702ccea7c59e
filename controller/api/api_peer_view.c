// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/api/api_peer_view.h"

#include <string.h>

#include "controller/events/events.h"

static const char *const connection_keys[] = {"schemaVersion", "router",       "name",       "peerAsn",   "kind",
					      "connectionState", "stateSince", "stateSeconds", "observedAt", NULL};
static const char *const session_keys[] = {"address", "afi",	   "safi",	    "bgpState",	       "required",
					   "gate",    "upSeconds", "receivedCount", "advertisedCount", "limit",
					   NULL};
static const char *const check_keys[] = {"name", "level", "verdict", "session", NULL};
static const char *const degraded_keys[] = {"cause", "session", "severity", "sinceSeconds", "gateEffect", NULL};
static const char *const history_keys[] = {"at", "from", "to", NULL};
static const char *const transition_keys[] = {"from", "to", "routerAt", NULL};

static json_object *copy_members(json_object *from, json_object *to, const char *const *keys)
{
	json_object *value;

	for (; *keys; keys++)
		if (json_object_object_get_ex(from, *keys, &value))
			json_object_object_add(to, *keys, json_object_get(value));
	return to;
}

static json_object *copy_list(json_object *whole, const char *name, const char *const *keys)
{
	json_object *array = json_object_new_array(), *list = NULL;

	json_object_object_get_ex(whole, name, &list);
	for (size_t i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++)
		json_object_array_add(array, copy_members(json_object_array_get_idx(list, i), json_object_new_object(), keys));
	return array;
}

/* Newest first, down to where the connection began: what was before may have been another network's of that name. */
static json_object *copy_history(json_object *whole)
{
	json_object *all = copy_list(whole, "history", history_keys), *own = json_object_new_array(), *from;

	for (size_t i = 0; i < json_object_array_length(all); i++) {
		json_object *one = json_object_array_get_idx(all, i);

		json_object_array_add(own, json_object_get(one));
		if (json_object_object_get_ex(one, "from", &from) && strcmp(json_object_get_string(from), "None") == 0)
			break;
	}
	json_object_put(all);
	return own;
}

json_object *api_peer_view(json_object *whole)
{
	json_object *view = copy_members(whole, json_object_new_object(), connection_keys);

	json_object_object_add(view, "sessions", copy_list(whole, "sessions", session_keys));
	json_object_object_add(view, "checks", copy_list(whole, "checks", check_keys));
	json_object_object_add(view, "degraded", copy_list(whole, "degraded", degraded_keys));
	if (json_object_object_get_ex(whole, "history", NULL))
		json_object_object_add(view, "history", copy_history(whole));
	json_object_put(whole);
	return view;
}

json_object *api_peer_view_of_event(const char *type, json_object *data)
{
	json_object *view = copy_members(data, json_object_new_object(),
					 strcmp(type, EVENT_TRANSITION) == 0 ? transition_keys : degraded_keys);

	json_object_put(data);
	return view;
}
