// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "vtysh/config_lines.h"

#include <stdio.h>
#include <string.h>

static size_t buffer = CONFIG_LINE_SMALL;

void config_lines_set_buffer(size_t size)
{
	buffer = size < CONFIG_LINE_MAX ? size : CONFIG_LINE_MAX;
}

void config_begin(struct config_cursor *cursor, const char *text, size_t length)
{
	*cursor = (struct config_cursor){.next = text, .end = text + length};
}

bool config_word_is(const char *word, const char *whole, size_t least)
{
	size_t length = strlen(word);

	return length >= least && strncmp(word, whole, length) == 0;
}

bool config_remote_as(const struct config_line *line, int index)
{
	const char *value = line->count > index + 1 ? line->words[index + 1] : "";

	/* The word may be cut as far as one likes: no other that begins like it takes one of these alone. */
	return line->count > index + 1 && config_word_is(line->words[index], "remote-as", 1) &&
	       (strchr("0123456789", value[0]) || config_word_is(value, "internal", 1) ||
		config_word_is(value, "external", 1) || config_word_is(value, "auto", 1));
}

void config_rest(const struct config_line *line, int index, char *text, size_t size)
{
	size_t offset = index < line->count ? (size_t)(line->words[index] - line->copy) : line->length;
	size_t length = line->length > offset ? line->length - offset : 0;

	while (length && strchr("\r\n \t", line->start[offset + length - 1]))
		length--;
	snprintf(text, size, "%.*s", (int)length, line->start + offset);
}

/* What begins a block of its own at top level, and is no line of `router bgp`. vtysh leaves `end` out wherever it stands. */
static bool leaves_bgp(const struct config_line *line)
{
	static const char *const words[] = {"router", "route-map", "ip",       "ipv6",	"interface", "vrf",  "line",
					    "key",    "pbr-map",   "frr",      "hostname", "log",    "rpki", "bfd",
					    "access-list", "password", "mpls", "nexthop-group", "debug"};

	/* Of `bmp targets`. */
	if (line->depth && line->count == 3 && strcmp(line->words[1], "access-list") == 0)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(line->words[0], words[i]) == 0)
			return true;
	return false;
}

/* Blocks below `router bgp`, each with an `exit…` of its own. */
static bool goes_deeper(const struct config_line *line)
{
	const char *first = line->words[0], *second = line->count > 1 ? line->words[1] : "";

	return config_word_is(first, "address-family", 2) || strcmp(first, "vrf-policy") == 0 ||
	       strcmp(first, "segment-routing") == 0 ||
	       (strcmp(first, "vnc") == 0 && (strcmp(second, "defaults") == 0 || strcmp(second, "nve-group") == 0 ||
					      strcmp(second, "l2-group") == 0)) ||
	       (strcmp(first, "bmp") == 0 && strcmp(second, "targets") == 0) ||
	       (line->depth && strcmp(first, "vni") == 0);
}

/* What vtysh takes for a line of `router bgp` even in the middle of an address family whose end is missing. */
static bool comes_back(const struct config_line *line)
{
	const char *first = line->words[0], *what = line->count > 2 ? line->words[2] : "";

	if (strcmp(first, "peering") == 0)
		return true;
	if (config_word_is(first, "bgp", 2) && line->count > 2)
		return config_word_is(line->words[1], "listen", 1) || config_word_is(line->words[1], "confederation", 1);
	return config_word_is(first, "neighbor", 1) &&
	       (config_remote_as(line, 2) || config_word_is(what, "interface", 2) ||
		config_word_is(what, "shutdown", 2) || config_word_is(what, "local-as", 7) ||
		(line->count == 3 && config_word_is(what, "peer-group", 2)));
}

/* One level, or all of an address family. What ends another sort of block than this one ends nothing. */
static void exit_block(struct config_cursor *cursor, struct config_line *line)
{
	const char *first = line->words[0];

	if (strcmp(first, "exit") == 0 || strcmp(first, "quit") == 0) {
		line->ends_block = !cursor->depth;
		cursor->in_bgp = cursor->depth > 0;
		cursor->depth -= cursor->depth > 0;
	} else if (strncmp(first, "exit-a", 6) == 0) {
		cursor->depth = 0;
	} else {
		cursor->depth -= cursor->depth > 0;
	}
}

static void read_vrf(const struct config_line *line, char vrf[CONFIG_VRF_MAX])
{
	snprintf(vrf, CONFIG_VRF_MAX, "default");
	for (int i = 2; i + 1 < line->count; i++)
		if (config_word_is(line->words[i], "vrf", 2) || config_word_is(line->words[i], "view", 2))
			snprintf(vrf, CONFIG_VRF_MAX, "%s", line->words[i + 1]);
}

static void follow(struct config_cursor *cursor, struct config_line *line)
{
	const char *first = line->count ? line->words[0] : "!";

	if (line->count >= 2 && config_word_is(first, "router", 1) && config_word_is(line->words[1], "bgp", 2)) {
		read_vrf(line, cursor->vrf);
		cursor->in_bgp = line->in_bgp = line->begins_bgp = !line->no;
		line->removes_bgp = line->no;
		cursor->depth = 0;
	} else if (cursor->in_bgp) {
		line->in_bgp = true;
		if (line->count && cursor->depth && comes_back(line))
			cursor->depth = 0;
		line->depth = cursor->depth;
		if (!line->no && (strncmp(first, "exit", 4) == 0 || strcmp(first, "quit") == 0)) {
			exit_block(cursor, line);
		} else if (!line->no && line->count && leaves_bgp(line)) {
			line->ends_block = true;
			cursor->in_bgp = false;
		} else if (!line->no && line->count && goes_deeper(line)) {
			bool family = config_word_is(first, "address-family", 2);

			/* One address family after another, the `exit-…` between them forgotten. */
			if (!family || !cursor->depth)
				cursor->depth++;
			if (family) {
				cursor->family = line->start;
				cursor->family_length = line->length;
			}
		}
	}
	line->family = cursor->family;
	line->family_length = cursor->family_length;
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
	length = left < buffer - 1 ? left : buffer - 1;
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
