/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who goes by a policy: sessions, whatever their gate, declarations, and other policies, pushed or typed. bgpd's main
 * thread only.
 */
#ifndef PEERING_POLICY_USES_H
#define PEERING_POLICY_USES_H

#include "bgpd-peering/frr_compat.h"

#include "lib/peering.pb-c.h"

bool policy_is_used(Peering__PolicyKind kind, const char *name);

#endif
