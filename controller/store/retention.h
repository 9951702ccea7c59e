/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept for so long and in such numbers (doc/controller.md), and deleted then: in steps of a few milliseconds, each
 * a transaction of its own, with most of the time between them for everybody else.
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_RETENTION_H
#define PEERING_CONTROLLER_RETENTION_H

#include <event2/event.h>

struct config;
struct retention;
struct store;

/* Begins at once. Both that are given outlive it. NULL where memory is short. */
struct retention *retention_new(struct event_base *base, const struct config *config, struct store *store);
void retention_free(struct retention *retention);

#endif
