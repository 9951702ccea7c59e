/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where what a router reports of a connection is not what was asked for.
 *
 * Pure; any thread. What a router does not report cannot be compared here; an older one tells no more than what people look
 * at. Each compares itself what it has with what was pushed to it, and reports a degradation `drift`.
 */
#ifndef PEERING_CONTROLLER_DIFFERENCES_H
#define PEERING_CONTROLLER_DIFFERENCES_H

#include <json-c/json.h>
#include <stdbool.h>

#include "controller/store/store.h"

/* Whether the router has the connection, and means to keep it. */
bool differences_is_there(const struct store_connection *connection);

/*
 * A list of {"field", "desired", "observed"}, one or both null where there is no such thing on that side; empty where
 * nothing differs, or nothing was asked for. What the router itself calls drift is a field "drift" whose "observed" is
 * its sentence. The caller puts it.
 */
json_object *differences_find(const struct store_connection *connection);

/* The fields of what was asked for that the router does not report: a list of texts. The caller puts it. */
json_object *differences_not_compared(const struct store_connection *connection);

/*
 * What was asked for with what the router reports in the place of what differs: what accepting it makes of it. NULL
 * where the router has no such connection (any more), and where no neighbor is left. The caller puts it.
 */
json_object *differences_accepted(const struct store_connection *connection);

/*
 * The first neighbor whose password on the router is another than was asked for: it cannot be accepted, since no router tells
 * it. The caller frees; NULL: there is none.
 */
char *differences_other_password(const struct store_connection *connection);

#endif
