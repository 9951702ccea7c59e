/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ends of a link: which is ours, and whether the other can be reached from it at all. Pure; any thread. */
#ifndef PEERING_LIB_LINK_ADDRESSES_H
#define PEERING_LIB_LINK_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

#define LINK_ADDRESS_MAX 50 /* "2001:db8::1/127" and longer, with the final NUL */

/*
 * `local` is "192.0.2.1", or "192.0.2.1/31" where the link is stated, too; `peer` an address. NULL where a session from
 * one to the other can be, else what `local` is, the rest of a sentence that it begins: "is …". A static text.
 */
const char *link_addresses_error(const char *local, const char *peer);

/* The usual form of `local`, and without its prefix length. False where it is no address. */
bool link_address_usual(const char *local, char usual[LINK_ADDRESS_MAX], char bare[LINK_ADDRESS_MAX]);

#endif
