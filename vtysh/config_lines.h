/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration of FRR line by line, as vtysh reads it: which lines stand below which `router bgp`, and their words.
 *
 * Pure; no FRR. One thread.
 */
#ifndef PEERING_CONFIG_LINES_H
#define PEERING_CONFIG_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_LINE_MAX 8192 /* vtysh's buffer, the largest of all versions: a longer line is several to it */
#define CONFIG_LINE_SMALL 4096 /* that of the earlier ones */
#define CONFIG_WORDS_MAX 24  /* further ones are not split off */
#define CONFIG_VRF_MAX 64    /* with the final NUL */

struct config_line {
	const char *start; /* in the text */
	size_t length;	   /* with its newline, where it has one */
	bool in_bgp;	   /* below `router bgp`, or that line itself */
	bool begins_bgp;   /* that line */
	bool removes_bgp;  /* `no router bgp` */
	bool ends_block;   /* `exit`, or what else leaves `router bgp` for good */
	int depth;	   /* 0 directly below `router bgp`, 1 in an address family or the like */
	const char *family; /* at depth 1 in an address family, the line that begins it, in the text */
	size_t family_length;
	char vrf[CONFIG_VRF_MAX]; /* of the instance: "default", or a name */

	bool no;		       /* begins with `no`, which is not among the words */
	char *words[CONFIG_WORDS_MAX]; /* in `copy` */
	int count;
	char copy[CONFIG_LINE_MAX];
};

struct config_cursor {
	const char *next, *end;
	bool in_bgp;
	int depth;
	const char *family;
	size_t family_length;
	char vrf[CONFIG_VRF_MAX];
};

/* How much vtysh reads at a time, CONFIG_LINE_SMALL until this was called. For the whole process. */
void config_lines_set_buffer(size_t size);

void config_begin(struct config_cursor *cursor, const char *text, size_t length);
/* False at the end. A NUL in the text is taken for a blank. */
bool config_next(struct config_cursor *cursor, struct config_line *line);

/* Whether `word` is `whole`, or that cut after at least `least` characters: vtysh takes both. */
bool config_word_is(const char *word, const char *whole, size_t least);
/* Whether word `index` and the one behind it are `remote-as` and what may follow it. */
bool config_remote_as(const struct config_line *line, int index);
/* The rest of the line from word `index` on, without newline, into `text` (cut where it is longer). */
void config_rest(const struct config_line *line, int index, char *text, size_t size);

#endif
