/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that writes the journal: append, sync, tell; and write it anew where most of it no longer counts
 * (journal_compaction.h). No FRR in it; what stands in a line is durable_state.c's business.
 *
 * Lines that wait while a sync runs are written and synced together. After the first failed write or sync every later
 * line fails as well, until a retry (each second) has made the file good again, a line is never written behind a torn
 * one; and until journal_writer_resume() says that the failure is known: none is written in front of those that it
 * comes behind. The file is locked: two bgpd do not write one journal.
 */
#ifndef PEERING_JOURNAL_WRITER_H
#define PEERING_JOURNAL_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bgpd-peering/link/mailbox.h"

struct journal_writer;

/* Posted to `completions` for each line, in order, and for each compaction. The taker frees it. */
struct journal_completion {
	struct mail mail;
	uint64_t ticket; /* what journal_writer_append() returned */
	int error;       /* 0, or the errno of the write or sync that failed */
	/* Of ticket 0, which is no line: the journal was compacted from `bytes_before` to `bytes`, or `error` says why not. */
	uint64_t bytes_before, bytes;
};

/*
 * Main thread, after bgpd has forked. Opens `path` for append (it exists), cuts it to `valid_bytes` (a torn last line
 * goes), and starts the thread with all signals blocked. Completions go to `completions`, which must outlive the
 * writer. `compacts`: every line of it can be read; one that cannot has to stay where it is. NULL with errno set; EINVAL: not a regular file, or shorter than `valid_bytes`; EWOULDBLOCK: another process
 * writes it.
 */
struct journal_writer *journal_writer_start(const char *path, uint64_t valid_bytes, bool compacts,
					    struct mailbox *completions);

/* Whether another process writes the journal that `fd` is open on, for reading at least. Any thread. */
bool journal_is_taken(int fd);

/*
 * Main thread, never blocks. Takes `size` bytes that end in a newline (copied). Returns the ticket, 1, 2, 3, …;
 * 0 only where memory is short.
 */
uint64_t journal_writer_append(struct journal_writer *writer, const char *line, size_t size);

/* Main thread: every line that failed so far is known to have, and what is appended from now on comes behind them. */
void journal_writer_resume(struct journal_writer *writer);

/*
 * Main thread, at bgpd's clean end: writes and syncs what waits, at most `milliseconds`, then ends the thread. What was
 * completed is in the mailbox, and nothing is posted after the return, even where a disk that hangs holds the thread.
 */
void journal_writer_stop(struct journal_writer *writer, unsigned int milliseconds);

#endif
