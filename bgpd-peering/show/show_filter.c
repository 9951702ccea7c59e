// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/show/show_filter.h"

#include "bgpd-peering/checks/degraded.h"
#include "bgpd-peering/connection/facts.h"

#include <strings.h>

int show_filter_state(const char *name)
{
	for (int state = 0; state < STATE_COUNT; state++)
		if (strcasecmp(connection_state_name(state), name) == 0)
			return state;
	return -1;
}

static bool goes_through(const struct session *session, const char *interface)
{
	const char *its = session_interface(session);

	return strcmp(session->address, interface) == 0 || (its && strcmp(its, interface) == 0);
}

static bool has_session(const struct show_filter *filter, const struct connection *connection)
{
	const struct session *session;

	if (!filter->neighbor && !filter->interface)
		return true;
	if (filter->interface && strcmp(connection->link_test.port, filter->interface) == 0)
		return true;
	frr_each (session_list_const, &connection->sessions, session)
		if ((!filter->neighbor || strcmp(session->address, filter->neighbor) == 0) &&
		    (!filter->interface || goes_through(session, filter->interface)))
			return true;
	return false;
}

bool show_filter_is_set(const struct show_filter *filter)
{
	return filter->problems || filter->state || filter->neighbor || filter->asn || filter->interface;
}

bool show_filter_takes(const struct show_filter *filter, const struct connection *connection)
{
	return (!filter->state || (int)connection->state == show_filter_state(filter->state)) &&
	       (!filter->asn || connection_peer_asn(connection) == filter->asn) && has_session(filter, connection) &&
	       (!filter->problems || connection_severity(connection) != SEVERITY_NONE);
}
