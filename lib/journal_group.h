/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the journal that count together or not at all: what a push makes of the configuration. Their first is a line
 * `pushes` that says how many follow, `"lines":12`, and their last one without. They are written at once and are never
 * acknowledged in part; a file that ends in front of the last of them ends where the first begins. One that has the last of
 * them has had all: what is missing then is damage, and nothing is cut off.
 *
 * No state. Any thread.
 */
#ifndef PEERING_JOURNAL_GROUP_H
#define PEERING_JOURNAL_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/journal_sum.h"

#define JOURNAL_GROUP_ROOM (32 + JOURNAL_SUM_SIZE) /* bytes that it makes its first line longer */
#define JOURNAL_GROUP_NONE UINT64_MAX

/* To a line `pushes` that ends in "}\n", has no sum, and room for JOURNAL_GROUP_ROOM bytes more: `lines` follow it. */
void journal_group_begin(char *line, size_t lines);

/*
 * Where the group begins whose end the journal `path` does not have: what is behind it does not count.
 * JOURNAL_GROUP_NONE where there is none, or the file cannot be read.
 */
uint64_t journal_group_unfinished(const char *path);

#endif
