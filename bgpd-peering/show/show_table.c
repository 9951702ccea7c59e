// SPDX-License-Identifier: GPL-2.0-or-later
#include "bgpd-peering/show/show_table.h"

#define COLUMNS_MOST 12
#define GAP 2		/* between two columns */
#define FIRST_MOST 24	/* columns of the first one */
#define LAST_LEAST 24	/* and of the last one, where others take much */
#define LABEL_WIDTH 9

struct show_table {
	enum show_table_last last;
	size_t columns;
	size_t count, room;
	char **rows; /* MTYPE_TMP; the first one has the heads; cells end with a NUL once they are split */
	size_t widths[COLUMNS_MOST];
};

/* ---- how wide it is ---- */

static bool is_within_character(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

static size_t width_of(const char *text, size_t size)
{
	size_t width = 0;

	for (size_t i = 0; i < size; i++)
		width += !is_within_character(text[i]);
	return width;
}

#define CHARACTER_MOST 4 /* bytes; what is no UTF-8 has no more either */

/* The bytes that take at most so many columns. */
static size_t size_of(const char *text, size_t width)
{
	size_t size = 0, most = CHARACTER_MOST * width;

	while (text[size] && size < most && (width || is_within_character(text[size])))
		width -= !is_within_character(text[size++]);
	return size;
}

/* Where the command begins, between backquotes, that goes on behind `end`; `end` where none does. */
static size_t before_command(const char *text, size_t end)
{
	size_t begin = end;

	for (size_t i = 0; i < end; i++)
		if (text[i] == '`')
			begin = begin == end ? i : end;
	return begin;
}

/* The bytes that stand in the next line: whole words and commands, or as much of the first as there is room for. */
static size_t line_size(const char *text, size_t width)
{
	size_t size = size_of(text, width), end = size;

	if (!text[size])
		return size;
	while (end > 0 && text[end] != ' ')
		end--;
	if (before_command(text, end))
		end = before_command(text, end);
	while (end > 0 && text[end - 1] == ' ')
		end--;
	return end ? end : size;
}

/* ---- a table ---- */

static void add_row(struct show_table *table, char *row)
{
	if (table->count == table->room) {
		table->room = MAX(2 * table->room, (size_t)16);
		table->rows = XREALLOC(MTYPE_TMP, table->rows, table->room * sizeof(char *));
	}
	table->rows[table->count++] = row;
}

struct show_table *show_table_new(const char *heads, enum show_table_last last)
{
	struct show_table *table = XCALLOC(MTYPE_TMP, sizeof(*table));

	table->last = last;
	table->columns = 1;
	for (const char *at = heads; *at; at++)
		table->columns += *at == '\t';
	assert(table->columns <= COLUMNS_MOST);
	add_row(table, XSTRDUP(MTYPE_TMP, heads));
	return table;
}

void show_table_row(struct show_table *table, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_row(table, vasprintfrr(MTYPE_TMP, format, arguments));
	va_end(arguments);
}

void show_table_free(struct show_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		XFREE(MTYPE_TMP, table->rows[i]);
	XFREE(MTYPE_TMP, table->rows);
	XFREE(MTYPE_TMP, table);
}

/* The cells of a row, and how wide each is. */
static void split(const struct show_table *table, const char *row, const char *cells[], size_t sizes[])
{
	for (size_t i = 0; i < table->columns; i++) {
		cells[i] = row;
		sizes[i] = strcspn(row, "\t");
		row += sizes[i] + (row[sizes[i]] == '\t');
	}
}

static void measure(struct show_table *table)
{
	size_t sizes[COLUMNS_MOST], last = table->columns - 1, all;
	const char *cells[COLUMNS_MOST];

	for (size_t row = 0; row < table->count; row++) {
		split(table, table->rows[row], cells, sizes);
		for (size_t i = 0; i < table->columns; i++) {
			size_t width = width_of(cells[i], sizes[i]);

			if (i > 0 || width <= FIRST_MOST)
				table->widths[i] = MAX(table->widths[i], width);
		}
	}
	for (;;) {
		size_t widest = last;

		all = GAP * last;
		for (size_t i = 0; i < last; i++) {
			all += table->widths[i];
			if (i > 0 && (widest == last || table->widths[i] > table->widths[widest]))
				widest = i;
		}
		if (all + MIN(table->widths[last], (size_t)LAST_LEAST) <= SHOW_WIDTH || widest == last)
			break;
		table->widths[widest]--;
	}
	table->widths[last] = MIN(table->widths[last], SHOW_WIDTH - all);
}

/* One line; every cell that has more is left at what comes next. False where none had any. */
static bool print_line(struct vty *vty, const struct show_table *table, const char *cells[])
{
	char line[(CHARACTER_MOST + 1) * SHOW_WIDTH + GAP * COLUMNS_MOST];
	size_t used = 0, blanks = 0;
	bool any = false;

	for (size_t i = 0; i < table->columns; i++) {
		size_t size = line_size(cells[i], table->widths[i]);

		for (; size && blanks; blanks--)
			line[used++] = ' ';
		memcpy(line + used, cells[i], size);
		used += size;
		blanks += table->widths[i] + GAP - width_of(cells[i], size);
		any |= size > 0;
		cells[i] += size;
		cells[i] += strspn(cells[i], " ");
	}
	if (any)
		vty_out(vty, "%.*s\n", (int)used, line);
	return any;
}

static void print_row(struct vty *vty, const struct show_table *table, char *row)
{
	size_t sizes[COLUMNS_MOST], last = table->columns - 1, wide;
	const char *cells[COLUMNS_MOST];
	char cut[CHARACTER_MOST * SHOW_WIDTH + sizeof("…")];

	split(table, row, cells, sizes);
	for (size_t i = 0; i < table->columns; i++)
		row[cells[i] - row + sizes[i]] = '\0';
	if (width_of(cells[0], sizes[0]) > table->widths[0]) {
		vty_out(vty, "%s\n", cells[0]);
		cells[0] = "";
	}
	wide = table->widths[last];
	if (table->last == LAST_IS_CUT && wide && width_of(cells[last], sizes[last]) > wide) {
		snprintf(cut, sizeof(cut), "%.*s…", (int)size_of(cells[last], wide - 1), cells[last]);
		cells[last] = cut;
	}
	while (print_line(vty, table, cells))
		;
}

void show_table_print(struct vty *vty, struct show_table *table)
{
	if (table->count > 1) {
		measure(table);
		for (size_t i = 0; i < table->count; i++)
			print_row(vty, table, table->rows[i]);
	}
	show_table_free(table);
}

/* ---- a line ---- */

void show_line(struct vty *vty, const char *label, const char *format, ...)
{
	size_t indent = *label ? LABEL_WIDTH : 0, first = MAX(indent, strlen(label) + (*label != '\0'));
	char *text, *rest;
	va_list arguments;

	va_start(arguments, format);
	rest = text = vasprintfrr(MTYPE_TMP, format, arguments);
	va_end(arguments);
	vty_out(vty, "%-*s", (int)first, label);
	for (;;) {
		size_t size = line_size(rest, SHOW_WIDTH - first);

		vty_out(vty, "%.*s\n", (int)size, rest);
		rest += size;
		rest += strspn(rest, " ");
		if (!*rest)
			break;
		first = indent;
		vty_out(vty, "%*s", (int)indent, "");
	}
	XFREE(MTYPE_TMP, text);
}
