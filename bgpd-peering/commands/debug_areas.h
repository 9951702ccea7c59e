/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `debug peering AREA`: what the module does, step by step, in the log. As with FRR's own debugging, what is typed in
 * configuration mode is saved, and what is typed outside of it lasts until bgpd ends.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_DEBUG_AREAS_H
#define PEERING_DEBUG_AREAS_H

#include "bgpd-peering/frr_compat.h"

#include "lib/debug.h"

enum debug_area {
	DEBUG_GATE = 0,	  /* what opens and closes */
	DEBUG_VALIDATION, /* what is looked at, and what is waited for */
	DEBUG_LIFECYCLE,  /* every event that is judged, the refused ones too */
	DEBUG_JOURNAL,	  /* lines, and when they are durable */
	DEBUG_CONTROLLER, /* what goes over the link */
	DEBUG_LINK,	  /* link tests */
	DEBUG_AREA_COUNT
};

extern struct debug debug_areas[DEBUG_AREA_COUNT];

/* Whether somebody listens: one look at a flag. */
#define debug_is_on(area) DEBUG_MODE_CHECK(&debug_areas[area], DEBUG_MODE_ALL)
#define debug_log(area, format, ...)                                                                                   \
	do {                                                                                                           \
		if (debug_is_on(area))                                                                                 \
			zlog_debug("peering: " format, ##__VA_ARGS__);                                                 \
	} while (0)

/* In frr_late_init. */
void debug_areas_init(void);

#endif
