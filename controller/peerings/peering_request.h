/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A peering as people ask for it (POST /v1/peerings): with one peer AS at one location, over one or more connections
 * on routers. Pure; any thread.
 *
 * {"name", "peerAsn", "kind", "metro", "facility", "bandwidthInMbps", "description", "prefixes": ["192.0.2.0/24"],
 * "connections": [{"router", …}]}; name, peerAsn and connections must be there. What a connection holds beside its
 * router is a connection's request (declaration.h), whose peerAsn and kind are the peering's.
 */
#ifndef PEERING_CONTROLLER_PEERING_REQUEST_H
#define PEERING_CONTROLLER_PEERING_REQUEST_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/json_reader.h"
#include "lib/lifecycle.h"
#include "lib/secret.h"

#define PEERING_CONNECTIONS_MAX 8
#define PEERING_PREFIXES_MAX 2000
#define PEERING_WORDS_MAX 80 /* bytes of a metro, a facility, a description */

enum peering_family { FAMILY_IPV4 = 0, FAMILY_IPV6, PEERING_FAMILIES };
extern const char *const peering_family_names[PEERING_FAMILIES + 1]; /* "ipv4", "ipv6", NULL */

struct peering_connection_request {
	const char *router;	 /* in lower case */
	const char *name;	 /* in no other connection of the peering */
	json_object *definition; /* as declaration_to_stored() gives it, and the router */
};

/* Every text is of `document`, every value there in its usual form. */
struct peering_request {
	json_object *document;
	const char *name;
	uint32_t peer_asn;
	enum connection_kind kind;
	const char *metro, *facility, *description; /* "" where they are missing */
	uint32_t bandwidth;			    /* Mbit/s, 0: not said */
	json_object *prefixes;			    /* an array */
	struct peering_connection_request connections[PEERING_CONNECTIONS_MAX];
	size_t connection_count;
};

/*
 * Of what somebody asks for; passwords are sealed with `key`. False with *fault set. The caller frees with
 * peering_request_free() after a true.
 */
bool peering_request_from_json(json_object *body, const struct secret_key *key, struct peering_request *request,
			       struct json_fault *fault);
/* Of the text of a document, as the store has it. False where it is none. */
bool peering_request_from_stored(const char *document, struct peering_request *request);
void peering_request_free(struct peering_request *request);

/* Whether any connection's neighbor has an address of this family. */
bool peering_request_has_family(const struct peering_request *request, enum peering_family family);
/* "ipv4" where `address` or prefix is one of IPv4. */
enum peering_family peering_family_of(const char *address);

#endif
