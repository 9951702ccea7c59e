/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of bgpd's starts with the module, to tell a start that crashed: the run that goes on, and when a
 * start has found that the run before it had ended without a word. Pure: no I/O, no clock. doc/journal.md describes the
 * text.
 *
 * Times are seconds since the machine booted (CLOCK_BOOTTIME); those of another boot say nothing, and go.
 */
#ifndef PEERING_CRASH_RECORD_H
#define PEERING_CRASH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASHES_MAX 3	       /* so many within CRASH_WINDOW: the module does nothing at the next start */
#define CRASH_WINDOW 600       /* seconds */
#define CRASH_BOOT_ID_MAX 40   /* with the final NUL */
#define CRASH_RECORD_TEXT_MAX 256

struct crash_record {
	char boot_id[CRASH_BOOT_ID_MAX];
	bool running; /* the last run has not ended as it should, or not yet */
	size_t count;
	int64_t crashes[CRASHES_MAX]; /* the newest, oldest first */
};

/* Reads what crash_record_write() made. Whatever else stands there counts as nothing known: *record is empty then. */
void crash_record_read(struct crash_record *record, const char *text);
/* At most CRASH_RECORD_TEXT_MAX bytes with the final NUL. */
void crash_record_write(const struct crash_record *record, char text[CRASH_RECORD_TEXT_MAX]);

/*
 * A start at `now`, in the boot `boot_id`, when the run that the record holds is no more. Returns whether the module is to
 * do nothing in this start; `running` is false afterwards.
 */
bool crash_record_start(struct crash_record *record, const char *boot_id, int64_t now);

#endif
