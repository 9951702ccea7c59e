// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/port/port_traffic.h"

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/connection/deadline.h"

const char *session_interface(const struct session *session)
{
	const struct peer *peer = session_peer(session);
	const struct interface *interface;
	struct prefix remote;

	if (!peer)
		return NULL;
	if (peer->conf_if)
		return peer->conf_if;
	if (peer_is_established(peer) && peer->nexthop.ifp)
		return peer->nexthop.ifp->name;
	interface = sockunion2hostprefix(peer_remote_address(peer), &remote) ? interface_of_network(&remote, peer->bgp->vrf_id)
									     : NULL;
	return interface ? interface->name : NULL;
}

static bool read_counter(const char *interface, const char *counter, uint64_t *bytes)
{
	char path[128];
	unsigned long long value;
	FILE *file;
	bool good;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", interface, counter);
	file = strchr(interface, '/') ? NULL : fopen(path, "re");
	if (!file)
		return false;
	good = fscanf(file, "%llu", &value) == 1;
	fclose(file);
	if (good)
		*bytes += value;
	return good;
}

static bool is_named(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = strstr(names, name); at; at = strstr(at + 1, name))
		if ((at == names || at[-1] == ' ') && (at[length] == '\0' || at[length] == ','))
			return true;
	return false;
}

/* The counters of all its ports. False where one of them is not to be had. */
static bool count(struct port_traffic *traffic, const struct connection *connection)
{
	const struct session *session;
	size_t used = 0;

	traffic->interfaces[0] = '\0';
	traffic->in_bytes = traffic->out_bytes = 0;
	frr_each (session_list_const, &connection->sessions, session) {
		const char *name = session_interface(session);

		if (!name)
			return false;
		if (is_named(traffic->interfaces, name))
			continue;
		if (!read_counter(name, "rx_bytes", &traffic->in_bytes) || !read_counter(name, "tx_bytes", &traffic->out_bytes))
			return false;
		if (used < sizeof(traffic->interfaces))
			used += (size_t)snprintf(traffic->interfaces + used, sizeof(traffic->interfaces) - used, "%s%s",
						 used ? ", " : "", name);
	}
	return used > 0 && used < sizeof(traffic->interfaces);
}

/* Bits a second; a counter that has begun anew has none. */
static uint64_t rate(uint64_t before, uint64_t now, uint64_t milliseconds)
{
	return now > before ? (now - before) * 8 * 1000 / milliseconds : 0;
}

void port_traffic_look(struct port_traffic *traffic, const struct connection *connection)
{
	struct port_traffic before = *traffic;
	uint64_t now = deadline_now();

	traffic->known = false;
	if (!count(traffic, connection)) {
		traffic->looked_at = 0;
		return;
	}
	traffic->looked_at = now;
	if (!before.looked_at || now == before.looked_at || strcmp(before.interfaces, traffic->interfaces) != 0)
		return;
	traffic->known = true;
	traffic->in_bits = rate(before.in_bytes, traffic->in_bytes, now - before.looked_at);
	traffic->out_bits = rate(before.out_bytes, traffic->out_bytes, now - before.looked_at);
}
