/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sum at the end of a line of the journal, `,"sum":"1f2e3d4c"}`: CRC-32 of what stands in front of it. A flipped bit in a
 * name or an address leaves a line that can be read, and that speaks of somebody else.
 *
 * Pure. Any thread.
 */
#ifndef PEERING_JOURNAL_SUM_H
#define PEERING_JOURNAL_SUM_H

#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_SUM_SIZE 17 /* bytes that it makes a line longer */

/* To a line that ends in "}\n" and has room for JOURNAL_SUM_SIZE bytes more. */
void journal_sum_add(char *line);

/* A line without its newline: has it a sum (those of earlier versions have none), and is that right? */
enum journal_sum { JOURNAL_SUM_NONE = 0, JOURNAL_SUM_RIGHT, JOURNAL_SUM_WRONG };
enum journal_sum journal_sum_look(const char *line, size_t length);

#endif
