/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a client is: by the token in its Authorization header, else by its certificate; and how often it may ask.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_API_AUTHENTICATION_H
#define PEERING_CONTROLLER_API_AUTHENTICATION_H

#include "controller/api/api.h"

struct api_authentication;

/* NULL where memory is short. `config` must outlive it. */
struct api_authentication *api_authentication_new(const struct config *config);
void api_authentication_free(struct api_authentication *authentication);

/*
 * Sets request->identity, whose actor is written to `actor`. False where it has answered: 401 for no or a bad token, 403
 * for a certificate that is no operator's, 429 for who fails or asks too often.
 */
bool api_authenticate(struct api_authentication *authentication, struct api_request *request, SSL *ssl,
		      char actor[API_ACTOR_MAX]);

#endif
