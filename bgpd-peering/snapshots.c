// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/snapshots.h"

#include "bgpd-peering/report.h"
#include "bgpd-peering/turn.h"

#define REPORT_INTERVAL 1 /* seconds between two reports of what has changed */
#define PIECE_MOST 200	  /* connections in one message: some 100 KiB, as a rule */

static struct link *session; /* NULL: none is up */
static event_ref *next_piece, *next_report;

/* A full snapshot is under way: its first piece says what there is, the others add to it. */
static struct {
	bool wanted, begun;
	char behind[CONNECTION_NAME_MAX]; /* the last one that it has */
} full;

static void pump(event_ref *event);

static void report_soon(void)
{
	if (session && !next_report)
		event_add_seconds(pump, NULL, REPORT_INTERVAL, &next_report);
}

static enum link_sent send_whole(struct connection *const *piece, size_t count, bool is_full)
{
	Peering__Envelope envelope = PEERING__ENVELOPE__INIT;
	enum link_sent sent;

	envelope.body_case = PEERING__ENVELOPE__BODY_SNAPSHOT;
	envelope.snapshot = report_snapshot(piece, count, is_full);
	sent = link_send(session, &envelope);
	report_snapshot_free(envelope.snapshot);
	return sent;
}

/* Halves what does not fit a frame. False where nothing can be sent now; a part may have gone. */
static bool send_piece(struct connection *const *piece, size_t count, bool is_full)
{
	switch (send_whole(piece, count, is_full)) {
	case LINK_SENT:
		return true;
	case LINK_TOO_LONG:
		break;
	case LINK_NOT_SENT:
		return false;
	}
	if (count > 1)
		return send_piece(piece, count / 2, is_full) &&
		       send_piece(piece + count / 2, count - count / 2, false);
	zlog_err("peering: %s is too large to be reported to the controller", piece[0]->name);
	/* The others of a full snapshot are still to say that they are there. */
	return !is_full || send_whole(piece, 0, true) == LINK_SENT;
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

/* Sends one piece, and comes back in the next turn for the next one. */
static void pump(event_ref *event)
{
	struct connection *piece[PIECE_MOST];
	bool is_full = full.wanted && !full.begun;
	size_t count;
	TURN(TURN_CONTROLLER);

	if (!session || !link_has_room(session))
		return;
	count = full.wanted ? behind_the_last(piece) : changed(piece);
	if (count == 0 && !is_full) {
		if (full.wanted) {
			full.wanted = false;
			event_add_now(pump, NULL, &next_piece);
		}
		return;
	}
	for (size_t i = 0; i < count; i++)
		piece[i]->report_wanted = false;
	if (!send_piece(piece, count, is_full)) {
		/* The session is over, and the next one begins with everything; or memory is short for a moment. */
		for (size_t i = 0; i < count; i++)
			piece[i]->report_wanted = true;
		report_soon();
		return;
	}
	for (size_t i = 0; i < count; i++)
		report_taken(piece[i]);
	if (full.wanted) {
		full.begun = true;
		if (count)
			strlcpy(full.behind, piece[count - 1]->name, sizeof(full.behind));
	}
	event_add_now(pump, NULL, &next_piece);
}

static void begin_full(void)
{
	full.wanted = true;
	full.begun = false;
	full.behind[0] = '\0';
}

void snapshots_begin(struct link *link)
{
	snapshots_end();
	session = link;
	begin_full();
	event_add_now(pump, NULL, &next_piece);
}

void snapshots_end(void)
{
	event_stop(next_piece);
	event_stop(next_report);
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
