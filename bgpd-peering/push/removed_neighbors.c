// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/removed_neighbors.h"

#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/push/neighbor.h"
#include "bgpd-peering/push/push_declaration.h"
#include "bgpd-peering/push/pushed_declarations.h"
#include "bgpd-peering/router.h"

static bool is_there(const char *address)
{
	const struct session *session = session_find(VRF_DEFAULT_NAME, address);
	struct bgp *bgp = bgp_of_vrf(VRF_DEFAULT_NAME);
	union sockunion su;

	if (session && session->declared)
		return true;
	return bgp && str2sockunion(address, &su) == 0 && neighbor_exists(bgp, &su);
}

void removed_neighbors_note(const Peering__DeclareConnection *declaration)
{
	const Peering__DeclareConnection *before = pushed_declaration(declaration->name);
	char address[SESSION_ADDRESS_MAX];

	for (size_t i = 0; before && i < before->n_neighbors; i++)
		/* One that is its operator's stays. */
		if (session_normalize(before->neighbors[i]->address, address) && !push_declares(declaration, address) &&
		    !is_there(address))
			pushed_removed_add(declaration->name, address);
	for (size_t i = 0; i < declaration->n_neighbors; i++)
		if (session_normalize(declaration->neighbors[i]->address, address))
			pushed_removed_drop(address);
}

static void keep_closed(const char *name, const char *address)
{
	struct connection *connection = connection_find(name);
	struct session *session;

	if (!connection || session_find(connection->vrf, address))
		return;
	session = session_new(connection, address);
	session->removed = true;
	session->required = false;
}

void removed_neighbors_restored(void)
{
	pushed_removed_each(keep_closed);
}

static void remove_again(const char *name, const char *address)
{
	struct session *session = session_find(VRF_DEFAULT_NAME, address);
	struct peer *peer;

	if (!session || !session->removed)
		return;
	peer = session_peer(session);
	if (peer && !peer_dynamic_neighbor(peer)) {
		zlog_warn("peering: a push of %s has removed the neighbor %s, and the configuration file was saved before: it is not brought back. Where it is wanted, type it again",
			  name, address);
		neighbor_delete(peer);
	}
	session_delete(session);
}

void removed_neighbors_settle(void)
{
	pushed_removed_each(remove_again);
}

static void is_wanted(const char *name, const char *address)
{
	pushed_removed_drop(address);
	durable_state_pushed_again(name);
}

void removed_neighbors_declared(const struct session *session)
{
	const char *name = pushed_removed_from(session->address);

	if (name && !router.booting && strcmp(session->connection->vrf, VRF_DEFAULT_NAME) == 0)
		is_wanted(name, session->address);
}

static void look(const char *name, const char *address)
{
	if (is_there(address))
		is_wanted(name, address);
}

void removed_neighbors_look(void)
{
	if (!router.booting && !router.reading_file)
		pushed_removed_each(look);
}
