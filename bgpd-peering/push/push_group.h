/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a push makes of the configuration reaches the journal as one group, behind all of it: a bgpd that is killed before
 * starts again as if there had been no push, and one that is killed later has all of it.
 *
 * A push goes on in slices, and other things happen in between. What closes, or may close, a gate that is open by the
 * journal is written at once, whoever does it; until the push is committed such a line has the connection's configuration
 * as it was before. A line that opens a gate waits for the push where it is one of its verbs, or about a connection that it
 * has touched. Everything else of those connections goes into the group.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSH_GROUP_H
#define PEERING_PUSH_GROUP_H

#include "bgpd-peering/journal/journal_queue.h"

/* An operation of the push begins, about this connection ("" for none): it `configures`, or else is a verb. And ends. */
void push_group_enter(const char *connection, bool configures);
void push_group_leave(void);

/*
 * Whether a line about the connection goes into the group, with push_group_add(); else it is written at once, and
 * `record`, of RECORD_TRANSITION or RECORD_CONNECTION, says of its configuration what was before the push. `open`: the
 * connection's gates are open by what the journal has of it, as far as the caller knows.
 */
bool push_group_takes(struct journal_record *record, bool loosens, bool open);
/* Whether a line about what the push configures, of no state, goes into the group. */
bool push_group_takes_configuration(const char *connection);
void push_group_add(struct waiting_line *line);

/* Whether something waits for the end of the push. */
bool push_group_has_lines(void);
/* The push has changed all that it was to: its lines go to the journal, behind them what durable_state_pushes() says. */
void push_group_commit(void);
/* What waits to be opened by the push's verbs is given up. */
void push_group_cancel_openings(void);

#endif
