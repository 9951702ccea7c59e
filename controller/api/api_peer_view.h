/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection as its peer may see it: a copy of the parts that are known to be its business, so that whatever else a
 * connection shows one day stays here. Policies, notes, names of people, verbs, and reasons that name any of these are
 * not.
 */
#ifndef PEERING_CONTROLLER_API_PEER_VIEW_H
#define PEERING_CONTROLLER_API_PEER_VIEW_H

#include <json-c/json.h>

/* Takes `whole`, a connection as operators see it, with or without history. */
json_object *api_peer_view(json_object *whole);

/* Takes `data` of an event of such a type (events.h): as little of it as api_peer_view() shows of the same. */
json_object *api_peer_view_of_event(const char *type, json_object *data);

#endif
