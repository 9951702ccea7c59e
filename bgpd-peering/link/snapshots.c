// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/link/snapshots.h"

#include "bgpd-peering/link/report.h"
#include "bgpd-peering/policy/policy_reports.h"
#include "bgpd-peering/turn.h"

#define REPORT_INTERVAL 1 /* seconds between two reports of what has changed */
#define PIECE_MOST 100	  /* connections in one message: some 50 KiB, as a rule */

static struct link *session; /* NULL: none is up */
static event_ref *next_piece, *next_report;

/* A full snapshot is under way: its first piece says what there is, the others add to it, policies behind connections. */
static struct {
	bool wanted, begun;
	bool open; /* that it is complete has not been said */
	char behind[CONNECTION_NAME_MAX]; /* the last one that it has */
} full;

/* What a piece has beside connections: policies, and whether it is the last one. */
static Peering__Snapshot rest;

static void pump(event_ref *event);

static void report_soon(void)
{
	if (session && !next_report)
		event_add_seconds(pump, NULL, REPORT_INTERVAL, &next_report);
}

static enum link_sent send_whole(struct connection *const *piece, size_t count, bool is_full, bool with_rest)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	enum link_sent sent;

	envelope.body_case = PEERING__ENVELOPE__BODY_SNAPSHOT;
	envelope.snapshot = report_snapshot(piece, count, is_full);
	if (with_rest) {
		envelope.snapshot->policies = rest.policies;
		envelope.snapshot->n_policies = rest.n_policies;
		envelope.snapshot->policies_full = rest.policies_full;
		envelope.snapshot->complete = rest.complete;
	}
	sent = link_send(session, &envelope);
	envelope.snapshot->policies = NULL;
	envelope.snapshot->n_policies = 0;
	report_snapshot_free(envelope.snapshot);
	return sent;
}

/* Halves what does not fit a frame. False where nothing can be sent now; a part may have gone. */
static bool send_piece(struct connection *const *piece, size_t count, bool is_full, bool with_rest)
{
	switch (send_whole(piece, count, is_full, with_rest)) {
	case LINK_SENT:
		return true;
	case LINK_TOO_LONG:
		break;
	case LINK_NOT_SENT:
		return false;
	}
	if (count > 1)
		return send_piece(piece, count / 2, is_full, false) &&
		       send_piece(piece + count / 2, count - count / 2, false, with_rest);
	zlog_err("peering: %s is too large to be reported to the controller", piece[0]->name);
	/* The others of a full snapshot are still to say that they are there, and policies have room without it. */
	return (!is_full && !with_rest) || send_whole(piece, 0, is_full, with_rest) == LINK_SENT;
}

static size_t behind_the_last(struct connection **piece)
{
	struct connection *connection;
	size_t count = 0;

	frr_each (connection_tree, &connections, connection) {
		if (full.begun && strcmp(connection->name, full.behind) <= 0)
			continue;
		if (count == PIECE_MOST)
			break;
		piece[count++] = connection;
	}
	return count;
}

static size_t changed(struct connection **piece)
{
	struct connection *connection;
	size_t count = 0;

	frr_each (connection_tree, &connections, connection)
		if (connection->report_wanted && count < PIECE_MOST)
			piece[count++] = connection;
	return count;
}

static void begin_full(void)
{
	full.wanted = true;
	full.begun = false;
	full.open = true;
	full.behind[0] = '\0';
}

static void begin_all(void)
{
	begin_full();
	policy_reports_begin();
}

/* False where there is nothing beside connections to be said. */
static bool take_rest(size_t connection_count)
{
	/* More connections may come. */
	if (connection_count == PIECE_MOST)
		return false;
	rest.complete = policy_reports_add(&rest) && full.open;
	return rest.complete || rest.policies_full || rest.n_policies;
}

static void drop_rest(void)
{
	for (size_t i = 0; i < rest.n_policies; i++)
		peering__policy_status__free_unpacked(rest.policies[i], NULL);
	free(rest.policies);
	peering__snapshot__init(&rest);
}

static void piece_is_sent(struct connection *const *piece, size_t count)
{
	for (size_t i = 0; i < count; i++)
		report_taken(piece[i]);
	if (full.wanted) {
		full.begun = true;
		full.wanted = count == PIECE_MOST;
		if (count)
			strlcpy(full.behind, piece[count - 1]->name, sizeof(full.behind));
	}
	if (rest.complete)
		full.open = false;
}

/* Sends one piece, and comes back in the next turn for the next one. */
static void pump(event_ref *event)
{
	struct connection *piece[PIECE_MOST];
	bool is_full = full.wanted && !full.begun, with_rest;
	size_t count;
	TURN(TURN_CONTROLLER);

	if (!session || !link_has_room(session))
		return;
	count = full.wanted ? behind_the_last(piece) : changed(piece);
	peering__snapshot__init(&rest);
	with_rest = take_rest(count);
	if (count == 0 && !is_full && !with_rest) {
		drop_rest();
		return;
	}
	for (size_t i = 0; i < count; i++)
		piece[i]->report_wanted = false;
	if (send_piece(piece, count, is_full, with_rest)) {
		piece_is_sent(piece, count);
		event_add_now(pump, NULL, &next_piece);
	} else {
		/* The session is over, and the next one begins with everything; or memory is short for a moment. */
		begin_all();
		report_soon();
	}
	drop_rest();
}

void snapshots_begin(struct link *link)
{
	snapshots_end();
	session = link;
	begin_all();
	event_add_now(pump, NULL, &next_piece);
}

void snapshots_end(void)
{
	event_stop(next_piece);
	event_stop(next_report);
	policy_reports_end();
	session = NULL;
}

void snapshots_drained(void)
{
	if (session)
		event_add_now(pump, NULL, &next_piece);
}

void snapshots_changed(struct connection *connection)
{
	connection->report_wanted = true;
	report_soon();
}

void snapshots_look(struct connection *connection)
{
	if (session && !connection->report_wanted && report_counts_moved(connection))
		snapshots_changed(connection);
}

void snapshots_gone(void)
{
	begin_full();
	report_soon();
}

void snapshots_policy_changed(const char *name)
{
	if (policy_reports_changed(name))
		report_soon();
}
