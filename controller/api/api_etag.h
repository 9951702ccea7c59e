/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entity tags. One has two halves, "CHANGE-REST": CHANGE is of the members that a change is about, REST of everything but
 * what the clock alone moves. If-None-Match looks at both, so a 304 hides nothing; If-Match looks at CHANGE, so a counter
 * that has moved meanwhile keeps nobody from what he means to do. Main thread.
 */
#ifndef PEERING_CONTROLLER_API_ETAG_H
#define PEERING_CONTROLLER_API_ETAG_H

#include "controller/api/api.h"

#define API_ETAG_SIZE 36 /* quotes, twice 16 hexadecimal digits, '-' and the NUL */

/* `change_keys`: the members that a change is about, closed by NULL. */
void api_etag(json_object *object, const char *const *change_keys, char etag[API_ETAG_SIZE]);

/* Answers a GET with `object` (taken) and its tag, or with 304 where the client has just that. */
void api_reply_tagged(const struct api_request *request, json_object *object, const char *const *change_keys);

/* Whether the request has If-Match. */
bool api_has_if_match(const struct api_request *request);
/* What it says of `etag`, NULL: there is no such thing. False where it has answered 412. */
bool api_if_match(const struct api_request *request, const char *etag);

#endif
