/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peerctl watch: what happens, a line each, as it happens.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_WATCH_H
#define PEERING_CONTROLLER_PEERCTL_WATCH_H

#include <stdbool.h>

#include "controller/peerctl_client.h"

/* NULL is any, and for `since` what comes from now on. */
struct watch_options {
	const char *router;
	const char *connection;
	const char *since; /* the id of an event */
	bool json;
};

/*
 * Prints until it is interrupted, and connects again where the connection is lost, behind the last event printed.
 * Returns an exit code where the controller refuses, or was never reached.
 */
int watch_events(const struct client_settings *settings, const struct watch_options *options);

#endif
