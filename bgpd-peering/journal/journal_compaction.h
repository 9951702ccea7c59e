/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal, written anew without the lines that no longer count.
 *
 * What is kept is kept as it stands, byte for byte; nothing is made of what bgpd has in memory. Read back, the new file
 * says what the old one did: each connection's last line, the newest JOURNAL_HISTORY_KEPT transitions of each, the last
 * policy of each session, the last line of everything else; where the journal names a controller, every transition that
 * it has not acknowledged; and the transition with the highest sequence. A file in which a line cannot be read, or in
 * which two connections claim one session, is left as it is: what a lost line takes away hangs on its place.
 *
 * No FRR in it, no state of its own. One thread: the journal's writer.
 */
#ifndef PEERING_JOURNAL_COMPACTION_H
#define PEERING_JOURNAL_COMPACTION_H

#include <stdint.h>

#define JOURNAL_HISTORY_KEPT 100 /* of one connection; HISTORY_MAX of the module */
#define JOURNAL_COMPACTION_SUFFIX ".new" /* of the new file until it has the journal's name */

struct journal_compaction;

enum compaction_step {
	COMPACTION_GOES_ON,
	COMPACTION_WRITTEN, /* but for journal_compaction_finish() */
	COMPACTION_NEEDLESS, /* too much of the file counts */
	COMPACTION_FAILED,
};

/*
 * Of the first `size` bytes of the journal `path`, whole lines, that the writer has open as `fd`. NULL with errno set.
 * To be freed with journal_compaction_end().
 */
struct journal_compaction *journal_compaction_begin(const char *path, int fd, uint64_t size);

/*
 * Works for some `milliseconds` (a sync may take longer). COMPACTION_FAILED with errno set: EBADMSG where a line cannot
 * be read.
 */
enum compaction_step journal_compaction_step(struct journal_compaction *compaction, unsigned int milliseconds);

/* Bytes of the lines that count, once a step has returned anything but COMPACTION_GOES_ON. */
uint64_t journal_compaction_live(const struct journal_compaction *compaction);

/*
 * What stands in the journal behind the first `size` bytes, up to `upto`, goes behind the lines that were kept; then the
 * new file is synced, locked like the old one, and takes its name. The folder is not synced: until it is, a power cut may
 * bring the old file back. Returns the new descriptor, for append, and its `bytes`; -1 with errno set, and the journal is
 * what it was.
 */
int journal_compaction_finish(struct journal_compaction *compaction, uint64_t upto, uint64_t *bytes);

/* At any time; a new file that has not taken the journal's name is removed. NULL is allowed. */
void journal_compaction_end(struct journal_compaction *compaction);

#endif
