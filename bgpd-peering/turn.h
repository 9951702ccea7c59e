/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long this module holds bgpd's main thread at a time.
 *
 * Whatever bgpd calls here, an event, a hook or a command, says TURN(area) in front of its work. The clocks run until it
 * returns, by whichever way. What it calls in between belongs to it: only the outermost is measured. Costs two looks at
 * two clocks, so a hook that has nothing to do returns before it says so. bgpd's main thread only.
 */
#ifndef PEERING_TURN_H
#define PEERING_TURN_H

#include <stdint.h>
#include <time.h>

enum turn_area {
	TURN_SHOW,	 /* `show peering …`, and our lines of `show running-config` */
	TURN_COMMAND,	 /* everything else that is typed, and the ends of files */
	TURN_SESSION,	 /* sessions that come up and go down, what gated peers send */
	TURN_GATE,	 /* what goes on behind a gate that has opened or closed */
	TURN_WALK,	 /* slices of walks over all connections */
	TURN_LIFECYCLE,	 /* validation, timers, drains, adoption, state files */
	TURN_AUDIT,
	TURN_PREVIEW,
	TURN_JOURNAL,	 /* what is durable now, and what happens only then */
	TURN_CONTROLLER, /* reports and pushes */
	TURN_LINK_TEST,
	TURN_AREAS
};

struct turn {
	struct timespec wall, cpu;
};

struct turn turn_begin(enum turn_area area);
void turn_end(struct turn *turn);

#define TURN(area) struct turn turn_of_this __attribute__((cleanup(turn_end))) = turn_begin(area)

/* The longest of an area since bgpd's start, or since they were cleared. */
struct turn_figures {
	uint64_t turns;
	uint64_t longest_microseconds;	   /* by the clock: what bgpd's sessions have waited */
	uint64_t longest_cpu_microseconds; /* that the thread has worked: the machine may be busy with others */
};
const struct turn_figures *turn_figures(enum turn_area area);
const char *turn_area_name(enum turn_area area); /* "link-test" */
enum turn_area turn_longest(void);		 /* the area that has held it longest, by the clock */
void turn_clear(void);

#endif
