/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes and removes neighbors of bgpd for connections that the controller pushed. Main thread, never in a hook. */
#ifndef PEERING_NEIGHBOR_H
#define PEERING_NEIGHBOR_H

#include "bgpd-peering/connection/connection.h"

/* Unicast, not loopback, not unspecified. */
bool neighbor_address_fits(const union sockunion *address);
bool neighbor_exists(const struct bgp *bgp, const union sockunion *address);

/* Makes the neighbor, without a policy and with bgpd's default families: the caller closes its gate at once. NULL, with a line in the log, where bgpd refuses. */
struct peer *neighbor_make(struct bgp *bgp, const char *address, as_t asn);
void neighbor_delete(struct peer *peer);

/* Another AS number; its session is reset where it differs. */
void neighbor_set_asn(struct peer *peer, as_t asn);
/* Empty: none. */
void neighbor_describe(struct peer *peer, const char *description);
void neighbor_activate(struct peer *peer, afi_t afi);
void neighbor_deactivate(struct peer *peer, afi_t afi);
/* maximum-prefix: what guards the session once it is Active. 0: none. */
void neighbor_limit(struct peer *peer, afi_t afi, uint32_t limit);

#endif
