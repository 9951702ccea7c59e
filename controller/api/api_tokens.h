/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a token, by the API or on the controller's machine. Main thread.
 */
#ifndef PEERING_CONTROLLER_API_TOKENS_H
#define PEERING_CONTROLLER_API_TOKENS_H

#include "controller/api/api_identity.h"
#include "controller/api/token.h"
#include "controller/store/store.h"

#define TOKEN_DAYS_MAX 3650
#define TOKEN_DAYS_STANDARD 365

struct token_wish {
	const char *name;
	enum api_role role;
	uint32_t asn; /* of a peer; else 0 */
	unsigned int days;
	const char *created_by;
};

/* Inside a transaction. STORE_FAILED also where the system has no random numbers. */
enum store_result token_create(struct store *store, const struct token_wish *wish, char text[TOKEN_TEXT_SIZE],
			       char id[TOKEN_ID_SIZE]);

#endif
