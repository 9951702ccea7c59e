/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What systemd is told: that the controller serves, that it ends, and, where the unit has WatchdogSec, that its loop
 * turns. Without systemd every call does nothing. Main thread.
 */
#ifndef PEERING_CONTROLLER_SERVICE_MANAGER_H
#define PEERING_CONTROLLER_SERVICE_MANAGER_H

#include <event2/event.h>

struct service_manager;

/* NULL where there is no systemd that wants to hear, or memory is short; that is taken everywhere below. */
struct service_manager *service_manager_new(struct event_base *base);
void service_manager_free(struct service_manager *manager);

void service_manager_ready(struct service_manager *manager);
void service_manager_stopping(struct service_manager *manager);

#endif
