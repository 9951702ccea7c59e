/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the kernel has the passwords of sessions. bgpd gives each to the socket that it listens on, and the kernel keeps
 * those of one socket within net.core.optmem_max bytes. One that finds no room there stands in bgpd's configuration all the
 * same: what the peer signs is refused on that socket, and what it does not sign is taken.
 *
 * Linux does not tell which keys a socket has. But giving it the same one again takes no room: that it fails says that the
 * key is not there. bgpd's main thread only.
 */
#ifndef PEERING_PASSWORD_KEYS_H
#define PEERING_PASSWORD_KEYS_H

#include "bgpd-peering/connection/connection.h"

/* Room for the keys of a push, held while it is checked and applied. */
struct password_room;
struct password_room *password_room_new(void);
/* The keys of neighbors that have no password by then are taken away again. */
void password_room_free(struct password_room *room);
/*
 * The key of a neighbor of `bgp`, which need not be there yet. False where there is no room for it, with errno. Where bgpd
 * listens on no socket for the address there is nothing to hold.
 */
bool password_room_take(struct password_room *room, const struct bgp *bgp, const union sockunion *address,
			const char *password);

/*
 * A password was set, or a line typed that may set one; `words` are what stands in it behind the neighbor, NULL: not
 * known. A second later all sessions are looked at, and every ten seconds while one has no key: it gets it as soon as there
 * is room. session->key_error says which.
 */
void password_keys_typed(const char *words);

#endif
