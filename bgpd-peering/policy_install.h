/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pushed policies in bgpd itself: a new version takes the place of the old one within one turn of bgpd's main thread, so
 * that no route is ever judged by half of it.
 *
 * A prefix-list may have thousands of entries: it is staged before, some entries at a time, where nothing looks, and then
 * changes places with the one in use. The others are small, and are made anew in place. bgpd goes through its sessions by
 * itself some seconds later (`bgp route-map delay-timer`).
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_POLICY_INSTALL_H
#define PEERING_POLICY_INSTALL_H

#include "bgpd-peering/transition.h"

#include "lib/peering.pb-c.h"

/* In frr_late_init: the match of a prefix-list that pushed route-maps have. */
void policy_install_init(void);
/* At the end of bgpd. */
void policy_install_stop(void);

/* A prefix-list that nothing uses; entries in the order of the object, checked before. */
struct prefix_list *policy_stage(Peering__PolicyKind kind);
void policy_stage_add(struct prefix_list *staged, const Peering__PolicyEntry *entry);
/* Frees what is not wanted any more, in slices, some time after; NULL: nothing. */
void policy_discard(struct prefix_list *staged, Peering__Policy *policy);

/*
 * Whether somebody has typed at it, and FRR's configuration is locked (`configure exclusive`), or takes no line at once
 * (--tcli): what FRR's tree has of it cannot be taken out now. With a sentence.
 */
bool policy_is_locked(Peering__PolicyKind kind, const char *name, char *why, size_t size);

/*
 * `staged` is a prefix-list's own, which it takes where it does not refuse; NULL for the others. The object was checked, and is not typed; what
 * somebody has typed into it since is thrown away. False with a refusal where bgpd does not take it: what it was before
 * is then gone, too.
 */
bool policy_install(const Peering__Policy *policy, struct prefix_list *staged, struct verdict *verdict);
void policy_uninstall(const Peering__Policy *policy);

/* Of a prefix-list or a route-map as it is now; 0: it is not there. */
uint64_t policy_fingerprint(Peering__PolicyKind kind, const char *name);
uint64_t policy_fingerprint_add(uint64_t fingerprint, const void *bytes, size_t size);

/* What an entry of a list is in FRR's configuration, behind its list's name: " seq 5 permit 64500:1". */
void policy_entry_words(const Peering__PolicyEntry *entry, char *words, size_t size);

#endif
