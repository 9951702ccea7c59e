/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a pushed declaration makes of a router: the connection, its sessions, and the neighbors that it needs.
 *
 * A neighbor that a push has made (session->made) is the push's to change and to take away; any other is its operator's,
 * and left alone. bgpd's main thread only, never in a hook.
 */
#ifndef PEERING_PUSH_DECLARATION_H
#define PEERING_PUSH_DECLARATION_H

#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/push/push_record.h"

#include "lib/peering.pb-c.h"

/* Words of a declaration, which the check has judged. */
bool push_kind_from_wire(Peering__Kind wire, enum connection_kind *kind);
Peering__Kind push_kind_to_wire(enum connection_kind kind);
Peering__ActivationMode push_activation_to_wire(enum activation_mode mode);
int push_family_from_wire(const char *afi); /* -1: unknown */
/* Whether the declaration names the neighbor, an address as session_normalize() writes it. NULL names none. */
bool push_declares(const Peering__DeclareConnection *declaration, const char *address);
/*
 * Whether a declaration keeps each neighbor of the one before, and adds others at most: what is kept changes in nothing
 * that would touch its session.
 */
bool push_only_adds(const Peering__DeclareConnection *before, const Peering__DeclareConnection *declaration);
bool push_same_declaration(const Peering__DeclareConnection *a, const Peering__DeclareConnection *b);

/* What it says of the connection's timers; 0: nothing. */
void push_timers(const Peering__DeclareConnection *declaration, uint32_t seconds[TIMER_COUNT]);

/* The connection's own lines as they are declared; `anew`: what is not declared is the default then, else it stays. */
void push_settings(const Peering__DeclareConnection *declaration, struct connection *connection, bool anew);

/* Carries it out and journals it. False with a refusal where bgpd does not take a neighbor. */
bool push_declare(const Peering__DeclareConnection *declaration, const char *actor, struct verdict *verdict);

/* How the connection is declared now. former_declaration's own are to be freed by the caller. */
void push_note_former(const char *name, struct former_declaration *former);
/*
 * Puts back how a connection was declared before a push, `why` says of what becomes of that: neighbors that it made go, those that
 * it removed are made again, and a connection that it made ends. No gate opens, and what carries traffic by now, or is held
 * open by a bypass, stays as it is: false with a refusal then; with code "pending" it is to be tried again.
 */
bool push_take_back(const struct former_declaration *former, const char *why, struct verdict *verdict);

/* Whether a declaration has the neighbor to the letter. */
bool push_has_neighbor(const Peering__DeclareConnection *declaration, const Peering__Neighbor *neighbor);

/*
 * At the end of a file: the connection's neighbors that were pushed and are not in it are made again, but for those that
 * somebody has removed.
 */
void push_make_again(struct connection *connection);

/* A pushed connection has ended: the neighbors that were made for it go. */
void push_remove_neighbors(struct connection *connection);

/* bgpd's word that the session's neighbor is gone: whoever makes one of that address now is its operator. In a hook. */
void push_neighbor_gone(struct session *session);

#endif
