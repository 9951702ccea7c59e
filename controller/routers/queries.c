// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/routers/queries.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "controller/routers/router_session.h"
#include "controller/text.h"

struct query {
	LIST_ENTRY(query) link;
	char id[TEXT_ID_SIZE];
	const struct router_session *session; /* only compared: it outlives this */
	struct event *deadline;
	query_done done;
	void *context;
};

struct queries {
	struct event_base *base;
	LIST_HEAD(, query) waiting; /* bounded by max-api-clients: each waits for one */
};

struct queries *queries_new(struct event_base *base)
{
	struct queries *queries = calloc(1, sizeof(*queries));

	if (!queries)
		return NULL;
	queries->base = base;
	LIST_INIT(&queries->waiting);
	return queries;
}

void queries_free(struct queries *queries)
{
	free(queries);
}

static void finish(struct query *query, enum query_end end, const Peering__QueryAnswer *answer)
{
	query_done done = query->done;
	void *context = query->context;

	queries_forget(query);
	done(end, answer, context);
}

static void expired(evutil_socket_t fd, short what, void *context)
{
	finish(context, QUERY_TOO_LATE, NULL);
}

struct query *queries_ask(struct queries *queries, struct router_session *session, Peering__Query *wire,
			  unsigned int seconds, query_done done, void *context)
{
	struct timeval delay = {.tv_sec = seconds};
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	struct query *query = calloc(1, sizeof(*query));

	if (!query)
		return NULL;
	query->session = session;
	query->done = done;
	query->context = context;
	query->deadline = event_new(queries->base, -1, 0, expired, query);
	if (!query->deadline || !random_id(query->id) || event_add(query->deadline, &delay) < 0) {
		if (query->deadline)
			event_free(query->deadline);
		free(query);
		return NULL;
	}
	wire->id = query->id;
	envelope.body_case = PEERING__ENVELOPE__BODY_QUERY;
	envelope.query = wire;
	/* Sending ends a session whose router does not read, and what is in the list is told of that. */
	if (!router_session_send(session, &envelope)) {
		event_free(query->deadline);
		free(query);
		return NULL;
	}
	LIST_INSERT_HEAD(&queries->waiting, query, link);
	return query;
}

void queries_forget(struct query *query)
{
	LIST_REMOVE(query, link);
	event_free(query->deadline);
	free(query);
}

void queries_answered(struct queries *queries, const struct router_session *session,
		      const Peering__QueryAnswer *answer)
{
	struct query *query;

	LIST_FOREACH(query, &queries->waiting, link) {
		if (query->session == session && strcmp(query->id, answer->id) == 0) {
			finish(query, QUERY_ANSWERED, answer);
			return;
		}
	}
}

void queries_interrupted(struct queries *queries, const struct router_session *session)
{
	struct query *query = LIST_FIRST(&queries->waiting);

	while (query) {
		/* Whoever is told may forget others. */
		if (!session || query->session == session) {
			finish(query, QUERY_LOST, NULL);
			query = LIST_FIRST(&queries->waiting);
		} else {
			query = LIST_NEXT(query, link);
		}
	}
}
