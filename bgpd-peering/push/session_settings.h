/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a push says of a neighbor's BGP session beside its families: password, TTL security, BFD, timers, role, and where
 * the router speaks from. What it does not state is bgpd's default.
 *
 * Password, TTL security, role and local address begin the session anew, or keep it from coming back; BFD and the timers
 * leave the one that is up alone. bgpd's main thread only, never in a hook.
 */
#ifndef PEERING_SESSION_SETTINGS_H
#define PEERING_SESSION_SETTINGS_H

#include "bgpd-peering/connection/transition.h"

#include "lib/peering.pb-c.h"

/* Of a push, its passwords in the clear: NULL, or a sentence's end that says what is wrong. A static text. */
const char *session_settings_wrong(const Peering__Neighbor *neighbor);
/* Whether the neighbor's address, as session_normalize() writes it, is no end of ours. False with a refusal. */
bool session_settings_check_addresses(const Peering__Neighbor *neighbor, const char *address, struct verdict *verdict);

/* Whether there is a password that this router can open, or none. */
bool session_settings_can_be_applied(const char *connection, const Peering__Neighbor *neighbor);
/*
 * `kept` is the same neighbor as a push before this one has declared it, where the session is in service: what would touch
 * that is left as it is, and so is what neither has stated. NULL: what is not stated is taken back.
 */
void session_settings_apply(const char *connection, const Peering__Neighbor *neighbor, const Peering__Neighbor *kept,
			    struct peer *peer);

/* The neighbor without what may change while its session is in service. Shares everything with `neighbor`. */
Peering__Neighbor session_settings_without_harmless(const Peering__Neighbor *neighbor);

/*
 * What is declared and not so: `differs` is called for each, with a sentence's end ("has another password than was
 * pushed"), and the declaration becomes what is there.
 */
void session_settings_compare(const char *connection, const char *address, Peering__Neighbor *neighbor,
			      const struct peer *peer, void (*differs)(const char *what, void *context), void *context);

#endif
