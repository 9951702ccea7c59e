/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that is safe to keep, to log and to show: valid UTF-8 without control characters, cut between characters alone.
 *
 * Pure. Any thread.
 */
#ifndef PEERING_UTF8_H
#define PEERING_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of the character that begins at `at`; 0 where it is not valid UTF-8, a control character (C1 included), or one
 * that breaks a line or turns the direction of writing.
 */
size_t utf8_character(const char *at);

/* Whether all of `text` is such characters. */
bool utf8_is_clean(const char *text);

/* Every byte that is no part of such a character becomes '?'. */
void utf8_clean(char *text);

/*
 * Copies as much of `from` as fits with the final NUL and ends with a whole character. False where something is left
 * out. What is not UTF-8 is copied as it is: this cuts, it does not clean.
 */
bool utf8_copy(char *to, size_t size, const char *from);

#endif
