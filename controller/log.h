/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the controller has to say, one line each on standard error: time=… level=… event=… and further key=value pairs.
 *
 * The main thread alone. Values from outside are quoted and escaped: a line stays one line, whatever is in it.
 */
#ifndef PEERING_CONTROLLER_LOG_H
#define PEERING_CONTROLLER_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LEVEL_INFO = 0, LEVEL_WARNING, LEVEL_ERROR };

/*
 * `event` is a word of our own ("router-connected"); then pairs of const char *, key and value, closed by NULL. A pair
 * whose value is NULL is left out.
 */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* While it is on, lines go out a buffer at a time; ending it writes what is left. For many lines of one moment. */
void log_gather(bool gather);

/* A number as text for log_event(), valid for the next eight calls. */
const char *log_number(uint64_t number);

#endif
