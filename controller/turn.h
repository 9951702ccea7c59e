/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long one thing holds the loop at a time, for /metrics: what everybody else has waited for it, on a busy machine more.
 * Whatever libevent calls with work to do says TURN(area) in front of it; the clock runs until it returns. What it calls in
 * between belongs to it: only the outermost is measured. Main thread.
 */
#ifndef PEERING_CONTROLLER_TURN_H
#define PEERING_CONTROLLER_TURN_H

#include <event2/buffer.h>
#include <stdint.h>

enum turn_area {
	TURN_API,      /* requests, and answers that had to wait */
	TURN_REPORTS,  /* transactions of routers' reports; they gather what has come, as long as they may */
	TURN_EVENTS,   /* readers of events, web hooks */
	TURN_PEERINGS, /* what approved peerings wait for */
	TURN_UPKEEP,   /* counting, deleting, looking after the limits, /metrics itself */
	TURN_AREAS
};

struct turn {
	int64_t began; /* microseconds of the steady clock; -1: inside of another */
	int64_t cpu;   /* the same of this thread's processor time */
	enum turn_area area;
};

struct turn turn_begin(enum turn_area area);
void turn_end(struct turn *turn);

#define TURN(area) struct turn turn_of_this __attribute__((cleanup(turn_end))) = turn_begin(area)

/* The figures, for /metrics. */
void turn_metrics(struct evbuffer *out, const char *histogram, const char *longest, const char *longest_cpu);

#endif
