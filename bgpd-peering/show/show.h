/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `show peering`, as text and as JSON (doc/show.md). Main thread only. */
#ifndef PEERING_SHOW_H
#define PEERING_SHOW_H

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/show/show_filter.h"

/* `all`: also where there are many. */
void show_overview_text(struct vty *vty, const struct show_filter *filter, bool all);
void show_connection_text(struct vty *vty, const struct connection *connection);
void show_prometheus(struct vty *vty);

/* What stands above every list: the router, its controller, what is on, and what is wrong with the module itself. */
void show_header(struct vty *vty);
/* One sentence on the push that waits to be confirmed; "" where none does. */
void show_unconfirmed_push(char *text, size_t size);
/* Above everything that is shown, as long as one is on. */
void show_bypass(struct vty *vty);

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
struct json_object *show_pushes_json(void);
struct json_object *show_connection_json(const struct connection *connection);
struct json_object *show_link_result_json(const struct connection *connection);
struct json_object *show_would_deny_json(void);
struct json_object *show_state_file_json(void);

/* Add a member: NULL for no text; RFC 3339, UTC, in whole seconds for a time, NULL for 0. */
void show_json_text(struct json_object *object, const char *key, const char *value);
void show_json_number(struct json_object *object, const char *key, uint64_t value);
/* NULL unless it is `known`. */
void show_json_known(struct json_object *object, const char *key, bool known, uint64_t value);
void show_json_bool(struct json_object *object, const char *key, bool value);
void show_json_time(struct json_object *object, const char *key, uint64_t milliseconds);

/* "enforcing", "monitor", "bypass" or "inert". */
const char *show_module_state(void);

/* "deny", "drain", "allow"; "DENY" where the state of the connection would have it open. */
const char *show_gate_word(const struct connection *connection, enum gate_position gate);

/* "43s", "6m12s", "4h07m", "13d", for people. */
void show_age(uint64_t seconds, char text[16]);

#endif
