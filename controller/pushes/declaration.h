/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection as people ask for it: JSON from the API, judged before anything is stored, and the wire's message.
 *
 * Pure; any thread. doc/controller.md has the keys; "name", "peerAsn" and "neighbors" must be there. A neighbor without
 * families has its address's own, unicast. Passwords are only ever read: what is written says "passwordSet" instead, and
 * how they are stored is in declaration_secret.h.
 */
#ifndef PEERING_CONTROLLER_DECLARATION_H
#define PEERING_CONTROLLER_DECLARATION_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/peering.pb-c.h"

#define DECLARATION_ERROR_MAX 512
#define DECLARATION_NEIGHBORS_MAX 16

struct declaration_error {
	const char *code; /* static: "bad-name", "bad-asn", "bad-address", "bad-value", "unknown-key" */
	char sentence[DECLARATION_ERROR_MAX];
};

/* NULL with *error set. The caller frees with peering__declare_connection__free_unpacked(message, NULL). */
Peering__DeclareConnection *declaration_from_json(json_object *body, struct declaration_error *error);

/* The same again with every value in its usual form; the caller puts it. */
json_object *declaration_to_json(const Peering__DeclareConnection *message);

#endif
