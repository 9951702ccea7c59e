/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A check is one rule of the validation. A new one is one file check_NAME.c, one line in checks.c, one section of
 * doc/checks.md.
 *
 * Checks look, they change nothing, and each costs O(1) for a session. bgpd's main thread only.
 */
#ifndef PEERING_CHECK_H
#define PEERING_CHECK_H

#include "bgpd-peering/connection/connection.h"

enum check_verdict { CHECK_PASS = 0, CHECK_RUNNING, CHECK_FAIL, CHECK_UNKNOWN, CHECK_VERDICT_COUNT };

struct check_result {
	enum check_verdict verdict;
	char figures[64]; /* "9120 ipv4, limit 2000" */
	char reason[192]; /* a sentence; empty for a pass */
	uint64_t limit;	  /* where the check has one; 0: none */
};

struct check {
	const char *name;
	enum check_level level;		     /* where the connection says nothing */
	enum check_level route_server_level; /* the same for kind route-server; CHECK_LEVEL_DEFAULT: `level` */
	bool fixed;			     /* nothing that is configured changes its level */
	bool of_turn_up;		     /* asked before the gate of a session opens, not while it is in service */
	bool of_routes;			     /* looks at what the peer announces */
	const char *cause;		     /* what a failure is called in service; NULL: `name` */
	bool urgent;			     /* such a failure is critical; else it is a warning */
	bool (*concerns)(const struct connection *connection); /* false: it is off; NULL: it concerns every one */
	/* Judges one session of a connection. `peer` is what bgpd has for it, NULL where it has none. */
	void (*run)(const struct session *session, struct peer *peer, struct check_result *result);
};

extern const struct check check_profile;
extern const struct check check_local_policy;
extern const struct check check_session_stable;
extern const struct check check_remote_asn;
extern const struct check check_addresses;
extern const struct check check_agreed_families;
extern const struct check check_capabilities;
extern const struct check check_role;
extern const struct check check_end_of_rib;
extern const struct check check_received_limit;
extern const struct check check_no_default;
extern const struct check check_no_bogons;
extern const struct check check_prefix_length;
extern const struct check check_no_own_prefix;
extern const struct check check_allowed_prefixes;
extern const struct check check_first_as;
extern const struct check check_path_asn;
extern const struct check check_no_transit;
extern const struct check check_path_length;
extern const struct check check_next_hop;
extern const struct check check_rpki;
extern const struct check check_bfd;
extern const struct check check_ttl_security;
extern const struct check check_ping;
extern const struct check check_path_mtu;
extern const struct check check_gate_holds;

/* The table, in the order in which they are shown. */
extern const struct check *const checks[];
extern const size_t check_count;

const char *check_verdict_name(enum check_verdict verdict); /* "pass" */
const char *check_level_name(enum check_level level);	    /* "required"; "default" for CHECK_LEVEL_DEFAULT */
/* CHECK_REQUIRED, CHECK_ADVISORY or CHECK_OFF; -1 where `name` is NULL or none of them. */
int check_level_from_name(const char *name);
/* The place in the table; -1 where `name` is NULL or no check's. */
int check_find(const char *name);
/* What the check in that place means for the connection: never CHECK_LEVEL_DEFAULT. */
enum check_level check_level(const struct connection *connection, size_t place);

/*
 * For checks that count: a session whose gate has closed before all that its peer announces was known cannot pass yet.
 */
void check_knows_all(const struct session *session, struct check_result *result);

/* Runs one check on one session. */
void check_run(const struct check *check, const struct session *session, struct check_result *result);
/* Whether a session that is down and only optional is left out of the validation. */
bool check_applies(const struct session *session);

#endif
