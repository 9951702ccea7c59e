/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Declarations as the store has them: like the API's JSON, but for "sealedPassword" in the place of "password"
 * (lib/secret.h). The key is a file beside the database, "DATABASE.key"; without it the database has no passwords.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_DECLARATION_SECRET_H
#define PEERING_CONTROLLER_DECLARATION_SECRET_H

#include "controller/pushes/declaration.h"
#include "lib/secret.h"

/* What is stored; NULL where memory is short. The caller frees. */
char *declaration_to_stored(const Peering__DeclareConnection *message, const struct secret_key *key);
/* NULL with *error set, as declaration_from_json(). */
Peering__DeclareConnection *declaration_from_stored(const char *stored, const struct secret_key *key,
						    struct declaration_error *error);
/* For an answer: as it is stored, with "passwordSet" for each password. NULL where it is no JSON. */
json_object *declaration_shown(const char *stored);

/*
 * Of a request's body: "passwordSet": true where the password is not stated keeps the one that is stored for the same
 * neighbor of the same connection. `stored` may be NULL. False with *error set where none is.
 */
bool declaration_keep_passwords(json_object *body, const char *stored, const struct secret_key *key,
				struct declaration_error *error);
/* Whether it has something to keep. */
bool declaration_takes_passwords(json_object *body);

#endif
