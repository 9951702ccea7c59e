/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that reads the journal's transitions again for a link that begins, since bgpd's main thread does not wait
 * for a disk. No FRR in it; what stands in a line is for the caller.
 *
 * A reader belongs to the main thread, which ends it with journal_reader_end(). It reads no further while 1 MiB is with
 * the main thread.
 */
#ifndef PEERING_JOURNAL_READER_H
#define PEERING_JOURNAL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bgpd-peering/link/mailbox.h"

struct journal_reader;

/* Whole lines in the order of the file, each with its newline; some 64 KiB, but a line is never cut. */
struct journal_piece {
	struct mail mail;
	bool last;  /* nothing comes after it */
	int error;  /* of the last one: 0, or the errno of what failed */
	size_t size;
	char text[];
};

/*
 * Starts to read what stands in `path` now: the transitions with after < sequence <= upto, and every line that does not
 * look as if the module had written it. The thread has all signals blocked. NULL with errno set.
 */
struct journal_reader *journal_reader_start(const char *path, uint64_t after, uint64_t upto);

/* Readable while pieces wait to be taken. */
int journal_reader_fd(const struct journal_reader *reader);
/* What has been read, linked by `mail.next`, or NULL; each piece is given back with journal_reader_done(). */
struct journal_piece *journal_reader_take(struct journal_reader *reader);
void journal_reader_done(struct journal_reader *reader, struct journal_piece *piece);

/* At any time, once every taken piece is given back. Never blocks: a thread that hangs is left behind. NULL is allowed. */
void journal_reader_end(struct journal_reader *reader);

#endif
