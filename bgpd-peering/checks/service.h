/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks of a connection in service (Active): rows 24, 24b and 27 of doc/lifecycle.md, and what `degraded` says of a
 * session that is up.
 *
 * A required check that fails is a violation once it has failed for OFFENCE_HOLDS seconds, and is over once it has not for
 * OFFENCE_QUIET seconds. What it does then is the operator's: it is shown, or the gate of that session closes, of few
 * sessions at a time. A session whose gate is closed while the connection is Active is validated by itself.
 *
 * Looked at when something changes that a check looks at, each second while anything is the matter, and else every ten
 * seconds, in slices. bgpd's main thread only.
 */
#ifndef PEERING_SERVICE_H
#define PEERING_SERVICE_H

#include "bgpd-peering/checks/check.h"

#define OFFENCE_HOLDS 5	 /* seconds */
#define OFFENCE_QUIET 30 /* seconds */
#define FLAPPING_SECONDS 600 /* so long a session counts as flapping after FLAPS_MOST ends within that time */
#define CLOSINGS_SECONDS 600 /* in that time at most so many gates close by violations: */
#define CLOSINGS_LEAST 3     /* or a tenth of the Active connections, where that is more */
#define REOPEN_HOLD_DOWN_DEFAULT 600 /* seconds, doubled by each violation in a row */
#define REOPEN_HOLD_DOWN_MOST 86400

/* Looks at every session of an Active connection now. Returns whether it is to be looked at again in a second. */
bool service_look(struct connection *connection);

/*
 * The session comes up: gate_session_up(), closed where its peer has another AS number than the one that was validated. In
 * the hook at Established, before its first route.
 */
void service_session_up(struct session *session, struct peer *peer);
/* It was up, and is down. */
void service_session_down(struct session *session);
/* Its gate has opened: what is the peer now was validated. */
void service_session_opens(struct session *session);

/* The first required check that keeps the gate of a held session closed. False where all pass. */
bool service_obstacle(const struct session *session, const struct check **obstacle, struct check_result *result);

/*
 * Whether it is told of each check of the session unasked: it validates, or something is the matter. Of thousands that are in
 * service nobody reads on.
 */
bool service_is_judged(const struct session *session);
/* Whether the check says anything of the session now: what is asked before a gate opens is not asked while it is open. */
bool service_asks(const struct check *check, const struct session *session);

/* Whether a session that a violation has closed (or, `denied` false, one that was added) would open now. */
bool service_would_open(const struct connection *connection, bool denied);

bool service_is_flapping(const struct session *session);
/* Seconds that a closed session has to pass before `reopen-mode auto` opens it; how many of them are left. */
uint64_t service_hold_down(const struct session *session);
uint64_t service_hold_down_left(const struct session *session);

#endif
