// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "lib/journal_group.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char lines_key[] = ",\"lines\":";

void journal_group_begin(char *line, size_t lines)
{
	size_t size = strlen(line) - 2;

	snprintf(line + size, 2 + JOURNAL_GROUP_ROOM - JOURNAL_SUM_SIZE, "%s%zu}\n", lines_key, lines);
	journal_sum_add(line);
}

static const char pushes[] = "{\"type\":\"pushes\"";

/*
 * How many lines follow; 0: it begins no group. Looked for as the module writes it: within a text the quotation mark would
 * stand behind a backslash.
 */
static uint64_t lines_of(const char *line, size_t length)
{
	const char *found;

	if (strncmp(line, pushes, strlen(pushes)) != 0 || !(found = strstr(line, lines_key)) ||
	    journal_sum_look(line, length) != JOURNAL_SUM_RIGHT)
		return 0;
	return strtoull(found + strlen(lines_key), NULL, 10);
}

/* Whether the last line of a group stands at its end: in front of that may be a newline that is none any more, or a hole. */
static bool ends_group(const char *line, size_t length)
{
	const char *at = line, *found, *last = NULL;

	for (; (found = memmem(at, length - (size_t)(at - line), pushes, strlen(pushes))); at = found + 1)
		last = found;
	return last && journal_sum_look(last, length - (size_t)(last - line)) == JOURNAL_SUM_RIGHT;
}

uint64_t journal_group_unfinished(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t at = 0, begins = JOURNAL_GROUP_NONE, left = 0;
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	while (file && (length = getline(&line, &capacity, file)) > 0) {
		bool ends = line[length - 1] == '\n';
		size_t size = (size_t)length - ends;

		line[size] = '\0';
		/* What has its last line was written, and damaged since where lines are missing, or the newline at its end. */
		if (left > 0)
			left = ends_group(line, ends ? size : size - 1) ? 0 : left - ends;
		else if ((left = lines_of(line, size)) > 0)
			begins = at;
		at += (uint64_t)length;
	}
	if (!file || ferror(file) || left == 0)
		begins = JOURNAL_GROUP_NONE;
	if (file)
		fclose(file);
	free(line);
	return begins;
}
