/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a connection that somebody relies on: looked up when it is asked for, and kept nowhere, but for
 * what has to hold for some time before it is said (service.h).
 *
 * bgpd's main thread only; strings are valid until the event loop is entered again.
 */
#ifndef PEERING_DEGRADED_H
#define PEERING_DEGRADED_H

#include "bgpd-peering/connection/connection.h"

enum severity { SEVERITY_NONE = 0, SEVERITY_WARNING, SEVERITY_CRITICAL, SEVERITY_COUNT };

/* "none", "warning", "critical" */
const char *severity_name(enum severity severity);

struct degradation {
	/*
	 * One word: "session-down", "flapping", "violation", "journal", "not-validated", "conflict", "failed", "undeclared",
	 * "drift", "password", or what a check calls its failure: "limit", "default-route", …
	 */
	const char *cause;
	const struct session *session; /* NULL: of the connection as a whole */
	enum severity severity;
	uint64_t seconds;      /* since when; 0 where that is not known */
	bool gate_closed;      /* of that session (or connection), though its state would have it open */
	char figures[64];      /* "9120 ipv4 of 2000"; "" where there are none */
	char reason[400];      /* a sentence for people */
	char next[160];	       /* what to type */
};

#define DEGRADATIONS_MAX (4 * SESSIONS_MAX + 2)

/* Up to four of each session, and two of the connection. Returns how many; writes the first `most`. */
size_t connection_degradations(const struct connection *connection, struct degradation *found, size_t most);

/* The worst of them; SEVERITY_NONE where nothing is wrong. */
enum severity connection_severity(const struct connection *connection);

#endif
