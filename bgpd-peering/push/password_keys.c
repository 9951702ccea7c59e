// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/push/password_keys.h"

#include "bgpd-peering/connection/connection_walk.h"
#include "bgpd-peering/link/controller_link.h"
#include "bgpd-peering/turn.h"

#include "bgpd/bgp_network.h"
#include "lib/linklist.h"

#include <netinet/tcp.h>

#define SETTLE_SECONDS 1
#define AGAIN_SECONDS 10

DEFINE_MTYPE_STATIC(PEERING, PEERING_PASSWORD_ROOM, "Peering password of a push");

/* ---- the socket ---- */

/* What bgpd gives the key of such a neighbor to (bgp_md5_set()); -1: none. */
static int listening_socket(const struct bgp *bgp, const union sockunion *address)
{
	const struct bgp_listener *listener;
	struct listnode *node;

	for (ALL_LIST_ELEMENTS_RO(bm->listen_sockets, node, listener))
		if (listener->su.sa.sa_family == address->sa.sa_family &&
		    (listener->bgp ? listener->bgp == bgp : bgp->vrf_id == VRF_DEFAULT))
			return listener->fd;
	return -1;
}

/* "" takes it away. 0, or an errno. */
static int set_key(const struct bgp *bgp, const union sockunion *address, const char *password)
{
	int fd = listening_socket(bgp, address), error = 0;
	struct tcp_md5sig key = {.tcpm_keylen = (uint16_t)MIN(strlen(password), (size_t)TCP_MD5SIG_MAXKEYLEN)};

	if (fd < 0)
		return 0;
	memcpy(&key.tcpm_addr, address, sizeof(*address));
	if (address->sa.sa_family == AF_INET)
		((struct sockaddr_in *)&key.tcpm_addr)->sin_port = 0;
	else
		((struct sockaddr_in6 *)&key.tcpm_addr)->sin6_port = 0;
	memcpy(key.tcpm_key, password, key.tcpm_keylen);
	if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key)) != 0)
		error = errno;
	explicit_bzero(&key, sizeof(key));
	return error;
}

/* ---- a push ---- */

PREDECL_DLIST(held_keys);
struct held_key {
	struct held_keys_item item;
	union sockunion address;
};
DECLARE_DLIST(held_keys, struct held_key, item);

struct password_room {
	const struct bgp *bgp; /* of the keys */
	struct held_keys_head keys;
};

struct password_room *password_room_new(void)
{
	struct password_room *room = XCALLOC(MTYPE_PEERING_PASSWORD_ROOM, sizeof(*room));

	held_keys_init(&room->keys);
	return room;
}

static const struct peer *neighbor_with_password(const struct bgp *bgp, const union sockunion *address)
{
	union sockunion copy = *address;
	const struct peer *peer = peer_lookup((struct bgp *)bgp, &copy);

	return peer && peer->password ? peer : NULL;
}

void password_room_free(struct password_room *room)
{
	/* With its instance the sockets of a VRF are gone, and those of the default one have no keys of it. */
	bool there = room->bgp && listnode_lookup(bm->bgp, (void *)room->bgp);
	struct held_key *key;

	while ((key = held_keys_pop(&room->keys))) {
		if (there && !neighbor_with_password(room->bgp, &key->address))
			set_key(room->bgp, &key->address, "");
		XFREE(MTYPE_PEERING_PASSWORD_ROOM, key);
	}
	XFREE(MTYPE_PEERING_PASSWORD_ROOM, room);
}

bool password_room_take(struct password_room *room, const struct bgp *bgp, const union sockunion *address,
			const char *password)
{
	const struct peer *peer = neighbor_with_password(bgp, address);
	struct held_key *key;

	errno = set_key(bgp, address, peer ? peer->password : password);
	if (errno)
		return false;
	room->bgp = bgp;
	if (peer)
		return true;
	key = XCALLOC(MTYPE_PEERING_PASSWORD_ROOM, sizeof(*key));
	key->address = *address;
	held_keys_add_tail(&room->keys, key);
	return true;
}

/* ---- all sessions ---- */

static event_ref *look_event;
static bool looking, one_lacks, typed_meanwhile;

static void look_at(struct session *session)
{
	const struct peer *peer = session_peer(session);
	const union sockunion *address = peer ? peer_remote_address(peer) : NULL;
	int error = 0;

	if (address && peer->password && (address->sa.sa_family == AF_INET || address->sa.sa_family == AF_INET6))
		error = set_key(peer->bgp, address, peer->password);
	one_lacks |= error != 0;
	if (error == session->key_error)
		return;
	session->key_error = error;
	if (error)
		zlog_err("peering: the kernel does not take the password of %s: %s; net.core.optmem_max bounds how many there can be",
			 session->address, safe_strerror(error));
	else
		zlog_info("peering: the kernel has taken the password of %s", session->address);
	controller_link_changed(session->connection);
}

static void visit(struct connection *connection)
{
	struct session *session;

	frr_each (session_list, &connection->sessions, session)
		look_at(session);
}

static void look(event_ref *event);

static void looked(void)
{
	looking = false;
	if (one_lacks || typed_meanwhile)
		event_add_seconds(look, NULL, typed_meanwhile ? SETTLE_SECONDS : AGAIN_SECONDS, &look_event);
}

static void look(event_ref *event)
{
	static struct connection_walk walk = {.visit = visit, .done = looked};

	TURN(TURN_WALK);
	looking = true;
	one_lacks = typed_meanwhile = false;
	connection_walk_begin(&walk);
}

void password_keys_typed(const char *words)
{
	/* `password`, and its beginnings. */
	if (words && strncmp(words + strspn(words, " \t"), "pass", strlen("pass")) != 0)
		return;
	typed_meanwhile = looking;
	if (looking)
		return;
	event_stop(look_event);
	event_add_seconds(look, NULL, SETTLE_SECONDS, &look_event);
}
