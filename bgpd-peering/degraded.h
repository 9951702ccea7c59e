/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a connection that somebody relies on: looked up when it is asked for, kept nowhere.
 *
 * bgpd's main thread only; strings are valid until the event loop is entered again.
 */
#ifndef PEERING_DEGRADED_H
#define PEERING_DEGRADED_H

#include "bgpd-peering/connection.h"

enum severity { SEVERITY_NONE = 0, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_COUNT };

/* "none", "warning", "critical" */
const char *severity_name(enum severity severity);

struct degradation {
	const char *cause; /* one word: "session-down", "violation", "journal", "not-validated", "conflict", "failed", "undeclared" */
	const struct session *session; /* NULL: of the connection as a whole */
	enum severity severity;
	uint64_t seconds;      /* since when; 0 where that is not known */
	bool gate_closed;      /* of that session (or connection), though its state would have it open */
	char reason[400];      /* a sentence for people */
	char next[160];	       /* what to type */
};

/* One of each session at most, and of the connection. Returns how many; writes the first `most`. */
size_t connection_degradations(const struct connection *connection, struct degradation *found, size_t most);

/* The worst of them; SEVERITY_NONE where nothing is wrong. */
enum severity connection_severity(const struct connection *connection);

#endif
