/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The router's end of a link, for tests: what bgpd's main thread would hold. The link's thread dials a real TLS server in
 * the same process, which the test leads (controller_end.h). Waits are for events, never for a time; what fails would wait
 * for 30 s. One link at a time, of the test's thread.
 */
#ifndef TESTS_UNIT_ROUTER_END_H
#define TESTS_UNIT_ROUTER_END_H

#include "tests/unit/unit.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "bgpd-peering/link/link.h"
#include "tests/unit/controller_end.h"

#define LINK_THREAD "peering-link"

/* A test that begins with a link to be made and a controller that listens, and ends with both gone. */
#define LINK_TEST(function) cmocka_unit_test_setup_teardown(function, open_both, close_both)

/* Whether the process has a network of its own, where it may take the ports and addresses of others. */
extern bool own_network;
/* Milliseconds that the monotonic clock of this process is ahead. */
extern atomic_uint ahead;

extern struct mailbox *events;
extern struct mail *taken; /* from the mailbox, not looked at yet */
extern struct link *router;
extern struct controller_end controller;

/* Before a program's tests; and what makes their certificates, as cmocka's set-up of a group. */
void router_end_begin(void);
int router_end_certificates(void **state);
int open_both(void **state);
int close_both(void **state);

/* Settings of a link to that one controller, the same one until the next call. */
struct link_settings settings_for(const char *host, uint16_t port);
void start(const struct link_settings *settings);
void start_default(void);
/* It must take less than what it cuts short. */
void stop_in_time(void);
int64_t milliseconds(void);

/* The caller frees it. */
struct link_event *next_event(void);
/* Each of these takes the next event, which must be of its kind. */
void expect_up(const char *name);
void expect_acked(uint64_t sequence);
void expect_down(const char *words);
void expect_push(const char *id);
/* The same of one controller among several; where none is wanted, probes are passed over. */
void expect_of(enum link_event_type type, size_t target, uint64_t sequence, const char *words);

/* From dialling to LINK_UP; in the second with a controller that has nothing yet, and its events taken. */
void come_up(uint64_t acked);
void come_up_empty(void);

/* A snapshot with one connection whose name has `size` letters. */
enum link_sent try_snapshot(size_t size);
bool send_snapshot(size_t size);
void expect_snapshot(size_t size);
void transition(uint64_t sequence);
/* From the controller. */
void send_push(const char *id);

#endif
