/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What pushes leave behind on this router beside what they have made of it: the revision, the answers, and the push that
 * has yet to be confirmed. The journal keeps all of it in one line (doc/journal.md, `pushes`).
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_PUSH_RECORD_H
#define PEERING_PUSH_RECORD_H

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/connection/deadline.h"
#include "bgpd-peering/push/push_policies.h"

#include "lib/peering.pb-c.h"

#include <json-c/json.h>

#define PUSH_ID_MAX 128 /* with the final NUL; a longer one is no id */
#define PUSH_ANSWERS_KEPT 32
#define PUSH_OPERATIONS_MAX 1024
/* Of the journal's line: what has to be restored, but for the contents of policies. The rest of it is answers, of which fewer are kept where they are long. */
#define PUSH_UNCONFIRMED_BYTES_MAX (128 * 1024)

/* How a connection was declared before the push. */
struct former_declaration {
	char name[CONNECTION_NAME_MAX];
	bool ended; /* it was in None */
	bool drains; /* the push drains it, and declares nothing: there is nothing to put back */
	Peering__DeclareConnection *declaration; /* NULL: no push had declared it */
};

struct unconfirmed_push {
	char id[PUSH_ID_MAX]; /* "": there is none */
	char actor[TRANSITION_ACTOR_MAX];
	uint32_t seconds; /* that it was given in all */
	uint64_t ends; /* deadline.h, in boot_id */
	uint64_t ends_at; /* Unix milliseconds, for another boot */
	char boot_id[DEADLINE_BOOT_ID_MAX];
	struct former_declaration *before; /* PUSH_OPERATIONS_MAX at most */
	size_t before_count;
	struct push_policies policies; /* PUSH_OPERATIONS_MAX at most */
};

struct push_record {
	uint64_t revision; /* 0: no push has changed the configuration */
	char revision_of[PUSH_ID_MAX]; /* the push that made it, or whose rollback did */
	Peering__PushResult *answers[PUSH_ANSWERS_KEPT]; /* the oldest first */
	size_t answer_count;
	struct unconfirmed_push unconfirmed;
};

/* Bytes of it in the journal's line. */
size_t unconfirmed_push_size(const struct unconfirmed_push *unconfirmed);
void unconfirmed_push_clear(struct unconfirmed_push *unconfirmed);
void push_record_clear(struct push_record *record);

/* Its fields in the journal's line. */
void push_record_to_json(const struct push_record *record, json_object *object);
/* False where a field is missing or out of range; then there is nothing to clear. */
bool push_record_from_json(json_object *object, struct push_record *record);

#endif
