/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables whose columns line up, and ages for people.
 */
#ifndef PEERING_CONTROLLER_PEERCTL_TABLE_H
#define PEERING_CONTROLLER_PEERCTL_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define AGE_SIZE 24

struct table;

/* `headings` is a list that NULL ends; one that begins with '>' is of a column of numbers, which stand to the right. */
struct table *table_new(const char *const *headings);
/* As many cells as there are headings; NULL or an empty text is "-". Copied. */
void table_row(struct table *table, const char *const *cells);
size_t table_rows(const struct table *table);
/* Rows are cut at `width` columns where it is not 0. */
void table_print(const struct table *table, FILE *out, size_t width);
/* Nothing is cut: sentences go on in further lines of their column, between words, so that lines have `width` columns. */
void table_print_wrapped(const struct table *table, FILE *out, size_t width);
void table_free(struct table *table);

/* "12s", "6m12s", "4h05m", "13d02h", "2y031d"; "-" for less than 0. */
void age_text(int64_t seconds, char text[AGE_SIZE]);

#endif
