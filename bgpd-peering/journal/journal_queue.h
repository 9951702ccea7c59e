/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's lines on their way to its writer: in order, until the disk has them. What durable_state.h says of lines,
 * of the writer and of the journal's id is done here; what stands in a line is made in durable_state.c and push_group.c.
 *
 * bgpd's main thread only.
 */
#ifndef PEERING_JOURNAL_QUEUE_H
#define PEERING_JOURNAL_QUEUE_H

#include "bgpd-peering/journal/durable_state.h"
#include "bgpd-peering/journal/journal_line.h"

#include "lib/typesafe.h"

PREDECL_DLIST(line_list);
struct waiting_line {
	struct line_list_item item;
	uint64_t number; /* rises with each line; 0 for one that was put in front of all, and within a group */
	uint64_t ticket; /* of the writer; 0: not with it */
	uint64_t change; /* what transition_durable() is told of a line that loosens; 0: it does not */
	char *text;	 /* ends in a newline */
	char opens[CONNECTION_NAME_MAX]; /* the connection that it loosens */
	Peering__Transition *transition; /* reported once durable; NULL for other lines */
	char new_id[37];		 /* of the journal, once durable; empty for other lines */
	uint64_t begun;			 /* what `after` of that line says */
	bool is_group;
	struct line_list_head members; /* behind `text`, of a group: each with its sum */
};
DECLARE_DLIST(line_list, struct waiting_line, item);

/* A line of this text; its sum is added where it has none. */
struct waiting_line *journal_queue_line(const char *text, bool has_sum);
struct waiting_line *journal_queue_record(const struct journal_record *record);
/* Of RECORD_TRANSITION, whose transition is numbered when it is queued. */
struct waiting_line *journal_queue_transition(struct journal_record *record);
/* It is given up where it cannot be written. Returns its `change`. */
uint64_t journal_queue_loosens(struct waiting_line *line, const char *connection);
void journal_queue_free(struct waiting_line *line);

/* Takes the line. False where it loosens and cannot be written now: then it is gone, and nobody is told of it. */
bool journal_queue_append(struct waiting_line *line);
/* Takes the lines, which count together or not at all. `first` is a line `pushes` without a sum (lib/journal_group.h). */
void journal_queue_append_group(const char *first, struct line_list_head *lines);

/* At bgpd's clean end: writes what waits. */
void journal_queue_stop(void);

#endif
