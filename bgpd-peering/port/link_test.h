/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link test of a connection: when it is made, of what, and what has come of it.
 *
 * In ProvisioningStarted by itself, once the port is up and then on a timer until it passes; in Validating on the timer,
 * where a check wants to know; elsewhere when somebody asks. The test runs in a thread (link_test_job.h); a connection that is not being tested costs nothing, one whose port
 * is down a look a second. bgpd's main thread only.
 */
#ifndef PEERING_LINK_TEST_H
#define PEERING_LINK_TEST_H

#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/port/link_test_job.h"

/* The state or the lines have changed: tests by itself from now on, or no more. */
void link_test_look_again(struct connection *connection);
/* What was tested is not what is configured now: the result is void. */
void link_test_void(struct connection *connection);
/* The connection is deleted. */
void link_test_forget(struct connection *connection);

/* Tests now; the result comes later. Refused where it cannot be made, or is being made. */
bool link_test_begin(struct connection *connection, struct verdict *verdict);

/* Whether a line `link-test address` can be: else why not. */
bool link_test_address_fits(const struct prefix_ipv4 *address, const struct in_addr *peer, char *error, size_t error_size);

const char *link_test_level_name(enum link_test_level level); /* "optional" */
/* -1 where `name` is NULL or none of them. */
int link_test_level_from_name(const char *name);

/* The port, as configured or as the neighbors tell; "" where nobody says. */
void link_test_port(const struct connection *connection, char port[INTERFACE_NAME_MAX]);
bool link_test_is_running(const struct connection *connection);
/* One sentence: passed, or why not, or what it waits for. */
void link_test_describe(const struct connection *connection, char *text, size_t size);
/*
 * For checks: what came of the session's echoes, since the connection validates. NULL: nothing yet, and why is said in a
 * sentence.
 */
const struct prober_outcome *link_test_of_session(const struct session *session);
void link_test_say_missing(const struct session *session, char *text, size_t size);
/* The figures of the last test; NULL where there was none since bgpd started. */
const struct link_test_job *link_test_figures(const struct connection *connection);

#endif
