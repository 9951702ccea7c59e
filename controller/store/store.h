/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the controller knows, kept: the one interface behind which a database stands.
 *
 * Blocking, for one thread. A result of STORE_OK for a write outside store_begin() … store_commit() means that it is
 * committed and will be there after a crash; inside, that it is once store_commit() has said STORE_OK. Texts given
 * are copied; texts in what a visitor gets are valid during the visit alone. Times are Unix milliseconds, 0: never.
 * Desired state (what people asked for) and observed state (what routers report) never share a row.
 */
#ifndef PEERING_CONTROLLER_STORE_H
#define PEERING_CONTROLLER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_ERROR_MAX 512

struct store;

enum store_result {
	STORE_OK = 0,
	STORE_NOT_FOUND,
	STORE_BUSY,    /* another process holds the database: try again soon */
	STORE_FULL,    /* no space on the disk: try again once there is some */
	STORE_FAILED,  /* anything else: try again, and somebody has to look */
	STORE_REFUSED, /* this row breaks a rule of the schema: trying again does not help */
};

/*
 * Opens or creates the database at `path`, brings an older schema up to date, and takes the lock that keeps a second
 * controller out. NULL with a sentence in `error`: no such folder, no permission, not ours, of a newer version.
 */
struct store *store_open(const char *path, char *error, size_t error_size);
/* The same beside a controller that uses it, for one short change; the schema must be this program's then. */
struct store *store_open_beside(const char *path, char *error, size_t error_size);
/* The same questions without creating or changing anything. */
bool store_check(const char *path, char *error, size_t error_size);
void store_close(struct store *store);

/* ---- Copies, by a process of their own ---- */

/* A copy of the database, which a controller may be using meanwhile; looked over, and in place once it is whole. */
bool store_backup(const char *path, const char *copy, char *error, size_t error_size);
/* Puts a copy in the database's place. No controller may be using that. */
bool store_restore(const char *path, const char *copy, char *error, size_t error_size);

/* ---- Results ---- */

/* The sentence for the newest result that was not STORE_OK or STORE_NOT_FOUND, valid until the next call. */
const char *store_error(const struct store *store);

/* Many writes, one commit. After a failure of any write but STORE_REFUSED the caller rolls back. */
enum store_result store_begin(struct store *store);
enum store_result store_commit(struct store *store);
void store_rollback(struct store *store);

/* ---- Routers ---- */

struct store_router {
	const char *name;
	const char *address; /* of the newest session, "192.0.2.1:40000" */
	const char *frr_version;
	const char *module_version;
	const char *journal_id;
	const char *boot_id;
	int64_t first_seen_at;
	int64_t connected_at;	 /* of the newest session */
	int64_t disconnected_at; /* 0 while no session has ended since connected_at */
	const char *disconnect_reason;
	int64_t snapshot_at;	   /* newest full snapshot */
	uint64_t acked_sequence;   /* of journal_id */
	uint64_t connection_count; /* observed */
	int64_t held_since;	   /* pushes to it wait until its differences are settled (below); 0: they do not */
	const char *held_push;	   /* the router's newest push, that is not in this database */
	uint64_t unsettled_count;  /* while held: differences that nobody has settled */
	uint64_t revision;	   /* of what pushes have made of it, as it said last */
	const char *revision_of;   /* the push that made it; "" for none */
};

typedef bool (*store_router_visit)(const struct store_router *router, void *context); /* false ends the walk */

/* A Hello was accepted: name, address, versions, journal_id, boot_id and connected_at are written. */
enum store_result store_router_connected(struct store *store, const struct store_router *router);
/*
 * Its session ended. Verbs that wait for an answer become `unanswered`: nobody knows whether the router did them;
 * requests stay queued, since repeating one changes nothing. NULL `name`: every router, at the controller's start.
 */
enum store_result store_router_disconnected(struct store *store, const char *name, int64_t at, const char *reason);
/* In order of their names. */
enum store_result store_routers(struct store *store, store_router_visit visit, void *context);
/* Those behind the name `after`, at most `limit`. */
enum store_result store_routers_page(struct store *store, const char *after, unsigned int limit, store_router_visit visit,
				     void *context);
/* STORE_NOT_FOUND where the router has never connected. NULL `visit` only asks. */
enum store_result store_router(struct store *store, const char *name, store_router_visit visit, void *context);

/* ---- Transitions ---- */

struct store_transition {
	int64_t id; /* in order of arrival; set by the store */
	const char *journal_id;
	uint64_t sequence;
	const char *connection;
	const char *vrf;
	uint64_t generation;
	const char *from;
	const char *to;
	const char *cause;
	const char *actor;
	int64_t at; /* by the router's clock */
	const char *message;
	int64_t received_at;
};

enum store_news {
	NEWS_STORED = 0,
	NEWS_REPEATED,	   /* the very same one is there already */
	NEWS_CONTRADICTED, /* another one is there under this sequence; it stays */
};

typedef bool (*store_transition_visit)(const struct store_transition *transition, void *context);

/* The highest committed sequence of a router's journal, 0 for none. */
enum store_result store_acked_sequence(struct store *store, const char *router, const char *journal_id,
				       uint64_t *sequence);
/* When a stored transition was, by the router's clock; 0 where there is none, or it did not say. */
enum store_result store_transition_at(struct store *store, const char *router, const char *journal_id,
				      uint64_t sequence, int64_t *at);
/*
 * Each sequence of a journal is stored once. A new one also moves the observed state of its connection on, where that
 * is older. *before is the highest sequence that was there. STORE_REFUSED where the sequence is 0 or above 2^63 - 1.
 */
enum store_result store_transition(struct store *store, const char *router, const struct store_transition *transition,
				   enum store_news *news, uint64_t *before);
/* Newest first, at most `limit`; from before the id `before`, 0: from the newest on. */
enum store_result store_history(struct store *store, const char *router, const char *connection, int64_t before,
				unsigned int limit, store_transition_visit visit, void *context);

/* ---- Connections ---- */

struct store_observation {
	const char *name;
	const char *vrf;
	uint32_t peer_asn; /* 0: not known yet */
	const char *kind;  /* "" where the router did not say */
	const char *state; /* a name of the lifecycle, or one that we do not know */
	uint64_t generation;
	int64_t state_since;
	const char *activation;
	const char *waiting_for;
	const char *degraded; /* JSON list of "CAUSE\nSESSION" of the list of that name in `detail`; NULL: empty */
	/* JSON: {"flags": [], "sessions": [], "checks": [], "degraded": []} as the API shows them; "declared": a request's keys */
	const char *detail;
	int64_t observed_at;
	uint64_t snapshot; /* which full report it belongs to, or came behind (store_snapshot_begins()); 0: none */
};

struct store_connection {
	const char *router;
	const char *name;
	const struct store_observation *observed; /* NULL: no report of it yet */
	const char *definition;			  /* JSON: what was asked for; NULL: nothing */
	const char *requested_by;
	int64_t requested_at;
	const char *push_id;
	const char *push_state;
	int64_t differs_since; /* that what is observed is not what was asked for; 0: it is, or was never seen so */
};

typedef bool (*store_connection_visit)(const struct store_connection *connection, void *context);

/* `full`: whatever is not observed again after this is gone. Of routers that do not say where a full report ends. */
enum store_result store_snapshot(struct store *store, const char *router, bool full, int64_t at);
/*
 * A full report of connections, or of policies, begins: what it names not again is gone when it is complete. One of
 * connections has a number, *snapshot, which those have that it names: so nothing is written of the others.
 */
enum store_result store_snapshot_begins(struct store *store, const char *router, bool connections, bool policies,
					uint64_t *snapshot);
/* `snapshot`: what was begun last of connections; 0: nothing. */
enum store_result store_snapshot_complete(struct store *store, const char *router, uint64_t snapshot, int64_t at);
enum store_result store_observe(struct store *store, const char *router, const struct store_observation *observed);
/* How many a router has reported, and whether this is one of them: STORE_NOT_FOUND where it is not. */
enum store_result store_observed_count(struct store *store, const char *router, uint64_t *count);
enum store_result store_is_observed(struct store *store, const char *router, const char *name);

/* Connections behind (after_router, after_name) in order, until the visit ends. NULL `router`: any. */
enum store_result store_connections(struct store *store, const char *router, const char *after_router,
				    const char *after_name, store_connection_visit visit, void *context);
/* Those of one AS, by what its router reports, or where that says none, by what was asked for. */
enum store_result store_connections_of_asn(struct store *store, uint32_t asn, const char *router,
					   const char *after_router, const char *after_name,
					   store_connection_visit visit, void *context);
/* Whether there is one of that name which is of the AS, in the same sense. */
enum store_result store_connection_is_of_asn(struct store *store, uint32_t asn, const char *router, const char *name);
enum store_result store_connection(struct store *store, const char *router, const char *name,
				   store_connection_visit visit, void *context);

/* ---- Desired against observed ---- */

/* Whether anything is asked for on this router. */
enum store_result store_desires(struct store *store, const char *router, bool *desires);
/* What is observed of a connection differs since `at` from what was asked for, where it has not before; 0: it does not. */
enum store_result store_differs(struct store *store, const char *router, const char *name, int64_t at);
/* The same for all that was asked for on a router and that it does not report. */
enum store_result store_missing(struct store *store, const char *router, int64_t at);
/* The same of a policy; NULL `name`: of every one that is asked for there. */
enum store_result store_policy_differs(struct store *store, const char *router, const char *name, int64_t at);
/* Connections and policies of a router that differ. */
enum store_result store_differing(struct store *store, const char *router, uint64_t *count);

/*
 * A router said in its Hello which push it applied last. Where this database does not know that push, the router has
 * been told more than stands here: the database is an old copy, or another controller has pushed. What is asked for here
 * may then be out of date. The router is held: what is queued for it becomes `unanswered`, and nothing is sent to it
 * before its next full snapshot is in and each connection that differs has been accepted or pushed again. Nothing is held
 * where nothing is asked for, and nothing again for the same push. *held says whether it is held now.
 */
enum store_result store_judge_last_push(struct store *store, const char *router, const char *last_push, int64_t at,
					bool *held);
enum store_result store_held(struct store *store, const char *router, bool *held);
/* Whether the router is held, and asking for the connection or policy of that name anew settles what differs of it. */
enum store_result store_settles(struct store *store, const char *router, const char *name, bool *settles);
/* Ends the hold where all is settled; *released says whether it did. */
enum store_result store_release(struct store *store, const char *router, bool *released);

/* ---- Pushes ---- */

#define STORE_REQUEST "request" /* the verb of an operation that declares */
/* The verbs of operations with policy objects, whose name stands in the place of a connection's. */
#define STORE_POLICY "policy"
#define STORE_WITHDRAW_POLICY "withdraw-policy"
#define STORE_ACCEPT "accept"	/* desired becomes what is observed: its definition, or none where it is over */
#define STORE_ACCEPT_POLICY "accept-policy" /* nobody asks for it here any more; the router keeps what it has */

enum push_state { PUSH_QUEUED = 0, PUSH_APPLIED, PUSH_REFUSED, PUSH_UNANSWERED, PUSH_STATE_COUNT };

const char *push_state_name(enum push_state state); /* "queued", …; "?" out of range */

struct store_operation {
	const char *connection;
	const char *verb;
	const char *definition; /* JSON, of a request or a policy; else NULL */
	const char *reason;
	uint64_t digest; /* of a policy (lib/policy_digest.h); 0: not known */
	/* the answer, once there is one */
	bool ok;
	const char *code;
	const char *message;
	const char *allowed; /* JSON array of verbs */
};

struct store_push {
	int64_t number; /* in order of creation; set by the store */
	const char *id;
	const char *router;
	const char *actor;
	enum push_state state;
	int64_t created_at;
	int64_t answered_at;
	bool dry_run;		/* only looked at: never part of what is desired */
	bool expects_revision;
	uint64_t expected_revision;
	uint32_t confirm_seconds; /* the router rolls it back unless it is confirmed within so long; 0: it stays */
	bool confirm_by_person;	  /* else the controller does by itself */
	const char *confirmation; /* "", STORE_CONFIRMATION_WAITS, "confirmed", "rolled-back" or "unknown" */
	uint64_t revision;	  /* of the router, behind it */
	size_t operation_count;
	const struct store_operation *operations;
};

#define STORE_CONFIRMATION_WAITS "waiting"

typedef bool (*store_push_visit)(const struct store_push *push, void *context);

/* Queued, in one transaction with the desired state that its requests set. */
enum store_result store_push_create(struct store *store, const struct store_push *push);
/*
 * A push of one STORE_ACCEPT or STORE_ACCEPT_POLICY, applied at once: nothing is sent. Queued requests for the
 * connection are refused in its favour; STORE_REFUSED where one of them is part of a larger push, or where a push of the
 * policy waits.
 */
enum store_result store_accept(struct store *store, const struct store_push *push);
/*
 * The router's answer, with `count` results of which ok, code, message and allowed are read. A refused request gives
 * the desired state back what was applied before; an applied deprovision or withdraw ends it. STORE_NOT_FOUND where
 * the push is not this router's or was answered before.
 */
enum store_result store_push_answered(struct store *store, const char *router, const char *id, bool applied,
				      const struct store_operation *results, size_t count, int64_t at);
/* Queued pushes of a router behind `after`, oldest first, at most `limit`; none while it is held. */
enum store_result store_pushes_queued(struct store *store, const char *router, int64_t after, unsigned int limit,
				      store_push_visit visit, void *context);
enum store_result store_pushes_queued_count(struct store *store, const char *router, uint64_t *count);
enum store_result store_push(struct store *store, const char *id, store_push_visit visit, void *context);

/* ---- Events ---- */

/*
 * What happened, in one order for everything: written in the transaction that makes it so, by the calls above for what
 * they do. Only the oldest are ever deleted, so numbers have no holes. In a database that is an old copy numbers are given
 * again: each start of a controller begins an epoch, and an id is both.
 */
#define STORE_EPOCH_SIZE 16

struct store_event_id {
	int64_t number;
	char epoch[STORE_EPOCH_SIZE]; /* letters and digits; "": not said */
};

struct store_event {
	int64_t id;		/* its number; set by the store */
	const char *epoch;	/* set by the store */
	int64_t at;		/* by the controller's clock */
	const char *type;	/* one of controller/events/events.h */
	const char *router;	/* "" for none */
	const char *connection; /* "" for none */
	uint32_t peer_asn;	/* whose connection it was then, 0 for nobody's; set by the store */
	const char *data;	/* a JSON object */
};

typedef bool (*store_event_visit)(const struct store_event *event, void *context);
typedef void (*store_event_told)(void *context);

/* id and peer_asn are not read. */
enum store_result store_event_add(struct store *store, const struct store_event *event);
/* Behind it, events are of a new epoch. At the start, in front of everything that may write one. */
enum store_result store_event_epoch_begins(struct store *store);
/* Sets the epoch of id->number. */
enum store_result store_event_epoch(struct store *store, struct store_event_id *id);
/*
 * Where one who has everything up to `has` goes on: behind *after, which is there, or the place in front of the oldest.
 * *gap: not everything behind `has` is there, or `has` is of a database that this one was once, or a copy of it. All of
 * this database that came since is then behind *after; of an epoch that is not known here, all that there is.
 */
enum store_result store_event_resume(struct store *store, const struct store_event_id *has, int64_t *after, bool *gap);
/* Those behind `after`, oldest first, at most `limit`. */
enum store_result store_events(struct store *store, int64_t after, unsigned int limit, store_event_visit visit,
			       void *context);
/* Those of one AS that a peer may see, among the `look` behind `after`, oldest first. */
enum store_result store_events_of_asn(struct store *store, uint32_t asn, int64_t after, int64_t look,
				      store_event_visit visit, void *context);
/* The oldest that is kept, newest + 1 where none is, and the newest that there has been, 0 for none. */
enum store_result store_event_range(struct store *store, int64_t *oldest, int64_t *newest);
/* `told` is called behind each commit that has events in it, and must not use the store there. */
void store_on_events(struct store *store, store_event_told told, void *context);

/* ---- What becomes of pushes behind their answers ---- */

/* What a router has said of its revision; not `exact`: a lower one is an old one, said again. */
enum store_result store_router_revision(struct store *store, const char *router, uint64_t revision, const char *push,
					bool exact);
/* The rest of an answer that was just stored: the revision, and where it is to be confirmed whether that is waited for. */
enum store_result store_push_outcome(struct store *store, const char *router, const char *id, uint64_t revision,
				     bool waits);
/* The router's word on one that waits, or has waited; STORE_NOT_FOUND where there is none. */
enum store_result store_push_confirmed(struct store *store, const char *router, const char *id, const char *confirmation);
/*
 * The router has taken it back: refused, with these results, and what was desired before it is desired again.
 * STORE_NOT_FOUND where it is not this router's, or not applied any more.
 */
enum store_result store_push_rolled_back(struct store *store, const char *router, const char *id,
					 const struct store_operation *results, size_t count, int64_t at);
/* The newest one of a router that waits to be confirmed; STORE_NOT_FOUND where none does. */
enum store_result store_push_unconfirmed(struct store *store, const char *router, store_push_visit visit, void *context);

/* ---- The audit log ---- */

/* Who changed what through the API. */
struct store_audit {
	int64_t id; /* in order; set by the store */
	int64_t at;
	const char *actor;
	const char *role;
	const char *address;
	const char *action;
	const char *object;
	const char *detail; /* a JSON object */
	const char *result; /* set by the store: the state of the push that `detail` names as "pushId", "forgotten" where that
			     * is not kept any more, else "done" */
};

typedef bool (*store_audit_visit)(const struct store_audit *row, void *context);

enum store_result store_audit(struct store *store, const struct store_audit *row);
/* Rows behind `after`, oldest first, at most `limit`. */
enum store_result store_audits(struct store *store, int64_t after, unsigned int limit, store_audit_visit visit,
			       void *context);
/* Id of the newest row, 0 where there is none. */
enum store_result store_audit_newest(struct store *store, int64_t *id);

/* ---- Web hooks ---- */

struct store_webhook {
	const char *name;
	uint64_t delivered;
	uint64_t dropped; /* never accepted within their time, or more than may wait */
	/* The newest attempt. */
	int64_t last_event; /* its number */
	int64_t last_at;
	int last_status; /* HTTP; 0: no answer, last_error says why */
	const char *last_error;
	int64_t last_success_at;
	int64_t failing_since; /* 0: the newest attempt was accepted */
	uint64_t pending;
	int64_t oldest_pending_at;
};

struct store_delivery {
	int64_t event;
	const char *id; /* of the event, as its body has it */
	unsigned int attempts;
	const char *body;
};

typedef bool (*store_webhook_visit)(const struct store_webhook *webhook, void *context);
typedef bool (*store_delivery_visit)(const struct store_delivery *delivery, void *context);
/* `to` is the state that a transition leads to; NULL for other events. */
typedef bool (*store_notable_visit)(const struct store_event *event, const char *to, void *context);

/* Events behind `after` up to `last` that a web hook may want. */
enum store_result store_notable_events(struct store *store, int64_t after, int64_t last, store_notable_visit visit,
				       void *context);
/* The newest event whose deliveries are queued; STORE_NOT_FOUND before the first time. */
enum store_result store_webhook_cursor(struct store *store, int64_t *event);
enum store_result store_webhook_cursor_moves(struct store *store, int64_t event);
/* Nothing where it is there. */
enum store_result store_webhook_add(struct store *store, const char *name);
/* With what it was still to be told. */
enum store_result store_webhook_remove(struct store *store, const char *name);
enum store_result store_webhooks(struct store *store, store_webhook_visit visit, void *context);
enum store_result store_webhook_queue(struct store *store, const char *name, const struct store_event *event,
				      const char *body, int64_t at);
/* Those that may go now, oldest first; of each connection the first alone. */
enum store_result store_webhook_due(struct store *store, const char *name, int64_t now, unsigned int limit,
				    store_delivery_visit visit, void *context);
/* An attempt: accepted, or to be tried again at `next_at`. `status` and `error` as in struct store_webhook. */
enum store_result store_webhook_attempted(struct store *store, const char *name, int64_t event, bool accepted,
					  int status, const char *error, int64_t at, int64_t next_at);
/* Gives up what was queued before `before`. */
enum store_result store_webhook_expire(struct store *store, const char *name, int64_t before, uint64_t *count);
enum store_result store_webhook_dropped(struct store *store, const char *name, uint64_t count);

/* ---- Tokens ---- */

struct store_token {
	int64_t number; /* in order of creation; set by the store */
	const char *id; /* what may be seen of it */
	const char *name;
	const char *role;
	uint32_t asn;	  /* of a peer; else 0 */
	const char *hash; /* of the secret (token.h) */
	const char *created_by;
	int64_t created_at;
	int64_t expires_at;
	int64_t last_used_at; /* to a minute */
	int64_t revoked_at;
	const char *revoked_by;
};

typedef bool (*store_token_visit)(const struct store_token *token, void *context);

/* STORE_REFUSED where a token of this name is there that was not revoked. */
enum store_result store_token_create(struct store *store, const struct store_token *token);
enum store_result store_token(struct store *store, const char *id, store_token_visit visit, void *context);
/* Whether one of this name is there that was not revoked. */
enum store_result store_token_named(struct store *store, const char *name);
/* Those behind the number `after`, oldest first, at most `limit`. */
enum store_result store_tokens(struct store *store, int64_t after, unsigned int limit, store_token_visit visit,
			       void *context);
enum store_result store_token_used(struct store *store, const char *id, int64_t at);
/* One that was revoked stays as it is. */
enum store_result store_token_revoked(struct store *store, const char *id, int64_t at, const char *by);

/* ---- Answers to requests with an Idempotency-Key ---- */

struct store_idempotency {
	const char *actor; /* a key is its own */
	const char *key;
	const char *request; /* hash of what was asked for */
	int64_t created_at;
	const char *push_id; /* "": it was no push */
	int status;	     /* of the answer; 0: there is none yet */
	const char *location;
	const char *answer; /* JSON */
};

typedef void (*store_idempotency_visit)(const struct store_idempotency *row, void *context);

/* A row not older than `since`. */
enum store_result store_idempotency(struct store *store, const char *actor, const char *key, int64_t since,
				    store_idempotency_visit visit, void *context);
/* actor, key, request, created_at and push_id are written. */
enum store_result store_idempotency_keep(struct store *store, const struct store_idempotency *row);
/* At least as many as there are. */
enum store_result store_idempotency_count(struct store *store, uint64_t *count);
/* status, location and answer are added to the row of actor and key. */
enum store_result store_idempotency_answered(struct store *store, const struct store_idempotency *row);

/* ---- policies (store_sqlite_policies.c): set and ended by pushes, as the desired state of connections ---- */

struct store_policy {
	const char *name;
	const char *kind;
	int64_t entries;
	const char *definition; /* JSON; NULL where many are asked for */
	const char *requested_by;
	int64_t requested_at;
	uint64_t digest; /* of the definition; 0: not known */
	const char *push_id;
	const char *push_state;
};

typedef bool (*store_policy_visit)(const struct store_policy *policy, void *context);

/* Those of a router behind `after_name`, by name, at most `limit`. */
enum store_result store_policies(struct store *store, const char *router, const char *after_name, unsigned int limit,
				 store_policy_visit visit, void *context);
enum store_result store_policy(struct store *store, const char *router, const char *name, store_policy_visit visit,
			       void *context);

/* ---- what routers report of policies (store_sqlite_observed_policies.c) ---- */

#define STORE_POLICIES_OBSERVED_MAX 10000 /* of a router */

struct store_observed_policy {
	const char *name;
	const char *kind; /* "" for one that we do not know */
	uint64_t digest;
	uint32_t entries;
	bool drifted;	/* somebody has typed at it since it was pushed */
	bool withdrawn; /* and still used */
	int64_t observed_at;
};

struct store_policy_difference {
	const char *router;
	const char *name;
	const struct store_policy *desired; /* without its definition; NULL: nobody asks for it here */
	int64_t differs_since;		    /* 0: not seen yet */
	const struct store_observed_policy *observed; /* NULL: the router does not have it */
	bool other_contents;
	bool differs;
	bool again; /* what is desired under this name comes too, before or behind */
};

typedef bool (*store_policy_difference_visit)(const struct store_policy_difference *difference, void *context);

enum store_result store_observe_policy(struct store *store, const char *router,
				       const struct store_observed_policy *policy);
enum store_result store_policy_gone(struct store *store, const char *router, const char *name);
enum store_result store_policies_observed(struct store *store, const char *router, uint64_t *count);
/* The router does not say what it has. */
enum store_result store_policies_unknown(struct store *store, const char *router);
/*
 * Every policy behind (after_router, after_name) in order, wanted or there, also where it does not `differ`: the visitor
 * ends the page. `router` NULL is any. Only of routers that have told all that they have one differs.
 */
enum store_result store_policy_differences(struct store *store, const char *router, const char *after_router,
					   const char *after_name, store_policy_difference_visit visit, void *context);

/* ---- What is kept no longer ---- */

enum store_kept {
	KEPT_EVENTS = 0,
	KEPT_HISTORY,	/* transitions, never those of which an event is kept; of a router that has the most the oldest go */
	KEPT_PUSHES,	/* answered ones, counted in operations, that nothing follows from any more */
	KEPT_AUDIT,
	KEPT_PEERINGS,	/* ended ones, by age alone, with their history */
	KEPT_TOKENS,	/* ended or revoked ones, by age alone */
	KEPT_KEYS,	/* Idempotency-Keys, by age alone */
	KEPT_COUNT
};

const char *store_kept_name(enum store_kept what); /* "events", …; "?" out of range */

struct store_pruning {
	enum store_kept what;
	int64_t before;	   /* what is older goes */
	uint64_t most;	   /* and what is more, the oldest first */
	unsigned int step; /* rows that are looked at, about */
	/* Set by the store. */
	int64_t cursor; /* how far it has come; 0 at first */
	uint64_t count; /* rows that went, of those that are counted */
	bool more;	/* whether it is to go on at once */
};

/*
 * One small step, in a transaction of its own. What is open, what desired state follows from, what a router may name in
 * its next Hello, and what a peering needs stays, however old it is.
 */
enum store_result store_prune(struct store *store, struct store_pruning *pruning, int64_t now);

/* ---- How much there is ---- */

typedef bool (*store_name_visit)(const char *name, void *context);
typedef bool (*store_census_visit)(const char *router, const char *name, const char *state, bool degraded,
				   void *context);

enum store_result store_router_names(struct store *store, store_name_visit visit, void *context);
/* Observed connections behind (router, name) in order, at most `limit`; *more: as many as that were there. */
enum store_result store_census(struct store *store, const char *router, const char *name, unsigned int limit,
			       store_census_visit visit, void *context, bool *more);
/* Those that wait now, and all that have ever been stored. */
enum store_result store_count_pushes(struct store *store, uint64_t *queued, uint64_t *stored);

/* ---- Peer ASNs ---- */

struct store_peer_asn {
	uint32_t asn;
	const char *name;
	const char *contacts; /* JSON array as the API shows it */
	const char *state;    /* "None", "Pending", "Approved", "Failed" */
	const char *reason;   /* of "Failed" */
	const char *validated_by;
	int64_t validated_at;
	const char *changed_by;
	int64_t changed_at;
};

typedef bool (*store_peer_asn_visit)(const struct store_peer_asn *peer_asn, void *context); /* false ends the walk */

/* The whole row, new or in the place of the one before. */
enum store_result store_peer_asn_put(struct store *store, const struct store_peer_asn *peer_asn);
/* STORE_REFUSED where a peering of it has not ended, STORE_NOT_FOUND where there is none. */
enum store_result store_peer_asn_delete(struct store *store, uint32_t asn);
/* NULL `visit` only asks. */
enum store_result store_peer_asn(struct store *store, uint32_t asn, store_peer_asn_visit visit, void *context);
/* In order, behind `after`; NULL `state` and 0 `only` are any. */
enum store_result store_peer_asns(struct store *store, const char *state, uint32_t only, uint32_t after,
				  unsigned int limit, store_peer_asn_visit visit, void *context);

/*
 * What a peer AS has changed within a time, whoever of it did: *count changes since *since. `from` is where the time
 * begins; a change that is stored before it, or behind `now`, counts no more.
 */
enum store_result store_peer_changes(struct store *store, uint32_t asn, int64_t from, int64_t now, uint64_t *count,
				     int64_t *since);
/* One more. */
enum store_result store_peer_changed(struct store *store, uint32_t asn, int64_t from, int64_t now);

/* ---- Peerings ---- */

/* States: "requested", "rejected", "withdrawn", "approved", "deprovisioning", "deprovisioned". */
struct store_peering {
	const char *name;
	uint32_t peer_asn;
	const char *state;
	const char *reason;   /* of the newest decision */
	const char *document; /* JSON: the request in its usual form */
	bool by_peer;
	const char *requested_by;
	int64_t requested_at;
	const char *decided_by;
	int64_t decided_at;
};

/*
 * What the controller does for one connection of a peering (peerings.c). Phases: "waiting" for approval,
 * "declare", "configure" (until its sessions may come up), "validate", "service", "failed" (the router refused it),
 * "remove", "removed".
 */
struct store_peering_connection {
	const char *peering;
	unsigned int position;
	const char *router;
	const char *name;
	const char *phase;
	const char *approved; /* JSON: the definition that is pushed; "" before the approval */
	bool declared;	      /* the router has it, by us */
	const char *problem;  /* of "failed": a sentence */
	const char *asked;    /* verb of the newest push for it, "request" too; "" for none */
	const char *push_id;
	const char *configured_by; /* who said that the other side has configured BGP */
	int64_t configured_at;
	/* The following are read alone. */
	uint32_t peer_asn;
	const char *decided_by;
	const char *push_state; /* "" without a push */
	int64_t answered_at;
	const char *push_message; /* the router's sentence about what it refused */
	const char *observed;	  /* its state; "" where the router has not reported it */
	uint32_t observed_asn;
	const char *activation;
	const char *detail; /* JSON, as in store_observation */
	bool connected;	    /* the router is, and has sent a full snapshot since */
	int64_t snapshot_at;
};

struct store_peering_event {
	int64_t at;
	const char *actor;
	const char *action;
	const char *message;
};

typedef bool (*store_peering_visit)(const struct store_peering *peering, void *context);
typedef bool (*store_peering_connection_visit)(const struct store_peering_connection *connection, void *context);
typedef bool (*store_peering_event_visit)(const struct store_peering_event *event, void *context);

/*
 * With its connections, of which router and name are read, in phase "waiting". One of this name that has ended makes
 * room. STORE_REFUSED where another has not, or has a connection of such a name on the same router.
 */
enum store_result store_peering_create(struct store *store, const struct store_peering *peering,
				       const struct store_peering_connection *connections, size_t count);
/*
 * A new state: state, reason (NULL: as it was), decided_by and decided_at are written. Ended ones let their connections
 * go.
 */
enum store_result store_peering_decide(struct store *store, const struct store_peering *peering);
enum store_result store_peering(struct store *store, const char *name, store_peering_visit visit, void *context);
/* In order of their names, behind `after`; NULL `state` and 0 `asn` are any. */
enum store_result store_peerings(struct store *store, const char *state, uint32_t asn, const char *after,
				 unsigned int limit, store_peering_visit visit, void *context);

/* phase, approved, declared, problem, asked, push_id, configured_by and configured_at are written. */
enum store_result store_peering_connection_set(struct store *store, const struct store_peering_connection *connection);
/* In order of their positions. */
enum store_result store_peering_connections(struct store *store, const char *peering,
					    store_peering_connection_visit visit, void *context);
/*
 * Those for which there is something to do, on connected routers that are not held, behind (after_peering, after_router): all of a peering
 * on a router together, in their order.
 */
enum store_result store_peering_connections_driven(struct store *store, const char *after_peering,
						   const char *after_router, unsigned int limit,
						   store_peering_connection_visit visit, void *context);
/* STORE_OK where `router` has a connection of this name that is not of `peering`; else STORE_NOT_FOUND. */
enum store_result store_connection_taken(struct store *store, const char *router, const char *name,
					 const char *peering);

enum store_result store_peering_note(struct store *store, const char *peering, const struct store_peering_event *event);
/* Newest first. */
enum store_result store_peering_history(struct store *store, const char *peering, unsigned int limit,
					store_peering_event_visit visit, void *context);

#endif
