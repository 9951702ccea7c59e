/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what routers send to what the store has committed.
 *
 * Everything that arrives in one turn of the event loop goes into one transaction at its end; only then the routers
 * hear of it. Where the store cannot commit (locked, disk full), the reports wait here and are tried again, and the
 * sessions stop reading once their share, or the whole, is full: nothing is dropped and nothing acknowledged.
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_REPORTS_H
#define PEERING_CONTROLLER_REPORTS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "controller/store/store.h"
#include "lib/peering.pb-c.h"

struct pushes;
struct reports;
struct router_session;

/* Memory of the waiting reports of one session, and of all. */
#define REPORTS_SESSION_MAX ((size_t)16 << 20)
#define REPORTS_MAX ((size_t)256 << 20)

/* NULL where memory is short. `pushes` hears of results once they are committed. */
struct reports *reports_new(struct event_base *base, struct store *store, struct pushes *pushes);
/* Drops what waits. */
void reports_free(struct reports *reports);

/*
 * Takes a Hello, Transition, Snapshot or PushResult and frees it in the end; holds a reference to the session
 * meanwhile. `memory` is what the envelope takes (lib/frame.h). False where memory is short: the envelope is then still
 * the caller's.
 */
bool reports_add(struct reports *reports, struct router_session *session, Peering__Envelope *envelope, size_t memory);
/* The session is over; behind everything that it sent. `reason` is copied. */
void reports_add_gone(struct reports *reports, struct router_session *session, const char *reason);

bool reports_full(const struct reports *reports);
size_t reports_memory(const struct reports *reports);
/* The newest attempt to commit failed. */
bool reports_are_stuck(const struct reports *reports);
bool reports_waiting(const struct reports *reports);
/* One attempt, now; for the controller's end. */
void reports_commit_now(struct reports *reports);

#endif
