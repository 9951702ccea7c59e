/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is once for each bgpd: whether the module works, and whether a configuration is being read.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_ROUTER_H
#define PEERING_ROUTER_H

#include "bgpd-peering/alert.h"
#include "bgpd-peering/connection/connection.h"

struct router {
	bool inert; /* does nothing at all, built for another bgpd; router_works() asks and sets it */
	bool crashed; /* inert because bgpd has crashed too often with it; crash_guard.h */
	char state_directory[PATH_MAX];
	char tls_directory[PATH_MAX];
	bool dry_run;	   /* bgpd -C: reads a configuration, writes nothing, starts nothing */
	bool booting;	   /* until the end of the first configuration, or the first session that comes up */
	bool reading_file; /* vtysh sends one */
	bool lines_read;   /* a file has brought a line of ours */
	uint64_t changes; /* of states, connections, their sessions and pushed declarations since the start: a push looks */
};

extern struct router router;

/*
 * Whether the module may touch anything of bgpd's: asked first in every hook, command and event. False for good from the
 * moment on that one of bgpd's structures is found to be another than the module was built for, which is logged once.
 */
bool router_works(void);

/* Half a sentence for people: why, and what to do. Only where the module is inert; static. */
const char *router_inert_reason(void);

/* Reads "state-dir=DIR,tls-dir=DIR" (the part of `-M peering:…` behind the colon, or NULL). False with a sentence. */
bool router_arguments(const char *arguments, char *error, size_t error_size);

/* Whether the line comes from a file that is being read (bgpd's own, or through `vtysh -b` and `vtysh -f`). */
bool router_reading_file(const struct vty *vty);
/* Looks at each command for the marks that vtysh sends around a file. True where one has just ended. */
bool router_file_ends(const char *command);

/* Milliseconds since 1970, for records and people; never for timers. */
uint64_t wall_clock_milliseconds(void);

/* Seconds since such a time; 0 for one to come. */
uint64_t wall_clock_seconds_since(uint64_t milliseconds);

#endif
