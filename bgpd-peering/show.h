/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `show peering`, as text and as JSON (doc/show.md). Main thread only. */
#ifndef PEERING_SHOW_H
#define PEERING_SHOW_H

#include "bgpd-peering/connection.h"
#include "bgpd-peering/show_filter.h"

/* `all`: also where there are many. */
void show_overview_text(struct vty *vty, const struct show_filter *filter, bool all);
void show_connection_text(struct vty *vty, const struct connection *connection);
void show_prometheus(struct vty *vty);

/* How many there are; a connection is open where every gate of its is. */
struct show_count {
	unsigned int connections, open, sessions, sessions_up;
};
struct show_summary {
	struct show_count of_state[STATE_COUNT], all;
	unsigned int warnings, critical;
};
void show_summarize(struct show_summary *summary);

/* The checks of a connection that validates: every one, or those that have to pass and those that do not pass. */
void show_checks_table(struct vty *vty, const struct connection *connection, bool all);
/* Adds `checks` and `blocking`. Of one that is Active only where something is the matter, unless it is `asked` for. */
void show_checks_json(struct json_object *object, const struct connection *connection, bool asked);

void show_overview_json(struct vty *vty, const struct show_filter *filter);
/* One line on the port and its last test, while `ready` is waited for. */
void show_link_line(struct vty *vty, const struct connection *connection);

/* The caller prints and frees them. */
/* What every answer begins with: schemaVersion, router, the module's state. */
struct json_object *show_json_begin(void);
struct json_object *show_summary_json(void);
struct json_object *show_connection_json(const struct connection *connection);
struct json_object *show_link_result_json(const struct connection *connection);
struct json_object *show_would_deny_json(void);
struct json_object *show_state_file_json(void);

/* A table for people; ttable_add_row() fills it, the second prints and frees it. */
struct ttable;
struct ttable *show_table_new(void);
void show_table_print(struct vty *vty, struct ttable *table);

/* "enforcing", "monitor", "bypass" or "inert". */
const char *show_module_state(void);

/* "43s", "6m12s", "4h07m", "13d", for people. */
void show_age(uint64_t seconds, char text[16]);

#endif
