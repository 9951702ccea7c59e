/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walls of the gate, each of which a test build can take down: a test that stays green without the wall that it is
 * there for tests nothing. In what is installed they all stand, and the question costs nothing.
 *
 * The test build (bgpd_peering_test.so) looks into the file that PEERING_WALLS_DOWN names: words, one for each wall that
 * is down now.
 */
#ifndef PEERING_WALLS_H
#define PEERING_WALLS_H

#include <stdbool.h>

#define WALL_GROUPS "groups"   /* families are hidden, so that the peer joins no update-group */
#define WALL_POLICY "policy"   /* the reserved route-map */
#define WALL_PARSER "parser"   /* what the peer announces is taken out of its messages */
#define WALL_TYPED "typed"     /* looked at again behind each typed line */
#define WALL_CLOSING "closing" /* what had passed is taken back */
#define WALL_CAPABILITY "capability" /* families in CAPABILITY messages are hidden */
#define WALL_AUDIT "audit"
#define WALL_ADOPTION "adoption" /* no wall: down, no slice of an adoption is done */
#define WALL_WALKS "walks"	 /* no wall either: nor one of a walk over all connections; uses of policies are gathered slowly */
#define WALL_PUSHES "pushes"	 /* nor one of a push that is being applied, behind its policies */
#define WALL_WHOLE_PUSHES "whole-pushes" /* down, the last operation of a push is refused when it is applied */
/* What the audit may look at. */
#define WALL_COUNT "count"	   /* bgpd's counts of installed routes */
#define WALL_ORIGINALS "originals" /* paths in the tables that are no copies */

#ifdef PEERING_TEST_WALLS
bool wall_stands(const char *wall);
#else
static inline bool wall_stands(const char *wall)
{
	(void)wall;
	return true;
}
#endif

#endif
