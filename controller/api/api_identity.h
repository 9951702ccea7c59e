/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asks, and how much of the API is theirs. A role has everything that the roles before it have; each row of the
 * route table (api_server.c) names the least one that may use it.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_API_IDENTITY_H
#define PEERING_CONTROLLER_API_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/api/token.h"
#include "controller/service/config.h"

struct api_request;

enum api_role {
	API_ROLE_PEER = 0, /* another network: sees and asks for what is of its own AS, and nothing else */
	API_ROLE_VIEWER,
	API_ROLE_OPERATOR,
	API_ROLE_ADMIN,
	API_ROLE_COUNT,
};

struct api_identity {
	const char *actor; /* as in logs, in the history and on routers; at most API_ACTOR_MAX with its NUL */
	enum api_role role;
	uint32_t asn; /* of a peer; else 0 */
	char token[TOKEN_ID_SIZE]; /* its id, whose name may be another's tomorrow; "" of a certificate */
};

const char *api_role_name(enum api_role role); /* "peer", …; "?" out of range */
int api_role_from_name(const char *name);      /* -1: no role */

/* What the configuration says of an operator's certificate: operator, where it says nothing. */
enum api_role api_role_of_certificate(const struct config *config, const char *email);

/* Whether what is of this AS is for the eyes of who asks. */
bool api_may_see_asn(const struct api_request *request, uint32_t asn);

#endif
