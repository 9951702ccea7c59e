/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path attributes of a kept UPDATE, as bgpd's own parser would hand them to the import policy.
 *
 * bgpd's parser is not used: it answers what is malformed with a NOTIFICATION, and a look at a route must not end a
 * session. What policy cannot look at (tunnel, segment routing, AIGP, unknown attributes) is left out. bgpd's main
 * thread only.
 */
#ifndef PEERING_KEPT_ATTRIBUTES_H
#define PEERING_KEPT_ATTRIBUTES_H

#include "bgpd-peering/frr_compat.h"

/* Why bgpd takes no route of a message, whatever its prefix. */
enum attributes_fault {
	ATTRIBUTES_FINE = 0,
	ATTRIBUTES_MALFORMED,	/* treated as a withdrawal, or the session ends */
	ATTRIBUTES_DISCOURAGED, /* `neighbor … path-attribute treat-as-withdraw` */
	ATTRIBUTES_PATH,	/* AS 0, or confederation segments where there may be none */
	ATTRIBUTES_FIRST_AS,	/* enforce-first-as */
	ATTRIBUTES_NEXT_HOP,	/* an address that no next hop has, or a link-local one without an interface */
};

struct kept_attributes {
	struct attr attr; /* with parts that are interned */
	enum attributes_fault fault;
	bool has_originator, in_our_cluster, has_otc;
	struct in_addr originator;
	uint32_t otc;
};

/* A whole UPDATE, header included, that the established peer has sent. To be released, whatever `fault` says. */
void kept_attributes_read(struct kept_attributes *kept, struct peer *peer, const uint8_t *message, size_t size);
/* Of what bgpd has read and keeps itself. Not to be released; valid as long as that is. */
void kept_attributes_of(struct kept_attributes *kept, const struct peer *peer, const struct attr *attr);
void kept_attributes_release(struct kept_attributes *kept);

#endif
