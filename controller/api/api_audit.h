/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log: every change that somebody made through the API, and who. A row is written in the transaction of its
 * change, so neither is there without the other. Main thread.
 */
#ifndef PEERING_CONTROLLER_API_AUDIT_H
#define PEERING_CONTROLLER_API_AUDIT_H

#include "controller/api/api.h"

/* Within this a peer AS may make so many changes (peer-changes). */
#define API_PEER_MILLISECONDS ((int64_t)24 * 3600 * 1000)

/* Whether who asks may change one more thing now; else it has answered. */
bool api_may_change(const struct api_request *request);

/*
 * For a handler that changes something, between store_begin() and store_commit(). `action` is a word of ours
 * ("connection.approve"), `object` what it was done to ("edge1/PNI-ACME"), `detail_json` a JSON object without secrets,
 * NULL: nothing more to say. Where it has a "pushId", what came of that push is the result that the log shows.
 */
enum store_result api_audit(const struct api_request *request, const char *action, const char *object,
			    const char *detail_json);

#endif
