/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policies of a push, judged against the router: whose name it is, whether what they refer to is there, whether the
 * router has room. Part of the plan of push_check.h; nothing is touched.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_POLICY_CHECK_H
#define PEERING_POLICY_CHECK_H

#include "bgpd-peering/connection/transition.h"

#include "lib/peering.pb-c.h"

struct policy_plan;

struct policy_plan *policy_plan_new(void);
void policy_plan_free(struct policy_plan *plan);

/* Judges the next one and adds it. False with a refusal. The policy has to live as long as the plan. */
bool policy_plan_push(struct policy_plan *plan, const Peering__Policy *policy, struct verdict *verdict);
bool policy_plan_withdraw(struct policy_plan *plan, const char *name, struct verdict *verdict);

/* Whether there is such a policy once the push is carried out, pushed or typed. */
bool policy_plan_has(const struct policy_plan *plan, Peering__PolicyKind kind, const char *name);

#endif
