/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small things about text and time that several files need. Pure but for the clock and the random numbers; any thread.
 */
#ifndef PEERING_CONTROLLER_TEXT_H
#define PEERING_CONTROLLER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_TIME_SIZE 32 /* "2026-11-23T23:19:04.123Z" and its NUL */
#define TEXT_ID_SIZE 33	  /* 32 hexadecimal digits and the NUL */

/*
 * A copy (malloc) of what came from outside that is safe to store and to show: valid UTF-8 without control characters,
 * at most `max` bytes. What does not fit the rule becomes '?'. NULL `raw` is empty. NULL where memory is short.
 */
char *text_clean(const char *raw, size_t max);

/* Unix milliseconds to RFC 3339 in UTC with milliseconds; years outside 1970 to 9999 give an empty text. */
void text_time(int64_t milliseconds, char text[TEXT_TIME_SIZE]);

/* The wall clock, Unix milliseconds. */
int64_t clock_milliseconds(void);

/* Of a clock that never jumps; only differences mean something. */
int64_t clock_steady_milliseconds(void);
int64_t clock_steady_microseconds(void);

/* Draws 128 random bits, in hexadecimal. False where the system has none to give. */
bool random_id(char id[TEXT_ID_SIZE]);

#endif
