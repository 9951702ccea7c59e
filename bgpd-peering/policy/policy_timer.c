// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/policy/policy_timer.h"

#include "bgpd-peering/frr_compat.h"

static struct {
	void (*function)(event_ref *event); /* NULL: no timer ran */
	unsigned long milliseconds;	    /* that were left of it */
} held;

void policy_timer_hold(void)
{
	held.function = NULL;
	if (!bm->t_rmap_update)
		return;
	held.function = bm->t_rmap_update->func;
	held.milliseconds = event_milliseconds_left(bm->t_rmap_update);
}

void policy_timer_release(void)
{
	if (!held.function || !bm->t_rmap_update || event_milliseconds_left(bm->t_rmap_update) <= held.milliseconds)
		return;
	event_stop(bm->t_rmap_update);
	event_add_milliseconds(held.function, NULL, (long)held.milliseconds, &bm->t_rmap_update);
}
