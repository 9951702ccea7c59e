/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GET /metrics for Prometheus and GET /healthz, over plain HTTP on `metrics-listen`: for a collector or a balancer
 * beside the controller, without certificates. It says how much there is of what, names routers and web hooks, and no
 * secret.
 *
 * A few connections at a time, a few seconds each; what costs something is asked of the store once a second at most.
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_MONITOR_H
#define PEERING_CONTROLLER_MONITOR_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/routers/listener.h"

#define MONITOR_CLIENTS_MAX 32

struct api;
struct census;
struct certificates;
struct config;
struct monitor;
struct reports;

/* What is looked at; all of it outlives the monitor, which makes the census. */
struct monitored {
	const struct config *config;
	struct api *api; /* with the store, the routers and the readers of events */
	struct reports *reports;
	const struct certificates *certificates;
	struct census *census; /* its own */
};

/* NULL with a sentence in `error`. */
struct monitor *monitor_open(struct event_base *base, const struct monitored *monitored, char *error,
			     size_t error_size);
void monitor_free(struct monitor *monitor);
void monitor_bound(const struct monitor *monitor, char text[LISTENER_ADDRESS_SIZE]);

#endif
