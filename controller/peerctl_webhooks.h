/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peerctl webhooks, and what came of a test.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_WEBHOOKS_H
#define PEERING_CONTROLLER_PEERCTL_WEBHOOKS_H

#include <json-c/json.h>
#include <stdbool.h>

void show_webhooks(json_object *webhooks);

/*
 * Looks in what GET /v1/webhooks answers for what came of the event; false: no attempt yet. *accepted says whether the
 * endpoint took it, and why not has been said.
 */
bool webhook_test_answered(json_object *answer, const char *name, const char *event, bool *accepted);

#endif
