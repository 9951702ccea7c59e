/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header Idempotency-Key of a POST: a client that heard no answer sends the same again, and it is not done twice.
 *
 * While a request runs its claim hangs on its connection. The key becomes a row in the transaction of the change that it
 * made (api_audit() sees to that), and the answer is added before it goes out; both are kept for 24 hours. What changed
 * nothing leaves no row and is judged anew. Main thread.
 */
#ifndef PEERING_CONTROLLER_API_IDEMPOTENCY_H
#define PEERING_CONTROLLER_API_IDEMPOTENCY_H

#include "controller/api/api.h"

#define API_KEYS_KEPT_MILLISECONDS ((int64_t)24 * 3600 * 1000)

struct api_claim;

/* False where it has answered: with the answer of the first time, or 400, 409, 422, 429. */
bool api_idempotency_begin(const struct api_request *request);
/* Inside the transaction of a change, with the detail of its audit: its "pushId", where it is a push. */
enum store_result api_idempotency_keep(const struct api_request *request, const char *detail_json);
/* This goes out now. `object` stays the caller's. */
void api_idempotency_answer(struct evhttp_request *http, int status, json_object *object);

/* The connection is gone, or the request is answered. */
void api_claim_free(struct api_claim *claim);

#endif
