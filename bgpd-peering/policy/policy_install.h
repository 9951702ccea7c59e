/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pushed policies in bgpd itself: a new version is staged, some entries at a time, where nothing looks, and then changes
 * places with the one in use, so that no route is ever judged by half of it. That costs the same for one of a few entries
 * and one of thousands, or nearly. bgpd goes through its sessions by itself some seconds later (`bgp route-map delay-timer`).
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_POLICY_INSTALL_H
#define PEERING_POLICY_INSTALL_H

#include "bgpd-peering/connection/transition.h"

#include "lib/peering.pb-c.h"

/* In frr_late_init: the match of a prefix-list that pushed route-maps have. */
void policy_install_init(void);
/* At the end of bgpd. */
void policy_install_stop(void);

/* What staged lists are called in bgpd, with a number; nothing that is pushed has such a name. */
#define POLICY_STAGED "PEERING-STAGED"

struct staged_policy;

/* One that nothing uses, to be in force by that name; entries in the order of the object, checked before. */
struct staged_policy *policy_stage(Peering__PolicyKind kind, const char *name);
/* False: bgpd does not take the entry. */
bool policy_stage_add(struct staged_policy *staged, const Peering__PolicyEntry *entry);
/* Frees what is not wanted any more, in slices, some time after; NULL: nothing. */
void policy_discard(struct staged_policy *staged, Peering__Policy *policy);

/* Whether FRR's own tree knows anything of it: only that can be taken out by hand. Of prefix-lists and route-maps. */
bool policy_is_typed(Peering__PolicyKind kind, const char *name);
/*
 * Whether somebody has typed at it, and FRR's configuration is locked (`configure exclusive`), or takes no line at once
 * (--tcli): what FRR's tree has of it cannot be taken out now. With a sentence.
 */
bool policy_is_locked(Peering__PolicyKind kind, const char *name, char *why, size_t size);

/*
 * Takes `staged` where it does not refuse; all entries of the object were added to it. The object is not typed; what somebody
 * has typed into it since is thrown away. `indexed`: FRR may have an index of the prefix-list. False with a refusal, and then nothing is done.
 */
bool policy_install(const Peering__Policy *policy, struct staged_policy *staged, bool indexed,
		    struct verdict *verdict);
/*
 * It is a neighbor's own filter (`prefix-list`, `filter-list`): that goes by the new version from now on. `told`: another one of
 * its kind was told of in this turn, and bgpd need not go through its neighbors again.
 */
void policy_tell_filters(const Peering__Policy *policy, bool told);
void policy_uninstall(const Peering__Policy *policy);

/* Of what is there now; 0: it is not there. */
uint64_t policy_fingerprint(Peering__PolicyKind kind, const char *name);
uint64_t policy_fingerprint_add(uint64_t fingerprint, const void *bytes, size_t size);

/* What an entry of a list is in FRR's configuration, behind its list's name: " seq 5 permit 64500:1". */
void policy_entry_words(const Peering__PolicyEntry *entry, char *words, size_t size);

#endif
