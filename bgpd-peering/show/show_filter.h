/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which connections `show peering …` lists. Main thread only. */
#ifndef PEERING_SHOW_FILTER_H
#define PEERING_SHOW_FILTER_H

#include "bgpd-peering/connection/connection.h"

/* Zeroed: all of them. What is set has to hold, each of it. */
struct show_filter {
	bool problems;
	const char *state;     /* to the letter, or as people type it: letter case does not count */
	const char *neighbor;  /* as bgpd prints it, or an interface */
	as_t asn;
	const char *interface; /* that a session's packets go through, or that it is named after */
};

/* Whether it leaves any out. */
bool show_filter_is_set(const struct show_filter *filter);
bool show_filter_takes(const struct show_filter *filter, const struct connection *connection);

/* The state of that name, however its letters are written; -1 where there is none. */
int show_filter_state(const char *name);

#endif
