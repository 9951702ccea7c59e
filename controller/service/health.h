/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What /healthz answers: whether the controller does its work, and what is wrong where it does not. That it answers at
 * all says that its loop turns. Main thread.
 */
#ifndef PEERING_CONTROLLER_HEALTH_H
#define PEERING_CONTROLLER_HEALTH_H

#include <event2/buffer.h>
#include <stdbool.h>

struct monitored;

/* JSON; returns whether all is well. */
bool health_page(struct evbuffer *out, const struct monitored *monitored);

#endif
