/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The link's socket: in which VRF it is, and from which address it speaks. The link's thread alone. */
#ifndef PEERING_LINK_SOCKET_H
#define PEERING_LINK_SOCKET_H

#include <netdb.h>

#include "bgpd-peering/link/link_private.h"

/* A TCP socket for `address`, not connected yet, non-blocking. -1 with a sentence in `why`. */
int link_socket_open(const struct target *target, const struct addrinfo *address, char *why, size_t why_size);

#endif
