/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In which order policies are pushed: none before those that it calls. Pure; one thread. */
#ifndef PEERING_CONTROLLER_POLICY_LEVELS_H
#define PEERING_CONTROLLER_POLICY_LEVELS_H

#include <json-c/json.h>

/* Route-maps that call each other, as FRR's own limit; and one more for those that call in a circle. */
#define POLICY_LEVELS_MAX 11

/*
 * `calls` is {route-map: [those that it calls]}. Returns {route-map: level}, the caller's: 1, or one more than of those that
 * it calls among them, at most POLICY_LEVELS_MAX.
 */
json_object *policy_levels(json_object *calls);

#endif
