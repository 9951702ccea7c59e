/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is left to do once the gate of a session that was open has closed: what was sent is withdrawn, then End-of-RIB;
 * what was learnt leaves every RIB. And a session that comes up gated is told that nothing will come.
 *
 * Nothing new passes while this goes on: the peer is in no update-group any more, and what it sends announces nothing.
 * It is done in slices from the event loop, and ends by itself where the session goes down. bgpd's main thread only.
 */
#ifndef PEERING_GATE_CLOSING_H
#define PEERING_GATE_CLOSING_H

#include "bgpd-peering/connection/connection.h"

/*
 * Takes an established peer out of its update-group of one family, for good: what was on its way goes, nothing is queued
 * any more, and the withdrawal of all that it was sent begins. The caller clears the family's negotiated flag before the
 * event loop is entered again. The one step that is not sliced: it notes what was sent, some 100 ns a prefix.
 */
void gate_closing_leave(struct session *session, struct peer *peer, struct peer_af *peer_family);

/*
 * Sees to it that no path of the established peer stays in a table: looks at bgpd's count of the family and, where that
 * is not 0, walks the table. The reserved route-map has to stand in the inbound place.
 */
void gate_closing_remove_paths(struct session *session, struct peer *peer, afi_t afi, safi_t safi);

/* An End-of-RIB marker: a peer that keeps stale routes of ours drops them. */
void gate_closing_end_of_rib(struct peer *peer, afi_t afi, safi_t safi);

/* Whether some of it is still to be done. A gate that is to open waits for the end. */
bool gate_closing_is_on(const struct session *session);

/* The session is down, or the neighbor gone: there is nothing more to say to it. Safe in a hook. */
void gate_closing_stop(struct session *session);

#endif
