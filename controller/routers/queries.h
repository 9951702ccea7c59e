/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to connected routers that somebody waits for: nothing of them is stored (doc/protocol.md, Query).
 *
 * Main thread.
 */
#ifndef PEERING_CONTROLLER_QUERIES_H
#define PEERING_CONTROLLER_QUERIES_H

#include <event2/event.h>

#include "lib/peering.pb-c.h"

struct queries;
struct query;
struct router_session;

/* NULL where memory is short. */
struct queries *queries_new(struct event_base *base);
/* Every one that waits must be gone. */
void queries_free(struct queries *queries);

enum query_end {
	QUERY_ANSWERED,
	QUERY_TOO_LATE, /* no answer in time */
	QUERY_LOST,	/* the session is over */
};
/* Called once, never from inside queries_ask(). `answer` is NULL but for QUERY_ANSWERED, and valid during the call. */
typedef void (*query_done)(enum query_end end, const Peering__QueryAnswer *answer, void *context);

/* Sets the id of `wire` while it is sent. NULL where memory or random numbers are short, or the session is over. */
struct query *queries_ask(struct queries *queries, struct router_session *session, Peering__Query *wire,
			  unsigned int seconds, query_done done, void *context);
/* For who no longer wants to hear of it; not after `done`. */
void queries_forget(struct query *query);

/* ---- From router_session.c ---- */

/* An answer that nobody waits for is passed over. */
void queries_answered(struct queries *queries, const struct router_session *session,
		      const Peering__QueryAnswer *answer);
/* NULL: of every session, for the controller's end. */
void queries_interrupted(struct queries *queries, const struct router_session *session);

#endif
