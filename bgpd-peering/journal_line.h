/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of the journal: a record made of it, and it made of a record. doc/journal.md describes the fields.
 *
 * What a line says of a connection is complete: kind, flags, sessions, state. Bytes come from a disk that may be bad:
 * nothing is taken for granted. No state of its own; bgpd's main thread.
 */
#ifndef PEERING_JOURNAL_LINE_H
#define PEERING_JOURNAL_LINE_H

#include "bgpd-peering/connection.h"

#include "lib/peering.pb-c.h"

#define JOURNAL_VERSION 1
#define JOURNAL_LINE_MAX (256 * 1024) /* with its newline; a longer one is not read */

enum record_type {
	RECORD_JOURNAL = 0,  /* first line: journal_id */
	RECORD_TRANSITION,   /* transition, and the connection as it is then */
	RECORD_CONNECTION,   /* the connection as it is */
	RECORD_FORGET,	     /* the connection is gone */
	RECORD_DEFAULT_DENY, /* vrf, on */
	RECORD_ACKED,	     /* sequence */
	RECORD_PUSHED,	     /* declaration */
	RECORD_TYPE_COUNT
};

struct journal_record {
	enum record_type type;
	char journal_id[37];
	char name[CONNECTION_NAME_MAX];
	char vrf[VRF_NAME_MAX];
	enum connection_state state;
	enum connection_kind kind;
	uint64_t state_since; /* Unix milliseconds */
	uint64_t generation;
	as_t remote_as;
	bool adopted, discovered;
	struct {
		char address[SESSION_ADDRESS_MAX];
		bool required, held, made;
	} sessions[SESSIONS_MAX];
	size_t session_count;
	bool on;
	uint64_t sequence;
	Peering__Transition *transition;	 /* owned after decoding, borrowed for encoding */
	Peering__DeclareConnection *declaration; /* likewise */
};

/* Fills what the record says of a connection. At most SESSIONS_MAX sessions: a connection takes no more. */
void journal_record_of_connection(struct journal_record *record, const struct connection *connection);

/* malloc'd, with a newline at the end. */
char *journal_line_encode(const struct journal_record *record);

/* `line` without its newline. False with a sentence; then there is nothing to clear. */
bool journal_line_decode(const char *line, struct journal_record *record, char *error, size_t error_size);
/* Frees what decoding has made. */
void journal_record_clear(struct journal_record *record);

/* The connection that an unreadable line seems to speak of. */
bool journal_line_guess_name(const char *line, char name[CONNECTION_NAME_MAX]);

/*
 * The declaration as the journal gives it back: without what this version does not know. NULL where the journal could not
 * give it back whole. To be freed with protobuf-c's free_unpacked.
 */
Peering__DeclareConnection *journal_line_round_trip(const Peering__DeclareConnection *declaration);

/* Deep copies, to be freed with protobuf-c's free_unpacked. */
Peering__Transition *journal_line_copy_transition(const Peering__Transition *transition);
Peering__DeclareConnection *journal_line_copy_declaration(const Peering__DeclareConnection *declaration);

#endif
