// SPDX-License-Identifier: GPL-2.0-or-later
#include "peering-config.h"

#include "controller/cli/peerctl_table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "controller/text.h"

#define COLUMNS_MAX 16
#define CELL_MAX 4096
#define GAP 2

struct table {
	size_t columns;
	bool right[COLUMNS_MAX];
	char *headings[COLUMNS_MAX];
	size_t widths[COLUMNS_MAX];
	char **cells;
	size_t rows;
};

static void *need(void *memory)
{
	if (!memory) {
		fputs("peerctl: memory is short\n", stderr);
		exit(3);
	}
	return memory;
}

/* Columns on the terminal; what the locale cannot tell counts a column for each byte. */
static size_t text_width(const char *text)
{
	wchar_t wide[CELL_MAX + 1];
	size_t length = mbstowcs(wide, text, CELL_MAX);
	int width = length == (size_t)-1 ? -1 : wcswidth(wide, length);

	return width < 0 ? strlen(text) : (size_t)width;
}

struct table *table_new(const char *const *headings)
{
	struct table *table = need(calloc(1, sizeof(*table)));

	for (; headings[table->columns] && table->columns < COLUMNS_MAX; table->columns++) {
		const char *heading = headings[table->columns];

		table->right[table->columns] = heading[0] == '>';
		table->headings[table->columns] = need(strdup(heading + (heading[0] == '>')));
		table->widths[table->columns] = text_width(table->headings[table->columns]);
	}
	return table;
}

void table_row(struct table *table, const char *const *cells)
{
	size_t first = table->rows * table->columns;

	table->cells = need(realloc(table->cells, (first + table->columns) * sizeof(*table->cells)));
	for (size_t i = 0; i < table->columns; i++) {
		char *cell = need(text_clean(cells[i] && cells[i][0] ? cells[i] : "-", CELL_MAX));
		size_t width = text_width(cell);

		table->cells[first + i] = cell;
		if (width > table->widths[i])
			table->widths[i] = width;
	}
	table->rows++;
}

size_t table_rows(const struct table *table)
{
	return table->rows;
}

/* Appends to a line of at most `width` columns; whether there is room left. Cuts at a character's edge. */
static bool put_cut(FILE *out, const char *text, size_t *used, size_t width)
{
	size_t length = strlen(text);
	size_t needed = text_width(text);

	while (width && *used + needed > width && length > 0) {
		char shorter[CELL_MAX + 1];

		do
			length--;
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80);
		memcpy(shorter, text, length);
		shorter[length] = '\0';
		needed = text_width(shorter);
	}
	fwrite(text, 1, length, out);
	*used += needed;
	return !width || *used < width;
}

static void print_row(const struct table *table, char *const *cells, FILE *out, size_t width)
{
	size_t used = 0, end = table->columns;

	while (end > 1 && !cells[end - 1][0])
		end--;
	for (size_t i = 0; i < end; i++) {
		size_t padding = table->widths[i] - text_width(cells[i]);
		bool last = i + 1 == end;

		if (table->right[i])
			for (; padding > 0; padding--, used++)
				putc(' ', out);
		if (!put_cut(out, cells[i], &used, width) || last)
			break;
		for (padding += GAP; padding > 0; padding--, used++)
			putc(' ', out);
	}
	putc('\n', out);
}

void table_print(const struct table *table, FILE *out, size_t width)
{
	print_row(table, table->headings, out, width);
	for (size_t i = 0; i < table->rows; i++)
		print_row(table, table->cells + i * table->columns, out, width);
}

/* Bytes of `text` up to the end of its first word, spaces in front of that included. */
static size_t word_end(const char *text)
{
	size_t spaces = strspn(text, " ");

	return spaces + strcspn(text + spaces, " ");
}

/* Takes as many words off *rest as fit into `width` columns, at least one; "" at the end. The caller frees. */
static char *take_words(const char **rest, size_t width)
{
	char *taken = NULL;

	*rest += strspn(*rest, " ");
	for (size_t end = word_end(*rest);; end += word_end(*rest + end)) {
		char *more = need(strndup(*rest, end));

		if (taken && text_width(more) > width) {
			free(more);
			break;
		}
		free(taken);
		taken = more;
		if (!(*rest)[end])
			break;
	}
	*rest += strlen(taken);
	return taken;
}

static void print_wrapped_row(const struct table *table, char *const *cells, FILE *out)
{
	const char *rest[COLUMNS_MAX];
	char *line[COLUMNS_MAX] = {NULL};
	bool more = true;

	for (size_t i = 0; i < table->columns; i++)
		rest[i] = cells[i];
	while (more) {
		more = false;
		for (size_t i = 0; i < table->columns; i++) {
			line[i] = take_words(&rest[i], table->widths[i]);
			more |= rest[i][0] != '\0';
		}
		print_row(table, line, out, 0);
		for (size_t i = 0; i < table->columns; i++)
			free(line[i]);
	}
}

/* As wide as its widest word and its heading. */
static size_t narrowest(const struct table *table, size_t column)
{
	size_t width = text_width(table->headings[column]);

	for (size_t row = 0; row < table->rows; row++) {
		const char *rest = table->cells[row * table->columns + column];

		while (rest[0]) {
			char *word = take_words(&rest, 0);

			if (text_width(word) > width)
				width = text_width(word);
			free(word);
		}
	}
	return width;
}

/* The widest column gives way first. */
static void make_narrow(struct table *table, size_t width)
{
	size_t least[COLUMNS_MAX], total = GAP * (table->columns - 1);

	for (size_t i = 0; i < table->columns; i++) {
		least[i] = narrowest(table, i);
		total += table->widths[i];
	}
	for (; total > width; total--) {
		size_t *widest = NULL;

		for (size_t i = 0; i < table->columns; i++)
			if (table->widths[i] > least[i] && (!widest || table->widths[i] > *widest))
				widest = &table->widths[i];
		if (!widest)
			return;
		--*widest;
	}
}

void table_print_wrapped(const struct table *table, FILE *out, size_t width)
{
	struct table narrow = *table;

	make_narrow(&narrow, width);
	print_row(&narrow, narrow.headings, out, 0);
	for (size_t i = 0; i < narrow.rows; i++)
		print_wrapped_row(&narrow, narrow.cells + i * narrow.columns, out);
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	for (size_t i = 0; i < table->columns; i++)
		free(table->headings[i]);
	free(table->cells);
	free(table);
}

void age_text(int64_t seconds, char text[AGE_SIZE])
{
	static const struct {
		int64_t seconds, part;
		const char *format;
	} units[] = {
		{365 * 86400, 86400, "%" PRId64 "y%03" PRId64 "d"},
		{86400, 3600, "%" PRId64 "d%02" PRId64 "h"},
		{3600, 60, "%" PRId64 "h%02" PRId64 "m"},
		{60, 1, "%" PRId64 "m%02" PRId64 "s"},
	};

	if (seconds < 0) {
		snprintf(text, AGE_SIZE, "-");
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds >= units[i].seconds) {
			snprintf(text, AGE_SIZE, units[i].format, seconds / units[i].seconds,
				 seconds % units[i].seconds / units[i].part);
			return;
		}
	}
	snprintf(text, AGE_SIZE, "%" PRId64 "s", seconds);
}
