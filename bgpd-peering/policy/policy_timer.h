/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When bgpd judges anew what it has, by policies that a push has changed. */
#ifndef PEERING_POLICY_TIMER_H
#define PEERING_POLICY_TIMER_H

/*
 * Around a change of a pushed policy. bgpd goes through its routes when its delay timer ends, which begins anew with each
 * change: pushes that follow each other closely would put that off without an end. So the timer that runs already keeps its
 * end. What a person types puts it off as ever: a route-map that is half typed is not judged by any earlier.
 */
void policy_timer_hold(void);
void policy_timer_release(void);

#endif
