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

/* Takes the event, whose envelope is a push, and hands the push to push_take() when it is ready. It lives until that is done with it. */
void policy_staging_push(struct link_event *event);
void policy_staging_stop(void);

/* While push.c carries a push out, of one of its policies: the refusal of what is wrong with it, by itself; true where it is good. */
bool policy_staging_is_good(const Peering__Policy *policy, struct verdict *verdict);
/* The refusal of what bgpd itself has not taken of it; true where it is made. */
bool policy_staging_is_made(const Peering__Policy *policy, struct verdict *verdict);
/* Puts it in force. */
bool policy_staging_apply(const Peering__Policy *policy, struct verdict *verdict);
/*
 * The push is taken back: what was in force before its policies is made ready again, a part of it with each call, and then
 * put back in one turn; those that it made go as soon as nothing uses them. False: nothing is left to be done.
 */
bool policy_staging_take_back(void);

#endif
