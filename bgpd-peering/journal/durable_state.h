/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What survives a restart: the journal's lines, written and read back. doc/journal.md describes the file.
 *
 * One JSON object a line. The first names the journal; then transitions and records of connections, default-deny,
 * accepted pushes, and what the controller has acknowledged. Of a connection the last line counts. Reading is
 * synchronous, at start, before any peer can be; writing goes through journal_writer. bgpd's main thread only.
 */
#ifndef PEERING_DURABLE_STATE_H
#define PEERING_DURABLE_STATE_H

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/journal/journal_writer.h"

#include "lib/peering.pb-c.h"

/*
 * In frr_late_init: reads the journal into connections and default-deny. Never fails: what cannot be read closes the
 * gates it speaks of, and is said in the log.
 */
void durable_state_load(void);

/* After the fork: starts the writer. A journal that cannot be written is said in the log; no gate opens then. */
void durable_state_start(void);
/* At bgpd's clean end. */
void durable_state_stop(void);

/* Whether a change that loosens can be made durable; else a sentence that says what to do. */
bool durable_state_writable(char *error, size_t error_size);
/*
 * The number of the line that was queued last, and whether every line up to that one has reached the disk (or, where it
 * loosens, was given up). Who waits for it is told of each step by push_journal_moved().
 */
uint64_t durable_state_newest_line(void);
bool durable_state_lines_done(uint64_t number);
/* Whether one that opens a gate is among those behind `since`, up to `upto`, that the disk has not had or refused. */
bool durable_state_opens_between(uint64_t since, uint64_t upto);
/* The number of the newest line that was given up: it would have opened a gate, and could not be written. 0: none. */
uint64_t durable_state_given_up(void);
/* One sentence on what is wrong with the journal, NULL where nothing is. */
const char *durable_state_problem(void);

/* Whether a journal was there when bgpd started (also a damaged one). */
bool durable_state_was_present(void);
/* Whether only its beginning could be read: what came behind it, the end of a connection perhaps, is not known. */
bool durable_state_breaks_off(void);
/* Whether a line in it cannot be read that may have spoken of any session: what it does not know is gated at start. */
bool durable_state_lost_a_line(void);
/* All that such a line may have spoken of has been journalled anew: the next start need not make up for it again. */
void durable_state_make_up_for_lost_lines(void);
const char *durable_state_path(void);
const char *durable_state_journal_id(void);

/* Of transitions, 0 for none: */
struct durable_sequences {
	uint64_t loaded;  /* the newest one when bgpd started */
	uint64_t durable; /* the newest one that the disk has: what came after it is told by controller_link_transition() */
	uint64_t acked;	  /* a controller has committed every one up to it */
	uint64_t begun;	  /* the journal has its id from the one behind it on */
};
struct durable_sequences durable_state_sequences(void);

/*
 * Draws a new id for the journal and keeps all that is in it: a controller that took this journal for another one, since
 * an older copy of it was put back, begins anew with it. In force, and the link begun again, once its line is durable.
 * False with a sentence.
 */
bool durable_state_renew_id(char *error, size_t error_size);

/*
 * Numbers the transition (entry->sequence) and journals it. `pending`: the change takes effect once the line is
 * durable, with these flags and each session's `held_next`; transition_durable() is called with the outcome and with the
 * ticket that is returned, 0 where the line cannot be written now; one that fails is given up. NULL: it has taken effect;
 * returns 0. What a push does is numbered when all of it is journalled: transition_numbered().
 */
uint64_t durable_state_transition(const struct connection *connection, struct history_entry *entry,
				  const struct pending_change *pending);
/*
 * Journals what the connection is now, where no transition says it (a session was added, a line edited). Where a change
 * is pending, once that is decided.
 */
void durable_state_connection(struct connection *connection);
/* Journals what the operator wants of the session; many calls in a row become one line. */
void durable_state_policy(struct session *session);
/*
 * The connection is gone for good, or, where that `opens` a gate, is to be: then transition_durable() is called with the
 * outcome. Returns the ticket of that, 0 where the line cannot be written now.
 */
uint64_t durable_state_forget(const struct connection *connection, bool opens);
/* A bypass has begun or ended; `name` is NULL for that of every session. */
void durable_state_bypass(const char *name, const struct bypass *bypass);
/* Journals the instance's default-deny as it is now. */
void durable_state_default_deny(const char *vrf);
/* The defaults of an instance's timers. */
void durable_state_timers(const char *vrf, const uint32_t seconds[TIMER_COUNT]);
/* Journals the profile as it is now; one without lines is gone. */
struct profile;
void durable_state_profile(const struct profile *profile);
/* What the lines say of the controller has changed. */
void durable_state_controller(void);
void durable_state_acked(uint64_t sequence);
/* What pushes have left behind, all of it: push_record.h. */
void durable_state_pushes(void);
/* The line that says so, without its sum, malloc'd. */
char *durable_state_pushes_line(void);
/* A declaration that the controller pushed and the router took; the newest one of a name counts. */
void durable_state_pushed(const Peering__DeclareConnection *declaration);
/* Which neighbors it has left out so far is not what it was. */
void durable_state_pushed_again(const char *name);
/*
 * The pushed policy object as it is from now on; NULL: it is gone. `line` is that of the journal with its sum, where it
 * was made before; else NULL.
 */
void durable_state_policy_object(const char *name, const Peering__Policy *policy, bool withdrawn, const char *line);
/* A pushed policy that was put back; policy_put_back.h. */
void durable_state_put_back(const char *name, bool ended);
/* The one of that name that is in force, NULL where there is none. It stands until the next is taken. */
const Peering__DeclareConnection *durable_state_pushed_of(const char *name);

#endif
