/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the checks while a connection waits or validates, and moves it on: rows 8, 9 and 18
 * (activation auto), 10 (another AS number), 11 and 15. Of one that is Active service.h says what they mean.
 *
 * One timer for each connection that validates, or with which something is the matter, none for any other. bgpd's main
 * thread only.
 */
#ifndef PEERING_VALIDATION_H
#define PEERING_VALIDATION_H

#include "bgpd-peering/connection/connection.h"

/* After a change of state: starts or stops the timer, and looks at once whether it goes on. */
void validation_state_changed(struct connection *connection);
/* Something that the checks look at has changed: judged again in the next turn of the event loop. */
void validation_look_again(struct connection *connection);

/* The same at once. */
void validation_look_now(struct connection *connection);

/* Every required check passes now, for this generation. Of one that is Active: on a session that was
 * added to it. False in any other state. */
bool validation_passed(const struct connection *connection);
/* One sentence: what the connection waits for, and what to type; "" where it waits for nothing. */
void validation_waiting_for(const struct connection *connection, char *text, size_t size);

#endif
