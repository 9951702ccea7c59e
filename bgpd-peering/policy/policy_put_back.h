/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of pushed policies that somebody had typed at, and that a push has put back since. A configuration file may have
 * those lines still: one that was saved before, and one that is saved later too, since zebra keeps a copy of what vtysh sent
 * it. Read at a start they are nobody's wish any more, and the policy is as it was pushed again at the end of the file.
 *
 * Whoever types at it anew ends that, and so does the end of the policy. The journal keeps them. bgpd's main thread only.
 */
#ifndef PEERING_POLICY_PUT_BACK_H
#define PEERING_POLICY_PUT_BACK_H

#include <stdbool.h>
#include <stddef.h>

bool policy_put_back_has(const char *name);
/* Both are journalled, where they change anything. */
void policy_put_back_note(const char *name);
void policy_put_back_end(const char *name);

/* What the journal says, at start. */
void policy_put_back_restore(const char *name, bool ended);

#endif
