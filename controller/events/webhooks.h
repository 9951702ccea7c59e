/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Web hooks: events that somebody's HTTP endpoint is told of.
 *
 * What an endpoint has to be told is a row of the store until it has accepted it, so it is told at least once whatever
 * happens here; nothing is kept for longer than a day, nor more than WEBHOOK_QUEUE_MAX for one. What is of one connection
 * goes in order. An endpoint that fails is asked less and less often, and costs one request at a time.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_WEBHOOKS_H
#define PEERING_CONTROLLER_WEBHOOKS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/events/webhook_config.h"

#define WEBHOOK_QUEUE_MAX 10000

struct events;
struct store;
struct webhooks;

/* Takes what is in `configs`. NULL with a sentence in `error`. */
struct webhooks *webhooks_new(struct event_base *base, struct store *store, struct events *events,
			      struct webhook_configs *configs, char *error, size_t error_size);
void webhooks_free(struct webhooks *webhooks);

const struct webhook_configs *webhooks_configs(const struct webhooks *webhooks);

#endif
