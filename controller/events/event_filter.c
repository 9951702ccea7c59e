// SPDX-License-Identifier: GPL-2.0-or-later
#include "controller/events/event_filter.h"

#include <stdlib.h>
#include <string.h>

#include "controller/events/events.h"

bool event_filter_takes(const struct event_filter *filter, const struct store_event *event)
{
	if (filter->router && strcmp(filter->router, event->router) != 0)
		return false;
	if (filter->connection && strcmp(filter->connection, event->connection) != 0)
		return false;
	if (filter->for_peer && (event->peer_asn == 0 || filter->peer_asn != event->peer_asn ||
				 strcmp(event->type, EVENT_PUSH_STORED) == 0 ||
				 strcmp(event->type, EVENT_PUSH_ANSWERED) == 0))
		return false;
	if (!filter->types[0])
		return true;
	for (size_t i = 0; filter->types[i]; i++)
		if (strcmp(filter->types[i], event->type) == 0)
			return true;
	return false;
}

static bool text_is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool event_filter_is_same(const struct event_filter *a, const struct event_filter *b)
{
	return a->for_peer == b->for_peer && a->peer_asn == b->peer_asn && text_is_same(a->router, b->router) &&
	       text_is_same(a->connection, b->connection) && memcmp(a->types, b->types, sizeof(a->types)) == 0;
}

bool event_filter_copy(struct event_filter *copy, const struct event_filter *filter)
{
	*copy = *filter;
	copy->router = filter->router ? strdup(filter->router) : NULL;
	copy->connection = filter->connection ? strdup(filter->connection) : NULL;
	if ((copy->router || !filter->router) && (copy->connection || !filter->connection))
		return true;
	event_filter_clear(copy);
	return false;
}

void event_filter_clear(struct event_filter *filter)
{
	free(filter->router);
	free(filter->connection);
	memset(filter, 0, sizeof(*filter));
}
