/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One as-path or community list as bgpd has it, in the words of its configuration. bgpd's main thread only.
 */
#ifndef PEERING_POLICY_LIST_H
#define PEERING_POLICY_LIST_H

#include "bgpd-peering/frr_compat.h"

#include "lib/peering.pb-c.h"

/* What "bgp … list KIND NAME" begins with, in front of the name; NULL for what is no such list. */
const char *policy_list_words(Peering__PolicyKind kind);
bool policy_list_is_there(Peering__PolicyKind kind, const char *name);
/* One line for each entry; nothing where it is not there. Costs what the list costs. */
void policy_list_write(FILE *to, Peering__PolicyKind kind, const char *name);
/* Whether bgpd can read the regular expression of an entry; "": it has none. */
bool policy_list_takes(Peering__PolicyKind kind, const char *regex);
/*
 * An entry that bgpd can read, behind all others of an as-path list that is there and that nothing uses: for a line of its own
 * bgpd would go through all neighbors. False where it has to be that line.
 */
bool policy_list_append_path(const char *name, const Peering__PolicyEntry *entry);
/* An as-path list that nothing uses takes a name that no list has. Nobody is told. */
void policy_list_rename_paths(const char *name, const char *other);
/* The entries of two lists that are there change places. Nobody is told. */
void policy_list_exchange(Peering__PolicyKind kind, const char *name, const char *other);
/* Whether a line that bgpd has written of the list is an entry of the policy: in bgpd's words, which orders communities. */
bool policy_list_has_line(const Peering__Policy *policy, const char *line);

#endif
