/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dry run: what would be taken of what a gated peer has sent, which rules reject the rest, and what would be sent to
 * it, once the gate is open. While it is open, the same of what bgpd itself has of the peer.
 *
 * Works in slices of the event loop over what inbound.c or bgpd keeps, one session at a time; no RIB is touched. A session
 * keeps its newest finished preview, until it is down or its gate opens or closes. bgpd's main thread only.
 */
#ifndef PEERING_PREVIEW_H
#define PEERING_PREVIEW_H

#include "bgpd-peering/connection/connection.h"
#include "bgpd-peering/preview/import_judgement.h"

#define PREVIEW_EXAMPLES 3
#define PREVIEW_PATH_MOST 96 /* bytes of a path as text */

struct preview_example {
	struct prefix prefix;
	char as_path[PREVIEW_PATH_MOST];
};

struct preview_count {
	uint64_t routes;
	char name[64]; /* of the list or route-map; "" where it has none */
	struct preview_example examples[PREVIEW_EXAMPLES];
};

struct preview_family {
	bool carries;
	bool accepted_alone; /* bgpd does not keep what it rejects, so `judged` are the accepted ones */
	uint64_t judged; /* routes: of a prefix with several path identifiers each counts */
	struct preview_count by_rule[IMPORT_RULE_COUNT]; /* IMPORT_ACCEPTED, too */
	struct preview_count by_origin[ORIGIN_VALIDITY_COUNT]; /* all 0 where bgpd's rpki module is not loaded */
	uint32_t maximum_prefix; /* 0: none, or it only warns */
	bool sends;		 /* `sent` is known */
	struct preview_count sent;
	const char *sends_nothing; /* why; static */
};

struct preview {
	struct preview_family families[FAMILY_COUNT];
	uint64_t generation; /* of the connection, when it began */
	uint64_t at;	     /* when it was finished, Unix milliseconds */
	uint64_t taken;	     /* messages that had come from the peer when it began */
	bool changed;	     /* the peer has sent something while it went on: routes may be counted twice, or not yet */
	bool exports;	     /* what would be sent was looked at */
	bool asked_for;	     /* somebody has had it */
};

void preview_init(void);

/* The newest finished one; NULL: none. Until the event loop is entered again. */
const struct preview *preview_newest(const struct session *session);
/* Whether nothing has come from the peer since it began. */
bool preview_stands(const struct session *session, const struct preview *preview);
/* Routes that a preview in progress has looked at; -1: none is in progress. */
int64_t preview_progress(const struct session *session);

/*
 * Begins one, unless one is in progress or was finished meanwhile and nobody has had it yet, and works at it for so long: where that suffices it is finished at once, else
 * the event loop does the rest.
 */
void preview_begin(struct session *session, int64_t microseconds);
/*
 * How many routes of the family would be accepted, by the newest preview. One that is out of date is made anew in the
 * background, without what would be sent; where much is kept only preview_begin() does. False: not known.
 */
bool preview_would_accept(const struct session *session, enum counted_family family, uint64_t *count);

/*
 * The newest one, without what would be sent, of not long ago: it is made in the background, again each minute and, where
 * little is kept, when the peer has sent something. NULL where there is none yet that stands.
 */
const struct preview *preview_recent(const struct session *session);

/* The session is down, or leaves the gate. */
void preview_forget(struct session *session);

#endif
