/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In front of push.c: the policy objects of a push are judged by themselves, and the large ones made ready, some
 * milliseconds at a time, before the push as a whole is checked and applied. Pushes keep their order; one without policies
 * that has none in front of it is carried out at once.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_POLICY_STAGING_H
#define PEERING_POLICY_STAGING_H

#include "bgpd-peering/connection/transition.h"
#include "bgpd-peering/link/link.h"
#include "bgpd-peering/push/push_policies.h"

/* Takes the event, whose envelope is a push, and hands the push to push_take() when it is ready. It lives until that is done with it. */
void policy_staging_push(struct link_event *event);
void policy_staging_stop(void);

/* While push.c carries a push out, of one of its policies: the refusal of what is wrong with it, by itself; true where it is good. */
bool policy_staging_is_good(const Peering__Policy *policy, struct verdict *verdict);
/* The refusal of what bgpd itself has not taken of it; true where it is made. */
bool policy_staging_is_made(const Peering__Policy *policy, struct verdict *verdict);
/* Whether it makes another policy of what is in force. */
bool policy_staging_changes(const Peering__Policy *policy);
/* Puts it in force. */
bool policy_staging_apply(const Peering__Policy *policy, struct verdict *verdict);
/*
 * The push is taken back: what was in force before its policies is made ready again, a part of it with each call, and then
 * put back in one turn; those that it made go as soon as nothing uses them. False: nothing is left to be done.
 */
bool policy_staging_take_back(void);

/*
 * For a push that is to be confirmed, before it is applied: makes the journal's lines of what its policies take the place
 * of, a part of them with each call. True: there is more to be done. False, at the end or with a refusal: it is more than is kept.
 */
bool policy_staging_note(const char *push, struct verdict *verdict);
/* The push begins: its lines get into the group. */
void policy_staging_write_notes(void);
/* It is applied: what its policies have taken the place of goes to `policies`. */
void policy_staging_give_former(struct push_policies *policies);

/*
 * What `policies` had is made ready, in its turn among the pushes; then `ready` is called, in a turn of its own, and
 * pushes wait for policy_staging_rolled_back(). `policies` has to live until then.
 */
void policy_staging_roll_back(const struct push_policies *policies, void (*ready)(void));
/* The refusal of what bgpd does not take of it; true where all can be put back. */
bool policy_staging_can_switch_back(struct verdict *verdict);
/* Puts all of it in force, in this turn, and takes it from `policies`. */
void policy_staging_switch_back(struct push_policies *policies);
void policy_staging_rolled_back(void);

#endif
