/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A DNS look-up in a thread of its own, which can be left behind: getaddrinfo() cannot be interrupted, and may take as
 * long as the resolver of the machine likes. No FRR in it.
 *
 * A look-up belongs to one thread, which ends it with lookup_finish() or lookup_abandon().
 */
#ifndef PEERING_RESOLVER_H
#define PEERING_RESOLVER_H

#include <netdb.h>
#include <stdint.h>

struct lookup;

/* TCP addresses of `host` (a name or an address in text). The thread has all signals blocked. NULL with errno set. */
struct lookup *lookup_start(const char *host, uint16_t port);

/* Readable once there is an answer. */
int lookup_fd(const struct lookup *lookup);

/*
 * After the descriptor has become readable. 0 and *addresses, the caller's, for freeaddrinfo(); else what getaddrinfo()
 * returned, with errno set where that is EAI_SYSTEM. Ends the look-up.
 */
int lookup_finish(struct lookup *lookup, struct addrinfo **addresses);

/* At any time: nobody waits for the answer any more. Never blocks. NULL is allowed. */
void lookup_abandon(struct lookup *lookup);

#endif
