/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Row 27b: a person edits the policy that a session goes by. A line for the neighbor itself (its route-map, lists, limit,
 * description), or for an object that such a line names: a route-map's body, and the lists that are named there.
 *
 * Each Active connection that goes by it gets a new generation and is judged anew; no gate is touched. Lines are gathered for a
 * second, so that a file of thousands makes one generation, and then the connections are gone through in slices. Nothing
 * runs while nobody types. bgpd's main thread only.
 */
#ifndef PEERING_POLICY_EDITS_H
#define PEERING_POLICY_EDITS_H

#include "bgpd-peering/connection/connection.h"

/* A line for the session's neighbor was carried out; `words` is what stands behind the neighbor. */
void policy_edits_neighbor(struct session *session, const char *words);
/* Any line, and the place where it left the terminal. */
void policy_edits_line(struct vty *vty, const char *line);
/* A push has changed the policy object of that name. */
void policy_edits_object(const char *name);
/* Whether a person may have typed at the object of that name, and nobody has looked at it since. */
bool policy_edits_wait(const char *name);

#endif
