// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "vtysh/config_lines.h"

#include <stdio.h>
#include <string.h>

void config_begin(struct config_cursor *cursor, const char *text, size_t length)
{
	*cursor = (struct config_cursor){.next = text, .end = text + length};
}

bool config_word_is(const char *word, const char *whole, size_t least)
{
	size_t length = strlen(word);

	return length >= least && strncmp(word, whole, length) == 0;
}

void config_rest(const struct config_line *line, int index, char *text, size_t size)
{
	size_t offset = index < line->count ? (size_t)(line->words[index] - line->copy) : line->length;
	size_t length = line->length > offset ? line->length - offset : 0;

	while (length && strchr("\r\n \t", line->start[offset + length - 1]))
		length--;
	snprintf(text, size, "%.*s", (int)length, line->start + offset);
}

/* What begins a block of its own at top level, and is no line of `router bgp`. */
static bool leaves_bgp(const char *word)
{
	static const char *const words[] = {"router", "route-map", "ip",       "ipv6",	"interface", "vrf",  "line",
					    "end",    "key",	   "pbr-map",  "frr",	"hostname",  "log",  "rpki",
					    "bfd",    "access-list", "password", "mpls", "nexthop-group", "debug"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* Blocks below `router bgp`, each with an `exit…` of its own. */
static bool goes_deeper(const struct config_line *line)
{
	const char *first = line->words[0];

	return config_word_is(first, "address-family", 4) || strcmp(first, "vnc") == 0 ||
	       strcmp(first, "segment-routing") == 0 ||
	       (strcmp(first, "bmp") == 0 && line->count > 1 && strcmp(line->words[1], "targets") == 0) ||
	       (line->depth && strcmp(first, "vni") == 0);
}

/* What vtysh takes for a line of `router bgp` even in the middle of an address family whose end is missing. */
static bool comes_back(const struct config_line *line)
{
	return line->count >= 3 && config_word_is(line->words[0], "neighbor", 3) &&
	       (config_word_is(line->words[2], "remote-as", 6) || config_word_is(line->words[2], "interface", 3));
}

static void follow(struct config_cursor *cursor, struct config_line *line)
{
	const char *first = line->count ? line->words[0] : "!";

	if (line->count >= 2 && !line->no && config_word_is(first, "router", 4) &&
	    config_word_is(line->words[1], "bgp", 2)) {
		cursor->in_bgp = true;
		cursor->depth = 0;
		snprintf(cursor->vrf, sizeof(cursor->vrf), "default");
		for (int i = 2; i + 1 < line->count; i++)
			if (strcmp(line->words[i], "vrf") == 0 || strcmp(line->words[i], "view") == 0)
				snprintf(cursor->vrf, sizeof(cursor->vrf), "%s", line->words[i + 1]);
		line->in_bgp = line->begins_bgp = true;
	} else if (cursor->in_bgp) {
		line->in_bgp = true;
		if (!line->no && cursor->depth && comes_back(line))
			cursor->depth = 0;
		line->depth = cursor->depth;
		if (!line->no && strncmp(first, "exit", 4) == 0) {
			line->ends_block = !cursor->depth;
			cursor->in_bgp = cursor->depth > 0;
			cursor->depth -= cursor->depth > 0;
		} else if (!line->no && leaves_bgp(first)) {
			line->ends_block = true;
			cursor->in_bgp = false;
		} else if (!line->no && line->count && goes_deeper(line)) {
			/* One address family after another, the `exit-…` between them forgotten. */
			if (!config_word_is(first, "address-family", 4) || !cursor->depth)
				cursor->depth++;
		}
	}
	memcpy(line->vrf, cursor->vrf, sizeof(line->vrf));
}

bool config_next(struct config_cursor *cursor, struct config_line *line)
{
	size_t left = (size_t)(cursor->end - cursor->next), length;
	const char *newline;
	char *rest, *word;

	if (!left)
		return false;
	*line = (struct config_line){.start = cursor->next};
	length = left < CONFIG_LINE_MAX - 1 ? left : CONFIG_LINE_MAX - 1;
	newline = memchr(line->start, '\n', length);
	line->length = newline ? (size_t)(newline - line->start) + 1 : length;
	cursor->next += line->length;

	memcpy(line->copy, line->start, line->length);
	for (size_t i = 0; i < line->length; i++)
		if (strchr("\n\r\t", line->copy[i]))
			line->copy[i] = ' ';
	line->copy[line->length] = '\0';
	rest = line->copy;
	while (line->count < CONFIG_WORDS_MAX && (word = strsep(&rest, " "))) {
		if (!*word)
			continue;
		if (!line->count && !line->no && strcmp(word, "no") == 0)
			line->no = true;
		else
			line->words[line->count++] = word;
	}
	if (line->count && strchr("!#", line->words[0][0]))
		line->count = 0;
	follow(cursor, line);
	return true;
}
