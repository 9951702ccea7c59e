/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of the journal: a record made of it, and it made of a record. doc/journal.md describes the fields.
 *
 * What a line says of a connection is complete: kind, flags, sessions, state. Bytes come from a disk that may be bad:
 * nothing is taken for granted. No state of its own; bgpd's main thread.
 */
#ifndef PEERING_JOURNAL_LINE_H
#define PEERING_JOURNAL_LINE_H

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/connection/deadline.h"
#include "bgpd-peering/gate/default_deny.h"
#include "bgpd-peering/link/controller_line.h"
#include "bgpd-peering/push/push_record.h"

#include "lib/journal_gates.h"
#include "lib/peering.pb-c.h"

#define JOURNAL_VERSION 1
#define JOURNAL_HOST_MAX 256 /* with the final NUL */

enum record_type {
	RECORD_JOURNAL = 0,  /* first line: journal_id */
	RECORD_TRANSITION,   /* transition, and the connection as it is then */
	RECORD_CONNECTION,   /* the connection as it is */
	RECORD_FORGET,	     /* the connection is gone */
	RECORD_BYPASS,	     /* name ("" for that of every session), bypass */
	RECORD_POLICY,	     /* what the operator wants of one session while its gate is closed */
	RECORD_DEFAULT_DENY, /* vrf, mode, confederation, exceptions */
	RECORD_ACKED,	     /* sequence */
	RECORD_PUSHED,	     /* declaration, removed */
	RECORD_EXPORT,	     /* first line of a state file: name (the router's), state_since (when) */
	RECORD_END,	     /* its last line: sequence, the lines in front of it */
	RECORD_PROFILE,	     /* profile, vrf, and its lines: the window among timers, check_levels; none: it is gone */
	RECORD_TIMERS,	     /* vrf, timers: the defaults of an instance */
	RECORD_OBJECT,	     /* name, policy, withdrawn, before; without a policy it is gone */
	RECORD_CONTROLLER,   /* controllers, the best first; router_name ("" for none) */
	RECORD_PUSHES,	     /* pushes */
	RECORD_TYPE_COUNT
};

/* One place of a session's policy: route-map `name`, or NULL for what the peer-group says, or none. */
struct policy_record {
	afi_t afi;
	safi_t safi;
	int direction;
	char *name; /* MTYPE_PEERING_TEXT */
};

struct journal_record {
	enum record_type type;
	char journal_id[37];
	char name[CONNECTION_NAME_MAX];
	char vrf[VRF_NAME_MAX];
	enum connection_state state;
	uint64_t state_since; /* Unix milliseconds */
	uint64_t generation;
	bool adopted, discovered, overridden;
	enum connection_state former;	  /* of ExternalBlocker */
	enum connection_kind wanted_kind; /* of TypeChange… */
	uint64_t drain_ends;		  /* of PendingRemove; deadline.h, in boot_id */
	bool drain_held;
	struct maintenance maintenance;
	char boot_id[DEADLINE_BOOT_ID_MAX];

	/* the connection's lines of configuration */
	bool declared, adopted_line;
	enum connection_kind kind;
	as_t remote_as;
	char description[DESCRIPTION_MAX];
	uint32_t received_limit[FAMILY_COUNT];
	uint32_t timers[TIMER_COUNT]; /* of RECORD_TIMERS too */
	char profile[PROFILE_NAME_MAX];
	char allowed_prefixes[FAMILY_COUNT][PREFIX_LIST_NAME_MAX];
	enum check_level check_levels[CHECKS_MAX];
	bool activation_set;
	enum activation_mode activation;
	bool on_violation_deny, reopen_auto;
	uint32_t reopen_hold_down;
	struct link_test_settings link_test;
	struct link_test_result link_result;
	struct {
		char address[SESSION_ADDRESS_MAX];
		bool declared, required, held, made;
		bool denied;	 /* and held */
		as_t validated_as;
		struct denial denial;
	} sessions[SESSIONS_MAX];
	size_t session_count;

	char address[SESSION_ADDRESS_MAX]; /* of RECORD_POLICY */
	struct policy_record *policies;	   /* owned after decoding, borrowed for encoding */
	size_t policy_count;

	struct bypass bypass;

	enum default_deny_mode mode;
	bool confederation;
	char **exceptions; /* each MTYPE_PEERING_TEXT; owned after decoding, and after journal_record_of_default_deny() */
	size_t exception_count;

	char router_name[JOURNAL_HOST_MAX];
	struct controller_line controllers[CONTROLLERS_MAX];
	size_t controller_count;

	uint64_t sequence;
	Peering__Transition *transition;	 /* owned after decoding, borrowed for encoding */
	Peering__DeclareConnection *declaration; /* likewise */
	char (*removed)[SESSION_ADDRESS_MAX];	 /* MTYPE_PEERING_TEXT; likewise */
	size_t removed_count;			 /* PUSHED_REMOVED_MAX at most */
	struct push_record *pushes;		 /* likewise */
	Peering__Policy *policy;		 /* likewise */
	bool withdrawn;
	bool put_back, ended; /* of RECORD_OBJECT: no policy, but one that was put back, or is so no more; policy_put_back.h */
	char before[PUSH_ID_MAX]; /* of RECORD_OBJECT: it was so before this push, which may put it back; "": it is so */
};

/* Fills what the record says of a connection. At most SESSIONS_MAX sessions: a connection takes no more. */
void journal_record_of_connection(struct journal_record *record, const struct connection *connection);
/* And back: the connection's lines of configuration but for its neighbors. */
void journal_record_settings(const struct journal_record *record, struct connection *connection);
/* The record says of the configuration, its neighbors included, what `before` says; of states and gates what it said. */
void journal_record_configure(struct journal_record *record, const struct journal_record *before);
/* Fills what the record says of a session's policy; journal_record_clear() frees it. */
void journal_record_of_policy(struct journal_record *record, const struct session *session);

/* malloc'd, with a newline at the end. */
char *journal_line_encode(const struct journal_record *record);

/*
 * The line of RECORD_OBJECT with a policy, written entry by entry: it may have thousands. The policy was checked. At the
 * end there is room for journal_sum_add(). `before`: the push that it was so before, or NULL; and whether it was withdrawn then.
 */
void journal_line_begin_policy(FILE *to, const Peering__Policy *policy);
void journal_line_add_policy_entry(FILE *to, const Peering__Policy *policy, const Peering__PolicyEntry *entry, bool first);
void journal_line_end_policy(FILE *to, const char *before, bool withdrawn);

/* Fills what the record says of default-deny in an instance; journal_record_clear() frees it. */
void journal_record_of_default_deny(struct journal_record *record, const char *vrf);

/* `line` without its newline. False with a sentence; then there is nothing to clear. */
bool journal_line_decode(const char *line, struct journal_record *record, char *error, size_t error_size);
/* Frees what decoding, or one of the functions above, has made. */
void journal_record_clear(struct journal_record *record);

/*
 * The declaration as the journal gives it back: without what this version does not know. NULL where the journal could not
 * give it back whole. To be freed with protobuf-c's free_unpacked.
 */
Peering__DeclareConnection *journal_line_round_trip(const Peering__DeclareConnection *declaration);

/* A declaration as the field `declaration` of an object, and back: NULL where it is missing or out of range. */
void journal_line_add_declaration(json_object *object, const Peering__DeclareConnection *declaration);
Peering__DeclareConnection *journal_line_declaration_of(json_object *object);

/* Deep copies, to be freed with protobuf-c's free_unpacked. */
Peering__Transition *journal_line_copy_transition(const Peering__Transition *transition);
Peering__DeclareConnection *journal_line_copy_declaration(const Peering__DeclareConnection *declaration);

#endif
