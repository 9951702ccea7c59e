/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By what router and controller tell whether they have the same policy object: FNV-1a, 64 bits, of the packed message.
 * It tells contents apart that came about by chance; it is no signature. Pure; any thread.
 */
#ifndef PEERING_POLICY_DIGEST_H
#define PEERING_POLICY_DIGEST_H

#include "lib/peering.pb-c.h"

/* Never 0. 10,000 entries take about a millisecond. */
uint64_t policy_digest(const Peering__Policy *policy);

#endif
