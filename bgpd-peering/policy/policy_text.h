/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies as bgpd has them, pushed or typed, in the words of FRR's configuration; and what of them `show running-config`
 * prints: pushed lists are left out of it, so that no file brings back what a push has removed. Pushed prefix-lists and
 * route-maps FRR does not print of itself: it writes those from its northbound tree, which does not have them.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_POLICY_TEXT_H
#define PEERING_POLICY_TEXT_H

#include "bgpd-peering/frr_compat.h"

#include "lib/peering.pb-c.h"

/* The match of a prefix-list in a pushed route-map (policy_install.c), as `show route-map` has it. */
#define POLICY_RULE_IPV4 "peering ip prefix-list"
#define POLICY_RULE_IPV6 "peering ipv6 prefix-list"

/* In frr_late_init: stands in front of what writes as-path and community lists. */
void policy_text_init(void);

bool policy_is_there(Peering__PolicyKind kind, const char *name);
/* One line for each entry, a route-map's with what it matches and sets below; nothing where it is not there. */
void policy_write(FILE *to, Peering__PolicyKind kind, const char *name);

#endif
