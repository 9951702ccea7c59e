/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long what takes, in seconds: of a connection, else of its profile (window), else of its
 * instance, else built in. And the timers of the states:
 * `establish` in ProvisioningStarted and ProvisioningCompleted, `validation` in Validating.
 *
 * They run by the monotonic clock: nothing that is done to the wall clock makes one end. One that acts begins anew with
 * the state, and with bgpd. bgpd's main thread only.
 */
#ifndef PEERING_TIMERS_H
#define PEERING_TIMERS_H

#include "bgpd-peering/connection/connection.h"

#define TIMER_SECONDS_MOST 31536000 /* a year */

/* "establish"; from a name: -1 where it is unknown. */
const char *timer_name(enum connection_timer timer);
int timer_from_name(const char *name);

/* What holds for the connection, 0: no such timer. */
uint32_t timers_seconds(const struct connection *connection, enum connection_timer timer);

/* The default of an instance; 0: the one that is built in. Journalled. */
uint32_t timers_default(const char *vrf, enum connection_timer timer);
void timers_set_default(const char *vrf, enum connection_timer timer, uint32_t seconds);
/* Every default of the instance, as the journal has it: at start only. */
void timers_restore(const char *vrf, const uint32_t seconds[TIMER_COUNT]);
/* The configuration of a start has ended: an instance whose file has no line for a default has none. */
void timers_settle_lines(void);

/* The state or a setting has changed: begins, moves or ends the timer of the state. */
void timers_look_again(struct connection *connection);
/* After a state was entered, or restored with `before_milliseconds` spent in it when bgpd was another. */
void timers_state_entered(struct connection *connection, uint64_t before_milliseconds);

/* The timer that runs in this state, and the seconds that it has left; TIMER_COUNT: none does. */
enum connection_timer timers_running(const struct connection *connection, uint32_t *left);

/* Waits for its peer for longer than `stale`. */
bool timers_is_stale(const struct connection *connection);

#endif
