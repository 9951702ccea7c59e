/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables and lines for people: at most SHOW_WIDTH columns wide, whatever stands in them, and nothing is lost.
 *
 * Columns are as wide as what is in them; where that is too much, the widest go on in the line below. Main thread only.
 */
#ifndef PEERING_SHOW_TABLE_H
#define PEERING_SHOW_TABLE_H

#include "bgpd-peering/frr_compat.h"

#define SHOW_WIDTH 132

/* What becomes of a last column that is too long: it goes on below, or it ends with a "…". */
enum show_table_last { LAST_WRAPS = 0, LAST_IS_CUT };

struct show_table;

/* `heads` of the columns, with a tab between two: no name of an interface, a VRF or a list has one. */
struct show_table *show_table_new(const char *heads, enum show_table_last last);
/*
 * A row, with a tab between two cells; those left out are empty. What is too wide for the first column (a name, to be
 * copied) stands in a line of its own, and the others below.
 */
void show_table_row(struct show_table *table, const char *format, ...) PRINTFRR(2, 3);
/* Prints it, unless it has no row, and frees it. */
void show_table_print(struct vty *vty, struct show_table *table);
void show_table_free(struct show_table *table);

/* A line with `label` in front, "" for none; what does not fit goes on below, as far in. */
void show_line(struct vty *vty, const char *label, const char *format, ...) PRINTFRR(3, 4);

#endif
