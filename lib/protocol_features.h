/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What came to the protocol behind its first version, by name: Hello and HelloAck list what each side has, and nothing
 * that needs a feature is sent to a side without it (doc/protocol.md). No state; any thread.
 */
#ifndef PEERING_PROTOCOL_FEATURES_H
#define PEERING_PROTOCOL_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/peering.pb-c.h"

/* A new one has a name and what of a push needs it in protocol_features.c. */
enum protocol_feature {
	PROTOCOL_PUSH_OPTIONS, /* dry_run, expected_revision and confirm_seconds of a push, and Confirm */
	PROTOCOL_SESSION_SETTINGS, /* what a Neighbor says of its session, and a DeclareConnection of its timers */
	PROTOCOL_POLICY_OBJECTS, /* policies and withdrawn policies among the operations of a push */
	PROTOCOL_QUERIES,      /* Query and QueryAnswer */
	PROTOCOL_PUSHED_STATE, /* a router reports what it has of what was pushed, and where a full Snapshot ends */
	PROTOCOL_CONFIRMED_POLICIES, /* policies in a push that is to be confirmed */
	PROTOCOL_FEATURE_COUNT
};

typedef uint32_t protocol_feature_set; /* bit N: the feature N */

/* All of ours, for Hello and HelloAck; nobody writes to them. */
extern char *protocol_feature_names[PROTOCOL_FEATURE_COUNT];

/* What the other side has said; names that are not known here are passed over. */
protocol_feature_set protocol_features_read(char *const *names, size_t count);
bool protocol_has_feature(protocol_feature_set set, enum protocol_feature feature);

/* What a router must have to do all that the push says. */
protocol_feature_set protocol_features_of_push(const Peering__Push *push);

#endif
